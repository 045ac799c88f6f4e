"""How a record presents itself: title, menu, sections, order, rules, charts, views and workflow; all data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Mapped

from app.declare.access import Grant, Roles
from app.declare.choices import Choices, Words


@dataclass(frozen=True)
class Menu:
    """A heading of the main menu; a lower `place` stands higher.

    Its records are `business`, out of reach of roles that are kept apart, unless it says that they are not.
    """

    label: Words
    icon: str = "folder"
    place: int = 50
    business: bool = True


@dataclass(frozen=True, init=False)
class Section:
    """A titled group of fields on form and page; `purpose` is one line below the title."""

    title: Words
    fields: tuple[Mapped[Any], ...]
    purpose: Words

    def __init__(self, title: Words, *fields: Mapped[Any], purpose: Words = "") -> None:
        object.__setattr__(self, "title", title)
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "purpose", purpose)


@dataclass(frozen=True)
class Order:
    """The order of a list before anybody chooses another."""

    by: Mapped[Any]
    descending: bool = False


@dataclass(frozen=True)
class NotAfter:
    """`first` must not lie after `second` (dates, numbers); the message stands at `second`."""

    first: Mapped[Any]
    second: Mapped[Any]


@dataclass(frozen=True)
class NotFuture:
    """The date must not lie after today."""

    field: Mapped[Any]


@dataclass(frozen=True)
class SecrecyTerm:
    """Years of secrecy: at most 10, 20, 30 for secret, confidential, top secret (保守国家秘密法, art. 20)."""

    level: Mapped[Any]
    years: Mapped[Any]


@dataclass(frozen=True)
class Between:
    """The number must lie from `lowest` to `highest`: plain numbers, or other fields of the row; None is no bound."""

    field: Mapped[Any]
    lowest: Mapped[Any] | int | None = 0
    highest: Mapped[Any] | int | None = None


Rule = NotAfter | NotFuture | SecrecyTerm | Between


@dataclass(frozen=True, init=False)
class Unique:
    """These fields together name one row: no two rows may have the same values in all of them."""

    fields: tuple[Mapped[Any], ...]

    def __init__(self, *fields: Mapped[Any]) -> None:
        object.__setattr__(self, "fields", fields)


@dataclass(frozen=True)
class Chart:
    """A figure over the rows a person may see, grouped `by` a field, optionally the sum `of` another."""

    title: Words
    by: Mapped[Any]
    of: Mapped[Any] | None = None


@dataclass(frozen=True)
class Timeline:
    """Rows as bars or diamonds along a time axis, in lanes `by` a reference."""

    start: Mapped[Any]
    end: Mapped[Any] | None = None
    by: Mapped[Any] | None = None


@dataclass(frozen=True)
class Calendar:
    """Rows on the days of a month."""

    on: Mapped[Any]


@dataclass(frozen=True)
class Step:
    """A step of a workflow: who may take a row `before` to `after`; `reason` asks for words."""

    label: Words
    before: Choices
    after: Choices
    by: Roles | tuple[Roles, ...]
    reason: bool = False


@dataclass(frozen=True, init=False)
class Workflow:
    """The steps a row's state may take."""

    state: Mapped[Any]
    steps: tuple[Step, ...]

    def __init__(self, state: Mapped[Any], *steps: Step) -> None:
        object.__setattr__(self, "state", state)
        object.__setattr__(self, "steps", steps)


@dataclass(frozen=True, kw_only=True)
class Screen:
    """Everything a record's pages need beyond its fields; all but title and menu is derived when absent.

    `singular` is the name of one row ("New milestone"), the title if absent; `about` one sentence for its users;
    `export=False` keeps the list from being fetched as a workbook. With `trash`, deleted rows can be restored, until
    somebody deletes them for good.
    """

    title: Words
    menu: Menu
    icon: str = "table"
    singular: Words = ""
    about: Words = ""
    form: tuple[Section, ...] = ()
    order: Order | None = None
    rules: tuple[Rule, ...] = ()
    charts: tuple[Chart, ...] = ()
    views: tuple[Timeline | Calendar, ...] = ()
    workflow: Workflow | None = None
    trash: bool = False
    grants: tuple[Grant, ...] = ()
    export: bool = True
