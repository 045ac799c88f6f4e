"""A record's form as data: sections, controls with what was typed, errors beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from flask import current_app, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from app.access import may, reachable
from app.catalog import Entry, Field
from app.declare.access import Verb
from app.declare.choices import Choices
from app.screens import cells
from app.screens.common import number
from app.screens.pages import Control, FormSection, Option, Problem
from app.screens.shell import me
from app.store.files import SIGNATURES, find_files
from app.store.labels import Labels, labels_for, nobody
from app.store.page import Values
from app.store.session import db
from app.store.tables import StoredFile
from app.store.validate import WHOLE, Errors

Raw = dict[str, Any]
"""What stands in the controls: a text by field name, a list of texts for references to many and for files."""


def raw_of(entry: Entry, values: Values) -> Raw:
    """A row's values as the texts of its controls."""
    found: Raw = {}
    for name, item in entry.fields.items():
        value = values.get(name)
        if item.many or item.kind.control == "files":
            found[name] = [str(one) for one in value or ()]
        else:
            found[name] = item.kind.write(item, value)
    return found


def defaults(entry: Entry) -> Raw:
    """The texts of a new row's controls."""
    values = {name: item.default for name, item in entry.fields.items() if item.default is not None}
    raw = raw_of(entry, values)
    owner = entry.owner or entry.fields.get("unit")
    # one's own unit is what most people enter rows for
    if owner is not None and owner.required and me().unit_id is not None:
        raw[owner.name] = str(me().unit_id)
    return raw


def sections(
    entry: Entry, raw: Raw, errors: Errors, known: Mapping[str, Labels], names: frozenset[str],
    *, row: Values | None = None, inline: bool = False,
) -> tuple[FormSection, ...]:  # fmt: skip
    """The form's sections: what one may type (`names`) as controls, what one may only see as text.

    `row` is None if it is new; what is shown and not typed is the row's, whatever was sent for it.
    """
    steps = _steps(entry, row)
    if len(steps) == 1 and entry.state is not None:
        names -= {entry.state.name}
    files, language = _files(entry, raw, row), str(get_locale())
    found = []
    for title, purpose, items in _layout(entry, language):
        built = []
        for item in items:
            blank = _blank(item, language)
            if item.name in errors:
                blank = blank._replace(error=" ".join(errors[item.name]))
            if item is entry.state and steps:
                blank = blank._replace(options=_offered(steps))
            if item.name in names:
                built.append(_control(item, blank, raw.get(item.name), known, files))
            elif row is not None and not inline and item is not entry.source:
                text = _text(item, row.get(item.name), known, files)
                built.append(blank._replace(control="static", value=text, required=False, limit_text=""))
        if any(item.name in names for item in items):
            found.append(FormSection(title, purpose, tuple(built)))
    return tuple(found)


@lru_cache(maxsize=512)
def _layout(entry: Entry, _language: str) -> tuple[tuple[str, str, tuple[Field, ...]], ...]:
    """The title, purpose and fields of each section."""
    return tuple((str(section.title), str(section.purpose), items) for section, items in entry.sections)


@lru_cache(maxsize=4096)
def _blank(item: Field, _language: str) -> Control:
    """The control of a field with nothing in it: for everybody the same, but for where a reference searches."""
    kind = item.kind
    blank = Control(
        item.name, item.label, kind.control, required=item.required, help=str(item.spec.help),
        width=item.spec.width or kind.width,
    )  # fmt: skip
    if kind.control in ("ref", "refs"):
        return blank
    if kind.control == "files":
        limit = _("At most %(most)s MB each", most=current_app.extensions["files"].most)
        return blank._replace(accept=",".join(f".{end}" for end in SIGNATURES), limit_text=limit)
    if kind.control == "select":
        return blank._replace(options=_offered(item.choices))
    if item.names is not None and kind.filter == "choices":
        return blank._replace(
            control="select", options=tuple(Option(code, str(name)) for code, name in item.names.items())
        )
    return blank._replace(
        input=kind.input if kind.input != "number" else "text", maxlength=item.length, inputmode=kind.inputmode,
        suffix=_suffix(item),
    )  # fmt: skip


def _offered(choices: Iterable[Choices]) -> tuple[Option, ...]:
    return tuple(Option(str(choice.value), str(choice.label), tone=choice.tone.value) for choice in choices)


