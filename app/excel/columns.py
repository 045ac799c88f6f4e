"""A field as a column of a workbook: one formatter, chosen once, for all its values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from xml.sax.saxutils import escape

from sqlalchemy.orm import Session

from app.catalog import Entry, Field
from app.excel import celltext as text
from app.excel.package import STYLE
from app.kinds.base import SheetValue
from app.store.labels import keys, nobody

Values = Sequence[Any]
Lines = range

FIRST_DAY = date(1900, 3, 1)
"""Earlier days have other numbers in Excel than in everybody else's calendar; they are written as text."""
DAY_ZERO = date(1899, 12, 30).toordinal()
MIDNIGHT = datetime(1899, 12, 30)  # noqa: DTZ001  # a cell knows no time zone
DIGITS = 15
"""The digits of a number that Excel keeps."""
FEW = 16
MOST_KNOWN = 20_000
AT_ONCE = 10_000
"""Ids in one statement: databases take no more than some ten thousand values."""
SEVERAL = "、"
WIDEST, NARROWEST = 60, 9


class References:
    """The keys of referred rows, looked up once for each chunk and forgotten when they become too many."""

    def __init__(self, session: Session, entry: Entry) -> None:
        self._session, self._entry = session, entry
        self._known: dict[int, str] = {}
        self._hidden = nobody()

    def __call__(self, ids: Iterable[int]) -> Mapping[int, str]:
        """The keys of these rows; what the actor may not see is said to be so."""
        wanted = set(ids)
        missing = wanted - self._known.keys()
        if missing:
            if len(self._known) + len(missing) > MOST_KNOWN:
                self._known.clear()
                missing = wanted
            self._known.update(dict.fromkeys(missing, self._hidden))
            ids = iter(missing)
            while some := list(islice(ids, AT_ONCE)):
                self._known.update(keys(self._session, self._entry, some))
        return self._known


@dataclass
class Column:
    """A column in the making; `xml` and `csv` turn a chunk's values into cells."""

    item: Field
    letters: str
    style: int
    texts: Callable[[Values], Values]
    xml: Callable[[Values, Lines], list[str]] = field(init=False)
    csv: Callable[[Values], Values] = field(init=False)
    cut: int = 0

    @property
    def label(self) -> str:
        return self.item.label

    def width(self, sample: Values) -> float:
        """The column's width by its head and some of its values."""
        widest = max((text.width(str(value)) for value in self.texts(sample) if value is not None), default=0)
        # the button of the filter stands in the head
        return min(WIDEST, max(NARROWEST, widest + 2, text.width(self.label) + 4))


def column(session: Session, item: Field, letters: str, shared: dict[str, int]) -> Column:
    """The column of a field; closed lists put their texts into `shared`."""
    value = item.kind.sheet_value(item)
    if item.target is not None:
        made = Column(item, letters, STYLE["text"], _referring(item, References(session, item.target)))
        return _text(made)
    if item.masked:
        return _text(Column(item, letters, STYLE["text"], _each(_masking(item, value))))
    if isinstance(value, Mapping):
        return _listed(Column(item, letters, STYLE["text"], _each(value.__getitem__)), value, shared)
    made = Column(item, letters, STYLE[item.kind.sheet], list if value is None else _each(value))
    return WRITERS[item.kind.sheet](made)


def _masking(item: Field, value: SheetValue) -> Callable[[Any], str]:
    if value is None:
        return item.kind.mask
    known = value.__getitem__ if isinstance(value, Mapping) else value
    return lambda one: item.kind.mask(str(known(one)))


def _each(function: Callable[[Any], Any]) -> Callable[[Values], Values]:
    return lambda values: [None if one is None else function(one) for one in values]


def _referring(item: Field, known: References) -> Callable[[Values], Values]:
    if item.many:

        def several(values: Values) -> Values:
            found = known(one for ids in values for one in ids)
            return [SEVERAL.join(found[one] for one in ids) or None for ids in values]

        return several

    def single(values: Values) -> Values:
        found = known(one for one in values if one is not None)
        return [None if one is None else found[one] for one in values]

    return single


def _text(made: Column) -> Column:
    """Cells of text, each with its own."""
    letters, style, bounded = made.letters, made.style, 0 < made.item.length <= text.LONGEST // 2

    def xml(values: Values, lines: Lines) -> list[str]:
        return cells([one or "" for one in made.texts(values)], lines)

    def cells(found: list[str], lines: Lines) -> list[str]:
        joined = text.joined(found)
        if bounded and text.all_plain(found, joined):
            if "&" in joined or "<" in joined or ">" in joined:
                found = escape(joined).split(text.BETWEEN)[1:-1]
            return [
                f'<c r="{letters}{line}" s="{style}" t="inlineStr"><is><t>{one}</t></is></c>'
                if one
                else f'<c r="{letters}{line}" s="{style}"/>'
                for line, one in zip(lines, found, strict=True)
            ]
        if len(found) <= FEW:
            return [one_cell(line, one) for line, one in zip(lines, found, strict=True)]
        # only those around the one that needs a look of its own get one
        half = len(found) // 2
        return cells(found[:half], lines[:half]) + cells(found[half:], lines[half:])

    def one_cell(line: int, one: str) -> str:
        if not one:
            return f'<c r="{letters}{line}" s="{style}"/>'
        done = text.for_xml(one)
        if not done.xml:
            return f'<c r="{letters}{line}" s="{style}"/>'
        made.cut += done.cut
        chosen = STYLE["quoted"] if done.quoted else style
        space = ' xml:space="preserve"' if done.kept else ""
        return f'<c r="{letters}{line}" s="{chosen}" t="inlineStr"><is><t{space}>{done.xml}</t></is></c>'

    def csv(values: Values) -> Values:
        found = [one or "" for one in made.texts(values)]
        return [text.for_csv(one) for one in found] if text.FORMULA.search(text.joined(found)) else found

    made.xml, made.csv = xml, csv
    return made


