"""Workbooks of Excel 2007 and later, read row by row in constant memory.

Rows in the usual form are taken apart many at a time (blocks.py). Where that fails it is done row by row by a regular
expression, which costs a third of an XML parser; a row that it does not account for to the last cell goes through the
parser.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from flask_babel import lazy_gettext as _l

from app.excel.archive import DEEPEST, FAULTS, MOST_ENTRIES, PIECE, Archive, local, parse, too_large
from app.excel.blocks import Blocks, Numbered, index_of, other
from app.excel.book import (
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_SHEETS,
    NOT_CALCULATED,
    BadWorkbook,
    Book,
    Cell,
    CellError,
    SheetInfo,
    damaged,
    no_workbook,
)
from app.excel.strings import SharedStrings, plain, prefix_of
from app.excel.styles import Numbers, number, read_styles

LONGEST_ROW = 16 * 2**20
"""Bytes of one row with its mark-up: 16,384 cells of a kilobyte."""

CELL = re.compile(
    r'<c(?: r="([A-Z]{1,3})[0-9]{1,7}")?(?: s="([0-9]{1,6})")?(?: t="([a-zA-Z]{1,9})")? ?'
    r"(?:/>|>\s*(?:(<f)[^>]*(?:/>|>[^<]*</f>)\s*)?"
    r'(?:<v>([^<]*)</v>\s*|<v ?/>\s*|<is>\s*<t(?: xml:space="preserve")?>([^<]*)</t>\s*</is>\s*)?</c>)'
)
USUAL_ROW = re.compile('<row r="([0-9]{1,7})"')
ROW = re.compile(r'<row(?: [^>]*?)??\sr\s*=\s*["\']([0-9]{1,7})["\']')
Found = tuple[str, str, str, str, str, str]
"""A cell as it stands in the file: column letters, style, type, mark of a formula, value, inline text."""

MACROS = "xl/vbaProject.bin"


class Columns(dict[str, int]):
    """The index of a column, counted from 0, by its letters."""

    def __missing__(self, letters: str) -> int:
        index = index_of(letters)
        if len(self) < MOST_COLUMNS:
            self[letters] = index
        return index


class XlsxBook(Book):
    """A workbook in the Office Open XML format; macros and links to other files are never followed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._archive = Archive(path)
        self._strings: SharedStrings | None = None
        try:
            self._open()
        except BadWorkbook:
            self._archive.close()
            raise
        except FAULTS as error:
            self._archive.close()
            raise damaged() from error

    def _open(self) -> None:
        archive = self._archive
        root = self._targets("_rels/.rels", "")
        book = next((path for kind, path in root.values() if kind == "officeDocument"), "xl/workbook.xml")
        if book.endswith(".bin") or "xl/workbook.bin" in archive:
            raise BadWorkbook(
                _l("This is a binary workbook (.xlsb), which cannot be read here. Save it as .xlsx, and send that.")
            )
        if book not in archive:
            raise no_workbook()
        folder, _, name = book.rpartition("/")
        self._related = self._targets(f"{folder}/_rels/{name}.rels", folder)
        self.kind = "xlsm" if any(name.endswith("vbaProject.bin") for name in archive.parts) else "xlsx"
        if self.kind == "xlsm":
            self.told.append(_l("The workbook holds macros; they are neither run nor kept."))
        if any("/externalLinks/" in name for name in archive.parts):
            self.told.append(_l("The workbook links to other files; they are not followed."))
        self._read_book(book)
        styles = self._part("styles")
        self._numbers = Numbers(read_styles(archive, styles) if styles else [], self.system)

    def _targets(self, name: str, folder: str) -> dict[str, tuple[str, str]]:
        """What a part refers to within the file: id to (kind, name of the part)."""
        if name not in self._archive:
            return {}
        found: dict[str, tuple[str, str]] = {}

        def take(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "")
                path = target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
                found[attributes.get("Id", "")] = (attributes.get("Type", "").rpartition("/")[2], path)
            if len(found) > MOST_ENTRIES:
                raise too_large()

        self._archive.walk(name, take)
        return found

    def _part(self, kind: str) -> str | None:
        return next((path for of, path in self._related.values() if of == kind and path in self._archive), None)

    def _read_book(self, name: str) -> None:
        self._parts: list[str] = []
        sheets: list[SheetInfo] = []

        def take(tag: str, attributes: dict[str, str]) -> None:
            if tag == "workbookPr" and attributes.get("date1904") in ("1", "true"):
                self.system = 1904
            if tag != "sheet" or len(sheets) == MOST_SHEETS:
                return
            kind, part = self._related.get(attributes.get("id", ""), ("", ""))
            if kind == "worksheet" and part in self._archive:
                self._parts.append(part)
                hidden = attributes.get("state", "visible") != "visible"
                sheets.append(SheetInfo(attributes.get("name", ""), hidden, self._said_rows(part)))

        self._archive.walk(name, take)
        if not sheets:
            raise BadWorkbook(_l("The workbook holds no sheet with cells."))
        self.sheets = tuple(sheets)

    def _said_rows(self, part: str) -> int | None:
        head = next(self._archive.pieces(part, 4096), b"")
        found = re.search(rb'<(?:\w+:)?dimension ref="[A-Z]+\d+:[A-Z]+(\d{1,7})"', head)
        return int(found.group(1)) if found else None

    def close(self) -> None:
        if self._strings is not None:
            self._strings.close()
        self._archive.close()

    def rows(self, sheet: int, width: int = MOST_COLUMNS) -> Iterator[tuple[int, list[Cell]]]:
        if self._strings is None:
            self._strings = SharedStrings()
            shared = self._part("sharedStrings")
            if shared:
                self._strings.read(self._archive, shared)
        blocks = Blocks(self._strings, self._numbers, min(width, MOST_COLUMNS))
        taker = _Taker(self._strings, self._numbers, width)
        last = 0
        try:
            for block in self._split(self._parts[sheet]):
                found = blocks.take(block)
                for line, cells in taker.rows(block, last) if found is None else found:
                    last = line
                    if cells:
                        yield line, cells
                    if line > MOST_ROWS:
                        raise damaged()
        except FAULTS as error:
            raise damaged() from error
        finally:
            self.formulas = max(self.formulas, taker.formulas)

    def _split(self, part: str) -> Iterator[str]:
        """The text of whole rows, piece by piece; what stands before the first row is with it."""
        rest = prefix = b""
        for place, piece in enumerate(self._archive.pieces(part)):
            block = rest + piece
            if place == 0:
                prefix = prefix_of(block)
            if prefix:
                block = block.replace(b"</" + prefix, b"</").replace(b"<" + prefix, b"<")
            # what follows the rows (rules, drawings, merged cells) is not needed, and need not be whole
            end = block.find(b"</sheetData>")
            block = block if end < 0 else block[:end]
            cut = block.rfind(b"</row>")
            if cut >= 0:
                yield block[: cut + 6].decode()
            if end >= 0 or b"<sheetData/>" in block:
                return
            rest = block[cut + 6 :] if cut >= 0 else block
            keep = rest.rfind(b"<row") if len(rest) > 4 * PIECE else 0
            if keep > 0 and b"<c " not in rest[:keep] and b"<c>" not in rest[:keep]:
                # no end of a row for long: these are empty rows that close themselves
                yield rest[:keep].decode()
                rest = rest[keep:]
            if len(rest) > LONGEST_ROW:
                raise damaged()
        raise damaged()


