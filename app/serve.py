"""Serves the console with gunicorn: threads in one process for SQLite, more processes where asked."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from app.store.seals import keep_sealing


class _Server(BaseApplication):
    def __init__(self, app: Flask, options: dict[str, Any]) -> None:
        self.app = app
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self.app


def run(app: Flask, settings: Any) -> None:
    """Serve until told to stop."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host

    def fork(server: Any, worker: Any) -> None:
        # connections made before the fork belong to the parent
        app.extensions["engine"].dispose(close=False)
        keep_sealing(app.extensions["engine"])

    _Server(app, {
        "bind": f"{host}:{settings.port}",
        "workers": settings.workers,
        "threads": settings.threads,
        "worker_class": "gthread",
        "loglevel": settings.log_level,
        "post_fork": fork,
        # a list's filters stand in its address
        "limit_request_line": 8190,
        "worker_tmp_dir": None,
        "control_socket_disable": True,
    }).run()  # fmt: skip
