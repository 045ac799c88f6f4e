"""The database: engine, sessions that know who acts, and the net that adds the policy to every query."""

from __future__ import annotations

import select
import sqlite3
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from time import monotonic
from typing import Any

from flask import current_app, has_app_context
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    Integer,
    Select,
    any_,
    bindparam,
    create_engine,
    event,
    false,
    true,
)
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, scoped_session, sessionmaker, with_loader_criteria

from app.access import Person, System, may, predicate
from app.catalog import Catalog, Entry
from app.declare.access import Verb
from app.store import ids
from app.store.asking import MOST_STATEMENTS, Question, Reader, keep, kept, kept_statements, number_of
from app.store.policy import RowPolicy
from app.store.search.index import watch
from app.store.search.row import install

WRITING: ContextVar[bool] = ContextVar("writing", default=False)
"""Whether the transaction to come will write: SQLite then takes its lock at the start instead of failing later."""


WAIT = 30
"""Seconds that a writer of SQLite waits for another."""
PASSING = 100
"""Milliseconds that one waits who writes in passing."""
SPARE = 8
"""Connections for what is done beside pages and jobs: leases, notes in passing, what recurs."""
KEPT = 5
"""So many connections to SQLite stay open: each has a cache of its own, and is soon opened."""
IDLE = 60.0
"""Seconds after which a connection is tried before it is used again, whatever the machine knows of it."""
BY_PLACE = {"_result_disable_adapt_to_context": True}
"""Values are found by place or name, as the ORM has it too: to find them by column as well takes a tenth of a list."""
REPEATED = 1
"""A statement asked once more on the same connection is one that PostgreSQL shall keep prepared."""


class NoActor(RuntimeError):
    """A query was made by nobody: whoever opens a session says who acts."""


class UnguardedWrite(RuntimeError):
    """A row was about to be written past the store's own functions."""


class HintingCompiler(SQLiteCompiler):
    """Writes a hint behind its table, as SQLite takes it and SQLAlchemy does not by itself."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        return text


def make_engine(url: str, most: int = 8) -> Engine:
    """An engine for SQLite (WAL, foreign keys on) or PostgreSQL, with `most` connections at once and a few to spare."""
    if not url.startswith("sqlite"):
        engine = create_engine(
            url, connect_args={"prepare_threshold": REPEATED}, pool_size=most, max_overflow=SPARE, hide_parameters=True,
            # the one used last has the most prepared
            pool_use_lifo=True,
        )  # fmt: skip
        _try_idle_connections(engine)
        return engine
    options, kept = {"timeout": WAIT, "check_same_thread": False}, min(most, KEPT)
    # what people typed stays out of the log when a statement fails
    engine = create_engine(
        url, connect_args=options, pool_size=kept, max_overflow=most + SPARE - kept, hide_parameters=True
    )
    engine.dialect.statement_compiler = HintingCompiler
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _try_idle_connections(engine: Engine) -> None:
    """Try a connection before it is used where the server may have gone meanwhile.

    A server that ends, or ends a session, says so at once, and that can be seen without asking. One that was cut off
    says nothing. To ask each time, as SQLAlchemy would, is a question more on every page.
    """

    def rested(_connection: Any, record: Any, *_more: Any) -> None:
        record.info["since"] = monotonic()

    def tried(connection: Any, record: Any, _proxy: Any) -> None:
        if monotonic() - record.info["since"] < IDLE and not _heard(connection.fileno()):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "connect", rested)
    event.listen(engine, "checkin", rested)
    event.listen(engine, "checkout", tried)


def _heard(descriptor: int) -> bool:
    """Whether anything came of a connection that nobody has asked anything: its end, as a rule."""
    ear = select.poll()
    ear.register(descriptor, select.POLLIN)
    return bool(ear.poll(0))


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    # The driver's own BEGIN comes too late for a consistent read, so it is switched off and sent by _begin_sqlite
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA cache_size = -16000")
    cursor.close()
    install(connection)


@contextmanager
def writing_now() -> Iterator[None]:
    """What is done within takes SQLite's lock at once, and holds it no longer than this."""
    token = WRITING.set(True)
    try:
        yield
    finally:
        WRITING.reset(token)


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if WRITING.get() else "BEGIN")


@contextmanager
def in_passing(engine: Engine) -> Iterator[Connection]:
    """A short transaction that writes what is not worth waiting for: raises OperationalError where SQLite is busy."""
    with writing_now(), engine.connect() as connection:
        driver = connection.connection.driver_connection if engine.dialect.name == "sqlite" else None
        if driver is not None:
            driver.execute(f"PRAGMA busy_timeout = {PASSING}")
        try:
            with connection.begin():
                yield connection
        finally:
            if driver is not None:
                driver.execute(f"PRAGMA busy_timeout = {WAIT * 1000}")


