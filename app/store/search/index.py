"""Keeps the tokens of rows current, in the transaction that writes the rows themselves.

What goes through the ORM is noticed by `watch`; what writes many rows past it calls `index_rows` or `forget_rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from time import sleep
from typing import Any

from sqlalchemy import Connection, Select, column, delete, event, inspect, select, table, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, sessionmaker

from app.catalog import Catalog, Entry
from app.store.search.schema import search_table
from app.store.search.tokens import plan_of, search_tokens
from app.store.search.vector import vector

BATCH = 5_000
COPIED = 100
"""From how many rows on PostgreSQL takes them faster as a stream."""
WAIT_MS = 300
"""How long to wait for a row that somebody holds, and then before the next try; deadlocks are looked for after 1 s."""
MOST_TURNS = 1_000
LOCKED = "55P03"
"""PostgreSQL's word for a lock that was not to be had in time."""

Report = Callable[[int, int], None]
Line = tuple[Any, ...]
"""What the search table keeps of a row, its id first."""


def index_rows(session: Session, entry: Entry, rows: Iterable[Mapping[Any, Any]], *, new: bool = False) -> None:
    """Store the tokens of rows: mappings with `id` and the fields of `plan_of(entry)`, as they now stand.

    With `new` none of the rows has tokens yet, which saves looking for them. The session's transaction is used.
    """
    if not plan_of(entry).fields:
        return
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        store_lines(session, entry, index_lines(session, entry, batch), new=new)


def index_lines(session: Session, entry: Entry, rows: Iterable[Mapping[Any, Any]]) -> list[Line]:
    """The tokens of rows as the database keeps them. Nothing is asked of it, so that another thread may do this."""
    if session.get_bind().dialect.name == "sqlite":
        found = ((row["id"], search_tokens(entry, row)) for row in rows)
        return [(key, " ".join((*one.label, *one.marks)), " ".join(one.rest)) for key, one in found]
    plan = plan_of(entry)
    return [(row["id"], vector(plan, row)) for row in rows]


def store_lines(session: Session, entry: Entry, lines: Sequence[Line], *, new: bool = False) -> None:
    """Store what `index_lines` made, as `index_rows` does."""
    if not lines:
        return
    connection = session.connection()
    table = search_table(entry.model.__tablename__)
    if connection.dialect.name == "sqlite":
        verb = "INSERT" if new else "INSERT OR REPLACE"
        statement = f"{verb} INTO {table} (rowid, label, rest) VALUES (?, ?, ?)"
        connection.exec_driver_sql(statement, list(lines))
    else:
        _into_postgresql(connection, table, lines, new)


def _into_postgresql(connection: Connection, table: str, lines: Sequence[Line], new: bool) -> None:
    if len(lines) < COPIED:
        connection.exec_driver_sql(
            f"INSERT INTO {table} (id, tokens) VALUES (%s, %s::tsvector) "  # noqa: S608  # names are the console's own
            "ON CONFLICT (id) DO UPDATE SET tokens = excluded.tokens",
            list(lines),
        )
        return
    if not new:
        _forget(connection, table, [row_id for row_id, _vector in lines])
    copy_lines(connection, table, (copied_lines(lines),))


def copied_lines(lines: Iterable[Line]) -> bytes:
    """Lines as PostgreSQL's COPY reads them."""
    return "".join([f"{row_id}\t{tokens}\n" for row_id, tokens in lines]).encode()


def copy_lines(connection: Connection, table: str, blocks: Iterable[bytes]) -> None:
    """Store blocks of `copied_lines` in a table of tokens, on PostgreSQL; none of the rows has tokens yet."""
    # most of a row's cost is its tokens' place in the index: `settle` finds it for all of them at once, afterwards
    connection.exec_driver_sql("SET LOCAL gin_pending_list_limit = '1GB'")
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} (id, tokens) FROM STDIN") as copy:
        for block in blocks:
            copy.write(block)


def forget_rows(session: Session, entry: Entry, ids: Sequence[int] | Select[Any]) -> None:
    """Remove the tokens of rows that are gone: their ids, or a SELECT of them."""
    if plan_of(entry).fields:
        _forget(session.connection(), search_table(entry.model.__tablename__), ids)


def _forget(connection: Connection, name: str, ids: Sequence[int] | Select[Any]) -> None:
    key: Any = column("rowid" if connection.dialect.name == "sqlite" else "id")
    connection.execute(delete(table(name, key)).where(key.in_(ids)))


def rebuild(session: Session, entry: Entry, report: Report = lambda done, last: None) -> int:
    """Make the tokens of a record anew, a batch at a time, each in a transaction of its own; returns how many rows.

    Searches go on meanwhile. Rows are held while their batch is worked on, so that nobody's change is overwritten.
    `report` is told the id reached and the highest. Raises TimeoutError if somebody holds rows for very long.
    """
    if not plan_of(entry).fields:
        return 0
    table = entry.model.__table__
    last = session.connection().scalar(select(table.c.id).order_by(table.c.id.desc()).limit(1)) or 0
    session.commit()
    done = reached = 0
    while some := _remake(session, entry, reached):
        done, reached = done + some[0], some[1]
        report(reached, max(last, reached))
    _clear_strays(session, entry, reached, None)
    settle(session, entry)
    return done


