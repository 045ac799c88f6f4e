"""A list as a workbook or as comma-separated values, as it stands on the screen; and the workbook to fill in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import IO, Any
from urllib.parse import quote

from flask import Blueprint, Response, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.declare.access import Verb
from app.kinds.value import LOCAL
from app.screens.common import entry_of, head, know_args, with_query
from app.screens.frames import render
from app.screens.lists import without_place
from app.screens.pages import Link
from app.screens.shell import me
from app.store.imports.batches import importable
from app.store.jobs import submit
from app.store.page import count
from app.store.query import Query, read_query
from app.store.session import db

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}
STRAIGHT = 20_000
"""A list of more rows than this is written by a job: a worker of the server is not kept from others for so long."""
PART = 64 * 1024

Write = Callable[[Any, Query, IO[bytes], str], Any]


def route(blueprint: Blueprint) -> None:
    """Add the routes of the files."""
    for form in TYPES:
        path, said = f"/records/<record>/export.{form}", {"form": form}
        blueprint.add_url_rule(path, f"export_{form}", export, defaults=said, methods=["GET", "POST"])
    blueprint.add_url_rule("/records/<record>/template.xlsx", "template", template)


def export(record: str, form: str) -> ResponseReturnValue:
    """The whole list of an address, from its beginning; noted in the trail when it has been written.

    A long list is written by a job, which is asked for by POST: to follow a link starts nothing.
    """
    entry = entry_of(record)
    if not entry.screen.export:
        raise NotFound(_("This list is not given out as a file."))
    query = read_query(entry, without_place(request.args), me())
    name = f"{entry.title} {datetime.now(LOCAL):%Y-%m-%d %H%M}"
    if not count(db(), query, STRAIGHT).exact:
        return _as_job(query, form, name) if request.method == "POST" else _offer(query, form)
    write: Write = current_app.extensions["write_list"]

    def written(file: IO[bytes]) -> None:
        write(db(), query, file, form)
        db().commit()

    return sent(written, name, entry.name, form)


def _offer(query: Query, form: str) -> ResponseReturnValue:
    """What a link to a long list leads to: the button that has it written."""
    entry, params = query.entry, query.params()
    title = _("Export of “%(title)s”", title=entry.title)
    return render(
        "records/long_export.html",
        page=head(entry, title, Link(_("Export"), "")),
        rows=f"{STRAIGHT:,}",
        action=with_query(url_for(f"records.export_{form}", record=entry.name), params),
        back_url=with_query(url_for("records.list", record=entry.name), params),
    )


def _as_job(query: Query, form: str, name: str) -> ResponseReturnValue:
    """Have a worker write the file; clicking twice asks for one."""
    entry, text = query.entry, query.address(limit=None)
    args = {"record": entry.name, "query": text, "form": form, "name": f"{name}.{form}", "type": TYPES[form]}
    # the count is let go first: submitting is a write, and SQLite takes its lock at the start of a transaction
    db().rollback()
    title = _("Export of “%(title)s”", title=entry.title)
    job_id = submit(db(), "export", title, args, once=f"export {args['name']} {text}")
    db().commit()
    return redirect(url_for("records.job", job_id=job_id), 303)


def template(record: str) -> ResponseReturnValue:
    """An empty workbook of the record, for whoever may add rows."""
    entry = entry_of(record, Verb.ADD)
    know_args()
    if not importable(entry):
        raise NotFound(_("Rows of “%(title)s” do not come in by workbook.", title=entry.title))
    write = current_app.extensions["write_template"]
    name = _("%(title)s template", title=entry.title)
    return sent(lambda file: write(db(), entry, file), name, f"{entry.name}-template", "xlsx")


def sent(write: Callable[[IO[bytes]], None], name: str, plain_name: str, form: str) -> Response:
    """What is written as a download; `plain_name` is for programs that know no Chinese names.

    It is complete before the first byte is sent: a slow reader holds no connection, and a fault is told as one.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by the answer that sends it
    try:
        write(file)
    except BaseException:
        file.close()
        raise
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
