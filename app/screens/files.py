"""Downloads of attached files: only through a row that the person may see, never shown inside the page."""

from __future__ import annotations

from flask import Blueprint, current_app, send_file
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.screens.common import entry_of
from app.store.files import FileStore, find_files
from app.store.page import fetch_row
from app.store.session import db


def route(blueprint: Blueprint) -> None:
    """Add the route of downloads."""
    blueprint.add_url_rule("/records/<record>/<id:pk>/files/<file_id>", "download", download)


def download(record: str, pk: int, file_id: str) -> ResponseReturnValue:
    """A file of a row, under its own name."""
    entry = entry_of(record)
    row = fetch_row(db(), entry, pk)
    fields = [item for item in entry.fields.values() if item.kind.control == "files"]
    if row is None or not any(file_id in (row[item.name] or ()) for item in fields):
        raise NotFound(_("There is no such file."))
    stored = find_files(db(), [file_id]).get(file_id)
    store: FileStore = current_app.extensions["files"]
    if stored is None or not store.path(stored.digest).is_file():
        raise NotFound(_("There is no such file."))
    answer = send_file(
        store.path(stored.digest), mimetype=stored.media_type, as_attachment=True, download_name=stored.name
    )
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer
