"""Writes the audit trail: a line for each change, in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.access import System
from app.catalog import Catalog, Entry, Field
from app.declare.event import Deed, Door, Event
from app.declare.record import Role
from app.store.apart import in_office, office_of
from app.store.page import Values
from app.store.session import actor_of, writing

HIDDEN = "••••••"
Changes = dict[str, list[Any]]
"""[before, after] by field name, as `written` gives them."""


def written(item: Field, value: Any) -> Any:
    """A value as the trail keeps it: the text of its control, a list of texts for many; of a secret only that it is."""
    if value is None or value == []:
        return None
    if item.kind.control == "secret":
        return HIDDEN
    if item.many or item.kind.control == "files":
        return [str(one) for one in value]
    return item.kind.write(item, value)


def changes_between(entry: Entry, before: Values, after: Values, names: Iterable[str]) -> Changes:
    """What differs between two states of a row in these fields."""
    found: Changes = {}
    for name in names:
        item = entry.fields[name]
        was, now = written(item, before.get(name)), written(item, after.get(name))
        if was != now or (item.kind.control == "secret" and after.get(name) is not None):
            found[name] = [was, now]
    return found


def note_rows(session: Session, entry: Entry, deed: Deed, rows: Iterable[tuple[int, str, Changes]]) -> None:
    """Write a line for each (row id, label, changes)."""
    lines = [
        event_line(session, deed, entry)
        | {
            "record": entry.name,
            "row_id": row_id,
            "label": label[:300],
            "fields": "、".join(entry.fields[name].label for name in changes)[:1000] or None,
            "changes": changes or None,
        }
        for row_id, label, changes in rows
    ]
    if lines:
        _write(session, lines)


def note(
    session: Session, deed: Deed, *, entry: Entry | None = None, text: str = "", who: Mapping[str, Any] | None = None
) -> None:
    """Write a line that is about no row: a sign-in, a refusal. `who` overrides the actor where nobody is signed in."""
    line = event_line(session, deed, entry)
    said = "; ".join(part for part in (line["note"], text) if part)
    line |= {"record": entry.name if entry else None, "note": said[:500] or None}
    if who is not None:
        line |= dict(who) | {"office": office_of(session.info["catalog"], who.get("account_id"))}
    with writing(session):
        session.execute(insert(Event).values(line), execution_options={"unfiltered": True})


class GrantTrail:
    """Tells the trail of the roles and grants that the console itself gives and takes back."""

    def __init__(self, session: Session, catalog: Catalog) -> None:
        self._session = session
        # of a console that has not adopted the roles, by the name its table has
        self._roles = next((entry.name for entry in catalog if entry.model is Role), Role.__tablename__)

    def role(self, row_id: int, name: str) -> None:
        line = {"record": self._roles, "row_id": row_id, "label": name[:300]}
        _write(self._session, [event_line(self._session, Deed.ADDED) | line])

    def grant(self, given: bool, record: str, role: str, text: str) -> None:
        deed = Deed.GRANTED if given else Deed.WITHDRAWN
        line = {"record": record[:64], "note": f"{role}: {text}"[:500]}
        _write(self._session, [event_line(self._session, deed) | line])


def _write(session: Session, lines: list[dict[str, Any]]) -> None:
    with writing(session):
        session.execute(insert(Event), lines, execution_options={"unfiltered": True})


def note_refusal(session: Session, entry: Entry, what: str) -> None:
    """Note what somebody had no grant for; whatever was in the transaction is left out."""
    session.rollback()
    note(session, Deed.REFUSED, entry=entry, text=what)
    session.commit()


def event_line(session: Session, deed: Deed, entry: Entry | None = None) -> dict[str, Any]:
    """What every line says, here one about a record: who did it now, through which door."""
    actor, job = actor_of(session), session.info.get("job")
    # what somebody does by another role of theirs is business, and no concern of those in office
    official = entry is None or not entry.menu.business or deed is Deed.REFUSED
    return {
        "at": datetime.now(UTC),
        "account_id": None if isinstance(actor, System) else actor.id,
        "actor": actor.name,
        "door": session.info.get("door", Door.COMMAND),
        "deed": deed,
        "record": None,
        "row_id": None,
        "label": None,
        "fields": None,
        "address": session.info.get("address"),
        "note": f"job {job}" if job else None,
        "changes": None,
        "batch_id": None,
        "line": None,
        "office": official and in_office(session.info["catalog"], actor),
    }


def last_changes(session: Session, entry: Entry, row_id: int, lines: int = 50) -> dict[str, tuple[str, datetime]]:
    """Who changed each field of a row last, and when, as far as its newest lines tell; for readers of the row."""
    statement = (
        select(Event.actor, Event.at, Event.changes)
        .where(Event.record == entry.name, Event.row_id == row_id, Event.deed == Deed.CHANGED)
        .order_by(Event.id.desc())
        .limit(lines)
    )
    found: dict[str, tuple[str, datetime]] = {}
    for actor, at, changes in session.execute(statement, execution_options={"unfiltered": True}):
        for name in changes or ():
            found.setdefault(name, (actor, at))
    return found


def plain_label(entry: Entry, values: Values) -> str:
    """The name of a row from its own fields, without looking up those it refers to; masked parts stay masked."""
    return own_label(entry, values) or f"#{values['id']}"


def own_label(entry: Entry, values: Values) -> str:
    """The same of a row that may have no id yet; empty if none of its own fields names it."""
    parts = []
    for item in entry.labelled:
        value = values.get(item.name)
        if value is None or item.relation is not None:
            continue
        text = item.kind.show(item, value).text
        parts.append(item.kind.mask(text) if item.masked else text)
    return " · ".join(parts)


def own_labels(entry: Entry, rows: Iterable[Values]) -> list[str]:
    """`own_label` of many rows; names recur, so that each is worked out once."""
    names = [item.name for item in entry.labelled if item.relation is None]
    known: dict[tuple[Any, ...], str] = {}
    found = []
    for row in rows:
        key = tuple([row.get(name) for name in names])
        label = known.get(key)
        if label is None:
            label = known[key] = own_label(entry, row)
        found.append(label)
    return found
