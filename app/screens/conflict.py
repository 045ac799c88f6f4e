"""A stale save: what one side changed alone is merged by itself, what both changed is laid side by side to choose from.

Three states of a row meet, all as texts of the form's controls: the one the person opened (the form carries it along as
`_seen`, so it is checked like anything typed), the one that stands now, and what was typed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _
from marshmallow import ValidationError

from app.access import editable
from app.catalog import Entry, Field
from app.kinds import EMPTY
from app.kinds.value import MomentKind
from app.screens import cells, forms
from app.screens.forms import Raw
from app.screens.pages import Cell, Clash, Conflict
from app.screens.shell import me
from app.store.events import last_changes
from app.store.files import find_files
from app.store.labels import Labels, labels_for
from app.store.page import Values
from app.store.session import db
from app.store.tables import StoredFile

CHOICE = "__choice"
"""What a field's name has behind it in the name of its choice; no field has two underscores in its name."""
LONGEST_MEMORY = 200_000
MOMENT: Any = MomentKind()


@dataclass(frozen=True)
class Merged:
    """What was typed, merged with what stands now: `taken` are theirs alone, `differing` were changed by both."""

    raw: Raw
    taken: tuple[str, ...]
    differing: tuple[str, ...]


def write_memory(raw: Raw, names: Iterable[str]) -> str:
    """What the form shows in these fields when it opens, to tell later what the person changed."""
    return json.dumps({name: raw[name] for name in sorted(names)}, ensure_ascii=False)


def read_memory(entry: Entry, text: str) -> Raw:
    """What `write_memory` wrote, as it comes back from a form: whatever is not of its shape is left out."""
    try:
        found = json.loads(text[:LONGEST_MEMORY])
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if name in entry.fields and _fits(entry.fields[name], value)}


def _fits(item: Field, value: Any) -> bool:
    several = item.many or item.kind.control == "files"
    texts = value if several and isinstance(value, list) else [None if several else value]
    return all(isinstance(one, str) and _printable(one) for one in texts)


def _printable(text: str) -> bool:
    """Whether a text can be sent as UTF-8: JSON can say halves of characters."""
    return not any("\ud800" <= one <= "\udfff" for one in text)


def choices(entry: Entry) -> dict[str, bool]:
    """What the person chose where both had changed a field: True for theirs, False for one's own."""
    names = editable(me(), entry, new=False)
    return {
        name: request.form[f"{name}{CHOICE}"] == "theirs" for name in entry.fields
        if name in names and f"{name}{CHOICE}" in request.form
    }  # fmt: skip


def merge(entry: Entry, opened: Raw, theirs: Raw, typed: Raw) -> Merged:
    """Take what one did not touch from them, keep what they did not touch, and name what both changed."""
    merged, taken, differing = dict(typed), [], []
    for name in entry.fields:
        if name not in typed:
            if name in opened and _plain(entry, name, opened) != _plain(entry, name, theirs):
                taken.append(name)
            continue
        mine, now = _plain(entry, name, typed), _plain(entry, name, theirs)
        if mine == now:
            continue
        before = _plain(entry, name, opened) if name in opened else None
        if mine == before:
            merged[name] = theirs[name]
            taken.append(name)
        elif now != before:
            differing.append(name)
    return Merged(merged, tuple(taken), tuple(differing))


def _plain(entry: Entry, name: str, raw: Raw) -> Any:
    """A text as the store would write it, so that `2004年6月1日` is no change of `2004-06-01`."""
    item, text = entry.fields[name], raw[name]
    if isinstance(text, list):
        return sorted(text) if item.many else text
    if not text.strip() or item.kind.control == "secret":
        return text.strip()
    try:
        return item.kind.write(item, item.kind.parse(item, text))
    except ValidationError:
        return text


def describe(
    entry: Entry, now: Values, opened: Raw, typed: Raw, names: Sequence[str], *,
    taken: Sequence[str] = (), chosen: Mapping[str, bool] | None = None,
) -> Conflict:  # fmt: skip
    """The page's table: for each of the names what one opened, what stands now and by whom, what one typed."""
    theirs = forms.raw_of(entry, now)
    writers = last_changes(db(), entry, now["id"])
    usual = (str(now.get("updated_by") or _("somebody")), now.get("updated_at"))
    items = [entry.fields[name] for name in names]
    sides = [{"id": 0} | {item.name: _value(item, raw.get(item.name)) for item in items}
             for raw in (opened, theirs, typed)]  # fmt: skip
    known = labels_for(db(), [item for item in items if item.target is not None], sides)
    ids = [one for side in sides for item in items if item.kind.control == "files" for one in side[item.name] or ()]
    files = find_files(db(), ids) if ids else {}
    clashes = []
    for item in items:
        who, when = writers.get(item.name, usual)
        before, present, mine = (
            _cell(item, raw[item.name], known, files) if item.name in raw else Cell(_("not known"))
            for raw in (opened, theirs, typed)
        )
        stamp = f"{who} · {MOMENT.show(None, when).text}" if when is not None else who
        clashes.append(Clash(item.name, item.label, f"{item.name}{CHOICE}", before, present, mine, stamp,
                             bool((chosen or {}).get(item.name))))  # fmt: skip
    return Conflict(tuple(clashes), _taken(entry, taken, writers, usual[0]))


def _taken(entry: Entry, names: Sequence[str], writers: Mapping[str, tuple[str, Any]], usual: str) -> tuple[str, ...]:
    by: dict[str, list[str]] = {}
    for name in names:
        by.setdefault(writers.get(name, (usual, None))[0], []).append(entry.fields[name].label)
    return tuple(_("Taken over from %(who)s: %(fields)s", who=who, fields="、".join(labels))
                 for who, labels in by.items())  # fmt: skip


def _value(item: Field, text: Any) -> Any:
    """The value of a control's text; None where it is none, as the person's memory of the form may be anything."""
    if text in (None, "", []):
        return None
    try:
        return item.kind.parse(item, text)
    except ValidationError:
        return None


def _cell(item: Field, text: Any, known: Mapping[str, Labels], files: Mapping[str, StoredFile]) -> Cell:
    """One side of a choice: masked as everywhere; rows and files by their names, without links inside the choice."""
    value = _value(item, text)
    if value is None and text not in ("", []):
        words = "、".join(text) if isinstance(text, list) else text
        return Cell(item.kind.mask(words) if item.masked else words)
    if value in (None, []):
        return Cell(EMPTY.text, EMPTY.kind)
    if item.target is not None:
        shown = cells.cell(item, value, known)
        return Cell("、".join(link.label for link in shown.links) if item.many else shown.text)
    if item.kind.control == "files":
        return Cell("、".join(files[one].name if one in files else _("(a file that is gone)") for one in value))
    return cells.cell(item, value, known)
