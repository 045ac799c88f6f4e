"""A record's form as data: sections, controls with what was typed, errors beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app, url_for
from flask_babel import gettext as _

from app.access import editable, may, reachable
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
from app.store.save import editable_in
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
    entry: Entry,
    raw: Raw,
    errors: Errors,
    *,
    row: Values | None = None,
    inline: bool = False,
) -> tuple[FormSection, ...]:
    """The form's sections: what one may type as controls, what one may only see as text. `row` is None if it is new."""
    new = row is None
    names = editable(me(), entry, new=True) if row is None else editable_in(db(), entry, row["id"])
    steps = _steps(entry, row)
    if len(steps) == 1 and entry.state is not None:
        names -= {entry.state.name}
    if row is not None:
        # what is shown and not typed is the row's, whatever was sent for it
        raw = raw | {name: text for name, text in raw_of(entry, row).items() if name not in names}
    known = _labels(entry, raw)
    files = _files(entry, raw)
    found = []
    for section, items in entry.sections:
        shown = [item for item in items if item.name in names or (not new and item is not entry.source)]
        if inline:
            shown = [item for item in shown if item.name in names]
        built = tuple(
            _control(
                item,
                raw,
                errors,
                known,
                files,
                locked=item.name not in names,
                choices=steps if item is entry.state else (),
            )
            for item in shown
        )
        if any(item.name in names for item in shown):
            found.append(FormSection(str(section.title), str(section.purpose), built))
    return tuple(found)


def _steps(entry: Entry, row: Values | None) -> tuple[Choices, ...]:
    """The states that a row's form offers; empty where no workflow leads it."""
    state = entry.state
    present = row.get(state.name) if row is not None and state is not None else None
    return reachable(me(), entry, present if isinstance(present, Choices) else None)


def _labels(entry: Entry, raw: Raw) -> dict[str, Labels]:
    """The labels of rows that the form refers to; ids that are no ids are left to the checks."""
    return _labels_of([item for item in entry.fields.values() if item.target is not None], raw)


def _labels_of(items: Sequence[Field], raw: Raw) -> dict[str, Labels]:
    fields = [item for item in items if item.target is not None]
    row: dict[str, Any] = {"id": 0}
    for item in fields:
        texts = raw.get(item.name) or []
        texts = texts if isinstance(texts, list) else [texts]
        row[item.name] = [row_id for row_id in map(number, texts) if row_id is not None]
    return dict(labels_for(db(), fields, [row]))


def _files(entry: Entry, raw: Raw) -> dict[str, StoredFile]:
    ids = [one for item in entry.fields.values() if item.kind.control == "files" for one in raw.get(item.name) or ()]
    return find_files(db(), ids) if ids else {}


def _control(
    item: Field, raw: Raw, errors: Errors, known: Mapping[str, Labels], files: Mapping[str, StoredFile],
    *, locked: bool, choices: Sequence[Choices] = (),
) -> Control:  # fmt: skip
    value = raw.get(item.name)
    kind = item.kind
    common: dict[str, Any] = _addresses(item) | {
        "name": item.name,
        "label": item.label,
        "required": item.required and not locked,
        "help": str(item.spec.help),
        "error": " ".join(errors.get(item.name, ())),
        "width": item.spec.width or kind.width,
    }
    if locked:
        return Control(control="static", value=_text(item, value, known, files), **common)
    if kind.control in ("ref", "refs"):
        return Control(control=kind.control, options=_chosen(item, value, known), **common)
    if kind.control == "files":
        options = tuple(
            Option(one, files[one].name, True, hint=cells.size_text(files[one].size))
            for one in value or ()
            if one in files
        )
        most = current_app.extensions["files"].most
        return Control(control="files", options=options, accept=",".join(f".{end}" for end in SIGNATURES),
                       limit_text=_("At most %(most)s MB each", most=most), **common)  # fmt: skip
    text = value if isinstance(value, str) else ""
    if kind.control == "select":
        options = tuple(
            Option(str(choice.value), str(choice.label), str(choice.value) == text, choice.tone.value)
            for choice in choices or item.choices
        )
        return Control(control="select", value=text, options=options, **common)
    if item.names is not None and kind.filter == "choices":
        return Control(control="select", value=text, options=_named(item, text), **common)
    return Control(
        control=kind.control, value=text, input=kind.input if kind.input != "number" else "text", maxlength=item.length,
        inputmode=kind.inputmode, suffix=_suffix(item), **common,
    )  # fmt: skip


def _suffix(item: Field) -> str:
    kinds = {"PercentKind": "%", "MoneyKind": _("yuan")}
    return str(item.unit) or kinds.get(type(item.kind).__name__, "")


def _named(item: Field, text: str) -> tuple[Option, ...]:
    """The named values of a text field, and the present one if it has no name."""
    names = dict(item.names or {})
    if text and text not in names:
        names[text] = text
    return tuple(Option(code, name, code == text) for code, name in names.items())


def _chosen(item: Field, value: Any, known: Mapping[str, Labels]) -> tuple[Option, ...]:
    names = known.get(item.target.name, {}) if item.target is not None else {}
    texts = value if isinstance(value, list) else [value] if value else []
    return tuple(Option(text, names.get(number(text) or 0, nobody()), True) for text in texts)


def _addresses(item: Field) -> dict[str, str]:
    """Where a reference field searches, and where it creates a missing row."""
    target = item.target
    if target is None or not may(me(), target, Verb.READ):
        return {}
    create = url_for("records.new", record=target.name) if may(me(), target, Verb.ADD) else ""
    return {"search_url": url_for("records.options", record=target.name), "create_url": create}


def _text(item: Field, value: Any, known: Mapping[str, Labels], files: Mapping[str, StoredFile]) -> str:
    """The text of a control that cannot be typed into."""
    if value in (None, "", []):
        return ""
    if item.target is not None:
        return "、".join(option.label for option in _chosen(item, value, known))
    if item.kind.control == "files":
        return "、".join(files[one].name for one in value if one in files)
    if item.kind.control == "secret":
        return ""
    return cells.cell(item, item.kind.parse(item, value), {}).text


def one_control(item: Field, raw: Raw, errors: Errors, name: str) -> Control:
    """The control of a single field under another name, as a bulk action needs it."""
    row = {item.name: raw.get(item.name)}
    built = _control(item, row, errors, _labels_of([item], row), {}, locked=False)
    return built._replace(name=name)


def problems(entry: Entry, errors: Errors) -> tuple[Problem, ...]:
    """The summary above the form: a line an error in the order of the fields, those of the whole row without a link."""
    order = [WHOLE, *(item.name for _section, items in entry.sections for item in items)]
    found = []
    for name in sorted(errors, key=lambda name: order.index(name) if name in order else len(order)):
        item = entry.fields.get(name)
        anchor, label = (f"f-{name}", item.label) if item is not None and name != WHOLE else ("", "")
        found.append(Problem(anchor, label, " ".join(errors[name])))
    return tuple(found)
