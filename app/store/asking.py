"""Questions that pages ask again and again, as PostgreSQL's driver takes them.

SQLAlchemy puts a statement together, with the policy in it, and asks it the first time. What it sent is kept, and sent
again with other values: to put it together anew, and to find it among those compiled, takes a page several times as
long as the answer. What fails is asked once more by SQLAlchemy, which says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect, Engine, PoolProxiedConnection, Select

Rows = Sequence[Sequence[Any]]
MOST = 2_000
"""Questions of a database that one process keeps, of some kilobytes each."""
_numbers = count()
Process = Callable[[Any], Any]


class Question:
    """A statement as it was sent, and what becomes of values on their way there and back."""

    def __init__(self, found: CursorResult[Any], statement: Select[Any], names: Iterable[str]) -> None:
        """Of what SQLAlchemy has found by a statement; `names` are those of the values that differ each time.

        Raises ValueError for a value that stands in the statement's text: asked again, it would be the old one.
        """
        context: Any = found.context
        dialect = context.dialect
        self._text: Any = context.statement
        self._values = dict(context.parameters[0])
        known = context.compiled.binds
        binds = [known[name] for name in names if name in known]
        if any(one.literal_execute for one in binds):
            raise ValueError(f"{names} of {self._text}")
        self._sent = [(one.key, one.type.dialect_impl(dialect).bind_processor(dialect)) for one in binds]
        codes = [one[1] for one in found.cursor.description]
        self._read = _processors(dialect, [one.type for one in statement.selected_columns], codes)

    def ask(self, cursor: Any, values: Mapping[str, Any]) -> Rows:
        """Its rows with these values, by a cursor of the driver's."""
        sent = self._values
        if self._sent:
            sent = sent | {name: values[name] if way is None else way(values[name]) for name, way in self._sent}
        rows: Rows = cursor.execute(self._text, sent).fetchall()
        if not (self._read and rows):
            return rows
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for place, process in self._read:
            columns[place] = [process(value) for value in columns[place]]
        return list(zip(*columns, strict=True))


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
        self._cursor: Any = None

    @property
    def heard(self) -> bool:
        """Whether somebody listens to what is said to the database: then SQLAlchemy says it."""
        return bool(self.engine.dispatch.before_cursor_execute)

    def ask(self, question: Question, values: Mapping[str, Any], at_hand: Connection | None) -> Rows | None:
        """The rows, over the connection that the request has `at_hand`, if any; None if that failed."""
        try:
            if at_hand is not None:
                return question.ask(at_hand.connection.cursor(), values)
            return question.ask(self._open(), values)
        except self.engine.dialect.loaded_dbapi.Error:
            self.close(lost=True)
            return None

    def _open(self) -> Any:
        if self._held is None:
            self._held = self.engine.raw_connection()
            connection: Any = self._held.driver_connection
            connection.autocommit = True
            self._cursor = connection.cursor()
        return self._cursor

    def close(self, *, lost: bool = False) -> None:
        """Give the connection back; a `lost` one is thrown away."""
        held, self._held = self._held, None
        if held is None:
            return
        connection: Any = held.driver_connection
        if lost or connection.closed:
            held.invalidate()
        else:
            connection.autocommit = False
            held.close()


@lru_cache(maxsize=16)
def kept(engine: Engine) -> dict[Hashable, Question]:
    """The questions that were asked of a database: each by a key that says all it is made of but the values."""
    return {}


def keep(engine: Engine, key: Hashable, question: Question) -> None:
    """Remember a question."""
    known = kept(engine)
    if len(known) >= MOST:
        known.clear()
    known[key] = question


def number_of(memo: dict[Any, Any]) -> int:
    """What tells one actor, with the rights they have now, from any other in a key."""
    found: int = memo.setdefault(number_of, -1)
    if found < 0:
        found = memo[number_of] = next(_numbers)
    return found
