"""A list's address as data: filters, search, order and place, checked; the same for screens and REST."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import InvalidOperation
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext as _
from marshmallow import ValidationError
from sqlalchemy import ColumnElement, DateTime, and_, or_, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.access import Person, System, readable
from app.catalog import Entry, Field
from app.declare.types import Moment
from app.kinds.value import LOCAL
from app.store.cursor import Cursor, Shape, read, sort_field, without_zone, written
from app.store.search.match import Search, by_tokens, words_of
from app.store.session import actor_of

PAGE_SIZES = (20, 50, 100, 200)
DEFAULT_SIZE = 50
PLACES = ("after", "before", "last")
OWN_NAMES = frozenset({"q", "order", "limit", "cols", "count", "view", *PLACES})
MAX_VALUES = 200
MOST_CONTAINED = 200
A_DAY, A_MINUTE, A_SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)


class BadQuery(ValueError):
    """An address that cannot be answered: the name at fault, in words, and what is allowed."""

    def __init__(self, name: str, text: str, allowed: Iterable[str] = ()) -> None:
        super().__init__(text)
        self.name = name
        self.text = text
        self.allowed = tuple(allowed)


@dataclass(frozen=True)
class Condition:
    """A filter in force: `op` is "", gte, lte, contains or empty; several values mean any of them."""

    field: Field
    op: str
    values: tuple[Any, ...]

    @property
    def name(self) -> str:
        return f"{self.field.name}__{self.op}" if self.op else self.field.name


@dataclass(frozen=True)
class Query:
    """What a list shows.

    `columns` None means the record's own; `usual` is the order it has when none is asked for, `chosen` that one was
    asked for; a list that is searched and asked for in no order is `ranked`; `after` and `before` exclude one another.
    """

    entry: Entry
    order: Field
    descending: bool
    conditions: tuple[Condition, ...] = ()
    search: str = ""
    limit: int = DEFAULT_SIZE
    columns: tuple[Field, ...] | None = None
    usual: tuple[Field, bool] | None = None
    after: Cursor | None = None
    before: Cursor | None = None
    last: bool = False
    exact: bool = False
    chosen: bool = False
    ranked: bool = False

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Worked out once: what is remembered of a list is looked up by it several times a page."""
        return hash((
            self.entry, self.order, self.descending, self.conditions, self.search, self.limit, self.columns,
            self.after, self.before, self.last,
        ))  # fmt: skip

    @cached_property
    def listed(self) -> Query:
        """The same list at its beginning."""
        placed = self.after is not None or self.before is not None or self.last
        return replace(self, after=None, before=None, last=False) if placed else self

    @property
    def shape(self) -> Shape:
        """What a place in the list is made of; by relevance it is a tier."""
        return Shape("", None, None) if self.ranked else Shape(self.order.name, self.order, self.order.tie)

    @property
    def shown(self) -> tuple[Field, ...]:
        return self.columns or self.entry.listed

    def params(self, **changes: str | None) -> list[tuple[str, str]]:
        """The address's parameters without its place, with some set or (None) left out."""
        found = [(c.name, _written(c, value)) for c in self.conditions for value in c.values]
        if self.search:
            found.append(("q", self.search))
        usual = (self.order, self.descending) == (self.usual or self.entry.order)
        if not usual or (self.search and self.chosen):
            found.append(("order", f"{'-' if self.descending else ''}{self.order.name}"))
        if self.limit != DEFAULT_SIZE:
            found.append(("limit", str(self.limit)))
        if self.columns is not None:
            found.append(("cols", ",".join(item.name for item in self.columns)))
        kept = [(name, value) for name, value in found if name not in changes]
        return kept + [(name, value) for name, value in changes.items() if value is not None]

    def without(self, condition: Condition) -> Query:
        """The same list with one filter less."""
        return replace(self, conditions=tuple(c for c in self.conditions if c is not condition))

    def address(self, **changes: str | None) -> str:
        """The query string of `params`."""
        return urlencode(self.params(**changes))


def _written(condition: Condition, value: Any) -> str:
    return "1" if condition.op == "empty" and value else "0" if condition.op == "empty" else condition.field.kind.write(
        condition.field, value)  # fmt: skip


def plain_query(entry: Entry, actor: Person | System) -> Query:
    """The list of an entry as it opens; never ordered by what the actor sees only masked, as a cursor would tell it."""
    known: Query | None = actor.memo.get((plain_query, entry))
    if known is None:
        order, descending = entry.order
        if not may_order(actor, order):
            order, descending = entry.fields["updated_at"], True
        known = actor.memo[plain_query, entry] = Query(entry, order, descending, usual=(order, descending))
    return known


