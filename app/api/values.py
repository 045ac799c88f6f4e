"""Values as JSON: how each kind is described, sent and taken; strict about types, so that the description is true."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _

from app.catalog import Entry, Field
from app.declare.choices import Choices
from app.kinds import Kind
from app.kinds.link import HIGHEST_ID, FilesKind, ManyKind, OneKind
from app.kinds.text import CitizenIdKind, CreditCodeKind, LineKind, OrgCodeKind, ProseKind, SecretKind
from app.kinds.value import ChoiceKind, DateKind, DecimalKind, FlagKind, IntegerKind, MomentKind, YearKind
from app.store.page import Values
from app.store.validate import Errors

Schema = dict[str, Any]
AS_THEY_ARE = (LineKind, ProseKind, IntegerKind, YearKind, DateKind, FlagKind, MomentKind, OneKind)
"""Kinds whose values the writer of JSON takes as the database gives them; of those of a moment it knows the zone."""
DAY = r"^\d{4}-\d{2}-\d{2}$"
MOMENT = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$"


def _line(item: Field) -> Schema:
    return {"type": "string", "maxLength": item.length} if item.length else {"type": "string"}


def _decimal(item: Field) -> Schema:
    digits, scale = item.precision
    tail = rf"(\.[0-9]{{1,{scale}}})?" if scale else ""
    return {"type": "string", "pattern": rf"^-?[0-9]{{1,{digits - scale}}}{tail}$"}


def _choice(item: Field) -> Schema:
    return {"type": "string", "enum": [str(one.value) for one in item.choices]}


ID: Schema = {"type": "integer", "minimum": 1, "maximum": HIGHEST_ID}
DESCRIBE: dict[type[Kind], Callable[[Field], Schema]] = {
    LineKind: _line,
    ProseKind: lambda item: {"type": "string", "maxLength": 100_000},
    SecretKind: lambda item: {"type": "string", "minLength": 12, "maxLength": 256},
    IntegerKind: lambda item: {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    YearKind: lambda item: {"type": "integer", "minimum": YearKind.lowest, "maximum": YearKind.highest},
    DecimalKind: _decimal,
    DateKind: lambda item: {"type": "string", "format": "date"},
    MomentKind: lambda item: {"type": "string", "format": "date-time"},
    FlagKind: lambda item: {"type": "boolean"},
    ChoiceKind: _choice,
    OneKind: lambda item: ID,
    ManyKind: lambda item: {"type": "array", "items": ID, "uniqueItems": True, "maxItems": 1000},
    FilesKind: lambda item: {
        "type": "array", "items": {"type": "string", "pattern": "^[0-9a-f]{32}$"}, "uniqueItems": True, "maxItems": 50,
    },
}  # fmt: skip

EXAMPLES: dict[type[Kind], Callable[[Field], Any]] = {
    CitizenIdKind: lambda item: "11010519491231002X",
    OrgCodeKind: lambda item: "D2143569-X",
    CreditCodeKind: lambda item: "91350100M000100Y43",
    LineKind: lambda item: next(iter(item.names), "") if item.names else "2004-1",
    ProseKind: lambda item: item.label,
    SecretKind: lambda item: "correct horse battery",
    IntegerKind: lambda item: 12,
    YearKind: lambda item: 2004,
    DecimalKind: lambda item: "50",
    DateKind: lambda item: "2004-06-30",
    MomentKind: lambda item: "2004-06-30T01:30:00Z",
    FlagKind: lambda item: True,
    ChoiceKind: lambda item: str(item.choices[0].value),
    OneKind: lambda item: 1,
    ManyKind: lambda item: [1],
    FilesKind: lambda item: [],
}


def _of(kind: Kind, table: Mapping[type[Kind], Callable[[Field], Any]], item: Field) -> Any:
    found = next((table[base] for base in type(kind).__mro__ if base in table), None)
    return {"type": "string"} if found is None else found(item)


def describe(item: Field, *, sent: bool) -> Schema:
    """The JSON Schema of a field: as it is sent to a client, or as it is taken from one."""
    found = dict(_of(item.kind, DESCRIBE, item))
    if sent and item.masked:
        found = {"type": "string"}
    if (not item.required and not (item.many or item.kind.control == "checkbox")) or (sent and not item.many):
        found["type"] = [found["type"], "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    if sent:
        for bound in ("pattern", "maxLength", "minLength", "format"):
            found.pop(bound, None)
        if "items" in found:
            found["items"] = {"type": found["items"]["type"]}
    elif item.required and found.get("type") == "string" and "enum" not in found and "format" not in found:
        found.setdefault("minLength", 1)
    found["title"] = item.label
    if str(item.spec.help):
        found["description"] = str(item.spec.help)
    return found


def example(item: Field) -> Any:
    """A value that the field takes."""
    value = _of(item.kind, EXAMPLES, item)
    return value[: item.length] if isinstance(value, str) and item.length else value


def send(item: Field, value: Any) -> Any:
    """A value as JSON; a masked one as its masked text."""
    if value is None:
        return [] if item.many else None
    if item.masked:
        return item.kind.mask(item.kind.show(item, value).text)
    if isinstance(value, Choices):
        return str(value.value)
    if isinstance(value, Decimal):
        return item.kind.write(item, value)
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, (bool, int, str, list)):
        return value
    return item.kind.write(item, value)


def _moment(value: datetime) -> str:
    # as the database gives them; to reckon each anew is a part of what a long list costs
    there = value if value.tzinfo is UTC else value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return f"{there.isoformat()[:-6]}Z"


@lru_cache(maxsize=512)
def visible(entry: Entry) -> tuple[Field, ...]:
    """The fields that are sent: all but secrets."""
    return tuple(item for item in entry.fields.values() if item.kind.control != "secret")


def row(entry: Entry, values: Values) -> dict[str, Any]:
    """A row as JSON: id, version, and the fields it was read with."""
    return rows(entry, [values])[0]


def rows(entry: Entry, found: Sequence[Values]) -> list[dict[str, Any]]:
    """Rows as JSON, all read with the same fields: a column at a time, as what is to be done is told once for each."""
    if not found:
        return []
    kept, turned = _plan(entry, tuple(found[0]))
    sent = [dict(values) for values in found] if kept is None else [{n: values[n] for n in kept} for values in found]
    for item in turned:
        for values, value in zip(sent, _column(item, [values[item.name] for values in found]), strict=True):
            values[item.name] = value
    return sent


@lru_cache(maxsize=1024)
def _plan(entry: Entry, names: tuple[str, ...]) -> tuple[tuple[str, ...] | None, tuple[Field, ...]]:
    """Of rows with these values: the names of those that are sent, None if all are, and the fields sent otherwise."""
    fields = [item for item in visible(entry) if item.name in names]
    kept = ("id", "version", *(item.name for item in fields))
    turned = tuple(item for item in fields if item.masked or item.many or not isinstance(item.kind, AS_THEY_ARE))
    return None if set(kept) == set(names) else kept, turned


def _column(item: Field, values: list[Any]) -> list[Any]:
    """The values of a field as they are sent, each as `send` does."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds and not (item.masked or item.many) and all(issubclass(kind, Choices) for kind in kinds):
        return [value if value is None else str(value._value_) for value in values]
    return [send(item, value) for value in values]


