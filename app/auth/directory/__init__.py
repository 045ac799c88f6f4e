"""The directory (LDAP) whose accounts people sign in with: OpenLDAP or Active Directory."""
