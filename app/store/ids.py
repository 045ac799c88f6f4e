"""Ids of new rows on SQLite, which would give that of a deleted row to the next one: with it would go its history.

PostgreSQL never gives an id twice. The trail names every row that was ever deleted, so it knows which ids are used up.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import ColumnElement, cast, event, func, literal, select
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.orm import Session, UOWTransaction, sessionmaker

from app.catalog import Catalog, Entry
from app.declare.event import Event

EVENTS: Any = Event.__table__


def last_used(entry: Entry) -> ColumnElement[int]:
    """The highest id that a row of the record has or had, 0 if there was none: for SQLite, within a statement."""
    own = entry.model.__table__.c.id
    had = select(func.max(EVENTS.c.row_id)).where(EVENTS.c.record == entry.name).scalar_subquery()
    has = select(func.max(own)).scalar_subquery()
    return func.max(func.coalesce(has, 0), func.coalesce(had, 0))


def next_id(session: Session, entry: Entry) -> ColumnElement[int]:
    """The next id of the record, another for each row of a statement: for PostgreSQL."""
    # asked beforehand: in the statement itself it would be looked up for each row
    sequence = session.scalar(select(func.pg_get_serial_sequence(entry.model.__tablename__, "id")))
    return func.nextval(cast(literal(sequence), REGCLASS))


def free_ids(session: Session, entry: Entry, count: int) -> list[int] | None:
    """Ids for so many new rows of the transaction at hand; None where the database itself gives none twice."""
    connection = session.connection()
    if connection.dialect.name != "sqlite" or entry.model is Event:
        return None
    first = (connection.scalar(select(last_used(entry))) or 0) + 1
    return list(range(first, first + count))


def watch(maker: sessionmaker[Session]) -> None:
    """Let the sessions of this maker number the new rows of whatever the ORM writes."""
    event.listen(maker, "before_flush", _number)


def _number(session: Session, context: UOWTransaction, instances: Any) -> None:
    if session.get_bind().dialect.name != "sqlite":
        return
    catalog: Catalog = session.info["catalog"]
    new: dict[Entry, list[Any]] = defaultdict(list)
    for row in session.new:
        entry = catalog.find(type(row))
        if entry is not None and row.id is None:
            new[entry].append(row)
    for entry, rows in new.items():
        for row, free in zip(rows, free_ids(session, entry, len(rows)) or (), strict=False):
            row.id = free
