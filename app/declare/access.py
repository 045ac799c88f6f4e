"""Who may do what to which rows: roles, verbs, scopes and grants, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, Flag, auto
from typing import Any, Self

from sqlalchemy.orm import Mapped

from app.declare.choices import Choices, Words


class Verb(Flag):
    """What a grant lets a person do to a row."""

    READ = auto()
    ADD = auto()
    EDIT = auto()
    DELETE = auto()
    UNMASK = auto()


READ = Verb.READ
ADD = Verb.ADD
EDIT = Verb.EDIT
DELETE = Verb.DELETE
UNMASK = Verb.UNMASK
WRITE = READ | ADD | EDIT | DELETE


class Oversight(Enum):
    """Whether a role may ask who can see what: not at all, of what it sees itself, or of any row by its number alone.

    It lets nobody read a row: of one the person could not open, the answer tells its owner and its level only.
    """

    NONE = auto()
    SEEN = auto()
    ALL = auto()


class Upkeep(Enum):
    """Whether a role keeps the console running, and so sees what it is busy with, though no row and no result."""

    NONE = auto()
    CONSOLE = auto()


class Apart(Enum):
    """Whether a role is kept apart: of those that are, nobody holds two, and none reaches a record of business."""

    NONE = auto()
    KEPT = auto()


class Roles(Enum):
    """The roles of a deployment: `AUDITOR = "auditor", _l("Auditor")`; the first is the role's name in the store.

    Further words: `Oversight.SEEN` lets the role ask who can see what, `Upkeep.CONSOLE` lets it see everybody's jobs,
    `Apart.KEPT` keeps it apart from the others that are.
    """

    label: Words
    oversight: Oversight
    upkeep: Upkeep
    apart: bool

    def __new__(cls, value: str, label: Words, *words: Oversight | Upkeep | Apart) -> Self:
        member = object.__new__(cls)
        member._value_ = value
        member.label = label
        member.oversight = next((word for word in words if isinstance(word, Oversight)), Oversight.NONE)
        member.upkeep = next((word for word in words if isinstance(word, Upkeep)), Upkeep.NONE)
        member.apart = Apart.KEPT in words
        return member


@dataclass(frozen=True)
class Everywhere:
    """Every row."""


@dataclass(frozen=True)
class OwnUnit:
    """Rows that the person's own unit owns."""


@dataclass(frozen=True)
class OwnTree:
    """Rows of the person's unit and of the units below it."""


@dataclass(frozen=True, init=False)
class Mine:
    """Rows in which one of the named references means the person: their account, or a row that names it."""

    fields: tuple[Mapped[Any], ...]

    def __init__(self, *fields: Mapped[Any]) -> None:
        object.__setattr__(self, "fields", fields)


@dataclass(frozen=True, init=False)
class Only:
    """Rows whose choice is one of those named: what is published, what is shared."""

    field: Mapped[Any]
    values: tuple[Choices | bool, ...]

    def __init__(self, field: Mapped[Any], *values: Choices | bool) -> None:
        object.__setattr__(self, "field", field)
        object.__setattr__(self, "values", values)


EVERYWHERE = Everywhere()
OWN_UNIT = OwnUnit()
OWN_TREE = OwnTree()

Scope = Everywhere | OwnUnit | OwnTree | Mine | Only


@dataclass(frozen=True)
class Grant:
    """Lets a role do `verbs` to the rows `within` a scope; with `fields`, EDIT reaches those fields alone."""

    role: Roles
    verbs: Verb
    within: Scope
    fields: tuple[Mapped[Any], ...] = ()
