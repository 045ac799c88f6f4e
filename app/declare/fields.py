"""The words a record's lines are written with: field, ref, owner, part_of, refs, and the markers beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, cast

from sqlalchemy.orm import Mapped

from app.declare.choices import Words


class Use(Enum):
    """What a field is used for beyond being stored."""

    KEY = auto()
    LIST = auto()
    SEARCH = auto()
    FILTER = auto()
    LABEL = auto()
    FIXED = auto()
    READONLY = auto()
    MASKED = auto()


KEY = Use.KEY
"""Unique, and what an Excel row is matched by; not to be changed once saved."""
LIST = Use.LIST
"""A column of the list unless the reader chooses others."""
SEARCH = Use.SEARCH
"""Found by the quick search."""
FILTER = Use.FILTER
"""Offered as a filter, and indexed."""
LABEL = Use.LABEL
"""Part of the row's name where it is referred to; the title or the key if no field is marked."""
FIXED = Use.FIXED
"""Set when the row is made, not changed afterwards."""
READONLY = Use.READONLY
"""Shown, never typed: derived, or set by the console itself."""
MASKED = Use.MASKED
"""Shown with its middle hidden to those without a grant to unmask."""


class Relation(Enum):
    """How a reference binds: a plain one, the unit that owns the row, the whole it is part of, or many."""

    REF = auto()
    OWNER = auto()
    PART = auto()
    MANY = auto()


@dataclass(frozen=True, init=False)
class Derived:
    """A value computed from another field of the row whenever it is saved."""

    source: Mapped[Any]
    compute: Callable[[Any], Any]

    def __init__(self, source: Mapped[Any], compute: Callable[[Any], Any]) -> None:
        object.__setattr__(self, "source", source)
        object.__setattr__(self, "compute", compute)


@dataclass(eq=False)
class FieldSpec:
    """One line of a declaration; `name` is set by the class it stands in.

    `names` gives the values of a text field their labels (an area code its area); `target` is the referred record.
    """

    label: Words
    uses: frozenset[Use]
    help: Words = ""
    default: Any = None
    width: int = 0
    unit: Words = ""
    names: Mapping[str, str] | None = None
    derived: Derived | None = None
    aliases: tuple[str, ...] = ()
    relation: Relation | None = None
    target: Any = None
    stands_for: type[Any] | None = None
    name: str = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name


def field(
    label: Words,
    *uses: Use,
    default: Any = None,
    help: Words = "",  # noqa: A002  # the word its readers know
    width: int = 0,
    unit: Words = "",
    names: Mapping[str, str] | None = None,
    derived: Derived | None = None,
    aliases: tuple[str, ...] = (),
    stands_for: type[Any] | None = None,
) -> Mapped[Any]:
    """A value of the row; the annotation gives its type, and whether it may be empty.

    `width` counts columns of the form's 12-column grid (derived from the type if 0); `unit` stands behind the number
    ("%", "hours"); `aliases` are further names of the column in workbooks; `stands_for` is the column type whose
    behaviour an adopted table's plain column takes on.
    """
    spec = FieldSpec(
        label=label, uses=frozenset(uses), help=help, default=default, width=width, unit=unit, names=names,
        derived=derived, aliases=aliases, stands_for=stands_for,
    )  # fmt: skip
    return cast("Mapped[Any]", spec)


def _relation(relation: Relation, target: Any, label: Words, uses: tuple[Use, ...], words: Words) -> Mapped[Any]:
    spec = FieldSpec(label=label, uses=frozenset(uses), help=words, relation=relation, target=target)
    return cast("Mapped[Any]", spec)


def ref(target: type[Any] | Any, label: Words, *uses: Use, help: Words = "") -> Mapped[Any]:  # noqa: A002
    """A reference to a row of `target`; `typing.Self` refers to the record itself."""
    return _relation(Relation.REF, target, label, uses, help)


def owner(target: type[Any], label: Words, *uses: Use, help: Words = "") -> Mapped[Any]:  # noqa: A002
    """The unit that owns the row, and by which grants within one's own unit reach it."""
    return _relation(Relation.OWNER, target, label, uses, help)


def part_of(target: type[Any], label: Words, *uses: Use, help: Words = "") -> Mapped[Any]:  # noqa: A002
    """The row this one is a part of: it belongs to whoever owns that row."""
    return _relation(Relation.PART, target, label, uses, help)


def refs(target: type[Any], label: Words, *uses: Use, help: Words = "") -> Mapped[Any]:  # noqa: A002
    """References to any number of rows of `target`, kept in a table of their own."""
    return _relation(Relation.MANY, target, label, uses, help)


def name_of(member: Any) -> str:
    """The name of a field, given the object it is declared by or the attribute of the mapped class."""
    if isinstance(member, str):
        return member
    if isinstance(member, FieldSpec):
        return member.name
    return str(member.key)