def _listed(made: Column, texts: Mapping[Any, str], shared: dict[str, int]) -> Column:
    """Cells of a closed list: each text is written once, and a cell says which."""
    letters, style = made.letters, made.style
    plain = _text(Column(made.item, letters, style, made.texts))
    cells = {
        value: f'" s="{style}" t="s"><v>{shared.setdefault(one, len(shared))}</v></c>'
        for value, one in texts.items()
        if not one.startswith(text.BEGINNINGS) and text.all_plain([one], text.joined([one]))
    }
    cells[None] = f'" s="{style}"/>'
    lines_of = {value: text.for_csv(one) for value, one in texts.items()} | {None: ""}

    def xml(values: Values, lines: Lines) -> list[str]:
        try:
            return [f'<c r="{letters}{line}{cells[one]}' for line, one in zip(lines, values, strict=True)]
        except KeyError:  # a value that the list no longer has
            return plain.xml(values, lines)

    def csv(values: Values) -> Values:
        try:
            return [lines_of[one] for one in values]
        except KeyError:
            return plain.csv(values)

    made.xml, made.csv = xml, csv
    return made


def _number(made: Column) -> Column:
    letters, style = made.letters, made.style
    plain = _text(
        Column(made.item, letters, STYLE["text"], lambda values: [None if v is None else str(v) for v in values])
    )
    scaled = isinstance(getattr(made.item.type, "digits", None), int)
    digits, scale = made.item.precision if scaled else (0, 0)
    limit = Decimal(10) ** (DIGITS - scale) if digits > DIGITS else None

    def cell(line: int, one: Any) -> str:
        if one is None:
            return f'<c r="{letters}{line}" s="{style}"/>'
        if limit is not None and not -limit < one < limit:
            return plain.xml([made.item.kind.write(made.item, one)], range(line, line + 1))[0]
        return f'<c r="{letters}{line}" s="{style}"><v>{one}</v></c>'

    made.xml = lambda values, lines: [cell(line, one) for line, one in zip(lines, made.texts(values), strict=True)]
    made.csv = lambda values: [
        None if one is None else made.item.kind.write(made.item, one) for one in made.texts(values)
    ]
    return made


def _date(made: Column) -> Column:
    letters, style, zero = made.letters, made.style, DAY_ZERO

    def xml(values: Values, lines: Lines) -> list[str]:
        if None not in values and min(values) >= FIRST_DAY:
            return [
                f'<c r="{letters}{line}" s="{style}"><v>{one.toordinal() - zero}</v></c>'
                for line, one in zip(lines, values, strict=True)
            ]
        return [cell(line, one) for line, one in zip(lines, values, strict=True)]

    def cell(line: int, one: date | None) -> str:
        if one is None:
            return f'<c r="{letters}{line}" s="{style}"/>'
        if one < FIRST_DAY:
            return f'<c r="{letters}{line}" s="{STYLE["text"]}" t="inlineStr"><is><t>{one.isoformat()}</t></is></c>'
        return f'<c r="{letters}{line}" s="{style}"><v>{one.toordinal() - zero}</v></c>'

    made.xml = xml
    made.csv = lambda values: [None if one is None else one.isoformat() for one in values]
    return made


def _moment(made: Column) -> Column:
    letters, style = made.letters, made.style

    def cell(line: int, one: datetime | None) -> str:
        if one is None:
            return f'<c r="{letters}{line}" s="{style}"/>'
        if one.date() < FIRST_DAY:
            return f'<c r="{letters}{line}" s="{STYLE["text"]}" t="inlineStr"><is><t>{one:%Y-%m-%d %H:%M}</t></is></c>'
        since = one - MIDNIGHT
        serial = since.days + (since.seconds + since.microseconds / 1_000_000) / 86_400
        return f'<c r="{letters}{line}" s="{style}"><v>{serial!r}</v></c>'

    made.xml = lambda values, lines: [cell(line, one) for line, one in zip(lines, made.texts(values), strict=True)]
    made.csv = lambda values: [None if one is None else f"{one:%Y-%m-%d %H:%M}" for one in made.texts(values)]
    return made


WRITERS: dict[str, Callable[[Column], Column]] = {
    "text": _text,
    "number": _number,
    "money": _number,
    "date": _date,
    "moment": _moment,
}
"""What makes the formatters, by what the kind says its cell is."""
