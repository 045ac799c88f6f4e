"""Masked values revealed: one row's, for a person with a grant to unmask it, each time noted in the trail."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.access import Forbidden
from app.declare.access import Verb
from app.declare.event import Deed
from app.screens.common import entry_of
from app.store.events import note_rows, plain_label
from app.store.page import fetch_reached
from app.store.save import Missing
from app.store.session import db


def route(blueprint: Blueprint) -> None:
    """Add the route that reveals."""
    blueprint.add_url_rule("/records/<record>/<id:pk>/reveal/<name>", "reveal", reveal, methods=["POST"])


def reveal(record: str, pk: int, name: str) -> ResponseReturnValue:
    """The whole value, as text to put in the place of the masked one."""
    entry = entry_of(record)
    item = entry.fields.get(name)
    if item is None or not item.masked:
        raise NotFound(_("There is no such masked field."))
    found = fetch_reached(db(), entry, pk, Verb.UNMASK)
    if found is None:
        raise Missing(entry.name, pk)
    row, held = found
    if not held:
        raise Forbidden(entry, Verb.UNMASK)
    note_rows(db(), entry, Deed.UNMASKED, [(pk, plain_label(entry, row), {name: [None, None]})])
    db().commit()
    value = row[name]
    return (
        ("" if value is None else item.kind.show(item, value).text),
        200,
        {"Content-Type": "text/plain; charset=utf-8"},
    )