def take(entry: Entry, body: Mapping[str, Any], names: frozenset[str]) -> tuple[dict[str, Any], Errors]:
    """What a client sent, as the store takes it, and what is wrong with names and types of it."""
    raw: dict[str, Any] = {}
    errors: Errors = {}
    for name, value in body.items():
        item = entry.fields.get(name)
        if item is None:
            errors[name[:100]] = [_("There is no such field.")]
        elif name not in names:
            errors[name] = [_("You may not set this field.")]
        else:
            fault = wrong(describe(item, sent=False), value)
            if fault:
                errors[name] = [fault]
            raw[name] = _native(item, value)
    return raw, errors


def _native(item: Field, value: Any) -> Any:
    """An integer written as 12.0 is one; a flag is typed as its text."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value() and abs(value) < 10**12:
        return int(value)
    return value


def wrong(schema: Schema, value: Any) -> str:
    """What is wrong with the type or shape of a JSON value; empty if nothing."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(TYPES[name](value) for name in types):
        return str(_("This must be of the type: %(types)s.", types=", ".join(types)))
    if isinstance(value, str):
        return _wrong_text(schema, value)
    if isinstance(value, list):
        if len(value) > schema.get("maxItems", len(value)):
            return str(_("At most %(limit)s rows can be chosen.", limit=schema["maxItems"]))
        faults = [fault for one in value if (fault := wrong(schema["items"], one))]
        if not faults and len(set(value)) != len(value):
            faults = [str(_("Each may stand here once."))]
        return faults[0] if faults else ""
    return ""


def _wrong_text(schema: Schema, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        return str(_("The text has a character that cannot be stored."))
    most = schema.get("maxLength")
    if most is not None and len(value) > most:
        return str(_("At most %(limit)s characters; there are %(count)s.", limit=most, count=len(value)))
    if "enum" in schema and value not in schema["enum"]:
        return str(_("Choose one of: %(allowed)s.", allowed="、".join(one for one in schema["enum"] if one)))
    shape = {"date": DAY, "date-time": MOMENT}.get(schema.get("format", ""), schema.get("pattern", ""))
    if shape and not re.search(shape, value, re.ASCII):
        if schema.get("format") == "date":
            return str(_("Give a date, such as %(example)s.", example="2004-06-30"))
        if schema.get("format") == "date-time":
            return str(_("Give a date and time, such as %(example)s.", example="2004-06-30T09:30:00+08:00"))
        return str(_("This does not fit the pattern %(pattern)s.", pattern=shape))
    return ""


def _is_integer(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and abs(value) < 10**12 and value == value.to_integral_value()
    return isinstance(value, int) and not isinstance(value, bool)


TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}
