"""The rows of a search by relevance on PostgreSQL, a slice of ids at a time.

Its index knows all the rows of a word and no order: words that few rows have are sorted; of others the index gives
those in some blocks of ids, until the page is full.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from time import monotonic
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Engine, Select, literal
from sqlalchemy.orm import Session

from app.store.cursor import Cursor
from app.store.order import place
from app.store.query import Query
from app.store.search.hits import LAST, NEWEST, Way, bounds, counts, ends, hits, in_order, newest, places
from app.store.search.match import TIERS, tier_questions, words_of
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
WIDEST = 300_000
"""How many ids a slice has at most whose blocks are named: beyond, all rows of the words are found as soon."""
COMMON_FOR = 300.0
"""Seconds for which a word that many rows have is taken to be common: to count them costs as much as to show them."""
MOST_COMMON = 2_000
RARER = range(LAST)
MISSED = -1
"""Stands for a tier where the newest rows did not make a page by themselves."""
DENSE = 100
"""One row in so many is found sooner by looking at each than by the index of tokens."""

Chosen = Callable[[Any], Select[Any]]
"""SELECT of a page's columns from the record, given the column of the tier."""


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


class Known(NamedTuple):
    """Of the rows that have the words: the lowest and the highest id there is, how many each tier has, and how close.

    `counts` go to one past RARE. One row in `every` is of the tier; 0 where that is not known.
    """

    low: int
    high: int
    counts: Sequence[int]
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
        self._met_many = False

    @property
    def number(self) -> int | None:
        """How many rows there are, where that is known."""
        return None if self._met_many or max(self._known.counts) > RARE else sum(self._known.counts)

    @property
    def common(self) -> bool:
        """Whether the newest rows tell that very many have the words."""
        return any(self._known.every.values())

    def tier_of(self, row_id: int) -> int | None:
        """The tier that a row is in, whoever may see it; None if it does not have the words."""
        found: int | None = reading(self._session).scalar(places(self._table), self._asked | {"id": row_id})
        return found

    def rows(
        self, chosen: Chosen, cursor: Cursor | None, backward: bool, wanted: int, what: Hashable = None
    ) -> list[Any]:  # fmt: skip
        """The rows past a cursor in the direction of reading, up to as many as are wanted."""
        if cursor is None and not backward and what is not None:
            whole = self._at_once(chosen, what, wanted)
            if whole is not None:
                return whole
        page = partial(self._page, chosen, what, backward)
        ahead = self._ahead(cursor, backward)
        found: list[Any] = []
        slices, span, thin = 0, 0, False
        while ahead and len(found) < wanted:
            missing = wanted - len(found)
            rare = next((place for place, one in enumerate(ahead) if self._known.counts[one.tier] > RARE), len(ahead))
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

    def _at_once(self, chosen: Chosen, what: Hashable, wanted: int) -> list[Any] | None:
        """The first page of words that are believed to be common, nothing counted first; None where that is no way.

        It is whole where it ends among the rows of the last tier: those of the others are all before.
        """
        common, now = _common(self._session.get_bind().engine), monotonic()

        def believed(tier: int) -> Common | None:
            one = common.get((self._table, self._query.search, tier))
            return one if one is not None and one.until > now else None

        here = believed(LAST)
        if here is None or not here.every or self._gathered or self._filters or any(map(believed, (MISSED, *RARER))):
            return None
        span = int(ENOUGH * wanted * here.every)
        if span > WIDEST:
            return None

        def make() -> Select[Any]:
            met, model = newest(self._table).c, self._query.entry.model
            statement = chosen(met.tier).join(met.id.table, met.id == model.id)
            most = literal(wanted, literal_execute=True)
            return statement.order_by(met.tier.asc(), met.id.desc()).limit(most)

        question = (what, replace(self._query.listed, search=""), newest, wanted)
        found = list(ask(self._session, question, make, self._asked | {"back": span // BLOCK + 1}))
        self._met_many = len(found) == wanted and place(found[-1]).value == LAST
        if not self._met_many:
            common[self._table, self._query.search, MISSED] = Common(now + COMMON_FOR, 0.0)
            return None
        return found

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
            low, high = known.low, known.high
            if cursor is not None and tier == cursor.value:
                low, high = (max(low, cursor.id + 1), high) if backward else (low, min(high, cursor.id - 1))
            if known.counts[tier] and low <= high:
                found.append(Stretch(tier, low, high))
        return found

    @cached_property
    def _known(self) -> Known:
        """What there is, asked in one statement, and what is believed of it."""
        common, now = _common(self._session.get_bind().engine), monotonic()
        keys = [(self._table, self._query.search, tier) for tier in range(len(TIERS))]
        every = {tier: one.every for tier, key in enumerate(keys) if (one := common.get(key)) and one.until > now}
        found = dict.fromkeys(every, RARE + 1)
        asked = tuple(tier for tier in range(len(TIERS)) if tier not in every)
        question = (self._table, asked, RARE + 1, self._sampled, self._gathered)
        found_now = ask_unfiltered(self._session, question, lambda: counts(*question), self._asked)
        low, high, *numbers = found_now[0]
        for tier, number in zip(asked, numbers, strict=True):
            found[tier] = number if number >= 0 else RARE + 1
            if number < 0:
                every[tier] = NEWEST * BLOCK / -number
            if found[tier] > RARE:
                if len(common) >= MOST_COMMON:
                    common.clear()
                common[keys[tier]] = Common(now + COMMON_FOR, every.get(tier, 0.0))
        return Known(low or 0, high or 0, [found[tier] for tier in range(len(TIERS))], every)

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

        if what is None or way not in (Way.SORTED, Way.BLOCKS):  # of others the ids stand in the text
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


def tiers_past(cursor: Cursor | None, backward: bool) -> Sequence[int]:
    """The tiers from the cursor's on in the order of reading."""
    every = range(len(TIERS))
    here = cursor.value if cursor is not None else every[-1] if backward else every[0]
    return every[here::-1] if backward else every[here:]
