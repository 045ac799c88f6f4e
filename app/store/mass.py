"""Very many new rows that the console itself makes: checked one by one, stored together in a few statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, tuple_
from sqlalchemy.orm import Session

from app.access import System
from app.catalog import Entry, Field
from app.declare.event import Deed
from app.store.events import changes_between, note_rows, plain_label
from app.store.ids import free_ids
from app.store.save import Rules
from app.store.session import actor_of
from app.store.validate import Invalid, Taken, check_row, complete, read_values, taken

UNFILTERED = {"unfiltered": True}


def add_rows(session: Session, entry: Entry, raws: Sequence[Mapping[str, Any]], rules: Rules) -> list[int | Invalid]:
    """Check new rows and put them into the transaction at hand, with their lines of the trail: ids, or what is wrong.

    For the console itself alone: rows that `raws` refer to are taken to be there, as the database makes sure of.
    """
    if not isinstance(actor_of(session), System):
        raise TypeError("rows are stored in mass by the console itself alone")
    found: list[dict[str, Any] | Invalid] = [_checked(session, entry, raw, rules) for raw in raws]
    for group in entry.uniques:
        _refuse_taken(session, entry, group, found)
    good = [values for values in found if isinstance(values, dict)]
    ids = iter(_store(session, entry, good))
    return [one if isinstance(one, Invalid) else next(ids) for one in found]


def _checked(session: Session, entry: Entry, raw: Mapping[str, Any], rules: Rules) -> dict[str, Any] | Invalid:
    given = {name: item.default for name, item in entry.fields.items() if item.default is not None}
    names = frozenset(name for name, item in entry.fields.items() if item.typed and (name in raw or name not in given))
    try:
        values = given | read_values(entry, raw, names)
        complete(entry, values)
        # the rules between fields; what needs a look-up each is looked up for all rows together
        level = frozenset() if entry.classification is None else frozenset({entry.classification.name})
        check_row(session, entry, values, row_id=None, changed=level, today=rules.today, ceiling=rules.ceiling)
    except Invalid as error:
        return error
    return values


def _refuse_taken(
    session: Session, entry: Entry, group: tuple[Field, ...], found: list[dict[str, Any] | Invalid]
) -> None:
    """Put what is wrong in the place of rows whose values another row has, stored before or earlier among these."""
    wanted = {
        index: tuple(row.get(item.name) for item in group) for index, row in enumerate(found) if isinstance(row, dict)
    }
    asked = [values for values in wanted.values() if None not in values]
    if not asked:
        return
    columns = [item.column for item in group]
    same = columns[0].in_([one[0] for one in asked]) if len(group) == 1 else tuple_(*columns).in_(asked)
    known = {tuple(row) for row in session.execute(select(*columns).where(same), execution_options=UNFILTERED)}
    for index, values in wanted.items():
        if None in values:
            continue
        if values in known:
            found[index] = Taken({group[-1].name: [taken(group)]})
        known.add(values)


def _store(session: Session, entry: Entry, rows: Sequence[dict[str, Any]]) -> list[int]:
    if not rows:
        return []
    now, name = datetime.now(UTC), actor_of(session).name
    stamps = {"updated_at": now, "updated_by": name, "created_at": now, "created_by": name}
    own = {key: value for key, value in stamps.items() if hasattr(entry.model, key)}
    plain = [item for key, item in entry.fields.items() if not item.many and any(key in row for row in rows)]
    statement = insert(entry.model).returning(entry.model.id, sort_by_parameter_order=True)
    lines = [{item.storage: row.get(item.name) for item in plain if item.name not in own} | own for row in rows]
    free = free_ids(session, entry, len(lines))
    lines = lines if free is None else [line | {"id": one} for line, one in zip(lines, free, strict=True)]
    ids = [int(one) for one in session.scalars(statement, lines, execution_options=UNFILTERED)]
    for item in entry.fields.values():
        if item.many:
            row_id, referred = item.secondary_columns
            pairs = [
                {row_id.name: own_id, referred.name: one}
                for own_id, row in zip(ids, rows, strict=True)
                for one in row.get(item.name) or ()
            ]
            if pairs:
                session.execute(insert(item.secondary), pairs, execution_options=UNFILTERED)
    told = [row | {"id": own_id} for own_id, row in zip(ids, rows, strict=True)]
    note_rows(session, entry, Deed.ADDED, (
        (row["id"], plain_label(entry, row), changes_between(entry, {}, row, entry.fields)) for row in told
    ))  # fmt: skip
    return ids
