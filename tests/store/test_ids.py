"""The number of a row that is gone is nobody else's: with it would go its history, its jobs, what refers to it."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import SYSTEM
from app.declare.choices import Classification
from app.store.ids import free_ids
from app.store.mass import add_rows
from app.store.save import Rules, delete, insert, make_rules
from app.store.session import WRITING, act_as, db
from tests.support import people
from tests.support.visitor import Visitor


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    with app.test_request_context():
        act_as(db(), SYSTEM)
        WRITING.set(True)
        yield db()
        db().rollback()
        WRITING.set(False)


def rules() -> Rules:
    return make_rules(Classification.INTERNAL, str)


def test_a_new_row_never_gets_the_number_of_one_that_is_gone(app: Flask, session: Session) -> None:
    source = app.extensions["catalog"]["funding_source"]
    first = insert(session, source, {"code": "ID-1", "name": "一"}, rules()).id
    second = insert(session, source, {"code": "ID-2", "name": "二"}, rules()).id
    delete(session, source, second)
    delete(session, source, first)
    third = insert(session, source, {"code": "ID-3", "name": "三"}, rules()).id
    assert third > second > first
    delete(session, source, third)
    many = add_rows(session, source, [{"code": "ID-4", "name": "四"}, {"code": "ID-5", "name": "五"}], rules())
    session.commit()
    assert all(isinstance(one, int) and one > third for one in many)
    session.add(source.model(code="ID-6", name="六"))
    session.add(source.model(code="ID-7", name="七"))
    session.commit()
    codes = session.execute(select(source.model.id, source.model.code).where(source.model.id > third))
    assert [code for _id, code in sorted(map(tuple, codes))] == ["ID-4", "ID-5", "ID-6", "ID-7"]
    assert free_ids(session, app.extensions["catalog"]["audit"], 1) is None


def test_the_history_of_a_new_row_is_its_own(app: Flask, visitor: Callable[[str], Visitor]) -> None:
    who = visitor(people.COORDINATOR)

    def added(code: str, name: str) -> str:
        answer = who.post("/records/funding_source/new", {"code": code, "name": name})
        assert answer.status_code == 303
        return answer.headers["Location"].split("?")[0].rstrip("/").rsplit("/", 1)[1]

    gone = added("ID-8", "琥珀密件")
    assert who.post(f"/records/funding_source/{gone}/delete", {"_version": "1"}).status_code == 303
    new = added("ID-9", "玛瑙")
    assert new != gone
    who.get("/")  # where what was done is told once
    page = who.get(f"/records/funding_source/{new}/history").text
    assert "玛瑙" in page
    assert "琥珀密件" not in page
