"""Connections that lie idle while the server goes: pages are answered all the same."""

from collections.abc import Callable

from flask import Flask
from sqlalchemy import create_engine, text

from tests.support import people
from tests.support.places import Database
from tests.support.visitor import Visitor


def test_a_page_is_answered_after_the_server_ended_the_connection_at_rest(
    app: Flask, visitor: Callable[[str], Visitor], database: Database
) -> None:
    police, engine = visitor(people.POLICE), app.extensions["engine"]
    assert police.get("/records/resident/").status_code == 200
    if database == "postgresql":
        every = text("SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        other = create_engine(engine.url)
        with other.connect() as connection:
            assert connection.scalars(every).all()
        other.dispose()
    else:
        engine.dispose()
    assert police.get("/records/resident/").status_code == 200
