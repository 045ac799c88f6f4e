"""The trash of a record: what was deleted, by whom and when; each row restored, or deleted for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.access import may
from app.catalog import Entry
from app.declare.access import Verb
from app.kinds.value import MomentKind
from app.screens import cells, history
from app.screens.common import entry_of, head, know_args
from app.screens.edit import referred_page
from app.screens.errors import answer
from app.screens.frames import render
from app.screens.pages import Cell, Column, Link, Page
from app.screens.shell import me
from app.store.labels import Labels, label_of, labels_for
from app.store.page import fetch_row
from app.store.save import Missing, Referred
from app.store.session import db
from app.store.trash import Trashed, fetch_trash, purge, read_place, restore, trashed_row, write_place
from app.store.validate import Invalid

SIZE = 30
MOMENT: Any = MomentKind()


@dataclass(frozen=True)
class TrashRow:
    """A row in the trash: its columns, who deleted it and when, and what can be done with it."""

    pk: int
    label: str
    cells: tuple[Cell, ...]
    who: str
    when: str
    history_url: str
    restore_url: str
    purge_url: str


@dataclass(frozen=True)
class TrashPage:
    """A page of the trash, newest first; `older_url` and `newest_url` are empty where they lead nowhere."""

    page: Page
    columns: tuple[Column, ...]
    rows: tuple[TrashRow, ...]
    list_url: str
    older_url: str
    newest_url: str


def route(blueprint: Blueprint) -> None:
    """Add the routes of the trash."""
    below = "/records/<record>/trash/<id:pk>"
    blueprint.add_url_rule("/records/<record>/trash", "trash", show_trash)
    blueprint.add_url_rule(f"{below}/history", "trash_history", show_history)
    blueprint.add_url_rule(f"{below}/restore", "restore", restore_row, methods=["POST"])
    blueprint.add_url_rule(f"{below}/purge", "purge", purge_row, methods=["POST"])


def link(entry: Entry) -> tuple[Link, ...]:
    """The way into the trash, for those who could delete rows."""
    if not entry.trash or not may(me(), entry, Verb.DELETE):
        return ()
    return (Link(_("Trash"), url_for("records.trash", record=entry.name), "trash"),)


def _entry(record: str) -> Entry:
    entry = entry_of(record, Verb.DELETE)
    if not entry.trash:
        raise NotFound(_("There is no trash here: what is deleted is gone."))
    return entry


def show_trash(record: str) -> ResponseReturnValue:
    """The rows in the trash that the person could delete, by when they were deleted."""
    entry = _entry(record)
    know_args("after")
    after = read_place(request.args.get("after", ""))
    found, more = fetch_trash(db(), entry, SIZE, after)
    known = labels_for(db(), dict.fromkeys((*entry.listed, *entry.labelled)), [one.values for one in found])
    here = url_for("records.trash", record=record)
    page = TrashPage(
        page=head(entry, _("Trash: %(record)s", record=entry.title), Link(_("Trash"), "")),
        columns=tuple(cells.column(entry, item) for item in entry.listed),
        rows=tuple(_row(entry, one, known) for one in found),
        list_url=url_for("records.list", record=record),
        older_url=url_for("records.trash", record=record, after=write_place(found[-1])) if more else "",
        newest_url=here if after is not None else "",
    )
    return render("records/trash.html", page=page)


def _row(entry: Entry, one: Trashed, known: Mapping[str, Labels]) -> TrashRow:
    here = {"record": entry.name, "pk": one.values["id"]}
    return TrashRow(
        pk=one.values["id"],
        label=label_of(db(), entry, one.values, dict(known)),
        cells=tuple(cells.cell(item, one.values.get(item.name), known) for item in entry.listed),
        who=one.by,
        when=MOMENT.show(None, one.at).text,
        history_url=url_for("records.trash_history", **here),
        restore_url=url_for("records.restore", **here),
        purge_url=url_for("records.purge", **here),
    )


def show_history(record: str, pk: int) -> ResponseReturnValue:
    """The history of a row in the trash, for those who could restore it."""
    entry = _entry(record)
    know_args("before")
    row = trashed_row(db(), entry, pk)
    back = Link(_("Back to the trash"), url_for("records.trash", record=record), "arrow-left")
    return history.show_lines(entry, row, back, "records.trash_history", frozenset())


def restore_row(record: str, pk: int) -> ResponseReturnValue:
    """Take a row out of the trash; sent twice, the second sending finds it restored."""
    entry = _entry(record)
    try:
        row = restore(db(), entry, pk)
    except Missing:
        db().rollback()
        if fetch_row(db(), entry, pk) is None:
            raise
        flash(_("The row is no longer in the trash."), "info")
    except Invalid as error:
        db().rollback()
        flash(_("The row cannot be restored: %(why)s", why=history.why(entry, error)), "error")
        return redirect(url_for("records.trash", record=record), 303)
    else:
        flash(_("“%(label)s” is restored.", label=_label(entry, row)), "success")
    return redirect(url_for("records.show", record=record, pk=pk), 303)


def purge_row(record: str, pk: int) -> ResponseReturnValue:
    """Delete a row in the trash for good."""
    entry = _entry(record)
    try:
        row = purge(db(), entry, pk)
    except Referred as error:
        return answer(referred_page(error, url_for("records.trash", record=record)))
    flash(_("“%(label)s” is deleted for good.", label=_label(entry, row)), "success")
    return redirect(url_for("records.trash", record=record), 303)


def _label(entry: Entry, row: Mapping[str, Any]) -> str:
    return label_of(db(), entry, row, dict(labels_for(db(), [one for one in entry.labelled if one.refers], [row])))
