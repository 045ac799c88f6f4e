"""The first statement of a page by relevance on PostgreSQL: what it needs of words that few rows have, or many.

Whether a tier has many rows, the ids tell next to where it is read from. If it has few, all are looked for and sorted;
of many the index gives those of as many ids more as a page is likely to need. All of it is one statement: to ask first
takes longer than to look, and nothing need be remembered of words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    CTE,
    Boolean,
    ColumnElement,
    Integer,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from app.store.search.hits import LAST, has_words, in_blocks, looked_at, tier_column, token_table
from app.store.search.match import TIERS, tier_questions
from app.store.search.schema import BLOCK

NEAR = 3_072
"""So many ids tell how close the rows are that have the words."""
FEW = 300
"""No more rows than these in the whole table, if all ids are like those near, are all looked for and sorted."""
BLOCK_ROWS = 6
"""Neither are more, if there are fewer than can be looked at while the blocks of a page are: so many rows a block."""
MOST_FEW = 3_000
"""So many rows are sorted at most, a fifth more than are expected: the ids near may mislead."""
TWICE = 2
"""So many times the rows that are missing more ids are likely to have: to ask again takes longer than to read more."""
WIDEST = 300_000
"""How many ids are named by their blocks at most: beyond, all rows of the words are found as soon."""
ALL, ALL_AHEAD = len(TIERS), len(TIERS) + 1
"""Stand for the tier that goes on where none does: all rows that have the words are found, or all that are ahead."""
NOTHING, NOT_LAST, ANYTHING = range(3)
"""Of what is looked for all that seems to be few: no tier, all but the last, or all that have the words."""


class Told(NamedTuple):
    """The lowest and the highest id there is, and what the statement has found.

    All rows of the tiers before `tier` in the order of reading, `number` of them, or -1 if there are too many, and then
    those of this tier up to the id `reached`. Of NEAR ids `met` have rows of it.
    """

    low: int
    high: int
    tier: int
    number: int
    met: int
    reached: int


def read_told(text: str) -> Told:
    """What the statement tells with each row."""
    return Told(*map(int, text.split()))


@lru_cache(maxsize=1024)
def near_questions(text: str, begin: int, backward: bool) -> Mapping[str, str]:
    """What PostgreSQL is asked for where reading begins in a tier: of each all those before it, and of all ahead."""
    questions = tier_questions(text)
    order = range(begin, -1, -1) if backward else range(begin, len(TIERS))

    def any_of(tiers: Sequence[int]) -> str:
        return " | ".join(f"({questions[f'tier{tier}']})" for tier in tiers)

    before = {f"before{tier}": any_of(order[:place]) for place, tier in enumerate(order)}
    nothing = {f"before{tier}": "" for tier in range(len(TIERS)) if tier not in order}
    return {**questions, **before, **nothing, "ahead": any_of(order)}


@lru_cache(maxsize=256)
def near(name: str, backward: bool) -> tuple[Subquery, ColumnElement[str]]:
    """The next rows in the direction of reading as (tier, id), and what `read_told` reads.

    To be filled in with `near_questions`, how many rows are `missing`, the tier in which reading is to `begin` and the
    ids `low` and `high` between which it is read, whether it is read from its `end`, and what may be looked for as a
    whole, `sorting`.
    """
    tokens, begin = token_table(name), _integer("begin")
    row_id, every = tokens.c.id, has_words(tokens)
    told_apart = select(tier_column(tokens).label("tier"), row_id)
    place = _place(row_id, backward).cte("rn_place")
    near_ = told_apart.where(every, *_between(name, row_id, place.c.first, place.c.last)).cte("rn_near")
    known = _known(near_, place, backward).cte("rn_known")
    befores = {ALL: "every", ALL_AHEAD: "ahead", **{tier: f"before{tier}" for tier in range(len(TIERS))}}
    whole = told_apart.where(_chosen(tokens, known, befores), looked_at(every))
    before = whole.limit(literal_column(str(MOST_FEW + 1))).cte("rn_before")
    size = select(func.count().label("size")).select_from(before).cte("rn_size")
    if backward:
        then = (known.c.last + 1, known.c.last + known.c.span)
    else:
        then = (known.c.first - known.c.span, known.c.first - 1)
    goes_on = _chosen(tokens, known, {tier: f"tier{tier}" for tier in range(len(TIERS))})
    more = select(row_id).where(
        goes_on, looked_at(every), _of(known.c.span > 0), *_between(name, row_id, *then)
    ).cte("rn_more")  # fmt: skip
    here = _of(case((known.c.here, known.c.tier), else_=-1))
    parts = [
        select(before.c.tier, before.c.id).where(_of(size.c.size <= MOST_FEW)),
        select(near_.c.tier, near_.c.id).where(near_.c.tier == here),
        select(_of(known.c.tier).label("tier"), more.c.id),
    ]
    one = union_all(*parts).subquery().c
    past = one.tier < begin if backward else one.tier > begin
    order = (one.tier.desc(), one.id.asc()) if backward else (one.tier.asc(), one.id.desc())
    rows = select(one.tier, one.id).where(
        or_(past, and_(one.tier == begin, one.id.between(_integer("low"), _integer("high"))))
    ).order_by(*order)  # fmt: skip
    number = case((size.c.size <= MOST_FEW, size.c.size), else_=-1)
    reached = then[1] if backward else then[0]
    nothing = known.c.low - 1 if backward else known.c.high + 1
    told = func.concat_ws(
        literal_column("' '"), known.c.low, known.c.high, known.c.tier, number, known.c.met,
        case((known.c.here, reached), else_=nothing),
    )  # fmt: skip
    # an offset keeps PostgreSQL from choosing another way together with what is outside
    return rows.offset(literal_column("0")).subquery(), select(told).select_from(
        known.join(size, true())
    ).scalar_subquery()


def _place(row_id: Any, backward: bool) -> Select[Any]:
    """The ids near where reading begins; where few are left those behind are among them, or they would tell little."""
    ends = select(
        func.coalesce(func.min(row_id), 0, type_=Integer).label("low"),
        func.coalesce(func.max(row_id), -1, type_=Integer).label("high"),
    ).subquery()
    low, high = ends.c.low, ends.c.high
    if backward:
        first = func.least(func.greatest(_integer("low"), low), high - (NEAR - 1), type_=Integer)
    else:
        first = func.greatest(func.least(_integer("high"), high) - (NEAR - 1), low, type_=Integer)
    return select(low, high, first.label("first"), (first + (NEAR - 1)).label("last"))


def _known(near_: CTE, place: CTE, backward: bool) -> Select[Any]:
    """What the ids near tell: the first tier ahead that has many rows, and in how many ids more to look for them."""
    tiers = range(len(TIERS))
    each = [func.count().filter(near_.c.tier == tier).label(f"of{tier}") for tier in tiers]
    counted = select(func.count().label("every"), *each).select_from(near_).subquery()
    width, missing, begin = place.c.high - place.c.low + 1, _integer("missing"), _integer("begin")

    def wider(number: Any) -> Any:
        # one less than were met: few may have been met by chance
        often = func.nullif(func.greatest(number - 1, 0), 0, type_=Integer)
        return (missing - number) * (TWICE * NEAR) // often

    def few(number: Any, least: int) -> Any:
        as_soon = func.least(wider(number) * BLOCK_ROWS // BLOCK, MOST_FEW * 4 // 5)
        return and_(_integer("sorting") >= least, number * width <= NEAR * func.greatest(FEW, as_soon))

    of = [counted.c[f"of{tier}"] for tier in tiers]
    many = [
        (
            and_(
                tier <= begin if backward else tier >= begin,
                not_(few(of[tier], ANYTHING if tier == LAST else NOT_LAST)),
            ),
            tier,
        )
        for tier in (reversed(tiers) if backward else tiers)
    ]
    first = case((few(counted.c.every, ANYTHING), ALL), *many, else_=ALL_AHEAD)
    # an offset keeps PostgreSQL from working it out wherever it is used
    once: Any = literal_column("0")
    chosen = select(place, first.label("tier"), *of).select_from(place.join(counted, true())).offset(once).subquery().c
    met = case(*((chosen.tier == tier, chosen[f"of{tier}"]) for tier in tiers), else_=0)
    here = and_(chosen.tier < ALL, or_(bindparam("end", type_=Boolean), chosen.tier == begin))
    nothing = or_(not_(here), met >= missing)
    span = cast(case((nothing, 0), else_=func.least(wider(met), WIDEST)), Integer)
    ids = (chosen.low, chosen.high, chosen.first, chosen.last)
    return select(*ids, chosen.tier, met.label("met"), here.label("here"), span.label("span"))


def _chosen(tokens: Any, known: CTE, questions: Mapping[int, str]) -> ColumnElement[bool]:
    """Whether a row meets the question that belongs to the tier which goes on."""
    which = case(*((known.c.tier == tier, bindparam(name, type_=String)) for tier, name in questions.items()), else_="")
    return tokens.c.tokens.op("@@", is_comparison=True)(_of(cast(which, TSQUERY)))  # type: ignore[no-any-return]


def _between(name: str, row_id: Any, first: Any, last: Any) -> Sequence[ColumnElement[bool]]:
    """Whether a row is from one id to another, which stand in a table of one row."""
    first, last = _of(first), _of(last)
    block = func.generate_series(first // BLOCK, last // BLOCK).column_valued("block")
    blocks = select(func.array_agg(block, type_=ARRAY(Integer))).scalar_subquery()
    return in_blocks(name, blocks), looked_at(row_id.between(first, last))


def _integer(name: str) -> Any:
    return bindparam(name, type_=Integer)


def _of(column: Any) -> Any:
    """What a table of one row has, asked once."""
    return select(column).scalar_subquery()
