"""The index that would help a list, judged by the indexes that the database has at the moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Column, Engine, Index, Integer, MetaData, Table, Text, inspect
from sqlalchemy.schema import CreateIndex

from app.catalog import Catalog, Entry, Field
from app.store.cursor import sort_field
from app.store.filter_use import SEARCH
from app.store.tables import FilterUse

LONGEST_NAME = 60
Leading = dict[str, set[str]]
"""The columns by table that an index of the database begins with."""


class Help(Enum):
    """What would help: an index, searching instead of looking into texts, or nothing since there is an index."""

    INDEX = "index"
    SEARCH = "search"
    THERE = "there"
    GONE = "gone"


@dataclass(frozen=True)
class Advice:
    """What would help, and the statement that makes the index."""

    help: Help
    statement: str = ""


def advise(engine: Engine, catalog: Catalog, found: Sequence[FilterUse]) -> list[Advice]:
    """What would help each of these uses."""
    leading = _leading(engine, _tables(catalog, found))
    return [_advice(engine, catalog.get(use.record), use, leading) for use in found]


def _tables(catalog: Catalog, found: Iterable[FilterUse]) -> set[str]:
    tables = set()
    for use in found:
        entry = catalog.get(use.record)
        for name, _op in use.filters:
            item = entry.fields.get(name) if entry is not None else None
            if item is not None:
                tables.add(_place(item)[0])
    return tables


def _leading(engine: Engine, tables: Collection[str]) -> Leading:
    known = inspect(engine)
    found: Leading = {}
    for table in tables:
        groups: list[Any] = [one["column_names"] for one in known.get_indexes(table)]
        groups += [one["column_names"] for one in known.get_unique_constraints(table)]
        groups.append(known.get_pk_constraint(table)["constrained_columns"])
        found[table] = {group[0] for group in groups if group and group[0]}
    return found


def _place(item: Field) -> tuple[str, str]:
    """The table and the column that a filter by a field looks at."""
    if item.many:
        return item.secondary.name, str(item.secondary_columns[1].key)
    return item.model.__tablename__, item.column.property.columns[0].name


def _advice(engine: Engine, entry: Entry | None, use: FilterUse, leading: Leading) -> Advice:
    if entry is None or any(name != SEARCH and name not in entry.fields for name, _op in use.filters):
        return Advice(Help.GONE)
    # one value first: its rows are fewer than those of a range
    filters = sorted(((entry.fields[name], op) for name, op in use.filters if name != SEARCH), key=lambda pair: pair[1])
    for item, op in filters:
        table, column = _place(item)
        if op != "contains" and _fits(item) and column not in leading[table]:
            return Advice(Help.INDEX, _statement(engine, table, _columns(entry, item, op, use.order)))
    if any(op == "contains" or not _fits(item) for item, op in filters):
        return Advice(Help.SEARCH)
    return Advice(Help.THERE)


def _fits(item: Field) -> bool:
    """Whether an index can hold the field's values: long texts are too long for one."""
    return item.many or (item.kind.sortable and not isinstance(item.type, Text))


def _columns(entry: Entry, item: Field, op: str, order: str) -> list[str]:
    """One value goes on in the list's order, so that its first page is where the index begins."""
    if item.many:
        return [str(column.key) for column in reversed(item.secondary_columns)]
    columns = [_place(item)[1]]
    by = entry.fields.get(order.removeprefix("-"))
    if op in ("", "empty") and by is not None and by is not item and sort_field(by) is by and _fits(by):
        columns.append(_place(by)[1])
    return [*columns, "id"]


def _statement(engine: Engine, table: str, columns: Sequence[str]) -> str:
    # a table of its own: an index made of the declared one would become part of it
    plain = Table(table, MetaData(), *(Column(name, Integer) for name in columns))
    name = "_".join(("ix", table, *columns[:-1], "use"))[:LONGEST_NAME]
    index = Index(name, *plain.columns, postgresql_concurrently=True)
    return f"{CreateIndex(index).compile(dialect=engine.dialect)};"
