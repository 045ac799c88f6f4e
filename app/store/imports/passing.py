"""Values that may be there only once, and pass from one row of a file to another: what counts is how all will stand.

Whether a row may take what another has depends on the other's going in, which may itself depend on a third's. So it is
found for the whole file at once, and only where some row takes what another row has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Dialect, LargeBinary, String, and_, cast, literal, or_, select, text, update
from sqlalchemy.orm import Session

from app.catalog import Entry, Field
from app.store.import_tables import Outcome
from app.store.imports.batches import line_text
from app.store.imports.sql import GOING, STAGED, unpacked, value_text
from app.store.validate import taken

Group = tuple[Field, ...]


class Claim(NamedTuple):
    """The row of the file at `line` takes what the row with the id `holder` has, which lies in the trash or not."""

    line: int
    holder: int
    trashed: bool = False


class Claims:
    """What the rows of one file take from rows there are, by the fields that are unique together."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: dict[Group, list[Claim]] = defaultdict(list)

    def add(self, group: Group, claim: Claim) -> None:
        """Note a claim, to be judged when the whole file is planned."""
        self._found[group].append(claim)

    def __bool__(self) -> bool:
        return bool(self._found)

    def refused(self, batch_id: int) -> dict[Group, dict[int, str]]:
        """The lines that cannot have what they take, each with the reason, as the plan now stands."""
        return {
            group: reasons(group, claims, movers(self._session, batch_id, group, {claim.holder for claim in claims}))
            for group, claims in self._found.items()
        }


def moving(dialect: Dialect, group: Group) -> ColumnElement[bool]:
    """That the row of a planned one comes to hold other values in these fields; one that is new held none."""
    return or_(*(
        value_text(dialect, STAGED.c.old_values, item.storage).is_distinct_from(
            value_text(dialect, STAGED.c.new_values, item.storage)
        )
        for item in group
    ))  # fmt: skip


def movers(session: Session, batch_id: int, group: Group, ids: Collection[int]) -> dict[int, int]:
    """Of these rows those that give up what they have in these fields, and the lines that say so."""
    changed = (STAGED.c.batch_id == batch_id, STAGED.c.outcome == Outcome.CHANGED)
    rows = select(STAGED.c.target_id, STAGED.c.line).where(*changed, moving(session.get_bind().dialect, group))
    # all that move: to ask for thousands of rows by their ids would read the whole plan again for each few thousand
    return {row_id: line for row_id, line in session.execute(rows) if row_id in ids}


def stuck(claims: Iterable[Claim], free: Mapping[int, int]) -> dict[int, Claim]:
    """The lines that cannot have what they take, by the claim that fails; `free` are the lines of rows that give it up.

    A row that cannot have what it takes gives up nothing either.
    """
    waiting: dict[int, list[Claim]] = defaultdict(list)
    failed: list[Claim] = []
    for claim in claims:
        if claim.holder in free:
            waiting[free[claim.holder]].append(claim)
        else:
            failed.append(claim)
    found: dict[int, Claim] = {}
    while failed:
        claim = failed.pop()
        if claim.line not in found:
            found[claim.line] = claim
            failed += waiting[claim.line]
    return found


def reasons(group: Group, claims: Iterable[Claim], free: Mapping[int, int]) -> dict[int, str]:
    """The lines that cannot have what they take, each with the reason."""
    return {
        line: taken(group, claim.trashed) if claim.holder not in free else str(_(
            "Row %(row)s of the file has this %(labels)s and would give it up, but cannot be imported itself.",
            row=line_text(free[claim.holder]), labels="、".join(item.label for item in group),
        ))
        for line, claim in stuck(claims, free).items()
    }  # fmt: skip


def held(session: Session, entry: Entry, batch_id: int) -> dict[Group, list[Claim]]:
    """What the good rows of a batch take from rows there are, as these are now."""
    table, dialect = entry.model.__table__, session.get_bind().dialect
    found: dict[Group, list[Claim]] = {}
    for group in entry.uniques:
        columns = [table.c[item.storage] for item in group]
        source, values = unpacked(dialect, STAGED, STAGED.c.new_values, columns)
        same = and_(*(one == value.element for one, value in zip(columns, values, strict=True)))
        other = and_(STAGED.c.outcome == Outcome.CHANGED, STAGED.c.target_id != table.c.id)
        rows = select(STAGED.c.line, table.c.id).select_from(source.join(table, same))
        rows = rows.where(STAGED.c.batch_id == batch_id, or_(STAGED.c.outcome == Outcome.NEW, other))
        lines = session.execute(rows, execution_options={"unfiltered": True})
        found[group] = [Claim(line, row_id) for line, row_id in lines]
    return {group: claims for group, claims in found.items() if claims}


def taken_since(session: Session, entry: Entry, written: Collection[Field], source: Any) -> list[int]:
    """The lines of rows that go back to what another row has now, and keeps; `source` as for `let_pass`."""
    other, dialect = entry.model.__table__.alias(), session.get_bind().dialect
    found: set[int] = set()
    for group in entry.uniques:
        if all(item.fixed for item in group) or not {*group} & {*written}:
            continue
        columns = [entry.model.__table__.c[item.storage] for item in group]
        before, values = unpacked(dialect, source, STAGED.c.old_values, columns)
        same = and_(*(other.c[one.name] == value.element for one, value in zip(columns, values, strict=True)))
        rows = select(GOING.c.line, other.c.id).select_from(before.join(other, same))
        rows = rows.where(GOING.c.fresh.is_(False), other.c.id != GOING.c.id)
        claims = [Claim(*pair) for pair in session.execute(rows, execution_options={"unfiltered": True})]
        if claims:
            back = select(GOING.c.id, GOING.c.line).select_from(source).where(moving(dialect, group))
            found |= stuck(claims, dict(session.execute(back).all())).keys()
    return sorted(found)


def let_pass(session: Session, entry: Entry, source: Any) -> None:
    """Let rows take what others have, for the rest of the transaction: at its end no two may have the same.

    `source` are the rows that are going, or going back, beside what was planned for them.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        return
    # SQLite checks each row as it is written: until theirs is, they hold what no other row has
    session.execute(text("PRAGMA defer_foreign_keys = ON"))
    table, dialect = entry.model.__table__, session.get_bind().dialect
    for group in entry.uniques:
        if all(item.fixed for item in group):
            continue
        rows = select(GOING.c.id).select_from(source).where(moving(dialect, group))
        column = table.c[group[-1].storage]
        # a blob equals no text and no number
        own = cast(literal("rn:") + cast(table.c.id, String), LargeBinary)
        session.execute(update(table).where(table.c.id.in_(rows)).values({column: own}))
