"""Seals the audit trail: batches of lines chained by SHA-256, so that a changed or missing line shows.

Writers only insert their lines and never wait for one another; a sealer takes the lines that no seal holds yet. Each
seal's digest covers the digest before it and every line it holds, in order of their ids.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, exists, func, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from app.declare.event import Event
from app.store.import_tables import ImportBatch
from app.store.session import WRITING
from app.store.tables import Seal, Sealed

START = "0" * 64
BATCH = 5_000
LOOK_BACK = 500_000
"""How far below the last sealed id a line of a long transaction may still appear; those of imports however far."""
LATE = timedelta(days=1)
"""How long before the last seal an import may have begun to store whose lines appear after it."""


@dataclass(frozen=True)
class Verified:
    """What a check of the trail found; `broken` names the first broken link, empty if the trail is whole."""

    seals: int
    lines: int
    unsealed: int
    digest: str
    broken: str = ""


EVENTS, SEALS, SEALED, BATCHES = Event.__table__, Seal.__table__, Sealed.__table__, ImportBatch.__table__
ORDER = ("id", "at", "account_id", "actor", "door", "deed", "record", "row_id", "label", "fields", "address", "note",
         "changes")  # fmt: skip


def canonical(line: Row[Any]) -> str:
    """A line as the text that is hashed: JSON of its columns in a fixed order, moments in ISO form."""
    # what a line does not say is left out, so that seals still fit that are older than the columns which could say it
    more = (*(() if line.batch_id is None else ("batch_id", "line")), *(("office",) if line.office else ()))
    values = [getattr(line, name) for name in (*ORDER, *more)]
    return json.dumps([_plain(value) for value in values], ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return getattr(value, "value", value)


def chain(before: str, lines: Sequence[Row[Any]]) -> str:
    """The digest of a batch after the digest before it."""
    digest = hashlib.sha256(before.encode())
    for line in lines:
        digest.update(b"\n")
        digest.update(canonical(line).encode())
    return digest.hexdigest()


def seal(engine: Engine) -> int:
    """Seal what no seal holds yet, up to a batch; returns how many lines. Of two sealers at once one does nothing."""
    WRITING.set(True)
    try:
        with engine.begin() as connection:
            last = connection.execute(
                select(Seal.number, Seal.digest, Seal.sealed_at).order_by(Seal.number.desc()).limit(1)
            ).first()
            number, digest = (last.number, last.digest) if last else (0, START)
            lowest = 0 if last is None else _lowest(connection, last.sealed_at)
            free = ~exists().where(SEALED.c.event_id == EVENTS.c.id)
            found = connection.execute(
                select(EVENTS).where(EVENTS.c.id > lowest, free).order_by(EVENTS.c.id).limit(BATCH)
            ).all()
            if not found:
                return 0
            connection.execute(insert(SEALS), [{
                "number": number + 1, "sealed_at": datetime.now(UTC), "lines": len(found),
                "digest": chain(digest, found),
            }])  # fmt: skip
            connection.execute(insert(SEALED), [{"event_id": line.id, "seal": number + 1} for line in found])
            return len(found)
    except (IntegrityError, OperationalError):
        # another process has just sealed, or a writer holds the database: the next round takes what is left
        return 0
    finally:
        WRITING.set(False)


def _lowest(connection: Connection, sealed_at: datetime) -> int:
    """An id below which every line is sealed, whatever was still being written at the last seal.

    An import takes ids for all its rows while others write lines with higher ones, and shows them at its end.
    """
    reached = (connection.scalar(select(func.max(SEALED.c.event_id))) or 0) - LOOK_BACK
    ends = (select(end(EVENTS.c.id)).where(EVENTS.c.batch_id == BATCHES.c.id) for end in (func.min, func.max))
    first, last = (one.correlate(BATCHES).scalar_subquery() for one in ends)
    late = select(first.label("first"), last.label("last")).where(BATCHES.c.applied_at >= sealed_at - LATE).subquery()
    # lines are sealed in the order of their ids: where the last of a batch is sealed all of them are
    open_ = ~exists().where(SEALED.c.event_id == late.c.last)
    beginning = connection.scalar(select(func.min(late.c.first)).where(open_))
    return reached if beginning is None else min(reached, beginning - 1)


def verify(engine: Engine) -> Verified:
    """Check every seal against the lines it holds, in order; reads one batch at a time."""
    digest, lines, count = START, 0, 0
    with engine.connect() as connection:
        for row in connection.execute(select(SEALS).order_by(SEALS.c.number)).all():
            if row.number != count + 1:
                return Verified(count, lines, 0, digest, f"seal {count + 1} is missing")
            held = connection.execute(
                select(EVENTS).join(SEALED, SEALED.c.event_id == EVENTS.c.id).where(SEALED.c.seal == row.number)
                .order_by(EVENTS.c.id)
            ).all()  # fmt: skip
            if len(held) != row.lines:
                text = f"seal {row.number} holds {row.lines} lines and {len(held)} are there"
                return Verified(count, lines, 0, digest, f"{text}; first of it: {held[0].id if held else 'none'}")
            if chain(digest, held) != row.digest:
                text = f"seal {row.number} (lines {held[0].id} to {held[-1].id}) does not fit its lines"
                return Verified(count, lines, 0, digest, text)
            digest, lines, count = row.digest, lines + len(held), row.number
        free = ~exists().where(SEALED.c.event_id == EVENTS.c.id)
        unsealed = connection.scalar(select(func.count()).select_from(EVENTS).where(free)) or 0
    return Verified(count, lines, unsealed, digest)
