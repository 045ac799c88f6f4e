"""One row: its facts, where it comes from, what refers to it, and its neighbours in the list one came from."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.access import may
from app.catalog import Entry, current
from app.declare.access import Verb
from app.screens import cells, related
from app.screens.common import came_from, entry_of, head, know_args
from app.screens.edit import changed_text
from app.screens.explain import may_ask
from app.screens.frames import render
from app.screens.pages import Cell, Link, ShowPage
from app.screens.sessions import keeps_sessions
from app.screens.shell import me
from app.screens.source import quote
from app.store.files import find_files
from app.store.labels import label_of, labels_for
from app.store.page import Values, fetch_reached, neighbours
from app.store.query import Query
from app.store.save import Missing
from app.store.session import db


def route(blueprint: Blueprint) -> None:
    """Add the route of a row's page."""
    blueprint.add_url_rule("/records/<record>/<id:pk>", "show", show)


def show(record: str, pk: int) -> ResponseReturnValue:
    """The page of one row."""
    entry = entry_of(record)
    know_args("list", "print")
    came, query = came_from(entry)
    found = fetch_reached(db(), entry, pk)
    if found is None:
        raise Missing(entry.name, pk)
    row, verbs = found
    known = labels_for(db(), entry.fields.values(), [row])
    label = label_of(db(), entry, row, dict(known))
    ids = [one for item in entry.fields.values() if item.kind.control == "files" for one in row[item.name] or ()]
    previous, following = _around(entry, query, pk)
    printing = request.args.get("print") == "1"
    page = ShowPage(
        page=head(entry, label, Link(label, ""), list_query=came),
        badges=_badges(entry, row),
        sections=cells.fact_sections(
            entry, row, known, find_files(db(), ids), label if Verb.UNMASK in verbs and not printing else ""
        ),
        tabs=() if printing else related.tabs(entry, pk),
        edit_url=url_for("records.edit", record=record, pk=pk, list=came or None) if Verb.EDIT in verbs else "",
        actions=_actions(entry, pk, verbs),
        previous_url=_address(entry, previous, came),
        next_url=_address(entry, following, came),
        list_url=url_for("records.list", record=record) + (f"?{came}" if came else ""),
        source=quote(entry, row),
        changed=changed_text(row),
        created=changed_text(row, "created"),
        print_url=url_for("records.show", record=record, pk=pk, print=1),
        printing=printing,
        delete_url=url_for("records.delete", record=record, pk=pk) if Verb.DELETE in verbs else "",
        trash=entry.trash,
    )
    return render("records/show.html", page=page)


def _around(entry: Entry, query: Query | None, pk: int) -> tuple[int | None, int | None]:
    return (None, None) if query is None else neighbours(db(), query, pk)


def _address(entry: Entry, pk: int | None, came: str) -> str:
    return "" if pk is None else url_for("records.show", record=entry.name, pk=pk, list=came or None)


def _badges(entry: Entry, row: Values) -> tuple[Cell, ...]:
    """How far the row is, and how secret."""
    items = dict.fromkeys(item for item in (entry.state, entry.classification) if item is not None)
    return tuple(cells.cell(item, row[item.name], {}) for item in items if row.get(item.name) is not None)


def _actions(entry: Entry, pk: int, verbs: Verb) -> tuple[Link, ...]:
    found = [Link(_("History"), url_for("records.history", record=entry.name, pk=pk), "history")]
    if may(me(), entry, Verb.ADD):
        found.append(Link(_("Copy"), url_for("records.new", record=entry.name, copy=pk), "copy"))
    if Verb.EDIT in verbs and keeps_sessions(entry, pk):
        found.append(Link(_("Sessions"), url_for("records.account_sessions", record=entry.name, pk=pk), "devices"))
    if entry is current().account and pk != me().id and Verb.EDIT in verbs:
        address = url_for("records.reset_factor", record=entry.name, pk=pk)
        found.append(Link(_("Reset the second factor"), address, "device-mobile-off"))
    if entry is current().account and Verb.EDIT in verbs:
        found.append(Link(_("Access tokens"), url_for("records.everyones_tokens", account=pk), "key"))
    if may_ask(entry):
        if entry is current().account:
            address = url_for("records.rights", record=entry.name, pk=pk)
            found.append(Link(_("What may this person do?"), address, "user-question"))
        address = url_for("records.row_access", record=entry.name, pk=pk)
        found.append(Link(_("Who can see this?"), address, "eye-question"))
    return tuple(found)
