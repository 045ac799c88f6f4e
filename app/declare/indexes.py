"""The indexes that a declaration implies, in one place: what a list is ordered by, filtered by and told apart by.

Each column that can be ordered by has one index, (column, id): it serves the order both ways, the filter of one value,
and a range. Of a column that says few different things, and of a reference, it goes on with the list's own order,
(column, order, id): whoever sees one unit's rows, or chooses one area, has their first page where the index begins.
Other orders walk the column's index and leave out what is not theirs, which a second index for each would save at the
cost of every import (docs/decisions/indexes.md). On PostgreSQL such an index carries the owner too, so that those who
see one unit's rows count them by the index alone.

Fields that are unique together are checked at the end of a transaction that asks for it, on PostgreSQL: an import may
have rows that exchange what they hold there (docs/decisions/imports.md). Of SQLite it cannot be asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Boolean, Index, Text, UniqueConstraint
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeEngine

from app.declare.fields import FieldSpec, Relation, Use, name_of
from app.declare.screen import Screen
from app.declare.types import AreaCodeText, ChoiceText, TitleText

ORDERED = frozenset({Use.LIST, Use.FILTER, Use.LABEL})
"""Markers of a field that lists may be ordered by; a key may be too, and has its own index already."""

COARSE = (ChoiceText, AreaCodeText, Boolean)
"""Types of columns in which many rows say the same."""


def implied(
    table: str,
    specs: Mapping[str, FieldSpec],
    types: Mapping[str, TypeEngine[Any]],
    nullable: Collection[str],
    screen: Screen | None,
) -> Iterator[Index | UniqueConstraint]:
    """The indexes of a record's table.

    `types` are the column types of the fields that are no references, `nullable` the fields that may be empty.
    """
    first = _order(specs, types, screen)
    goes_on = [first] if first is not None and first in types and not isinstance(types[first], Text) else []
    # what is empty here and there breaks no tie (app.store.page)
    breaks_ties = [name for name in goes_on if name not in nullable and not isinstance(types[name], COARSE)]
    owner = [f"{name}_id" for name, spec in specs.items() if spec.relation is Relation.OWNER]
    carrying: dict[str, Any] = {"postgresql_include": owner} if owner else {}
    for name, spec in specs.items():
        if spec.relation is Relation.MANY:
            continue
        if spec.relation is not None:
            column = f"{name}_id"
            carried = carrying if column not in owner else {}
            yield Index(f"ix_{table}_{name}", column, *goes_on, "id", **carried)
        elif Use.KEY in spec.uses:
            yield UniqueConstraint(name, name=f"uq_{table}_{name}")
        elif name == first or (spec.uses & ORDERED and name in types and not isinstance(types[name], Text)):
            coarse = name != first and isinstance(types[name], COARSE)
            ends = breaks_ties if coarse else []
            yield Index(f"ix_{table}_{name}", name, *ends, "id", **(carrying if coarse else {}))
    yield Index(f"ix_{table}_updated_at", "updated_at", "id")


def together(table: str, number: int, columns: Sequence[str]) -> UniqueConstraint:
    """The constraint of columns that are unique together, the one of this number, from 1, of their table."""
    return UniqueConstraint(*columns, name=f"uq_{table}_{number}", deferrable=True)


@compiles(UniqueConstraint, "sqlite")
def _at_once(constraint: UniqueConstraint, compiler: Any, **options: Any) -> str:
    """SQLite knows no unique constraint that is checked later, and not the word for it either."""
    return str(compiler.visit_unique_constraint(constraint, **options)).removesuffix(" DEFERRABLE")


def _order(specs: Mapping[str, FieldSpec], types: Mapping[str, TypeEngine[Any]], screen: Screen | None) -> str | None:
    """The field that the list is ordered by until a reader chooses another."""
    if screen is not None and screen.order is not None:
        return name_of(screen.order.by) if name_of(screen.order.by) in specs else None
    named = [name for use in (Use.KEY, Use.LABEL) for name, spec in specs.items() if use in spec.uses]
    titles = [name for name, column_type in types.items() if isinstance(column_type, TitleText)]
    return next((name for name in (*named, *titles) if name in types), None)
