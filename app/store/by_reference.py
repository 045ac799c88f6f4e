"""A list in the order of the rows that it refers to, read without sorting it.

The referred rows are walked in their own order, a few at a time, and of each the rows that refer to it by the index of
the reference, which goes on in the list's own order. Rows that refer to nothing, or to what the actor may not see, come
behind them, by the id that they refer to. Where few rows are looked at anyway, they are sorted.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, null, or_, select
from sqlalchemy.orm import Session

from app.store.cursor import Cursor
from app.store.order import Chosen, Sort, as_stored, leading, ordering, place, plain
from app.store.query import Query, where, where_walking
from app.store.referring import InVain, Referring
from app.store.session import read, scoped
from app.store.targets import Part, Target, Targets
from app.store.walk import large, many

FIRST = 8
"""How many referred rows are looked at first."""
WIDER = 8
"""How many times the number before are looked at where those had too few rows."""
SORTED = 20_000
"""So many rows are sorted rather than looked for among those that a filter or the policy leaves out."""
IN_VAIN = 500
"""So many that had too few rows leave a doubt whether others have more."""


class ByReference:
    """A list in the order of a reference, as its rows exist for the session's actor."""

    def __init__(self, session: Session, query: Query) -> None:
        item, model = query.order, query.entry.model
        self._session = session
        self._query = query
        self._column = item.column
        self._targets = Targets(session, query)
        tied = () if item.tie is None else (item.tie,)
        self._tie = None if item.tie is None else item.tie.column
        self._inner = (*(one.column for one in tied), model.id)
        self._nullable = (*(one.nullable for one in tied), False)

    def rows(
        self, chosen: Chosen, cursor: Cursor | None, backward: bool, wanted: int, _what: Hashable = None
    ) -> list[Any]:  # fmt: skip
        """The rows past a cursor in the direction of reading, up to as many as are wanted."""
        down = self._query.descending != backward
        conditions, walking = where_walking(self._session, self._query)
        if walking and not self._few():
            try:
                return self._walked(Referring(self._session, self._query, conditions), chosen, cursor, down, wanted)
            except InVain:
                pass
        return self._sorted(conditions, chosen, cursor, down, wanted)

    def around(self, row_id: int) -> tuple[int | None, int | None]:
        """The ids of the rows before and after a row; None at the ends, or if the row is not there."""
        entry = self._query.entry

        def only_place(sort: Sort) -> Select[Any]:
            return leading(entry, sort)

        statement, _value = self._joined(only_place)
        here = self._session.execute(statement.where(entry.model.id == row_id)).first()
        if here is None:
            return None, None
        before, after = (self.rows(only_place, place(here), backward, 1) for backward in (True, False))
        return before[0][0] if before else None, after[0][0] if after else None

    def whole(self, chosen: Chosen) -> Select[Any]:
        """The statement of every row in order."""
        statement, value = self._joined(chosen)
        columns, nullable = self._columns(value)
        statement = statement.where(*where(self._session, self._query))
        return statement.order_by(*ordering(columns, nullable, self._query.descending))

    def _few(self) -> bool:
        """Whether few rows are looked at anyway, or no index leads from a referred row to those that refer to it."""
        entry, query = self._query.entry, self._query
        if not query.order.leads:
            return True
        if query.conditions or scoped(self._session, entry):
            # words that few rows have lead to them: what is walked in spite of words has many
            return not many(self._session, query, SORTED)
        return not query.search and not large(self._session, entry)

    def _joined(self, chosen: Chosen) -> tuple[Select[Any], Any]:
        """The rows with what orders them, and the column of that: none where it is the reference itself."""
        if self._targets.value is None:
            return chosen(Sort(null(), self._tie, self._column)), None
        # in a query of its own, so that the policy is added to it whatever the record is called there
        seen = _seen(self._targets.value)
        statement = chosen(Sort(seen.c.rn_value, self._tie, self._column))
        return statement.outerjoin(seen, self._column == seen.c.id), seen.c.rn_value

    def _columns(self, value: Any) -> tuple[tuple[Any, ...], tuple[bool, ...]]:
        """What orders rows that are sorted, and which of it may be empty."""
        valued = () if value is None else (value,)
        return (*valued, self._column, *self._inner), (*(True for _one in valued), True, *self._nullable)

    def _sorted(
        self, conditions: Sequence[ColumnElement[bool]], chosen: Chosen, cursor: Cursor | None, down: bool, wanted: int
    ) -> list[Any]:
        statement, value = self._joined(chosen)
        columns, nullable = self._columns(value)
        statement = statement.where(*conditions).order_by(*ordering(columns, nullable, down))
        if cursor is not None:
            valued = () if value is None else (cursor.value,)
            statement = statement.where(_beyond(columns, (*valued, cursor.target, *self._held(cursor)), down))
        return list(read(self._session, statement.limit(plain(wanted))))

    def _held(self, cursor: Cursor) -> tuple[Any, ...]:
        """What a place says of the order among the rows that refer to one."""
        return (cursor.id,) if self._tie is None else (cursor.tie, cursor.id)

    def _walked(
        self, referring: Referring, chosen: Chosen, cursor: Cursor | None, down: bool, wanted: int
    ) -> list[Any]:  # fmt: skip
        every = list(Part)[::-1] if down else list(Part)
        here = every[0] if cursor is None else Part.of(cursor)
        found: list[Any] = []
        for part in every[every.index(here) :]:
            if len(found) < wanted and self._targets.has(part):
                beginning = cursor if part is here else None
                found += self._read(referring, part, beginning, down, chosen, wanted - len(found))
        return found

    def _read(
        self, referring: Referring, part: Part, cursor: Cursor | None, down: bool, chosen: Chosen, wanted: int
    ) -> list[Any]:
        """The rows of a part past a cursor."""
        held = None if cursor is None else self._held(cursor)
        if part is Part.NONE:
            return referring.of(None, held, down, chosen, wanted)
        found: list[Any] = []
        last: Target | None = None
        if cursor is not None and cursor.target is not None:
            last = cursor.target, cursor.value
            if self._targets.stands(part, last):
                found += referring.of(last, held, down, chosen, wanted)
        # where rows may be left out, those of one are looked through before others are looked at
        size, vain = 1 if referring.narrowed else FIRST, False
        while len(found) < wanted:
            targets = self._targets.after(part, last, down, size, vain)
            found += referring.of_each(targets, down, chosen, wanted - len(found))
            if len(targets) < size:
                break
            last, size, vain = targets[-1], size * WIDER, size >= IN_VAIN
        return found


@lru_cache(maxsize=256)
def _seen(value: Any) -> Any:
    """The rows of a record by a column of it: once, as statements with it are kept."""
    return select(value.class_.id, value.label("rn_value")).subquery("rn_seen")


def _beyond(columns: Sequence[Any], values: Sequence[Any], down: bool) -> ColumnElement[bool]:
    """Whether columns any of which may be empty come after some values in the direction of reading."""
    found: ColumnElement[bool] = false()
    for column, value in zip(reversed(columns), reversed(values), strict=True):
        if value is None:
            same, after = column.is_(None), column.is_not(None) if down else false()
        else:
            held = as_stored(value, column.type)
            same, after = column == held, column < held if down else or_(column > held, column.is_(None))
        found = or_(after, and_(same, found))
    return found