def _remake(session: Session, entry: Entry, after: int) -> tuple[int, int] | None:
    """Make the next rows' tokens anew and commit: how many rows, and the id of the last; None if there are no more.

    On PostgreSQL somebody who writes may hold one of the rows and wait for another: whoever makes the search anew lets
    go of all of them long before the database would stop either.
    """
    for _turn in range(MOST_TURNS):
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT_MS}ms'")
        try:
            batch = _batch(session, entry, entry.model.__table__.c.id > after)
            if batch:
                _clear_strays(session, entry, after, batch[-1]["id"])
                index_rows(session, entry, batch)
            session.commit()
        except OperationalError as error:
            session.rollback()
            if getattr(error.orig, "sqlstate", None) != LOCKED:
                raise
            sleep(WAIT_MS / 1000)
        else:
            return (len(batch), batch[-1]["id"]) if batch else None
    raise TimeoutError(f"somebody holds rows of {entry.name}")


def fill(session: Session, catalog: Catalog) -> int:
    """Make the tokens of the records that have rows and no tokens, as after their table was made; returns how many."""
    done = 0
    for entry in catalog:
        name = search_table(entry.model.__tablename__)
        if plan_of(entry).fields and not session.connection().scalar(text(f"SELECT 1 FROM {name} LIMIT 1")):  # noqa: S608  # as above
            done += rebuild(session, entry)
    return done


def settle(session: Session, entry: Entry) -> None:
    """After many rows: bring the index of their tokens in order, which searches would have to wait for; commits.

    PostgreSQL does so by itself sooner or later; SQLite has nothing to settle.
    """
    connection = session.connection()
    if plan_of(entry).fields and connection.dialect.name == "postgresql":
        merge(connection, entry)
        connection.exec_driver_sql(f"ANALYZE {search_table(entry.model.__tablename__)}")
    session.commit()


def merge(connection: Connection, entry: Entry) -> None:
    """Put the tokens that wait to their places in PostgreSQL's index, also those of rows that nobody else sees yet."""
    if plan_of(entry).fields:
        connection.exec_driver_sql(f"SELECT gin_clean_pending_list('ix_{search_table(entry.model.__tablename__)}')")


def _clear_strays(session: Session, entry: Entry, after: int, until: int | None) -> None:
    """Remove tokens of ids that no row has. Rows that somebody else has stored meanwhile keep theirs."""
    connection = session.connection()
    key = "rowid" if connection.dialect.name == "sqlite" else "id"
    table, rows = search_table(entry.model.__tablename__), entry.model.__tablename__
    bound = "" if until is None else f" AND {key} <= :until"
    stray = f"NOT EXISTS (SELECT 1 FROM {rows} WHERE {rows}.id = {table}.{key})"  # noqa: S608  # as above
    statement = text(f"DELETE FROM {table} WHERE {key} > :after{bound} AND {stray}")  # noqa: S608  # as above
    connection.execute(statement, {"after": after} | ({} if until is None else {"until": until}))


def _batch(session: Session, entry: Entry, chosen: Any) -> list[dict[str, Any]]:
    """The first rows of those chosen in the order of their ids, locked until the transaction ends."""
    table = entry.model.__table__
    columns = [table.c.id, *(table.c[entry.fields[name].column.key].label(name) for name in plan_of(entry).fields)]
    statement = select(*columns).where(chosen).order_by(table.c.id).limit(BATCH).with_for_update(read=True)
    return [dict(row) for row in session.connection().execute(statement).mappings()]


def catch_up(session: Session, entry: Entry) -> int:
    """Store the tokens of rows that have none, in the session's transaction; returns how many."""
    if not plan_of(entry).fields:
        return 0
    table, done = entry.model.__table__, 0
    name = search_table(table.name)
    # FTS5 keeps a line for each row in a plain table, which is quick to ask
    held = f"{name}_docsize" if session.connection().dialect.name == "sqlite" else name
    missing = text(f"NOT EXISTS (SELECT 1 FROM {held} s WHERE s.id = {table.name}.id)")  # noqa: S608  # as above
    after = 0
    while batch := _batch(session, entry, (table.c.id > after) & missing):
        index_rows(session, entry, batch, new=True)
        done, after = done + len(batch), batch[-1]["id"]
    return done


def watch(maker: sessionmaker[Session]) -> None:
    """Let the sessions of this maker keep tokens current for whatever the ORM writes."""
    event.listen(maker, "after_flush", _after_flush)
    event.listen(maker, "do_orm_execute", _note_inserts)
    event.listen(maker, "before_commit", _before_commit)


def _after_flush(session: Session, context: UOWTransaction) -> None:
    catalog: Catalog = session.info["catalog"]
    written: dict[Entry, list[dict[str, Any]]] = {}
    gone: dict[Entry, list[int]] = {}
    for row in session.new.union(session.dirty):
        entry = catalog.find(type(row))
        if entry is not None and (row in session.new or _touched(entry, row)):
            values = {name: getattr(row, name) for name in plan_of(entry).fields}
            written.setdefault(entry, []).append({"id": row.id, **values})
    for row in session.deleted:
        entry = catalog.find(type(row))
        if entry is not None:
            gone.setdefault(entry, []).append(row.id)
    for entry, rows in written.items():
        index_rows(session, entry, rows)
    for entry, ids in gone.items():
        forget_rows(session, entry, ids)


def _touched(entry: Entry, row: Any) -> bool:
    attributes: Any = inspect(row).attrs
    return any(attributes[name].history.has_changes() for name in plan_of(entry).fields)


def _note_inserts(state: ORMExecuteState) -> None:
    """Rows inserted by a statement have ids that nobody has asked for: they are looked up before the commit."""
    if state.is_insert and state.bind_mapper is not None:
        entry = state.session.info["catalog"].find(state.bind_mapper.class_)
        if entry is not None:
            state.session.info.setdefault("unindexed", {})[entry] = None


def _before_commit(session: Session) -> None:
    for entry in session.info.pop("unindexed", ()):
        catch_up(session, entry)
