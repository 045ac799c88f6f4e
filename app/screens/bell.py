"""The bell at the top of every page: what of one's jobs goes on, and what has ended unseen."""

from __future__ import annotations

from collections.abc import Collection

from flask import request, url_for
from flask_babel import gettext as _

from app.access import Person
from app.screens.pages import Bell
from app.store import job_list
from app.store.jobs import OPEN
from app.store.session import db
from app.store.tables import JobState

MOST = 60
"""How long the list of jobs that go on may be in an address."""


def make_bell(person: Person, watched: Collection[int] = ()) -> Bell:
    """The bell of a person, and news of the jobs that the page has `watched` and that have ended since."""
    open_states = [state.value for state in OPEN]
    going_on = [job_id for job_id, state in person.jobs if state in open_states]
    ended = {job_id for job_id, state in person.jobs if state not in open_states}
    found = job_list.titles(db(), ended & set(watched)) if ended & set(watched) else ()
    return Bell(
        ended=len(ended),
        going_on=len(going_on),
        poll_url=url_for("records.bell", watched=",".join(map(str, going_on))) if going_on else "",
        news=tuple(
            (_sentence(row.state, row.title), url_for("records.job", job_id=row.id),
             "error" if row.state is JobState.FAILED else "success")
            for row in found
        ),
    )  # fmt: skip


def _sentence(state: JobState, title: str) -> str:
    if state is JobState.FAILED:
        return str(_("“%(title)s” failed.", title=title))
    if state is JobState.CANCELLED:
        return str(_("“%(title)s” was stopped.", title=title))
    return str(_("“%(title)s” is finished.", title=title))


def read_watched() -> list[int]:
    """The jobs that the asking page saw going on."""
    texts = request.args.get("watched", "")[:1000].split(",")[:MOST]
    return [int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 10]
