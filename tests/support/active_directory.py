"""Active Directory's way of writing people down, as far as slapd can keep it."""

from collections.abc import Iterator
from typing import Final

from tests.support.city_directory import GROUPS, PEOPLE, base, entry
from tests.support.slapd import PASSWORD, SUFFIX

# The attributes that the console reads, with the numbers and rules that Active Directory gives them; Debian's own file
# of these has no rules by which they could be searched.
MICROSOFT: Final = """
attributetype (1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15)
attributetype (1.2.840.113556.1.4.656 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15)
attributetype (1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40)
attributetype (1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27)
attributetype (1.2.840.113556.1.4.159 NAME 'accountExpires' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27)
attributetype (1.2.840.113556.1.4.782 NAME 'objectCategory' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12)
attributetype (1.2.840.113556.1.2.102 NAME 'memberOf' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12)
objectclass (1.2.840.113556.1.5.9 NAME 'user' SUP organizationalPerson STRUCTURAL MAY (givenName $ mail $ displayName))
objectclass (1.2.840.113556.1.5.8 NAME 'group' SUP top STRUCTURAL MUST cn MAY member)
"""  # noqa: E501
FLAGS_AND_ENDS: Final = {
    "chenjie": ("512", "0"),
    "off": ("514", "0"),
    "late": ("512", "132539328000000000"),
    "always": ("512", "9223372036854775807"),
    "faraway": ("512", "9000000000000000000"),
}
"""User names, with the flags and the end of each: the last ends in a year that no calendar of Python has."""


def active_directory() -> Iterator[str]:
    """A domain of one unit, with three groups in a circle."""
    yield from base()
    yield entry(f"ou=公安局,{PEOPLE}", objectClass="organizationalUnit", ou="公安局")
    for name, (flags, ends) in FLAGS_AND_ENDS.items():
        yield entry(
            f"cn={name},ou=公安局,{PEOPLE}", objectClass=["user", "extensibleObject"], cn=name, sn="陈", givenName="洁",
            sAMAccountName=name, userAccountControl=flags, accountExpires=ends, objectGUID=f"guid of {name}",
            userPrincipalName=f"{name}@caihong.lyg", userPassword=PASSWORD, memberOf=f"cn=inner,{GROUPS}",
            mail=f"{name}@caihong.lyg", objectCategory=f"cn=Person,{SUFFIX}",
        )  # fmt: skip
    for name, above in (("inner", "middle"), ("middle", "outer"), ("outer", "inner")):
        yield entry(
            f"cn={name},{GROUPS}", objectClass=["group", "extensibleObject"], cn=name,
            memberOf=f"cn={above},{GROUPS}", member=f"cn=chenjie,ou=公安局,{PEOPLE}"
        )  # fmt: skip
