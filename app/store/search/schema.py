"""Where tokens lie: a table beside each record's own, of FTS5 on SQLite and with a GIN index on PostgreSQL.

They are no tables of the metadata, since SQLite makes several of each; migrations name them by the two operations
below, which `run.py migrate --make` writes for a new record and `--check` asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alembic.autogenerate import comparators, renderers
from alembic.operations import MigrateOperation, Operations
from sqlalchemy import Dialect, inspect

from app.catalog import declared_models
from app.declare.event import Event

PREFIX = "rn_search_"

SQLITE = "CREATE VIRTUAL TABLE {name} USING fts5(label, rest, tokenize = 'ascii')"
POSTGRESQL = (
    "CREATE TABLE {name} (id integer PRIMARY KEY, tokens tsvector NOT NULL)",
    "CREATE INDEX ix_{name} ON {name} USING gin (tokens)",
    # the planner asks how frequent a pair is before it chooses between this index and the list's own order
    "ALTER TABLE {name} ALTER COLUMN tokens SET STATISTICS 300",
)


def search_table(table: str) -> str:
    """The name of the table that holds the tokens of a record's rows."""
    return f"{PREFIX}{table}"


def create_statements(table: str, dialect: Dialect) -> Sequence[str]:
    """What makes the table of tokens."""
    name = search_table(table)
    made = (SQLITE,) if dialect.name == "sqlite" else POSTGRESQL
    return tuple(statement.format(name=name) for statement in made)


def wanted() -> set[str]:
    """The tables whose rows are searched by tokens: all declared ones but the trail, which is only added to."""
    return {model.__tablename__ for model in declared_models() if model is not Event}


def is_search(name: str | None) -> bool:
    """Whether a table of the database holds tokens, or is one that FTS5 keeps for itself."""
    return name is not None and name.startswith(PREFIX)


@Operations.register_operation("create_search")
class CreateSearch(MigrateOperation):
    """`op.create_search("server_room")`: make a record's table of tokens; `run.py migrate` fills it."""

    def __init__(self, table: str) -> None:
        self.table = table

    @classmethod
    def create_search(cls, operations: Operations, table: str) -> None:
        operations.invoke(cls(table))

    def reverse(self) -> MigrateOperation:
        return DropSearch(self.table)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return "create_search", self.table


@Operations.register_operation("drop_search")
class DropSearch(MigrateOperation):
    """`op.drop_search("server_room")`: remove a record's table of tokens."""

    def __init__(self, table: str) -> None:
        self.table = table

    @classmethod
    def drop_search(cls, operations: Operations, table: str) -> None:
        operations.invoke(cls(table))

    def reverse(self) -> MigrateOperation:
        return CreateSearch(self.table)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return "drop_search", self.table


@Operations.implementation_for(CreateSearch)
def _create(operations: Operations, operation: CreateSearch) -> None:
    for statement in create_statements(operation.table, operations.get_bind().dialect):
        operations.execute(statement)


@Operations.implementation_for(DropSearch)
def _drop(operations: Operations, operation: DropSearch) -> None:
    operations.execute(f"DROP TABLE {search_table(operation.table)}")


@renderers.dispatch_for(CreateSearch)
def _render_create(context: Any, operation: CreateSearch) -> str:
    return f"op.create_search({operation.table!r})"


@renderers.dispatch_for(DropSearch)
def _render_drop(context: Any, operation: DropSearch) -> str:
    return f"op.drop_search({operation.table!r})"


@comparators.dispatch_for("schema")
def _compare(context: Any, upgrade_operations: Any, schemas: Any) -> None:
    names = [name for name in inspect(context.connection).get_table_names() if is_search(name)]
    known = {name.removeprefix(PREFIX) for name in names}
    needed = wanted()
    # FTS5 keeps rn_search_unit_data and others beside rn_search_unit: they come and go with it
    kept = {f"{name}_{part}" for name in known for part in ("data", "idx", "content", "docsize", "config")}
    upgrade_operations.ops += [CreateSearch(name) for name in sorted(needed - known)]
    upgrade_operations.ops += [DropSearch(name) for name in sorted(known - kept - needed)]
