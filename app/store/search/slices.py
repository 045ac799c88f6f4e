"""The rows of a search by relevance on PostgreSQL: a first statement, and slices of ids where that was not enough.

Its index knows all the rows of a word and no order: words that few rows have are sorted; of others the index gives
those in some blocks of ids, until the page is full.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from time import monotonic
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Engine, Select, literal, select
from sqlalchemy.orm import Session

from app.kinds.link import HIGHEST_ID
from app.store.cursor import Cursor
from app.store.query import Query
from app.store.search.hits import LAST, NEWEST, Way, bounds, counts, ends, hits, in_order, places
from app.store.search.match import TIERS, tier_questions, words_of
from app.store.search.near import (
    ALL,
    ALL_AHEAD,
    ANYTHING,
    NEAR,
    WIDEST,
    Told,
    near,
    near_questions,
    read_told,
)
from app.store.search.schema import BLOCK, search_table
from app.store.search.tokens import is_pinyin
from app.store.session import ask, ask_unfiltered, read, reading

RARE = 300
"""Rows of a tier that are sorted at once, wherever they are."""
FIRST = 12_000
"""How many ids the first slice has where nothing is known: a page of a word that one row in 200 has."""
ENOUGH = 1.5
"""How many times as many rows as are missing a slice is likely to have: to ask again takes longer than to read more."""
WIDER = 16
"""How many times the slice before a slice has at most."""
MOST_SLICES = 3
"""After so many the page is taken from all that is left of a tier: filters or the policy leave but few rows."""
COMMON_FOR = 300.0
"""Seconds for which a word that many rows have is taken to be common: to count them costs as much as to show them."""
MOST_COMMON = 2_000
MISSED = -1
"""Stands for a tier: what seemed by the ids near to be few rows was too many, and not so much is to be tried again."""
DENSE = 100
"""One row in so many is found sooner by looking at each than by the index of tokens."""

Chosen = Callable[[Any], Select[Any]]
"""SELECT of a page's columns from the record, given the column of the tier: the id first, then the tier."""


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

    def past(self, row_id: int, backward: bool) -> Stretch | None:
        """What is left of it past an id in the direction of reading."""
        if backward:
            return replace(self, low=max(self.low, row_id + 1)) if row_id < self.high else None
        return replace(self, high=min(self.high, row_id - 1)) if row_id > self.low else None


class Known(NamedTuple):
    """Of the rows that have the words: the lowest and the highest id there is, how many each tier has, and how close.

    `counts` are None where there are too many to be sorted. One row in `every` is of the tier; 0 or none where that is
    not known.
    """

    low: int
    high: int
    counts: Sequence[int | None]
    every: Mapping[int, float]


class Common(NamedTuple):
    """Until when a tier is taken to have many rows, and how close they are."""

    until: float
    every: float


