"""Which filters of lists are slow or have no index, from real use: noted in memory, written down now and then."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock, Thread
from time import monotonic
from typing import Any

from flask import current_app
from sqlalchemy import Connection, Engine, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.store.claims import writing_to
from app.store.query import Condition, Query
from app.store.tables import FilterUse

logger = logging.getLogger(__name__)
USE: Any = FilterUse.__table__
SLOW = 0.3
"""Seconds from which a list is noted though an index serves each of its filters."""
EVERY = 60.0
"""Seconds between two writings of a process."""
MOST = 200
"""How many different uses a process keeps in memory, and how many the page shows."""
KEPT = timedelta(days=90)
SEARCH = "q"
"""Stands among the filters for the words searched for; no field can have this name."""
ORDERS = {
    "total": USE.c.total_ms,
    "mean": USE.c.total_ms / USE.c.seen,
    "slowest": USE.c.slowest_ms,
    "seen": USE.c.seen,
    "last": USE.c.last_seen,
}

Shape = tuple[str, tuple[tuple[str, str], ...], str]
"""Record, (field, operator) of each filter, and order; none by relevance."""


@dataclass
class Noted:
    """What has been seen of a shape since it was last written down."""

    seen: int
    seconds: float
    slowest: float
    last: datetime


class Notes:
    """What one process has noted; a thread of its own writes it down, so that no reader waits for a lock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._noted: dict[Shape, Noted] = {}
        self._due = monotonic() + EVERY

    def note(self, query: Query, seconds: float) -> None:
        """Remember a list that was read, if it was slow or filtered by what no index leads with.

        Any list that is read has what was noted before written down in time.
        """
        if seconds >= SLOW or not all(served(condition) for condition in query.conditions):
            self._add(query, seconds)
        if self._noted and monotonic() > self._due:
            with self._lock:
                due, self._due = monotonic() > self._due, monotonic() + EVERY
            if due:
                Thread(target=self.write, name="filter-use", daemon=True).start()

    def _add(self, query: Query, seconds: float) -> None:
        now, shape = datetime.now(UTC), _shape(query)
        with self._lock:
            noted = self._noted.get(shape)
            if noted is not None:
                noted.seen += 1
                noted.seconds += seconds
                noted.slowest, noted.last = max(noted.slowest, seconds), now
            elif len(self._noted) < MOST:
                self._noted[shape] = Noted(1, seconds, seconds, now)

    def write(self) -> None:
        """Write down what was noted; a failure costs these notes and nothing else."""
        with self._lock:
            noted, self._noted = self._noted, {}
        if not noted:
            return
        try:
            with writing_to(self._engine) as connection:
                connection.execute(_upsert(connection, noted))
        except SQLAlchemyError:
            logger.warning("The use of filters could not be written down.", exc_info=True)


@contextmanager
def noting(query: Query) -> Iterator[None]:
    """Take the time of a list that is read within the block."""
    begin = monotonic()
    yield
    notes: Notes = current_app.extensions["filter_use"]
    notes.note(query, monotonic() - begin)


def served(condition: Condition) -> bool:
    """Whether a declared index leads to the rows of a filter."""
    if condition.op == "contains":
        return False
    item = condition.field
    if item.many:
        _row, referred = item.secondary_columns
        return any(next(iter(index.columns)) is referred for index in item.secondary.indexes)
    return bool(item.leads)


def _shape(query: Query) -> Shape:
    filters = {(condition.field.name, condition.op) for condition in query.conditions}
    if query.search:
        filters.add((SEARCH, ""))
    order = "" if query.ranked else ("-" if query.descending else "") + query.order.name
    return query.entry.name, tuple(sorted(filters)), order


def _upsert(connection: Connection, noted: dict[Shape, Noted]) -> Any:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    # in one order everywhere, so that two processes cannot wait for each other's rows
    rows = sorted(
        ({
            "digest": hashlib.sha256(json.dumps(shape).encode()).hexdigest(),
            "record": shape[0], "filters": [list(pair) for pair in shape[1]], "order": shape[2],
            "seen": one.seen, "total_ms": one.seconds * 1000, "slowest_ms": one.slowest * 1000, "last_seen": one.last,
        } for shape, one in noted.items()),
        key=lambda row: str(row["digest"]),
    )  # fmt: skip
    statement = insert(USE).values(rows)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["digest"],
        set_={
            "seen": USE.c.seen + new.seen,
            "total_ms": USE.c.total_ms + new.total_ms,
            "slowest_ms": case((new.slowest_ms > USE.c.slowest_ms, new.slowest_ms), else_=USE.c.slowest_ms),
            "last_seen": new.last_seen,
        },
    )


def uses(session: Session, order: str) -> Sequence[FilterUse]:
    """What has been written down, the greatest by one of ORDERS first."""
    return session.scalars(select(FilterUse).order_by(ORDERS[order].desc(), USE.c.digest).limit(MOST)).all()


def clear_old(connection: Connection) -> None:
    """Forget what has not been seen for a long time."""
    connection.execute(delete(USE).where(USE.c.last_seen < datetime.now(UTC) - KEPT))
