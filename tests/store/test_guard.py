"""Nobody writes many rows at once past the store; the store itself does."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from app.access import SYSTEM
from app.auth.people import load_person
from app.catalog import Catalog
from app.declare.event import Event
from app.store.session import UnguardedWrite, act_as, db, writing
from app.store.tables import Draft
from tests.support import people

LATER = {"synchronize_session": False}


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session of the tourism office's editor."""
    catalog: Catalog = app.extensions["catalog"]
    with app.test_request_context():
        account = db().connection().scalar(text("SELECT id FROM ab_user WHERE username = :n"), {"n": people.TOURISM})
        person = load_person(db(), catalog, int(account or 0))
        assert person is not None
        act_as(db(), person)
        yield db()
        db().rollback()


def statements(catalog: Catalog) -> Iterator[Any]:
    milestone = catalog["milestone"].model
    for target in (milestone, milestone.__table__):
        yield update(target).values(title="x")
        yield update(target).where(milestone.id == 1).values(title="x")
        yield delete(target)
        yield insert(target).values(code="X-1", title="x", system_id=1, unit_id=1)
    account = catalog["account"].model
    yield update(account).values(clearance="top_secret")
    yield delete(catalog["role"].model)
    roles = catalog["account"].fields["roles"].secondary
    yield insert(roles).values(user_id=1, role_id=1)
    yield delete(roles)
    yield insert(Event).values(actor="x")


def test_a_person_writes_no_rows_in_bulk(app: Flask, session: Session) -> None:
    for statement in statements(app.extensions["catalog"]):
        for options in ({}, {"unfiltered": True}):
            with pytest.raises(UnguardedWrite):
                session.execute(statement, execution_options={**LATER, **options})


def test_a_list_of_rows_is_no_way_around(app: Flask, session: Session) -> None:
    model = app.extensions["catalog"]["milestone"].model
    with pytest.raises(UnguardedWrite):
        session.execute(insert(model), [{"code": "X-1", "title": "x"}, {"code": "X-2", "title": "y"}])
    with pytest.raises(UnguardedWrite):
        session.execute(update(model), [{"id": 1, "title": "x"}])
    with pytest.raises(UnguardedWrite):
        session.scalars(insert(model).values(code="X-1").returning(model.id))


def test_the_stores_own_functions_write_within_the_policy(app: Flask, session: Session) -> None:
    model = app.extensions["catalog"]["milestone"].model
    own = len(list(session.scalars(select(model.id))))
    with writing(session):
        changed: Any = session.execute(update(model).values(title="x"), execution_options=LATER)
        assert changed.rowcount == own > 0
    with pytest.raises(UnguardedWrite):
        session.execute(update(model).values(title="x"), execution_options=LATER)


def test_writing_within_writing_stays_guarded_until_the_outer_one_ends(app: Flask, session: Session) -> None:
    model = app.extensions["catalog"]["milestone"].model
    with writing(session):
        with writing(session):
            pass
        session.execute(update(model).values(title="x"), execution_options=LATER)


def test_the_console_itself_and_tables_of_no_record_are_left_alone(app: Flask, session: Session) -> None:
    session.execute(delete(Draft), execution_options=LATER)
    act_as(session, SYSTEM)
    session.execute(update(app.extensions["catalog"]["milestone"].model).values(title="x"), execution_options=LATER)
