"""Accounts, roles and groups of the identity library, given the same screens as any record."""

from app.declare import (
    EDIT,
    EVERYWHERE,
    FILTER,
    KEY,
    LABEL,
    LIST,
    READ,
    READONLY,
    SEARCH,
    WRITE,
    Account,
    Classification,
    Grant,
    Group,
    Order,
    Screen,
    Section,
    _l,
    adopt,
    field,
    ref,
    refs,
)
from app.declare import Role as StoredRole
from app.declare.types import CodeText, MailAddressText, Moment, SecretText
from models.menus import ADMINISTRATION
from models.organisation import Unit
from models.roles import Role, readers

username = field(_l("User name"), KEY, LIST, SEARCH, LABEL, stands_for=CodeText)
first_name = field(_l("Given name"), SEARCH)
last_name = field(_l("Family name"), LIST, SEARCH)
email = field(_l("Mail address"), LIST, SEARCH, stands_for=MailAddressText)
active = field(_l("Active"), LIST, FILTER, default=True, help=_l("Whoever is not active cannot sign in"))
unit = ref(Unit, _l("Unit"), LIST, FILTER, help=_l("Grants within one's own unit reach the rows of this one"))
password = field(_l("Password"), help=_l("Leave empty to keep the present one"), stands_for=SecretText)
clearance = field(
    _l("Clearance"), LIST, FILTER, default=Classification.INTERNAL,
    help=_l("Rows above it do not exist for this person"),
)  # fmt: skip
roles = refs(StoredRole, _l("Roles"), LIST)
groups = refs(Group, _l("Groups"))
last_login = field(_l("Last signed in"), LIST, READONLY, stands_for=Moment)
login_count = field(_l("Times signed in"), READONLY)

adopt(
    Account,
    name="account",
    fields={
        "username": username,
        "last_name": last_name,
        "first_name": first_name,
        "email": email,
        "active": active,
        "unit": unit,
        "password": password,
        "clearance": clearance,
        "roles": roles,
        "groups": groups,
        "last_login": last_login,
        "login_count": login_count,
    },
    screen=Screen(
        title=_l("Accounts"), singular=_l("Account"), menu=ADMINISTRATION, icon="user-cog",
        about=_l("Who may sign in. What they may do there is the security administrator's to say."),
        form=(
            Section(
                _l("Person"), username, last_name, first_name, email, unit,
                purpose=_l("Who signs in; kept by the system administrator"),
            ),
            Section(_l("Signing in"), active, password, purpose=_l("Whether and how this person signs in")),
            Section(
                _l("Security"), roles, groups, clearance,
                purpose=_l("What this person may do and see; kept by the security administrator"),
            ),
        ),
        order=Order(username),
        grants=(
            *readers(EVERYWHERE, Role.AUDITOR),
            Grant(
                Role.SYSADMIN, WRITE, EVERYWHERE,
                fields=(username, last_name, first_name, email, active, unit, password),
            ),
            Grant(Role.SECADMIN, READ | EDIT, EVERYWHERE, fields=(roles, groups, clearance)),
        ),
    ),
)  # fmt: skip

role_name = field(
    _l("Name"), KEY, LIST, SEARCH, LABEL, names={role.value: role.label for role in Role},
    help=_l("What a role may do is declared with the records"),
)  # fmt: skip
role_second_factor = field(
    _l("Second factor required"), LIST, FILTER, default=False,
    help=_l("Whoever holds the role sets one up at the next sign-in, before any page opens"),
)  # fmt: skip

adopt(
    StoredRole,
    name="role",
    fields={"name": role_name, "second_factor": role_second_factor},
    screen=Screen(
        title=_l("Roles"), singular=_l("Role"), menu=ADMINISTRATION, icon="id-badge",
        about=_l("The roles that accounts and groups are given."),
        order=Order(role_name),
        grants=(*readers(EVERYWHERE, Role.AUDITOR), Grant(Role.SECADMIN, WRITE, EVERYWHERE)),
    ),
)  # fmt: skip

group_name = field(_l("Name"), KEY, LIST, SEARCH)
group_label = field(_l("Label"), LIST, SEARCH, LABEL)
group_description = field(_l("Description"), LIST)
group_roles = refs(StoredRole, _l("Roles"), LIST, help=_l("Every member has these roles"))
group_users = refs(Account, _l("Members"))

adopt(
    Group,
    name="group",
    fields={
        "name": group_name,
        "label": group_label,
        "description": group_description,
        "roles": group_roles,
        "users": group_users,
    },
    screen=Screen(
        title=_l("Groups"), singular=_l("Group"), menu=ADMINISTRATION, icon="users-group",
        about=_l("People who are given roles together."),
        order=Order(group_name),
        grants=(*readers(EVERYWHERE, Role.AUDITOR), Grant(Role.SECADMIN, WRITE, EVERYWHERE)),
    ),
)  # fmt: skip
