"""Imports between two who work at once: a worker that lost its job, the clean-up, a pool of connections in use."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import QueuePool, create_engine, func, select, update
from sqlalchemy.orm import Session

from app.access import SYSTEM
from app.jobs.task import Running
from app.jobs.worker import Worker, make_name
from app.store import claims
from app.store.import_tables import ImportBatch, ImportRow, State
from app.store.imports import filled, planning
from app.store.imports.batches import Refused, change_layout, drop, find, layout_of
from app.store.imports.forgetting import forget_rows
from app.store.imports.planning import plan
from app.store.jobs import JOB, Outcome, Task
from app.store.session import act_as
from app.store.tables import JobState
from tests.jobs.workers import ask, row
from tests.support import people
from tests.support.console import console
from tests.support.imports import RESIDENT, acting, as_text, planned, resident, rules
from tests.support.patience import until
from tests.support.places import Database, Place

LEASE = timedelta(seconds=30)


def kept(app: Flask, batch: int) -> int:
    """How many planned rows a batch has."""
    statement = select(func.count()).select_from(ImportRow).where(ImportRow.batch_id == batch)
    with app.extensions["engine"].connect() as connection:
        return int(connection.scalar(statement) or 0)


def begun(app: Flask, number: int) -> int:
    with acting(app, people.POLICE) as session:
        batch, _counts = planned(session, "resident", RESIDENT, [resident(number)])
    return batch


def cleared(app: Flask) -> int:
    """What the clean-up of a day far off removes; it acts beside whatever goes on here."""
    with Session(app.extensions["engine"]) as beside:
        act_as(beside, SYSTEM)
        gone = forget_rows(beside, datetime.now(UTC) + timedelta(days=1))
        beside.commit()
        return gone


def join(app: Flask, batch: int, job_id: int) -> None:
    with app.extensions["engine"].begin() as connection:
        connection.execute(update(ImportBatch).where(ImportBatch.id == batch).values(job_id=job_id))


def end(app: Flask, job_id: int) -> None:
    with app.extensions["engine"].begin() as connection:
        connection.execute(update(JOB).where(JOB.c.id == job_id).values(state=JobState.CANCELLED, token=None))


def test_a_worker_that_lost_its_job_leaves_no_row_in_the_plan_of_the_next(app: Flask) -> None:
    batch, engine = begun(app, 641), app.extensions["engine"]
    job_id = ask(app, people.POLICE, "import-plan", batch=batch)
    held = claims.claim(engine, "the first", LEASE)
    assert held is not None
    assert held.id == job_id

    def rows() -> Iterator[filled.Row]:
        with engine.begin() as connection:
            connection.execute(update(JOB).where(JOB.c.id == job_id).values(token="the second"))
        yield 2, resident(641)

    with app.app_context():
        task = Running(app, held, LEASE, LEASE)
        with pytest.raises(claims.Lost):
            plan(task.session(), batch, rows(), rules(), as_text, task.report)
        task.let_go()
    assert kept(app, batch) == 0
    end(app, job_id)


def test_nothing_read_stays_open_while_a_plan_is_made(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "CHUNK", 1)
    batch = begun(app, 651)
    with acting(app, people.POLICE) as session:
        within: list[bool] = []

        def rows() -> Iterator[filled.Row]:
            for number in (651, 652, 653):
                within.append(session.in_transaction())
                yield number, resident(number)

        assert plan(session, batch, rows(), rules(), as_text) == {"new": 3}
    assert within[1:] == [False, False]


def test_the_clean_up_leaves_an_import_that_a_job_is_at_work_on(app: Flask) -> None:
    batch = begun(app, 661)
    job_id = ask(app, people.POLICE, "count", steps=1)
    join(app, batch, job_id)
    while cleared(app):
        pass
    assert kept(app, batch) == 1
    with acting(app, people.POLICE) as session:
        layout = layout_of(session.get_one(ImportBatch, batch))
        works: list[Any] = [lambda: drop(session, batch), lambda: change_layout(session, batch, layout)]
        for work in works:
            with pytest.raises(Refused, match="停止"):
                work()
            session.rollback()
    end(app, job_id)
    while cleared(app):
        pass
    assert kept(app, batch) == 0


def test_the_clean_up_leaves_what_somebody_has_locked(app: Flask, database: Database) -> None:
    batch = begun(app, 671)
    # SQLite locks no row: whoever asks for one is alone with the whole database when they write, or has not locked it
    locks = database == "postgresql"
    with acting(app, people.POLICE) as session:
        session.get_one(ImportBatch, batch, with_for_update=True)
        assert cleared(app) == (0 if locks else 1)
    assert cleared(app) == (1 if locks else 0)


def test_a_plan_that_is_forgotten_while_it_is_made_is_not_a_plan(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "CHUNK", 1)
    batch = begun(app, 681)
    with acting(app, people.POLICE) as session:

        def rows() -> Iterator[filled.Row]:
            for number in (681, 682, 683):
                yield number, resident(number)
            # whoever puts the last chunk away holds the batch that moment, and the clean-up passes it by
            until(lambda: cleared(app), "the clean-up found nothing of the import that is being planned")

        with pytest.raises(Refused):
            plan(session, batch, rows(), rules(), as_text)
        session.rollback()
        own = find(session, batch)
        assert own is not None
        assert own.state is State.DROPPED


def test_a_job_that_gets_no_connection_is_done_again(app: Flask, place: Place) -> None:
    tries: list[int] = []

    def crowded(task: Task) -> Outcome:
        tries.append(task.id)
        if len(tries) == 1:
            pool = create_engine("sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0)
            try:
                with pool.connect(), pool.connect():
                    pass
            finally:
                pool.dispose()
        return Outcome("done")

    app.extensions["job_kinds"]["crowded"] = crowded
    job_id = ask(app, people.VIEWER, "crowded")
    Worker(app, place.settings, make_name()).drain()
    assert tries == [job_id, job_id]
    assert row(app, job_id).state is JobState.DONE


def test_each_job_at_once_may_have_two_connections(place: Place) -> None:
    settings = replace(place.settings, job_threads=32)
    with console(settings) as made:
        pool = made.extensions["engine"].pool
        assert pool.size() + pool._max_overflow > 2 * settings.job_threads  # told nowhere else
