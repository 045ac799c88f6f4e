"""What migrations call to make and remove tables of tokens.

`run.py migrate --make` writes the two operations for a new record, and `--check` asks for them.
"""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import comparators, renderers
from alembic.operations import MigrateOperation, Operations
from sqlalchemy import inspect

from app.store.search.schema import PREFIX, create_statements, is_search, search_table, wanted


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
