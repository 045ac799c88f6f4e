"""A list as a workbook or as comma-separated values, as it stands on the screen; and the workbook to fill in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import IO, Any
from urllib.parse import quote

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.declare.access import Verb
from app.declare.record import Record
from app.kinds.value import LOCAL
from app.screens.common import entry_of, know_args
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
    blueprint.add_url_rule("/records/<record>/template.xlsx", "template", template)


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
    return _sent(file, f"{entry.title} {datetime.now(LOCAL):%Y-%m-%d %H%M}", entry.name, form)


def template(record: str) -> ResponseReturnValue:
    """An empty workbook of the record, for whoever may add rows."""
    entry = entry_of(record, Verb.ADD)
    know_args()
    if not issubclass(entry.model, Record):
        raise NotFound(_("Rows of “%(title)s” do not come in by workbook.", title=entry.title))
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by the answer that sends it
    current_app.extensions["write_template"](db(), entry, file)
    return _sent(file, _("%(title)s template", title=entry.title), f"{entry.name}-template", "xlsx")


def _sent(file: IO[bytes], name: str, plain_name: str, form: str) -> Response:
    """The file as a download; `plain_name` is for programs that know no Chinese names."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    answer = Response(_parts(file), mimetype=TYPES[form])
    names = f"filename={plain_name}.{form}; filename*=UTF-8''{quote(f'{name}.{form}')}"
    answer.headers["Content-Disposition"] = f"attachment; {names}"
    answer.content_length = size
    answer.call_on_close(file.close)
    return answer


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(PART):
            yield part