def _rows(text: str) -> Iterator[str]:
    """The texts of rows without their ends; empty rows that close themselves stand before the next one.

    Of many that are formatted and empty only the last is given, which says where they end.
    """
    last = text.rfind("<row")
    if "</c" not in text and last > 0 and ROW.match(text, last):
        yield text[last:]
    else:
        yield from text.removesuffix("</row>").split("</row>")


class _Taker:
    """Turns the text of rows into cells, row by row."""

    def __init__(self, strings: SharedStrings, numbers: Numbers, width: int) -> None:
        self.strings = strings
        self.numbers = numbers
        self.width = min(width, MOST_COLUMNS)
        self.formulas = 0
        self.columns = Columns()

    def rows(self, block: str, last: int) -> Iterator[Numbered]:
        """The rows of a block that come after this line; the cells of those that hold nothing are none."""
        for row in _rows(block):
            start = row.rfind("<row")
            found = USUAL_ROW.match(row, start) or ROW.match(row, start)
            last = int(found.group(1)) if found else last + row.count("<row")
            if "</c" not in row:
                yield last, []
                continue
            if start < 0:
                raise damaged()
            yield last, self.take(row[start:] if start else row)

    def take(self, row: str) -> list[Cell]:  # noqa: C901  # one loop: a call for each cell would double its time
        """The cells of a row up to the last that is filled."""
        count = row.count("<c")
        if count > 2 * MOST_COLUMNS:
            raise damaged()
        found: list[Found] = CELL.findall(row)
        if len(found) != count:
            found = _by_parser(row)
        cells: list[Cell] = []
        columns, width, strings, numbers = self.columns, self.width, self.strings, self.numbers
        column = -1
        for letters, style, kind, formula, value, inline in found:
            column = columns[letters] if letters else column + 1
            cell: Cell
            if formula:
                self.formulas += 1
                cell = self._result(kind, value, style)
            elif inline:
                cell = plain(inline) if "&" in inline or "_x" in inline else inline
            elif not value:
                continue
            elif kind == "s":
                cell = strings[int(value)] or None
            elif not kind or kind == "n":
                cell = numbers.cell(value, style) if style else number(value)
            else:
                cell = other(kind, value)
            # in the usual order each cell is the next
            if column == len(cells) < width:
                cells.append(cell)
            elif column < width:
                cells.extend([None] * (column + 1 - len(cells)))
                cells[column] = cell
        while cells and (cells[-1] is None or cells[-1] == ""):
            cells.pop()
        return cells

    def _result(self, kind: str, value: str, style: str) -> Cell:
        """The stored result of a formula; there is none if no spreadsheet has opened the file since it was made."""
        if kind in ("", "n"):
            return self.numbers.cell(value, style or "0") if value else CellError(NOT_CALCULATED)
        return other(kind, value)


