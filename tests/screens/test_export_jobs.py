"""A list written by a job: what it leaves where it was stopped, and what becomes of it when rights change."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.excel import export_job
from app.jobs import task
from app.jobs.worker import Worker
from app.screens import export
from app.store.claims import writing_to
from app.store.jobs import Cancelled, Outcome, folder_of
from tests.jobs.workers import row
from tests.support import people
from tests.support.places import Place
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]
ADDRESS = "/records/resident/export.csv?cols=name"


class Watched:
    """A task that does something at its first report."""

    def __init__(self, real: Any, then: Callable[[], None]) -> None:
        self._real = real
        self._then: Callable[[], None] | None = then

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def report(self, done: int, total: int | None = None, note: str = "") -> None:
        then, self._then = self._then, None
        if then is not None:
            then()
        self._real.report(done, total, note)


@pytest.fixture
def written(
    app: Flask, place: Place, visitor: Signed, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Callable[[], None]], Any]]:
    """Have the police's residents written by a job during which something happens; gives the job as it ended."""
    monkeypatch.setattr(export, "STRAIGHT", 5)
    monkeypatch.setattr(task, "RIGHTS_SECONDS", 0.0)

    def write(then: Callable[[], None]) -> Any:
        def kind(real: Any) -> Outcome:
            return export_job.export(Watched(real, then))

        monkeypatch.setitem(app.extensions["job_kinds"], "export", kind)
        with writing_to(app.extensions["engine"]) as connection:
            connection.execute(text("DELETE FROM rn_job"))
        asked = visitor(people.POLICE).post(ADDRESS)
        assert asked.status_code == 303
        Worker(app, place.settings, "in-process").drain()
        return row(app, int(asked.location.rsplit("/", 1)[1]))

    before = moved(app, None)
    yield write
    moved(app, before)


def moved(app: Flask, unit: int | None) -> int:
    """Put the police officer into another unit (None: leave them); returns which it was."""
    with writing_to(app.extensions["engine"]) as connection:
        who = {"name": people.POLICE}
        was = connection.execute(text("SELECT unit_id FROM ab_user WHERE username = :name"), who).scalar_one()
        if unit is not None:
            connection.execute(text("UPDATE ab_user SET unit_id = :unit WHERE username = :name"), who | {"unit": unit})
    return int(was)


def files(app: Flask, job: Any) -> list[Path]:
    return list(folder_of(app.extensions["job_folder"], job.id).iterdir())


def test_what_was_written_under_rights_that_have_changed_is_not_given_out(app: Flask, written: Any) -> None:
    job = written(lambda: moved(app, 1))
    assert job.state.value == "failed"
    assert job.message
    assert files(app, job) == []


def test_an_export_that_is_stopped_leaves_no_half_file(app: Flask, written: Any) -> None:
    def stop() -> None:
        raise Cancelled

    job = written(stop)
    assert job.state.value == "cancelled"
    assert files(app, job) == []


def test_a_file_is_not_fetched_by_whoever_may_no_longer_read_the_list(
    app: Flask, visitor: Signed, written: Any
) -> None:
    job = written(lambda: None)
    assert job.state.value == "done", job.message
    with visitor(people.POLICE).get(f"/jobs/{job.id}/file") as file:
        assert file.status_code == 200
    with writing_to(app.extensions["engine"]) as connection:
        theirs = "WHERE user_id = (SELECT id FROM ab_user WHERE username = 'police')"
        roles = connection.execute(text(f"SELECT user_id, role_id FROM ab_user_role {theirs}")).all()  # as it stands
        connection.execute(text(f"DELETE FROM ab_user_role {theirs}"))  # as it stands
    assert visitor(people.POLICE).get(f"/jobs/{job.id}/file").status_code == 403
    with writing_to(app.extensions["engine"]) as connection:
        for user_id, role_id in roles:
            given = {"user": user_id, "role": role_id}
            free = connection.scalar(text("SELECT coalesce(max(id), 0) + 1 FROM ab_user_role"))
            connection.execute(text("INSERT INTO ab_user_role VALUES (:id, :user, :role)"), given | {"id": free})
