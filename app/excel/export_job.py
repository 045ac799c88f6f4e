"""The export of a long list as a job: with progress, and a file that is kept for a while."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import parse_qsl

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.access import Person, System, may
from app.catalog import Catalog
from app.declare.access import Verb
from app.excel.write import FORMS, tell
from app.store.jobs import Failed, Outcome, Task
from app.store.page import count
from app.store.query import BadQuery, read_query
from app.store.session import actor_of


def _unchanged(task: Task, actor: Person | System) -> Session:
    """The session to end with; what was written under rights that the person no longer has is not given out."""
    session = task.session(writes=True)
    if _rights(actor_of(session)) != _rights(actor):
        raise Failed(_("What you may see has changed while the file was being written. Please have it written again."))
    return session


def _rights(actor: Person | System) -> Any:
    return None if isinstance(actor, System) else (actor.grants, actor.unit_id, actor.clearance)


def export(task: Task) -> Outcome:
    """Write the list that the task's `query` names, as its person sees it by now."""
    session = task.session()
    catalog: Catalog = session.info["catalog"]
    entry, actor = catalog.get(task.args["record"]), actor_of(session)
    if entry is None or not may(actor, entry, Verb.READ):
        raise Failed(_("You may no longer read this list."))
    try:
        query = read_query(entry, MultiDict(parse_qsl(task.args["query"])), actor)
    except BadQuery as error:
        raise Failed(error.text) from None
    form, total = task.args["form"], count(session, query, None).number
    # a worker that was held up may still write when another has taken the job up
    path = task.folder / f"{entry.name}-{secrets.token_hex(4)}.{form}"
    try:
        with path.open("wb") as file:
            done = FORMS[form](session, query, file, lambda rows: task.report(rows, total))
        tell(_unchanged(task, actor), query, form, done)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    text = ngettext("%(num)s row is written.", "%(num)s rows are written.", done.rows)
    if done.cut:
        cut = ngettext(
            "%(num)s text is longer than a cell holds, and cut.",
            "%(num)s texts are longer than a cell holds, and cut.", done.cut,
        )  # fmt: skip
        text = f"{text} {cut}"
    return Outcome(str(text), file=path, file_name=task.args["name"], media_type=task.args["type"])