def _steps(entry: Entry, row: Values | None) -> tuple[Choices, ...]:
    """The states that a row's form offers; empty where no workflow leads it."""
    state = entry.state
    present = row.get(state.name) if row is not None and state is not None else None
    return reachable(me(), entry, present if isinstance(present, Choices) else None)


def labels_of(items: Iterable[Field], raw: Raw, row: Values | None = None) -> dict[str, Labels]:
    """The labels of rows that the form and its row refer to; ids that are no ids are left to the checks."""
    fields = [item for item in items if item.target is not None]
    typed: dict[str, Any] = {"id": 0}
    for item in fields:
        texts = raw.get(item.name) or []
        texts = texts if isinstance(texts, list) else [texts]
        typed[item.name] = [row_id for row_id in map(number, texts) if row_id is not None]
    return labels_for(db(), fields, [typed] if row is None else [typed, row])


def _files(entry: Entry, raw: Raw, row: Values | None) -> dict[str, StoredFile]:
    names = [name for name, item in entry.fields.items() if item.kind.control == "files"]
    ids = [one for values in (raw, row or {}) for name in names for one in values.get(name) or ()]
    return find_files(db(), ids) if ids else {}


def _control(
    item: Field, blank: Control, value: Any, known: Mapping[str, Labels], files: Mapping[str, StoredFile]
) -> Control:  # fmt: skip
    """A control with what stands in it."""
    if item.kind.control in ("ref", "refs"):
        search, create = _addresses(item)
        return blank._replace(options=_chosen(item, value, known), search_url=search, create_url=create)
    if item.kind.control == "files":
        options = tuple(
            Option(one, files[one].name, True, hint=cells.size_text(files[one].size))
            for one in value or ()
            if one in files
        )
        return blank._replace(options=options)
    text = value if isinstance(value, str) else ""
    if item.names is not None and text and blank.control == "select" and text not in item.names:
        # the present one, though it has no name
        return blank._replace(value=text, options=(*blank.options, Option(text, text)))
    return blank._replace(value=text)


def _suffix(item: Field) -> str:
    kinds = {"PercentKind": "%", "MoneyKind": _("yuan")}
    return str(item.unit) or kinds.get(type(item.kind).__name__, "")


def _chosen(item: Field, value: Any, known: Mapping[str, Labels]) -> tuple[Option, ...]:
    names = known.get(item.target.name, {}) if item.target is not None else {}
    texts = value if isinstance(value, list) else [value] if value else []
    return tuple(Option(text, names.get(number(text) or 0, nobody()), True) for text in texts)


def _addresses(item: Field) -> tuple[str, str]:
    """Where a reference field searches, and where it creates a missing row: kept while the person's grants stay."""
    key, target = (_addresses, item, request.script_root), item.target
    found: tuple[str, str] | None = me().memo.get(key)
    if found is None:
        found = "", ""
        if target is not None and may(me(), target, Verb.READ):
            create = url_for("records.new", record=target.name) if may(me(), target, Verb.ADD) else ""
            found = url_for("records.options", record=target.name), create
        me().memo[key] = found
    return found


def _text(item: Field, value: Any, known: Mapping[str, Labels], files: Mapping[str, StoredFile]) -> str:
    """The text of a value that cannot be typed."""
    if value is None or value in ("", []):
        return ""
    if item.target is not None:
        names = known.get(item.target.name, {})
        return "、".join(names.get(one, nobody()) for one in (value if isinstance(value, list) else [value]))
    if item.kind.control == "files":
        return "、".join(files[one].name for one in value if one in files)
    return "" if item.kind.control == "secret" else cells.cell(item, value, {}).text


def one_control(item: Field, raw: Raw, errors: Errors, name: str) -> Control:
    """The control of a single field under another name, as a bulk action needs it."""
    row = {item.name: raw.get(item.name)}
    blank = _blank(item, str(get_locale()))._replace(error=" ".join(errors.get(item.name, ())))
    return _control(item, blank, row[item.name], labels_of([item], row), {})._replace(name=name)


def problems(entry: Entry, errors: Errors) -> tuple[Problem, ...]:
    """The summary above the form: a line an error in the order of the fields, those of the whole row without a link."""
    order = [WHOLE, *(item.name for _section, items in entry.sections for item in items)]
    found = []
    for name in sorted(errors, key=lambda name: order.index(name) if name in order else len(order)):
        item = entry.fields.get(name)
        anchor, label = (f"f-{name}", item.label) if item is not None and name != WHOLE else ("", "")
        found.append(Problem(anchor, label, " ".join(errors[name])))
    return tuple(found)
