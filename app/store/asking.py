"""Questions that pages ask again and again, as PostgreSQL's own library takes them.

SQLAlchemy puts a statement together, with the policy in it, and asks it the first time. What it sent is kept, and sent
again with other values: to put it together anew, and to find it among those compiled, takes a page several times as
long as the answer. What fails is asked once more by SQLAlchemy, which says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, CursorResult, Dialect, Engine, PoolProxiedConnection, Select

if TYPE_CHECKING:
    from app.store.prepared import Statements

Rows = Sequence[Sequence[Any]]
T = TypeVar("T")
MOST = 4_000
"""Questions of a database that one process keeps, of some kilobytes each."""
MOST_STATEMENTS = 1_000
"""Statements that it keeps for SQLAlchemy, of some sixteen kilobytes each."""
_numbers = count()
_value = re.compile(r"%(?:%|\(([^)]*)\)s)")
Process = Callable[[Any], Any]


class Question:
    """A statement as it was sent, and what becomes of values on their way there and back."""

    def __init__(self, found: CursorResult[Any], statement: Select[Any], names: Iterable[str]) -> None:
        """Of what SQLAlchemy has found by a statement; `names` are those of the values that differ each time.

        Raises ValueError for a value that stands in the statement's text: asked again, it would be the old one.
        """
        context: Any = found.context
        dialect = context.dialect
        self._text, names_sent = _by_number(context.statement)
        values = dict(context.parameters[0])
        self._values = [values[name] for name in names_sent]
        known = context.compiled.binds
        binds = [known[name] for name in names if name in known]
        if any(one.literal_execute or one.expanding for one in binds):
            raise ValueError(f"{names} of {context.statement}")
        places = {name: place for place, name in enumerate(names_sent)}
        self._sent = [
            (one.key, places[known_name], one.type.dialect_impl(dialect).bind_processor(dialect))
            for one in binds
            if (known_name := context.compiled.bind_names[one]) in places
        ]
        codes = [one[1] for one in found.cursor.description]
        self._read = _processors(dialect, [one.type for one in statement.selected_columns], codes)

    def ask(self, statements: Statements, values: Mapping[str, Any]) -> Rows:
        """Its rows with these values."""
        sent = self._values
        if self._sent:
            sent = sent.copy()
            for name, place, way in self._sent:
                sent[place] = values[name] if way is None else way(values[name])
        rows: Rows = statements.ask(self._text, sent)
        if not (self._read and rows):
            return rows
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for place, process in self._read:
            columns[place] = [process(value) for value in columns[place]]
        return list(zip(*columns, strict=True))


def _by_number(text: str) -> tuple[bytes, list[str]]:
    """A statement with its values by number, as PostgreSQL takes it, and their names in that order."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        name = found[1]
        return "%" if name is None else f"${names.setdefault(name, len(names) + 1)}"

    return _value.sub(number, text).encode(), list(names)


def _processors(dialect: Dialect, types: Sequence[Any], codes: Sequence[Any]) -> list[tuple[int, Process]]:
    found = (one.dialect_impl(dialect).result_processor(dialect, code) for one, code in zip(types, codes, strict=True))
    return [(place, process) for place, process in enumerate(found) if process is not None]


class Reader:
    """A connection that is taken for the questions of one request when the first is asked, and given back at its end.

    Each sees what is stored as it is asked: there is no transaction.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._held: PoolProxiedConnection | None = None
        self._statements: Any = None

    @property
    def heard(self) -> bool:
        """Whether somebody listens to what is said to the database: then SQLAlchemy says it."""
        return bool(self.engine.dispatch.before_cursor_execute)

    def ask(self, question: Question, values: Mapping[str, Any], at_hand: Connection | None) -> Rows | None:
        """The rows, over the connection that the request has `at_hand`, if any; None if that failed."""
        from app.store.prepared import statements_of  # which loads PostgreSQL's library

        try:
            if at_hand is not None:
                return question.ask(statements_of(at_hand.connection), values)
            if self._held is None:
                self._held = self.engine.raw_connection()
                self._statements = statements_of(self._held)
            return question.ask(self._statements, values)
        except self.engine.dialect.loaded_dbapi.Error:
            self.close(lost=True)
            return None

    def close(self, *, lost: bool = False) -> None:
        """Give the connection back; a `lost` one is thrown away."""
        held, self._held = self._held, None
        if held is None:
            return
        connection: Any = held.driver_connection
        if lost or connection.closed:
            held.invalidate()
        else:
            held.close()


@lru_cache(maxsize=16)
def kept(engine: Engine) -> dict[Hashable, Question]:
    """The questions that were asked of a database: each by a key that says all it is made of but the values."""
    return {}


@lru_cache(maxsize=16)
def kept_statements(engine: Engine) -> dict[Hashable, Select[Any]]:
    """Statements about rows by their ids, as SQLAlchemy takes them, by the same keys."""
    return {}


def keep(known: dict[Hashable, T], key: Hashable, thing: T, most: int = MOST) -> None:
    """Remember a question, or a statement."""
    if len(known) >= most:
        known.clear()
    known[key] = thing


def number_of(memo: dict[Any, Any]) -> int:
    """What tells one actor, with the rights they have now, from any other in a key."""
    found: int = memo.setdefault(number_of, -1)
    if found < 0:
        found = memo[number_of] = next(_numbers)
    return found
