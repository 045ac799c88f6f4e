"""Setting a field of many rows, or deleting them: all or nothing, through the same checks as one row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, select
from sqlalchemy import update as sql_update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access import Forbidden, System, editable, may, predicate
from app.catalog import Entry, Field
from app.declare.access import Verb
from app.declare.event import Deed
from app.store.account_rows import follow
from app.store.apart import check_own
from app.store.events import changes_between, note_rows, plain_label
from app.store.labels import labels
from app.store.page import fetch_rows
from app.store.query import Query, where
from app.store.save import Referred, Rules, constraints, farewell, reaches, refuse_if_referred
from app.store.search.index import forget_rows
from app.store.session import actor_of, writing
from app.store.validate import Invalid, check_row, check_targets, complete, read_values

CHUNK = 500
MOST = 100_000
SAMPLES = 5


@dataclass(frozen=True)
class Selection:
    """The rows a bulk action is for: those ticked, or (with `query`) all that match."""

    entry: Entry
    ids: tuple[int, ...] = ()
    query: Query | None = None


@dataclass(frozen=True)
class Preview:
    """What an action would do: how many rows are selected, how many of them the actor may act on, a few names."""

    selected: int
    allowed: int
    samples: tuple[str, ...]


class RowsRefused(Exception):
    """Some rows cannot take the value, so none was changed: (label, message) of the first, and how many in all."""

    def __init__(self, rows: list[tuple[str, str]], total: int) -> None:
        super().__init__(f"{total} rows refused")
        self.rows = rows
        self.total = total


def settable(session: Session, entry: Entry) -> tuple[Field, ...]:
    """The fields that may be set on many rows at once: no key, nothing unique, no files, no secret."""
    names = editable(actor_of(session), entry, new=False)
    unique = {item.name for group in entry.uniques for item in group}
    controls = ("files", "secret", "textarea")
    return tuple(
        item
        for name, item in entry.fields.items()
        if name in names and name not in unique and not item.many and item.kind.control not in controls
    )


def preview(session: Session, selection: Selection, verb: Verb, item: Field | None = None) -> Preview:
    """Count what an action (with `item`, on this field) would reach, without doing it."""
    selected = session.scalar(select(func.count()).select_from(_selected(session, selection).subquery())) or 0
    statement = _allowed(session, selection, verb, item)
    allowed = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    first = list(session.scalars(statement.order_by(selection.entry.model.id).limit(SAMPLES)))
    return Preview(selected, allowed, tuple(labels(session, selection.entry, first).values()))


def set_field(session: Session, selection: Selection, item: Field, raw: Any, rules: Rules) -> int:
    """Give a field one value in every selected row that the actor may edit; returns how many rows changed.

    Raises Invalid for the value itself, RowsRefused if a row cannot take it; nothing is changed then.
    """
    entry = selection.entry
    if item not in settable(session, entry):
        raise Forbidden(entry, Verb.EDIT)
    value = read_values(entry, {item.name: raw}, frozenset({item.name}))[item.name]
    refused: list[tuple[int, str]] = []
    changed, total = 0, 0
    with writing(session), constraints(session, entry):
        for ids in _chunks(session, _allowed(session, selection, Verb.EDIT, item)):
            done, faults = _set_chunk(session, entry, ids, item, value, rules)
            changed += done
            total += len(faults)
            refused += faults[: SAMPLES - len(refused)]
        if total:
            session.rollback()
            names = labels(session, entry, [row_id for row_id, _text in refused])
            raise RowsRefused([(names.get(row_id, f"#{row_id}"), text) for row_id, text in refused], total)
        session.commit()
    return changed


def _set_chunk(
    session: Session, entry: Entry, ids: list[int], item: Field, value: Any, rules: Rules
) -> tuple[int, list[tuple[int, str]]]:
    """Set the value on up to CHUNK rows; returns how many changed, and (id, message) of those that refuse it."""
    rows = session.scalars(select(entry.model).where(entry.model.id.in_(ids)).with_for_update(of=entry.model))
    changed, faults, lines = [], [], []
    names = {item.name, *(name for name, field in entry.fields.items() if field.spec.derived is not None)}
    first = True
    for row in rows:
        if getattr(row, item.storage) == value:
            continue
        values = {name: getattr(row, field.storage) for name, field in entry.fields.items() if not field.many}
        before = dict(values)
        values[item.name] = value
        complete(entry, values)
        try:
            check_own(session, entry, row.id, {item.name}, values)
            # the value's reference and secrecy are the same for all rows: they are looked up for the first alone
            check_row(
                session, entry, values, row_id=row.id, changed=frozenset({item.name} if first else ()),
                today=rules.today, ceiling=rules.ceiling, before=before,
            )  # fmt: skip
        except Invalid as error:
            faults.append((row.id, " ".join(text for texts in error.errors.values() for text in texts)))
            continue
        finally:
            first = False
        setattr(row, item.storage, value)
        for name, field in entry.fields.items():
            if field.spec.derived is not None:
                setattr(row, name, values[name])
        if entry.versioned:
            row.version += 1
        if hasattr(row, "updated_by"):
            row.updated_at, row.updated_by = datetime.now(UTC), actor_of(session).name
        changed.append(row.id)
        lines.append(
            (row.id, plain_label(entry, values | {"id": row.id}), changes_between(entry, before, values, names))
        )
    session.flush()
    follow(session, entry, changed, {item.name: value})
    check_targets(session, entry, {item.name: value}, [item.name])
    note_rows(session, entry, Deed.CHANGED, lines)
    outside = set(changed) - reaches(session, entry, changed, Verb.EDIT, {item.name})
    faults += [(row_id, "") for row_id in outside]
    session.expunge_all()
    return len(changed), faults


def delete_rows(session: Session, selection: Selection) -> int:
    """Delete, or trash, every selected row that the actor may delete; none if one is needed: raises Referred."""
    entry, deleted = selection.entry, 0
    if not may(actor_of(session), entry, Verb.DELETE):
        raise Forbidden(entry, Verb.DELETE)
    with writing(session):
        try:
            for chunk in list(_chunks(session, _allowed(session, selection, Verb.DELETE))):
                gone = fetch_rows(session, entry, chunk, lock=True)
                ids = [values["id"] for values in gone]
                refuse_if_referred(session, entry, ids)
                lines = [(v["id"], plain_label(entry, v), farewell(entry, v)) for v in gone]
                note_rows(session, entry, Deed.DELETED, lines)
                session.execute(
                    _removal(session, entry).where(entry.model.id.in_(ids)),
                    execution_options={"unfiltered": True, "synchronize_session": False},
                )
                if not entry.trash:
                    forget_rows(session, entry, ids)
                deleted += len(ids)
            session.commit()
        except Referred:
            session.rollback()
            raise
        except IntegrityError:
            session.rollback()
            raise Referred([], True) from None
    return deleted


def _removal(session: Session, entry: Entry) -> Any:
    """The statement that deletes rows, or puts them into the trash."""
    if not entry.trash:
        return sql_delete(entry.model)
    model = entry.model
    return sql_update(model).values(
        deleted_at=datetime.now(UTC), deleted_by=actor_of(session).name, version=model.version + 1
    )


def _selected(session: Session, selection: Selection) -> Any:
    """SELECT of the ids that exist for the actor."""
    statement = select(selection.entry.model.id)
    if selection.query is not None:
        return statement.where(*where(session, selection.query))
    return statement.where(selection.entry.model.id.in_(selection.ids))


def _allowed(session: Session, selection: Selection, verb: Verb, item: Field | None = None) -> Any:
    actor = actor_of(session)
    if isinstance(actor, System):
        return _selected(session, selection)
    rows = predicate(session.info["catalog"], actor, selection.entry, verb, [] if item is None else [item.name])
    return _selected(session, selection).where(rows)


def _chunks(session: Session, statement: Any) -> Iterator[list[int]]:
    ids: Sequence[int] = session.scalars(statement.order_by(statement.selected_columns[0]).limit(MOST)).all()
    for start in range(0, len(ids), CHUNK):
        yield list(ids[start : start + CHUNK])
