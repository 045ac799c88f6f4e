"""A column of a file read chunk by chunk: cells to values, values to what the database and the trail keep of them.

What a kind does with one value it does here with thousands: the functions are chosen once, and of columns that say the
same again and again (choices, areas, dates, references) each text is read once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from marshmallow import ValidationError
from psycopg.adapt import PyFormat, Transformer
from sqlalchemy import Dialect
from sqlalchemy.types import TypeEngine

from app.catalog import Field
from app.kinds import Kind
from app.store.events import written

ToRaw = Callable[[Field, Any], Any]
"""Makes of a cell what `kind.parse` reads; raises ValidationError in words."""

KNOWN_MOST = 20_000
NULL = r"\N"
"""What COPY is given for nothing."""
quote = json.encoder.encode_basestring
"""A text as JSON, Chinese as it stands."""


class Blank:
    """Stands for an empty cell; there is one, `BLANK`."""

    __slots__ = ()


class Kept:
    """Stands for a cell that says nothing new, such as a masked text; there is one, `KEPT`."""

    __slots__ = ()


BLANK = Blank()
KEPT = Kept()


class Fault:
    """Why a cell cannot be read; `could_be` are the rows that an ambiguous reference may mean."""

    __slots__ = ("could_be", "message")

    def __init__(self, message: str, could_be: frozenset[int] = frozenset()) -> None:
        self.message = message
        self.could_be = could_be


class Masked:
    """A text with its middle hidden: unchanged where the row's own value is masked so, a fault elsewhere."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def read_cell(item: Field, cell: Any, to_raw: ToRaw) -> Any:
    """The value of a cell, BLANK, Masked, or the Fault that says what is wrong with it."""
    if item.masked and cell.__class__ is str and "*" in cell:
        return Masked(cell.strip())
    try:
        raw = to_raw(item, cell)
        if raw is None or (raw.__class__ is str and not raw.strip()):
            return BLANK
        return item.kind.parse(item, raw)
    except ValidationError as error:
        return Fault(" ".join(str(text) for text in _texts(error.messages)))
    except (ValueError, ArithmeticError):
        # one cell that nobody thought of is told beside it, and does not end the check of all the others
        return Fault(_("What the cell holds cannot be read. Type its value anew."))


def _texts(messages: Any) -> Iterable[Any]:
    return messages if isinstance(messages, list) else [messages]


def repeats(item: Field) -> bool:
    """Whether a column of this field says few different things."""
    return item.kind.control in ("select", "checkbox", "date", "ref") or bool(item.names)


class Reader:
    """Reads the cells of one column; references are left as the texts that `references.Resolver` knows."""

    def __init__(self, item: Field, to_raw: ToRaw) -> None:
        self._item = item
        self._to_raw = to_raw
        self._known: dict[Any, Any] | None = {} if repeats(item) else None

    def read(self, cells: Sequence[Any]) -> list[Any]:
        """The values of the cells, in order."""
        item, to_raw, known = self._item, self._to_raw, self._known
        if known is None:
            return [
                BLANK if cell is None or cell == "" else read_cell(item, cell, to_raw) for cell in cells
            ]  # fmt: skip
        found = []
        for cell in cells:
            if cell is None or cell == "":
                found.append(BLANK)
                continue
            # 1, 1.0 and True are one key of a dictionary and three different cells
            key = cell if cell.__class__ is str else (cell.__class__, cell)
            value = known.get(key, known)
            if value is known:
                value = read_cell(item, cell, to_raw)
                if len(known) < KNOWN_MOST:
                    known[key] = value
            found.append(value)
        return found


def storage(item: Field, dialect: Dialect) -> Callable[[Any], str]:
    """Makes of a value the JSON of what the database keeps."""
    if item.refers:
        return str
    kind: Any = item.type.dialect_impl(dialect)
    bind = kind.bind_processor(dialect)

    def stored(value: Any) -> str:
        return _json(value if bind is None else bind(value))

    return stored


