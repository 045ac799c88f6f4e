"""Tries to prove who one is, counted in the database so that every process and node knows of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, or_
from sqlalchemy.dialects import postgresql, sqlite

from app.store.tables import Attempt

ATTEMPT: Any = Attempt.__table__
KEPT = timedelta(days=1)
KNOWN = timedelta(days=180)


@dataclass(frozen=True)
class Count:
    """How many tries are remembered since `at`; `known_at` is when the last good one was."""

    level: float
    at: datetime
    known_at: datetime | None = None


def hold(connection: Connection, digests: Collection[str], now: datetime) -> dict[str, Count]:
    """The counts of these digests; nobody else changes them before the transaction's end."""
    # in one order everywhere, so that two requests cannot wait for each other's rows
    rows = [{"digest": digest, "level": 0.0, "at": now} for digest in sorted(digests)]
    statement = _insert(connection).values(rows)
    # a row that is there is written as it is, which holds it
    held = statement.on_conflict_do_update(index_elements=["digest"], set_={"level": ATTEMPT.c.level})
    found = connection.execute(held.returning(ATTEMPT.c.digest, ATTEMPT.c.level, ATTEMPT.c.at, ATTEMPT.c.known_at))
    return {row.digest: Count(row.level, row.at, row.known_at) for row in found}


def keep(connection: Connection, counts: Mapping[str, Count]) -> None:
    """Store counts that are held."""
    rows = [{"digest": digest, **vars(counts[digest])} for digest in sorted(counts)]
    statement = _insert(connection).values(rows)
    new = statement.excluded
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["digest"], set_={"level": new.level, "at": new.at, "known_at": new.known_at}
        )
    )


def clear_old(connection: Connection) -> None:
    """Forget the tries that count no more, and from where nobody has signed in for long."""
    now = datetime.now(UTC)
    unknown = or_(ATTEMPT.c.known_at.is_(None), ATTEMPT.c.known_at < now - KNOWN)
    connection.execute(delete(ATTEMPT).where(ATTEMPT.c.at < now - KEPT, unknown))


def _insert(connection: Connection) -> Any:
    return (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(ATTEMPT)
