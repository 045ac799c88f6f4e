"""A page of a list by keyset, honest counts, and one row with its neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.orm import Session

from app.access import may
from app.catalog import Entry, Field
from app.declare.access import Verb
from app.store.by_reference import ByReference
from app.store.order import LEADING, ByColumn, Sort, leading, place, plain
from app.store.query import Query, where, write_cursor
from app.store.search.match import Search, words_of
from app.store.search.pages import Relevance
from app.store.session import actor_of, among, ask_by_ids, reach, reading, scoped, stream
from app.store.walk import through

CAP = 10_000
RELATED_CAP = 99
REACHED = "rn_reached"
STRETCHES, STRETCH = 16, 500
"""How many stretches of ids an estimate looks at, and how long each is."""

Values = Mapping[str, Any]
"""A row's values by field name, with `id` and `version`; of a reference its id, of many a list of ids."""


@dataclass(frozen=True)
class PageRows:
    """A page's rows in order; the cursors are empty where there is nothing before or after.

    `number` is how many rows the list has, where reading the page told it.
    """

    rows: tuple[Values, ...]
    before: str
    after: str
    number: int | None = None


@dataclass(frozen=True)
class Counted:
    """How many rows match: exactly, or at least `number`."""

    number: int
    exact: bool


def fetch_page(session: Session, query: Query, verb: Verb | None = None) -> PageRows:
    """One page of the list, in one statement, in two where rows without a value begin on it.

    By relevance it takes a few (search/pages.py); each column of many references one more. With a `verb` each row says
    under REACHED whether the actor may do this to it; without the key where they may to none.
    """
    backward = query.last or query.before is not None
    cursor = query.before or query.after
    asks = verb is not None and may(actor_of(session), query.entry, verb)

    def chosen(sort: Sort) -> Select[Any]:
        statement = _columns(query.entry, query.shown, sort)
        reached = reach(session, query.entry, verb) if verb is not None else None
        return statement if reached is None else statement.add_columns(case((reached, 1), else_=0))

    number = None
    what = (fetch_page, verb)
    if query.ranked:
        relevance = Relevance(session, query)
        found = list(relevance.rows(lambda tier: chosen(Sort(tier)), cursor, backward, query.limit + 1, what))
        number = relevance.number
    else:
        found = _order(session, query).rows(chosen, cursor, backward, query.limit + 1, what)
    more, found = len(found) > query.limit, found[: query.limit]
    if backward:
        found = found[::-1]
    rows = _with_many(session, query.shown, _values(query.shown, found))
    if asks:
        for values, row in zip(rows, found, strict=True):
            values[REACHED] = bool(row[-1])
    if not found:
        return PageRows((), "", "")
    has_before = more if backward else cursor is not None
    has_after = (query.before is not None) if backward else more
    first, last = found[0], found[-1]
    return PageRows(
        tuple(rows),
        write_cursor(query, place(first)) if has_before else "",
        write_cursor(query, place(last)) if has_after else "",
        number,
    )


def stream_rows(session: Session, query: Query, size: int) -> Iterator[list[Sequence[Any]]]:
    """The whole list in order, up to `size` rows at a time, as columns: ids, versions, then each shown field's values.

    The order is that of a column, also of a list that is searched: by relevance it could not be streamed. The values
    are those of the kinds' `sheet_column`; of many references a list of ids.
    """
    shown, model = query.shown, query.entry.model
    version = model.version if query.entry.versioned else literal(0)
    own = [item.kind.sheet_column(item).label(f"c{i}") for i, item in enumerate(shown) if not item.many]
    statement = _order(session, query).whole(lambda sort: leading(query.entry, sort))
    statement = statement.with_only_columns(model.id, version, *own)
    for rows in stream(session, statement, size):
        ids, versions, *values = zip(*rows, strict=True)
        plain = iter(values)
        yield [ids, versions, *(_many(session, item, ids) if item.many else next(plain) for item in shown)]


def _many(session: Session, item: Field, ids: Sequence[int]) -> list[list[int]]:
    """The ids each row refers to by a field, in one statement."""
    rows = _with_many(session, (item,), [{"id": row_id} for row_id in ids])
    return [row[item.name] for row in rows]


@lru_cache(maxsize=2048)
def _columns(entry: Entry, fields: tuple[Field, ...], sort: Sort) -> Select[Any]:
    """SELECT what leads each row, then one column for each field that is no list."""
    own = [item.column for item in fields if not item.many]
    return leading(entry, sort, *(c.label(f"c{i}") for i, c in enumerate(own)))


