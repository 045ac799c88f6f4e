"""Lists in the order of the rows that they refer to: each row once, both ways, at a cost that no size changes."""

import base64
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, select, text, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.access import SYSTEM, HeldGrant, Person
from app.catalog import Catalog, Entry, Field
from app.declare.access import EVERYWHERE, Only, Verb
from app.declare.choices import Classification
from app.store import by_reference, referring, targets
from app.store import walk as walk_
from app.store.cursor import Cursor, sort_field
from app.store.page import fetch_page, neighbours, stream_rows
from app.store.query import BadQuery, Condition, Query, plain_query, read_cursor, read_query, where
from app.store.search import match
from app.store.session import act_as, db
from models.organisation import Unit
from tests.support.little import scopes, shrink, shuffle, undone
from tests.support.walking import walk

SIZE = 3


@pytest.fixture(scope="module")
def little(app: Flask) -> Flask:
    shrink(app)
    return app


@pytest.fixture(params=["sorted", "walked", "walked by what is used"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both as tables of a few rows are read and as those of millions are."""
    way: str = request.param
    if way != "sorted":
        monkeypatch.setattr(walk_, "MANY", 0)
        monkeypatch.setattr(by_reference, "SORTED", 0)
        monkeypatch.setattr(by_reference, "FIRST", 2)
        monkeypatch.setattr(by_reference, "WIDER", 2)
    if way == "walked by what is used":
        monkeypatch.setattr(targets, "SMALL", 0)
        monkeypatch.setattr(referring, "LOOKED", 3)
        monkeypatch.setattr(referring, "LOOKS", 4)
    forget()
    yield way
    forget()


def forget() -> None:
    """What this process believes of the size of tables."""
    targets._beliefs.cache_clear()
    walk_._large.cache_clear()


def references(catalog: Catalog) -> Iterator[tuple[Entry, Field]]:
    for entry in catalog:
        for item in entry.columns:
            if item.refers and item.sortable:
                yield entry, item


def stir(connection: Connection, entry: Entry, item: Field, chance: random.Random) -> None:
    """Leave some references empty, and let what orders rows say the same here and there, or nothing."""
    table = entry.model.__table__
    assert item.target is not None
    chosen: list[tuple[Any, Any, list[Any]]] = [(table, item.storage, [None])] if item.nullable else []
    for one, by in ((entry, item.tie), (item.target, sort_field(item))):
        if by is not None and by.column.property.columns[0].nullable:
            own = one.model.__table__
            values = list(connection.scalars(select(own.c[by.storage]).where(own.c[by.storage].is_not(None)).limit(2)))
            chosen.append((own, by.storage, [None, *values]))
    for own, name, values in chosen:
        for row_id in connection.scalars(select(own.c.id)).all():
            if chance.random() < 0.4:
                connection.execute(update(own).where(own.c.id == row_id).values({name: chance.choice(values)}))


def in_order(session: Session, query: Query) -> list[int]:
    """The ids as a plain reading puts them in order: rows without a value last, then by what they refer to."""
    entry, item = query.entry, query.order
    by = sort_field(item)
    assert item.target is not None
    model, seen = item.target.model, {}
    if by is not item:
        names = select(model.id, by.column).where(by.column.is_not(None)).order_by(by.column, model.id)
        ranks: dict[Any, int] = {}
        for row_id, value in session.execute(names):
            seen[row_id] = ranks.setdefault(value, len(ranks))
    tie = None if item.tie is None else item.tie.column
    inner = [*([] if tie is None else [tie.is_(None), tie]), entry.model.id]
    rows = session.execute(select(entry.model.id, item.column).where(*where(session, query)).order_by(*inner)).all()

    def key(row: Any) -> tuple[Any, ...]:
        _id, target = row
        return (target not in seen, seen.get(target, 0), target is None, target or 0)

    ids = [row[0] for row in sorted(rows, key=key)]
    return ids[::-1] if query.descending else ids


def actors(entry: Entry, item: Field, catalog: Catalog, units: list[int], chance: random.Random) -> Iterator[Any]:
    """The console, and people who see some rows of either record, or of what is referred to none."""
    yield SYSTEM
    assert item.target is not None
    for whole in (True, False):
        scope = EVERYWHERE if whole else chance.choice(scopes(entry, catalog))
        grants = {entry.name: (HeldGrant(Verb.READ, scope),)}
        if item.target is not entry and chance.random() < 0.8:
            grants[item.target.name] = (HeldGrant(Verb.READ, chance.choice(scopes(item.target, catalog))),)
        level = chance.choice(list(Classification))
        yield Person(1, "a", "A", unit_id=chance.choice(units), grants=grants, clearance=level)


def drawn(little: Flask, way: str) -> Iterator[tuple[Session, Query, random.Random]]:
    """Some references with rows that refer to this and that, as several people see them: most where they are walked."""
    catalog: Catalog = little.extensions["catalog"]
    for entry, item in references(catalog):
        chance = random.Random(f"{entry.name} {item.name} {way}")
        if chance.random() < (0.3 if way == "walked" else 0.65):
            continue
        assert item.target is not None
        with undone(little) as (connection, sessions), little.app_context():
            units = shuffle(connection, catalog, chance, {entry.name, item.target.name, "unit"})
            stir(connection, entry, item, chance)
            for actor in actors(entry, item, catalog, units, chance):
                act_as(sessions(), actor)
                query = replace(plain_query(entry, actor), limit=SIZE, columns=(entry.labelled[0],), order=item)
                yield sessions(), replace(query, descending=chance.random() < 0.5), chance


def test_every_reference_orders_its_list_and_each_row_is_met_once_both_ways(little: Flask, way: str) -> None:
    lengths = set()
    for session, query, chance in drawn(little, way):
        said = query.entry.name, query.order.name, query.descending, session.info["actor"]
        expected = in_order(session, query)
        assert walk(session, query, True) == expected, said
        assert walk(session, query, False) == expected, said
        lengths.add(len(expected))
        if expected:
            at = chance.randrange(len(expected))
            around = (expected[at - 1] if at else None, (*expected, None)[at + 1])
            assert neighbours(session, query, expected[at]) == around, said
        assert [row for part in stream_rows(session, query, 2) for row in part[0]] == expected, said
        narrower = replace(query, conditions=(filtered(query, chance),))
        left = in_order(session, narrower)
        assert walk(session, narrower, True) == left, (*said, narrower.conditions)
        assert walk(session, narrower, False) == left, (*said, narrower.conditions)
    assert max(lengths) > 2 * SIZE


def filtered(query: Query, chance: random.Random) -> Condition:
    """A filter by the reference itself or by something else."""
    others = [item for item in query.entry.filtered if item.refers or getattr(item.type, "choices", None)]
    item = chance.choice([query.order, query.order, *others])
    if chance.random() < 0.4:
        return Condition(item, "empty", (chance.random() < 0.5,))
    some: tuple[Any, ...] = (1, 2, 3, 4, 5) if item.refers else tuple(item.choices)
    return Condition(item, "", tuple(chance.sample(some, min(2, len(some)))))


@pytest.mark.usefixtures("way")
def test_a_place_whose_referred_row_is_gone_or_moved_shows_the_nearest_there_are(little: Flask) -> None:
    """Moved or out of sight: what comes next in the order of the place is shown, and nothing twice."""
    catalog: Catalog = little.extensions["catalog"]
    entry, unit = catalog["resident"], catalog["unit"]
    seen = HeldGrant(Verb.READ, Only(Unit.phase_one, True))
    grants = {"resident": (HeldGrant(Verb.READ, EVERYWHERE),), "unit": (seen,)}
    with undone(little) as (connection, sessions), little.app_context():
        units = sorted(connection.scalars(select(unit.model.__table__.c.id)).all())[:4]
        for number, row_id in enumerate(connection.scalars(select(entry.model.__table__.c.id)).all()):
            change(connection, "resident", row_id, unit_id=units[number % 4])
        for number, row_id in enumerate(units):
            change(connection, "unit", row_id, code=f"k{number}", phase_one=True)
        act_as(sessions(), Person(1, "a", "A", unit_id=1, grants=grants))
        query = replace(plain_query(entry, SYSTEM), limit=3, columns=(entry.labelled[0],), order=entry.fields["unit"])
        before = in_order(sessions(), query)
        assert len(before) == 8
        after = read_cursor(query, "after", fetch_page(sessions(), query).after)
        assert (after.value, after.id, after.target) == ("k1", before[2], units[1])
        last = before[4:] + before[2:4]
        for changed, expected in (
            ({"code": "k9"}, last), ({"code": "k0a"}, before[4:]), ({"phase_one": False}, last), ({}, before[3:]),
        ):  # fmt: skip
            point = connection.begin_nested()
            if changed:
                change(connection, "unit", units[1], **changed)
            found = fetch_page(sessions(), replace(query, after=after, limit=20)).rows
            assert [row["id"] for row in found] == expected, changed
            point.rollback()


def change(connection: Connection, table: str, row_id: int, **values: Any) -> None:
    sets = ", ".join(f"{name} = :{name}" for name in values)
    connection.execute(text(f"UPDATE {table} SET {sets} WHERE id = :id"), {"id": row_id, **values})  # the test's words


def written(parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.usefixtures("way")
def test_a_made_up_place_is_refused_or_is_a_place(little: Flask) -> None:
    entry = little.extensions["catalog"]["resident"]
    with little.test_request_context():
        act_as(db(), SYSTEM)
        query = replace(plain_query(entry, SYSTEM), limit=50, columns=(entry.labelled[0],), order=entry.fields["unit"])
        ids = set(in_order(db(), query))
        for rest in (
            ["s", "a", 3], ["s", "a", 3, "s", "x"], ["s", "a", 3, "s", "x", None], ["s", "a", 3, "s", "x", "1"],
            ["s", "a", 3, "s", "x", 2**31], ["s", "a", 3, "s", "x", 1.5], ["s", "a", 3, "s", "x", True],
            ["s", "a", 3, "s", "x", [1]], ["s", "a", 3, "n", "", 1], ["i", "1", 3, "s", "x", 1],
            ["n", "", 3, "s", "x", 1, 1], ["n", "", 3, 1], ["n", "", 3], [],
        ):  # fmt: skip
            with pytest.raises(BadQuery):
                read_cursor(query, "after", written(["unit", *rest]))
        for rest in (
            ["s", "a", 3, "s", "x", 1], ["n", "", 3, "s", "x", 1], ["n", "", 3, "s", "x", None],
            ["s", "'", -1, "s", "", -1], ["s", "\U0010ffff", 2**31 - 1, "s", "x", 2**31 - 1],
        ):  # fmt: skip
            place = read_cursor(query, "after", written(["unit", *rest]))
            for one in (replace(query, after=place), replace(query, before=place)):
                for here in (one, replace(one, descending=True)):
                    found = [row["id"] for row in fetch_page(db(), here).rows]
                    assert len(found) == len(set(found))
                    assert set(found) <= ids


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("common", [0, 5_000])
def test_a_searched_list_is_ordered_by_a_reference_too(
    little: Flask, common: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match, "COMMON", common)
    catalog: Catalog = little.extensions["catalog"]
    entry = catalog["resident"]
    with undone(little) as (connection, sessions), little.app_context():
        shuffle(connection, catalog, random.Random(5), {"resident", "unit"})
        act_as(sessions(), SYSTEM)
        query = read_query(entry, MultiDict({"q": "标re", "order": "-unit"}), SYSTEM)
        query = replace(query, limit=SIZE, columns=(entry.labelled[0],))
        expected = in_order(sessions(), query)
        assert len(expected) == 8
        assert walk(sessions(), query, True) == expected
        assert walk(sessions(), query, False) == expected


WIDE = 50
SHAPES = ("few", "a fifth as many", "few of many")
"""How many units are referred to."""


@pytest.mark.parametrize("shape", SHAPES)
def test_a_page_costs_the_same_however_many_rows_there_are(
    little: Flask, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk_, "MANY", 100)
    monkeypatch.setattr(targets, "USED", 20)
    catalog: Catalog = little.extensions["catalog"]
    entry, unit = catalog["resident"], catalog["unit"]
    forget()
    with undone(little) as (connection, sessions), little.app_context():
        copy(connection, unit, 600 if shape == "few of many" else 8, {"code": "CAST(1000000 + n AS VARCHAR(20))"})
        made = connection.execute(text("SELECT max(id) FROM unit")).scalar_one()
        read_at = {}
        for rows in (1_500, 4_500):
            refers = {"few": f"{made} - n % 8", "few of many": f"{made} - 70 * (n % 8)"}.get(shape)
            if refers is None:
                made = connection.execute(text("SELECT max(id) FROM unit")).scalar_one()
                copy(connection, unit, rows // 5, {"code": f"CAST({rows}000 + n AS VARCHAR(20))"})
                refers = f"{made + 1} + n % {rows // 5}"
            values = {"citizen_id": f"CAST({rows}00000000000000 + n AS VARCHAR(18))"}
            copy(connection, entry, rows, values | {"unit_id": refers})
            if connection.dialect.name == "postgresql":
                connection.execute(text("ANALYZE resident, unit"))
            act_as(sessions(), SYSTEM)
            query = replace(plain_query(entry, SYSTEM), limit=WIDE, columns=(entry.labelled[0],))
            read_at[rows] = costs(sessions(), replace(query, order=entry.fields["unit"]))
        for fewer, more in zip(*read_at.values(), strict=True):
            assert more < 1.3 * fewer + WIDE, read_at
    forget()


def copy(connection: Connection, entry: Entry, number: int, values: dict[str, str]) -> None:
    """Add rows like the first of a record but for some values; `n` is the number of each."""
    names = [column.name for column in entry.model.__table__.columns if column.name != "id"]
    into, taken = (", ".join(some) for some in (
        [f'"{name}"' for name in names], [values.get(name, f'"{name}"') for name in names]
    ))  # fmt: skip
    connection.execute(text(
        f"INSERT INTO {entry.name} (id, {into}) WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM "
        f"numbers WHERE n < {number}) SELECT last.id + n, {taken} FROM numbers, "
        f"(SELECT max(id) AS id FROM {entry.name}) AS last, "
        f"(SELECT {into} FROM {entry.name} ORDER BY id LIMIT 1) AS one"
    ))  # fmt: skip


def costs(session: Session, query: Query) -> list[int]:
    """What the first page, those around the middle and the last cost, up and down."""
    found = []
    ids = in_order(session, query)
    model, item, tie = query.entry.model, query.order, query.shape.tie
    assert item.target is not None
    assert tie is not None
    unit = item.target.model
    row = select(unit.code, model.id, tie.column, item.column).join(unit, item.column == unit.id)
    middle = Cursor(*session.execute(row.where(model.id == ids[len(ids) // 2])).one())
    for descending in (False, True):
        here = replace(query, descending=descending)
        for one in (here, replace(here, after=middle), replace(here, before=middle), replace(here, last=True)):
            fetch_page(session, one)  # how large tables are is known from here on
            with measured(session) as cost:
                page = fetch_page(session, one)
            assert len(page.rows) == WIDE
            found.append(cost[0])
    return found


@contextmanager
def measured(session: Session) -> Iterator[list[int]]:
    """What the database does: rows that PostgreSQL reads, or steps of SQLite's machine."""
    cost = [0]
    if session.get_bind().dialect.name == "postgresql":
        asked = text("SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables")
        before = int(session.scalar(asked) or 0)
        yield cost
        cost[0] = int(session.scalar(asked) or 0) - before
        return

    def step() -> None:
        cost[0] += 1

    driver: Any = session.connection().connection.driver_connection
    driver.set_progress_handler(step, 10)
    yield cost
    driver.set_progress_handler(None, 0)
