"""PostgreSQL's statements of a search by relevance, put together once for each table of tokens and filled in each time.

To put one together takes longer than to answer it. So does planning, hence the questions stand in them as values that
the planner is not told: one plan serves for all, and reads its question once. As a condition on each row a question
that comes as a value is read anew for each row, which takes longer than to answer it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    CompoundSelect,
    Integer,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    column,
    false,
    func,
    literal,
    literal_column,
    select,
    table,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR, array

from app.store.search.match import TIERS
from app.store.search.schema import BLOCK, block_sql

NEWEST = 2
"""Blocks of ids in which is looked first whether a tier is common."""
SOME, MANY = 4, 3_000
"""More rows there, and of the whole table if these blocks are like all, make a tier common."""
MOST_SORTED = 1_000
"""More rows than a tier has that is sorted as a whole."""
LAST = len(TIERS) - 1


class Way(Enum):
    """How to come to the rows of a tier."""

    SORTED = "sorted"
    """All of them, sorted."""
    BLOCKS = "blocks"
    """Those that the index has in some blocks of ids, sorted."""
    WALKED = "walked"
    """Each id looked at in turn."""
    RANGED = "ranged"
    """Those between two ids, by what is known of the words, sorted."""
    FREE = "free"
    """As PostgreSQL thinks best."""

    @property
    def planned(self) -> bool:
        """Whether it is planned each time for the very words and ids."""
        return self in (Way.RANGED, Way.FREE)


@lru_cache(maxsize=4096)
def hits(name: str, way: Way, tiers: Sequence[int], backward: bool) -> Subquery:
    """The rows of some tiers as (tier, id); to be filled in with `tier_questions` and `bounds`."""
    parts = [_hits(name, way, tier) for tier in tiers]
    # a part that has a limit can stand in a union only as a subquery
    found = (union_all(*(select(part.subquery()) for part in parts)) if len(parts) > 1 else parts[0]).subquery()
    if way is Way.FREE:
        return found
    inside = select(found.c.tier, found.c.id).order_by(*in_order(found.c, tiers, backward, way))
    # an offset keeps PostgreSQL from choosing another way together with what is outside
    return inside.offset(literal_column("0")).subquery()


def _hits(name: str, way: Way, tier: int) -> Select[Any]:
    tokens = _tokens(name)
    found = select(literal_column(str(tier), Integer).label("tier"), tokens.c.id)
    holds = _holds(tokens, tier, once=not way.planned)
    if way is Way.BLOCKS:
        holds = and_(holds, _in(name, bindparam("blocks", type_=ARRAY(Integer))))
    if way in (Way.BLOCKS, Way.SORTED):
        # PostgreSQL would else gather the ids from their own index as well, which takes longer
        found = found.where(holds, _looked_at(tokens.c.id.between(*ends(tier))))
        # no more than there are, for PostgreSQL takes any words for common, and prepares for what is costly
        return found.limit(literal_column(str(MOST_SORTED))) if way is Way.SORTED else found
    if way is Way.WALKED:
        holds = _looked_at(holds)
    return found.where(holds, tokens.c.id.between(*ends(tier, plain=True)))


@lru_cache(maxsize=64)
def newest(name: str) -> Subquery:
    """All rows of the rarer tiers, and those of the last tier in the newest block of ids and `back` before it.

    None at all where a rarer tier has more than can be sorted: of those that are left out the policy might have shown
    some. To be filled in with `tier_questions`.
    """
    tokens = _tokens(name)
    last = select(func.max(tokens.c.id) // BLOCK).scalar_subquery()
    block = func.generate_series(last - bindparam("back", type_=Integer), last).column_valued("block")
    inside = _in(name, select(func.array_agg(block, type_=ARRAY(Integer))).scalar_subquery())
    tiers = [
        select(literal_column(str(tier), Integer).label("tier"), tokens.c.id).where(_holds(tokens, tier))
        for tier in range(len(TIERS))
    ]
    most: Any = literal_column(str(MOST_SORTED))
    rarer = [found.limit(most).cte(f"rn_tier{tier}") for tier, found in enumerate(tiers[:LAST])]
    every = union_all(*(select(one.c.tier, one.c.id) for one in rarer), tiers[LAST].where(inside)).subquery()
    few = [select(func.count()).select_from(one).scalar_subquery() < most for one in rarer]
    ordered = select(every.c.tier, every.c.id).where(*few).order_by(every.c.tier.asc(), every.c.id.desc())
    return ordered.offset(literal_column("0")).subquery()


def in_order(found: Any, tiers: Sequence[int], backward: bool, way: Way) -> Sequence[Any]:
    """Tier and id in the direction of reading; of one tier the id alone, or PostgreSQL would sort them once more."""
    # a sum is no column whose index could be walked in the hope of meeting enough rows
    row_id = found.id + literal_column("0") if way is Way.FREE else found.id
    if len(tiers) == 1:
        return (row_id.asc() if backward else row_id.desc(),)
    return (found.tier.desc(), row_id.asc()) if backward else (found.tier.asc(), row_id.desc())


def ends(tier: int, *, plain: bool = False) -> tuple[Any, Any]:
    """The ids between which rows of a tier are asked for, both included; `plain` in the text of the statement.

    A plan that is kept for any number would be made for far too many rows.
    """
    low, high = (bindparam(f"{end}{tier}", type_=Integer, literal_execute=plain) for end in ("low", "high"))
    return low, high


def bounds(tier: int, low: int, high: int) -> dict[str, Any]:
    """What `ends` are filled in with, and the blocks of the index that these ids are in."""
    return {f"low{tier}": low, f"high{tier}": high, "blocks": list(range(low // BLOCK, high // BLOCK + 1))}


@lru_cache(maxsize=1024)
def counts(name: str, tiers: Sequence[int], most: int, sampled: frozenset[int], walked: bool) -> Select[Any]:
    """The lowest and the highest id, then how many rows each of these tiers has, counted no further than `most`.

    Of those `sampled` the newest blocks are looked at first, by the index or `walked`. If a tier is common there, the
    rows are told that these blocks have, as less than nothing: to count common words takes longer than to show them.
    """
    tokens = _tokens(name)
    last = select(func.min(tokens.c.id).label("low"), func.max(tokens.c.id).label("high")).subquery().c

    def counted(rows: Any, *conditions: Any) -> Any:
        some = select(rows.c.id).where(*conditions).limit(literal_column(str(most))).subquery()
        return select(func.count().label("number")).select_from(some)

    def sample(tier: int, every: Any) -> Any:
        if walked:
            newest = select(tokens).order_by(tokens.c.id.desc()).limit(literal_column(str(NEWEST * BLOCK))).subquery()
            here = counted(newest, _holds(newest, tier)).lateral().c
        else:
            block = func.max(tokens.c.id) // BLOCK
            blocks: Any = select(array([block - back for back in range(NEWEST)])).scalar_subquery()
            here = counted(tokens, _holds(tokens, tier), _in(name, blocks)).lateral().c
        enough = (here.number > SOME) & (here.number * (last.high - last.low) > MANY * NEWEST * BLOCK)
        return select(case((enough, -here.number), else_=every)).scalar_subquery()

    numbers = [(tier, counted(tokens, _holds(tokens, tier)).scalar_subquery()) for tier in tiers]
    return select(
        last.low, last.high, *(sample(tier, every) if tier in sampled else every for tier, every in numbers)
    )  # fmt: skip


@lru_cache(maxsize=1024)
def places(name: str) -> CompoundSelect[Any]:
    """The tier that the row `id` is in."""
    tokens, row = _tokens(name), bindparam("id", type_=Integer)
    return union_all(*(
        select(literal(tier)).where(_holds(tokens, tier), tokens.c.id == row) for tier in range(len(TIERS))
    ))  # fmt: skip


def _tokens(name: str) -> Any:
    return table(name, column("id", Integer), column("tokens", TSVECTOR))


def _holds(tokens: Any, tier: int, *, once: bool = True) -> Any:
    """Whether a row is of the tier; `once` for all rows its question is read, and the planner not told it."""

    def holds(name: str) -> Any:
        question: Any = cast(bindparam(name, type_=String), TSQUERY)
        return tokens.c.tokens.op("@@", is_comparison=True)(select(question).scalar_subquery() if once else question)

    here = holds(f"tier{tier}")
    return here if tier == LAST else and_(here, _looked_at(holds("every")))


def _looked_at(condition: Any) -> Any:
    """A condition that no index answers, and that PostgreSQL takes for one that every other row meets."""
    return func.coalesce(condition, false())


def _in(name: str, blocks: Any) -> Any:
    """Whether a row is in one of the blocks, written as the index has it."""
    return literal_column(block_sql(name)).op("&&", is_comparison=True)(blocks)