def _json(value: Any) -> str:
    """JSON of what a driver is given; what JSON has no word for is written as the database reads it."""
    kind = value.__class__
    if kind is str:
        return quote(value)
    if kind is int:
        return str(value)
    if isinstance(value, (date, datetime)):
        return f'"{value.isoformat()}"'
    if isinstance(value, Decimal):
        return f'"{value:f}"'
    return json.dumps(value, ensure_ascii=False)


def told(item: Field) -> Callable[[Any], str]:
    """Makes of a value the JSON of what the trail keeps of it."""

    def said(value: Any) -> str:
        text = written(item, value)
        return quote(text) if text.__class__ is str else json.dumps(text, ensure_ascii=False)

    return said


def _is_plain(item: Field, dialect: Dialect) -> bool:
    """Whether the value is a text that database and trail keep as it is."""
    if item.relation is not None or item.type.python_type is not str or type(item.kind).write is not Kind.write:
        return False
    return item.type.dialect_impl(dialect).bind_processor(dialect) is None


def escaped(text: str) -> str:
    """A text as COPY reads it."""
    if text.isprintable() and "\\" not in text:
        return text
    return text.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")


def copied(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], str]:
    """Makes of a value of this type what COPY reads, as the driver would send it."""
    bind = kind.dialect_impl(dialect).bind_processor(dialect)
    driver = Transformer()

    def text(value: Any) -> str:
        sent = value if bind is None else bind(value)
        if sent is None:
            return NULL
        if sent.__class__ is str:
            return escaped(sent)
        data = driver.get_dumper(sent, PyFormat.TEXT).dump(sent)
        return NULL if data is None else escaped(bytes(data).decode())

    return text


class Encoder:
    """Two texts of each value of a field: as the database keeps it, in JSON, and the JSON of how the trail tells it."""

    _null = "null"

    def __init__(self, item: Field, dialect: Dialect) -> None:
        self._plain = _is_plain(item, dialect)
        self._day = item.kind.control == "date"
        self._stored = self._storing(item, dialect)
        self._told = told(item)
        # by identity, as readers give the same object for the same text; the value is held so that its identity stays
        self._known: dict[int, tuple[Any, str, str]] | None = {} if repeats(item) else None

    def _storing(self, item: Field, dialect: Dialect) -> Callable[[Any], str]:
        return storage(item, dialect)

    def encode(self, values: Sequence[Any]) -> tuple[list[str], list[str]]:
        """Both texts of each of the values; "null" of None."""
        if self._plain:
            texts = ["null" if value is None else quote(value) for value in values]
            return self._texts(values, texts), texts
        if self._day:
            texts = ["null" if value is None else f'"{value.isoformat()}"' for value in values]
            return self._days(values, texts), texts
        known = self._known
        if known is None:
            null = (self._null, "null")
            pairs = [null if value is None else (self._stored(value), self._told(value)) for value in values]
            return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        found = [known.get(id(value)) or self._learn(value) for value in values]
        return [one[1] for one in found], [one[2] for one in found]

    def _texts(self, _values: Sequence[Any], told: list[str]) -> list[str]:
        """Texts as the database keeps them, given as the trail tells them too."""
        return told

    def _days(self, _values: Sequence[Any], told: list[str]) -> list[str]:
        """Days likewise."""
        return told

    def _learn(self, value: Any) -> tuple[Any, str, str]:
        texts = (value, self._null, "null") if value is None else (value, self._stored(value), self._told(value))
        if self._known is not None and len(self._known) < KNOWN_MOST:
            self._known[id(value)] = texts
        return texts


class CopyEncoder(Encoder):
    """The same two texts, of which the first is what COPY reads."""

    _null = NULL

    def _storing(self, item: Field, dialect: Dialect) -> Callable[[Any], str]:
        return str if item.refers else copied(item.type, dialect)

    def _texts(self, values: Sequence[Any], told: list[str]) -> list[str]:
        return [NULL if value is None else escaped(value) for value in values]

    def _days(self, values: Sequence[Any], told: list[str]) -> list[str]:
        return [NULL if value is None else value.isoformat() for value in values]