class Slices:
    """A query's rows by relevance; `filters` are its conditions, `narrowed` says whether they or the policy leave some.

    What begins with a few letters the index gathers from very many tokens, however few rows of them are asked for: of a
    search with such words rows are looked at instead.
    """

    def __init__(
        self, session: Session, query: Query, filters: Sequence[ColumnElement[bool]], *, narrowed: bool
    ) -> None:  # fmt: skip
        words = words_of(query.search)
        self._session = session
        self._query = query
        self._filters = filters
        self._narrowed = narrowed
        self._table = search_table(query.entry.model.__tablename__)
        self._asked: dict[str, Any] = {**tier_questions(query.search)}
        self._gathered = any(len(word) == 1 or is_pinyin(word) for word in words)
        # many names begin with one character
        single = all(len(word) == 1 for word in words)
        self._sampled = frozenset((LAST - 1, LAST) if single else (LAST,))
        self._known = Known(0, -1, [None] * len(TIERS), {})
        self._number: int | None = None

    @property
    def number(self) -> int | None:
        """How many rows there are, where a page has told it."""
        counts = [number for number in self._known.counts if number is not None]
        return sum(counts) if len(counts) == len(TIERS) else self._number

    @property
    def soon(self) -> bool:
        """Whether many rows are soon met one after the other: where the index gives them, or the newest tell so."""
        return not self._gathered or any(self._counted.every.values())

    def tier_of(self, row_id: int) -> int | None:
        """The tier that a row is in, whoever may see it; None if it does not have the words."""
        found: int | None = reading(self._session).scalar(places(self._table), self._asked | {"id": row_id})
        return found

    def rows(
        self, chosen: Chosen, cursor: Cursor | None, backward: bool, wanted: int, what: Hashable
    ) -> list[Any]:  # fmt: skip
        """The rows past a cursor in the direction of reading, up to as many as are wanted."""
        if self._gathered:
            self._known = self._counted
            return self._sliced(chosen, what, backward, self._ahead(cursor, backward), wanted)
        tiers = tiers_past(cursor, backward)
        here, at_end, found = Stretch(tiers[0], *_between(tiers[0], cursor, backward)), cursor is None, list[Any]()
        while True:
            more, told = self._near(chosen, here, backward, wanted, what, missing=wanted - len(found), at_end=at_end)
            found += more[: wanted - len(found)]
            if told.number < 0:
                continue
            if told.tier == ALL or (told.tier == ALL_AHEAD and cursor is None):
                self._number = told.number
            if told.tier >= ALL or len(found) == wanted:
                return found
            if told.tier != here.tier:
                here = Stretch(told.tier, 0, HIGHEST_ID)
            rest = replace(here, low=max(here.low, told.low), high=min(here.high, told.high)).past(
                told.reached, backward
            )
            if rest:
                self._known = Known(told.low, told.high, [None] * len(TIERS), {told.tier: NEAR / max(told.met, 1)})
                found += self._sliced(chosen, what, backward, [rest], wanted - len(found))
            tiers = tiers[tiers.index(told.tier) + 1 :]
            if len(found) == wanted or not tiers:
                return found
            here, at_end = Stretch(tiers[0], 0, HIGHEST_ID), True

    def _sliced(
        self, chosen: Chosen, what: Hashable, backward: bool, ahead: Sequence[Stretch], wanted: int
    ) -> list[Any]:  # fmt: skip
        """The rows of some stretches, slice by slice."""
        page = partial(self._page, chosen, what, backward)
        found: list[Any] = []
        slices, span, thin = 0, 0, False
        while ahead and len(found) < wanted:
            missing = wanted - len(found)
            rare = next((n for n, one in enumerate(ahead) if self._known.counts[one.tier] is None), len(ahead))
            if rare:
                part, ahead = ahead[:rare], ahead[rare:]
                found += page(part, Way.SORTED, missing)
            elif slices == MOST_SLICES:
                part, ahead = ahead[:1], ahead[1:]
                found += page(part, Way.FREE, missing)
                slices, span, thin = MOST_SLICES - 1, 0, False
            else:
                span = span or self._first_span(ahead[0].tier, missing)
                first, rest = ahead[0].cut(span, backward)
                ahead = [*([rest] if rest else []), *ahead[1:]]
                more = page([first], self._way(span, thin), missing)
                found += more
                wider = 2 * (missing - len(more)) // max(len(more), 1)
                # the next tier may be another matter: it has a slice at least
                slices = slices + 1 if rest else min(slices + 1, MOST_SLICES - 1)
                thin = bool(rest) and len(more) * DENSE <= span
                span = span * min(max(wider, 2), WIDER) if rest else 0
        return found

    def _near(
        self, chosen: Chosen, here: Stretch, backward: bool, wanted: int, what: Hashable, *, missing: int, at_end: bool
    ) -> tuple[list[Any], Told]:
        """The rows that one statement finds from a place on, and what it tells; none where it looked for too many."""
        believed = self._believed(MISSED)
        sorting = int(believed.every) if believed else ANYTHING
        asked: dict[str, Any] = {
            **near_questions(self._query.search, here.tier, backward), "begin": here.tier, "low": here.low,
            "high": here.high, "end": at_end, "missing": missing, "sorting": sorting,
        }  # fmt: skip

        def make() -> Select[Any]:
            (met, told), model = near(self._table, backward), self._query.entry.model
            statement = chosen(met.c.tier).add_columns(told).join(met, met.c.id == model.id).where(*self._filters)
            most = literal(wanted, literal_execute=True)
            return statement.order_by(*in_order(met.c, range(len(TIERS)), backward, Way.SORTED)).limit(most)

        question = (what, replace(self._query.listed, search=""), near, backward, wanted)
        rows = ask(self._session, question, make, asked)
        if rows:
            text = rows[0][-1]
        else:
            alone = (near, self._table, backward)
            text = ask_unfiltered(self._session, alone, lambda: select(near(self._table, backward)[1]), asked)[0][0]
        told = read_told(text)
        if told.number < 0:
            self._believe(MISSED, sorting - 1)
            return [], told
        return [row[:-1] for row in rows], told

    def _first_span(self, tier: int, missing: int) -> int:
        """How many ids are likely to have more rows than are missing."""
        every = self._known.every.get(tier)
        if not every or self._gathered:
            return FIRST
        return min(max(int(ENOUGH * missing * every), BLOCK), WIDEST)

    def _way(self, span: int, thin: bool) -> Way:
        """How to come to the rows of a slice, where those before it were many among their ids or few, `thin`."""
        if self._gathered:
            return Way.RANGED if thin else Way.WALKED
        return Way.BLOCKS if span <= WIDEST else Way.RANGED

    def _ahead(self, cursor: Cursor | None, backward: bool) -> list[Stretch]:
        """What is past the cursor, in the order of reading, but for tiers without rows."""
        known, found = self._known, []
        for tier in tiers_past(cursor, backward):
            low, high = _between(tier, cursor, backward)
            one = Stretch(tier, max(low, known.low), min(high, known.high))
            if known.counts[tier] != 0 and one.low <= one.high:
                found.append(one)
        return found

    @cached_property
    def _counted(self) -> Known:
        """What there is, asked in one statement, and what is believed of it."""
        believed = {tier: one for tier in range(len(TIERS)) if (one := self._believed(tier))}
        every = {tier: one.every for tier, one in believed.items()}
        found: dict[int, int | None] = dict.fromkeys(believed)
        asked = tuple(tier for tier in range(len(TIERS)) if tier not in believed)
        question = (self._table, asked, RARE + 1, self._sampled)
        low, high, *numbers = ask_unfiltered(self._session, question, lambda: counts(*question), self._asked)[0]
        for tier, number in zip(asked, numbers, strict=True):
            found[tier] = number if 0 <= number <= RARE else None
            if number < 0:
                every[tier] = NEWEST / -number
            if found[tier] is None:
                self._believe(tier, every.get(tier, 0.0))
        return Known(low or 0, high or 0, [found[tier] for tier in range(len(TIERS))], every)

    def _believed(self, tier: int) -> Common | None:
        """What is believed of a tier that is taken to have many rows."""
        one = _common(self._session.get_bind().engine).get((self._table, self._query.search, tier))
        return one if one is not None and one.until > monotonic() else None

    def _believe(self, tier: int, every: float = 0.0) -> None:
        common = _common(self._session.get_bind().engine)
        if len(common) >= MOST_COMMON:
            common.clear()
        common[self._table, self._query.search, tier] = Common(monotonic() + COMMON_FOR, every)

    def _page(
        self, chosen: Chosen, what: Hashable, backward: bool, part: Sequence[Stretch], way: Way, wanted: int
    ) -> Sequence[Any]:  # fmt: skip
        """The rows of some stretches in the order of reading, in one statement."""
        tiers = tuple(one.tier for one in part)
        asked: dict[str, Any] = dict(self._asked)
        for one in part:
            asked |= bounds(one.tier, one.low, one.high)

        def make() -> Select[Any]:
            met, model = hits(self._table, way, tiers, backward).c, self._query.entry.model
            statement = chosen(met.tier).join(met.id.table, met.id == model.id).where(*self._filters)
            if self._narrowed and way.planned and len(part) == 1:
                statement = statement.where(model.id.between(*ends(tiers[0], plain=True)))
            # in the text of the statement: a plan that is kept for any number of rows is one that sorts them all
            most = literal(wanted, literal_execute=True)
            return statement.order_by(*in_order(met, tiers, backward, way)).limit(most)

        if way not in (Way.SORTED, Way.BLOCKS):  # of others the ids stand in the text
            return read(self._session, make(), asked)
        # of the words it has no more than how they are looked for, and the filters are those of the list
        plain = replace(self._query.listed, search="")
        return ask(self._session, (what, plain, way, tiers, backward, wanted), make, asked)


@lru_cache(maxsize=16)
def _common(engine: Engine) -> dict[tuple[str, str, int], Common]:
    """Of which words (with their table and tier) many rows were found.

    Belief costs no row: where there are few by now they are looked for as many are, slice by slice to the end.
    """
    return {}


def _between(tier: int, cursor: Cursor | None, backward: bool) -> tuple[int, int]:
    """The ids of a tier's rows past a cursor, both included; none where the tier is not."""
    here = cursor.value if cursor is not None else None
    if cursor is not None and tier == here:
        return (min(cursor.id + 1, HIGHEST_ID), HIGHEST_ID) if backward else (0, max(cursor.id - 1, 0))
    return (0, HIGHEST_ID) if tier in tiers_past(cursor, backward) else (1, 0)


def tiers_past(cursor: Cursor | None, backward: bool) -> Sequence[int]:
    """The tiers from the cursor's on in the order of reading."""
    every = range(len(TIERS))
    here = cursor.value if cursor is not None else every[-1] if backward else every[0]
    return every[here::-1] if backward else every[here:]
