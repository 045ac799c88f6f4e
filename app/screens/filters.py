"""A list's filters as controls and as chips."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from app.access import may, readable
from app.catalog import Field
from app.declare.access import Verb
from app.screens.common import with_query
from app.screens.pages import Chip, Control, Option
from app.screens.shell import me
from app.store.labels import labels_for, nobody
from app.store.query import Condition, Query
from app.store.session import db

SIGNS = {"gte": "≥", "lte": "≤"}


def controls(query: Query) -> tuple[Control, ...]:
    """A control for each field the list may be filtered by, with what is in force now; of a whole list remembered."""
    if query.conditions:
        return _controls(query)
    key = (controls, query.entry, str(get_locale()), request.script_root)
    found: tuple[Control, ...] | None = me().memo.get(key)
    if found is None:
        found = me().memo[key] = _controls(query)
    return found


def _controls(query: Query) -> tuple[Control, ...]:
    known = _known(query)
    found = []
    for item in query.entry.filtered:
        here = [condition for condition in query.conditions if condition.field is item]
        build = BUILDERS.get(item.kind.filter)
        if build is not None and readable(me(), item) and _offered(item):
            found.append(build(item, {condition.op: condition for condition in here}, known))
    return tuple(found)


def _offered(item: Field) -> bool:
    """Whether the reader may look the referred rows up at all."""
    return item.target is None or may(me(), item.target, Verb.READ)


def _written(item: Field, here: dict[str, Condition], op: str) -> str:
    condition = here.get(op)
    return "" if condition is None else item.kind.write(item, condition.values[0])


def _text(item: Field, here: dict[str, Condition], known: dict[str, Any]) -> Control:
    value = str(here["contains"].values[0]) if "contains" in here else ""
    return Control(f"{item.name}__contains", item.label, "text", value=value, width=12, placeholder=_("contains"))


def _range(item: Field, here: dict[str, Condition], known: dict[str, Any]) -> Control:
    lower, upper = _written(item, here, "gte"), _written(item, here, "lte")
    if item.kind.control == "datetime":
        lower, upper = lower[:10], upper[:10]
    return Control(item.name, item.label, "range", value=lower, upper=upper, input=item.kind.input, width=12,
                   suffix=str(item.unit), inputmode=item.kind.inputmode)  # fmt: skip


def _choices(item: Field, here: dict[str, Condition], known: dict[str, Any]) -> Control:
    chosen = {item.kind.write(item, value) for value in here[""].values} if "" in here else set()
    if item.names is not None:
        pairs = [(code, name, "") for code, name in item.names.items()]
    else:
        pairs = [
            (str(choice.value), str(choice.label), choice.tone.value) for choice in getattr(item.type, "choices", ())
        ]
    options = tuple(Option(value, label, value in chosen, tone) for value, label, tone in pairs)
    return Control(item.name, item.label, "choices", options=options, width=12)


def _flag(item: Field, here: dict[str, Condition], known: dict[str, Any]) -> Control:
    return Control(item.name, item.label, "flag", value=_written(item, here, ""), width=12)


def _ref(item: Field, here: dict[str, Condition], known: dict[str, Any]) -> Control:
    target = item.target
    if target is None:
        raise LookupError(item.name)
    names = known.get(target.name, {})
    options = tuple(
        Option(str(value), names.get(value, nobody()), True) for value in (here[""].values if "" in here else ())
    )
    return Control(item.name, item.label, "refs", options=options, width=12,
                   search_url=url_for("records.options", record=target.name))  # fmt: skip


BUILDERS = {"text": _text, "range": _range, "choices": _choices, "flag": _flag, "ref": _ref}


def chips(query: Query, path: str) -> tuple[Chip, ...]:
    """The filters in force in words, each with the address of the list without it."""
    known = _known(query)
    return tuple(
        Chip(_words(condition, known), condition.field.name, with_query(path, query.without(condition).params()))
        for condition in query.conditions
    )


def _words(condition: Condition, known: dict[str, Any]) -> str:
    item = condition.field
    if condition.op == "empty":
        text = _("%(label)s is empty") if condition.values[0] else _("%(label)s is filled in")
        return str(text % {"label": item.label})
    if condition.op == "contains":
        return str(_("%(label)s contains “%(text)s”", label=item.label, text=condition.values[0]))
    texts = "、".join(_values(item, condition.values, known))
    return f"{item.label} {SIGNS.get(condition.op, '=')} {texts}"


def _values(item: Field, values: Iterable[Any], known: dict[str, Any]) -> Iterable[str]:
    for value in values:
        if item.target is not None:
            yield known.get(item.target.name, {}).get(value, nobody())
        elif item.kind.control == "datetime":
            yield item.kind.show(item, value).text[:10]
        else:
            yield item.kind.show(item, value).text


def _known(query: Query) -> dict[str, Any]:
    """The labels of the rows that filters name."""
    chosen = [c for c in query.conditions if c.field.target is not None and not c.op]
    rows = [{c.field.name: list(c.values)} for c in chosen]
    return dict(labels_for(db(), [c.field for c in chosen], rows))
