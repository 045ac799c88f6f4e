"""Questions that pages ask again: answered as SQLAlchemy answers them, to each person their own."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, bindparam, create_engine, event, select, text, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.access import Person
from app.auth.people import find_account, load_person
from app.catalog import Catalog
from app.declare.access import Verb
from app.store.asking import kept
from app.store.page import PageRows, fetch_page
from app.store.query import BadQuery, Query, plain_query, read_cursor, read_query
from app.store.session import act_as, ask, db, only_reading, writing
from tests.support import people
from tests.support.places import Database
from tests.support.visitor import Visitor

SIZE = 7


def person_of(app: Flask, name: str) -> Person:
    with app.test_request_context():
        catalog = app.extensions["catalog"]
        found = load_person(db(), catalog, find_account(db(), name).id)
    assert found is not None
    return found


def queries(catalog: Catalog, person: Person) -> Iterator[Query]:
    """Some lists of a person in every order, and searches and filters."""
    for entry in (catalog[name] for name in ("resident", "milestone", "project", "training_record")):
        base = replace(plain_query(entry, person), limit=SIZE)
        for item in entry.columns:
            if item.sortable:
                yield from (replace(base, order=item, descending=descending) for descending in (False, True))
    resident = catalog["resident"]
    for asked in ({"q": "建国"}, {"q": "李"}, {"q": "建国", "area": "320722"}, {"area": "320722"}, {"sex": "male"},
                  {"birth__gte": "1980-01-01", "order": "-birth"}):  # fmt: skip
        try:
            yield replace(read_query(resident, MultiDict(asked), person), limit=SIZE)
        except BadQuery:
            continue  # who may not see a field has no filter of it


def pages(session: Session, query: Query) -> list[PageRows]:
    """The first two pages, what stands before the second, and the last."""
    first = fetch_page(session, query, Verb.EDIT)
    last = fetch_page(session, replace(query, last=True), Verb.EDIT)
    if not first.after:
        return [first, last]
    second = fetch_page(session, replace(query, after=read_cursor(query, "after", first.after)), Verb.EDIT)
    before = fetch_page(session, replace(query, before=read_cursor(query, "before", second.before)), Verb.EDIT)
    return [first, second, before, last]


def test_what_is_asked_again_has_the_rows_that_sqlalchemy_finds_for_that_person(app: Flask, database: Database) -> None:
    catalog: Catalog = app.extensions["catalog"]
    if database == "sqlite":
        return  # its statements are SQLAlchemy's
    cast = [person_of(app, name) for name in (people.POLICE, people.STATISTICS, people.VIEWER)]
    expected = {}
    with app.test_request_context():
        for person in cast:
            act_as(db(), person)
            for place, query in enumerate(queries(catalog, person)):
                expected[person.id, place] = pages(db(), query)
    known = kept(app.extensions["engine"])
    known.clear()
    for _turn in range(2):
        with app.test_request_context():
            only_reading(db())
            for person in cast:
                act_as(db(), person)
                for place, query in enumerate(queries(catalog, person)):
                    assert pages(db(), query) == expected[person.id, place], (person.name, query)
    assert len(known) > len(expected) > 150


def test_a_page_that_was_asked_before_asks_sqlalchemy_nothing(app: Flask, visitor: Callable[[str], Visitor]) -> None:
    police, said = visitor(people.POLICE), list[str]()
    for _turn in range(3):
        assert police.get("/records/resident/?order=name").status_code == 200
    engine = app.extensions["engine"]
    if engine.dialect.name == "sqlite":
        return
    event.listen(engine, "checkout", lambda *_args: said.append("connection"))
    event.listen(engine, "begin", lambda *_args: said.append("transaction"))
    assert police.get("/records/resident/?order=name").status_code == 200
    assert said == ["connection"]


def test_a_value_that_would_not_be_given_anew_is_refused(app: Flask, database: Database) -> None:
    if database == "sqlite":
        return
    resident = app.extensions["catalog"]["resident"].model
    several = select(resident.id).where(resident.id.in_(bindparam("ids", expanding=True)))
    with app.test_request_context():
        only_reading(db())
        act_as(db(), person_of(app, people.POLICE))
        with pytest.raises(ValueError, match="ids"):
            ask(db(), "several at once", lambda: several, {"ids": [1, 2]})


def test_a_request_has_one_connection_at_a_time(app: Flask) -> None:
    engine, police = app.extensions["engine"], person_of(app, people.POLICE)
    query = plain_query(app.extensions["catalog"]["resident"], police)
    with app.test_request_context():
        before = engine.pool.checkedout()
        only_reading(db())
        act_as(db(), police)
        for _turn in range(3):
            fetch_page(db(), query)
            assert db().scalar(select(query.entry.model.id).limit(1))
            assert engine.pool.checkedout() == before + 1
    assert engine.pool.checkedout() == before


def test_rows_and_rights_that_change_are_seen_on_the_next_page(app: Flask, visitor: Callable[[str], Visitor]) -> None:
    police, catalog = visitor(people.POLICE), app.extensions["catalog"]
    resident = catalog["resident"].model
    for _turn in range(2):
        assert "改过的人" not in police.get("/records/resident/?limit=20").text
    with app.test_request_context():
        first = db().connection().scalar(text("SELECT min(citizen_id) FROM resident"))
        with writing(db()):
            act_as(db(), person_of(app, people.POLICE))
            db().connection().execute(
                update(resident.__table__).where(resident.citizen_id == first).values(name="改过的人")
            )
            db().commit()
    assert "改过的人" in police.get("/records/resident/?limit=20").text
    with app.extensions["engine"].begin() as connection:
        account = "(SELECT id FROM ab_user WHERE username = 'police')"
        held = connection.execute(text(f"SELECT role_id FROM ab_user_role WHERE user_id = {account}")).scalars().all()
        connection.execute(text(f"DELETE FROM ab_user_role WHERE user_id = {account}"))
    assert police.get("/records/resident/?limit=20").status_code == 403
    with app.extensions["engine"].begin() as connection:
        for role in held:
            connection.execute(
                text(f"INSERT INTO ab_user_role (user_id, role_id) VALUES ({account}, :role)"),
                {"role": role},
            )
    assert "改过的人" in police.get("/records/resident/?limit=20").text


def test_a_connection_that_is_lost_between_two_questions_is_replaced(app: Flask, database: Database) -> None:
    if database == "sqlite":
        return
    engine = app.extensions["engine"]
    query = plain_query(app.extensions["catalog"]["resident"], person_of(app, people.POLICE))
    with app.test_request_context():
        only_reading(db())
        act_as(db(), person_of(app, people.POLICE))
        before = [fetch_page(db(), query) for _turn in range(3)]
        other = create_engine(engine.url)
        with other.connect() as connection:
            ended = text("SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            assert connection.scalars(ended).all()
        other.dispose()
        db().rollback()
        assert fetch_page(db(), query) == before[-1]
        assert fetch_page(db(), query) == before[-1]


def test_statements_that_the_database_no_longer_has_by_name_are_asked_all_the_same(app: Flask) -> None:
    engine: Engine = app.extensions["engine"]
    if engine.dialect.name == "sqlite":
        return
    from app.store.prepared import statements_of

    with engine.connect() as connection:
        statements = statements_of(connection.connection)
        for _turn in range(7):
            assert statements.ask(b"SELECT 1 + $1::int", [1]) == [(2,)]
        assert prepared(connection)
        connection.exec_driver_sql("DEALLOCATE ALL")
        # within a transaction, which an error would end, and past it
        assert statements.ask(b"SELECT 1 + $1::int", [1]) == [(2,)]
        connection.commit()
        for _turn in range(7):
            assert statements.ask(b"SELECT 1 + $1::int", [1]) == [(2,)]
        assert prepared(connection)


def test_a_connection_keeps_no_more_statements_than_it_may(app: Flask) -> None:
    engine: Engine = app.extensions["engine"]
    if engine.dialect.name == "sqlite":
        return
    from app.store.prepared import MOST, statements_of

    with engine.connect() as connection:
        statements = statements_of(connection.connection)
        for number in range(MOST + 10):
            for _turn in range(7):
                assert statements.ask(f"SELECT {number} + $1::int".encode(), [1]) == [(number + 1,)]
        connection.commit()
        assert MOST - 10 < prepared(connection) <= MOST
        assert statements.ask(b"SELECT 0 + $1::int", [1]) == [(1,)]
        with pytest.raises(connection.dialect.loaded_dbapi.Error, match="division"):
            statements.ask(b"SELECT 1 / $1::int", [0])


def prepared(connection: Connection) -> int:
    """How many statements PostgreSQL keeps for the console's own asking."""
    named = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements WHERE starts_with(name, 'rn_')")
    return int(named.scalar_one())
