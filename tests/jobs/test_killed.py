"""Jobs are done once whatever becomes of their workers, and with the rights that the person has by then."""

import os
import signal
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update

from app.catalog import current
from app.declare.record import Account
from app.store.jobs import JOB
from app.store.tables import JobState, Lease
from tests.jobs.workers import Workers, ask, row, wait_for
from tests.support import people
from tests.support.patience import until
from tests.support.places import Place

pytestmark = pytest.mark.served


def test_a_worker_that_is_killed_is_replaced_and_its_job_goes_on(app: Flask, place: Place, tmp_path: Path) -> None:
    with Workers(place) as own:
        job_id = ask(app, people.VIEWER, "count", steps=5, wait_at=3, gate=str(tmp_path / "gate"))
        until(lambda: row(app, job_id).note == "waits at 3", "it did not begin")
        first = row(app, job_id).worker
        for pid in own.children():
            os.kill(pid, signal.SIGKILL)
        until(lambda: row(app, job_id).worker != first, "nobody took it up")
        (tmp_path / "gate").touch()
        done = wait_for(app, job_id, "done")
    assert done.attempts == 2
    assert done.log[-1][1] == "2 steps had been done"


def test_what_a_killed_worker_had_written_and_not_finished_is_there_once(
    app: Flask, place: Place, tmp_path: Path
) -> None:
    gate, written = tmp_path / "gate", tmp_path / "written"
    job_id = ask(app, people.ADMIN, "add_unit", code="99", gate=str(gate), written=str(written))
    with Workers(place) as first:
        until(written.exists, "nothing was written")
        first.kill()
    with Workers(place):
        until(lambda: row(app, job_id).attempts >= 2, "nobody took it up when the lease had run out")
        gate.touch()
        wait_for(app, job_id, "done")
    with app.app_context(), app.extensions["engine"].connect() as connection:
        unit = current()["unit"].model.__table__
        assert len(connection.execute(select(unit.c.id).where(unit.c.code == "99")).all()) == 1
        lines = connection.execute(
            text("SELECT note, door FROM rn_event WHERE note = :n"), {"n": f"job {job_id}"}
        ).all()
        assert len(lines) == 1


def test_a_job_that_ends_its_worker_every_time_is_given_up(app: Flask, place: Place) -> None:
    with Workers(place):
        failed = wait_for(app, ask(app, people.VIEWER, "stubborn"), "failed")
    assert failed.attempts == 3
    assert "3" in failed.message


def test_two_workers_do_two_hundred_small_jobs_once_each(app: Flask, place: Place, tmp_path: Path) -> None:
    lines, gate = tmp_path / "lines", tmp_path / "gate"
    with Workers(place, RAINBOW_JOB_PROCESSES="2", RAINBOW_JOB_THREADS="1"):
        held = [ask(app, people.VIEWER, "count", steps=1, wait_at=1, gate=str(gate)) for _worker in range(2)]
        until(lambda: {row(app, job_id).note for job_id in held} == {"waits at 1"}, "not both of them work")
        some = people.CAST[:5]
        ids = [ask(app, some[number % 5], "note_down", file=str(lines), number=number) for number in range(200)]
        gate.touch()
        wait_for(app, ids[-1], "done")
        for job_id in ids:
            wait_for(app, job_id, "done")
    assert Counter(lines.read_text().split()) == {str(number): 1 for number in range(200)}
    assert len({row(app, job_id).worker for job_id in (*held, *ids)}) == 2


def test_an_account_that_is_closed_meanwhile_has_nothing_done(app: Flask, place: Place, tmp_path: Path) -> None:
    job_id = ask(app, people.TRAINER, "note_down", file=str(tmp_path / "lines"), number=1)
    account = Account.__table__
    with app.extensions["engine"].begin() as connection:
        connection.execute(update(account).where(account.c.username == people.TRAINER).values(active=False))
    with Workers(place):
        failed = wait_for(app, job_id, "failed")
    assert failed.message
    assert not (tmp_path / "lines").exists()


def test_a_role_that_is_taken_away_meanwhile_has_nothing_done(app: Flask, place: Place, tmp_path: Path) -> None:
    job_id = ask(app, people.ADMIN, "add_unit", code="98")
    with app.extensions["engine"].begin() as connection:
        admin = connection.scalar(select(Account.__table__.c.id).where(Account.__table__.c.username == people.ADMIN))
        connection.execute(text("DELETE FROM ab_user_role WHERE user_id = :id"), {"id": admin})
    with Workers(place):
        assert "单位" in wait_for(app, job_id, "failed").message


def test_what_recurs_has_one_leader_and_another_when_that_one_is_killed(app: Flask, place: Place) -> None:
    def holder() -> str | None:
        with app.extensions["engine"].connect() as connection:
            found: str | None = connection.scalar(select(Lease.holder))
            return found

    with app.extensions["engine"].begin() as connection:
        connection.execute(delete(Lease))
    with Workers(place) as first:
        leader = until(holder, "nobody leads")
        with Workers(place):
            first.kill()
            until(lambda: holder() != leader, "nobody leads in the place of the one that was killed")
            with app.extensions["engine"].connect() as connection:
                assert connection.scalars(select(JOB.c.id).where(JOB.c.state == JobState.RUNNING)).all() == []
