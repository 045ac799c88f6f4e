"""The history of a row: every change by whom, when, through which door, from what to what; and taking one back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from marshmallow import ValidationError
from sqlalchemy import select
from werkzeug.exceptions import BadRequest, NotFound

from app.catalog import Entry, Field
from app.declare.access import Verb
from app.declare.event import Deed, Door, Event
from app.kinds import EMPTY
from app.kinds.value import MomentKind
from app.screens import cells
from app.screens.common import entry_of, head, know_args, number
from app.screens.edit import rules
from app.screens.frames import render
from app.screens.pages import Cell, Link, Page
from app.store.events import HIDDEN
from app.store.labels import Labels, label_of, labels_for
from app.store.page import Values, fetch_reached, fetch_row
from app.store.query import BadQuery
from app.store.save import Missing, Stale, editable_in, update
from app.store.session import db
from app.store.validate import Invalid

SIZE = 30
MOMENT: Any = MomentKind()


@dataclass(frozen=True)
class Change:
    """A field of a change: before and after as cells."""

    label: str
    before: Cell
    after: Cell


@dataclass(frozen=True)
class Entered:
    """A line of the history; `revert_url` is empty where it cannot be taken back."""

    id: int
    actor: str
    when: str
    deed: Cell
    door: str
    changes: tuple[Change, ...]
    revert_url: str = ""


@dataclass(frozen=True)
class HistoryPage:
    """A row's history, newest first; `older_url` leads on."""

    page: Page
    entered: tuple[Entered, ...]
    version: int
    back: Link
    older_url: str


def route(blueprint: Blueprint) -> None:
    """Add the routes of a row's history."""
    blueprint.add_url_rule("/records/<record>/<id:pk>/history", "history", show_history)
    blueprint.add_url_rule("/records/<record>/<id:pk>/history/<id:event_id>/revert", "revert", revert, methods=["POST"])


def show_history(record: str, pk: int) -> ResponseReturnValue:
    """The page of a row's history; whoever may see the row may see it, masked fields masked."""
    entry = entry_of(record)
    know_args("before")
    reached = fetch_reached(db(), entry, pk, Verb.EDIT)
    if reached is None:
        raise Missing(entry.name, pk)
    row, held = reached
    back = Link(_("Back to the row"), url_for("records.show", record=record, pk=pk))
    names = editable_in(db(), entry, pk) if held else frozenset()
    return show_lines(entry, row, back, "records.history", names)


def show_lines(entry: Entry, row: Values, back: Link, endpoint: str, names: frozenset[str]) -> ResponseReturnValue:
    """The history of a row that the person has just been let see, wherever it lies; `names` are what they may edit."""
    pk = row["id"]
    found = _events(entry, pk, _before())
    more, found = len(found) > SIZE, found[:SIZE]
    known = cited(entry, [line.changes or {} for line in found])
    label = label_of(db(), entry, row, dict(labels_for(db(), [f for f in entry.labelled if f.refers], [row])))
    older = url_for(endpoint, record=entry.name, pk=pk, before=found[-1].id) if more else ""
    page = HistoryPage(
        page=head(entry, _("History: %(label)s", label=label), Link(label, back.url), Link(_("History"), "")),
        entered=tuple(_entered(entry, line, known, names) for line in found),
        version=row["version"],
        back=back,
        older_url=older,
    )
    return render("records/history.html", page=page)


def _before() -> int | None:
    text = request.args.get("before", "")
    found = number(text)
    if text and found is None:
        raise BadQuery("before", _("“%(value)s” is no place in the list.", value=text[:20]))
    return found


def _events(entry: Entry, pk: int, before: int | None) -> Sequence[Any]:
    statement = select(Event).where(Event.record == entry.name, Event.row_id == pk)
    if before is not None:
        statement = statement.where(Event.id < before)
    # the row's own policy has just let the person see it, and its history with it
    return db().scalars(
        statement.order_by(Event.id.desc()).limit(SIZE + 1), execution_options={"unfiltered": True}
    ).all()  # fmt: skip


