"""Imports cut off in the middle: a killed process, a lost connection, a full disk leave the registry as it was."""

import os
import resource
import signal
import sqlite3
from contextlib import closing

import pytest
from flask import Flask
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError

from app.store.imports.applying import apply
from tests.support import people
from tests.support.imports import RESIDENT, acting, citizen, planned, resident, rules, stored
from tests.support.places import Database
from tests.support.postgres import limit_files

ROOM = 64 * 1024
"""Bytes that a file may have where the disk is full."""
SEGMENT = 2**20
"""The same for PostgreSQL, whose journal is written in files of this size (`tests/support/postgres.py`)."""
FULL = 3


def fails(app: Flask, batch: int) -> bool:
    """Whether storing a plan fails by the database."""
    with acting(app, people.POLICE) as session:
        try:
            apply(session, batch, rules())
        except DBAPIError:
            return True
    return False


def test_a_worker_killed_while_it_applies_leaves_nothing_and_the_import_goes_in_once_afterwards(app: Flask) -> None:
    def die(done: int, total: int) -> None:
        if done:
            os.kill(os.getpid(), signal.SIGKILL)

    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, [resident(801), resident(802)])
    app.extensions["engine"].dispose()
    child = os.fork()
    if child == 0:
        with acting(app, people.POLICE) as session:
            apply(session, batch, rules(), report=die)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with acting(app, people.POLICE) as session:
        assert stored(session, [801, 802]) == {}
        assert apply(session, batch, rules())["added"] == 2
        assert list(stored(session, [801, 802])) == [801, 802]
        lines = session.scalar(text("SELECT count(*) FROM rn_event WHERE batch_id = :id"), {"id": batch})
        assert lines == 2


def test_a_connection_lost_while_it_applies_leaves_nothing(app: Flask, database: Database) -> None:
    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, [resident(811)])

        def cut(done: int, total: int) -> None:
            if not done:
                return
            driver = session.connection().connection.driver_connection
            assert driver is not None
            if database == "sqlite":
                driver.close()
                return
            number = session.scalar(text("SELECT pg_backend_pid()"))
            with app.extensions["engine"].connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})

        with pytest.raises(DBAPIError):
            apply(session, batch, rules(), report=cut)
    with acting(app, people.POLICE) as session:
        assert stored(session, [811]) == {}
        assert apply(session, batch, rules())["added"] == 1


def test_a_full_disk_leaves_nothing(app: Flask, database: Database) -> None:
    """A process that may write no longer files finds the disk full: with SQLite our own, else one of the server's."""
    engine = app.extensions["engine"]
    days = [f"19{year}0101" for year in range(70, 80)]
    rows = [
        resident(number, citizen_id=citizen(number, day), address="海" * 200)
        for number in range(820, 999) for day in days
    ]  # fmt: skip
    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, rows)
    engine.dispose()
    if database == "sqlite":
        with closing(sqlite3.connect(engine.url.database)) as own:
            own.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        child = os.fork()
        if child == 0:
            resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
            os._exit(FULL if fails(app, batch) else 0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == FULL
    else:

        def full(connection: Connection, cursor: object, statement: str, *rest: object) -> None:
            if statement.startswith("INSERT INTO resident "):
                driver = connection.connection.driver_connection
                assert driver is not None
                limit_files(driver.info.backend_pid, SEGMENT)

        event.listen(engine, "before_cursor_execute", full)
        assert fails(app, batch)
        event.remove(engine, "before_cursor_execute", full)
    engine.dispose()
    with acting(app, people.POLICE) as session:
        count = text("SELECT count(*) FROM resident WHERE address = :address").bindparams(address="海" * 200)
        assert session.scalar(count) == 0
        assert apply(session, batch, rules())["added"] == len(rows)
        assert session.scalar(count) == len(rows)
