"""The worker processes of one supervisor: started by forking, started again when they end, ended with it."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask

from app.jobs.worker import GRACE_SECONDS, Worker, make_name

logger = logging.getLogger(__name__)
AGAIN_SECONDS = 2.0
"""How soon after its start a worker that ended is replaced at the earliest."""
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD)


@dataclass
class Place:
    """Where a worker works: which one, and since when."""

    pid: int = 0
    name: str = ""
    started: float = 0.0


class Crew:
    """So many workers; whoever has them calls `keep` every second or so."""

    def __init__(self, app: Flask, settings: Any, prepare: Callable[[], None] = lambda: None) -> None:
        self._app = app
        self._settings = settings
        self._prepare = prepare
        self._places = [Place() for _ in range(settings.job_processes)]

    def keep(self) -> None:
        """Start the workers that are not there."""
        for place in self._places:
            if place.pid and _ended(place.pid):
                logger.warning("worker %s (%s) has ended; another one starts", place.name, place.pid)
                place.pid = 0
            if not place.pid and (not place.name or time.monotonic() > place.started + AGAIN_SECONDS):
                self._start(place)

    def _start(self, place: Place) -> None:
        before, name, parent = place.name, make_name(), os.getpid()
        place.name, place.started = name, time.monotonic()
        place.pid = os.fork()
        if place.pid == 0:
            status = 1
            try:
                for number in SIGNALS:
                    signal.signal(number, signal.SIG_DFL)
                self._prepare()
                # connections made before the fork belong to the parent
                self._app.extensions["engine"].dispose(close=False)
                Worker(self._app, self._settings, name).serve(parent, before)
                status = 0
            except BaseException:
                logger.exception("worker %s could not work", name)
            finally:
                os._exit(status)

    def call_off(self) -> None:
        """Tell the workers to end."""
        for place in self._places:
            self._send(place, signal.SIGTERM)

    def stop(self) -> None:
        """End the workers, and wait until they have ended."""
        self.call_off()
        until = time.monotonic() + GRACE_SECONDS + 1
        while any(place.pid and not _ended(place.pid) for place in self._places):
            if time.monotonic() > until:
                for place in self._places:
                    self._send(place, signal.SIGKILL)
            time.sleep(0.05)

    def _send(self, place: Place, number: int) -> None:
        if place.pid and not _ended(place.pid):
            os.kill(place.pid, number)


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:  # whoever else waits for children has had it
        return True
