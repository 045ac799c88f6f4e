"""What a page shows, as data: the contract between the screens' functions and the templates.

Functions in this package build these; templates only draw them. Texts are plain and already in the reader's language;
templates escape them. URLs are paths of this host.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from markupsafe import Markup

from app.screens.hashed import hashed_once


class Link(NamedTuple):
    """A labelled address; `icon` is the name of a Tabler icon without its prefix."""

    label: str
    url: str
    icon: str = ""
    active: bool = False
    danger: bool = False
    post: bool = False


@dataclass(frozen=True)
class MenuGroup:
    """A menu heading with its records; a group without a label shows its links at the top level."""

    label: str
    icon: str
    links: tuple[Link, ...]

    @property
    def open(self) -> bool:
        return any(link.active for link in self.links)


@dataclass(frozen=True)
class Bell:
    """Jobs at the top of every page: the ids of those that go on, how many have ended unseen, and news to tell at once.

    `poll_url` is where to ask again, empty if nothing goes on.
    """

    ended: int = 0
    going_on: int = 0
    poll_url: str = ""
    news: tuple[tuple[str, str, str], ...] = ()


@hashed_once
@dataclass(frozen=True)
class Shell:
    """What stands around every signed-in page."""

    menu: tuple[MenuGroup, ...]
    person: str
    initial: str
    affiliation: str
    account_links: tuple[Link, ...]
    ceiling: str
    bell: Bell


class Cell(NamedTuple):
    """One value, ready to draw. `kind`: text, badge, ref, flag, number, date, files, prose, masked, empty.

    Of a masked one `url` is where it is revealed (empty if the reader may not), `hint` says whose and what it is.
    `marks` are the places (start, end) of the text that a search found.
    """

    text: str
    kind: str = "text"
    url: str = ""
    tone: str = ""
    links: tuple[Link, ...] = ()
    hint: str = ""
    marks: tuple[tuple[int, int], ...] = ()


@hashed_once
@dataclass(frozen=True)
class Column:
    """A column's head. `part` is its place on a phone's card: main, state, line or more (hidden)."""

    name: str
    label: str
    numeric: bool = False
    sort_url: str = ""
    sorted: str = ""
    part: str = "line"


class Row(NamedTuple):
    """One line of a list; the actions are empty when the person may not take them."""

    pk: int
    label: str
    url: str
    cells: tuple[Cell, ...]
    edit_url: str = ""


@dataclass(frozen=True)
class Chip:
    """A filter in force, and the address of the list without it."""

    text: str
    field: str
    remove_url: str


@dataclass(frozen=True)
class ViewTab:
    """A saved view as a tab above the list; `delete_url` is there for one's own."""

    label: str
    url: str
    active: bool
    shared: bool = False
    delete_url: str = ""


@dataclass(frozen=True)
class Pager:
    """Keyset paging: an empty address is a disabled control."""

    first: str
    previous: str
    next: str
    last: str
    size: int
    sizes: tuple[int, ...]
    order_text: str


@dataclass(frozen=True)
class Count:
    """`text` as in the mock ("10,000+"); `exact_url` asks for the exact figure and is empty when it is exact."""

    text: str
    exact: bool
    exact_url: str = ""


class Option(NamedTuple):
    """One choice of a control."""

    value: str
    label: str
    selected: bool = False
    tone: str = ""
    hint: str = ""


class Control(NamedTuple):
    """One field of a form, or one filter.

    `control`: text, textarea, number, date, datetime, select, checkbox, ref, refs, files, secret, static; in filters
    also range (two inputs, `name` + "__gte" and `name` + "__lte", `input` tells their type), choices (a checkbox
    each), flag (any / yes / no). `width` counts columns of a 12-column grid.
    """

    name: str
    label: str
    control: str
    value: str = ""
    upper: str = ""
    input: str = "text"
    options: tuple[Option, ...] = ()
    required: bool = False
    help: str = ""
    error: str = ""
    width: int = 6
    suffix: str = ""
    maxlength: int = 0
    inputmode: str = ""
    placeholder: str = ""
    search_url: str = ""
    create_url: str = ""
    accept: str = ""
    limit_text: str = ""

    @property
    def id(self) -> str:
        return f"f-{self.name}"


@dataclass(frozen=True)
class FormSection:
    """A titled group of controls with one line of purpose."""

    title: str
    purpose: str
    controls: tuple[Control, ...]


@dataclass(frozen=True)
class Fact:
    """A labelled value of a show page; a wide one takes the full width."""

    name: str
    label: str
    cell: Cell
    wide: bool = False


