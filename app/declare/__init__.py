"""The words that records are declared with; the only module that `models` imports."""

from typing import Self

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Mapped

from app.declare.access import (
    ADD,
    DELETE,
    EDIT,
    EVERYWHERE,
    OWN_TREE,
    OWN_UNIT,
    READ,
    UNMASK,
    WRITE,
    Apart,
    Grant,
    Mine,
    Only,
    Oversight,
    Roles,
    Upkeep,
    Verb,
)
from app.declare.checks import DeclarationError, Problem
from app.declare.choices import Choices, Classification, Tone, Words
from app.declare.directory import Basis, DirectoryRule
from app.declare.event import Deed, Door, Event
from app.declare.fields import (
    FILTER,
    FIXED,
    KEY,
    LABEL,
    LIST,
    MASKED,
    READONLY,
    SEARCH,
    Derived,
    field,
    owner,
    part_of,
    ref,
    refs,
)
from app.declare.identifiers import birth_date, is_female
from app.declare.record import Account, Group, Record, Role, adopt
from app.declare.screen import (
    Between,
    Calendar,
    Chart,
    Menu,
    NotAfter,
    NotFuture,
    Order,
    Screen,
    SecrecyTerm,
    Section,
    Step,
    Timeline,
    Unique,
    Workflow,
)
from app.declare.types import (
    AreaCode,
    Attachment,
    CitizenId,
    Code,
    CreditCode,
    Degrees,
    Line,
    MailAddress,
    Money,
    OrgCode,
    Percent,
    Phone,
    Prose,
    Quantity,
    Secret,
    Source,
    Title,
    Year,
)

__all__ = [
    "ADD", "Account", "Apart", "AreaCode", "Attachment", "Basis", "Between", "Calendar", "Chart", "Choices",
    "CitizenId", "Classification", "Code", "CreditCode", "DELETE", "DeclarationError", "Deed", "Degrees", "Derived",
    "DirectoryRule", "Door", "EDIT", "EVERYWHERE", "Event", "FILTER", "FIXED", "Grant", "Group", "KEY", "LABEL", "LIST",
    "Line", "MASKED", "MailAddress", "Mapped", "Menu", "Mine", "Money", "NotAfter", "NotFuture", "OWN_TREE", "OWN_UNIT",
    "Only", "Order", "OrgCode", "Oversight", "Percent", "Phone", "Problem", "Prose", "Quantity", "READ", "READONLY",
    "Record", "Role", "Roles", "SEARCH", "Screen", "SecrecyTerm", "Secret", "Section", "Self", "Source", "Step",
    "Timeline", "Title", "Tone", "UNMASK", "Unique", "Upkeep", "Verb", "WRITE", "Words", "Workflow", "Year", "_l",
    "adopt", "birth_date", "field", "is_female", "owner", "part_of", "ref", "refs",
]  # fmt: skip
