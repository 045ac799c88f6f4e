"""From a file to a plan: which sheet, which header, which columns, and then every row through the store's checks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.catalog import Catalog, Entry
from app.declare.choices import Words
from app.excel.amounts import PLAIN, measure_of
from app.excel.book import BadWorkbook, Book, Cell, column_letters, damaged
from app.excel.header import Header, continuing, find_header, given_header, named
from app.excel.match import Matching, check_record, match
from app.excel.read import open_book
from app.excel.values import converter
from app.kinds.value import MoneyKind
from app.store.import_tables import Mode
from app.store.imports.batches import ROW_ID, Layout, Upload, find, layout_of, line_of
from app.store.imports.columns import ToRaw
from app.store.imports.planning import plan
from app.store.imports.straight import store_straight
from app.store.save import Rules

PIECE = 2**20
MOST_LOOKED_AT = 20
"""Sheets that are looked at for the one with the rows."""
ENOUGH = 3
"""Fields that a header names from which no other sheet is looked at."""
Report = Callable[[int, int | None], None]
"""Told how many rows of about how many are done; may raise to stop."""


@dataclass(frozen=True)
class Reading:
    """How a sheet would be read before anybody corrected it: its place in the file, its header, and its columns.

    `more` are the names of the sheets that go on where it ends, and are read with it.
    """

    sheet: str
    place: int
    header: Header
    matching: Matching
    more: tuple[str, ...] = ()

    def layout(self, mode: Mode = Mode.BOTH, clear: bool = False) -> Layout:
        """The layout to plan by; columns of derived fields are read to be compared."""
        mapping = {**self.matching.mapping, **self.matching.computed}
        return Layout(self.sheet, self.place, self.header.row, mapping, mode, clear)


def upload_of(path: Path, name: str, file_id: str | None = None) -> Upload:
    """What is kept of a file itself: its name, digest and size."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
            size += len(piece)
    return Upload(name, digest.hexdigest(), size, file_id)


def read_layout(
    book: Book, catalog: Catalog, entry: Entry, visible: Sequence[str], *, sheet: str = "", header_row: int = 0,
    remembered: Mapping[int, str] | None = None,
) -> Reading:  # fmt: skip
    """How the sheet of this name (the first that is not hidden, if "") is read; raises BadWorkbook in words.

    `header_row` and `remembered` are what the person said of it before; `visible` names the records they know of.
    """
    place = find_sheet(book, entry, sheet)
    header = given_header(book, place, header_row, entry) if header_row else find_header(book, place, entry)
    check_record(catalog, entry, header.texts, visible)
    more = tuple(book.sheets[one].name for one in continuing(book, place, header, entry))
    return Reading(book.sheets[place].name, place, header, match(entry, header.texts, remembered), more)


def remarks(reading: Reading, entry: Entry) -> list[Words]:
    """What a person should know of a reading: that amounts count thousands, that more sheets are read."""
    found: list[Words] = [
        _("Column %(column)s is in “%(currency)s”, and amounts are kept in yuan. Convert them in the file, or leave "
          "the column out.", column=column_letters(place), currency=currency)
        for place, currency in in_other_money(entry, reading.header, reading.matching.mapping)
    ]  # fmt: skip
    above = measure_of(reading.header.measure)
    if above is not None and not above.currency and measured(entry, reading.header, reading.matching.mapping):
        text = _("“%(measure)s” stands above the header: amounts are read as such, unless their own column says "
                 "otherwise.", measure=reading.header.measure)  # fmt: skip
        found.append(text)
    if reading.matching.outdated:
        found.append(_("The workbook was exported under an earlier form of this record. Check its columns."))
    if reading.more:
        names = "、".join(f"“{name}”" for name in reading.more)
        found.append(_("The next sheets have the same columns, and are read too: %(names)s.", names=names))
    return found


def measured(entry: Entry, header: Header, mapping: Mapping[int, str]) -> list[int]:
    """The columns of amounts for which a line above the header says what they are in."""
    if not header.measure:
        return []
    return [place for place in _amounts(entry, header, mapping) if measure_of(header.texts[place]) is None]


def in_other_money(entry: Entry, header: Header, mapping: Mapping[int, str]) -> list[tuple[int, str]]:
    """The columns of amounts that are in another currency, and in which."""
    found = (
        (place, measure_of(header.texts[place]) or measure_of(header.measure))
        for place in _amounts(entry, header, mapping)
    )
    return [(place, said.currency) for place, said in found if said is not None and said.currency]


