"""Rows of an .xlsx sheet taken apart a block at a time: one regular expression for whole rows, then column by column.

It knows rows in the form that spreadsheets and their libraries write alone. A block that it does not account for to the
last row is given back, to be read row by row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from app.excel.book import Cell, CellError
from app.excel.strings import SharedStrings, plain
from app.excel.styles import Numbers, number

WIDEST = 200
"""Columns of a sheet that is read so."""
MOST_FAILURES = 4
"""After so many blocks in turn that were not as expected no more are tried."""

LETTERS = re.compile('<c r="([A-Z]{1,3})[0-9]')
MARKS = re.compile('(?: s="([0-9]{1,6})")?(?: t="([a-zA-Z]{1,9})")?')
CELL = (
    '(?:<c r="{letters}[0-9]{{1,7}}+"([^>/]*+)'
    '(?:>(?:<v>|<is><t(?: xml:space="preserve")?>)([^<]*+)(?:</v>|</t></is>)</c>|/>|></c>))?+'
)

Numbered = tuple[int, list[Cell]]
Take = Callable[[str], Cell]


def index_of(letters: str) -> int:
    """The index of a column, counted from 0, by its letters."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def other(kind: str, value: str) -> Cell:
    """A cell that is neither a number nor a shared string."""
    if kind == "b":
        return value.strip() in ("1", "true")
    if kind == "e":
        return CellError(plain(value))
    return plain(value)


class Blocks:
    """Takes the blocks of one sheet; each column's cells are turned into values together."""

    def __init__(self, strings: SharedStrings, numbers: Numbers, width: int) -> None:
        self._strings = strings
        self._numbers = numbers
        self._width = width
        self._letters: tuple[str, ...] = ()
        self._row: re.Pattern[str] | None = None
        self._takes: dict[str, Take | None] = {}
        self._failures = 0

    def take(self, text: str) -> list[Numbered] | None:
        """The rows of a block that hold anything; None where it has to be read another way."""
        if self._failures == MOST_FAILURES:
            return None
        found = self._rows(text)
        if found is None:
            self._failures += 1
        else:
            self._failures = 0
        return found

    def _rows(self, text: str) -> list[Numbered] | None:
        count = text.count("<row")
        # inline texts are told by their cells' type alone
        if not count or text.count("<is>") != text.count(' t="inlineStr"><is>'):
            return None
        found = self._row.findall(text) if self._row is not None else []
        if len(found) != count:
            if not self._widen(text) or self._row is None:
                return None
            found = self._row.findall(text)
            if len(found) != count:
                return None
        lines, *parts = zip(*found, strict=True)
        coded = "&" in text or "_x" in text
        columns = [
            self._column(marks, values, coded) for marks, values in zip(parts[::2], parts[1::2], strict=True)
        ]  # fmt: skip
        if None in columns:
            return None
        return self._numbered(lines, [column for column in columns if column is not None])

    def _widen(self, text: str) -> bool:
        """Expect the columns that a block has beside those known; False if it has none but these, or too many."""
        letters = {*self._letters, *LETTERS.findall(text)}
        if len(letters) == len(self._letters) or len(letters) > WIDEST:
            return False
        self._letters = tuple(sorted(letters, key=index_of))
        cells = "".join(CELL.format(letters=one) for one in self._letters)
        self._row = re.compile(f'<row r="([0-9]{{1,7}})"[^>]*+>{cells}</row>')
        return True

    def _numbered(self, lines: Sequence[str], columns: Sequence[list[Cell]]) -> list[Numbered]:
        """The rows in the file's order, without those that hold nothing."""
        wanted = {index_of(letters): column for letters, column in zip(self._letters, columns, strict=True)}
        width = min(max(wanted) + 1, self._width)
        nothing: list[Cell] = [None] * len(lines)
        rows = []
        for line, row in zip(lines, zip(*(wanted.get(i, nothing) for i in range(width)), strict=True), strict=True):
            cells = list(row)
            while cells and (cells[-1] is None or cells[-1] == ""):
                cells.pop()
            if cells:
                rows.append((int(line), cells))
        return rows

    def _column(self, marks: Sequence[str], values: Sequence[str], coded: bool) -> list[Cell] | None:
        """The cells of a column by what stands in each and how it is marked; None if a mark is not known.

        `coded` says whether a text of the block may have to be decoded.
        """
        kinds = set(marks)
        takes = {mark: self._take_of(mark) for mark in kinds}
        if None in takes.values():
            return None
        if len(kinds) > 1:
            # a cell without any mark may be one that is not there, or a number
            return [takes[mark](value) if value else None for mark, value in zip(marks, values, strict=True)]  # type: ignore[misc]  # none is None
        take = takes[marks[0]]
        if take is _text and not coded:
            return [value or None for value in values]
        if take == self._shared:
            # what is empty holds no number
            texts = iter(self._strings.several([int(value) for value in values if value]))
            return [next(texts) or None if value else None for value in values]
        return [take(value) if value else None for value in values]  # type: ignore[misc]  # it is not None

    def _take_of(self, mark: str) -> Take | None:
        if mark not in self._takes:
            self._takes[mark] = self._make(mark)
        return self._takes[mark]

    def _make(self, mark: str) -> Take | None:
        """What turns the content of cells marked so into values."""
        found = MARKS.fullmatch(mark)
        if found is None:
            return None
        style, kind = found[1] or "", found[2] or ""
        if kind == "s":
            return self._shared
        if kind in ("", "n"):
            numbers = self._numbers
            return (lambda value: numbers.cell(value, style)) if style else number
        return _text if kind not in ("b", "e") else lambda value: other(kind, value)

    def _shared(self, value: str) -> Cell:
        return self._strings[int(value)] or None


def _text(value: str) -> Cell:
    return plain(value) if "&" in value or "_x" in value else value
