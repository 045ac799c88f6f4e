"""Pages of a search by relevance: whole names and identifiers, then what begins so, then the rest; the newest first.

SQLite's FTS5 gives the rows of a tier in the order of their ids; where filters leave few rows, they are sorted instead.
PostgreSQL's index knows all the rows of a word and no order: words that few rows have are sorted; of others a slice of
ids at a time is looked at, until the page is full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property, lru_cache
from time import monotonic
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Engine,
    Integer,
    Select,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from app.store.query import Cursor, Query, condition_sql
from app.store.search.match import TIERS, Search, words_of
from app.store.session import actor_of, scoped
from app.store.walk import many

RARE = 300
"""Rows of a tier that are sorted at once, wherever they are."""
FIRST = 12_000
"""How many ids the first slice has: a page of a word that one row in 200 has."""
WIDER = 16
"""How many times the slice before a slice has at most."""
MOST_SLICES = 3
"""After so many the page is taken from all that is left: filters or the policy leave but few rows."""
COMMON_FOR = 300.0
"""Seconds for which a word that many rows have is taken to be common: to count them costs as much as to show them."""
MOST_COMMON = 2_000
DENSE = 100
"""One row in so many is found sooner by looking at each than by the index of tokens."""

Chosen = Callable[[Any], Select[Any]]
"""SELECT of a page's columns from the record, given the column of the tier."""


class Way(Enum):
    """How PostgreSQL is to come to the rows: all sorted, each id looked at in turn, or as it thinks best."""

    SORTED = "sorted"
    WALKED = "walked"
    FREE = "free"


@dataclass(frozen=True)
class Stretch:
    """The rows of a tier from one id to another, both included."""

    tier: int
    low: int
    high: int

    def cut(self, span: int, backward: bool) -> tuple[Stretch, Stretch | None]:
        """The first ids in the direction of reading, and what is left."""
        if self.high - self.low < span:
            return self, None
        if backward:
            return replace(self, high=self.low + span - 1), replace(self, low=self.low + span)
        return replace(self, low=self.high - span + 1), replace(self, high=self.high - span)