def _amounts(entry: Entry, header: Header, mapping: Mapping[int, str]) -> list[int]:
    """The columns of amounts that are in what the file says; those of an export are in yuan."""
    if ROW_ID in mapping.values():
        return []
    fields = {place: entry.fields[name] for place, name in mapping.items() if name in entry.fields}
    return [
        place for place, item in fields.items()
        if isinstance(item.kind, MoneyKind) and place < header.width and measure_of(item.label) in (None, PLAIN)
    ]  # fmt: skip


def find_sheet(book: Book, entry: Entry, sheet: str = "") -> int:
    """The place of the sheet of this name; without one that of the shown sheet whose header names the most fields.

    Before it may stand a cover, or a sheet that nobody wrote in. Raises BadWorkbook if there is none of the name.
    """
    names = [one.name for one in book.sheets]
    if sheet:
        if sheet not in names:
            raise BadWorkbook(
                _("There is no sheet “%(name)s”. There are: %(names)s.", name=sheet, names="、".join(names))
            )
        return names.index(sheet)
    shown = [place for place, one in enumerate(book.sheets) if not one.hidden][:MOST_LOOKED_AT]
    best, found = -1, shown[0] if shown else 0
    for place in shown if len(shown) > 1 else ():
        try:
            fields = named(entry, find_header(book, place, entry))
        except BadWorkbook:
            # an empty one; what is damaged is told when its rows are read
            continue
        if fields > best:
            best, found = fields, place
        if fields >= ENOUGH:
            break
    return found


def plan_file(
    session: Session, batch_id: int, path: Path, rules: Rules, report: Report = lambda done, total: None
) -> dict[str, int]:  # fmt: skip
    """Plan the batch from its file; returns the counts by outcome. Raises BadWorkbook, Forbidden or Refused."""
    with _read(session, batch_id, path) as found:
        return plan(
            session, batch_id, found.rows, rules, found.to_raw, lambda done: report(done, found.total),
            remarks=found.remarks,
        )  # fmt: skip


def store_file(
    session: Session, batch_id: int, path: Path, rules: Rules, report: Report = lambda done, total: None
) -> dict[str, int] | None:  # fmt: skip
    """Store the batch while its file is checked, if it is of new and good rows alone; returns the counts with `added`.

    Otherwise None: it is to be planned. Raises as `plan_file` does.
    """
    with _read(session, batch_id, path) as found:
        return store_straight(
            session, batch_id, found.rows, rules, found.to_raw, lambda done: report(done, found.total),
            remarks=found.remarks,
        )  # fmt: skip


class _Read(NamedTuple):
    """A batch's file, being read: its rows, how many there are as far as that is known, and how they are understood."""

    rows: Iterator[tuple[int, list[Cell]]]
    total: int | None
    to_raw: ToRaw
    remarks: Callable[[], Sequence[Words]]


@contextmanager
def _read(session: Session, batch_id: int, path: Path) -> Iterator[_Read]:
    batch = find(session, batch_id)
    if batch is None:
        raise LookupError(batch_id)
    layout, name = layout_of(batch), batch.file_name
    if upload_of(path, name).digest != batch.digest:
        raise BadWorkbook(_("The file has changed since its sheet was chosen. Send it again."))
    with open_book(path, name) as book:
        if layout.sheet_place >= len(book.sheets):
            raise BadWorkbook(_("The file has changed since its sheet was chosen. Send it again."))
        catalog: Catalog = session.info["catalog"]
        header, places = read_places(book, layout, catalog[batch.record])
        titles = {field: header.texts[place] for place, field in layout.mapping.items() if place < header.width}
        counts = [book.sheets[place].rows for place in places]
        total = None if None in counts else sum(filter(None, counts))
        rows = read_rows(book, layout, places, max(layout.mapping, default=0) + 1)
        yield _Read(rows, total, converter(titles, book.system, header.measure), book.counted)


def read_places(book: Book, layout: Layout, entry: Entry) -> tuple[Header, tuple[int, ...]]:
    """The header of a layout's sheet, and the places of all sheets that are read by it."""
    header = given_header(book, layout.sheet_place, layout.header_row, entry)
    return header, (layout.sheet_place, *continuing(book, layout.sheet_place, header, entry))


def read_rows(book: Book, layout: Layout, places: Sequence[int], width: int) -> Iterator[tuple[int, list[Cell]]]:
    """The rows below the headers of these sheets, each with its line in the file."""
    for sheet, place in enumerate(places):
        last = 0
        for number, cells in book.rows(place, width):
            # a row is known by its number, so that none may stand for two
            if number <= last:
                raise damaged()
            last = number
            if number > layout.header_row:
                yield line_of(sheet, number), cells
