"""A place in an ordered list as text for an address: opaque to people, checked when it is read."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, Date, DateTime, Integer

from app.catalog import Field
from app.declare.choices import Choices
from app.declare.types import Moment, ScaledNumber
from app.kinds.link import HIGHEST_ID
from app.store.search.match import TIERS


@dataclass(frozen=True)
class Cursor:
    """A place in an ordered list: the order's value and the id of the row there, and the value that breaks its tie.

    Of a list ordered by a reference also the id that the row refers to: its value is the referred row's.
    """

    value: Any
    id: int
    tie: Any = None
    target: int | None = None


@dataclass(frozen=True)
class Shape:
    """What a place in a list is made of: its order's name and field (none by relevance), and what breaks ties."""

    name: str
    order: Field | None
    tie: Field | None

    @property
    def refers(self) -> bool:
        """Whether a place also says which row is referred to."""
        return self.order is not None and self.order.refers


DECODERS: Mapping[str, Callable[[str], Any]] = {
    "n": lambda _text: None,
    "s": str,
    "i": int,
    "d": Decimal,
    "D": date.fromisoformat,
    "t": datetime.fromisoformat,
}


def written(shape: Shape, cursor: Cursor) -> str:
    """A place as text."""
    tied = () if shape.tie is None else _tagged(cursor.tie)
    referred = (cursor.target,) if shape.refers else ()
    place = [shape.name, *_tagged(cursor.value), cursor.id, *tied, *referred]
    raw = json.dumps(place, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _tagged(value: Any) -> tuple[str, str]:
    if value is None:
        return "n", ""
    if isinstance(value, Choices):
        return "s", str(value.value)
    if isinstance(value, datetime):
        return "t", (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return "D", value.isoformat()
    if isinstance(value, Decimal):
        return "d", str(value)
    if isinstance(value, (bool, int)):
        return "i", str(int(value))
    return "s", str(value)


def read(shape: Shape, text: str) -> Cursor:
    """The place that `written` wrote for the same shape; raises one of several errors for any other text."""
    padded = text + "=" * (-len(text) % 4)
    name, tag, value, row_id, *rest = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    if name != shape.name or not _is_id(row_id):
        raise ValueError(name)
    target = rest.pop() if shape.refers else None
    if target is not None and not _is_id(target):
        raise ValueError(target)
    if len(rest) != (0 if shape.tie is None else 2):
        raise ValueError(rest)
    tie = None if shape.tie is None else _tie(shape, *rest)
    found = _tier(tag, value) if shape.order is None else _value(shape.order, tag, value)
    if shape.refers and found is not None and target is None:
        raise ValueError(found)
    return Cursor(found, row_id, tie, target)


def _is_id(value: Any) -> bool:
    return type(value) is int and abs(value) <= HIGHEST_ID


def _tie(shape: Shape, tag: Any, text: Any) -> Any:
    """Only where a reference orders the list may what breaks ties be empty."""
    if shape.tie is None or (tag == "n" and not (shape.refers and shape.tie.nullable)):
        raise ValueError(tag)
    return _decoded(shape.tie, tag, text)


def _tier(tag: Any, text: Any) -> int:
    """The tier that a place in a list by relevance names; raises ValueError for one that there is not."""
    if tag != "i" or text not in map(str, range(len(TIERS))):
        raise ValueError(text)
    return int(text)


def _value(item: Field, tag: Any, text: Any) -> Any:
    if item.refers and sort_field(item) is item and tag != "n":
        raise ValueError(tag)
    return _decoded(sort_field(item), tag, text)


def _decoded(item: Field, tag: Any, text: Any) -> Any:
    """The field's value that a place names; raises ValueError for one that none can have."""
    if not isinstance(text, str) or tag not in _expected_tags(item):
        raise ValueError(tag)
    value = DECODERS[tag](text)
    if value is not None and not _storable(item.type, value):
        raise ValueError(text)
    zoneless = isinstance(value, datetime) and not isinstance(item.type, Moment)
    return without_zone(value) if zoneless else value


def _storable(column_type: Any, value: Any) -> bool:
    """Whether a database takes the value for a column of this type; raises ValueError for a text in no encoding."""
    if isinstance(value, str):
        value.encode()
        return "\x00" not in value
    if isinstance(value, datetime):
        return value.tzinfo is not None and value.astimezone(UTC).year > 0
    if isinstance(value, Decimal):
        digits, scale = column_type.digits, column_type.scale
        exponent = value.as_tuple().exponent  # of what is no number it is a letter
        return isinstance(exponent, int) and -scale <= exponent <= digits and abs(value) < 10**digits
    if isinstance(column_type, Boolean):
        return value in (0, 1)
    return not isinstance(value, int) or abs(value) <= HIGHEST_ID


TAGS: Mapping[type[Any], str] = {
    ScaledNumber: "d",
    Moment: "t",
    DateTime: "t",
    Date: "D",
    Integer: "i",
    Boolean: "i",
}
"""The tag of a value by its column's type; text has "s"."""


def _expected_tags(item: Field) -> str:
    """The tags that a field's value may have in a place: its own, or none for an empty value."""
    return "n" + next((TAGS[base] for base in type(item.type).__mro__ if base in TAGS), "s")


def sort_field(item: Field) -> Field:
    """The field whose values order a list by `item`: a reference is ordered as the rows it points at are."""
    if not item.refers or item.target is None:
        return item
    target = item.target.order[0]
    return item if target.refers else target


def without_zone(value: datetime) -> datetime:
    """A moment for a column of the identity library, which knows no zone: PostgreSQL would take its own for UTC."""
    return value.astimezone(UTC).replace(tzinfo=None)
