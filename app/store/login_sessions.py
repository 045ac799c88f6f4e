"""The sessions of people who are signed in, as they are stored: begun, ended, listed, cleared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.declare.event import Door
from app.store.session import in_passing
from app.store.tables import LoginSession, SignedBy

LOGIN: Any = LoginSession.__table__
KEPT = timedelta(days=1)
"""How long a session is kept once it is over."""
UNFILTERED = {"unfiltered": True}
"""A session is no row of a record: who may end which is said by each question."""


def add(
    session: Session, account_id: int, digest: str, *, door: Door, signed_by: SignedBy, life: timedelta,
    address: str | None, agent: str,
) -> None:  # fmt: skip
    """Put a new session into the transaction at hand."""
    now = datetime.now(UTC)
    row = {
        "account_id": account_id, "digest": digest, "door": door, "signed_by": signed_by, "address": address,
        "agent": agent[:200], "made_at": now, "seen_at": now, "ends_at": now + life,
    }  # fmt: skip
    session.execute(insert(LOGIN), [row], execution_options=UNFILTERED)


def of_account(session: Session, account_id: int, idle: timedelta, most: int) -> Sequence[Any]:
    """The sessions of an account that are not over, the last used first."""
    now = datetime.now(UTC)
    mine = select(LOGIN).where(
        LOGIN.c.account_id == account_id,
        LOGIN.c.ended_at.is_(None),
        LOGIN.c.ends_at > now,
        LOGIN.c.seen_at > now - idle,
    )
    return session.execute(
        mine.order_by(LOGIN.c.seen_at.desc(), LOGIN.c.id.desc()).limit(most), execution_options=UNFILTERED
    ).all()


def end(session: Session, account_id: int, *, only: int | None = None, but: int | None = None) -> int:
    """End the sessions of an account, or `only` one, or all `but` one; answers how many had not ended yet."""
    now = datetime.now(UTC)
    some = update(LOGIN).where(LOGIN.c.account_id == account_id, LOGIN.c.ended_at.is_(None), LOGIN.c.ends_at > now)
    if only is not None:
        some = some.where(LOGIN.c.id == only)
    if but is not None:
        some = some.where(LOGIN.c.id != but)
    done: Any = session.execute(some.values(ended_at=now), execution_options=UNFILTERED)
    return int(done.rowcount)


def end_by_digest(session: Session, digest: str) -> None:
    """End the session of a secret, if there is one."""
    one = update(LOGIN).where(LOGIN.c.digest == digest, LOGIN.c.ended_at.is_(None))
    session.execute(one.values(ended_at=datetime.now(UTC)), execution_options=UNFILTERED)


def renew(session: Session, session_id: int, digest: str) -> None:
    """Give a session another secret: the one it had opens nothing any more."""
    one = update(LOGIN).where(LOGIN.c.id == session_id).values(digest=digest)
    session.execute(one, execution_options=UNFILTERED)


def see(engine: Engine, session_id: int, now: datetime) -> None:
    """Keep that a session was used; where somebody else is writing it is left for its next use to say."""
    try:
        with in_passing(engine) as connection:
            connection.execute(update(LOGIN).where(LOGIN.c.id == session_id).values(seen_at=now))
    except OperationalError:
        return


def clear_old(connection: Connection) -> None:
    """Forget sessions that have long been over."""
    before = datetime.now(UTC) - KEPT
    connection.execute(delete(LOGIN).where(LOGIN.c.ends_at < before))
