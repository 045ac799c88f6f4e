"""Workbooks of Excel 97 to 2003, read in a process of their own: a crafted one may take that down, but no worker."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from flask_babel import lazy_gettext as _l

from app.excel.archive import encrypted
from app.excel.book import MOST_COLUMNS, BadWorkbook, Book, Cell, CellError, Share, SheetInfo, damaged
from app.excel.units import unit_of

MOST_BYTES = 64 * 2**20
"""The largest file: 65,536 rows of 256 columns stay below."""
SECONDS = 120
READER = Path(__file__).with_name("xls_reader.py")


class XlsBook(Book):
    """A workbook in the binary format; its rows wait in a temporary file of one line each."""

    kind = "xls"

    def __init__(self, path: Path) -> None:
        super().__init__()
        if path.stat().st_size > MOST_BYTES:
            raise BadWorkbook(_l("The file is too large for the format .xls. Save it as .xlsx, and send that."))
        self._lines: IO[bytes] = tempfile.TemporaryFile(prefix="rn-xls-")  # noqa: SIM115  # closed by `close`
        try:
            self._read(path)
        except BaseException:
            self._lines.close()
            raise

    def _read(self, path: Path) -> None:
        command = [sys.executable, "-I", "-B", str(READER), str(path.absolute())]
        try:
            done = subprocess.run(  # noqa: S603  # this interpreter, a script of ours, and a path as one argument
                command, stdout=self._lines, stderr=subprocess.DEVNULL, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise damaged() from None
        self._lines.seek(0)
        head = self._lines.readline()
        if head.startswith(b'{"password"'):
            raise encrypted()
        if done.returncode or not head.startswith(b'{"sheets"'):
            raise damaged()
        told = json.loads(head)
        self.sheets = tuple(SheetInfo(name, hidden, rows) for name, hidden, rows in told["sheets"])
        self.system = told["system"]
        if not self.sheets:
            raise BadWorkbook(_l("The workbook holds no sheet with cells."))
        self._starts = [0] * len(self.sheets)
        self._formulas: list[int] = []
        at = self._lines.tell()
        for line in self._lines:
            at += len(line)
            if line.startswith(b'{"sheet"'):
                found = json.loads(line)
                self._starts[found["sheet"]] = at
                self._formulas.append(found["formulas"])

    def close(self) -> None:
        self._lines.close()

    def rows(self, sheet: int, width: int = MOST_COLUMNS) -> Iterator[tuple[int, list[Cell]]]:
        at = self._starts[sheet]
        self.formulas = max(self.formulas, self._formulas[sheet])
        while at:
            self._lines.seek(at)
            line = self._lines.readline()
            at = self._lines.tell()
            if not line.startswith(b"["):
                return
            number, *values = json.loads(line)
            cells = [_cell(value) for value in values[:width]]
            while cells and cells[-1] is None:
                cells.pop()
            if cells:
                yield number, cells


def _cell(value: Any) -> Cell:
    if isinstance(value, dict):
        return _wrapped(value)
    if isinstance(value, str):
        return value or None
    if isinstance(value, float):
        return _number(value)
    return value  # type: ignore[no-any-return]  # None, a flag or a number


def _number(value: float) -> Cell:
    # no spreadsheet stores these, but the format has room for them
    if not math.isfinite(value):
        return CellError("#NUM!")
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _wrapped(value: dict[str, Any]) -> Cell:
    if "error" in value:
        return CellError(value["error"])
    if "code" in value:
        unit = unit_of(value["code"])
        number = _number(float(value["number"]))
        return number if unit is None or not isinstance(number, (int, float)) else unit.cell(number)
    if "share" in value:
        return Share(value["share"]) if math.isfinite(value["share"]) else CellError("#NUM!")
    text = str(value["at"])
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
