"""What somebody said of a workbook's columns serves the next workbook with the same headers."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import SYSTEM, Person
from app.auth.people import find_account, load_person
from app.catalog import Catalog, Entry
from app.store.layouts import recall, remember
from app.store.session import act_as, actor_of, db
from app.store.tables import SheetLayout
from tests.support import people

TEXTS = ("号码", "名", "备注")


@pytest.fixture
def entry(app: Flask) -> Entry:
    catalog: Catalog = app.extensions["catalog"]
    return catalog["resident"]


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    with app.test_request_context():
        act_as(db(), SYSTEM)
        yield db()
        db().rollback()


@pytest.fixture
def become(app: Flask, session: Session) -> Callable[[str], None]:
    def act(name: str) -> None:
        act_as(session, SYSTEM)
        person = load_person(session, app.extensions["catalog"], find_account(session, name).id)
        assert person is not None
        act_as(session, person)

    return act


def test_a_correction_is_remembered_for_the_same_headers_alone(
    session: Session, entry: Entry, become: Callable[[str], None]
) -> None:
    become(people.POLICE)
    remember(session, entry, TEXTS, {0: "citizen_id", 2: ""})
    assert recall(session, entry, TEXTS) == {0: "citizen_id", 2: ""}
    assert recall(session, entry, TEXTS[::-1]) == {}
    remember(session, entry, TEXTS, {1: "name"})
    assert recall(session, entry, TEXTS) == {1: "name"}
    assert len(session.scalars(select(SheetLayout)).all()) == 1
    remember(session, entry, TEXTS, {})
    assert recall(session, entry, TEXTS) == {}


def test_a_correction_serves_ones_own_unit_and_nobody_else(
    session: Session, entry: Entry, become: Callable[[str], None]
) -> None:
    become(people.POLICE)
    remember(session, entry, TEXTS, {0: "citizen_id"})
    police = actor_of(session)
    become(people.VIEWER)
    viewer = actor_of(session)
    assert isinstance(police, Person)
    assert isinstance(viewer, Person)
    act_as(session, replace(viewer, unit_id=police.unit_id))
    assert recall(session, entry, TEXTS) == {0: "citizen_id"}
    remember(session, entry, TEXTS, {0: "name"})
    assert recall(session, entry, TEXTS) == {0: "name"}
    become(people.TOURISM)
    assert recall(session, entry, TEXTS) == {}


def test_the_command_line_has_nothing_to_remember(session: Session, entry: Entry) -> None:
    remember(session, entry, TEXTS, {0: "citizen_id"})
    assert recall(session, entry, TEXTS) == {}
