"""The rows of a list that refer to some rows, in the list's own order, by the index that goes on in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Integer, Select, any_, func, literal, null, select, true
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session

from app.store.order import Chosen, Sort, ordering, past, plain, stretches, until
from app.store.query import Query
from app.store.session import read, scoped
from app.store.targets import Target
from app.store.walk import index_of

LOOKED = 4_000
"""So many rows that a filter or the policy may leave out are looked at in one statement."""
LOOKS = 12
"""After so many statements the rows that are left are sooner sorted."""
PARTS = 8
"""So many parts are looked at instead of what has more rows."""


class InVain(Exception):
    """Many rows were looked at, and nearly all of them were left out by a filter or the policy."""


class Referring:
    """The rows of a query that refer to this or that, as they exist for the session's actor."""

    def __init__(self, session: Session, query: Query, conditions: Sequence[ColumnElement[bool]]) -> None:
        item, model, table = query.order, query.entry.model, query.entry.model.__table__
        self._session = session
        self._query = query
        self._conditions = conditions
        self.narrowed = bool(conditions) or scoped(session, query.entry)
        """Whether rows that refer to something may be left out by a filter or the policy."""
        self._looks = LOOKS
        self._sqlite = session.get_bind().dialect.name == "sqlite"
        self._sort = Sort(null(), None if item.tie is None else item.tie.column, item.column)
        tied = () if item.tie is None else (item.tie,)
        self._columns = (item.column, *(one.column for one in tied), model.id)
        # in Core no policy is added: of these rows no more is learned than where they stand
        self._plain = (table.c[item.storage], *(table.c[one.storage] for one in tied), table.c.id)
        self._nullable = (False, *(one.nullable for one in tied), False)

    def of(
        self, target: Target | None, held: Sequence[Any] | None, down: bool, chosen: Chosen, wanted: int
    ) -> list[Any]:  # fmt: skip
        """The rows that refer to one row, or to none, past a place among them; raises InVain."""
        row_id, value = (None, None) if target is None else target
        # where what breaks ties may be empty, no one range of the index ends with a certain row
        bounded = self.narrowed and not any(self._nullable)
        found: list[Any] = []
        while True:
            self._look()
            end = self._end(row_id, held, down) if bounded else None
            for beyond in stretches(self._columns[1:], held, self._nullable[1], down):
                if len(found) < wanted:
                    statement = self._led(chosen(self._sort)).where(self._refers(self._sort.target, row_id))
                    statement = statement.where(*beyond, *self._conditions)
                    if end is not None:
                        statement = statement.where(until(self._columns[1:], end, down))
                    statement = statement.order_by(*ordering(self._columns, self._nullable, down))
                    statement = statement.limit(plain(wanted - len(found)))
                    found += [(row[0], value, *row[2:]) for row in read(self._session, statement)]
            if len(found) >= wanted or end is None:
                return found
            held = end

    def of_each(self, targets: Sequence[Target], down: bool, chosen: Chosen, wanted: int) -> list[Any]:
        """The rows that refer to some rows, in the order of these; raises InVain."""
        if len(targets) < 2:
            return [row for one in targets for row in self.of(one, None, down, chosen, wanted)]
        values = dict(targets)
        if self.narrowed and self._longer(list(values), LOOKED // len(values)):
            found: list[Any] = []
            step = -(-len(targets) // PARTS)
            for first in range(0, len(targets), step):
                if len(found) < wanted:
                    found += self.of_each(targets[first : first + step], down, chosen, wanted - len(found))
            return found
        self._look()
        near = self._near(list(values), down, wanted)
        statement = chosen(self._sort).join(near, near.c.id == self._columns[-1])
        inner = ordering(self._columns[1:], self._nullable[1:], down)
        statement = statement.order_by(near.c.place, *inner)
        return [(row[0], values[row.rn_target], *row[2:]) for row in read(self._session, statement)]

    def _look(self) -> None:
        self._looks -= self.narrowed
        if self._looks < 0:
            raise InVain

    def _end(self, row_id: int | None, held: Sequence[Any] | None, down: bool) -> Sequence[Any] | None:
        """The place of the last row that is looked at, unless there are not as many."""
        statement = self._led(select(*self._plain[1:]), self._plain[0].table)
        statement = statement.where(self._refers(self._plain[0], row_id))
        if held is not None:
            statement = statement.where(past(self._plain[1:], held, down))
        statement = statement.order_by(*ordering(self._plain, self._nullable, down))
        return self._session.execute(statement.limit(1).offset(plain(LOOKED - 1))).first()

    def _longer(self, ids: Sequence[int], most: int) -> bool:
        """Whether more than so many rows refer to one of these."""
        each, _place, value = self._listed(ids)
        further = self._led(select(self._plain[-1]), self._plain[0].table).where(self._refers(self._plain[0], value))
        further = further.order_by(*ordering(self._plain, self._nullable, False)).limit(1).offset(plain(most))
        some = select(value).select_from(each).where(further.correlate(each).scalar_subquery().is_not(None))
        return self._session.execute(some.limit(1)).first() is not None

    def _refers(self, column: Any, value: Any) -> ColumnElement[bool]:
        """Whether a column refers to something; to nothing if that is None."""
        if value is None:
            return column.is_(None)  # type: ignore[no-any-return]
        # to equality alone PostgreSQL would rather walk the index of the list's own order, in the hope of meeting it
        return column == (value if self._sqlite else any_(array([value])))  # type: ignore[no-any-return]

    def _near(self, ids: Sequence[int], down: bool, wanted: int) -> Any:
        """The ids of the first rows that refer to any of these, with the place of what they refer to among them."""
        each, place, value = self._listed(ids)
        few = self._led(select(self._columns[-1])).where(self._refers(self._sort.target, value), *self._conditions)
        few = few.order_by(*ordering(self._columns, self._nullable, down)).limit(plain(wanted)).correlate(each)
        if self._sqlite:
            found: Any = self._query.entry.model.__table__.alias("rn_found")
            order = ordering([found.c[one.key] for one in self._plain[1:]], self._nullable[1:], down)
            joined = each.join(found, found.c.id.in_(few))
        else:
            # an array keeps the order in which its rows were found
            found = func.unnest(func.array(few.scalar_subquery()))
            found = found.table_valued("id", with_ordinality="key").render_derived()
            order = (found.c.key,)
            joined = each.join(found, true())
        near = select(place.label("place"), found.c.id).select_from(joined)
        return near.order_by(place, *order).limit(plain(wanted)).subquery("rn_near")

    def _listed(self, ids: Sequence[int]) -> tuple[Any, Any, Any]:
        """Some ids as a table, the column of their places and their own; SQLite knows neither array nor LATERAL."""
        if self._sqlite:
            each: Any = func.json_each(json.dumps(ids)).table_valued("key", "value")
        else:
            each = func.unnest(literal(ids, ARRAY(Integer))).table_valued("value", with_ordinality="key")
            each = each.render_derived()
        return each, each.c.key, each.c.value

    def _led(self, statement: Select[Any], table: Any = None) -> Select[Any]:
        """The statement, by the index that holds the rows of each referred row in the list's own order."""
        if not self._sqlite:
            return statement
        item, model = self._query.order, self._query.entry.model
        name = item.goes_on or index_of(self._session, model.__tablename__, item.storage)
        return statement.with_hint(model if table is None else table, f"INDEXED BY {name}", "sqlite")
