"""What a plan asks of the rows there are, for a whole chunk of the file in each statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnClause,
    Integer,
    any_,
    case,
    cast,
    column,
    func,
    literal,
    null,
    select,
    tuple_,
    values,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.visitors import replacement_traverse

from app.access import System, predicate
from app.access.policy import decided_by
from app.catalog import Catalog, Entry, Field
from app.declare.access import Verb
from app.declare.event import Deed, Event
from app.store.save import edit_ways
from app.store.session import actor_of

ASKED = 5_000
MOST_ZEROS = 3
"""Zeros at the beginning of a code that are looked for where a spreadsheet may have lost them."""
STEPS = [deed for deed in Deed if deed.value in ("changed", "deleted", "restored")]
"""What makes a row's next version."""


@dataclass(frozen=True)
class Now:
    """A row as it stands for the person: its values by field, and the fields that they may set in it."""

    id: int
    version: int
    values: Mapping[str, Any]
    open: frozenset[str]


class Rows:
    """Finds rows of an entry with the fields a plan needs; the policy is in every statement."""

    def __init__(self, session: Session, entry: Entry, names: Collection[str]) -> None:
        self._session = session
        self._entry = entry
        wide = ("files", "secret", "textarea")
        self._fields = tuple(
            item for name, item in entry.fields.items() if name in names or item.kind.control not in wide
        )  # fmt: skip
        self._ways = edit_ways(session, entry)

    def by_ids(self, ids: Iterable[int]) -> dict[int, Now]:
        """Those of the rows that exist for the person, by id."""
        found: dict[int, Now] = {}
        for some in parts(sorted(set(ids))):
            found |= {now.id: now for now in self._find(self._entry.model.id.in_(some))}
        return found

    def by_keys(self, group: Sequence[Field], keys: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, ...], Now]:
        """Those of the rows that exist for the person, by the values that name them."""
        found: dict[tuple[Any, ...], Now] = {}
        for some in parts(list(keys)):
            for now in self._find(among(self._session, group, some)):
                found[tuple(now.values[item.name] for item in group)] = now
        return found

    def _find(self, condition: Any) -> list[Now]:
        entry, plain = self._entry, [item for item in self._fields if not item.many]
        version = entry.model.version if entry.versioned else literal(0)
        flags = [case((reached, 1), else_=0) for _names, reached in self._ways]
        columns = [item.column.label(f"c{number}") for number, item in enumerate(plain)]
        statement = select(entry.model.id, version, *flags, *columns).where(condition)
        names, first = [item.name for item in plain], 2 + len(flags)
        found = [
            (row[0], row[1], row[2:first], dict(zip(names, row[first:], strict=True)))
            for row in self._session.execute(statement)
        ]
        self._add_many({row_id: given for row_id, _version, _flags, given in found})
        return [Now(row_id, number, given, self._open(yes)) for row_id, number, yes, given in found]

    def _open(self, flags: Sequence[int]) -> frozenset[str]:
        if len(self._ways) == 1:
            return self._ways[0][0] if flags[0] else frozenset()
        return frozenset(name for (names, _), yes in zip(self._ways, flags, strict=True) if yes for name in names)

    def _add_many(self, rows: Mapping[int, dict[str, Any]]) -> None:
        for item in self._fields:
            if not item.many:
                continue
            for given in rows.values():
                given[item.name] = []
            row, referred = item.secondary_columns
            for some in parts(list(rows)):
                pairs = select(row, referred).where(row.in_(some)).order_by(referred)
                for row_id, target_id in self._session.execute(pairs):
                    rows[row_id][item.name].append(target_id)


def parts(items: list[Any]) -> Iterable[list[Any]]:
    """The items, as many at a time as a statement takes."""
    return (items[start : start + ASKED] for start in range(0, len(items), ASKED))


def among(session: Session, group: Sequence[Field], keys: Sequence[tuple[Any, ...]]) -> Any:
    """The rows whose fields hold one of these sets of values."""
    if len(group) == 1:
        item, given = group[0], [key[0] for key in keys]
        if session.get_bind().dialect.name == "postgresql":
            # one parameter is sent and planned far sooner than thousands
            return item.column == any_(literal(given, ARRAY(item.type)))
        return item.column.in_(given)
    columns = tuple_(*(item.column for item in group))
    if session.get_bind().dialect.name != "postgresql":
        return columns.in_(keys)
    sides = zip(group, zip(*keys, strict=True), strict=True)
    arrays = func.unnest(*(literal(list(given), ARRAY(item.type)) for item, given in sides))
    asked = arrays.table_valued(*(column(item.name, item.type) for item in group), name="rn_asked").render_derived()
    return columns.in_(select(*asked.c))


def holders(session: Session, entry: Entry, group: Sequence[Field], keys: Iterable[tuple[Any, ...]]) -> dict[Any, int]:
    """Which row has each of these sets of values, whoever may see it: as the check of a form looks past the policy."""
    found: dict[Any, int] = {}
    columns = [item.column.label(f"c{number}") for number, item in enumerate(group)]
    for some in parts(list(keys)):
        statement = select(entry.model.id, *columns).where(among(session, group, some))
        for row in session.execute(statement, execution_options={"unfiltered": True}):
            found[tuple(row[1:])] = row[0]
    return found


def in_trash(session: Session, entry: Entry, ids: Iterable[int]) -> set[int]:
    """Those of these rows that lie in the trash, whoever may see it: what is theirs is taken all the same."""
    found: set[int] = set()
    for some in parts(sorted(ids)) if entry.trash else ():
        gone = select(entry.model.id).where(entry.model.id.in_(some), entry.model.deleted_at.is_not(None))
        found.update(session.scalars(gone, execution_options={"unfiltered": True}))
    return found


