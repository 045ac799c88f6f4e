"""The person's own workbook with its faulty cells coloured and commented, all else as it was."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO

from flask_babel import gettext as _
from openpyxl import load_workbook
from openpyxl.cell import Cell as SheetCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from app.excel.archive import FAULTS, Archive
from app.excel.book import Book
from app.excel.read import open_book
from app.store.imports.batches import place_of

MOST_ROWS = 20_000
"""Rows up to which a workbook is marked; it is in memory as a whole meanwhile."""
MOST_BYTES = 24 * 2**20
"""Its parts inflated, for the same reason."""
MOST_MARKS = 5_000
"""Excel takes long to open a sheet with more comments."""

WRONG = PatternFill("solid", fgColor="FFFBDADA")
ODD = PatternFill("solid", fgColor="FFFFF1CC")


@dataclass(frozen=True)
class Mark:
    """What stands against a row: its line, the place of the cell from 0 (None: the row), and what to do.

    `odd` marks what may be stored all the same.
    """

    line: int
    place: int | None
    message: str
    odd: bool = False


def mark_copy(path: Path, name: str, sheets: Sequence[int], marks: Iterable[Mark], target: IO[bytes]) -> bool:
    """Write the workbook with these cells marked; False, with nothing written, if it cannot be had that way.

    That is so for other formats than .xlsx, for large files, and for those that openpyxl does not open. Macros are left
    out. Raises BadWorkbook if the file cannot be read any more.
    """
    few = list(islice(marks, MOST_MARKS + 1))
    with open_book(path, name) as book:
        if book.kind not in ("xlsx", "xlsm") or len(few) > MOST_MARKS or not _small(book, path, sheets):
            return False
        titles = [book.sheets[one].name for one in sheets]
    try:
        _write(path, titles, few, target)
    except (*FAULTS, TypeError, AttributeError):
        # it is stricter about parts that the rows do not need
        target.seek(0)
        target.truncate()
        return False
    return True


def _small(book: Book, path: Path, sheets: Sequence[int]) -> bool:
    """Whether the whole workbook may be taken into memory; its parts are looked through for entities first."""
    archive = Archive(path)
    try:
        if sum(info.file_size for info in archive.parts.values()) > MOST_BYTES:
            return False
        texts = (piece for name in archive.parts for piece in _text(archive, name))
        if any(b"<!DOCTYPE" in piece or b"<!ENTITY" in piece for piece in texts):
            return False
    finally:
        archive.close()
    rows = chain.from_iterable(book.rows(one, 1) for one in sheets)
    return sum(1 for _row in islice(rows, MOST_ROWS + 1)) <= MOST_ROWS


def _text(archive: Archive, name: str) -> Iterator[bytes]:
    tail = b""
    for piece in archive.pieces(name):
        # in UTF-16 too
        yield (tail + piece).replace(b"\x00", b"")
        tail = piece[-32:]


def _write(path: Path, sheets: Sequence[str], marks: Sequence[Mark], target: IO[bytes]) -> None:
    with warnings.catch_warnings():
        # what openpyxl leaves out of a copy (drawings, some rules) is no matter of the person's rows
        warnings.simplefilter("ignore")
        # as a stream: of a path openpyxl looks at the ending alone
        with path.open("rb") as stream:
            book = load_workbook(stream)
    try:
        cells: dict[tuple[int, int], list[Mark]] = {}
        for mark in marks:
            cells.setdefault((mark.line, mark.place or 0), []).append(mark)
        for (line, place), found in cells.items():
            sheet, row = place_of(line)
            cell = book[sheets[sheet]].cell(row, place + 1)
            # a cell that others are merged over holds nothing of its own
            if isinstance(cell, SheetCell):
                _mark(cell, found)
        book.active = book.sheetnames.index(sheets[0])
        book.save(target)
    finally:
        book.close()


def _mark(cell: SheetCell, marks: Sequence[Mark]) -> None:
    cell.fill = ODD if all(mark.odd for mark in marks) else WRONG
    text = ILLEGAL_CHARACTERS_RE.sub("", "\n".join(dict.fromkeys(mark.message for mark in marks)))
    cell.comment = Comment(text[:2000], str(_("Check before import")), width=320, height=120)
