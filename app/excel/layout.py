"""What a workbook of a record looks like, so that one which was written can be known when it comes back.

Row 1 holds the labels of the fields. At its right end stand three hidden columns, headed by `ROW_ID`, `ROW_VERSION`
and the record's `stamp`; below the stamp the cells are empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from app.catalog import Entry

ROW_ID = "rn:id"
ROW_VERSION = "rn:version"
PREFIX = "rn:"
DIGITS = 12


@dataclass(frozen=True)
class Stamp:
    """What the header of a workbook says about its origin: the record's name, and how the record was declared."""

    record: str
    fingerprint: str


def fingerprint(entry: Entry) -> str:
    """Twelve hexadecimal digits that change when the record's fields, their kinds or what is required change."""
    lines = (f"{item.name}:{type(item.kind).__name__}:{int(item.required)}" for item in entry.fields.values())
    return sha256("\n".join((entry.name, *lines)).encode()).hexdigest()[:DIGITS]


def stamp(entry: Entry) -> str:
    """The header of the third hidden column."""
    return f"{PREFIX}{entry.name}:{fingerprint(entry)}"


def hidden_headers(entry: Entry) -> tuple[str, str, str]:
    """The headers of the hidden columns, in order."""
    return ROW_ID, ROW_VERSION, stamp(entry)


def read_stamp(text: object) -> Stamp | None:
    """What a header says about the workbook's origin, or None if it is no stamp."""
    if not isinstance(text, str) or not text.startswith(PREFIX):
        return None
    _prefix, record, *rest = text.strip().split(":")
    if len(rest) != 1 or len(rest[0]) != DIGITS:
        return None
    return Stamp(record, rest[0])
