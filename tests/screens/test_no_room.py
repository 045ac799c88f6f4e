"""A full disk is told as such at each door, with nothing half stored."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from flask import Flask
from sqlalchemy import Connection, event, text
from werkzeug.test import TestResponse

from tests.support import people
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]
FULL = """
    CREATE FUNCTION rn_full() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER rn_full BEFORE INSERT ON rn_event FOR EACH ROW EXECUTE FUNCTION rn_full();
"""


@pytest.fixture
def full(app: Flask, visitor: Signed) -> Iterator[None]:
    """The database may not grow: SQLite says so by itself, PostgreSQL by the word that it has for it."""
    engine = app.extensions["engine"]
    assert visitor(people.COORDINATOR).post("/records/funding_source/new", {}).status_code == 422
    engine.dispose()
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.exec_driver_sql(FULL)
        yield
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP TRIGGER rn_full ON rn_event; DROP FUNCTION rn_full")
        return
    with closing(sqlite3.connect(engine.url.database)) as own:
        own.execute("CREATE TABLE rn_filler (bytes)")
        while own.execute("PRAGMA freelist_count").fetchone()[0]:
            own.execute("INSERT INTO rn_filler VALUES (zeroblob(3000))")
        own.commit()

    def no_more(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # never below what there is

    event.listen(engine, "begin", no_more)
    yield
    event.remove(engine, "begin", no_more)
    engine.dispose()


@pytest.mark.usefixtures("full")
def test_a_full_disk_is_told_in_words_and_nothing_is_stored(app: Flask, visitor: Signed) -> None:
    who = visitor(people.COORDINATOR)
    with app.extensions["engine"].connect() as connection:
        before = connection.scalar(text("SELECT count(*) FROM funding_source"))

    def send(number: int) -> tuple[TestResponse, TestResponse]:
        body = {"code": f"NR-{number}", "name": "满" * 190}
        form = who.post("/records/funding_source/new", body)
        return form, who.send("POST", "/api/v1/funding_source/", body | {"code": f"NR-R{number}"})

    form, rest = send(0)
    number = 0
    while (form.status_code, rest.status_code) != (507, 507):
        before += (form.status_code == 303) + (rest.status_code == 201)
        number += 1
        assert number < 60, (form.status, rest.status)
        form, rest = send(number)
    assert "空间" in form.text
    assert rest.get_json()["type"].endswith("no-room")
    with app.extensions["engine"].connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM funding_source")) == before
