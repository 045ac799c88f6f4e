"""Serves the console with gunicorn, threads in one process for SQLite, more processes where asked; and runs jobs."""

from __future__ import annotations

import logging
import select
import signal
import sys
import threading
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import TConn, ThreadWorker

from app.jobs.crew import Crew

LINGER_MS = 5
"""How long a thread that has answered waits for the next request of the same connection, where others are free."""


class _Worker(ThreadWorker):
    """Gunicorn's worker of threads; whoever asks again at once is answered by the thread that has just answered.

    To hand the connection back and take it up again costs two turns of two threads, more than the request line itself.
    """

    def handle(self, conn: TConn) -> Any:
        kept = super().handle(conn)
        while kept is True and self.alive and self._free() and _asks_again(conn):
            kept = super().handle(conn)
        return kept

    def _free(self) -> bool:
        """Whether another thread is there for others meanwhile."""
        busy = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        return bool(busy < self.cfg.threads)


def _asks_again(conn: TConn) -> bool:
    parser: Any = conn.parser
    if parser.unreader.buf.getvalue():  # read with the last one already
        return True
    waiting = select.poll()
    waiting.register(conn.sock, select.POLLIN)
    return bool(waiting.poll(LINGER_MS))


class _Master(Arbiter):
    """Gunicorn's first process, which looks after the workers of jobs as well as after those of pages."""

    def __init__(self, server: _Server) -> None:
        super().__init__(server)
        self.crew = Crew(server.app, server.crew_settings, self._close) if server.crew_settings else None

    def _close(self) -> None:
        for listener in self.LISTENERS:
            listener.close()

    def manage_workers(self) -> None:
        super().manage_workers()
        if self.crew:
            self.crew.keep()

    def stop(self, graceful: bool = True) -> None:
        if self.crew:
            self.crew.call_off()
        super().stop(graceful)
        if self.crew:
            self.crew.stop()


class _Server(BaseApplication):
    def __init__(self, app: Flask, options: dict[str, Any], crew_settings: Any) -> None:
        self.app = app
        self.crew_settings = crew_settings
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self.app

    def run(self) -> None:
        try:
            _Master(self).run()
        except RuntimeError as error:
            sys.exit(f"Error: {error}")


def run(app: Flask, settings: Any) -> None:
    """Serve until told to stop."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host

    def fork(server: Any, worker: Any) -> None:
        # connections made before the fork belong to the parent
        app.extensions["engine"].dispose(close=False)

    _Server(app, {
        "bind": f"{host}:{settings.port}",
        "workers": settings.workers,
        "threads": settings.threads,
        "worker_class": _Worker,
        "loglevel": settings.log_level,
        "post_fork": fork,
        # a list's filters stand in its address
        "limit_request_line": 8190,
        # of what proxies say app.edge knows, by whom it comes; gunicorn would believe the machine itself
        "forwarded_allow_ips": "",
        "secure_scheme_headers": {},
        "worker_tmp_dir": None,
        "control_socket_disable": True,
    }, None if settings.redis_url or not settings.job_processes else settings).run()  # fmt: skip


def work(app: Flask, settings: Any) -> None:
    """Do jobs until told to stop."""
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    crew, stop = Crew(app, settings), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_signal: stop.set())
    crew.keep()
    while not stop.wait(1):
        crew.keep()
    crew.stop()
