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
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from app.store.search.match import TIERS
from app.store.search.schema import BLOCK, block_sql

NEWEST = 2_048
"""So many of the newest rows are looked at first, whether a tier is common."""
SOME, MANY = 4, 3_000
"""More among them, and in the whole table if all rows are like these, make a tier common."""
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
    tokens = token_table(name)
    found = select(literal_column(str(tier), Integer).label("tier"), tokens.c.id)
    holds = holds_tier(tokens, tier, once=not way.planned)
    if way is Way.BLOCKS:
        holds = and_(holds, in_blocks(name, bindparam("blocks", type_=ARRAY(Integer))))
    if way in (Way.BLOCKS, Way.SORTED):
        # PostgreSQL would else gather the ids from their own index as well, which takes longer
        found = found.where(holds, looked_at(tokens.c.id.between(*ends(tier))))
        # no more than there are, for PostgreSQL takes any words for common, and prepares for what is costly
        return found.limit(literal_column(str(MOST_SORTED))) if way is Way.SORTED else found
    if way is Way.WALKED:
        holds = looked_at(holds)
    return found.where(holds, tokens.c.id.between(*ends(tier, plain=True)))


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
def counts(name: str, tiers: Sequence[int], most: int, sampled: frozenset[int]) -> Select[Any]:
    """The lowest and the highest id, then how many rows each of these tiers has, counted no further than `most`.

    Of those `sampled` the newest rows are looked at first. If a tier is common among them, their number is told as less
    than nothing: to count common words takes longer than to show them.
    """
    tokens = token_table(name)
    last = select(func.min(tokens.c.id).label("low"), func.max(tokens.c.id).label("high")).subquery().c

    def counted(rows: Any, *conditions: Any) -> Any:
        some = select(rows.c.id).where(*conditions).limit(literal_column(str(most))).subquery()
        return select(func.count().label("number")).select_from(some)

    def sample(tier: int, every: Any) -> Any:
        newest = select(tokens).order_by(tokens.c.id.desc()).limit(literal_column(str(NEWEST))).subquery()
        here = counted(newest, holds_tier(newest, tier)).lateral().c
        enough = (here.number > SOME) & (here.number * (last.high - last.low) > MANY * NEWEST)
        return select(case((enough, -here.number), else_=every)).scalar_subquery()

    numbers = [(tier, counted(tokens, holds_tier(tokens, tier)).scalar_subquery()) for tier in tiers]
    return select(
        last.low, last.high, *(sample(tier, every) if tier in sampled else every for tier, every in numbers)
    )  # fmt: skip


@lru_cache(maxsize=1024)
def places(name: str) -> CompoundSelect[Any]:
    """The tier that the row `id` is in."""
    tokens, row = token_table(name), bindparam("id", type_=Integer)
    return union_all(*(
        select(literal(tier)).where(holds_tier(tokens, tier), tokens.c.id == row) for tier in range(len(TIERS))
    ))  # fmt: skip


def token_table(name: str) -> Any:
    """The table of tokens."""
    return table(name, column("id", Integer), column("tokens", TSVECTOR))


def holds_tier(tokens: Any, tier: int, *, once: bool = True) -> Any:
    """Whether a row is of the tier; `once` for all rows its question is read, and the planner not told it."""
    here = _holds(tokens, f"tier{tier}", once)
    return here if tier == LAST else and_(here, looked_at(_holds(tokens, "every", once)))


def has_words(tokens: Any) -> Any:
    """Whether a row has every word, whatever its tier."""
    return _holds(tokens, "every")


def tier_column(tokens: Any) -> Any:
    """The tier of a row that has every word: most are of the last, so that is asked first."""
    return case((_holds(tokens, f"tier{LAST}"), LAST), (_holds(tokens, "tier0"), 0), else_=1)


def _holds(tokens: Any, name: str, once: bool = True) -> Any:
    question: Any = cast(bindparam(name, type_=String), TSQUERY)
    return tokens.c.tokens.op("@@", is_comparison=True)(select(question).scalar_subquery() if once else question)


def looked_at(condition: Any) -> Any:
    """A condition that no index answers, and that PostgreSQL takes for one that every other row meets."""
    return func.coalesce(condition, false())


def in_blocks(name: str, blocks: Any) -> Any:
    """Whether a row is in one of the blocks, written as the index has it."""
    return literal_column(block_sql(name)).op("&&", is_comparison=True)(blocks)
