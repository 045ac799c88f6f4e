"""The pages of jobs: one's own with all they brought, other people's without, and the bell on every page."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from app.jobs.worker import Worker
from app.store.jobs import JOB
from tests.jobs.kinds import KINDS
from tests.jobs.workers import ask, row
from tests.support import people
from tests.support.places import Place
from tests.support.statements import counted
from tests.support.visitor import Visitor

Someone = Callable[[str], Visitor]


@pytest.fixture(scope="module")
def work(app: Flask, place: Place) -> Callable[[], None]:
    """Do what waits, in this process."""
    app.extensions["job_kinds"].update(KINDS)
    return Worker(app, place.settings, "in-process").drain


@pytest.fixture(scope="module")
def made(app: Flask, work: Callable[[], None]) -> int:
    """A job of the viewer's that has made a file."""
    job_id = ask(app, people.VIEWER, "write_file")
    work()
    return job_id


def test_a_person_fetches_the_file_of_their_job_under_its_name(visitor: Someone, made: int) -> None:
    page = visitor(people.VIEWER).get(f"/jobs/{made}").text
    assert f'href="/jobs/{made}/file"' in page
    answer = visitor(people.VIEWER).get(f"/jobs/{made}/file")
    assert answer.text == "a,b\n1,2\n"
    answer.close()
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "%E7%BB%93%E6%9E%9C.csv" in answer.headers["Content-Disposition"]


def test_nobody_else_finds_a_job_or_its_file(visitor: Someone, stranger: Visitor, made: int) -> None:
    for name in (people.LEADER, people.SECURITY, people.AUDITOR):
        for path in ("", "/progress", "/file"):
            assert visitor(name).get(f"/jobs/{made}{path}").status_code == 404
        for path in ("/cancel", "/retry"):
            assert visitor(name).post(f"/jobs/{made}{path}").status_code == 404
        assert "write_file" not in visitor(name).get("/jobs/").text
        assert visitor(name).get("/jobs/?all=1").status_code == 400
    for path in ("/jobs/", f"/jobs/{made}", f"/jobs/{made}/file"):
        assert stranger.get(path).status_code == 303
    assert stranger.get("/jobs/bell").status_code == 204


def test_the_keeper_of_the_console_sees_that_a_job_is_there_and_nothing_it_says(
    visitor: Someone, made: int, app: Flask, work: Callable[[], None]
) -> None:
    keeper = visitor(people.ADMIN)
    counting, refused = ask(app, people.VIEWER, "count", steps=2), ask(app, people.VIEWER, "refuse")
    work()
    assert "write_file" in keeper.get("/jobs/?all=1").text
    assert "write_file" not in keeper.get("/jobs/").text
    for job_id in (made, counting, refused):
        page = keeper.get(f"/jobs/{job_id}").text
        for said in ("2 columns", "结果.csv", "2 steps", "0 steps had been done", "表中没有数据", "/file"):
            assert said not in page
    assert keeper.get(f"/jobs/{made}/file").status_code == 404
    assert keeper.post(f"/jobs/{refused}/retry").status_code == 303
    assert row(app, refused).state.value == "failed"


def test_a_job_that_waits_is_stopped_and_done_again(visitor: Someone, app: Flask, work: Callable[[], None]) -> None:
    viewer, job_id = visitor(people.VIEWER), ask(app, people.VIEWER, "count", steps=1)
    assert f"/jobs/{job_id}/cancel" in viewer.get(f"/jobs/{job_id}").text
    assert viewer.post(f"/jobs/{job_id}/cancel").status_code == 303
    work()
    assert row(app, job_id).state.value == "cancelled"
    assert f"/jobs/{job_id}/retry" in viewer.get(f"/jobs/{job_id}").text
    assert viewer.post(f"/jobs/{job_id}/retry").status_code == 303
    work()
    assert row(app, job_id).state.value == "done"
    assert viewer.post(f"/jobs/{job_id}/retry").status_code == 303
    assert viewer.post(f"/jobs/{job_id}/cancel").status_code == 303
    assert row(app, job_id).state.value == "done"


