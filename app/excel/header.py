"""Where the header of a sheet is: below its titles, in one row or two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from flask_babel import lazy_gettext as _l

from app.catalog import Entry
from app.excel.amounts import OTHER, said_above
from app.excel.book import MOST_COLUMNS, BadWorkbook, Book, Cell
from app.excel.layout import PREFIX
from app.excel.match import How, names_of
from app.excel.words import forms

SEARCHED = 30
"""Rows in which a header is looked for."""
LONGEST_TITLE = 200
"""Characters of a line above the header that is looked at."""
MOST_NAMED = 1_000
"""Columns of such a row that are looked at; no record has as many fields."""


@dataclass(frozen=True)
class Header:
    """The header of a sheet: the number of its last row (rows begin below), and a text for each column.

    `measure` is what stands above it of all amounts, such as 万元 of a line “单位：万元”.
    """

    row: int
    texts: tuple[str, ...]
    rows: int = 1
    measure: str = field(default="", compare=False)

    @property
    def width(self) -> int:
        """The columns that have a header; those to the right of them are no part of the table."""
        return len(self.texts)


def find_header(book: Book, sheet: int, entry: Entry) -> Header:
    """The header of a sheet; raises BadWorkbook if the sheet is empty.

    It is the row among the first that names the most fields of the record, or the two rows that do so together. If
    none names any, it is the first of the fullest rows of texts, and the person says what its columns are.
    """
    found = sorted(islice(book.rows(sheet, MOST_COLUMNS), SEARCHED), key=lambda one: one[0])
    lines = [(number, [_text(cell) for cell in cells]) for number, cells in found if number <= found[0][0] + SEARCHED]
    lines = [(number, texts) for number, texts in lines if any(texts)]
    if not lines:
        raise BadWorkbook(_l("The sheet is empty. Choose another sheet, or fill this one in."))
    best = max(range(len(lines)), key=lambda place: (_known(entry, lines[place][1]), -place))
    if not _known(entry, lines[best][1]):
        return _fullest(lines)
    return _measured(_with_neighbour(entry, lines, best), lines)


def given_header(book: Book, sheet: int, row: int, entry: Entry) -> Header:
    """The header in the row that the person says, joined with a neighbour where both together name more fields.

    Raises BadWorkbook if there is nothing in the row.
    """
    lines: dict[int, list[str]] = {}
    above: list[tuple[int, list[str]]] = []
    for number, cells in book.rows(sheet, MOST_COLUMNS):
        if abs(number - row) <= SEARCHED and any(texts := [_text(cell) for cell in cells]):
            above.append((number, texts))
            if abs(number - row) <= 1:
                lines[number] = texts
        if number > row + SEARCHED or (row in lines and number > row):
            break
    if row not in lines:
        text = _l("There is nothing in row %(row)s. Choose the row in which the columns are named.", row=row)
        raise BadWorkbook(text)
    near = sorted(lines.items())
    return _measured(_with_neighbour(entry, near, [number for number, _texts in near].index(row)), above)


def named(entry: Entry, header: Header) -> int:
    """How many fields of the record a header names for sure."""
    return _known(entry, header.texts) // 2


def continuing(book: Book, sheet: int, header: Header, entry: Entry) -> tuple[int, ...]:
    """The sheets that go on where this one ends: those next to it that are shown and have the very same header."""
    found: list[int] = []
    for place in range(sheet + 1, len(book.sheets)):
        if book.sheets[place].hidden:
            continue
        try:
            same = given_header(book, place, header.row, entry) == header
        except BadWorkbook:
            same = False
        if not same:
            break
        found.append(place)
    return tuple(found)


def _measured(header: Header, lines: Sequence[tuple[int, list[str]]]) -> Header:
    """The header with what the lines above it say of all amounts."""
    texts = (text for number, row in lines if number < header.row for text in row if len(text) <= LONGEST_TITLE)
    said = [found for text in texts if (found := said_above(text))]
    # of a line “币种：美元” and another “单位：万元” the first says what the second means
    return replace(header, measure=next((one for one in said if OTHER.search(one)), said[0] if said else ""))


def _with_neighbour(entry: Entry, lines: list[tuple[int, list[str]]], best: int) -> Header:
    """The best row, joined with the one above or below it where both together name more fields."""
    number, texts = lines[best]
    choice = (_known(entry, texts), Header(number, _cut(texts)))
    for above, below in ((best - 1, best), (best, best + 1)):
        if above < 0 or below >= len(lines) or lines[below][0] != lines[above][0] + 1:
            continue
        joined = _join(lines[above][1], lines[below][1])
        known = _known(entry, joined)
        if known > choice[0]:
            choice = (known, Header(lines[below][0], _cut(joined), rows=2))
    return choice[1]


def _join(above: Sequence[str], below: Sequence[str]) -> list[str]:
    """Two rows as one: a merged cell above stands over all its columns, and over empty cells below alone."""
    width = max(len(above), len(below))
    upper = [*above, *[""] * (width - len(above))]
    lower = [*below, *[""] * (width - len(below))]
    group, found = "", []
    for top, bottom in zip(upper, lower, strict=True):
        group = top or group
        found.append(bottom or top)
    return found


def _known(entry: Entry, texts: Sequence[str]) -> int:
    """How many fields a row names, twice as much for sure names as for pinyin; hidden headers count most."""
    names = names_of(entry)
    sure: set[str] = set()
    other: set[str] = set()
    for text in texts[:MOST_NAMED]:
        if text.startswith(PREFIX):
            sure.add(text)
        for form in forms(text) if text else ():
            for way, known in names.items():
                if form in known:
                    (other if way is How.PINYIN else sure).add(known[form])
    return 2 * len(sure) + len(other - sure)


def _fullest(lines: list[tuple[int, list[str]]]) -> Header:
    most = max(sum(map(bool, texts)) for _number, texts in lines)
    number, texts = next((number, texts) for number, texts in lines if sum(map(bool, texts)) == most)
    return Header(number, _cut(texts))


def _cut(texts: Sequence[str]) -> tuple[str, ...]:
    kept = list(texts)
    while kept and not kept[-1]:
        kept.pop()
    return tuple(kept)


def _text(cell: Cell) -> str:
    return " ".join(cell.split()) if isinstance(cell, str) else "" if cell is None else str(cell)