def make_sessions(engine: Engine, catalog: Catalog) -> scoped_session[Session]:
    """Sessions of an application: one per request, closed by its end."""
    maker = sessionmaker(engine, expire_on_commit=False, info={"catalog": catalog})
    event.listen(maker, "do_orm_execute", _apply_policy)
    event.listen(maker, "before_flush", _refuse_unguarded)
    ids.watch(maker)
    watch(maker)
    return scoped_session(maker)


def only_reading(session: Session) -> None:
    """Let each statement of this request see what is stored as it is asked, which saves a page its BEGIN and ROLLBACK.

    After a ROLLBACK the driver also forgets the statements that the server had prepared, and all are planned anew.
    PostgreSQL's usual transactions see no more at once than that; SQLite's do, and cost nothing. For pages that write
    nothing, limit no time and lock no row.
    """
    bind = session.get_bind()
    # a transaction that somebody has begun around it all stays what it is
    if bind.dialect.name == "postgresql" and isinstance(bind, Engine) and not session.in_transaction():
        session.info["reader"] = Reader(bind)


def reading(session: Session) -> Connection:
    """The session's connection for a statement below the ORM; without a transaction where the request only reads."""
    reader: Reader | None = session.info.get("reader")
    if reader is None or session.in_transaction():
        return session.connection()
    reader.close()  # one request has one connection at a time
    return session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})


def end(sessions: scoped_session[Session]) -> None:
    """Give back what the request at hand has had of the database."""
    if sessions.registry.has():
        reader = sessions().info.pop("reader", None)
        if reader is not None:
            reader.close()
        sessions.remove()


def act_as(session: Session, actor: Person | System) -> None:
    """Say who acts in this session from now on."""
    session.info["actor"] = actor


def actor_of(session: Session) -> Person | System:
    """Who acts in this session; raises NoActor."""
    actor = session.info.get("actor")
    if actor is None:
        raise NoActor("no one acts in this session: call act_as first")
    return actor  # type: ignore[no-any-return]  # session.info is untyped


@contextmanager
def writing(session: Session) -> Iterator[None]:
    """Let the session write rows: only inside the store's own functions."""
    before = session.info.get("guarded", False)
    session.info["guarded"] = True
    try:
        yield
    finally:
        session.info["guarded"] = before


def _apply_policy(state: ORMExecuteState) -> None:
    """Add the row policy to a statement about any record, also inside subqueries and relationship loads."""
    if state.is_insert or state.is_update or state.is_delete:
        _refuse_unguarded_statement(state)
    if "reader" in state.session.info:
        reading(state.session)
    if state.execution_options.get("unfiltered"):
        return
    policy = _policy(state.session)
    if policy:
        state.statement = state.statement.options(*policy)


def scoped(session: Session, entry: Entry) -> bool:
    """Whether the actor sees but some of the record's rows."""
    actor = actor_of(session)
    key = (scoped, session.info["catalog"], entry)
    found: bool | None = actor.memo.get(key)
    if found is None:
        found = actor.memo[key] = not predicate(session.info["catalog"], actor, entry, Verb.READ).compare(true())
    return found


def reach(session: Session, entry: Entry, verb: Verb) -> ColumnElement[bool] | None:
    """What a row must be for the actor to do this to it; None if there is none such."""
    actor = actor_of(session)
    return predicate(session.info["catalog"], actor, entry, verb) if may(actor, entry, verb) else None


def read(session: Session, statement: Select[Any], values: Mapping[str, Any] = {}) -> Sequence[Any]:
    """The rows of a statement about columns of records, with its `values`; the policy is in it as in any.

    It is run below the ORM, which takes longer over each row than the database does.
    """
    session.flush()
    found = reading(session).execute(statement.options(*_policy(session)), values, execution_options=BY_PLACE)
    return found.all()


def ask(
    session: Session, key: Hashable, make: Callable[[], Select[Any]], values: Mapping[str, Any] = {}
) -> Sequence[Sequence[Any]]:
    """What `read` reads by the statement that `make` makes, which is kept for as long as the actor's rights stay.

    The key says all that the statement is made of besides the actor and the `values`.
    """
    if "reader" not in session.info:
        return read(session, make(), values)
    return _asked(session, _of_actor(session, key), lambda: make().options(*_policy(session)), values)


def ask_by_ids(
    session: Session, key: Hashable, make: Callable[[], Select[Any]], ids: Iterable[int]
) -> Sequence[Sequence[Any]]:
    """What `ask` says of rows with these ids, which stand in the statement as `among` has them.

    Nothing that is stored decides what such a statement is, so it is also kept where SQLAlchemy is asked each time.
    """
    values = {"ids": list(ids)}
    if "reader" in session.info:
        return ask(session, key, make, values)
    whole, engine = _of_actor(session, key), session.get_bind().engine
    statement = kept_statements(engine).get(whole)
    if statement is None:
        statement = make().options(*_policy(session))
        keep(kept_statements(engine), whole, statement, MOST_STATEMENTS)
    session.flush()
    return reading(session).execute(statement, values, execution_options=BY_PLACE).all()