def read_query(entry: Entry, args: MultiDict[str, str], actor: Person | System, *, most: int = 0) -> Query:
    """The query of an address; raises BadQuery for any name or value that the list does not know.

    Pages have one of the sizes offered. With `most` the reader is a program: any size up to that, and no value may be
    left blank, as forms leave filters that nobody used.
    """
    query = plain_query(entry, actor)
    filters = {item.name: item for item in entry.filtered if readable(actor, item)}
    conditions = []
    for name in dict.fromkeys(args):
        if name in OWN_NAMES:
            continue
        base, _sep, op = name.partition("__")
        item = filters.get(base)
        if item is None or op not in item.kind.operators or name.endswith("__"):
            raise BadQuery(name, _("There is no filter “%(name)s”.", name=name), _filter_names(filters.values()))
        texts = args.getlist(name)
        found = _read_condition(item, op, texts if most else [text for text in texts if text.strip()])
        if found is not None:
            conditions.append(found)
    order = _read_order(entry, args.get("order"), actor)
    search = _read_search(args.get("q", ""))
    words = words_of(search)
    query = replace(
        query,
        conditions=tuple(conditions),
        search=search,
        order=order[0] if order else query.order,
        descending=order[1] if order else query.descending,
        chosen=order is not None,
        ranked=order is None and bool(words) and by_tokens(entry, words, actor),
        limit=_read_limit(args.get("limit"), most),
        columns=_read_columns(entry, args.get("cols")),
        exact=_read_count(args.get("count")),
    )
    return _read_place(query, args)


def _filter_names(filters: Iterable[Field]) -> list[str]:
    return [item.name + (f"__{op}" if op else "") for item in filters for op in item.kind.operators]


def _read_condition(item: Field, op: str, texts: Sequence[str]) -> Condition | None:
    name = f"{item.name}__{op}" if op else item.name
    if not texts:
        return None
    if len(texts) > MAX_VALUES:
        raise BadQuery(name, _("At most %(limit)s values of “%(name)s”.", limit=MAX_VALUES, name=item.label))
    if op == "empty":
        if texts[0] not in ("0", "1"):
            raise BadQuery(name, _("“%(value)s” is no value of “%(name)s”.", value=texts[0], name=name), ("0", "1"))
        return Condition(item, op, (texts[0] == "1",))
    if any("\x00" in text for text in texts):
        text = _("The text has a character that cannot be stored.")
        raise BadQuery(name, text)
    if op == "contains":
        if any(len(text) > MOST_CONTAINED for text in texts):
            raise BadQuery(name, _("Search for at most %(limit)s characters.", limit=MOST_CONTAINED))
        return Condition(item, op, tuple(texts))
    try:
        return Condition(item, op, tuple(_one_value(item, text) for text in texts))
    except ValidationError as error:
        text = _("“%(value)s” is no value of “%(name)s”.", value=texts[0][:100], name=item.label)
        allowed = [str(choice.value) for choice in getattr(item.type, "choices", ())]
        raise BadQuery(name, f"{text} {' '.join(map(str, error.messages))}", allowed) from None


def _one_value(item: Field, text: str) -> Any:
    if not item.many:
        return item.kind.parse(item, text)
    found = item.kind.parse(item, [text])
    if not found:
        raise ValidationError(_("Choose a row from the list."))
    return found[0]


def _read_order(entry: Entry, text: str | None, actor: Person | System) -> tuple[Field, bool] | None:
    if not text:
        return None
    item = entry.fields.get(text.removeprefix("-"))
    if item is None or not item.sortable or not may_order(actor, item):
        allowed = [name for item in entry.columns if item.sortable for name in (item.name, f"-{item.name}")]
        raise BadQuery("order", _("The list cannot be ordered by “%(name)s”.", name=text[:100]), allowed)
    return item, text.startswith("-")


def may_order(actor: Person | System, item: Field) -> bool:
    """Whether an order tells the actor nothing that is masked: neither by the field nor by what orders its rows."""
    return readable(actor, item) and readable(actor, sort_field(item))


def _read_limit(text: str | None, most: int) -> int:
    if not text:
        if most and text is not None:
            raise BadQuery("limit", _("A page cannot have %(count)s rows.", count=""), (f"1–{most}",))
        return DEFAULT_SIZE
    sizes = range(1, most + 1) if most else PAGE_SIZES
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) not in sizes:
        allowed = [f"1–{most}"] if most else [str(size) for size in PAGE_SIZES]
        raise BadQuery("limit", _("A page cannot have %(count)s rows.", count=text[:20]), allowed)
    return int(text)


def _read_count(text: str | None) -> bool:
    if text not in (None, "", "exact", "capped"):
        raise BadQuery("count", _("“%(value)s” is no way to count.", value=text[:20]), ("exact", "capped"))
    return text == "exact"


