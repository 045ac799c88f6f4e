"""A worker process: threads that do jobs, a heart that says they live, and a try at leading what recurs."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
import time
from datetime import timedelta
from typing import Any, Protocol

from flask import Flask
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.access import Forbidden
from app.jobs import schedule
from app.jobs.schedule import Leader
from app.jobs.task import Running, Stopping
from app.store import claims, leases
from app.store.claims import MOST_ATTEMPTS, Claim, Lost
from app.store.failures import no_room
from app.store.jobs import Cancelled, Failed
from app.store.tables import JobState
from app.store.validate import Invalid

logger = logging.getLogger(__name__)
LOOK_SECONDS = 0.5
GRACE_SECONDS = 5.0
"""How long a worker that is told to end waits for its jobs to let go."""


class Settings(Protocol):
    """What a worker is told by the console's settings."""

    @property
    def job_threads(self) -> int: ...
    @property
    def job_lease(self) -> int: ...
    @property
    def job_hours(self) -> int: ...


def make_name() -> str:
    """A name that no other worker has or had."""
    return f"{socket.gethostname()[:60]}-{secrets.token_hex(6)}"


class Worker:
    """Does jobs until it is told to stop, or until the process that started it has gone."""

    def __init__(self, app: Flask, settings: Settings, name: str) -> None:
        self.name = name
        self._app = app
        self._engine = app.extensions["engine"]
        self._threads = settings.job_threads
        self._lease = timedelta(seconds=settings.job_lease)
        self._kept = timedelta(hours=settings.job_hours)
        self._stop = threading.Event()
        self._running: dict[int, Running] = {}
        self._lock = threading.Lock()

    def serve(self, parent: int, after: str = "") -> None:
        """Work until a signal, or until the parent process has gone; `after` names a dead worker whose jobs wait."""
        queue = self._app.extensions["jobs"]
        self._take_over(after)
        leader = Leader(self._app, self.name, self._lease)
        heart = threading.Thread(target=self._beat, name="heart", daemon=True)
        consumer = queue.consumer(self.drain, self._threads)
        consumer.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_signal: self._stop.set())
        heart.start()
        leader.start()
        logger.info("worker %s (%s) started", self.name, os.getpid())
        queue.wake()
        while not self._stop.wait(LOOK_SECONDS):
            if os.getppid() != parent:
                self._stop.set()
        consumer.stop()
        leader.stop()
        self._leave()

    def _take_over(self, after: str) -> None:
        if after:
            try:
                claims.take_back(self._engine, claims.left_by(self._engine, after), self._kept)
                leases.let_go(self._engine, schedule.NAME, after)
            except SQLAlchemyError:
                logger.warning("the jobs of %s wait for their lease to run out", after)

    def _leave(self) -> None:
        """Give running jobs a moment to let go; what does not is left behind, and taken up again by its lease."""
        until = time.monotonic() + GRACE_SECONDS
        while self._running and time.monotonic() < until:
            for task in list(self._running.values()):
                task.end(Stopping)
            time.sleep(0.05)

    def drain(self) -> None:
        """Do jobs until none waits."""
        while not self._stop.is_set():
            held = claims.claim(self._engine, self.name, self._lease)
            if held is None:
                return
            self._do(held)

    def _do(self, held: Claim) -> None:
        with self._app.app_context(), force_locale(held.language):
            task = Running(self._app, held, self._lease, self._kept)
            with self._lock:
                self._running[held.id] = task
            try:
                self._attempt(task)
            except Exception:
                # its lease runs out, and it is taken up again
                logger.exception("job %s: its end could not be stored", held.id)
            finally:
                with self._lock:
                    del self._running[held.id]
                task.let_go()

    def _attempt(self, task: Running) -> None:
        function = self._app.extensions["job_kinds"].get(task.held.kind)
        try:
            if function is None:
                raise Failed(_("This console does not know how to do this any more."))
            task.session()
            task.run(function)
        except Lost:
            logger.warning("job %s was taken over by another worker", task.id)
        except Stopping:
            task.let_go()
            claims.put_back(self._engine, task.held, counts=False)
        except Cancelled:
            task.give_up(JobState.CANCELLED)
        except (Failed, Forbidden, Invalid) as refused:
            task.give_up(JobState.FAILED, _in_words(refused))
        except (DBAPIError, PoolTimeout) as error:
            self._unlucky(task, error)
        except Exception as error:
            logger.exception("job %s (%s) failed", task.id, task.held.kind)
            task.give_up(JobState.FAILED, _what_failed(task, error))

    def _unlucky(self, task: Running, error: SQLAlchemyError) -> None:
        """A connection lost or not to be had, or a busy database: the job is done again, though not for ever."""
        logger.warning("job %s: %s", task.id, type(error).__name__, exc_info=error)
        task.let_go()
        if task.held.attempts < MOST_ATTEMPTS and not no_room(error):
            claims.put_back(self._engine, task.held, counts=True)
        else:
            task.give_up(JobState.FAILED, _what_failed(task, error))

    def _beat(self) -> None:
        """Renew the leases and store what the jobs report, every moment or so."""
        due: dict[int, float] = {}
        while not self._stop.wait(min(LOOK_SECONDS, self._lease.total_seconds() / 8)):
            with self._lock:
                tasks = list(self._running.values())
            for task in tasks:
                news = task.take_news()
                now = time.monotonic()
                if not news and now < due.get(task.id, 0.0):
                    continue
                due[task.id] = now + self._lease.total_seconds() / 4
                self._tell(task, news)

    def _tell(self, task: Running, news: dict[str, Any]) -> None:
        try:
            if claims.beat(self._engine, task.held, self._lease, news):
                task.end(Cancelled)
        except Lost:
            task.end(Lost)
        except SQLAlchemyError as error:
            # the next beat may do better; else the lease runs out, and nothing of this worker's is stored any more
            logger.warning("job %s: no sign of life could be stored: %s", task.id, error)


def _in_words(refused: Failed | Forbidden | Invalid) -> str:
    if isinstance(refused, Forbidden):
        text = _("Your roles do not let you do this in “%(record)s” any more. Ask the security administrator if your "
                 "work needs it.", record=refused.entry.title)  # fmt: skip
        return str(text)
    return str(refused)


def _what_failed(task: Running, error: Exception) -> str:
    """What the person is told of a fault that is not theirs."""
    if no_room(error):
        return str(_("There is no room left on the server, so nothing was stored. Tell the system administrator, and "
                     "do this again later."))  # fmt: skip
    text = _("Something went wrong here. It is not your fault, and what was not finished was not stored. Please try "
             "again; if it happens again, tell the system administrator the number of this job: %(id)s.",
             id=task.id)  # fmt: skip
    return str(text)