def _by_parser(row: str) -> list[Found]:
    """The cells of a row written in an unusual way."""
    found: list[Found] = []
    cell: dict[str, str] = {}
    parts: dict[str, list[str]] = {"v": [], "t": []}
    inside: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        tag = local(tag)
        inside.append(tag)
        if len(inside) > DEEPEST:
            raise damaged()
        if tag == "c":
            cell.clear()
            cell.update(attributes)
            parts["v"].clear()
            parts["t"].clear()
        elif tag == "f":
            cell["f"] = "<f"

    def end(tag: str) -> None:
        tag = inside.pop()
        if tag == "c":
            letters = cell.get("r", "").rstrip("0123456789")
            style = cell.get("s", "")
            texts = ("".join(parts["v"]), "".join(parts["t"]))
            if not re.fullmatch(r"[A-Z]{0,3}", letters) or not re.fullmatch(r"\d{0,6}", style, re.ASCII):
                raise damaged()
            # what the parser resolved is not resolved again
            v, t = (text.replace("&", "&amp;") for text in texts)
            found.append((letters, style, cell.get("t", ""), cell.get("f", ""), v, t))

    def data(words: str) -> None:
        if inside[-1] in parts and "rPh" not in inside and "c" in inside:
            parts[inside[-1]].append(words)

    parse((row + "</row>").encode(), start, end, data)
    return found
