"""Planned rows on their way into the database: COPY on PostgreSQL, executemany on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from app.store.session import writing_now


class Staged(NamedTuple):
    """A planned row as it is stored; of JSON the text. The order is that of COLUMNS."""

    line: int
    outcome: str
    target_id: int | None = None
    version: int | None = None
    key: str | None = None
    label: str | None = None
    fields: str | None = None
    new_values: str | None = None
    old_values: str | None = None
    many: str | None = None
    changes: str | None = None
    notes: str | None = None


COLUMNS = ("batch_id", *Staged._fields)
COPY = f"COPY rn_import_row ({', '.join(COLUMNS)}) FROM STDIN"
INSERT = f"INSERT INTO rn_import_row ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608  # names of its own columns


Put = Callable[[Sequence[Staged]], None]
Proof = Callable[[Connection], None]
"""Raises where a transaction may not be committed."""


@contextmanager
def staging(session: Session, batch_id: int) -> Iterator[Put]:
    """Give what stores planned rows, each time in a transaction of its own; all are stored when the block is left.

    PostgreSQL takes them over a second connection while the next are planned, one such call at a time. What went wrong
    there is raised by the next call, or at the end. There too a job proves that it is still its worker's
    (`session.info["proof"]`): rows of one that lost it would get among those of the next.
    """
    bind, proof = session.get_bind(), session.info.get("proof")
    # within a transaction that somebody has begun around it all another connection would not see the batch
    if bind.dialect.name != "postgresql" or isinstance(bind, Connection):

        def here(rows: Sequence[Staged]) -> None:
            # what was read is let go first: SQLite lets no transaction write that began to read before another wrote
            session.rollback()
            with writing_now():
                write(session.connection(), batch_id, rows)
                session.commit()

        yield here
        return
    with ThreadPoolExecutor(1) as aside:
        waiting: list[Future[None]] = []

        def there(rows: Sequence[Staged]) -> None:
            # nothing read stays open from one chunk to the next: the server keeps what it has replaced for a reader
            session.rollback()
            if waiting:
                waiting.pop().result()
            waiting.append(aside.submit(_aside, bind.engine, batch_id, rows, proof))

        yield there
        if waiting:
            waiting.pop().result()


def _aside(engine: Engine, batch_id: int, rows: Sequence[Staged], proof: Proof | None) -> None:
    with engine.begin() as connection:
        # they are safe with the batch, which is told to be planned after them: none waits for the disk by itself
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        write(connection, batch_id, rows)
        if proof is not None:
            proof(connection)


def write(connection: Connection, batch_id: int, rows: Sequence[Staged]) -> None:
    """Store planned rows in the transaction at hand."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "postgresql":
        driver.executemany(INSERT, [(batch_id, *row) for row in rows])
        return
    with driver.cursor() as cursor, cursor.copy(COPY) as copy:
        put, first = copy.write_row, (batch_id,)
        for row in rows:
            put(first + row)
