"""Planned rows on their way into the database: COPY on PostgreSQL, executemany on SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy.orm import Session


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


def put(session: Session, batch_id: int, rows: Sequence[Staged]) -> None:
    """Store planned rows in the transaction at hand."""
    if not rows:
        return
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        with driver.cursor() as cursor, cursor.copy(COPY) as copy:
            write, first = copy.write_row, (batch_id,)
            for row in rows:
                write(first + row)
        return
    driver.executemany(INSERT, [(batch_id, *row) for row in rows])