def test_a_file_is_gone_after_its_time_and_the_page_says_so(
    visitor: Someone, app: Flask, work: Callable[[], None]
) -> None:
    job_id = ask(app, people.VIEWER, "write_file")
    work()
    folder = app.extensions["job_folder"] / str(job_id)
    assert folder.is_dir()
    with app.extensions["engine"].begin() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(update(JOB).where(JOB.c.id == job_id).values(expires_at=past))
    answer = visitor(people.VIEWER).get(f"/jobs/{job_id}/file")
    assert answer.status_code == 410
    assert "不再保留" in answer.text
    expire = next(one for one in app.extensions["recurring"] if one.name == "expire")
    expire.work(app)
    assert not folder.exists()
    assert visitor(people.VIEWER).get(f"/jobs/{job_id}/file").status_code == 410
    assert "不再保留" in visitor(people.VIEWER).get(f"/jobs/{job_id}").text


def test_the_bell_tells_of_ones_own_jobs_alone_until_they_are_looked_at(
    visitor: Someone, app: Flask, work: Callable[[], None]
) -> None:
    leader = visitor(people.LEADER)
    leader.get("/jobs/")
    job_id = ask(app, people.LEADER, "count", steps=1)
    assert f"watched={job_id}" in leader.get("/").text
    assert f"watched={job_id}" not in visitor(people.TOURISM).get("/").text
    assert "count" not in leader.get(f"/jobs/bell?watched={job_id}").text
    work()
    told = leader.get(f"/jobs/bell?watched={job_id}").text
    assert "“count 任务”已完成" in told
    assert "rn-bell-count" in told
    assert "hx-get" not in told
    assert "count" not in visitor(people.TOURISM).get(f"/jobs/bell?watched={job_id}").text.replace("rn-bell-count", "")
    assert "rn-bell-count" in leader.get("/").text
    leader.get(f"/jobs/{job_id}")
    assert "rn-bell-count" not in leader.get("/").text


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=" + "9" * 30, "before=１", "page=2", "all=0"])
def test_an_address_that_says_something_unknown_is_answered_in_words(visitor: Someone, query: str) -> None:
    assert visitor(people.ADMIN).get(f"/jobs/?{query}").status_code == 400


@pytest.mark.parametrize("watched", ["", "x", "1,,2", "９", "-1", "1" * 5000])
def test_the_bell_takes_whatever_it_is_asked(visitor: Someone, watched: str) -> None:
    assert visitor(people.VIEWER).get(f"/jobs/bell?watched={watched}").status_code == 200


def test_pages_of_jobs_take_few_statements_however_many_jobs_there_are(
    visitor: Someone, app: Flask, work: Callable[[], None], made: int
) -> None:
    viewer = visitor(people.VIEWER)
    for _number in range(35):
        ask(app, people.VIEWER, "count", steps=1)
    work()
    assert "before=" in viewer.get("/jobs/").text
    for path, most in (("/jobs/", 5), (f"/jobs/{made}", 5), (f"/jobs/{made}/progress", 4), ("/jobs/bell", 3)):
        with counted() as said:
            viewer.get(path)
        assert len(said) <= most, said


def test_an_open_page_of_a_job_says_how_far_it_is(visitor: Someone, app: Flask) -> None:
    job_id = ask(app, people.VIEWER, "count", steps=1)
    with app.extensions["engine"].begin() as connection:
        connection.execute(update(JOB).where(JOB.c.id == job_id).values(
            state="running", done=958, total=1522, rate=94.0, note="第 3 张表", started_at=datetime.now(UTC), token="t",
        ))  # fmt: skip
    part = visitor(people.VIEWER).get(f"/jobs/{job_id}/progress").text
    for said in ('aria-valuenow="62"', "958 / 1,522", "每秒 94 行", "约剩 6 秒", "第 3 张表", "every 1s"):
        assert said in part
    with app.extensions["engine"].begin() as connection:
        connection.execute(update(JOB).where(JOB.c.id == job_id).values(state="done"))
    assert "every 1s" not in visitor(people.VIEWER).get(f"/jobs/{job_id}/progress").text