@dataclass(frozen=True)
class FactSection:
    """A titled group of facts."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class RelatedTab:
    """Rows that refer to this one: a tab that loads its own list from `url`; `count` as shown ("12", "100+")."""

    name: str
    label: str
    count: str
    url: str
    active: bool = False


@dataclass(frozen=True)
class Source:
    """The sentence of a document that a row comes from; `before`, `marked`, `after` make it whole."""

    before: str
    marked: str
    after: str
    where: str


@dataclass(frozen=True)
class Page:
    """What every page of a record has: where one is, what it is called, what one may do."""

    title: str
    crumbs: tuple[Link, ...]
    record: str = ""
    record_label: str = ""
    icon: str = ""


@dataclass(frozen=True)
class TableFrame:
    """What stands around the rows of a list, the same on most of its pages; `turns` says whether there are others."""

    columns: tuple[Column, ...]
    selectable: bool
    filled: bool
    editable: bool
    turns: bool
    size: int
    sizes: tuple[int, ...]
    order_text: str
    exact_url: str


@dataclass(frozen=True)
class Table:
    """A list's body, its lines drawn: shared by the list page and the related tabs."""

    columns: tuple[Column, ...]
    lines: bytes
    editable: bool
    pager: Pager
    count: Count
    selectable: bool = False

    @property
    def html(self) -> Markup:
        """The lines as a template takes them."""
        return Markup(self.lines.decode())  # noqa: S704  # drawn by `draw_lines`

    @property
    def frame(self) -> TableFrame:
        pager = self.pager
        return TableFrame(
            self.columns,
            self.selectable,
            filled=bool(self.lines),
            editable=self.editable,
            turns=bool(pager.previous or pager.next),
            size=pager.size,
            sizes=pager.sizes,
            order_text=pager.order_text,
            exact_url=self.count.exact_url,
        )


@hashed_once
@dataclass(frozen=True)
class ListPage:
    """The list of a record."""

    page: Page
    views: tuple[ViewTab, ...]
    chips: tuple[Chip, ...]
    filters: tuple[Control, ...]
    query: str
    searchable: str
    all_columns: tuple[Option, ...]
    hidden_params: tuple[tuple[str, str], ...]
    clear_url: str
    new_url: str
    save_view_url: str
    bulk_url: str
    may_edit: bool
    may_delete: bool
    may_share_view: bool
    filtered: bool
    query_string: str
    more: tuple[Link, ...] = ()
    empty_text: str = ""


@dataclass(frozen=True)
class Problem:
    """A line of the form's summary of errors; `anchor` is the control's id, or empty for the whole form."""

    anchor: str
    label: str
    text: str


@dataclass(frozen=True)
class Clash:
    """A field that two people changed: as one opened it, as it stands (`stamp`: by whom, when), as one typed it.

    `choice` is the name of the control that sends "theirs" or "mine"; `theirs` tells which stands chosen.
    """

    name: str
    label: str
    choice: str
    before: Cell
    now: Cell
    mine: Cell
    stamp: str
    theirs: bool = False


@dataclass(frozen=True)
class Conflict:
    """Somebody saved the row first: what is to be chosen, and a line for each person of what was taken over."""

    clashes: tuple[Clash, ...]
    taken: tuple[str, ...]


@dataclass(frozen=True)
class FormPage:
    """The form for a new or an existing row, or for one created in place (`inline`)."""

    page: Page
    sections: tuple[FormSection, ...]
    action: str
    cancel_url: str
    hidden: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...] = ()
    new: bool = True
    again: bool = True
    inline: bool = False
    multipart: bool = False
    notice: str = ""
    conflict: Conflict | None = None
    source: Source | None = None
    changed: str = ""


@dataclass(frozen=True)
class ShowPage:
    """One row: its facts, its source, and the rows that refer to it."""

    page: Page
    badges: tuple[Cell, ...]
    sections: tuple[FactSection, ...]
    tabs: tuple[RelatedTab, ...]
    edit_url: str
    actions: tuple[Link, ...]
    previous_url: str
    next_url: str
    list_url: str
    source: Source | None
    changed: str
    created: str
    print_url: str
    printing: bool = False
    delete_url: str = ""
    trash: bool = False


@dataclass(frozen=True)
class BulkPage:
    """What a bulk action would do, before it does it."""

    page: Page
    matched: str
    allowed: int
    refused: int
    samples: tuple[str, ...]
    action: str
    cancel_url: str
    hidden: tuple[tuple[str, str], ...]
    verb: str
    fields: tuple[Option, ...] = ()
    control: Control | None = None
    problem: str = ""
    value_text: str = ""
    trash: bool = False


@dataclass(frozen=True)
class PaletteGroup:
    """A heading of the command palette with what was found under it."""

    label: str
    items: tuple[PaletteItem, ...]


@dataclass(frozen=True)
class PaletteItem:
    """One line of the command palette: `before`, `marked` and `after` make the label."""

    before: str
    marked: str
    after: str
    url: str
    icon: str
    hint: str = ""


@dataclass(frozen=True)
class ErrorPage:
    """An error in words: what happened, what is allowed, where to go."""

    status: int
    title: str
    text: str
    allowed: tuple[str, ...] = ()
    links: tuple[Link, ...] = field(default=())
