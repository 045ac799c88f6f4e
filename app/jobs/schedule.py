"""What recurs: done by one worker of all, the one that holds the lease, and by another when that one has gone."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.access import SYSTEM
from app.store import attempts, claims, drafts, filter_use, leases, login_sessions, seals
from app.store.imports import forgetting
from app.store.session import act_as, writing_now

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

logger = logging.getLogger(__name__)
NAME = "schedule"


@dataclass(frozen=True)
class Recurring:
    """Work that is done again and again, within the application's context; doing it twice must do no harm."""

    name: str
    seconds: float
    work: Callable[[Flask], None]


def usual(lease: timedelta, kept: timedelta, undoable: timedelta) -> tuple[Recurring, ...]:
    """What every console does by itself; the shorter the lease, the sooner lost jobs are looked for."""
    return (
        Recurring("seal", 5, _seal),
        Recurring("sweep", lease.total_seconds() / 5, Sweep(kept)),
        Recurring("expire", 600, _expire),
        Recurring("clear", 3600, _clear),
        Recurring("imports", 3600, ForgetImports(undoable)),
    )


def _seal(app: Flask) -> None:
    """Seal the lines of the trail that no seal holds yet."""
    while seals.seal(app.extensions["engine"]):
        pass


def _expire(app: Flask) -> None:
    """Remove the files of jobs that have expired."""
    claims.expire(app.extensions["engine"], app.extensions["job_folder"])


def _clear(app: Flask) -> None:
    """Forget old drafts, submissions and tries, sessions that are over, and filters that nobody has used for long."""
    with claims.writing_to(app.extensions["engine"]) as connection:
        attempts.clear_old(connection)
        drafts.clear_old(connection)
        filter_use.clear_old(connection)
        login_sessions.clear_old(connection)


class ForgetImports:
    """Removes the planned rows and the files of imports that can no longer be undone."""

    def __init__(self, undoable: timedelta) -> None:
        self._undoable = undoable

    def __call__(self, app: Flask) -> None:
        session, before = app.extensions["sessions"](), datetime.now(UTC) - self._undoable
        act_as(session, SYSTEM)
        with writing_now():
            while forgetting.forget_rows(session, before):
                session.commit()
        session.rollback()
        forgetting.forget_files(session, app.extensions["import_folder"], before)


class Sweep:
    """Picks up jobs whose worker has gone and wakes workers for those whose message was lost.

    A job is taken back when its lease has run out at two looks in a row: where nobody could write for a while, as with
    SQLite during a long transaction, its worker gets the time to renew it.
    """

    def __init__(self, kept: timedelta) -> None:
        self._kept = kept
        self._seen: claims.Seen = {}

    def __call__(self, app: Flask) -> None:
        engine, queue = app.extensions["engine"], app.extensions["jobs"]
        seen = claims.run_out(engine)
        gone = {job_id: lease for job_id, lease in seen.items() if self._seen.get(job_id) == lease}
        self._seen = seen
        again = claims.take_back(engine, gone, self._kept)
        if again or (claims.waiting(engine) and queue.quiet()):
            queue.wake()


class Leader:
    """A thread that tries to hold the lease, and does what recurs for as long as it does."""

    def __init__(self, app: Flask, name: str, lease: timedelta) -> None:
        self._app = app
        self._name = name
        self._lease = lease
        self._until = 0.0
        self._stop = threading.Event()
        self._scheduler: BackgroundScheduler | None = None
        self._thread = threading.Thread(target=self._lead, name="leader", daemon=True)

    def start(self) -> None:
        """Begin to try."""
        self._thread.start()

    def stop(self) -> None:
        """Give the lease back, if it is held."""
        self._stop.set()
        self._thread.join(2)

    def _lead(self) -> None:
        seconds = self._lease.total_seconds()
        while True:
            self._try(seconds)
            if self._stop.wait(seconds / 5):
                break
        if self._scheduler is not None:
            self._retire()
            try:
                leases.let_go(self._app.extensions["engine"], NAME, self._name)
            except SQLAlchemyError:
                logger.warning("the lease of the schedule runs out by itself")

    def _try(self, seconds: float) -> None:
        before = time.monotonic()
        try:
            held = leases.hold(self._app.extensions["engine"], NAME, self._name, self._lease)
        except SQLAlchemyError as error:
            logger.warning("the lease of the schedule could not be renewed: %s", error)
            held = before < self._until
        else:
            self._until = before + seconds if held else 0.0
        if held and self._scheduler is None:
            self._begin()
        elif not held and self._scheduler is not None:
            self._retire()

    def _begin(self) -> None:
        from apscheduler.schedulers.background import BackgroundScheduler

        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        logger.info("worker %s does what recurs", self._name)
        self._scheduler = BackgroundScheduler(timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1})
        for one in self._app.extensions["recurring"]:
            self._scheduler.add_job(
                self._once, "interval", [one], seconds=one.seconds, id=one.name, next_run_time=datetime.now(UTC),
                misfire_grace_time=None,
            )  # fmt: skip
        self._scheduler.start()

    def _retire(self) -> None:
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    def _once(self, one: Recurring) -> None:
        # a process that was held up may wake after its lease: then it is another's turn
        if time.monotonic() > self._until:
            return
        try:
            with self._app.app_context():
                one.work(self._app)
        except Exception:
            logger.exception("what recurs as %r failed; it is tried again", one.name)
