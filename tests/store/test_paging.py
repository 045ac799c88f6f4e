"""Keyset paging: each row once, in order, both ways, for every column a list can be ordered by."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.access import SYSTEM, HeldGrant, Person
from app.catalog import Catalog
from app.declare.access import EVERYWHERE, OWN_UNIT, Verb
from app.store.page import count, estimate, fetch_page
from app.store.query import Condition, Query, plain_query, read_cursor
from app.store.session import act_as, db

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


def walk(session: Session, query: Query, forward: bool, most: int) -> list[int]:
    """The ids met by going on from one end, page by page, in the order of the list."""
    here = query if forward else replace(query, last=True)
    met: list[int] = []
    for _ in range(most):
        page = fetch_page(session, here)
        ids = [row["id"] for row in page.rows]
        met = met + ids if forward else ids + met
        cursor = page.after if forward else page.before
        if not cursor:
            break
        place: dict[str, Any] = {"after": None, "before": None, "last": False}
        place["after" if forward else "before"] = read_cursor(query, "after", cursor)
        here = replace(query, **place)
    return met


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
