"""What the pages of an import show, as data."""

from __future__ import annotations

from dataclasses import dataclass

from app.screens.pages import Cell, Link, Option, Page


@dataclass(frozen=True)
class Step:
    """One of the three steps of an import; `state` is done, active or open."""

    label: str
    text: str
    state: str


@dataclass(frozen=True)
class BatchLine:
    """An import in the list of one's own."""

    url: str
    file_name: str
    record: str
    state: str
    tone: str
    made: str
    rows: str


@dataclass(frozen=True)
class UploadPage:
    """Choosing a file, and what one has imported before; `error` stands at the file."""

    page: Page
    steps: tuple[Step, ...]
    action: str
    template_url: str
    most: int
    error: str
    lines: tuple[BatchLine, ...]


@dataclass(frozen=True)
class MatchColumn:
    """A column of the sheet and the field it is."""

    place: int
    letters: str
    text: str
    samples: tuple[str, ...]
    how: str
    options: tuple[Option, ...]
    computed: bool


@dataclass(frozen=True)
class MatchPage:
    """Which sheet, which header, which columns: as they were recognised, to be corrected."""

    page: Page
    steps: tuple[Step, ...]
    action: str
    sheets: tuple[Option, ...]
    header_row: int
    columns: tuple[MatchColumn, ...]
    missing: tuple[str, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    modes: tuple[Option, ...]
    clear: bool
    returned: bool
    error: str
    earlier: tuple[str, ...]
    drop_url: str


@dataclass(frozen=True)
class Tile:
    """A count that filters the list below."""

    label: str
    count: str
    hint: str
    tone: str
    url: str
    active: bool


@dataclass(frozen=True)
class Value:
    """What a new row holds in a field."""

    label: str
    cell: Cell


@dataclass(frozen=True)
class PlannedCell:
    """A cell that would change, or what stands against a row: where it is, before and after, and the words.

    Of a new row `values` are what it holds.
    """

    line: str
    label: str
    url: str
    field: str
    place: str = ""
    before: Cell | None = None
    after: Cell | None = None
    message: str = ""
    odd: bool = False
    values: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Choice:
    """How the rows may go in, with the exact number that would."""

    value: str
    label: str
    hint: str
    count: int
    open: bool
    chosen: bool


@dataclass(frozen=True)
class Running:
    """A step that a worker is taking; `percent` is None while nobody knows how much there is."""

    title: str
    text: str
    percent: int | None
    note: str
    stop_url: str
    stop_label: str
    poll_url: str


@dataclass(frozen=True)
class PlanPage:
    """What the file comes to, what is done about it, and what came of that; `bare` rows have nothing but their name."""

    page: Page
    steps: tuple[Step, ...]
    subtitle: str
    tiles: tuple[Tile, ...]
    heading: str
    cells: tuple[PlannedCell, ...]
    more_url: str
    notices: tuple[str, ...]
    error: str
    bare: bool = False
    done_text: str = ""
    running: Running | None = None
    choices: tuple[Choice, ...] = ()
    apply_url: str = ""
    undo_url: str = ""
    undo_rest_url: str = ""
    rest_url: str = ""
    rest_label: str = ""
    again_url: str = ""
    undoable: str = ""
    actions: tuple[Link, ...] = ()


@dataclass(frozen=True)
class ImportsPage:
    """One's own imports."""

    page: Page
    lines: tuple[BatchLine, ...]
    older_url: str
