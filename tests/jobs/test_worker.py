"""What is asked for is done once, ends in words, and stops when it is told to."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app.store import jobs
from app.store.claims import claim
from app.store.jobs import JOB, Crowded, cancel, retry, submit
from tests.jobs.workers import Workers, acting, ask, row, wait_for
from tests.support import people
from tests.support.console import console
from tests.support.patience import until
from tests.support.places import Filling, Place
from tests.support.visitor import Visitor

pytestmark = pytest.mark.served


@pytest.fixture(scope="module")
def workers(place: Place, app: Flask) -> Iterator[Workers]:
    """One worker process with two threads, for the tests that do not end it."""
    with Workers(place) as running:
        yield running


def test_a_job_is_done_and_tells_what_it_brought(app: Flask, workers: Workers) -> None:
    done = wait_for(app, ask(app, people.VIEWER, "count", steps=3), "done")
    assert (done.done, done.total, done.outcome["text"], done.attempts) == (3, 3, "3 steps", 1)
    assert [text for _at, text in done.log] == ["0 steps had been done"]


def test_a_job_that_fails_says_so_in_words(app: Flask, workers: Workers) -> None:
    assert wait_for(app, ask(app, people.VIEWER, "refuse"), "failed").message == "表中没有数据"


def test_a_fault_of_the_program_stays_in_the_log_of_the_worker(
    app: Flask, workers: Workers, visitor: Callable[[str], Visitor]
) -> None:
    failed = wait_for(app, ask(app, people.VIEWER, "crash"), "failed")
    page = visitor(people.VIEWER).get(f"/jobs/{failed.id}").text
    assert str(failed.id) in failed.message
    assert "secret value" not in page
    assert "Traceback" not in page
    until(lambda: "a secret value of a row" in workers.said, "the fault is not in the log")


def test_a_kind_that_nobody_knows_fails_in_words(app: Flask, workers: Workers) -> None:
    assert wait_for(app, ask(app, people.VIEWER, "unheard_of"), "failed").message


def test_what_could_not_be_committed_is_done_again_and_never_called_done(app: Flask, workers: Workers) -> None:
    done = wait_for(app, ask(app, people.ADMIN, "uncommitted", code="UC-1"), "done", "failed")
    assert (done.state.value, done.attempts) == ("done", 2), done.message
    with app.extensions["engine"].connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM unit WHERE code = 'UC-1'")) == 1


def test_a_job_that_finds_the_disk_full_says_so(app: Flask, workers: Workers) -> None:
    assert "服务器" in wait_for(app, ask(app, people.VIEWER, "no_room"), "failed").message


def test_a_job_stops_when_asked(app: Flask, workers: Workers, tmp_path: Path) -> None:
    job_id = ask(app, people.VIEWER, "count", steps=5, wait_at=3, gate=str(tmp_path / "gate"))
    until(lambda: row(app, job_id).note == "waits at 3", "it did not begin")
    with acting(app, people.VIEWER) as session:
        assert cancel(session, job_id)
        session.commit()
    assert wait_for(app, job_id, "cancelled").outcome is None
    (tmp_path / "gate").touch()
    with acting(app, people.VIEWER) as session:
        assert retry(session, job_id)
        session.commit()
    assert wait_for(app, job_id, "done").log[-1][1] == "2 steps had been done"


def test_the_same_request_sent_eight_times_at_once_is_one_job(app: Flask, workers: Workers, tmp_path: Path) -> None:
    def send(_number: int) -> int:
        return ask(app, people.VIEWER, "note_down", once="one form", file=str(tmp_path / "lines"), number=1)

    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(send, range(8)))
    assert len(found) == 1
    wait_for(app, found.pop(), "done")
    assert (tmp_path / "lines").read_text() == "1\n"


def test_the_same_words_of_two_people_are_two_jobs(app: Flask, tmp_path: Path) -> None:
    arguments = {"file": str(tmp_path / "lines"), "number": 1}
    first = ask(app, people.VIEWER, "note_down", once="the same", **arguments)
    assert ask(app, people.LEADER, "note_down", once="the same", **arguments) != first


def test_what_is_submitted_and_not_committed_is_no_job(app: Flask, workers: Workers) -> None:
    with app.extensions["engine"].connect() as connection:
        before = connection.scalar(select(func.count()).select_from(JOB))
    with acting(app, people.VIEWER) as session:
        submit(session, "count", "nothing", {"steps": 1})
        session.rollback()
    with app.extensions["engine"].connect() as connection:
        assert connection.scalar(select(func.count()).select_from(JOB)) == before


def test_one_person_has_so_many_jobs_and_asked_for_again_one_is_the_same(
    app: Flask, visitor: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ask(app, people.TRAINER, "unheard_of", once="a")
    monkeypatch.setattr(jobs, "MOST_OPEN", 0)
    assert ask(app, people.TRAINER, "unheard_of", once="a") == first
    with pytest.raises(Crowded):
        ask(app, people.TRAINER, "unheard_of", once="b")
    answer = visitor(people.TRAINER).post("/records/unit/count")
    assert answer.status_code == 429
    assert "/jobs/" in answer.text


def test_somebodys_many_jobs_do_not_keep_another_waiting(new_place: Callable[[Filling], Place]) -> None:
    with console(new_place("city").settings) as app:
        engine, lease = app.extensions["engine"], timedelta(seconds=60)
        many = [ask(app, people.VIEWER, "unheard_of") for _ in range(3)]
        one = ask(app, people.LEADER, "unheard_of")
        taken = [claim(engine, "worker", lease) for _ in range(4)]
    assert [held.id if held else 0 for held in taken] == [many[0], one, many[1], many[2]]
