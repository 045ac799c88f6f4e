"""Every way of writing in the store: what is stored is held against the grants, row by row and field by field."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given
from sqlalchemy.orm import Session

from app.catalog import Field
from app.store import bulk, save, trash
from app.store.query import plain_query
from app.store.session import act_as
from tests.access.policy.example import (
    NAMES,
    REFUSALS,
    RULES,
    SAMPLE,
    SEEDS,
    TRASHES,
    Example,
    any_row,
    examples,
    thrown_away,
    typed,
)
from tests.support.oracle import Rules, read_rows, trespasses

Write = Callable[[Example, Session], object]


def do_update(x: Example, session: Session) -> object:
    row_id = any_row(x)
    raw = typed(x, x.world.rows[x.entry.name][row_id])
    return save.update(session, x.entry, row_id, raw, RULES, None)


def do_move(x: Example, session: Session) -> object:
    """Put a row elsewhere: its owner or its whole alone is changed."""
    item = x.entry.owner or x.entry.whole or next(iter(x.entry.fields.values()))
    if item.target is None:
        return do_update(x, session)
    elsewhere = x.chance.choice(sorted(x.world.rows[item.target.name]))
    return save.update(session, x.entry, any_row(x), {item.name: str(elsewhere)}, RULES, None)


def do_insert(x: Example, session: Session) -> object:
    raw = typed(x, x.world.rows[x.entry.name][any_row(x)])
    for group in x.entry.uniques:
        if len(group) == 1:
            raw[group[0].name] = SAMPLE.get(group[0].name, f"T-{x.chance.randrange(10**6)}")
    if "email" in raw:
        raw |= {"email": "new@rainbow.gov", "password": "a long enough password"}
    if x.entry.state is not None and x.entry.screen.workflow is not None:
        raw.pop(x.entry.state.name, None)
    return save.insert(session, x.entry, raw, RULES)


def do_delete(x: Example, session: Session) -> object:
    return save.delete(session, x.entry, any_row(x))


def do_set(x: Example, session: Session) -> object:
    item: Field = x.chance.choice([f for f in x.entry.fields.values() if f.typed])
    raw = typed(x, x.world.rows[x.entry.name][any_row(x)]).get(item.name, "")
    return bulk.set_field(session, selection(x), item, raw, RULES)


def do_delete_many(x: Example, session: Session) -> object:
    return bulk.delete_rows(session, selection(x))


def do_restore(x: Example, session: Session) -> object:
    return trash.restore(session, x.entry, thrown_away(x))


def do_purge(x: Example, session: Session) -> object:
    return trash.purge(session, x.entry, thrown_away(x))


def selection(x: Example) -> bulk.Selection:
    if x.chance.random() < 0.5:
        return bulk.Selection(x.entry, query=plain_query(x.entry, x.person))
    return bulk.Selection(x.entry, ids=tuple(x.world.rows[x.entry.name]))


WRITES: dict[str, Write] = {
    "update": do_update, "move": do_move, "insert": do_insert, "delete": do_delete, "set many": do_set,
    "delete many": do_delete_many,
}  # fmt: skip
FROM_TRASH: dict[str, Write] = {"restore": do_restore, "purge": do_purge}


def test_no_way_of_writing_changes_what_no_grant_covers(drawn: Any) -> None:
    stored: Counter[str] = Counter()
    writes(drawn, stored)
    # the examples are worth something: each door did store, and did refuse, many a time
    assert all(stored[name] >= 4 and stored[f"no {name}"] >= 4 for name in WRITES), stored


@examples(80)
@given(record=NAMES, seed=SEEDS)
def writes(drawn: Any, stored: Counter[str], record: str, seed: int) -> None:
    with drawn(record, seed) as (x, session):
        try_each(x, session, WRITES, stored)


def test_no_way_out_of_the_trash_is_open_to_whom_no_grant_covers(drawn: Any) -> None:
    stored: Counter[str] = Counter()
    ways_out(drawn, stored)
    assert all(stored[name] >= 2 and stored[f"no {name}"] >= 2 for name in FROM_TRASH), stored


@examples(24)
@given(record=TRASHES, seed=SEEDS)
def ways_out(drawn: Any, stored: Counter[str], record: str, seed: int) -> None:
    with drawn(record, seed) as (x, session):
        try_each(x, session, FROM_TRASH, stored)


def try_each(x: Example, session: Session, ways: dict[str, Write], stored: Counter[str]) -> None:
    """Try each of the ways on the rows as they were drawn; what is stored is undone before the next."""
    record, rules = x.entry.name, Rules.of(x.entry)
    for name, write in ways.items():
        point = x.connection.begin_nested()
        try:
            write(x, session)
        except REFUSALS:
            session.rollback()
            stored[f"no {name}"] += 1
        after, inside = read_rows(x.entry, x.connection), read_rows(x.entry, x.connection, trashed=True)
        purged = x.world.trash[record].keys() - inside.keys() - after.keys()
        if after != x.world.rows[record] or purged:
            stored[name] += 1
        assert trespasses(x.world, after, x.person, record, rules) == [], name
        assert purged <= x.world.restorable(x.person, record), name
        session.close()
        act_as(session, x.person)
        if point.is_active:
            point.rollback()