class Relevance:
    """A query's rows by relevance, as they exist for the session's actor."""

    def __init__(self, session: Session, query: Query) -> None:
        self._session = session
        self._query = query
        self._model = query.entry.model
        self._search = Search(session, query.entry, actor_of(session))
        self._sqlite = session.get_bind().dialect.name == "sqlite"
        self._narrowed = bool(query.conditions) or scoped(session, query.entry)
        self._filters = [condition_sql(condition) for condition in query.conditions]

    @property
    def number(self) -> int | None:
        """How many rows there are, where that is known at no further cost."""
        if self._sqlite or self._narrowed or max(self._known[2:]) > RARE:
            return None
        return sum(self._known[2:])

    def rows(self, chosen: Chosen, cursor: Cursor | None, backward: bool, wanted: int) -> Sequence[Any]:
        """The rows past a cursor in the direction of reading, up to as many as are wanted."""
        if not self._sqlite:
            return self._in_slices(chosen, cursor, backward, wanted)
        if self._narrowed and not many(self._session, self._query):
            return self._row_by_row(chosen, cursor, backward, wanted)
        return self._by_rowid(chosen, cursor, backward, wanted)

    def around(self, row_id: int) -> tuple[int | None, int | None]:
        """The ids of the rows before and after a row; None at the ends, or if the row does not have the words."""
        key = self._search.key
        here: list[Select[Any]] = [
            select(literal_column(str(tier))).where(self._tier(tier), key == row_id) for tier in range(len(TIERS))
        ]
        tier = self._session.scalar(union_all(*here), execution_options={"unfiltered": True})
        if tier is None:
            return None, None

        def near(backward: bool) -> int | None:
            found = self.rows(lambda _tier: select(self._model.id), Cursor(tier, row_id), backward, 1)
            return found[0][0] if found else None

        return near(True), near(False)

    def _tier(self, number: int) -> ColumnElement[bool]:
        return self._search.tier(self._query.search, number)

    def _by_rowid(self, chosen: Chosen, cursor: Cursor | None, backward: bool, wanted: int) -> list[Any]:
        """The tokens lead, tier by tier."""
        key = self._search.key
        found: list[Any] = []
        for tier in _tiers(cursor, backward):
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

    def _in_slices(self, chosen: Chosen, cursor: Cursor | None, backward: bool, wanted: int) -> list[Any]:
        ahead = self._ahead(cursor, backward)
        found: list[Any] = []
        slices, span, way = 0, FIRST, Way.WALKED
        while ahead and len(found) < wanted:
            missing = wanted - len(found)
            rare = next((place for place, one in enumerate(ahead) if self._known[2 + one.tier] > RARE), len(ahead))
            if rare:
                part, ahead = ahead[:rare], ahead[rare:]
                found += self._page(chosen, part, Way.SORTED, backward, missing)
            elif slices == MOST_SLICES:
                part, ahead = ahead, []
                found += self._page(chosen, part, Way.FREE, backward, missing)
            else:
                first, rest = ahead[0].cut(span, backward)
                ahead = [*([rest] if rest else []), *ahead[1:]]
                more = self._page(chosen, [first], way, backward, missing)
                found += more
                slices += 1
                way = Way.WALKED if len(more) * DENSE > span or not rest else Way.SORTED
                wider = 2 * (missing - len(more)) // max(len(more), 1)
                span = span * min(max(wider, 2), WIDER) if rest else FIRST
        return found

    def _ahead(self, cursor: Cursor | None, backward: bool) -> list[Stretch]:
        """What is past the cursor, in the order of reading, but for tiers without rows."""
        lowest, highest, *counts = self._known
        found = []
        for tier in _tiers(cursor, backward):
            low, high = lowest, highest
            if cursor is not None and tier == cursor.value:
                low, high = (max(low, cursor.id + 1), high) if backward else (low, min(high, cursor.id - 1))
            if counts[tier] and low <= high:
                found.append(Stretch(tier, low, high))
        return found

    @cached_property
    def _known(self) -> Sequence[int]:
        """The lowest and the highest id, then how many rows each tier has, counted no further than one past RARE."""
        key, typed = self._search.key, self._query.search
        asked: list[Any] = [select(end(key)).scalar_subquery() for end in (func.min, func.max)]
        # single characters begin so many tokens that to count what has them costs more than to assume that many do
        vague = all(len(word) == 1 for word in words_of(typed))
        common, now = _common(self._session.get_bind().engine), monotonic()
        assumed = {
            tier for tier in range(len(TIERS))
            if (tier and vague) or common.get((key.table.name, typed, tier), 0.0) > now
        }  # fmt: skip
        for tier in range(len(TIERS)):
            some = select(key).where(self._tier(tier)).limit(_plain(RARE + 1)).subquery()
            counted = select(func.count()).select_from(some).scalar_subquery()
            asked.append(literal(RARE + 1) if tier in assumed else counted)
        low, high, *counts = self._session.execute(select(*asked), execution_options={"unfiltered": True}).one()
        if len(common) >= MOST_COMMON:
            common.clear()
        for tier, number in enumerate(counts):
            if number > RARE and tier not in assumed:
                common[key.table.name, typed, tier] = now + COMMON_FOR
        return low or 0, high or 0, *counts

    def _page(self, chosen: Chosen, part: Sequence[Stretch], way: Way, backward: bool, wanted: int) -> Sequence[Any]:
        """The rows of some stretches in the order of reading, in one statement."""
        hits: Any = union_all(*(self._ids(stretch, way) for stretch in part)).subquery()
        if way is not Way.FREE:
            inside = select(hits.c.tier, hits.c.id).order_by(*_order(hits.c, part, backward, walked=True))
            # an offset keeps PostgreSQL from choosing another way together with what is outside
            hits = inside.offset(0).subquery()
        statement = chosen(hits.c.tier).join(hits, hits.c.id == self._model.id).where(*self._filters)
        if self._narrowed and len(part) == 1:
            statement = statement.where(self._model.id.between(*_ends(part[0])))
        order = _order(hits.c, part, backward, walked=way is not Way.FREE)
        return self._session.execute(statement.order_by(*order).limit(_plain(wanted))).all()

    def _ids(self, stretch: Stretch, way: Way) -> Select[Any]:
        """SELECT of (tier, id) of a stretch's rows."""
        key, holds = self._search.key, self._tier(stretch.tier)
        if way is Way.WALKED:
            # asked so, the index of tokens is no answer: rows are met in the order of their ids
            holds = holds.is_(True)
        found = select(literal_column(str(stretch.tier)).label("tier"), key.label("id"))
        return found.where(holds, key.between(*_ends(stretch)))


@lru_cache(maxsize=16)
def _common(engine: Engine) -> dict[tuple[str, str, int], float]:
    """Of which words (with their table and tier) many rows were found, and until when that is believed.

    Belief costs no row: where there are few by now they are looked for as many are, slice by slice to the end.
    """
    return {}


def _tiers(cursor: Cursor | None, backward: bool) -> Sequence[int]:
    """The tiers from the cursor's on in the order of reading."""
    every = range(len(TIERS))
    here = cursor.value if cursor is not None else every[-1] if backward else every[0]
    return every[here::-1] if backward else every[here:]


def _ends(stretch: Stretch) -> tuple[Any, Any]:
    return _plain(stretch.low), _plain(stretch.high)


def _plain(number: int) -> Any:
    """A number in the text of a statement: a plan that is kept for any number would be made for far too many rows."""
    return bindparam(None, number, Integer(), literal_execute=True)


def _order(hits: Any, part: Sequence[Stretch], backward: bool, *, walked: bool) -> Sequence[Any]:
    """Tier and id in the direction of reading; of one tier the id alone, or PostgreSQL would sort them once more."""
    # a sum is no column whose index could be walked in the hope of meeting enough rows
    row_id = hits.id if walked else hits.id + 0
    if len(part) == 1:
        return (row_id.asc() if backward else row_id.desc(),)
    return (hits.tier.desc(), row_id.asc()) if backward else (hits.tier.asc(), row_id.desc())
