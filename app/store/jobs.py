"""Jobs as every door sees them: what a job function is given and gives, submitting, stopping, doing again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from flask_babel import get_locale
from sqlalchemy import event, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, scoped_session

from app.access import System
from app.declare.event import Door
from app.store.session import NoActor, actor_of
from app.store.tables import Job, JobState

JOB: Any = Job.__table__
ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
OPEN = (JobState.QUEUED, JobState.RUNNING)
CANCELLED_KEPT = timedelta(days=1)
MOST_OPEN = 50
"""Jobs of one person that wait or run."""


class Cancelled(Exception):
    """The person stopped the job, or its worker has to let go of it: leave the function, nothing more is stored."""


class Failed(Exception):
    """The job cannot be done; the text is for the person and says what to do."""


class Crowded(Exception):
    """The person has as many jobs under way as one may have."""


@dataclass(frozen=True)
class Outcome:
    """What a job has brought: a sentence, the page to go on with, and a file of the job's folder to download."""

    text: str = ""
    url: str = ""
    file: Path | None = None
    file_name: str = ""
    media_type: str = ""


class Task(Protocol):
    """A job while it runs."""

    @property
    def id(self) -> int: ...
    @property
    def args(self) -> Mapping[str, Any]: ...
    @property
    def folder(self) -> Path: ...

    def session(self, *, writes: bool = False) -> Session:
        """A session that acts as the person, with their rights as of now; raises Failed if their account is closed.

        Say `writes` before the first of the job's writes: SQLite then takes its lock at the start of a transaction.
        What is not committed when the function returns is committed together with the word that the job is done, so it
        happens once; what is committed before, a worker that takes the job up again must be able to find.
        """

    def report(self, done: int, total: int | None = None, note: str = "") -> None:
        """Say how far it is, as often as you like; raises Cancelled."""

    def log(self, text: str) -> None:
        """Add a line to what the person can read of the job."""


JobFunction = Callable[[Task], Outcome]


def submit(session: Session, kind: str, title: str, args: Mapping[str, Any], *, once: str = "") -> int:
    """Ask for a job in the caller's transaction; returns its id. The same `once` of the same person is the same job.

    Raises Crowded: each job may bring a file, and the disk and the others' patience have an end.
    """
    actor, door = actor_of(session), session.info.get("door", Door.COMMAND)
    if isinstance(actor, System):
        raise NoActor("a job acts as a person, and the console itself is none")
    if door is Door.REST:
        # a token may stand for less than its owner, and a job knows nothing of tokens
        raise NoActor("jobs are not submitted through REST")
    digest = hashlib.sha256(once.encode()).hexdigest() if once else None
    same = select(JOB.c.id).where(JOB.c.account_id == actor.id, JOB.c.once == digest)
    known = None if digest is None else session.scalar(same)
    if known is not None:
        return int(known)
    theirs = select(func.count()).where(JOB.c.account_id == actor.id, JOB.c.state.in_(OPEN))
    if (session.scalar(theirs) or 0) >= MOST_OPEN:
        raise Crowded
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    language = get_locale()
    statement = (
        insert(JOB)
        .values(
            account_id=actor.id, kind=kind, title=title[:200], args=dict(args), once=digest,
            language=language.language if language else "zh", door=door, address=session.info.get("address"),
            state=JobState.QUEUED, cancelling=False, told=False, done=0, note="", log=[], attempts=0,
            submitted_at=datetime.now(UTC),
        )
        .on_conflict_do_nothing(index_elements=["account_id", "once"])
        .returning(JOB.c.id)
    )  # fmt: skip
    job_id = session.scalar(statement)
    if job_id is None:
        job_id = session.scalars(same).one()
    session.info["wake"] = True
    return int(job_id)


def submitted(session: Session, once: str, since: datetime) -> int | None:
    """The id of the person's job of this `once`, if it was asked for since then."""
    digest, actor = hashlib.sha256(once.encode()).hexdigest(), actor_of(session)
    if isinstance(actor, System):
        return None
    mine = select(JOB.c.id).where(JOB.c.account_id == actor.id, JOB.c.once == digest, JOB.c.submitted_at > since)
    found: int | None = session.scalar(mine)
    return found


def wake_after_commit(sessions: scoped_session[Session], wake: Callable[[], None]) -> None:
    """Call the workers whenever a transaction that submitted a job has been committed."""

    def committed(session: Session) -> None:
        if not session.in_nested_transaction() and session.info.pop("wake", False):
            wake()

    event.listen(sessions, "after_commit", committed)


def folder_of(root: Path, job_id: int) -> Path:
    """The folder of a job's files below the folder of all; whoever submits a file puts it there before committing."""
    return root / str(job_id)


def cancel(session: Session, job_id: int) -> bool:
    """Stop a job in the caller's transaction: at once if it waits, else at its next report. False if it has ended."""
    now, actor = datetime.now(UTC), actor_of(session)
    waiting = update(JOB).where(JOB.c.id == job_id, JOB.c.state == JobState.QUEUED)
    # whoever stops their own job need not be told
    told = False if isinstance(actor, System) else JOB.c.account_id == actor.id
    ended = {"state": JobState.CANCELLED, "told": told, "ended_at": now, "expires_at": now + CANCELLED_KEPT}
    if session.execute(waiting.values(**ended)).rowcount:  # type: ignore[attr-defined]  # a cursor's result
        return True
    running = update(JOB).where(JOB.c.id == job_id, JOB.c.state == JobState.RUNNING)
    return bool(session.execute(running.values(cancelling=True)).rowcount)  # type: ignore[attr-defined]  # as above


def retry(session: Session, job_id: int) -> bool:
    """Do a job again that failed or was stopped, in the caller's transaction. False if it has not, or has expired."""
    now = datetime.now(UTC)
    again = update(JOB).where(
        JOB.c.id == job_id,
        JOB.c.state.in_((JobState.FAILED, JobState.CANCELLED)),
        (JOB.c.expires_at.is_(None)) | (JOB.c.expires_at > now),
    )
    fresh = {
        "state": JobState.QUEUED, "cancelling": False, "told": False, "done": 0, "total": None, "rate": None,
        "note": "", "message": None, "attempts": 0, "started_at": None, "ended_at": None, "expires_at": None,
    }  # fmt: skip
    session.info["wake"] = True
    return bool(session.execute(again.values(**fresh)).rowcount)  # type: ignore[attr-defined]  # as above
