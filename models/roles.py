"""Who works with the console: the nine roles, and those of them that read business rows."""

from app.declare import READ, Apart, Grant, Oversight, Roles, Upkeep, Verb, _l
from app.declare.access import Scope


class Role(Roles):
    """A role of a person; its value is the role's name in the store."""

    COORDINATION = "coordination", _l("Coordination group"), Oversight.SEEN
    UNIT_EDITOR = "unit_editor", _l("Unit editor")
    TRAINER = "trainer", _l("Training officer")
    LEADER = "leader", _l("Leader")
    REGISTRAR = "registrar", _l("Registrar")
    VIEWER = "viewer", _l("Staff member")
    SYSADMIN = "sysadmin", _l("System administrator"), Upkeep.CONSOLE, Apart.KEPT
    SECADMIN = "secadmin", _l("Security administrator"), Oversight.ALL, Apart.KEPT
    AUDITOR = "auditor", _l("Auditor"), Apart.KEPT


EVERYONE = (Role.COORDINATION, Role.UNIT_EDITOR, Role.TRAINER, Role.LEADER, Role.REGISTRAR, Role.VIEWER)
"""The six roles that do business; the three administrators are kept apart from its rows."""


def each(verbs: Verb, within: Scope, *roles: Role) -> tuple[Grant, ...]:
    """Grant the same to each of these roles."""
    return tuple(Grant(role, verbs, within) for role in roles)


def readers(within: Scope, *roles: Role) -> tuple[Grant, ...]:
    """Let each of these roles read the rows within the scope."""
    return each(READ, within, *roles)
