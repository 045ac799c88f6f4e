"""What a failed statement or a failed write of a file means: SQLite is busy, no room is left, the schema is another."""

from __future__ import annotations

import errno
import sqlite3

from sqlalchemy.exc import DBAPIError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
DISK_FULL = "53100"
"""PostgreSQL's word for no room."""
MISSING = ("42P01", "42703")
"""The same for no table and no column."""
NOT_THERE = ("no such table", "no such column")
PRIMARY = 0xFF
"""The part of an error of SQLite that says what kind it is."""


def busy(error: DBAPIError) -> bool:
    """Whether SQLite refused a lock that somebody else holds."""
    return _kind(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def no_room(error: BaseException) -> bool:
    """Whether the disk is full: that of the console's own files, or the database's."""
    if isinstance(error, OSError):
        return error.errno in FULL
    if not isinstance(error, DBAPIError):
        return False
    return _kind(error) == sqlite3.SQLITE_FULL or getattr(error.orig, "sqlstate", None) == DISK_FULL


def no_table(error: DBAPIError) -> bool:
    """Whether a table or column is not there: the schema is not that of this release."""
    text = str(error.orig)
    return text.startswith(NOT_THERE) or getattr(error.orig, "sqlstate", None) in MISSING


def _kind(error: DBAPIError) -> int:
    return int(getattr(error.orig, "sqlite_errorcode", 0)) & PRIMARY
