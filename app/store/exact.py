"""The exact count of a list: at once where that is quick, else as a job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl

from flask_babel import gettext as _
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.access import may
from app.catalog import current
from app.declare.access import Verb
from app.store.jobs import Failed, Outcome, Task, submit, submitted
from app.store.page import count
from app.store.query import BadQuery, Query, read_query
from app.store.session import actor_of

KIND = "count"
STEPS = 2000
"""After how many steps SQLite looks at the clock."""
MINUTE = timedelta(minutes=1)
STOPPED = "57014"
"""PostgreSQL's word for a statement that ran out of time."""


def count_within(session: Session, query: Query, seconds: float) -> int | None:
    """How many rows match, or None if that takes longer; the transaction goes on either way."""
    try:
        with session.begin_nested(), _stopped_after(session, seconds):
            return count(session, query, None).number
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == STOPPED or str(error.orig) == "interrupted":
            return None
        raise


@contextmanager
def _stopped_after(session: Session, seconds: float) -> Iterator[None]:
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        before = connection.scalar(text("SHOW statement_timeout"))
        setting = text("SELECT set_config('statement_timeout', :value, true)")
        connection.execute(setting, {"value": f"{max(1, round(seconds * 1000))}ms"})
        yield
        # if it was stopped, the savepoint brings the setting back
        connection.execute(setting, {"value": before})
        return
    driver: Any = connection.connection.driver_connection
    end = monotonic() + seconds
    driver.set_progress_handler(lambda: monotonic() > end, STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


def submit_count(session: Session, query: Query) -> int:
    """Ask for the exact count as a job, in the caller's transaction; asked twice within a minute it is one job."""
    args, now = {"record": query.entry.name, "query": query.address()}, datetime.now(UTC)
    # of two who ask at once one gets the other's job; who asks again may do so in the minute after that
    before, this = (
        f"{KIND} {args['record']} {args['query']} {int(moment.timestamp()) // 60}" for moment in (now - MINUTE, now)
    )
    known = submitted(session, before, now - MINUTE)
    if known is not None:
        return known
    return submit(session, KIND, _("Count of “%(title)s”", title=query.entry.title), args, once=this)


def run_count(task: Task) -> Outcome:
    """Count what the person may see of the list, by their rights as of now."""
    session, entry = task.session(), current().get(task.args["record"])
    if entry is None or not may(actor_of(session), entry, Verb.READ):
        raise Failed(_("You may no longer see this list."))
    try:
        query = read_query(entry, MultiDict(parse_qsl(task.args["query"])), actor_of(session))
    except BadQuery as error:
        raise Failed(error.text) from None
    task.report(0)
    number = count(session, query, None).number
    address = f"?{task.args['query']}" if task.args["query"] else ""
    return Outcome(_("%(count)s rows", count=f"{number:,}"), url=f"/records/{entry.name}/{address}")
