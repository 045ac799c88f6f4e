"""Corrections of which column is which field, remembered for workbooks with the same headers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.access import Person
from app.catalog import Entry
from app.store.session import actor_of
from app.store.tables import SheetLayout

MOST_COLUMNS = 1_000
"""Columns of a layout; what is chosen by hand for more is not kept."""


def digest_of(texts: Sequence[str]) -> str:
    """The same for all sheets whose headers are the same, in the same order."""
    return hashlib.sha256("\x1f".join(text.strip() for text in texts).encode("utf-8", "replace")).hexdigest()


def remember(session: Session, entry: Entry, texts: Sequence[str], columns: Mapping[int, str]) -> None:
    """Keep what the person said of the columns under these headers, in the caller's transaction.

    `columns` leads from a column's place, from 0, to a field's name, "" for one that is left out; without any, what was
    said before is forgotten.
    """
    actor = actor_of(session)
    if not isinstance(actor, Person):
        return
    known = session.scalars(_of(entry, texts).where(SheetLayout.account_id == actor.id)).first()
    if not columns or len(columns) > MOST_COLUMNS:
        if known is not None:
            session.delete(known)
        return
    if known is None:
        known = SheetLayout(account_id=actor.id, record=entry.name, digest=digest_of(texts))
        session.add(known)
    known.columns = {str(place): name for place, name in columns.items()}
    known.unit_id = actor.unit_id
    known.saved_at = datetime.now(UTC)


def recall(session: Session, entry: Entry, texts: Sequence[str]) -> dict[int, str]:
    """What the person said of the columns under these headers, or else what somebody of their unit said last."""
    actor = actor_of(session)
    if not isinstance(actor, Person):
        return {}
    mine = SheetLayout.account_id == actor.id
    reach = mine if actor.unit_id is None else or_(mine, SheetLayout.unit_id == actor.unit_id)
    found = session.scalars(
        _of(entry, texts).where(reach).order_by(mine.desc(), SheetLayout.saved_at.desc(), SheetLayout.id).limit(1)
    ).first()
    return {} if found is None else {int(place): name for place, name in found.columns.items()}


def _of(entry: Entry, texts: Sequence[str]) -> Select[SheetLayout]:
    return select(SheetLayout).where(SheetLayout.record == entry.name, SheetLayout.digest == digest_of(texts))
