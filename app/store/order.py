"""The order of a list: which of its rows stand past a place, in the direction of reading."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    String,
    bindparam,
    func,
    literal,
    null,
    nulls_first,
    nulls_last,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from app.catalog import Entry
from app.declare.types import ChoiceText
from app.store.cursor import Cursor
from app.store.query import Query, where, where_walking
from app.store.session import among, ask, ask_by_ids, read
from app.store.walk import along

LEADING = 5
"""How many columns of `leading` stand before those of the fields."""


@dataclass(frozen=True)
class Sort:
    """What a row's place is made of besides its id: the order's value, what breaks ties, and the id referred to."""

    column: Any
    tie: Any = None
    target: Any = None


Chosen = Callable[[Sort], Select[Any]]
"""SELECT of `leading`, then of whatever else is wanted, from the record."""


def leading(entry: Entry, sort: Sort, *more: Any) -> Select[Any]:
    """SELECT id, the order's value, version, what breaks a tie, the id referred to, then more."""
    version = entry.model.version if entry.versioned else literal(0)
    tie, target = (null() if one is None else one for one in (sort.tie, sort.target))
    # the order's column may be among the fields: a label keeps SQLAlchemy from folding the two into one
    statement = select(
        entry.model.id, sort.column.label("rn_order"), version, tie.label("rn_tie"), target.label("rn_target"), *more
    )
    return statement.select_from(entry.model)


def place(row: Sequence[Any]) -> Cursor:
    """Where a row of `leading` stands in its list."""
    return Cursor(row[1], row[0], row[3], row[4])


def plain(number: int) -> Any:
    """A number in the text of a statement: PostgreSQL keeps a plan for any number of rows that sorts them all."""
    return literal(number, literal_execute=True)


def ordering(columns: Sequence[Any], nullable: Sequence[bool], down: bool) -> tuple[Any, ...]:
    """Rows without a value stand last going up and first going down, so that one index serves both ways."""
    pairs = zip(columns, nullable, strict=True)
    if down:
        return tuple(nulls_first(one.desc()) if empty else one.desc() for one, empty in pairs)
    return tuple(nulls_last(one.asc()) if empty else one.asc() for one, empty in pairs)


def stretches(
    columns: Sequence[Any], values: Sequence[Any] | None, nullable: bool, down: bool
) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """The conditions of the rows past some values in the direction of reading, in the order of reading.

    Where the first column may be empty, rows without a value are a stretch of their own: each is one range of an index,
    the two together are not. Without values it is every row.
    """
    if values is None:
        yield ()
        return
    first = columns[0]
    if values[0] is None:
        yield first.is_(None), past(columns[1:], values[1:], down)
        if down:
            yield (first.is_not(None),)
        return
    yield (past(columns, values, down),)
    if nullable and not down:
        yield (first.is_(None),)


def past(columns: Sequence[Any], values: Sequence[Any], down: bool) -> ColumnElement[bool]:
    """Whether columns none of which is empty come after some values in the direction of reading."""
    here, there = _compared(columns, values)
    return here < there if down else here > there  # type: ignore[no-any-return]


def until(columns: Sequence[Any], values: Sequence[Any], down: bool) -> ColumnElement[bool]:
    """Whether they do not."""
    here, there = _compared(columns, values)
    return here >= there if down else here <= there  # type: ignore[no-any-return]


def _compared(columns: Sequence[Any], values: Sequence[Any]) -> tuple[Any, Any]:
    held = [
        value if isinstance(value, BindParameter) else as_stored(value, one.type)
        for one, value in zip(columns, values, strict=True)
    ]
    return (columns[0], held[0]) if len(columns) == 1 else (tuple_(*columns), tuple_(*held))


def as_stored(value: Any, column_type: Any) -> ColumnElement[Any]:
    """A place's value as the column holds it; of a choice also one that its list no longer has."""
    return literal(*_stored(value, column_type))


def _stored(value: Any, column_type: Any) -> tuple[Any, Any]:
    if isinstance(column_type, ChoiceText):
        return str(getattr(value, "value", value)), String()
    return value, column_type


