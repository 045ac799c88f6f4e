"""Jobs as workers see them: who runs which, proved by a token and a lease in every statement."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Connection, Engine, delete, func, select, update
from sqlalchemy.orm import Session

from app.declare.event import Door
from app.store.jobs import ENDED, JOB, Cancelled, folder_of
from app.store.session import writing_now
from app.store.tables import JobState

MOST_ATTEMPTS = 3
"""How often a job is taken up again whose worker ended in the middle of it."""
KEPT = timedelta(days=30)
Seen = dict[int, tuple[str | None, datetime | None]]
"""Jobs whose lease has run out: token and end of the lease by id."""


class Lost(Cancelled):
    """Another worker has the job: nothing of this one's may be stored."""


@dataclass(frozen=True)
class Claim:
    """A job that a worker has taken: nobody else runs it while the lease is renewed."""

    id: int
    token: str
    account_id: int
    kind: str
    args: Mapping[str, Any]
    language: str
    door: Door
    address: str | None
    attempts: int
    log: list[list[str]]


@contextmanager
def writing_to(engine: Engine) -> Iterator[Connection]:
    """A transaction of the console's own that writes; SQLite takes its lock at the start."""
    with writing_now(), engine.begin() as connection:
        yield connection


def claim(engine: Engine, worker: str, lease: timedelta) -> Claim | None:
    """Take the oldest job that waits of whoever has the fewest running; None if there is none.

    Of several workers one gets it.
    """
    if not waiting(engine):  # a worker with nothing to do holds nobody up
        return None
    running = select(JOB.c.account_id, func.count().label("jobs")).where(JOB.c.state == JobState.RUNNING)
    busy = running.group_by(JOB.c.account_id).subquery()
    first = select(JOB.c.id).outerjoin(busy, busy.c.account_id == JOB.c.account_id)
    first = first.where(JOB.c.state == JobState.QUEUED).order_by(func.coalesce(busy.c.jobs, 0), JOB.c.id).limit(1)
    with writing_to(engine) as connection:
        job_id = connection.scalar(first.with_for_update(skip_locked=True, of=JOB))
        if job_id is None:
            return None
        now = datetime.now(UTC)
        taken = (
            update(JOB)
            .where(JOB.c.id == job_id, JOB.c.state == JobState.QUEUED)
            .values(
                state=JobState.RUNNING, token=secrets.token_hex(16), worker=worker, lease_until=now + lease,
                attempts=JOB.c.attempts + 1, started_at=func.coalesce(JOB.c.started_at, now),
            )
            .returning(*(JOB.c[name] for name in Claim.__dataclass_fields__))
        )  # fmt: skip
        row = connection.execute(taken).first()
        return None if row is None else Claim(**row._mapping)  # noqa: SLF001  # a row's public view of itself


def _held(job_id: int, token: str) -> Any:
    return update(JOB).where(JOB.c.id == job_id, JOB.c.token == token, JOB.c.state == JobState.RUNNING)


def beat(engine: Engine, held: Claim, lease: timedelta, values: Mapping[str, Any]) -> bool:
    """Renew the lease and store how far the job is; whether the person wants it stopped. Raises Lost."""
    with writing_to(engine) as connection:
        renewed = _held(held.id, held.token).values(lease_until=datetime.now(UTC) + lease, **values)
        row = connection.execute(renewed.returning(JOB.c.cancelling)).first()
    if row is None:
        raise Lost
    return bool(row.cancelling)


def fence(
    session: Session | Connection, held: Claim, lease: timedelta, values: Mapping[str, Any] | None = None
) -> None:  # fmt: skip
    """Prove within a transaction that the job is still this worker's, and hold its row till the commit. Raises Lost."""
    proof = _held(held.id, held.token).values(lease_until=datetime.now(UTC) + lease, **(values or {}))
    if not session.execute(proof).rowcount:  # type: ignore[attr-defined]  # a cursor's result
        raise Lost


