"""Leases: of many processes one does what only one may do, and another when that one has gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from app.store.claims import writing_to
from app.store.tables import Lease

LEASE: Any = Lease.__table__


def hold(engine: Engine, name: str, holder: str, lasts: timedelta) -> bool:
    """Take a lease that is free, or renew one's own; False while somebody else has it."""
    insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    now = datetime.now(UTC)
    with writing_to(engine) as connection:
        free = (LEASE.c.holder == holder) | (LEASE.c.until < now)
        mine = update(LEASE).where(LEASE.c.name == name, free).values(holder=holder, until=now + lasts)
        if connection.execute(mine).rowcount:
            return True
        first = insert(LEASE).values(name=name, holder=holder, until=now + lasts).on_conflict_do_nothing()
        # of an INSERT, drivers do not agree on what they count
        return connection.execute(first.returning(LEASE.c.name)).first() is not None


def let_go(engine: Engine, name: str, holder: str) -> None:
    """Give a lease back, so that nobody has to wait for its end."""
    with writing_to(engine) as connection:
        connection.execute(delete(LEASE).where(LEASE.c.name == name, LEASE.c.holder == holder))
