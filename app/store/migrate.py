"""Schema migrations by Alembic: up, down, a new one written from the declarations, and whether they agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy.event
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations.ops import AddColumnOp
from alembic.script import ScriptDirectory
from flask_appbuilder import Model
from sqlalchemy import (
    Column,
    Connection,
    DefaultClause,
    UniqueConstraint,
    create_engine,
    inspect,
    literal,
    select,
    text,
)
from sqlalchemy.engine import Dialect

from app.declare import event  # noqa: F401  # a table of the same metadata
from app.declare.types import ChoiceText, FileList, Moment, ScaledNumber
from app.store import import_tables, tables  # noqa: F401  # as above
from app.store.search import operations  # noqa: F401  # makes them known to Alembic
from app.store.search.schema import is_search


class Unfillable(ValueError):
    """A new required field of a table that has rows, for which there is no value."""

    def __init__(self, table: str, column: str) -> None:
        super().__init__(
            f"{table}.{column} is required, and {table} has rows that would have nothing there. "
            f"Let the field be empty (`| None`) or give it a default, then make the migration again."
        )


FOLDER = Path(__file__).resolve().parents[2] / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema up to a revision."""
    with _connected(url) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(url: str, revision: str) -> None:
    """Take the schema down to a revision; "base" leaves no table."""
    with _connected(url) as connection:
        command.downgrade(_config(connection), revision)


def make(url: str, name: str) -> Path:
    """Write the migration from the database as it is (brought up to date first) to what is declared."""
    upgrade(url)
    slug = re.sub(r"\W+", "_", name.lower()).strip("_") or "change"
    known = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]
    number = f"{max((int(one) for one in known if one.isdigit()), default=0) + 1:04d}"
    with _connected(url) as connection:
        _refuse_unfillable(connection)
        made: Any = command.revision(_config(connection), message=slug, autogenerate=True, rev_id=number)
    return Path(made.path)


def _refuse_unfillable(connection: Connection) -> None:
    """Raise Unfillable for a required field that a table with rows does not have yet, and no default would fill."""
    known = inspect(connection)
    for table in Model.metadata.sorted_tables:
        if not known.has_table(table.name):
            continue
        there = {column["name"] for column in known.get_columns(table.name)}
        for column in table.columns:
            if column.name in there or column.nullable or column.server_default is not None:
                continue
            if _filling(column, connection.dialect) is not None:
                continue
            if connection.scalar(select(literal(1)).select_from(table).limit(1)) is not None:
                raise Unfillable(table.name, column.name)


def _filling(column: Column[Any], dialect: Dialect) -> str | None:
    """What the rows that stand already get in a new column: its default, as a literal of SQL; None without one."""
    if column.default is None or not column.default.is_scalar:
        return None
    value: Any = column.default.arg  # type: ignore[attr-defined]  # a scalar default has one
    if isinstance(value, bool):
        return str(value).lower()  # the one way of writing it that both databases know
    processor = column.type.literal_processor(dialect)
    return None if processor is None else processor(value)


def _fill(context: Any, revision: Any, directives: list[Any]) -> None:
    """Give a new required column its declared default as the value of the rows that stand already."""
    del revision
    waiting: list[Any] = [directives[0].upgrade_ops] if directives else []
    while waiting:
        one = waiting.pop()
        waiting += getattr(one, "ops", ())
        column = getattr(one, "column", None) if isinstance(one, AddColumnOp) else None
        if column is not None and not column.nullable and column.server_default is None:
            filling = _filling(column, context.dialect)
            column.server_default = DefaultClause(text(filling)) if filling else None


def differences(url: str) -> list[str]:
    """What the database lacks or has beyond the declarations, a line each; empty when they agree."""
    with _connected(url) as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": compare_type, "include_name": include_name}
        )
        found = (str(item) for item in compare_metadata(context, Model.metadata))
        return [*found, *_carried(connection), *_deferred(connection)]


def _carried(connection: Connection) -> Iterator[str]:
    """The indexes that carry other columns than their declarations say, which Alembic does not compare."""
    if connection.dialect.name != "postgresql":
        return
    known = inspect(connection)
    for table in Model.metadata.sorted_tables:
        declared = {index.name: index.dialect_options["postgresql"]["include"] or [] for index in table.indexes}
        for index in known.get_indexes(table.name) if known.has_table(table.name) else ():
            held = index.get("dialect_options", {}).get("postgresql_include", [])
            if held != declared.get(index["name"], held):
                yield f"{index['name']} carries {held}, not {declared[index['name']]}"


def _deferred(connection: Connection) -> Iterator[str]:
    """The unique constraints that wait for the end of a transaction, or not, otherwise than declared; nor are these."""
    if connection.dialect.name != "postgresql":
        return
    asked = text("SELECT conname, condeferrable FROM pg_constraint WHERE contype = 'u'")
    held = {str(name): bool(waits) for name, waits in connection.execute(asked)}
    for table in Model.metadata.sorted_tables:
        for one in table.constraints:
            waits = bool(getattr(one, "deferrable", False))
            if isinstance(one, UniqueConstraint) and held.get(str(one.name), waits) != waits:
                yield f"{one.name} is {'not ' if waits else ''}deferrable"


def pending(url: str) -> bool:
    """Whether a migration waits to be applied."""
    with _connected(url) as connection:
        here = MigrationContext.configure(connection).get_current_heads()
    return set(here) != set(ScriptDirectory.from_config(_config()).get_heads())


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """A connection of its own: on SQLite one that leaves foreign keys unchecked, so that tables can be rebuilt."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        # the driver would begin a transaction before data alone, and not before tables are changed
        sqlalchemy.event.listen(engine, "connect", lambda raw, _record: setattr(raw, "isolation_level", None))
        sqlalchemy.event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN"))
    try:
        with engine.connect() as connection:
            yield connection
            connection.commit()
    finally:
        engine.dispose()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def run_in(context: Any) -> None:
    """What Alembic's environment does: run the migrations on the connection it was given."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        compare_type=compare_type,
        include_name=include_name,
        render_item=render_item,
        process_revision_directives=_fill,
        # on SQLite too: a migration that fails half-way leaves nothing of itself behind
        transactional_ddl=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether a table is compared with the metadata; those of the search are compared by their own rule."""
    return kind != "table" or not is_search(name)


def compare_type(context: Any, _inspected: Any, _column: Any, _inspected_type: Any, declared: Any) -> bool | None:
    """Whether a column's type differs; of a scaled number the inspector sees only what SQLite stores it as."""
    return False if isinstance(declared, (ScaledNumber, ChoiceText, Moment, FileList)) else None


def render_item(kind: str, value: Any, autogen_context: Any) -> Any:
    """Write the console's own column types into a migration as the plain types they are stored as."""
    if kind != "type" or not type(value).__module__.startswith("app.declare"):
        return False
    if isinstance(value, ScaledNumber):
        autogen_context.imports.add("from app.declare.types import ScaledNumber")
        return f"ScaledNumber({value.digits}, {value.scale})"
    if isinstance(value, Moment):
        return "sa.DateTime()"
    if isinstance(value, FileList):
        return "sa.JSON()"
    if isinstance(value, ChoiceText):
        return "sa.String(32)"
    base = next(cls.__name__ for cls in type(value).__mro__ if cls.__module__.startswith("sqlalchemy"))
    length = getattr(value, "length", None)
    return f"sa.{base}({length or ''})"
