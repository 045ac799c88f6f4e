"""Pages of a search by relevance: whole names and identifiers, then what begins so, then the rest; the newest first.

SQLite's FTS5 gives the rows of a tier in the order of their ids; where filters leave few rows, they are sorted instead.
PostgreSQL has another way (slices.py).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, literal_column, select, tuple_, union_all
from sqlalchemy.orm import Session

from app.store.cursor import Cursor
from app.store.query import Query, condition_sql
from app.store.search.match import TIERS, Search, words_of
from app.store.search.slices import Chosen, Slices, tiers_past
from app.store.session import actor_of, scoped
from app.store.walk import many


class Relevance:
    """A query's rows by relevance, as they exist for the session's actor."""

    def __init__(self, session: Session, query: Query) -> None:
        self._session = session
        self._query = query
        self._model = query.entry.model
        self._narrowed = bool(query.conditions) or scoped(session, query.entry)
        self._filters = [condition_sql(condition) for condition in query.conditions]
        sqlite = session.get_bind().dialect.name == "sqlite"
        self._slices = None if sqlite else Slices(session, query, self._filters, narrowed=self._narrowed)

    @property
    def number(self) -> int | None:
        """How many rows there are, where that is known at no further cost."""
        return None if self._slices is None or self._narrowed else self._slices.number

    def up_to(self, most: int) -> int | None:
        """How many rows there are, counted no further than `most`, where so many are soon met; else None."""
        if self._slices is None or not self._slices.soon:
            return None
        return len(self.rows(self._places, None, False, most, Relevance))

    def rows(
        self, chosen: Chosen, cursor: Cursor | None, backward: bool, wanted: int, what: Hashable
    ) -> Sequence[Any]:  # fmt: skip
        """The rows past a cursor in the direction of reading, up to as many as are wanted.

        `what` says what is chosen: statements are kept by it.
        """
        if self._slices is not None:
            return self._slices.rows(chosen, cursor, backward, wanted, what)
        if self._narrowed and not many(self._session, self._query):
            return self._row_by_row(chosen, cursor, backward, wanted)
        return self._by_rowid(chosen, cursor, backward, wanted)

    def around(self, row_id: int) -> tuple[int | None, int | None]:
        """The ids of the rows before and after a row; None at the ends, or if the row does not have the words."""
        tier = self._tier_of(row_id) if self._slices is None else self._slices.tier_of(row_id)
        if tier is None:
            return None, None

        def near(backward: bool) -> int | None:
            found = self.rows(self._places, Cursor(tier, row_id), backward, 1, Relevance)
            return found[0][0] if found else None

        return near(True), near(False)

    def _places(self, tier: Any) -> Select[Any]:
        return select(self._model.id, tier)

    @cached_property
    def _search(self) -> Search:
        return Search(self._session, self._query.entry, actor_of(self._session))

    def _tier(self, number: int) -> ColumnElement[bool]:
        return self._search.tier(self._query.search, number)

    def _tier_of(self, row_id: int) -> int | None:
        key = self._search.key
        here: list[Select[Any]] = [
            select(literal_column(str(tier))).where(self._tier(tier), key == row_id) for tier in range(len(TIERS))
        ]
        return self._session.scalar(union_all(*here), execution_options={"unfiltered": True})

    def _by_rowid(self, chosen: Chosen, cursor: Cursor | None, backward: bool, wanted: int) -> list[Any]:
        """The tokens lead, tier by tier."""
        key = self._search.key
        found: list[Any] = []
        for tier in tiers_past(cursor, backward):
            # a sum is no column that an index could lead to: so the rows cannot lead to their tokens
            statement = chosen(literal_column(str(tier))).join(key.table, self._model.id == key + 0)
            statement = statement.where(self._tier(tier), *self._filters)
            if cursor is not None and tier == cursor.value:
                statement = statement.where(key > cursor.id if backward else key < cursor.id)
            statement = statement.order_by(key.asc() if backward else key.desc())
            found += self._session.execute(statement.limit(wanted - len(found))).all()
            if len(found) >= wanted:
                break
        return found

    def _row_by_row(self, chosen: Chosen, cursor: Cursor | None, backward: bool, wanted: int) -> Sequence[Any]:
        """The filters lead, and their rows are sorted."""
        tier, row_id = self._search.tier_by_row(self._query.search), self._model.id
        has = self._search.row_by_row(words_of(self._query.search))
        statement = chosen(tier).where(*has, *self._filters)
        if cursor is not None:
            here, there = tuple_(tier, -row_id), tuple_(literal(cursor.value), literal(-cursor.id))
            statement = statement.where(here < there if backward else here > there)
        order = (tier.desc(), row_id.asc()) if backward else (tier.asc(), row_id.desc())
        return self._session.execute(statement.order_by(*order).limit(wanted)).all()