def _of_actor(session: Session, key: Hashable) -> Hashable:
    return ("of an actor", number_of(actor_of(session).memo), key)


def among(session: Session, column: Any) -> ColumnElement[bool]:
    """Whether a column is one of the `ids` that are asked for, however many those are the next time."""
    if session.get_bind().dialect.name == "sqlite":
        return column.in_(bindparam("ids", expanding=True))  # type: ignore[no-any-return]
    return column == any_(bindparam("ids", type_=ARRAY(Integer)))  # type: ignore[no-any-return]


def ask_unfiltered(
    session: Session, key: Hashable, make: Callable[[], Select[Any]], values: Mapping[str, Any] = {}
) -> Sequence[Sequence[Any]]:
    """The same of what the console itself has to know, without a policy."""
    return _asked(session, key, make, values)


def _asked(
    session: Session, key: Hashable, make: Callable[[], Select[Any]], values: Mapping[str, Any]
) -> Sequence[Sequence[Any]]:
    reader: Reader | None = session.info.get("reader")
    if reader is None or reader.heard:
        return reading(session).execute(make(), values, execution_options=BY_PLACE).all()
    question = kept(reader.engine).get(key)
    if question is not None:
        rows = reader.ask(question, values, session.connection() if session.in_transaction() else None)
        if rows is not None:
            return rows
    statement = make()
    found = reading(session).execute(statement, values, execution_options=BY_PLACE)
    keep(kept(reader.engine), key, Question(found, statement, values))
    return found.all()


def stream(session: Session, statement: Select[Any], size: int) -> Iterator[Sequence[Sequence[Any]]]:
    """What `read` reads, `size` rows at a time and never more in memory."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        # or a cursor is planned for the first tenth of its rows, which makes all of them far slower
        connection.exec_driver_sql("SET LOCAL cursor_tuple_fraction = 1")
    found = connection.execute(statement.options(*_policy(session)), execution_options={"yield_per": size})
    try:
        yield from found.partitions()
    finally:
        found.close()


def _policy(session: Session) -> tuple[RowPolicy, ...]:
    """What each record's rows must satisfy for the actor, as options of a statement."""
    actor = actor_of(session)
    catalog: Catalog = session.info["catalog"]
    policy = actor.memo.get(catalog)
    if policy is None:
        policy = actor.memo[catalog] = RowPolicy(_criteria(catalog, actor))
    return (policy,) if policy.rules else ()


def _criteria(catalog: Catalog, actor: Person | System) -> tuple[Any, ...]:
    """The policy of each record; for the console itself only that the trash is out of sight."""
    found = []
    for entry in catalog:
        rows = predicate(catalog, actor, entry, Verb.READ)
        if rows.compare(true()):
            continue
        condition = entry.model.id.is_(None) if rows.compare(false()) else rows
        found.append(with_loader_criteria(entry.model, condition, include_aliases=True))
    return tuple(found)


def _refuse_unguarded_statement(state: ORMExecuteState) -> None:
    """An INSERT, UPDATE or DELETE of many rows at once is a write like any other: by the store's functions alone."""
    info = state.session.info
    if isinstance(info.get("actor"), System) or info.get("guarded"):
        return
    table = getattr(state.statement, "table", None)
    if table in _tables(info["catalog"]):
        raise UnguardedWrite(f"{table} was written past app.store")


@lru_cache(maxsize=8)
def _tables(catalog: Catalog) -> frozenset[Any]:
    """The tables of all records and of their references to many."""
    many = (item.secondary for entry in catalog for item in entry.fields.values() if item.many)
    return frozenset((*(entry.model.__table__ for entry in catalog), *many))


def _refuse_unguarded(session: Session, context: UOWTransaction, instances: Any) -> None:
    """Only the store's functions write rows for a person: a door that adds one itself is stopped here."""
    if isinstance(session.info.get("actor"), System) or session.info.get("guarded"):
        return
    catalog: Catalog = session.info["catalog"]
    models = tuple(entry.model for entry in catalog)
    for row in (*session.new, *session.deleted, *(item for item in session.dirty if session.is_modified(item))):
        if isinstance(row, models):
            raise UnguardedWrite(f"{type(row).__name__} was written past app.store")


def db() -> Session:
    """The session of the running request."""
    if not has_app_context():
        raise NoActor("there is no request")
    return current_app.extensions["sessions"]()  # type: ignore[no-any-return]  # extensions are untyped
