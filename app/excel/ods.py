"""Workbooks of LibreOffice and WPS in the Open Document format, read row by row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l

from app.excel.archive import FAULTS, Archive, Depth, encrypted, local, parser, too_large
from app.excel.book import (
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_SHEETS,
    BadWorkbook,
    Book,
    Cell,
    CellError,
    Share,
    SheetInfo,
    damaged,
)
from app.excel.styles import number
from app.excel.units import shown

CONTENT, MANIFEST = "content.xml", "META-INF/manifest.xml"
MOST_CELLS = 100_000_000
"""Cells of a sheet, repeated ones counted: a few bytes of XML can stand for a full sheet of them."""
LONGEST_CELL = 2**20
"""Characters and paragraphs of a cell: a few bytes can stand for a thousand blanks."""
MOST_STYLES = 10_000
"""Styles of hidden sheets that are known; a file has as many as sheets."""
PIECE = 2**13
"""Bytes that are read at once: their rows wait in memory, and each may repeat a cell over all columns."""
TIME = re.compile(r"PT([0-9]{2,5})H([0-9]{2})M([0-9]{2})")


class OdsBook(Book):
    """A workbook in the Open Document format. Repeated rows and cells are counted, not copied."""

    kind = "ods"

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._archive = Archive(path)
        try:
            if CONTENT not in self._archive:
                raise damaged()
            if MANIFEST in self._archive:
                self._archive.walk(MANIFEST, _refuse_encrypted)
            self.sheets = tuple(self._sheets())
        except BadWorkbook:
            self._archive.close()
            raise
        if not self.sheets:
            self._archive.close()
            raise BadWorkbook(_l("The workbook holds no sheet with cells."))
        if any(name.startswith(("Basic/", "Scripts/")) for name in self._archive.parts):
            self.told.append(_l("The workbook holds macros; they are neither run nor kept."))

    def close(self) -> None:
        self._archive.close()

    def _sheets(self) -> Iterator[SheetInfo]:
        walk = _Walk(self._archive, wanted=-1, width=0)
        for _ in walk.rows():
            pass
        self.system = walk.system
        for name, style in walk.tables:
            yield SheetInfo(name, hidden=style in walk.hidden_styles)

    def rows(self, sheet: int, width: int = MOST_COLUMNS) -> Iterator[tuple[int, list[Cell]]]:
        walk = _Walk(self._archive, wanted=sheet, width=min(width, MOST_COLUMNS))
        try:
            yield from walk.rows()
        finally:
            self.formulas = max(self.formulas, walk.formulas)


class _Walk:
    """One way through the document; the rows of the wanted sheet are kept until they are asked for."""

    def __init__(self, archive: Archive, wanted: int, width: int) -> None:
        self.archive = archive
        self.wanted = wanted
        self.width = width
        self.tables: list[tuple[str, str]] = []
        self.hidden_styles: set[str] = set()
        self.formulas = 0
        self.system = 1900
        self._table = -1
        self._style = ""
        self._level = Depth()
        self._depth = 0
        self._row = self._read = 0
        self._repeated = 1
        self._ready: list[tuple[int, int, list[Cell]]] = []
        self._cells: list[Cell] = []
        self._column = 0
        self._cell: dict[str, str] | None = None
        self._paragraphs: list[str] = []
        self._length = 0
        self._quiet = 0

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        made = parser()
        made.StartElementHandler = self._start
        made.EndElementHandler = self._end
        made.CharacterDataHandler = self._data
        try:
            for piece in self.archive.pieces(CONTENT, PIECE):
                made.Parse(piece, False)
                for first, repeated, cells in self._ready:
                    self._read += repeated * len(cells)
                    if self._read > MOST_CELLS:
                        raise too_large()
                    for number_ in range(first, min(first + repeated, MOST_ROWS + 1)):
                        yield number_, list(cells)
                self._ready.clear()
            made.Parse(b"", True)
        except FAULTS as error:
            raise damaged() from error

    @property
    def _here(self) -> bool:
        return self._depth == 1 and self._table == self.wanted

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._level.enter()
        name = local(tag)
        if name == "style":
            self._style = attributes.get("style:name", "")
        elif name == "table-properties" and attributes.get("table:display") == "false":
            if len(self.hidden_styles) < MOST_STYLES:
                self.hidden_styles.add(self._style)
        elif name == "null-date" and attributes.get("table:date-value", "").startswith("1904"):
            self.system = 1904
        elif name == "table":
            self._begin(attributes)
        elif not self._here:
            return
        elif name == "table-row":
            self._cells, self._column = [], 0
            self._repeated = _count(attributes, "table:number-rows-repeated")
        elif name in ("table-cell", "covered-table-cell"):
            self._cell, self._paragraphs, self._length = attributes, [], 0
        elif self._cell is not None:
            self._within(name, attributes)

    def _begin(self, attributes: dict[str, str]) -> None:
        """A table begins: a sheet, or one that stands in a cell."""
        self._depth += 1
        if self._depth > 1:
            return
        self._table += 1
        self._row = 0
        if self._table < MOST_SHEETS:
            self.tables.append((attributes.get("table:name", ""), attributes.get("table:style-name", "")))

    def _within(self, name: str, attributes: dict[str, str]) -> None:
        if name in ("annotation", "ruby-text"):
            self._quiet += 1
        elif self._quiet:
            return
        elif name == "p":
            self._paragraphs.append("")
            self._lengthen(1)
        elif name == "s":
            self._data(" " * min(_count(attributes, "text:c"), 1000))
        elif name in ("tab", "line-break"):
            self._data("\t" if name == "tab" else "\n")

    def _data(self, words: str) -> None:
        if self._cell is not None and self._paragraphs and not self._quiet:
            self._paragraphs[-1] += words
            self._lengthen(len(words))

    def _lengthen(self, by: int) -> None:
        self._length += by
        if self._length > LONGEST_CELL:
            raise too_large()

    def _end(self, tag: str) -> None:
        self._level.leave(tag)
        name = local(tag)
        if name == "table":
            self._depth -= 1
        elif not self._here:
            return
        elif name in ("annotation", "ruby-text") and self._cell is not None:
            self._quiet -= 1
        elif name in ("table-cell", "covered-table-cell") and self._cell is not None:
            self._take(self._cell)
            self._cell = None
        elif name == "table-row":
            first = self._row + 1
            self._row += self._repeated
            if self._cells:
                self._ready.append((first, self._repeated, self._cells))
            if first > MOST_ROWS and self._cells:
                raise damaged()

    def _take(self, attributes: dict[str, str]) -> None:
        cell = _value(attributes, "\n".join(self._paragraphs))
        repeated = _count(attributes, "table:number-columns-repeated")
        first = self._column
        self._column += repeated
        if cell is None or cell == "":
            return
        if "table:formula" in attributes:
            self.formulas += 1
        last = min(self._column, self.width)
        if last > first:
            self._cells.extend([None] * (first - len(self._cells)))
            self._cells.extend([cell] * (last - first))


def _refuse_encrypted(tag: str, _attributes: dict[str, str]) -> None:
    if tag == "encryption-data":
        raise encrypted()


def _count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    if not (text.isascii() and text.isdecimal() and len(text) < 9):
        raise damaged()
    return int(text)


def _value(attributes: dict[str, str], text: str) -> Cell:
    kind = attributes.get("office:value-type", "")
    stored = attributes.get("office:value", "")
    if text.startswith(("#", "Err:")) and attributes.get("calcext:value-type") == "error":
        return CellError(text)
    if kind in ("float", "currency") and stored:
        found = number(stored)
        # a format of zeros shows an id's leading ones
        if text.isdecimal() and text.startswith("0") and len(text) > 1:
            return text
        return found if isinstance(found, str) else shown(found, text)
    if kind == "percentage" and stored:
        share = number(stored)
        return share if isinstance(share, str) else Share(share)
    if kind == "boolean":
        return attributes.get("office:boolean-value") == "true"
    if kind == "date":
        return _date(attributes.get("office:date-value", ""), text)
    found_time = TIME.match(attributes.get("office:time-value", "")) if kind == "time" else None
    if found_time is not None and int(found_time.group(1)) < 24:
        hour, minute, second = found_time.groups()
        return f"{hour}:{minute}" + (f":{second}" if int(second) else "")
    return text


def _date(stored: str, text: str) -> Cell:
    try:
        found: Any = datetime.fromisoformat(stored) if "T" in stored else date.fromisoformat(stored)
    except ValueError:
        return text
    if isinstance(found, datetime):
        return found.replace(tzinfo=None)
    return found  # type: ignore[no-any-return]  # a date, as the branch above took the other