def finish(engine: Engine, held: Claim, values: Mapping[str, Any]) -> bool:
    """Store how a job ended, in a transaction of its own; False if it is another worker's."""
    with writing_to(engine) as connection:
        return bool(connection.execute(_held(held.id, held.token).values(**values)).rowcount)


def put_back(engine: Engine, held: Claim, *, counts: bool) -> None:
    """Let another worker have the job; with `counts` it was a failure, and there are not many of those."""
    attempts = JOB.c.attempts if counts else JOB.c.attempts - 1
    with writing_to(engine) as connection:
        connection.execute(_held(held.id, held.token).values(state=JobState.QUEUED, token=None, attempts=attempts))


def left_by(engine: Engine, worker: str) -> Seen:
    """The jobs of a worker that has ended."""
    with engine.connect() as connection:
        return _seen(connection, JOB.c.worker == worker)


def run_out(engine: Engine) -> Seen:
    """The jobs whose lease has run out."""
    with engine.connect() as connection:
        return _seen(connection, JOB.c.lease_until < datetime.now(UTC))


def _seen(connection: Connection, condition: Any) -> Seen:
    found = select(JOB.c.id, JOB.c.token, JOB.c.lease_until).where(JOB.c.state == JobState.RUNNING, condition)
    return {row.id: (row.token, row.lease_until) for row in connection.execute(found)}


def take_back(engine: Engine, seen: Seen, kept: timedelta) -> int:
    """Have these jobs done again, if nobody has renewed their lease meanwhile; returns how many wait again."""
    again = 0
    for job_id, (token, until) in seen.items():
        with writing_to(engine) as connection:
            now = datetime.now(UTC)
            still = update(JOB).where(JOB.c.id == job_id, JOB.c.token == token, JOB.c.lease_until == until,
                                      JOB.c.state == JobState.RUNNING)  # fmt: skip
            ended = {"token": None, "ended_at": now, "expires_at": now + kept}
            stopped = still.where(JOB.c.cancelling.is_(True)).values(state=JobState.CANCELLED, told=True, **ended)
            if connection.execute(stopped).rowcount:
                continue
            language = connection.scalar(select(JOB.c.language).where(JOB.c.id == job_id)) or "zh"
            with force_locale(language):
                text = _("It was begun %(times)s times, and each time its worker came to an end. Nothing half done "
                         "was kept. Try it with less at once, or ask the system administrator.",
                         times=MOST_ATTEMPTS)  # fmt: skip
            tried = still.where(JOB.c.attempts >= MOST_ATTEMPTS)
            if connection.execute(tried.values(state=JobState.FAILED, message=text, **ended)).rowcount:
                continue
            again += connection.execute(still.values(state=JobState.QUEUED, token=None)).rowcount
    return again


def waiting(engine: Engine) -> bool:
    """Whether a job waits."""
    with engine.connect() as connection:
        return connection.scalar(select(JOB.c.id).where(JOB.c.state == JobState.QUEUED).limit(1)) is not None


def expire(engine: Engine, root: Path) -> int:
    """Remove the folders of jobs that have expired, and forget the oldest jobs; returns how many folders went."""
    now, gone = datetime.now(UTC), 0
    folders = {int(path.name): path for path in root.iterdir() if path.name.isdecimal()} if root.is_dir() else {}
    ids = sorted(folders)
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        with engine.connect() as connection:
            rows = connection.execute(select(JOB.c.id, JOB.c.expires_at).where(JOB.c.id.in_(some))).all()
        until = {row.id: row.expires_at for row in rows}
        for job_id in some:
            expired = until.get(job_id) is not None and until[job_id] < now
            # a folder without a job may be one whose submission has not been committed yet
            stray = job_id not in until and folders[job_id].stat().st_mtime < (now - timedelta(days=1)).timestamp()
            if expired or stray:
                shutil.rmtree(folder_of(root, job_id), ignore_errors=True)
                gone += 1
    with writing_to(engine) as connection:
        connection.execute(delete(JOB).where(JOB.c.state.in_(ENDED), JOB.c.ended_at < now - KEPT))
    return gone
