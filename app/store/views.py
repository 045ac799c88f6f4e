"""Saved views of a list: one's own, and those that colleagues of the same unit share."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Integer, Select, String, bindparam, or_, select
from sqlalchemy.orm import Session

from app.access import Person
from app.store.tables import SavedView

MOST = 20


class View(NamedTuple):
    """A saved view as a list shows it: `unit_id` is that of the unit it is shared with."""

    id: int
    name: str
    query: str
    account_id: int
    unit_id: int | None


def views_for(session: Session, person: Person, record: str) -> tuple[View, ...]:
    """The views of a record's list that a person may open, oldest first."""
    if record not in person.viewed:
        return ()
    asked = {"record": record, "account": person.id, "unit": person.unit_id}
    return tuple(map(View._make, session.execute(_asking(), asked, execution_options={"unfiltered": True})))


@cache
def _asking() -> Select[Any]:
    """The views of one record for one person: asked for every list, so put together once. A unit of None has none."""
    visible = or_(
        SavedView.account_id == bindparam("account", type_=Integer),
        SavedView.unit_id == bindparam("unit", type_=Integer),
    )
    columns = [getattr(SavedView, name) for name in View._fields]
    statement = select(*columns).where(SavedView.record == bindparam("record", type_=String), visible)
    return statement.order_by(SavedView.id).limit(MOST * 2)


def save_view(session: Session, person: Person, record: str, name: str, query: str, shared: bool) -> SavedView | None:
    """Keep a view under a name, replacing one's own of that name; None if one has too many already."""
    mine = [view for view in views_for(session, person, record) if view.account_id == person.id]
    known = next((item.id for item in mine if item.name == name), None)
    view = None if known is None else session.get(SavedView, known)
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
