"""The person's own workbook with its faulty cells coloured and commented, all else as it was."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO

from flask_babel import gettext as _

from app.excel.archive import Archive
from app.excel.book import BadWorkbook, Book
from app.excel.celltext import UNWRITABLE
from app.excel.read import open_book
from app.excel.scales import Scales
from app.store.imports.batches import place_of

MOST_ROWS = 20_000
"""Rows up to which a workbook is marked; it is in memory as a whole meanwhile."""
MOST_BYTES = 24 * 2**20
"""Its parts inflated, for the same reason."""
MOST_MARKS = 5_000
"""Excel takes long to open a sheet with more comments."""
SECONDS = 20
"""A gunicorn worker that takes longer than 30 to answer is ended."""
WRITER = Path(__file__).with_name("mark_writer.py")

WRONG, ODD = "FFFBDADA", "FFFFF1CC"
"""The colours of what keeps a row from being stored, and of what does not."""


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

    That is so for other formats than .xlsx, for large files, and for those that openpyxl does not open, or not within
    the bounds of its own process. Macros are left out. Raises BadWorkbook if the file cannot be read any more.
    """
    few = list(islice(marks, MOST_MARKS + 1))
    with open_book(path, name) as book:
        if book.kind not in ("xlsx", "xlsm") or len(few) > MOST_MARKS or not _small(book, path, sheets):
            return False
        titles = [book.sheets[one].name for one in sheets]
    return _write(path, titles, few, target)


def _small(book: Book, path: Path, sheets: Sequence[int]) -> bool:
    """Whether the whole workbook may be taken into memory; all its parts are looked through first."""
    archive = Archive(path)
    try:
        if sum(info.file_size for info in archive.parts.values()) > MOST_BYTES:
            return False
        scales = Scales()
        for name in archive.parts:
            scales.put(archive, name)
    except BadWorkbook:
        return False
    finally:
        archive.close()
    rows = chain.from_iterable(book.rows(one) for one in sheets)
    return sum(1 for _row in islice(rows, MOST_ROWS + 1)) <= MOST_ROWS


def _write(path: Path, sheets: Sequence[str], marks: Sequence[Mark], target: IO[bytes]) -> bool:
    cells: dict[tuple[int, int], list[Mark]] = {}
    for mark in marks:
        cells.setdefault((mark.line, mark.place or 0), []).append(mark)
    asked = []
    for (line, place), found in cells.items():
        sheet, row = place_of(line)
        text = UNWRITABLE.sub("", "\n".join(dict.fromkeys(mark.message for mark in found)))
        asked.append((sheets[sheet], row, place + 1, ODD if all(mark.odd for mark in found) else WRONG, text[:2000]))
    job = {"active": sheets[0], "author": _("Check before import"), "marks": asked}
    command = [sys.executable, "-I", "-B", str(WRITER), str(path.absolute())]
    with tempfile.TemporaryFile(prefix="rn-mark-") as made:
        try:
            done = subprocess.run(  # noqa: S603  # this interpreter, a script of ours, and a path as one argument
                command, input=json.dumps(job).encode(), stdout=made, stderr=subprocess.DEVNULL, timeout=SECONDS,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False
        if done.returncode:
            # openpyxl is stricter about parts that the rows do not need
            return False
        made.seek(0)
        shutil.copyfileobj(made, target)
    return True
