"""Saved views of a list: one's own, and those that colleagues of the same unit share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.access import Person
from app.store.tables import SavedView

MOST = 20


def views_for(session: Session, person: Person, record: str) -> Sequence[SavedView]:
    """The views of a record's list that a person may open, oldest first."""
    visible = SavedView.account_id == person.id
    if person.unit_id is not None:
        visible = or_(visible, SavedView.unit_id == person.unit_id)
    statement = select(SavedView).where(and_(SavedView.record == record, visible)).order_by(SavedView.id)
    return session.scalars(statement.limit(MOST * 2)).all()


def save_view(session: Session, person: Person, record: str, name: str, query: str, shared: bool) -> SavedView | None:
    """Keep a view under a name, replacing one's own of that name; None if one has too many already."""
    mine = [view for view in views_for(session, person, record) if view.account_id == person.id]
    view = next((item for item in mine if item.name == name), None)
    if view is None:
        if len(mine) >= MOST:
            return None
        view = SavedView(record=record, name=name, account_id=person.id)
        session.add(view)
    view.query = query
    view.unit_id = person.unit_id if shared else None
    view.saved_at = datetime.now(UTC)
    session.commit()
    return view


def delete_view(session: Session, person: Person, record: str, view_id: int) -> bool:
    """Delete one's own view; False if there is none of this id."""
    view = session.get(SavedView, view_id)
    if view is None or view.account_id != person.id or view.record != record:
        return False
    session.delete(view)
    session.commit()
    return True