class ByColumn:
    """A list in the order of a column of its own, as its rows exist for the session's actor."""

    def __init__(self, session: Session, query: Query) -> None:
        self._session = session
        self._query = query
        item = query.order
        self._sort = Sort(item.column, None if item.tie is None else item.tie.column)
        ties = () if item.tie is None else (item.tie.column,)
        self._columns = (item.column, *ties, query.entry.model.id)
        self._nullable = item.nullable

    def rows(
        self, chosen: Chosen, cursor: Cursor | None, backward: bool, wanted: int, what: Hashable = None
    ) -> list[Any]:  # fmt: skip
        """The rows past a cursor in the direction of reading, up to as many as are wanted.

        `what` says what is chosen: with it the statement is kept.
        """
        values, asked = _named(self._columns, self._values(cursor))
        # words that are searched for may lead to their rows another way the next time
        keeps = what is not None and not self._query.search

        @cache
        def whole() -> Select[Any]:
            conditions, walking = where_walking(self._session, self._query)
            statement = chosen(self._sort).where(*conditions).order_by(*self._ordering(backward))
            return along(self._session, statement, self._query, walking)

        def parts() -> Iterator[Select[Any]]:
            return (whole().where(*beyond) for beyond in self._stretches(values, backward))

        found: list[Any] = []
        if keeps:
            key = (what, self._query.listed, backward, wanted, None if values is None else values[0] is None)
            found += ask(self._session, key, lambda: next(parts()).limit(plain(wanted)), asked)
        if len(found) < wanted:
            for part in islice(parts(), int(keeps), None):
                if len(found) < wanted:
                    found += read(self._session, part.limit(plain(wanted - len(found))), asked)
        return found

    def around(self, row_id: int) -> tuple[int | None, int | None]:
        """The ids of the rows before and after a row; None at the ends, or if the row is not there."""
        session, query, entry = self._session, self._query, self._query.entry

        def one() -> Select[Any]:
            return leading(entry, self._sort).where(among(session, entry.model.id))

        here = ask_by_ids(session, (ByColumn.around, entry, query.order), one, [row_id])
        if not here:
            return None, None
        values, asked = _named(self._columns, self._values(place(here[0])))

        def make() -> Select[Any]:
            found = []
            conditions, walking = where_walking(session, query)
            for backward in (True, False):
                near = select(entry.model.id).where(*conditions).order_by(*self._ordering(backward)).limit(plain(1))
                near = along(session, near, query, walking)
                parts = [near.where(*beyond).scalar_subquery() for beyond in self._stretches(values, backward)]
                found.append(func.coalesce(*parts) if len(parts) > 1 else parts[0])
            return select(*found)

        if query.search:
            before, after = read(session, make(), asked)[0]
        else:
            key = (ByColumn.around, query.listed, values is None or values[0] is None)
            before, after = ask(session, key, make, asked)[0]
        return before, after

    def whole(self, chosen: Chosen) -> Select[Any]:
        """The statement of every row in order."""
        statement = chosen(self._sort).where(*where(self._session, self._query))
        return statement.order_by(*self._ordering(False))

    def _ordering(self, backward: bool) -> tuple[Any, ...]:
        nullable = (self._nullable, *(False for _one in self._columns[1:]))
        return ordering(self._columns, nullable, self._query.descending != backward)

    def _values(self, cursor: Cursor | None) -> tuple[Any, ...] | None:
        if cursor is None:
            return None
        return (cursor.value, cursor.id) if self._sort.tie is None else (cursor.value, cursor.tie, cursor.id)

    def _stretches(self, values: Sequence[Any] | None, backward: bool) -> Iterator[tuple[ColumnElement[bool], ...]]:
        return stretches(self._columns, values, self._nullable, self._query.descending != backward)


def _named(columns: Sequence[Any], values: Sequence[Any] | None) -> tuple[Sequence[Any] | None, dict[str, Any]]:
    """The values of a place as parameters of a statement, but for those that are empty; and what they stand for."""
    if values is None:
        return None, {}
    held = {f"at{i}": _stored(value, one.type) for i, (one, value) in enumerate(zip(columns, values, strict=True))}
    named = (None if value is None else bindparam(name, type_=kind) for name, (value, kind) in held.items())
    return tuple(named), {name: value for name, (value, _kind) in held.items() if value is not None}
