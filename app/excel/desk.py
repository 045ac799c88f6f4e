"""What the screens of an import ask about its file: how it would be read, and what of it did not go in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.access import may
from app.catalog import Catalog, Entry
from app.declare.access import Verb
from app.excel.book import BadWorkbook, Book, Cell, CellError, column_letters
from app.excel.header import find_header, given_header
from app.excel.mark import Mark, mark_copy
from app.excel.match import How
from app.excel.plan import Reading, find_sheet, measured, read_layout, read_places, read_rows, remarks, upload_of
from app.excel.read import open_book
from app.store.import_tables import ImportBatch
from app.store.imports.batches import Layout, Refused, Upload, layout_of, refused_among, refused_rows
from app.store.layouts import recall
from app.store.session import actor_of

SAMPLES = 3
SAMPLE_LENGTH = 40
AT_ONCE = 1_000
MOST_UNKNOWN = 300
"""Columns that name no field and are shown to be settled; a form may have no more than a thousand parts."""


@dataclass(frozen=True)
class SeenColumn:
    """A column of the sheet: where it stands, its header, what it holds, which field it is and how that is known."""

    place: int
    letters: str
    text: str
    samples: tuple[str, ...]
    name: str
    how: str
    computed: bool = False


@dataclass(frozen=True)
class Seen:
    """How a file is read: its sheets, the one that is chosen, its header, its columns, and what to settle."""

    sheets: tuple[tuple[str, int | None], ...]
    layout: Layout
    texts: tuple[str, ...]
    columns: tuple[SeenColumn, ...]
    missing: tuple[str, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    returned: bool


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except BadWorkbook as error:
        raise Refused(str(error.message)) from None


def upload(path: Path, name: str, file_id: str) -> Upload:
    """What is kept of a file that came in."""
    return upload_of(path, name, file_id)


def look(
    session: Session, entry: Entry, path: Path, name: str, *, sheet: str = "", header_row: int = 0,
    chosen: Mapping[int, str] | None = None,
) -> Seen:  # fmt: skip
    """How the file is read; raises Refused in words. Without `chosen`, what was said of such a sheet before counts."""
    catalog: Catalog = session.info["catalog"]
    actor = actor_of(session)
    visible = [one.name for one in catalog if may(actor, one, Verb.READ)]
    with _worded(), open_book(path, name) as book:
        said = chosen if chosen is not None else _said_before(session, entry, book, sheet, header_row)
        reading = read_layout(book, catalog, entry, visible, sheet=sheet, header_row=header_row, remembered=said)
        samples = _samples(book, reading)
        return _seen(entry, book, reading, samples)


def _said_before(session: Session, entry: Entry, book: Book, sheet: str, header_row: int) -> Mapping[int, str]:
    place = find_sheet(book, entry, sheet)
    header = given_header(book, place, header_row, entry) if header_row else find_header(book, place, entry)
    return recall(session, entry, header.texts)


def _samples(book: Book, reading: Reading) -> list[Sequence[Cell]]:
    rows = (cells for number, cells in book.rows(reading.place, reading.header.width) if number > reading.header.row)
    return list(islice(rows, SAMPLES))


def _seen(entry: Entry, book: Book, reading: Reading, samples: Sequence[Sequence[Cell]]) -> Seen:
    matching, texts = reading.matching, reading.header.texts
    columns = []
    unknown = 0
    for place, text in enumerate(texts):
        name = matching.mapping.get(place) or matching.computed.get(place, "")
        if text.startswith("rn:") or (not text and not name):
            continue
        unknown += not name
        if not name and unknown > MOST_UNKNOWN:
            continue
        held = tuple(_short(cells[place]) for cells in samples if place < len(cells) and cells[place] not in (None, ""))
        how = str(WORDS[matching.how[place]]()) if place in matching.how and name else ""
        columns.append(SeenColumn(
            place, column_letters(place), text, held, name, how, place in matching.computed,
        ))  # fmt: skip
    return Seen(
        sheets=tuple((one.name, one.rows) for one in book.sheets),
        layout=reading.layout(),
        texts=texts,
        columns=tuple(columns),
        missing=()
        if matching.stamp and _has_ids(reading)
        else tuple(entry.fields[one].label for one in matching.missing),
        problems=tuple(str(one) for one in matching.problems(entry, texts)),
        notes=(
            *(str(one) for one in book.notes()),
            *(str(one) for one in remarks(reading, entry)),
            *_not_shown(unknown - MOST_UNKNOWN),
        ),
        returned=_has_ids(reading),
    )


def _has_ids(reading: Reading) -> bool:
    return "rn:id" in reading.matching.mapping.values()


def _not_shown(count: int) -> tuple[str, ...]:
    if count <= 0:
        return ()
    return (str(_("%(count)s further columns name no field. They are not shown, and not read.", count=count)),)


WORDS: dict[How, Any] = {
    How.CHOSEN: lambda: _("chosen by hand"),
    How.LABEL: lambda: _("by its name"),
    How.NAME: lambda: _("by its name"),
    How.ALIAS: lambda: _("by another name"),
    How.PINYIN: lambda: _("by pinyin"),
    How.SLIP: lambda: _("by likeness"),
}
"""How a column was recognised, in words."""


def _short(cell: Cell) -> str:
    text = cell.code if isinstance(cell, CellError) else str(cell)
    return text if len(text) <= SAMPLE_LENGTH else f"{text[:SAMPLE_LENGTH]}…"


def rest(session: Session, batch: ImportBatch, path: Path, file: IO[bytes], *, whole: bool) -> None:
    """Write what did not or would not go in, marked: with `whole` in the person's own workbook, all else as it was.

    Without it, and of a workbook that cannot be copied, these rows alone, as they stood in the file.
    """
    catalog: Catalog = session.info["catalog"]
    layout, entry = layout_of(batch), catalog[batch.record]
    marks = (
        Mark(row.line, note.place, note.message, note.odd)
        for row in refused_rows(session, batch.id)
        for note in row.notes
    )
    with _worded(), open_book(path, batch.file_name) as book:
        header, places = read_places(book, layout, entry)
        if whole and mark_copy(path, batch.file_name, places, marks, file):
            return
        # the line above the header is not given out with the rows: what it says goes into the headers
        units = dict.fromkeys(measured(entry, header, layout.mapping), f"（{header.measure}）")
        texts = [text + units.get(place, "") for place, text in enumerate(header.texts)]
        _bad_rows(session, batch, texts, read_rows(book, layout, places, header.width), file, book.system)


def _bad_rows(
    session: Session, batch: ImportBatch, texts: Sequence[str], rows: Iterator[tuple[int, list[Cell]]], file: IO[bytes],
    system: int,
) -> None:  # fmt: skip
    """The rows that did not or would not go in, in their order; a last column says of each what is wrong, and where."""
    # openpyxl takes longer to load than the console to start
    from app.excel.marked import Marked

    marked = Marked(batch.sheet, texts, system)
    while some := list(islice(rows, AT_ONCE)):
        bad = refused_among(session, batch.id, [line for line, _cells in some])
        for line, cells in some:
            if line in bad:
                marked.add(cells, bad[line])
    marked.save(file)


__all__ = ["Seen", "SeenColumn", "look", "rest", "upload"]
