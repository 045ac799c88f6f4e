"""What the policy says of one row to many people, asked of the database in few statements."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, case, literal, null, select
from sqlalchemy.orm import Session

from app.access import HeldGrant, Person, predicate
from app.access.policy import secrecy
from app.catalog import Catalog, Entry
from app.declare.access import Verb
from app.declare.choices import Classification

AT_ONCE = 1000
"""Questions in one statement; PostgreSQL answers at most 1,664 columns."""

Question = ColumnElement[bool]


@dataclass(frozen=True)
class Marks:
    """What may be told of a row to somebody who could not open it: its owner's id and its level."""

    unit_id: int | None
    level: Classification | None


def marks_of(session: Session, catalog: Catalog, entry: Entry, row_id: int) -> Marks | None:
    """The marks of a row, whoever asks; None if there is no such row (one in the trash is none)."""
    table = entry.model.__table__.alias()
    field = secrecy(entry)
    level = literal(None) if field is None else table.c[field.storage]
    owner = _owner(catalog, entry, table)
    statement = select(owner.label("unit"), level.label("level")).where(table.c.id == row_id)
    if entry.trash:
        statement = statement.where(table.c.deleted_at.is_(None))
    found = session.execute(statement).first()
    return None if found is None else Marks(found.unit, found.level)


def _owner(catalog: Catalog, entry: Entry, table: Any) -> Any:
    """The id of the unit that owns a row of this table, through the wholes it is a part of."""
    if entry is catalog.unit:
        return table.c.id
    if entry.owner is not None:
        return table.c[entry.owner.storage]
    if entry.whole is not None and entry.whole.target is not None:
        whole = entry.whole.target.model.__table__.alias()
        owner = _owner(catalog, entry.whole.target, whole)
        return select(owner).where(whole.c.id == table.c[entry.whole.storage]).scalar_subquery()
    unit = entry.fields.get("unit")
    return null() if unit is None else table.c[unit.storage]


def may_verb(catalog: Catalog, entry: Entry, person: Person, verb: Verb) -> Question:
    """Whether a person may do this to the row."""
    return predicate(catalog, person, entry, verb)


def reached_by(catalog: Catalog, entry: Entry, person: Person, grant: HeldGrant) -> Question:
    """Whether one grant of a person reaches the row, whatever its level."""
    alone = replace(person, grants={entry.name: (grant,)}, clearance=Classification.TOP_SECRET)
    return predicate(catalog, alone, entry, next(verb for verb in Verb if verb in grant.verbs))


def ask(session: Session, entry: Entry, row_id: int, questions: Mapping[Hashable, Question]) -> dict[Hashable, bool]:
    """Every question's answer for one row; the asker's own policy is not added, the questions are the policy."""
    found: dict[Hashable, bool] = {}
    every = list(questions.items())
    for start in range(0, len(every), AT_ONCE):
        some = every[start : start + AT_ONCE]
        columns = [case((question, 1), else_=0).label(f"q{i}") for i, (_key, question) in enumerate(some)]
        statement = select(*columns).select_from(entry.model).where(entry.model.id == row_id)
        row = session.execute(statement, execution_options={"unfiltered": True}).first()
        found |= {key: bool(row and row[i]) for i, (key, _question) in enumerate(some)}
    return found