def _values(fields: Sequence[Field], rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """The rows of `_columns` by field name."""
    names = ("id", "version", *(item.name for item in fields if not item.many))
    held = itemgetter(0, 2, *range(LEADING, LEADING + len(names) - 2))
    return [dict(zip(names, held(row), strict=True)) for row in rows]


def _with_many(session: Session, fields: Sequence[Field], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the ids of each reference to many, one statement a field."""
    for item in fields:
        if item.many and rows:
            for values in rows:
                values[item.name] = []
            by_id = {values["id"]: values for values in rows}
            pairs = ask_by_ids(session, (_with_many, item), partial(_pairs, session, item), by_id)
            for row_id, target_id in pairs:
                by_id[row_id][item.name].append(target_id)
    return rows


def _pairs(session: Session, item: Field) -> Select[Any]:
    """SELECT the ids of the rows with some `ids`, each with one that it refers to by a field."""
    row, referred = item.secondary_columns
    return select(row, referred).where(among(session, row)).order_by(referred)


def _order(session: Session, query: Query) -> ByColumn | ByReference:
    return ByReference(session, query) if query.order.refers else ByColumn(session, query)


def count(session: Session, query: Query, cap: int | None = CAP) -> Counted:
    """How many rows match, counted no further than `cap`; None counts to the end."""
    if cap is not None and query.ranked:
        soon = Relevance(session, query).up_to(cap + 1)
        if soon is not None:
            return Counted(min(soon, cap), soon <= cap)
    if query.search and not query.conditions and not scoped(session, query.entry):
        # the rows of the tokens one by one until there are enough, without gathering them first
        inner = Search(session, query.entry, actor_of(session)).every(words_of(query.search))
    else:
        inner = select(query.entry.model.id).where(*where(session, query))
        if cap is not None and (query.search or len(query.conditions) + scoped(session, query.entry) > 1):
            inner = through(session, inner, query)
    if cap is not None:
        inner = inner.limit(cap + 1)
    number = session.scalar(select(func.count()).select_from(inner.subquery())) or 0
    return Counted(number, True) if cap is None or number <= cap else Counted(cap, False)


def estimate(session: Session, query: Query) -> int | None:
    """About how many rows an unfiltered list has, as the database keeps it at no cost; None if it does not know.

    None too for whoever does not see every row of the record: the figure is the table's, and no policy is in it.
    """
    entry = query.entry
    if query.search or query.conditions or scoped(session, entry):
        return None
    connection = reading(session)
    if connection.dialect.name == "sqlite":
        return _sampled(session, entry)
    asked = text("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(:name)")
    found = connection.scalar(asked, {"name": entry.model.__tablename__})
    return None if found is None or found < 0 else int(found)


def _sampled(session: Session, entry: Entry) -> int:
    """About how many rows SQLite has, by how many of some stretches of ids are in use: it keeps no figure itself."""
    key = entry.model.__table__.c.id
    # asked for both at once it would read the whole table
    ends = [select(end(key)).scalar_subquery() for end in (func.min, func.max)]
    low, high = session.execute(select(*ends)).one()
    if low is None:
        return 0
    span = high - low + 1
    step = max(span // STRETCHES, STRETCH)
    starts = range(low, high + 1, step)
    here = [select(func.count()).where(key.between(one, one + STRETCH - 1)).scalar_subquery() for one in starts]
    looked = sum(min(STRETCH, high - one + 1) for one in starts)
    return int(span * sum(session.execute(select(*here)).one()) / looked)


def fetch_row(session: Session, entry: Entry, row_id: int, lock: bool = False) -> Values | None:
    """Every value of one row, or None if it does not exist for the actor."""
    return next(iter(fetch_rows(session, entry, [row_id], lock)), None)


def fetch_rows(
    session: Session, entry: Entry, ids: Sequence[int], lock: bool = False, within: ColumnElement[bool] | None = None
) -> Sequence[Values]:
    """Every value of those of the rows that exist for the actor, in order of their ids.

    `within` takes the place of the policy: the trash gives the one for its rows.
    """
    fields = tuple(entry.fields.values())

    def make() -> Select[Any]:
        statement = _by_id(session, entry)
        return statement.with_for_update(of=entry.model) if lock else statement

    if within is None:
        found = ask_by_ids(session, (fetch_rows, entry, lock), make, ids)
    else:
        found = session.execute(make().where(within), {"ids": list(ids)}, execution_options={"unfiltered": True}).all()
    return _with_many(session, fields, _values(fields, found))


def fetch_reached(
    session: Session, entry: Entry, row_id: int, asked: Iterable[Verb] = Verb
) -> tuple[Values, Verb] | None:  # fmt: skip
    """Every value of one row, and what of all verbs (or those asked for) the actor may do to it, in one statement.

    None if the row does not exist for the actor.
    """
    fields = tuple(entry.fields.values())
    verbs = {verb: reached for verb in asked if (reached := reach(session, entry, verb)) is not None}

    def make() -> Select[Any]:
        return _by_id(session, entry).add_columns(*(case((reached, 1), else_=0) for reached in verbs.values()))

    found = ask_by_ids(session, (fetch_reached, entry, tuple(verbs)), make, [row_id])
    if not found:
        return None
    held = Verb(0)
    for verb, yes in zip(reversed(verbs), reversed(found[0]), strict=False):
        held |= verb if yes else Verb(0)
    return _with_many(session, fields, _values(fields, found))[0], held


def _by_id(session: Session, entry: Entry) -> Select[Any]:
    """SELECT every value of the rows with some `ids`."""
    key = entry.model.id
    statement = _columns(entry, tuple(entry.fields.values()), Sort(key))
    return statement.where(among(session, key)).order_by(key)


def neighbours(session: Session, query: Query, row_id: int) -> tuple[int | None, int | None]:
    """The ids before and after a row within a list; None at its ends, or if the row is not in it."""
    if query.ranked:
        return Relevance(session, query).around(row_id)
    return _order(session, query).around(row_id)


def count_related(session: Session, fields: Iterable[Field], row_id: int) -> list[int]:
    """How many rows refer to a row by each of these fields, each counted to RELATED_CAP + 1, in one statement."""
    referring = tuple(fields)

    def make() -> Select[Any]:
        inner = (
            select(item.model.id).where(_refers(session, item)).limit(plain(RELATED_CAP + 1)) for item in referring
        )
        return select(*(select(func.count()).select_from(one.subquery()).scalar_subquery() for one in inner))

    return list(ask_by_ids(session, (count_related, referring), make, [row_id])[0]) if referring else []


def _refers(session: Session, item: Field) -> ColumnElement[bool]:
    """Whether a row refers to the one asked about."""
    if not item.many:
        return among(session, item.column)
    row, referred = item.secondary_columns
    return item.model.id.in_(select(row).where(among(session, referred)))  # type: ignore[no-any-return]