def cited(entry: Entry, changes: Sequence[Mapping[str, Any]]) -> Mapping[str, Labels]:
    """The labels of all rows that changes cite, given as the trail keeps them."""
    fields = [item for item in entry.fields.values() if item.target is not None]
    rows = []
    for change in changes:
        for side in (0, 1):
            row: dict[str, Any] = {"id": 0}
            for item in fields:
                row[item.name] = _value(item, change.get(item.name, [None, None])[side])
            rows.append(row)
    return labels_for(db(), fields, rows)


def _value(item: Field, text: Any) -> Any:
    """A value from its text in the trail; None where the type has changed since and no longer reads it."""
    if text in (None, "", []):
        return None
    try:
        return item.kind.parse(item, text)
    except ValidationError:
        return None


def told_cell(item: Field, text: Any, known: Mapping[str, Labels]) -> Cell:
    """A value as the trail keeps it, ready to draw."""
    if text in (None, "", []):
        return Cell(_("empty"), EMPTY.kind)
    if text == HIDDEN:
        return Cell(HIDDEN, "masked")
    value = _value(item, text)
    if value is None:
        return Cell(str(text) if not item.masked else item.kind.mask(str(text)))
    if item.kind.control == "files":
        return Cell(_("%(count)s files", count=len(value)))
    return cells.cell(item, value, known)


def _entered(entry: Entry, line: Any, known: Mapping[str, Labels], names: frozenset[str]) -> Entered:
    changes = tuple(
        Change(entry.fields[name].label, *(told_cell(entry.fields[name], text, known) for text in pair))
        for name, pair in (line.changes or {}).items()
        if name in entry.fields
    )
    revert_url = ""
    if line.deed is Deed.CHANGED and _revertible(entry, line, names):
        revert_url = url_for("records.revert", record=entry.name, pk=line.row_id, event_id=line.id)
    return Entered(
        line.id, line.actor, MOMENT.show(None, line.at).text, Cell(str(line.deed), "badge", tone=line.deed.tone.value),
        str(line.door), changes, revert_url,
    )  # fmt: skip


def _revertible(entry: Entry, line: Any, names: frozenset[str]) -> dict[str, Any]:
    """The texts that taking a change back would type: of the fields the person may edit (`names`), but secrets."""
    return {
        name: pair[0] if pair[0] is not None else ([] if entry.fields[name].many else "")
        for name, pair in (line.changes or {}).items()
        if name in names and entry.fields[name].kind.control != "secret"
    }


def revert(record: str, pk: int, event_id: int) -> ResponseReturnValue:
    """Put the fields of a change back to what they were: a write like any other, checked and noted."""
    entry = entry_of(record, Verb.EDIT)
    back = url_for("records.history", record=record, pk=pk)
    if fetch_row(db(), entry, pk) is None:
        raise Missing(entry.name, pk)
    line = db().scalars(
        select(Event).where(Event.id == event_id, Event.record == entry.name, Event.row_id == pk),
        execution_options={"unfiltered": True},
    ).first()  # fmt: skip
    if line is None or line.deed is not Deed.CHANGED:
        raise NotFound(_("There is no such change."))
    version = number(request.form.get("_version", ""))
    if version is None:
        raise BadRequest(_("Go back, reload the page and try again."))
    db().info["door"] = Door.REVERT
    try:
        update(db(), entry, pk, _revertible(entry, line, editable_in(db(), entry, pk)), rules(), version)
    except Stale:
        db().rollback()
        flash(_("The row has been changed meanwhile. Look at its history again before taking a change back."), "error")
    except Invalid as error:
        db().rollback()
        flash(_("The change cannot be taken back: %(why)s", why=why(entry, error)), "error")
    else:
        flash(_("The change has been taken back."), "success")
    return redirect(back, 303)


def why(entry: Entry, error: Invalid) -> str:
    """What stands in the way, in one line."""
    parts = []
    for name, texts in error.errors.items():
        label = entry.fields[name].label if name in entry.fields else ""
        parts.append(f"{label}：{' '.join(texts)}" if label else " ".join(texts))
    return "；".join(parts)