def with_zeros(session: Session, item: Field, texts: Collection[str]) -> dict[str, str]:
    """Of these digits those that begin with zeros in a row that exists for the person, and how they stand there."""
    longer = {text.zfill(len(text) + zeros): text for text in texts for zeros in range(1, MOST_ZEROS + 1)}
    found: dict[str, str] = {}
    for some in parts(list(longer)):
        found |= {longer[text]: text for text in session.scalars(select(item.column).where(item.column.in_(some)))}
    return found


class Scope:
    """Whether rows that are not stored yet would be within the person's reach, asked of the one policy itself.

    Only the fields that decide it are told to the database, each set of values once. Where more than a row's own fields
    decides, `known` is False: then the rows are looked at when they have been written, before anything is final.
    """

    def __init__(self, session: Session, entry: Entry, verb: Verb) -> None:
        self._session = session
        self._entry = entry
        self._verb = verb
        self._catalog: Catalog = session.info["catalog"]
        actor = actor_of(session)
        names = frozenset[str]() if isinstance(actor, System) else decided_by(self._catalog, actor, entry, verb)
        self.known = names is not None
        self.items = tuple(entry.fields[name] for name in sorted(names or ()))
        self.by_field = not isinstance(actor, System) and any(
            grant.fields for grant in actor.grants.get(entry.name, ()) if verb in grant.verbs
        )
        self._answers: dict[tuple[frozenset[str], tuple[Any, ...]], bool] = {}

    def reaches(self, rows: Sequence[tuple[frozenset[str], tuple[Any, ...]]]) -> list[bool]:
        """For each (fields set, values of `items`): whether the person may write such a row."""
        if not self.known or isinstance(actor_of(self._session), System):
            return [True] * len(rows)
        unknown: dict[frozenset[str], list[tuple[Any, ...]]] = defaultdict(list)
        for names, given in dict.fromkeys(rows):
            if (names, given) not in self._answers:
                unknown[names].append(given)
        for names, asked in unknown.items():
            self._ask(names, asked)
        return [self._answers[row] for row in rows]

    def _ask(self, names: frozenset[str], asked: list[tuple[Any, ...]]) -> None:
        """Let the policy choose among rows made of literals that stand where the table would."""
        model, entry = self._entry.model, self._entry
        reached = predicate(self._catalog, actor_of(self._session), entry, self._verb, names)
        for some in parts(asked):
            columns = (column("id", Integer), *(column(item.storage, item.type) for item in self.items))
            table = values(*columns, name="rn_given").data([(-1 - n, *given) for n, given in enumerate(some)]).cte()
            typed = [cast(table.c[item.storage], item.type).label(item.storage) for item in self.items]
            if entry.trash:
                # the policy asks of every row whether it lies in the trash, and these do not
                gone = model.__table__.c.deleted_at
                typed.append(cast(null(), gone.type).label(gone.name))
            stand_in = select(cast(table.c.id, Integer).label("id"), *typed).subquery()
            # the record's own columns alone: those of other tables in the policy may have the same names
            swap = {model.__table__.c[name]: one for name, one in stand_in.c.items()}
            asks = replacement_traverse(reached, {}, partial(_swapped, swap))
            yes = set(self._session.scalars(select(stand_in.c.id).where(asks)))
            self._answers.update({(names, given): -1 - number in yes for number, given in enumerate(some)})


def _swapped(swap: Mapping[Any, Any], element: Any, **_more: Any) -> Any:
    return swap.get(element) if isinstance(element, ColumnClause) else None


def deleted(session: Session, entry: Entry, ids: Iterable[int]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """What rows held that had these ids and are gone, from the trail, as it writes [before, after] of each field."""
    for some in parts(sorted(ids)):
        chosen = (Event.record == entry.name, Event.row_id.in_(some), Event.deed.in_([Deed.DELETED, Deed.PURGED]))
        lines = select(Event.row_id, Event.changes).where(*chosen)
        found = session.execute(lines, execution_options={"unfiltered": True})
        yield from ((row_id, changes) for row_id, changes in found if changes)


def bases(session: Session, entry: Entry, exported: Mapping[int, tuple[int, int]]) -> dict[int, dict[str, Any] | None]:
    """What the fields changed since held in the version that was exported, from the trail, as it writes values.

    `exported` gives (version then, version now) by row; None where the trail does not reach back so far.
    """
    found: dict[int, dict[str, Any] | None] = {}
    for some in parts(sorted(exported)):
        number = func.row_number().over(partition_by=Event.row_id, order_by=Event.id.desc()).label("number")
        newest = (
            select(Event.row_id, Event.changes, number)
            .where(Event.record == entry.name, Event.row_id.in_(some), Event.deed.in_(STEPS))
            .subquery()
        )
        most = max(now - then for then, now in (exported[one] for one in some))
        lines = defaultdict(list)
        statement = select(newest).where(newest.c.number <= most).order_by(newest.c.row_id, newest.c.number)
        for row_id, changes, _number in session.execute(statement, execution_options={"unfiltered": True}):
            lines[row_id].append(changes or {})
        for row_id in some:
            then, now = exported[row_id]
            since = lines[row_id][: now - then]
            if then > now or len(since) < now - then:
                found[row_id] = None
                continue
            found[row_id] = {name: pair[0] for changes in since for name, pair in changes.items()}
    return found
