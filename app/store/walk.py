"""Which index SQLite is told to walk: its planner would rather find all rows of a filter and sort them.

PostgreSQL knows how common a value is and that a page needs fifty rows; SQLite weighs neither against the other.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, Select, func, select, text, true
from sqlalchemy.orm import Session

from app.access import predicate
from app.catalog import Entry
from app.declare.access import Verb
from app.store.query import Query, condition_sql
from app.store.search.tokens import plan_of
from app.store.session import actor_of

BY_ID = "NOT INDEXED"
"""By the row's id, as tokens give it, or row after row."""
MANY = 5_000
"""From how many rows of a filter on the list's own order is the shorter way to a page of them."""


def along(session: Session, statement: Select[Any], query: Query, walking: bool) -> Select[Any]:
    """The statement of a page; told to walk the index of its order where that is the shorter way.

    Not `walking`, it goes by its tokens.
    """
    if session.get_bind().dialect.name != "sqlite":
        return statement
    if not walking:
        return statement.with_hint(query.entry.model, BY_ID, "sqlite")
    beginning = _beginning(query)
    if beginning is not None:
        return statement.with_hint(query.entry.model, f"INDEXED BY {beginning}", "sqlite")
    if not many(session, query):
        return statement
    name = index_of(session, query.entry.model.__tablename__, query.order.storage)
    return statement.with_hint(query.entry.model, f"INDEXED BY {name}", "sqlite") if name else statement


def _beginning(query: Query) -> str | None:
    """The index in which the rows of a filter's one value stand together in the list's order."""
    if query.order is not query.entry.order[0]:
        return None
    single = (one.field for one in query.conditions if one.op == "" and len(one.values) == 1)
    return next((item.goes_on for item in single if item.goes_on is not None), None)


def through(session: Session, statement: Select[Any], query: Query) -> Select[Any]:
    """A statement that counts up to a cap; told to look at each row where the cap is soon reached so."""
    if session.get_bind().dialect.name != "sqlite" or not (query.search or many(session, query)):
        return statement
    return statement.with_hint(query.entry.model, BY_ID, "sqlite") if _tokens_or_none(query) else statement


def _tokens_or_none(query: Query) -> bool:
    return not query.search or bool(plan_of(query.entry).fields)


def many(session: Session, query: Query, most: int | None = None) -> bool:
    """Whether each of the list's conditions, the policy among them, leaves many rows: more than `most`."""
    most = MANY if most is None else most
    entry = query.entry
    rows = predicate(session.info["catalog"], actor_of(session), entry, Verb.READ)
    conditions = [condition_sql(condition) for condition in query.conditions]
    if not rows.compare(true()):
        conditions.append(rows)
    if not conditions:
        return False
    # each by itself, as an index answers it: together they would have to look into the rows
    ids = [select(entry.model.id).where(condition).limit(most + 1).subquery() for condition in conditions]
    counts = select(*(select(func.count()).select_from(some).scalar_subquery() for some in ids))
    found = session.execute(counts, execution_options={"unfiltered": True}).one()
    return bool(min(found) > most)


def more(session: Session, ids: Select[Any], number: int) -> bool:
    """Whether a statement finds more rows than a number, counted no further than that."""
    some = ids.limit(number + 1).subquery()
    return session.execute(select(func.count()).select_from(some)).scalar_one() > number


def large(session: Session, entry: Entry) -> bool:
    """Whether a record has many rows, whoever sees them: once it had, a process believes that it has."""
    known = _large(session.get_bind().engine)
    if entry.name not in known and more(session, select(entry.model.__table__.c.id), MANY):
        known.add(entry.name)
    return entry.name in known


@lru_cache(maxsize=16)
def _large(engine: Engine) -> set[str]:
    """The names of the records of a database that were found to have many rows."""
    return set()


def index_of(session: Session, table: str, column: str) -> str:
    """The shortest index of SQLite that begins with the column; "" if none does."""
    known = _indexes(session.get_bind().engine)
    if (table, column) not in known:
        asked = text(
            "SELECT i.name FROM pragma_index_list(:table) i WHERE NOT i.partial AND EXISTS (SELECT 1 FROM "
            "pragma_index_info(i.name) c WHERE c.seqno = 0 AND c.name = :column) "
            "ORDER BY (SELECT count(*) FROM pragma_index_info(i.name)), i.name LIMIT 1"
        )
        found = session.connection().scalar(asked, {"table": table, "column": column})
        known[table, column] = str(found or "")
    return known[table, column]


@lru_cache(maxsize=16)
def _indexes(engine: Engine) -> dict[tuple[str, str], str]:
    """What `index_of` has found in a database, by table and column."""
    return {}
