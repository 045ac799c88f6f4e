"""The page of a job keeps itself current, and a person is told of its end wherever they are."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.store.jobs import JOB, submit
from tests.jobs.workers import acting
from tests.support import people
from tests.support.browser import Window

pytestmark = pytest.mark.browser


def set_job(app: Flask, job_id: int, **values: Any) -> None:
    with app.extensions["engine"].begin() as connection:
        connection.execute(update(JOB).where(JOB.c.id == job_id).values(**values))


def test_a_job_is_followed_on_its_page_and_its_end_is_told_on_any_other(window: Window, app: Flask) -> None:

    with acting(app, people.VIEWER) as session:
        job_id = submit(session, "none", "导出单位", {})
        now = datetime.now(UTC)
        session.execute(update(JOB).where(JOB.c.id == job_id).values(
            state="running", token="t", done=25, total=100, started_at=now, lease_until=now + timedelta(hours=1)
        ))  # fmt: skip
        session.commit()
    window.sign_in(people.VIEWER)
    window.open(f"/jobs/{job_id}")
    window.until(lambda: "25 %" in window.one("#rn-job").text, "the page does not say how far the job is")
    set_job(app, job_id, done=50)
    window.until(lambda: "50 %" in window.one("#rn-job").text, "the page does not keep itself current")
    assert window.barriers() == []
    window.open("/records/unit/")
    window.one("#rn-bell-link")
    set_job(app, job_id, state="done", ended_at=datetime.now(UTC), outcome={"text": "共 50 行"})
    window.until(lambda: "“导出单位”已完成" in window.one(".rn-toast").text, "nothing tells of the end")
    window.one(".rn-toast a").click()
    window.until(lambda: "共 50 行" in window.one("#rn-job").text, "the page does not say what the job has brought")
    assert window.problems() == []
