"""The person's own workbook with its faulty cells coloured and commented; of a large one the faulty rows alone."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell as SheetCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from app.excel.archive import FAULTS, Archive
from app.excel.book import BadWorkbook, Book, Cell, CellError, Share
from app.excel.layout import PREFIX
from app.excel.read import open_book

MOST_ROWS = 20_000
"""Rows up to which the workbook itself is marked; it is in memory as a whole meanwhile."""
MOST_BYTES = 24 * 2**20
"""Its parts inflated, for the same reason."""
MOST_COMMENTS = 5_000
"""Cells that get a comment; every row says in its last column what to do."""

WRONG = PatternFill("solid", fgColor="FFFFC7CE")
ODD = PatternFill("solid", fgColor="FFFFEB9C")


@dataclass(frozen=True)
class Mark:
    """What stands against a row: its number, the place of the cell from 0 (None: the row), and what to do.

    `odd` marks what may be stored all the same.
    """

    line: int
    place: int | None
    message: str
    odd: bool = False


def write_marked(path: Path, name: str, sheet: int, header_row: int, marks: Iterable[Mark], target: Path) -> bool:
    """Write the marked workbook as .xlsx to `target`; `marks` come in the order of their lines.

    Returns True if it is the person's own workbook, False if a new one with the faulty rows alone: of other formats,
    and of large files. Raises BadWorkbook if the file cannot be read any more.
    """
    with open_book(path, name) as book:
        few = list(islice(marks, MOST_ROWS + 1))
        if book.kind in ("xlsx", "xlsm") and len(few) <= MOST_ROWS and _small(book, path, sheet):
            try:
                _mark_copy(path, book.sheets[sheet].name, few, target)
            except (*FAULTS, TypeError, AttributeError):
                # openpyxl is stricter about parts that the rows do not need
                _write_rows(book, sheet, header_row, few, target)
                return False
            return True
        _write_rows(book, sheet, header_row, _chain(few, marks), target)
        return False


def _chain(first: Sequence[Mark], rest: Iterable[Mark]) -> Iterator[Mark]:
    yield from first
    yield from rest


def _small(book: Book, path: Path, sheet: int) -> bool:
    """Whether the whole workbook may be taken into memory; its parts are looked through for entities first."""
    archive = Archive(path)
    try:
        if sum(info.file_size for info in archive.parts.values()) > MOST_BYTES:
            return False
        if any(
            b"<!DOCTYPE" in piece or b"<!ENTITY" in piece for name in archive.parts for piece in _text(archive, name)
        ):
            return False
    finally:
        archive.close()
    return sum(1 for _row in islice(book.rows(sheet, 1), MOST_ROWS + 1)) <= MOST_ROWS


def _text(archive: Archive, name: str) -> Iterator[bytes]:
    tail = b""
    for piece in archive.pieces(name):
        # in UTF-16 too
        yield (tail + piece).replace(b"\x00", b"")
        tail = piece[-32:]


def _mark_copy(path: Path, sheet: str, marks: Sequence[Mark], target: Path) -> None:
    with warnings.catch_warnings():
        # what openpyxl leaves out of a copy (drawings, some rules) is no matter of the person's rows
        warnings.simplefilter("ignore")
        book = load_workbook(path)
    try:
        page = book[sheet]
        comments = 0
        for (line, place), found in _by_cell(marks).items():
            cell = page.cell(line, place + 1)
            if not isinstance(cell, SheetCell):
                # a cell that others are merged over holds nothing of its own
                continue
            comments += _colour(cell, found, comments < MOST_COMMENTS)
        book.active = book.sheetnames.index(sheet)
        book.save(target)
    finally:
        book.close()


def _by_cell(marks: Iterable[Mark]) -> dict[tuple[int, int], list[Mark]]:
    found: dict[tuple[int, int], list[Mark]] = {}
    for mark in marks:
        found.setdefault((mark.line, mark.place or 0), []).append(mark)
    return found


def _colour(cell: Any, marks: Sequence[Mark], commented: bool) -> int:
    cell.fill = ODD if all(mark.odd for mark in marks) else WRONG
    if not commented:
        return 0
    text = "\n".join(dict.fromkeys(mark.message for mark in marks))
    cell.comment = Comment(_clean(text)[:2000], str(_("Check before import")), width=320, height=120)
    return 1


def _write_rows(book: Book, sheet: int, header_row: int, marks: Iterable[Mark], target: Path) -> None:
    """A new workbook: the header, the faulty rows, and what to do about each at their end."""
    made = Workbook(write_only=True)
    page = made.create_sheet(_title(book.sheets[sheet].name))
    page.freeze_panes = "A2"
    ahead = iter(marks)
    waiting: dict[int, list[Mark]] = {}
    latest: Mark | None = next(ahead, None)
    width = comments = 0
    for number, cells in book.rows(sheet):
        if number == header_row:
            width = len(cells)
            for place, cell in enumerate(cells):
                hidden = isinstance(cell, str) and cell.startswith(PREFIX)
                page.column_dimensions[get_column_letter(place + 1)].hidden = hidden
            page.column_dimensions[get_column_letter(width + 1)].width = 60
            page.append([*(_cell(page, cell) for cell in cells), str(_("What to do"))])
            continue
        while latest is not None and latest.line <= number:
            waiting.setdefault(latest.line, []).append(latest)
            latest = next(ahead, None)
        found = waiting.pop(number, None)
        if found is None or number < header_row:
            continue
        comments += _append(page, cells[:width] + [None] * (width - len(cells)), found, comments < MOST_COMMENTS)
    made.save(target)


def _append(page: Any, cells: Sequence[Cell], marks: Sequence[Mark], commented: bool) -> int:
    row = [_cell(page, cell) for cell in cells]
    count = 0
    for (_line, place), found in _by_cell(marks).items():
        if place < len(row):
            row[place] = row[place] or WriteOnlyCell(page, None)
            count += _colour(row[place], found, commented)
    messages = "\n".join(dict.fromkeys(mark.message for mark in marks))
    page.append([*row, _cell(page, messages)])
    return count


def _cell(page: Worksheet, value: Cell) -> Any:
    """A cell with this value and nothing that a spreadsheet would run."""
    if value is None:
        return None
    if isinstance(value, CellError):
        value = value.code
    kept: Any = _clean(value) if isinstance(value, str) else value
    made = WriteOnlyCell(page, kept)
    if isinstance(value, str):
        made.data_type = "s"
        made.number_format = "@"
    elif isinstance(value, Share):
        made.number_format = "0.00%"
    return made


def _clean(text: str) -> str:
    return ILLEGAL_CHARACTERS_RE.sub("", text)[:32_767]


def _title(name: str) -> str:
    """A name that a sheet may have."""
    kept = "".join(" " if one in "[]:*?/\\'" else one for one in name).strip()
    return kept[:31] or "1"


__all__ = ["BadWorkbook", "Mark", "write_marked"]
