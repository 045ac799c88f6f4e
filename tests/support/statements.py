"""Counts what is said to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import get_ident
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from app.auth import sessions


@contextmanager
def counted(*, uses: bool = False) -> Iterator[list[str]]:
    """Collect every SQL statement that any engine sends for this thread while the block runs.

    That somebody's session is used is stored once a minute, with whatever page the turn falls on; with `uses` alone it
    is among them.
    """
    said: list[str] = []
    own, usual = get_ident(), sessions.SEEN_EVERY

    def hear(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if get_ident() == own:
            said.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    if not uses:
        sessions.SEEN_EVERY = timedelta(days=1)
    try:
        yield said
    finally:
        sessions.SEEN_EVERY = usual
        event.remove(Engine, "before_cursor_execute", hear)