def _read_search(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())[:100]


def _read_columns(entry: Entry, text: str | None) -> tuple[Field, ...] | None:
    if not text:
        return None
    known = {item.name: item for item in entry.columns}
    names = list(dict.fromkeys(name for name in text.split(",") if name))
    wrong = next((name for name in names if name not in known), None)
    if wrong is not None or not names:
        raise BadQuery("cols", _("There is no column “%(name)s”.", name=(wrong or "")[:100]), known)
    return tuple(known[name] for name in names)


def _read_place(query: Query, args: MultiDict[str, str]) -> Query:
    given = [name for name in PLACES if args.get(name)]
    if len(given) > 1:
        raise BadQuery(given[1], _("Give one place in the list at most."), PLACES)
    if not given:
        return query
    if given[0] == "last":
        if args["last"] != "1":
            raise BadQuery("last", _("“%(value)s” is no place in the list.", value=args["last"][:20]), ("1",))
        return replace(query, last=True)
    cursor = read_cursor(query, given[0], args[given[0]])
    return replace(query, after=cursor) if given[0] == "after" else replace(query, before=cursor)


def write_cursor(query: Query, cursor: Cursor) -> str:
    """A place as text for an address."""
    return written(query.shape, cursor)


def read_cursor(query: Query, name: str, text: str) -> Cursor:
    """The place that `write_cursor` wrote for the same order; raises BadQuery."""
    try:
        return read(query.shape, text)
    except (
        ValueError, TypeError, KeyError, IndexError, binascii.Error, InvalidOperation, OverflowError, RecursionError
    ):  # fmt: skip
        message = _("The place in the list cannot be read; it may belong to another order.")
        raise BadQuery(name, message, (_("Leave it out to begin at the first page."),)) from None


def where(session: Session, query: Query) -> list[ColumnElement[bool]]:
    """The SQL conditions of a query's filters and search; the policy is added by the session."""
    found = [condition_sql(condition) for condition in query.conditions]
    words = words_of(query.search)
    return found + Search(session, query.entry, actor_of(session)).having(words) if words else found


def where_walking(session: Session, query: Query) -> tuple[list[ColumnElement[bool]], bool]:
    """The same for a page in the list's order, and whether walking that order may be the way to its rows.

    It is not where few rows have the words: their tokens lead to them.
    """
    found = [condition_sql(condition) for condition in query.conditions]
    words = words_of(query.search)
    if not words:
        return found, True
    search = Search(session, query.entry, actor_of(session))
    common = search.common(words)
    return found + (search.row_by_row(words) if common else search.having(words)), common or not search.tokens


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def condition_sql(condition: Condition) -> ColumnElement[bool]:
    """The SQL of one filter."""
    item, values = condition.field, condition.values
    if item.many:
        row, referred = item.secondary_columns
        chosen = select(row) if condition.op == "empty" else select(row).where(referred.in_(values))
        inside: ColumnElement[bool] = item.model.id.in_(chosen)
        return ~inside if condition.op == "empty" and values[0] else inside
    column = item.column
    if condition.op == "empty":
        return column.is_(None) if values[0] else column.is_not(None)  # type: ignore[no-any-return]
    if condition.op == "contains":
        return and_(*(column.ilike(f"%{_escaped(value)}%", escape="\\") for value in values))
    if isinstance(item.type, (Moment, DateTime)):
        return _moment_sql(column, condition.op, values)
    if condition.op == "gte":
        return column >= max(values)  # type: ignore[no-any-return]
    if condition.op == "lte":
        return column <= min(values)  # type: ignore[no-any-return]
    return column.in_(values)  # type: ignore[no-any-return]


def _moment_sql(column: Any, op: str, values: Sequence[datetime]) -> ColumnElement[bool]:
    """A day names all its moments, until a day means until its end; a minute or second names all of its own."""
    held = [value if isinstance(column.type, Moment) else without_zone(value) for value in values]
    if op == "gte":
        return column >= max(held)  # type: ignore[no-any-return]
    spans = [_span(value) for value in values]
    if op == "lte":
        ends = (
            column < value + span if span is A_DAY else column <= value
            for value, span in zip(held, spans, strict=True)
        )  # fmt: skip
        return and_(*ends)
    return or_(*(
        and_(column >= value, column < value + span) for value, span in zip(held, spans, strict=True)
    ))  # fmt: skip


def _span(value: datetime) -> timedelta:
    """How long what was typed lasts: a day where no time of day was given."""
    at = value.astimezone(LOCAL).time()
    return A_DAY if at == time() else A_SECOND if at.second else A_MINUTE
