"""A job while it runs: what its function is given, and how it ends."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import gettext as _
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.auth.people import load_person
from app.store import claims
from app.store.claims import Claim, Lost
from app.store.failures import busy
from app.store.jobs import Cancelled, Failed, Outcome, folder_of
from app.store.session import WRITING, act_as, db
from app.store.tables import JobState

logger = logging.getLogger(__name__)
RIGHTS_SECONDS = 5.0
"""How old the rights may be with which a job acts."""
LOG_LINES = 200
NOTE_LENGTH = 500


class Stopping(Cancelled):
    """The worker is about to end: another one does the job from its beginning, or from where it can."""


class Running:
    """The task of one claim; the function's thread writes it, the worker's heart reads it."""

    def __init__(self, app: Flask, held: Claim, lease: timedelta, kept: timedelta) -> None:
        self.held = held
        self._app = app
        self._lease = lease
        self._kept = kept
        self._folder = folder_of(app.extensions["job_folder"], held.id)
        self._lock = threading.Lock()
        self._news: dict[str, Any] = {}
        self._log = list(held.log)
        self._ends: type[Cancelled] | None = None
        self._session: Session | None = None
        self._rights_at = 0.0
        self._started: tuple[float, int] | None = None
        self._ending = False

    @property
    def id(self) -> int:
        return self.held.id

    @property
    def args(self) -> Mapping[str, Any]:
        return self.held.args

    @property
    def folder(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def session(self, *, writes: bool = False) -> Session:
        session = db()
        if self._session is None:
            self._session = session
            event.listen(session, "before_commit", self._prove)
            session.info.update(door=self.held.door, address=self.held.address, job=self.id, proof=self._prove)
        if writes and not WRITING.get():
            session.rollback()
            WRITING.set(True)
        if time.monotonic() > self._rights_at + RIGHTS_SECONDS:
            person = load_person(session, session.info["catalog"], self.held.account_id)
            if person is None:
                raise Failed(_("The account that asked for this is no longer active, so nothing was done."))
            act_as(session, person)
            self._rights_at = time.monotonic()
        return session

    def report(self, done: int, total: int | None = None, note: str = "") -> None:
        now = time.monotonic()
        if self._started is None:
            # what an earlier worker had done says nothing of how fast this one is
            self._started = (now, done)
        seconds, rows = now - self._started[0], done - self._started[1]
        rate = rows / seconds if rows > 0 and seconds > 0 else None
        with self._lock:
            self._news.update(done=done, total=total, rate=rate, note=str(note)[:NOTE_LENGTH])
        if self._ends is not None:
            raise self._ends

    def log(self, text: str) -> None:
        with self._lock:
            self._log = [*self._log, [datetime.now(UTC).isoformat(timespec="seconds"), str(text)[:1000]]][-LOG_LINES:]
            self._news["log"] = self._log

    def end(self, why: type[Cancelled]) -> None:
        """Have the function leave at its next report."""
        self._ends = self._ends or why

    def take_news(self) -> dict[str, Any]:
        """What has been reported since last asked."""
        with self._lock:
            news, self._news = self._news, {}
        return news

    def _prove(self, session: Session | Connection) -> None:
        if not self._ending:
            claims.fence(session, self.held, self._lease)

    def run(self, function: Callable[[Running], Outcome]) -> None:
        """Call the function and store how it ended; raises Lost or Stopping, and what the function raises but knows."""
        outcome = function(self)
        self._finish(JobState.DONE, outcome=self._plain(outcome))

    def _plain(self, outcome: Outcome) -> dict[str, Any]:
        found: dict[str, Any] = {"text": str(outcome.text), "url": outcome.url if outcome.url.startswith("/") else ""}
        if outcome.file is not None:
            path = outcome.file.resolve()
            found |= {
                "file": str(path.relative_to(self._folder.resolve())),
                "file_name": outcome.file_name or path.name,
                "media_type": outcome.media_type or "application/octet-stream",
                "size": path.stat().st_size,
            }
        return found

    def _finish(self, state: JobState, **values: Any) -> None:
        """Commit what the function left uncommitted together with the end of the job."""
        values |= self._end(state)
        self._ending = True
        session = self._session
        if session is not None:
            try:
                claims.fence(session, self.held, self._lease, values)
            except OperationalError as error:
                if not busy(error):
                    raise
                # SQLite refuses its lock to a transaction that has read so far, and else holds it: nothing is lost
                session.rollback()
            else:
                session.commit()
                return
        if not claims.finish(self._app.extensions["engine"], self.held, values):
            raise Lost

    def give_up(self, state: JobState, message: str | None = None) -> None:
        """Undo what is not committed, and store that the job was stopped or failed."""
        self.let_go()
        claims.finish(self._app.extensions["engine"], self.held, {"message": message, **self._end(state)})

    def _end(self, state: JobState) -> dict[str, Any]:
        now = datetime.now(UTC)
        return {**self.take_news(), "state": state, "token": None, "ended_at": now, "expires_at": now + self._kept}

    def let_go(self) -> None:
        """End the function's transaction, storing nothing, and have its session act as nobody."""
        WRITING.set(False)
        if self._session is not None:
            self._session.rollback()
            event.remove(self._session, "before_commit", self._prove)
            self._session.info.pop("proof", None)
            self._session = None
