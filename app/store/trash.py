"""The trash of a record that has one: who could delete its rows sees, restores, or deletes them for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, literal, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access import Forbidden, in_trash, may
from app.catalog import Entry
from app.declare.access import Verb
from app.declare.event import Deed
from app.kinds.link import HIGHEST_ID
from app.store.events import changes_between, note_rows, plain_label
from app.store.page import Values, fetch_rows
from app.store.query import BadQuery
from app.store.save import Missing, Referred, Stale, reaches, refuse_if_referred
from app.store.session import actor_of, writing
from app.store.validate import Errors, Invalid, check_targets, check_uniques

UNFILTERED = {"unfiltered": True}
Place = tuple[datetime, int]
"""Where a page of the trash ends: when its last row was deleted, and the row's id."""


@dataclass(frozen=True)
class Trashed:
    """A row in the trash: its values, when it was put there, and by whom."""

    values: Values
    at: datetime
    by: str


def fetch_trash(session: Session, entry: Entry, limit: int, after: Place | None = None) -> tuple[list[Trashed], bool]:
    """Rows in the trash that the actor could delete, newest first, and whether there are more."""
    model, within = entry.model, _within(session, entry)
    statement = select(model.id, model.deleted_at, model.deleted_by).where(within)
    if after is not None:
        here = tuple_(model.deleted_at, model.id)
        statement = statement.where(here < tuple_(literal(after[0], model.deleted_at.type), literal(after[1])))
    statement = statement.order_by(model.deleted_at.desc(), model.id.desc()).limit(limit + 1)
    found = session.execute(statement, execution_options=UNFILTERED).all()
    rows = {row["id"]: row for row in fetch_rows(session, entry, [one[0] for one in found[:limit]], within=within)}
    return [Trashed(rows[one[0]], one[1], one[2] or "") for one in found[:limit] if one[0] in rows], len(found) > limit


def trashed_row(session: Session, entry: Entry, row_id: int, lock: bool = False) -> Values:
    """A row in the trash that the actor could delete; raises Missing or Forbidden."""
    if not may(actor_of(session), entry, Verb.DELETE):
        raise Forbidden(entry, Verb.DELETE)
    found = fetch_rows(session, entry, [row_id], lock, within=_within(session, entry))
    if not found:
        raise Missing(entry.name, row_id)
    return found[0]


def write_place(one: Trashed) -> str:
    """Where a page ends with this row, as an address says it."""
    return f"{one.at.astimezone(UTC).replace(tzinfo=None).isoformat()}~{one.values['id']}"


def read_place(text: str) -> Place | None:
    """The place that an address says, None for no text; raises BadQuery."""
    if not text:
        return None
    at, _sep, row_id = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is not None or not (row_id.isascii() and row_id.isdigit() and len(row_id) < 11):
            raise ValueError(text)
        if int(row_id) > HIGHEST_ID:
            raise ValueError(text)
    except ValueError:
        raise BadQuery("after", _("“%(value)s” is no place in the list.", value=text[:40])) from None
    return moment.replace(tzinfo=UTC), int(row_id)


def restore(session: Session, entry: Entry, row_id: int, version: int | None = None) -> Values:
    """Take a row out of the trash as it was; raises Missing, Forbidden, Stale, or Invalid if it no longer fits in."""
    now = _at_version(trashed_row(session, entry, row_id, lock=True), version)
    errors: Errors = {}
    check_uniques(session, entry, now, row_id, frozenset(entry.fields), errors)
    if errors:
        raise Invalid(errors)
    check_targets(session, entry, now, entry.fields)
    with writing(session):
        row = _row(session, entry, row_id)
        row.deleted_at = row.deleted_by = None
        row.version += 1
        session.flush()
        if not reaches(session, entry, [row_id], Verb.DELETE):
            session.rollback()
            raise Forbidden(entry, Verb.DELETE)
        note_rows(session, entry, Deed.RESTORED, [(row_id, plain_label(entry, now), {})])
        session.commit()
    return now


def purge(session: Session, entry: Entry, row_id: int, version: int | None = None) -> Values:
    """Delete a row in the trash for good, its values noted; raises Missing, Forbidden, Stale or Referred."""
    now = _at_version(trashed_row(session, entry, row_id, lock=True), version)
    refuse_if_referred(session, entry, [row_id])
    with writing(session):
        try:
            session.delete(_row(session, entry, row_id))
            lines = [(row_id, plain_label(entry, now), changes_between(entry, now, {}, entry.fields))]
            note_rows(session, entry, Deed.PURGED, lines)
            session.commit()
        except IntegrityError:
            session.rollback()
            raise Referred([], True) from None
    return now


def _at_version(now: Values, version: int | None) -> Values:
    if version is not None and now["version"] != version:
        raise Stale(now)
    return now


def _within(session: Session, entry: Entry) -> ColumnElement[bool]:
    return in_trash(session.info["catalog"], actor_of(session), entry)


def _row(session: Session, entry: Entry, row_id: int) -> Any:
    return session.get_one(entry.model, row_id, execution_options=UNFILTERED)
