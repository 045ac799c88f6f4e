"""How both databases take apart the JSON of planned rows, and the temporary table of those that are going in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Dialect,
    FromClause,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    cast,
    column,
    func,
    true,
)
from sqlalchemy.orm import Session

from app.store.import_tables import ImportRow

STAGED = ImportRow.__table__
GOING = Table(
    "rn_going", MetaData(),
    Column("line", Integer, primary_key=True), Column("id", Integer), Column("version", Integer),
    Column("fresh", Boolean), Column("event", Integer),
    prefixes=["TEMPORARY"],
)  # fmt: skip
"""The rows that an import writes or an undo takes back, for the time of one transaction.

Of one that goes back `event` is the line of the trail that the import wrote.
"""


class Part(NamedTuple):
    """The rows of a batch from one line to another, both included, and how many of them are going."""

    first: int
    last: int
    rows: int

    @property
    def going(self) -> ColumnElement[bool]:
        """That a row which is going is of the part."""
        return and_(GOING.c.line >= self.first, GOING.c.line <= self.last)

    @property
    def staged(self) -> ColumnElement[bool]:
        """That a planned row is of the part."""
        return and_(STAGED.c.line >= self.first, STAGED.c.line <= self.last)


def open_going(session: Session) -> None:
    """Begin with no row going; a transaction that is rolled back forgets the table by itself."""
    GOING.create(session.connection(), checkfirst=False)


def close_going(session: Session) -> None:
    """Forget the rows that are going."""
    GOING.drop(session.connection(), checkfirst=False)


def unpacked(
    dialect: Dialect, source: FromClause, text: ColumnElement[Any], columns: Sequence[Column[Any]]
) -> tuple[FromClause, list[ColumnElement[Any]]]:
    """The rows of `source` with the values that the JSON of `text` holds under the columns' names."""
    if dialect.name != "postgresql":
        return source, [func.json_extract(text, f'$."{one.name}"').label(f"v_{one.name}") for one in columns]
    record = (
        func.json_to_record(cast(text, JSON))
        .table_valued(*(column(one.name, one.type) for one in columns), name="rn_values")
        .render_derived(with_types=True)
    )
    return source.join(record, true()), [record.c[one.name].label(f"v_{one.name}") for one in columns]


def value_text(dialect: Dialect, text: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """One value of a JSON text, as text."""
    if dialect.name != "postgresql":
        return func.json_extract(text, f'$."{name}"', type_=Text())
    return cast(text, JSON).op("->>", return_type=Text())(name)


def as_json(dialect: Dialect, text: ColumnElement[Any]) -> ColumnElement[Any]:
    """A JSON text for a column of JSON."""
    return cast(text, JSON) if dialect.name == "postgresql" else text
