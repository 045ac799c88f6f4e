"""Worker processes of a place, and what a test asks of the jobs there."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from flask import Flask
from sqlalchemy import select

from app.auth.people import load_person
from app.catalog import current
from app.declare.record import Account
from app.store.jobs import JOB, submit
from app.store.session import WRITING, act_as, db
from tests.support.patience import until
from tests.support.places import Place
from tests.support.processes import Process


class Workers:
    """`run.py worker` at a place with the kinds of the tests; leave its `with` block to stop it."""

    def __init__(self, place: Place, **env: str) -> None:
        self.env = {**place.env, "RAINBOW_JOB_LEASE": "3", **env}
        self.log = place.data / f"workers-{time.monotonic_ns()}.log"

    def __enter__(self) -> Self:
        self.process = Process(("-m", "tests.jobs.kinds"), self.env, self.log)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def children(self) -> list[int]:
        """The worker processes that the first process has started."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def kill(self) -> None:
        """End all of it at once, as a power cut does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)


@contextmanager
def acting(app: Flask, name: str) -> Iterator[Any]:
    """A session that acts and writes as somebody of the cast."""
    with app.app_context():
        session = db()
        account = session.execute(
            select(Account.id).where(Account.username == name), execution_options={"unfiltered": True}
        ).scalar_one()
        person = load_person(session, current(), account)
        assert person is not None
        session.rollback()
        WRITING.set(True)
        act_as(session, person)
        try:
            yield session
        finally:
            session.rollback()
            WRITING.set(False)


def ask(app: Flask, name: str, kind: str, once: str = "", **args: Any) -> int:
    """Submit a job as somebody of the cast."""
    with acting(app, name) as session:
        job_id = submit(session, kind, f"{kind} 任务", args, once=once)
        session.commit()
        return job_id


def row(app: Flask, job_id: int) -> Any:
    """A job as it stands in the database."""
    with app.extensions["engine"].connect() as connection:
        return connection.execute(select(JOB).where(JOB.c.id == job_id)).one()


def wait_for(app: Flask, job_id: int, *states: str) -> Any:
    """Wait until a job is in one of these states, and return it."""
    until(lambda: row(app, job_id).state.value in states, f"job {job_id} did not become {states}: {row(app, job_id)}")
    return row(app, job_id)
