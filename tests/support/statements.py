"""Counts what is said to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect every SQL statement that any engine sends for this thread while the block runs."""
    said: list[str] = []
    own = get_ident()

    def hear(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if get_ident() == own:
            said.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
