"""How what the directory says of a person becomes roles, unit and clearance here."""

from app.declare import (
    EVERYWHERE,
    FILTER,
    LABEL,
    LIST,
    SEARCH,
    WRITE,
    Basis,
    Classification,
    DirectoryRule,
    Grant,
    Line,
    Mapped,
    Order,
    Screen,
    Section,
    Unique,
    _l,
    field,
    ref,
)
from app.declare import Role as StoredRole
from models.menus import ADMINISTRATION
from models.organisation import Unit
from models.roles import Role, readers


class Mapping(DirectoryRule):
    """A rule of the mapping."""

    __tablename__ = "directory_rule"

    basis: Mapped[Basis] = field(_l("Looks at"), LIST, FILTER, LABEL, default=Basis.GROUP)
    value: Mapped[Line] = field(
        _l("What the directory says"), LIST, SEARCH, LABEL,
        help=_l("The name of a group, or its whole distinguished name; the text of the unit or the clearance"),
    )  # fmt: skip
    role: Mapped[StoredRole | None] = ref(StoredRole, _l("Gives the role"), LIST, FILTER)
    unit: Mapped[Unit | None] = ref(
        Unit, _l("Gives the unit"), LIST, FILTER,
        help=_l("Needed only where the directory writes the unit otherwise than its code or name here"),
    )  # fmt: skip
    clearance: Mapped[Classification | None] = field(_l("Gives the clearance"), LIST, FILTER)

    unique = Unique(basis, value, role)

    screen = Screen(
        title=_l("Directory mapping"), singular=_l("Rule"), menu=ADMINISTRATION, icon="sitemap",
        about=_l("What people who sign in with the directory may do here: by their groups, unit and clearance there."),
        form=(
            Section(_l("Condition"), basis, value, purpose=_l("What the directory has to say of a person")),
            Section(_l("Consequence"), role, unit, clearance, purpose=_l("What the person gets here")),
        ),
        order=Order(value),
        grants=(*readers(EVERYWHERE, Role.AUDITOR), Grant(Role.SECADMIN, WRITE, EVERYWHERE)),
    )  # fmt: skip
