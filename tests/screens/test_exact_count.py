"""The exact count of a list: at once where it is quick, else by a job, and always of the reader's own rows."""

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text, update

from app.jobs.worker import Worker
from app.store import exact
from app.store.claims import writing_to
from app.store.jobs import JOB
from tests.jobs.workers import row
from tests.support import people
from tests.support.places import Place
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]
MANY = 60_000
LIST = "/records/resident/"
FILL = """
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :many)
    INSERT INTO resident (citizen_id, name, sex, birth, ethnicity, area, verification, unit_id, created_at, updated_at)
    SELECT 'N' || n, name, sex, birth, ethnicity, area, verification, (SELECT id FROM unit WHERE name = '公安局'),
      created_at, updated_at
    FROM numbers, (SELECT * FROM resident ORDER BY id LIMIT 1) AS one
"""


@pytest.fixture(scope="module", autouse=True)
def many_rows(app: Flask) -> None:
    """A list that takes a while to count; all rows added are the police's."""
    with writing_to(app.extensions["engine"]) as connection:
        connection.execute(text(FILL), {"many": MANY})


@pytest.fixture
def hurried(app: Flask) -> Iterator[None]:
    """No count of many rows is quick enough."""
    before, app.config["COUNT_SECONDS"] = app.config["COUNT_SECONDS"], 0
    yield
    app.config["COUNT_SECONDS"] = before


@pytest.fixture(scope="module")
def work(app: Flask, place: Place) -> Callable[[], None]:
    """Do what waits, in this process."""
    return Worker(app, place.settings, "in-process").drain


def owned(app: Flask, unit: str, also: str = "") -> str:
    """How many rows a unit has, as people write it."""
    asked = "SELECT count(*) FROM resident WHERE unit_id = (SELECT id FROM unit WHERE name = :unit)"
    with app.extensions["engine"].connect() as connection:
        return f"{connection.scalar(text(asked + also), {'unit': unit}):,}"


def test_a_count_that_is_quick_is_answered_at_once_of_ones_own_rows(visitor: Signed, app: Flask) -> None:
    for name, unit in ((people.POLICE, "公安局"), (people.STATISTICS, "统计局")):
        assert visitor(name).get(f"{LIST}count").text == owned(app, unit)


@pytest.mark.usefixtures("hurried")
def test_a_count_that_takes_long_is_offered_as_a_job_and_done_by_one(
    visitor: Signed, app: Flask, work: Callable[[], None]
) -> None:
    police, address = visitor(people.POLICE), f"{LIST}count?sex=female&sex=male"
    answer = police.get(address, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer.headers["HX-Retarget"] == "[data-rn-exact]"
    offered = re.search(r'hx-post="([^"]+)"', answer.text)
    assert offered is not None
    begun = police.post(html.unescape(offered[1]), headers={"HX-Request": "true"})
    job = re.search(r'href="/jobs/(\d+)"', begun.text)
    assert job is not None
    again = police.post(address)
    assert again.headers["Location"] == f"/jobs/{job[1]}"
    work()
    done = row(app, int(job[1]))
    assert done.state.value == "done"
    assert owned(app, "公安局", " AND sex IN ('female', 'male')") in done.outcome["text"]
    assert police.get(done.outcome["url"]).status_code == 200
    assert done.outcome["text"] in police.get(f"/jobs/{job[1]}").text


@pytest.mark.usefixtures("hurried")
def test_a_job_counts_the_rows_of_whoever_asked_and_takes_no_unknown_filter(
    visitor: Signed, app: Flask, work: Callable[[], None]
) -> None:
    statistics = visitor(people.STATISTICS)
    answer = statistics.post(f"{LIST}count")
    work()
    job_id = int(answer.headers["Location"].rpartition("/")[2])
    assert row(app, job_id).outcome["text"].split()[0] == owned(app, "统计局")
    assert visitor(people.POLICE).get(f"/jobs/{job_id}").status_code == 404
    assert statistics.post(f"{LIST}count?colour=red").status_code == 400
    assert visitor(people.SECURITY).post(f"{LIST}count").status_code == 403


def test_who_asks_again_within_a_minute_is_led_to_the_same_job(
    visitor: Signed, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = datetime(2004, 6, 30, 9, 30, 59, tzinfo=UTC)

    class Clock(datetime):
        moment = begin

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls.moment

    monkeypatch.setattr(exact, "datetime", Clock)
    police, jobs = visitor(people.POLICE), []
    for later in (0, 0.5, 2, 59, 61):
        Clock.moment = begin + timedelta(seconds=later)
        jobs.append(police.post(f"{LIST}count?sex=male").headers["Location"])
        with writing_to(app.extensions["engine"]) as connection:
            job_id = int(jobs[0].rpartition("/")[2])
            connection.execute(update(JOB).where(JOB.c.id == job_id).values(submitted_at=begin))
    assert jobs[:4] == jobs[:1] * 4
    assert jobs[4] != jobs[0]


@pytest.mark.usefixtures("hurried")
def test_a_list_that_was_to_be_counted_exactly_still_opens(visitor: Signed) -> None:
    page = visitor(people.POLICE).get(f"{LIST}?count=exact")
    assert page.status_code == 200
    assert "data-rn-exact" in page.text


@pytest.mark.usefixtures("hurried")
def test_an_exact_count_over_rest_is_given_up_where_it_takes_long_and_says_so(visitor: Signed) -> None:
    page = visitor(people.POLICE).get("/api/v1/resident/?limit=1&count=exact").get_json()
    assert (page["count"], page["count_is"]) == (10_000, "capped")


def test_a_page_whose_rows_are_gone_is_the_nearest_that_there_is(visitor: Signed, app: Flask) -> None:
    person = visitor(people.POLICE)
    last = person.get(f"{LIST}?order=name&last=1").text
    before = html.unescape(re.findall(r'href="([^"]*before=[^"]*)"', last)[0])
    # the place of a row behind all others, and of one before them
    for place, end in (("after", "last=1"), ("before", "limit=50")):
        parts = ["name", "s", "\U0010ffff" if place == "after" else "", 2**31 - 1 if place == "after" else 0]
        made = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")
        page = person.get(f"{LIST}?order=name&{place}={made}").text
        rows = re.findall(r'data-pk="(\d+)"', page)
        assert rows == re.findall(r'data-pk="(\d+)"', person.get(f"{LIST}?order=name&{end}").text)
        assert rows
    assert before
