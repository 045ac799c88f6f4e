"""Where tokens lie: a table beside each record's own, of FTS5 on SQLite and with a GIN index on PostgreSQL.

They are no tables of the metadata, since SQLite makes several of each; migrations name them by operations of their own
(app.store.search.operations).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Dialect

from app.catalog import declared_models
from app.declare.event import Event

PREFIX = "rn_search_"
BLOCK = 1_024
"""So many ids in a row are one block, by which PostgreSQL's index finds a stretch of a common word's rows."""

SQLITE = "CREATE VIRTUAL TABLE {name} USING fts5(label, rest, tokenize = 'ascii')"
POSTGRESQL = (
    "CREATE TABLE {name} (id integer PRIMARY KEY, tokens tsvector NOT NULL)",
    f"CREATE INDEX ix_{{name}} ON {{name}} USING gin (tokens, (ARRAY[id / {BLOCK}]))",
    # the planner asks how frequent a pair is before it chooses between this index and the list's own order
    "ALTER TABLE {name} ALTER COLUMN tokens SET STATISTICS 300",
    # of blocks there is nothing to know
    "ALTER INDEX ix_{name} ALTER COLUMN 2 SET STATISTICS 0",
)


def search_table(table: str) -> str:
    """The name of the table that holds the tokens of a record's rows."""
    return f"{PREFIX}{table}"


def block_sql(name: str) -> str:
    """The blocks of a row as the index has them: written otherwise, it would not be used."""
    return f"ARRAY[{name}.id / {BLOCK}]"


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
