"""A list as a workbook or as comma-separated values: filtered, ordered and masked as on the screen."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import IO, Any
from urllib.parse import quote

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.kinds.value import LOCAL
from app.screens.common import entry_of
from app.screens.lists import without_place
from app.screens.shell import me
from app.store.query import Query, read_query
from app.store.session import db

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}
PART = 64 * 1024

Write = Callable[[Any, Query, IO[bytes], str], Any]


def route(blueprint: Blueprint) -> None:
    """Add the routes of the files."""
    for form in TYPES:
        blueprint.add_url_rule(f"/records/<record>/export.{form}", f"export_{form}", export, defaults={"form": form})


def export(record: str, form: str) -> ResponseReturnValue:
    """The whole list of an address, from its beginning; noted in the trail when it has been written."""
    entry = entry_of(record)
    if not entry.screen.export:
        raise NotFound(_("This list is not given out as a file."))
    query = read_query(entry, without_place(request.args), me())
    # complete before the first byte is sent: a slow reader holds no connection, and a fault is told as one
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by the answer that sends it
    write: Write = current_app.extensions["write_list"]
    write(db(), query, file, form)
    db().commit()
    size = file.tell()
    file.seek(0)
    name = f"{entry.title} {datetime.now(LOCAL):%Y-%m-%d %H%M}.{form}"
    answer = Response(_parts(file), mimetype=TYPES[form])
    answer.headers["Content-Disposition"] = f"attachment; filename={entry.name}.{form}; filename*=UTF-8''{quote(name)}"
    answer.content_length = size
    answer.call_on_close(file.close)
    return answer


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(PART):
            yield part
