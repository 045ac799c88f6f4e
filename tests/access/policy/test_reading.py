"""Every way of reading in the store, and what the trash, labels, choices and counts give away."""

from dataclasses import replace
from typing import Any

from flask import Flask
from hypothesis import given
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.access import Person, may
from app.catalog import Catalog
from app.declare.access import Verb
from app.store import page, save, trash
from app.store.labels import labels, options, search_all
from app.store.query import BadQuery, Condition, Query, plain_query, read_cursor, read_query
from tests.access.policy.example import NAMES, SEEDS, TRASHES, Example, examples, records
from tests.support.little import mark


def test_every_record_is_among_those_that_examples_choose_from(little: Flask) -> None:
    catalog: Catalog = little.extensions["catalog"]
    assert sorted(NAMES.elements) == sorted(records(catalog))  # type: ignore[attr-defined]
    assert sorted(TRASHES.elements) == sorted(entry.name for entry in catalog if entry.trash)  # type: ignore[attr-defined]


@given(record=NAMES, seed=SEEDS)
@examples(16)
def test_no_way_of_reading_shows_a_row_that_no_grant_covers(drawn: Any, record: str, seed: int) -> None:
    with drawn(record, seed) as (x, session):
        seen = x.seen()
        rows = x.world.rows[record]
        query = plain_query(x.entry, x.person)
        in_order = lists(x, session, query, seen)
        assert page.count(session, query, None).number == len(seen)
        for row_id in rows:
            found = page.fetch_row(session, x.entry, row_id)
            assert (found is not None) == (row_id in seen), row_id
            assert found is None or all(
                found[name] == rows[row_id][name] for name in x.entry.fields if not x.entry.fields[name].many
            )
            allowed = {verb for verb in Verb if row_id in x.world.allowed(x.person, record, verb)}
            reached = page.fetch_reached(session, x.entry, row_id)
            assert reached is None if found is None else reached is not None and reached[0] == found
            assert {verb for verb in Verb if reached is not None and verb in reached[1]} == allowed
            assert {verb for verb in Verb if save.reaches(session, x.entry, [row_id], verb)} == allowed
            at = in_order.index(row_id) if row_id in seen else -1
            around = (in_order[at - 1] if at > 0 else None, in_order[at + 1] if at + 1 < len(in_order) else None)
            assert page.neighbours(session, query, row_id) == (around if row_id in seen else (None, None))
        names = labels(session, x.entry, rows)
        assert set(names) == seen
        x.told(" ".join(names.values()))
        looked_up(x, session)
        related(x, session)
        masked(x, session)
        in_trash(x, session)


def lists(x: Example, session: Session, query: Query, seen: set[int]) -> list[int]:
    """Read the list through in several orders, and under a filter; the ids in the usual order."""
    sortable = [item for item in x.entry.columns if item.sortable]
    orders = [(query.order, query.descending)]
    for item in x.chance.sample(sortable, min(3, len(sortable))):
        down = x.chance.random() < 0.5
        try:
            asked = read_query(x.entry, MultiDict({"order": f"{'-' if down else ''}{item.name}"}), x.person)
        except BadQuery:
            assert item.masked
        else:
            orders.append((asked.order, asked.descending))
    results = []
    for order, descending in orders:
        ids: list[int] = []
        at = replace(query, order=order, descending=descending, limit=3, columns=x.entry.columns)
        while True:
            found = page.fetch_page(session, at)
            ids += [row["id"] for row in found.rows]
            if not found.after:
                break
            at = read_query_at(at, found.after)
        assert len(ids) == len(set(ids)), order.name
        assert set(ids) == seen, order.name
        results.append(ids)
    references = [item for item in x.entry.fields.values() if item.target is not None and item.target.name != "audit"]
    for item in references:
        targets = x.world.rows[item.target.name]
        if targets:
            one = x.chance.choice(sorted(targets))
            found = page.fetch_page(session, replace(query, conditions=(Condition(item, "", (one,)),), limit=50))
            assert {row["id"] for row in found.rows} == {
                row_id for row_id in seen if one in many(x.world.rows[x.entry.name][row_id][item.name])
            }
    return results[0]


def read_query_at(query: Query, cursor: str) -> Query:
    return replace(query, after=read_cursor(query, "after", cursor))


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def looked_up(x: Example, session: Session) -> None:
    """The choices of a reference field, and the search over all records."""
    found, _more = options(session, x.entry, "")
    assert {row_id for row_id, _label, _hint in found} <= x.seen()
    assert len(found) == min(20, len(x.seen()))
    for _row_id, label, hint in found:
        x.told(label + hint)
    entries = [entry for entry in x.catalog if entry.name != "audit"]
    for entry, rows in search_all(session, entries, "标", 50):
        assert {row_id for row_id, _label in rows} <= x.seen(entry.name)
        for _row_id, label in rows:
            x.told(label)
    for entry in x.chance.sample(entries, 3):
        if any(item.name in {"name", "title"} for item in entry.searched) and x.seen(entry.name):
            one = min(x.seen(entry.name))
            hits = dict(search_all(session, [entry], mark(entry.name, one), 50))
            if mark(entry.name, one) in str(x.world.rows[entry.name][one]):
                assert [row_id for row_id, _label in hits.get(entry, [])] == [one]


def related(x: Example, session: Session) -> None:
    """How many rows refer to each row, and those rows."""
    incoming = [item for item in x.entry.incoming if item.entry.name != "audit"]
    for row_id in x.world.rows[x.entry.name]:
        for item, number in zip(incoming, page.count_related(session, incoming, row_id), strict=True):
            rows = x.world.rows[item.entry.name]
            assert number == sum(row_id in many(rows[one][item.name]) for one in x.seen(item.entry.name)), item.name


def masked(x: Example, session: Session) -> None:
    """By a masked value rows are found, filtered and ordered only where each one seen may be unmasked."""
    whole = x.seen() <= x.world.allowed(x.person, x.entry.name, Verb.UNMASK)
    for item in (item for item in x.entry.fields.values() if item.masked):
        for row_id in x.seen():
            value = x.world.rows[x.entry.name][row_id][item.name]
            for asked in (
                {"q": value},
                {item.name: value},
                {f"{item.name}__contains": value[:9]},
                {"order": item.name},
            ):
                try:
                    found = page.fetch_page(session, read_query(x.entry, MultiDict(asked), x.person))
                except BadQuery:
                    continue
                assert whole or not found.rows, (asked, item.name)
            assert whole or row_id not in {one for one, _label, _hint in options(session, x.entry, value)[0]}
            assert value not in str(labels(session, x.entry, [row_id]))


def in_trash(x: Example, session: Session) -> None:
    """What lies in the trash is there for those who could delete it, and for nobody anywhere else."""
    if not x.entry.trash:
        return
    could = x.world.restorable(x.person, x.entry.name)
    assert {one.values["id"] for one in trash.fetch_trash(session, x.entry, 50)[0]} == could
    assert set(labels(session, x.entry, x.world.trash[x.entry.name], trashed=True)) == could
    for row_id in x.world.trash[x.entry.name]:
        assert page.fetch_row(session, x.entry, row_id) is None
        assert page.fetch_reached(session, x.entry, row_id) is None
        assert not any(save.reaches(session, x.entry, [row_id], verb) for verb in Verb)


def test_may_is_a_grant_of_the_verb(little: Flask) -> None:
    entry = little.extensions["catalog"]["unit"]
    nobody = Person(id=1, username="x", name="x")
    assert not any(may(nobody, entry, verb) for verb in Verb)
