"""Keyset paging: each row once, in order, both ways, for every column a list can be ordered by."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.access import SYSTEM, HeldGrant, Person
from app.catalog import Catalog
from app.declare.access import EVERYWHERE, OWN_UNIT, Verb
from app.store.page import count, estimate, fetch_page
from app.store.query import BadQuery, Condition, Query, plain_query, read_cursor, read_query
from app.store.session import WRITING, act_as, db
from tests.support.walking import walk

SIZE = 7
MOST_PAGES = 12
SMALL = 200


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    with app.test_request_context():
        act_as(db(), SYSTEM)
        yield db()


def queries(catalog: Catalog) -> Iterator[Query]:
    for entry in catalog:
        base = replace(plain_query(entry, SYSTEM), limit=SIZE, columns=(entry.labelled[0],))
        for item in entry.columns:
            if item.sortable:
                for descending in (False, True):
                    yield replace(base, order=item, descending=descending)


def test_every_order_of_every_list_shows_each_row_once_both_ways(app: Flask, session: Session) -> None:
    for query in queries(app.extensions["catalog"]):
        total = count(session, query, None).number
        where = (query.entry.name, query.order.name, query.descending)
        if total <= SMALL:
            forward = walk(session, query, True, SMALL)
            assert len(forward) == len(set(forward)) == total, where
            assert walk(session, query, False, SMALL) == forward, where
            continue
        head = walk(session, query, True, MOST_PAGES)
        assert len(head) == len(set(head)) == SIZE * MOST_PAGES, where
        assert head == [row["id"] for row in fetch_page(session, replace(query, limit=SIZE * MOST_PAGES)).rows], where
        tail = walk(session, query, False, MOST_PAGES)
        assert len(tail) == len(set(tail)) == SIZE * MOST_PAGES, where
        assert tail[-SIZE:] == [row["id"] for row in fetch_page(session, replace(query, last=True)).rows], where


def test_a_count_stops_at_its_cap_and_is_exact_on_request(app: Flask, session: Session) -> None:
    catalog: Catalog = app.extensions["catalog"]
    residents = plain_query(catalog["resident"], SYSTEM)
    capped = count(session, residents)
    assert (capped.number, capped.exact) == (10_000, False)
    whole = count(session, residents, None)
    assert whole.exact
    assert whole.number == 20_000


def test_an_estimate_is_for_those_alone_who_see_every_row_unfiltered(app: Flask) -> None:
    catalog: Catalog = app.extensions["catalog"]
    entry = catalog["resident"]
    with app.extensions["engine"].connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE resident")
    everywhere, own = HeldGrant(Verb.READ, EVERYWHERE), HeldGrant(Verb.READ, OWN_UNIT)
    with app.test_request_context():
        for held, told in ((everywhere, True), (own, False)):
            person = Person(1, "a", "A", unit_id=1, grants={"resident": (held,)})
            act_as(db(), person)
            query = plain_query(entry, person)
            found = estimate(db(), query)
            assert (found is not None) is told
            assert not told or abs((found or 0) - 20_000) < 500
            area = entry.fields["area"]
            assert estimate(db(), replace(query, conditions=(Condition(area, "", ("320703",)),))) is None
            assert estimate(db(), replace(query, search="王")) is None


def test_an_estimate_knows_that_most_rows_are_gone(app: Flask, session: Session) -> None:
    """What was imported and taken back leaves a wide gap of ids behind, which are never given again."""
    entry = app.extensions["catalog"]["resident"]
    WRITING.set(True)
    session.rollback()
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("UPDATE resident SET id = id + 1000000 WHERE id % 2 = 0"))
        about = estimate(session, plain_query(entry, SYSTEM))
        assert about is not None
        assert 10_000 < about < 45_000
    session.rollback()
    WRITING.set(False)


HOSTILE = {
    "d": ["1E+999999", "1E+400", "NaN", "sNaN", "-Infinity", "1E-99999", "9" * 40, "0.123456789012345678901", "1.5"],
    "t": ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2004-01-01T00:00:00", "2004-06-30T00:00:00+08:00"],
    "s": ["a\x00b", "\ud800", "no-such-choice", "x" * 3000, "'", ""],
    "i": ["5", "-1", "1", str(2**62), str(2**63), "9" * 5000],
    "D": ["0001-01-01", "9999-12-31", "2004-W01-1", "x"],
    "n": [""],
}
"""Values that somebody could write into a place in a list, by their tags."""


def place(query: Query, tag: str, value: str, tie: tuple[str, str]) -> str:
    parts = [query.order.name, tag, value, 3, *(tie if query.shape.tie else ()), *((2,) if query.shape.refers else ())]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def test_a_place_that_somebody_made_up_is_refused_or_is_a_place(app: Flask, session: Session) -> None:
    refused = 0
    for query in queries(app.extensions["catalog"]):
        if query.descending:
            continue
        for tag, values in HOSTILE.items():
            for value in values:
                written = place(query, tag, value, ("s", "x"))
                try:
                    cursor = read_cursor(query, "after", written)
                except BadQuery:
                    refused += 1
                    continue
                assert len(fetch_page(session, replace(query, after=cursor)).rows) <= SIZE
    assert refused > 100
    query = next(queries(app.extensions["catalog"]))
    for number in (2**31, -(2**40), 10**30):
        parts = [query.order.name, "n", "", number, *(("s", "x") if query.shape.tie else ())]
        with pytest.raises(BadQuery):
            read_cursor(query, "after", base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("="))


def test_rows_whose_choice_is_no_longer_on_the_list_are_met_like_any_other(app: Flask, session: Session) -> None:
    entry = app.extensions["catalog"]["milestone"]
    WRITING.set(True)
    session.rollback()
    session.execute(text("UPDATE milestone SET state = 'zz_retired' WHERE id % 2 = 0"))
    for descending in (False, True):
        query = replace(
            plain_query(entry, SYSTEM), limit=SIZE, order=entry.fields["state"], descending=descending,
            columns=(entry.labelled[0],),
        )  # fmt: skip
        total = count(session, query, None).number
        forward = walk(session, query, True, SMALL)
        assert len(forward) == len(set(forward)) == total
        assert walk(session, query, False, SMALL) == forward
    session.rollback()
    WRITING.set(False)


def test_moments_that_know_no_zone_are_in_utc_whatever_the_servers_zone(app: Flask, session: Session) -> None:
    entry = app.extensions["catalog"]["account"]
    WRITING.set(True)
    session.rollback()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL TIME ZONE 'Asia/Shanghai'"))
    ids = list(session.scalars(text("SELECT id FROM ab_user ORDER BY id")))
    for hour, one in enumerate(ids):
        values = {"id": one, "at": f"2004-06-30 {hour + 10:02}:00:00.000000"}
        at = ":at" if session.get_bind().dialect.name == "sqlite" else "CAST(:at AS timestamp)"
        session.execute(text(f"UPDATE ab_user SET last_login = {at} WHERE id = :id"), values)  # two words
    query = replace(plain_query(entry, SYSTEM), limit=2, order=entry.fields["last_login"], columns=entry.labelled)
    assert walk(session, query, True, SMALL) == ids
    assert walk(session, query, False, SMALL) == ids
    # 10:00 in UTC is 18:00 in the city, whose day ends at 16:00 of UTC
    for asked, found in (
        ("last_login=2004-06-30", ids[:6]), ("last_login__lte=2004-06-30", ids[:6]),
        ("last_login__gte=2004-07-01", ids[6:]), ("last_login=2004-06-30 18:00", ids[:1]),
        ("last_login__lte=2004-06-30 19:00", ids[:2]), ("last_login__gte=2004-06-30 19:00", ids[1:]),
    ):  # fmt: skip
        name, _sign, value = asked.partition("=")
        filtered = read_query(entry, MultiDict([(name, value)]), SYSTEM)
        rows = fetch_page(session, replace(filtered, columns=entry.labelled)).rows
        assert sorted(row["id"] for row in rows) == found, asked
    session.rollback()
    WRITING.set(False)
