"""Kinds of jobs for the tests, and worker processes that know them: `python -m tests.jobs.kinds`."""

import errno
import os
import signal
import time
from pathlib import Path
from threading import get_ident
from typing import Any

from flask import Flask
from sqlalchemy import Connection, event

from app.auth.passwords import hash_password
from app.catalog import current
from app.declare.choices import Classification
from app.excel import import_jobs
from app.serve import work
from app.store.jobs import Failed, JobFunction, Outcome, Task
from app.store.save import add_row, make_rules
from app.store.session import writing
from config import Settings
from run import make_console


def note_down(task: Task) -> Outcome:
    """Add a line to a file when it is done: a doubled job would show."""
    with Path(str(task.args["file"])).open("a", encoding="utf-8") as lines:
        lines.write(f"{task.args['number']}\n")
    return Outcome(text=f"No. {task.args['number']}")


def count(task: Task) -> Outcome:
    """Count to `steps` and wait at one of them for a file; what an earlier worker counted is not counted again."""
    file, steps = task.folder / "step", int(task.args["steps"])
    begin = int(file.read_text()) if file.exists() else 0
    task.log(f"{begin} steps had been done")
    for step in range(begin + 1, steps + 1):
        while step == task.args.get("wait_at") and not Path(str(task.args["gate"])).exists():
            task.report(step - 1, steps, f"waits at {step}")
            time.sleep(0.02)
        file.write_text(str(step))
        task.report(step, steps)
    return Outcome(text=f"{steps} steps")


def write_file(task: Task) -> Outcome:
    """Make a file to download."""
    path = task.folder / "out.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    return Outcome(text="2 columns", url="/records/unit/", file=path, file_name="结果.csv", media_type="text/csv")


def add_unit(task: Task) -> Outcome:
    """Add a row as the person, commit nothing, say so by a file and wait for another before the end."""
    session, entry = task.session(writes=True), current()["unit"]
    raw = {"code": task.args["code"], "name": task.args["code"], "kind": "department"}
    with writing(session):
        add_row(session, entry, raw, make_rules(Classification.INTERNAL, hash_password))
    Path(str(task.args["written"])).touch()
    while not Path(str(task.args["gate"])).exists():
        task.report(0, 1)
        time.sleep(0.02)
    return Outcome(text="added")


def uncommitted(task: Task) -> Outcome:
    """Add a row as the person; at the first attempt what is left uncommitted cannot be committed."""
    session, entry, seen = task.session(writes=True), current()["unit"], task.folder / "seen"
    raw = {"code": task.args["code"], "name": task.args["code"], "kind": "department"}
    with writing(session):
        add_row(session, entry, raw, make_rules(Classification.INTERNAL, hash_password))
    if not seen.exists():
        here, engine = get_ident(), session.connection().engine

        def fail(connection: Connection) -> None:
            # of this thread: the worker says meanwhile that it lives
            if get_ident() == here and not seen.exists():
                seen.touch()
                connection.exec_driver_sql("SELECT no_such_column")

        event.listen(engine, "commit", fail)
    return Outcome(text="added")


def no_room(task: Task) -> Outcome:
    """Find the disk full."""
    raise OSError(errno.ENOSPC, "No space left on device", str(task.folder))


class Held:
    """A task that says by a file that a part of its work is done, and waits for another before it goes on."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)

    def report(self, done: int, total: int | None = None, note: str = "") -> None:
        self._task.report(done, total, note)
        if done:
            Path(str(self._task.args["reached"])).touch()
        while done and not Path(str(self._task.args["gate"])).exists():
            time.sleep(0.02)


def held_plan(task: Task) -> Outcome:
    """Check the file of an import, held in the middle."""
    return import_jobs.plan(Held(task))


def held_apply(task: Task) -> Outcome:
    """Store what an import came to, held in the middle of its transaction."""
    return import_jobs.apply(Held(task))


def stubborn(task: Task) -> Outcome:
    """End its worker at once, as a lack of memory does."""
    os.kill(os.getpid(), signal.SIGKILL)
    return Outcome()


def refuse(task: Task) -> Outcome:
    """Fail in words."""
    raise Failed("表中没有数据")


def crash(task: Task) -> Outcome:
    """Fail by a fault of the program."""
    raise ValueError("a secret value of a row")


KINDS: dict[str, JobFunction] = {
    one.__name__: one
    for one in (
        note_down,
        count,
        write_file,
        add_unit,
        held_plan,
        held_apply,
        stubborn,
        refuse,
        crash,
        uncommitted,
        no_room,
    )
}


def console(settings: Settings) -> Flask:
    """A console that knows these kinds."""
    app = make_console(settings)
    app.extensions["job_kinds"].update(KINDS)
    return app


if __name__ == "__main__":
    read = Settings.from_env()
    work(console(read), read)
