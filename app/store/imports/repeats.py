"""Rows of a plan that say again what another row of the file says, and only one row may."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import reduce

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select, update
from sqlalchemy.orm import Session

from app.catalog import Entry, Field
from app.store.import_tables import Outcome
from app.store.imports.batches import ROW_ID, line_text
from app.store.imports.passing import Claims
from app.store.imports.sql import STAGED, value_text

GOOD = [one for one in Outcome if one.good]
AT_ONCE = 5_000


class Repeats:
    """Finds such rows of one batch and marks them; `places` are the columns of its fields, `id_place` that of the ids.

    They are found first and marked by their place: to join the table with itself takes for ever where the database's
    planner does not know yet how many rows this batch has.
    """

    def __init__(
        self, session: Session, batch_id: int, entry: Entry, places: Mapping[str, int], id_place: int | None
    ) -> None:
        self._session = session
        self._batch_id = batch_id
        self._entry = entry
        self._places = places
        self._id_place = id_place

    def mark(self, group: Sequence[Field]) -> None:
        """Mark the rows that are about the same row as an earlier good one; `group` is what they are known by."""
        self._mark_later(STAGED.c.key, group)

    def mark_group(self, group: Sequence[Field]) -> None:
        """Mark the rows that would hold what an earlier good one holds in these fields, which are unique together."""
        if any(item.name in self._places for item in group) and not any(item.many for item in group):
            dialect = self._session.get_bind().dialect
            parts = [value_text(dialect, STAGED.c.new_values, item.storage) for item in group]
            self._mark_later(reduce(lambda one, two: one + "\x1f" + two, parts), group)

    def _mark_later(self, key: ColumnElement[str], group: Sequence[Field]) -> None:
        first = func.min(STAGED.c.line).over(partition_by=key).label("first")
        seen = (
            select(STAGED.c.line, first)
            .where(STAGED.c.batch_id == self._batch_id, key.is_not(None), STAGED.c.outcome.in_(GOOD))
            .subquery()
        )
        found = self._session.execute(select(seen.c.line, seen.c.first).where(seen.c.line != seen.c.first)).all()
        name, labels = (group[-1].name if group else ""), "、".join(item.label for item in group)
        place = self._places.get(name) if group else self._id_place
        self._mark_lines(Outcome.DUPLICATE, name, place, [
            (line, _(
                "Row %(row)s of the file is about the same %(labels)s.",
                row=line_text(earlier), labels=labels or self._entry.singular,
            ))
            for line, earlier in found
        ])  # fmt: skip

    def mark_copies(self) -> None:
        """Mark the rows of an export that are about the same row, which happens where one was copied to make a new one.

        Nobody knows which of them was meant to be the new one, so none of them changes anything.
        """
        line, own = STAGED.c.line, (STAGED.c.batch_id == self._batch_id, STAGED.c.target_id.is_not(None))
        same = case((STAGED.c.outcome == Outcome.SAME, line))
        first, last, kept = (
            function.over(partition_by=STAGED.c.key).label(name)
            for name, function in (("first", func.min(line)), ("last", func.max(line)), ("kept", func.min(same)))
        )
        seen = select(line, first, last, kept).where(*own).subquery()
        copied = select(seen.c.line, seen.c.first, seen.c.last).where(
            seen.c.first != seen.c.last, or_(seen.c.kept.is_(None), seen.c.kept != seen.c.line)
        )
        self._mark_lines(Outcome.DUPLICATE, "", self._id_place, [
            (at, _(
                "Row %(row)s of the file is about the same %(labels)s. If this row was copied to make a new one, empty "
                "its cell in the hidden column %(column)s.",
                row=line_text(last if at == first else first), labels=self._entry.singular, column=ROW_ID,
            ))
            for at, first, last in self._session.execute(copied).all()
        ])  # fmt: skip

    def mark_stuck(self, claims: Claims) -> None:
        """Mark the rows that take what another row has and does not give up, as the plan now stands."""
        for group, told in claims.refused(self._batch_id).items():
            name = group[-1].name
            good = or_(*(STAGED.c.outcome == one for one in GOOD))
            self._mark_lines(Outcome.ERROR, name, self._places.get(name), list(told.items()), good)

    def _mark_lines(
        self, outcome: Outcome, name: str, place: int | None, lines: Sequence[tuple[int, str]],
        *among: ColumnElement[bool],
    ) -> None:  # fmt: skip
        """Mark these rows, as far as they are among such, each with its reason."""
        this = and_(STAGED.c.batch_id == self._batch_id, STAGED.c.line == bindparam("at"), *among)
        mark = update(STAGED).where(this).values(outcome=outcome, notes=bindparam("said"))
        for start in range(0, len(lines), AT_ONCE):
            told = [
                {"at": line, "said": json.dumps([{"field": name, "place": place, "message": text}], ensure_ascii=False)}
                for line, text in lines[start : start + AT_ONCE]
            ]
            self._session.execute(mark, told)
