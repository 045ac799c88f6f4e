"""PostgreSQL asked by its own library: a connection is told by a name what it has been asked often."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from typing import Any

from psycopg import DatabaseError
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from sqlalchemy import PoolProxiedConnection

MOST = 100
"""Statements that one connection keeps prepared, as many as the driver itself keeps."""
NO_SUCH_NAME = b"26000"
"""PostgreSQL's word for a prepared statement that it does not have."""
_numbers = count()
_KEY = "rn_statements"
Rows = Sequence[Sequence[Any]]
Key = tuple[bytes, tuple[int, ...] | None]
"""A statement's text, and the types of its values."""


class Statements:
    """What a connection is asked past the driver's cursors, which take as long over a short question as PostgreSQL.

    What is asked again is prepared, as the driver does it. No transaction is begun.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection.pgconn
        self._turn = Transformer(connection)
        self._after: int | None = connection.prepare_threshold
        self._uses: OrderedDict[Key, int] = OrderedDict()
        self._names: OrderedDict[Key, bytes] = OrderedDict()

    def ask(self, text: bytes, values: Sequence[Any]) -> Rows:
        """The rows; raises the driver's errors."""
        turn = self._turn
        sent = turn.dump_sequence(values, [PyFormat.TEXT] * len(values))
        key = (text, turn.types)
        result = self._ask(key, sent)
        if result.status != ExecStatus.TUPLES_OK and result.error_field(DiagnosticField.SQLSTATE) == NO_SUCH_NAME:
            # the driver lets all go at once after some errors
            self._names.pop(key, None)
            result = self._ask(key, sent)
        if result.status != ExecStatus.TUPLES_OK:
            raise DatabaseError(result.error_message.decode(errors="replace"))
        turn.set_pgresult(result)
        rows: Rows = turn.load_rows(0, result.ntuples, tuple)
        return rows

    def _ask(self, key: Key, sent: Sequence[Any]) -> Any:
        if self._connection.transaction_status != TransactionStatus.IDLE:
            # a name that is gone would end the transaction
            return self._connection.exec_params(key[0], sent, key[1])
        name = self._names.get(key)
        if name is not None:
            self._names.move_to_end(key)
            return self._connection.exec_prepared(name, sent)
        uses = self._uses.pop(key, 0)
        if self._after is None or uses < self._after:
            self._uses[key] = uses + 1
            if len(self._uses) > MOST:
                self._uses.popitem(last=False)
            return self._connection.exec_params(key[0], sent, key[1])
        if len(self._names) >= MOST:
            self._connection.exec_(b"DEALLOCATE " + self._names.popitem(last=False)[1])
        name = f"rn_{next(_numbers)}".encode()
        made = self._connection.prepare(name, key[0], key[1])
        if made.status != ExecStatus.COMMAND_OK:
            return made
        self._names[key] = name
        return self._connection.exec_prepared(name, sent)


def statements_of(connection: PoolProxiedConnection) -> Statements:
    """What a connection has been asked: told with it for as long as it lasts."""
    found: Statements | None = connection.info.get(_KEY)
    if found is None:
        found = connection.info[_KEY] = Statements(connection.driver_connection)
    return found
