"""The audit trail, given the same screens as any record; nobody may add, change or delete a line.

The auditor reads all of it; the other two administrators read what the three of them did as such.
"""

from app.declare import (
    EVERYWHERE,
    FILTER,
    LABEL,
    LIST,
    READ,
    READONLY,
    SEARCH,
    Event,
    Grant,
    Only,
    Order,
    Screen,
    Section,
    _l,
    adopt,
    field,
)
from models.menus import ADMINISTRATION
from models.roles import Role, each

at = field(_l("When"), LIST, FILTER, READONLY, LABEL)
actor = field(_l("Who"), LIST, SEARCH, READONLY, LABEL)
deed = field(_l("What"), LIST, FILTER, READONLY)
record = field(_l("Record"), LIST, FILTER, READONLY)
row_id = field(_l("Row number"), FILTER, READONLY)
label = field(_l("Row"), LIST, SEARCH, READONLY)
fields = field(_l("Fields"), LIST, READONLY)
door = field(_l("Door"), LIST, FILTER, READONLY)
address = field(_l("Address"), SEARCH, READONLY)
note = field(_l("Note"), LIST, SEARCH, READONLY)
office = field(
    _l("By an administrator"), FILTER, READONLY,
    help=_l("Done as system administrator, security administrator or auditor: the three see this of one another"),
)  # fmt: skip

adopt(
    Event,
    name="audit",
    fields={
        "at": at, "actor": actor, "deed": deed, "record": record, "row_id": row_id, "label": label, "fields": fields,
        "door": door, "address": address, "note": note,
        "office": office,
    },
    screen=Screen(
        title=_l("Audit trail"), singular=_l("Line"), menu=ADMINISTRATION, icon="history",
        about=_l("Who did what, when, through which door. Lines can be neither changed nor removed."),
        form=(Section(_l("Line"), at, actor, deed, record, row_id, label, fields, door, address, note, office,
                purpose=_l("What was done, by whom and to what")),),
        order=Order(at, descending=True),
        grants=(
            Grant(Role.AUDITOR, READ, EVERYWHERE),
            *each(READ, Only(office, True), Role.SYSADMIN, Role.SECADMIN),
        ),
    ),
)  # fmt: skip
