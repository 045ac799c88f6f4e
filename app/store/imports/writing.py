"""What applying and undoing share: the rows that are going, taken part by part from the planned ones to the record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from flask_babel import gettext as _
from sqlalchemy import (
    ColumnElement,
    and_,
    cast,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    union,
    update,
)
from sqlalchemy.orm import Session

from app.access import predicate
from app.catalog import STAMPS, Catalog, Entry, Field
from app.declare.access import Verb
from app.declare.event import Deed, Door, Event
from app.store.events import event_line
from app.store.import_tables import ImportBatch
from app.store.imports.batches import Refused
from app.store.imports.sql import GOING, STAGED, Part, as_json, unpacked, value_text
from app.store.search.index import index_rows, settle
from app.store.search.tokens import plan_of
from app.store.session import actor_of

EVENTS = Event.__table__
PART = 20_000
Report = Callable[[int, int], None]
"""Told how many rows of how many are done; may raise to stop the work, after which nothing is stored."""


class Told(NamedTuple):
    """What the trail tells of a row: its name, the fields' labels, and [before, after] of each as JSON."""

    label: ColumnElement[Any]
    fields: ColumnElement[Any]
    changes: ColumnElement[Any]


def _newly(many: dict[str, list[list[int]]], name: str, side: int) -> set[int]:
    """What a planned row refers to by a field on one side, and not on the other."""
    pair = many.get(name, [[], []])
    return {*pair[side]} - {*pair[1 - side]}


class Going:
    """The rows of one batch that are going in, or back: what is done to them, and the lines of the trail.

    `written` are the fields that the plan may change, where the batch does not say so yet.
    """

    def __init__(self, session: Session, batch: ImportBatch, written: Sequence[str] = ()) -> None:
        self.session = session
        self.batch = batch
        self.catalog: Catalog = session.info["catalog"]
        self.entry: Entry = self.catalog[batch.record]
        self.table = self.entry.model.__table__
        self.dialect = session.get_bind().dialect
        self.now = datetime.now(UTC)
        self.actor = actor_of(session)
        own = [item for name, item in self.entry.fields.items() if name not in STAMPS]
        self.plain = [item for item in own if not item.many]
        names = written or batch.written
        if not self.entry.fields.keys() >= {*names}:
            raise Refused(_("The record has other fields now than when the file was checked, so this cannot be done."))
        self.written = [self.entry.fields[name] for name in names]
        self.many = [item for item in own if item in self.written and item.many]

    def count(self, fresh: bool) -> int:
        """How many new rows, or rows there were, are going."""
        statement = select(func.count()).select_from(GOING).where(GOING.c.fresh.is_(fresh))
        return int(self.session.scalar(statement) or 0)

    def know(self) -> None:
        """Let the database's planner see how many rows are going."""
        if self.dialect.name == "postgresql":
            self.session.connection().exec_driver_sql("ANALYZE rn_going")

    def parts(self) -> Iterator[Part]:
        """The rows in parts, in the order of the file."""
        number = func.row_number().over(order_by=GOING.c.line)
        rows = select(GOING.c.line, ((number - 1) // PART).label("part")).subquery()
        found = select(func.min(rows.c.line), func.max(rows.c.line), func.count()).group_by(rows.c.part)
        for first, last, count in self.session.execute(found.order_by(rows.c.part)).all():
            yield Part(first, last, count)

    def source(self, part: Part | None = None) -> Any:
        """The rows that are going, or those of a part, beside what was planned for them."""
        same = and_(STAGED.c.batch_id == self.batch.id, STAGED.c.line == GOING.c.line)
        # told of both: PostgreSQL does not see that the one follows from the other, and may read the whole batch
        return GOING.join(STAGED, same if part is None else and_(same, part.staged))

    def lock(self) -> None:
        """Lock the rows there are in the order of their ids."""
        chosen = select(self.table.c.id).join(GOING, GOING.c.id == self.table.c.id)
        locked = chosen.order_by(self.table.c.id).with_for_update(of=self.table).subquery()
        self.session.execute(select(func.count()).select_from(locked))

    def lines(self, statement: Any) -> list[int]:
        """The lines that a statement finds, which has the policy it needs in itself."""
        return list(self.session.scalars(statement, execution_options={"unfiltered": True}))

    def reached(self, verb: Verb, names: list[str] | None = None) -> ColumnElement[bool]:
        """The rows that the actor may do this to."""
        return predicate(self.catalog, self.actor, self.entry, verb, names or ())

    def added(self, part: Part) -> ColumnElement[bool]:
        """That a row of the record is among those that the part adds, or another with an id between theirs.

        So they are gone through once, by their ids. To look each of them up may go through all of the record each time,
        as PostgreSQL knows nothing of the rows that this transaction adds, and has perhaps just found the record empty.
        """
        ends = select(func.min(GOING.c.id), func.max(GOING.c.id)).where(part.going, GOING.c.fresh)
        first, last = self.session.execute(ends).one()
        return false() if first is None else self.table.c.id.between(first, last)

    def unseen(self, part: Part, side: int = 1) -> Iterator[tuple[Field, list[int]]]:
        """The lines whose rows, written as one side of the plan says, newly refer to what the person may not see."""
        for item in self.written:
            if item.target is not None:
                lines = (
                    self._unseen_many(item, item.target, part, side)
                    if item.many
                    else self._unseen(item, item.target, part)
                )
                yield item, lines

    def _known(self, target: Entry, row_id: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether the row that has this id exists for the actor."""
        visible = predicate(self.catalog, self.actor, target, Verb.READ)
        return exists().where(target.model.id == row_id, visible).select_from(target.model)

    def any_unseen(self, item: Field, target: Entry, part: Part) -> bool:
        """Whether a row of the part refers by a field to what the actor may not see; each is asked for once."""
        column = self.table.c[item.storage]
        changed = GOING.join(self.table, self.table.c.id == GOING.c.id)
        referred = union(
            select(column.label("id")).where(self.added(part), column.is_not(None)),
            select(column).select_from(changed).where(part.going, GOING.c.fresh.is_(False), column.is_not(None)),
        ).subquery()
        return bool(self.lines(select(referred.c.id).where(~self._known(target, referred.c.id)).limit(1)))

    def _unseen(self, item: Field, target: Entry, part: Part) -> list[int]:
        # there is none as a rule, and no need to look at what was planned
        if not self.any_unseen(item, target, part):
            return []
        column = self.table.c[item.storage]
        texts = (STAGED.c.old_values, STAGED.c.new_values)
        before, after = (value_text(self.dialect, text, item.storage) for text in texts)
        rows = select(GOING.c.line).select_from(self.source(part).join(self.table, self.table.c.id == GOING.c.id))
        newly = or_(GOING.c.fresh, before.is_distinct_from(after))
        return self.lines(rows.where(part.going, column.is_not(None), ~self._known(target, column), newly))

    def _unseen_many(self, item: Field, target: Entry, part: Part, side: int) -> list[int]:
        row, referred = item.secondary_columns
        pairs = select(GOING.c.line, referred, STAGED.c.many).select_from(
            self.source(part).join(item.secondary, row == GOING.c.id)
        )
        chosen = pairs.where(part.going, STAGED.c.many.is_not(None), ~self._known(target, referred))
        found = self.session.execute(chosen, execution_options={"unfiltered": True})
        # there are none as a rule; what a row referred to on the other side too may stay, seen or not
        return [line for line, target_id, many in found if target_id in _newly(json.loads(many), item.name, side)]

    def update(self, part: Part, text: ColumnElement[Any]) -> None:
        """Give rows there were the values that a text of the planned row holds, and their next version."""
        columns = [self.table.c[item.storage] for item in self.written if not item.many]
        source, values = unpacked(self.dialect, self.source(part), text, columns)
        rows = select(GOING.c.id.label("rn_id"), *values).select_from(source)
        chosen = rows.where(part.going, GOING.c.fresh.is_(False)).subquery()
        given = {one.name: chosen.c[f"v_{one.name}"] for one in columns}
        stamps = {"updated_at": self.now, "updated_by": self.actor.name, "version": self.table.c.version + 1}
        self.session.execute(update(self.table).where(self.table.c.id == chosen.c.rn_id).values(**given, **stamps))

    def index(self, part: Part) -> None:
        """Let rows that were there be found as they now stand."""
        columns = [self.table.c[name] for name in plan_of(self.entry).fields]
        rows = select(self.table.c.id, *columns).join(GOING, GOING.c.id == self.table.c.id)
        found = self.session.execute(rows.where(part.going, GOING.c.fresh.is_(False))).mappings().all()
        index_rows(self.session, self.entry, found)

    def settle(self, count: int) -> None:
        """After many rows: bring the index by which they are found in order; of few rows it takes care itself."""
        if count >= PART:
            settle(self.session, self.entry)

    def relate(self, part: Part, fresh: bool, before: int, after: int) -> None:
        """Bring the tables of references to many from one side of what was planned to the other (0 before, 1 after)."""
        for item in self.many:
            row, referred = item.secondary_columns
            if not fresh:
                held = self._pairs(item, part, before, fresh).subquery()
                gone = delete(item.secondary).where(row.in_(select(held.c.row_id)))
                self.session.execute(gone, execution_options={"unfiltered": True})
            pairs = self._pairs(item, part, after, fresh)
            self.session.execute(insert(item.secondary).from_select([row.name, referred.name], pairs))

    def _pairs(self, item: Field, part: Part, side: int, fresh: bool) -> Any:
        """(row id, referred id) of what one side of the plan holds."""
        if self.dialect.name == "postgresql":
            ids = as_json(self.dialect, STAGED.c.many).op("->")(item.name).op("->")(side)
            each = func.json_array_elements_text(ids).table_valued("value", name="rn_each")
        else:
            each = func.json_each(STAGED.c.many, f'$."{item.name}"[{side}]').table_valued("value", name="rn_each")
        value = cast(each.c.value, item.secondary_columns[1].type)
        rows = select(GOING.c.id.label("row_id"), value.label("target_id")).select_from(
            self.source(part).join(each, true())
        )
        return rows.where(part.going, GOING.c.fresh.is_(fresh), STAGED.c.many.is_not(None))

    def said(self, deed: Deed, batch_id: int) -> dict[str, Any]:
        """What each line of the trail says, whatever row it is about."""
        line = event_line(self.session, deed, self.entry) | {
            "at": self.now, "door": Door.IMPORT, "record": self.entry.name, "batch_id": batch_id,
        }  # fmt: skip
        return {name: value for name, value in line.items() if value is not None}

    def note(self, part: Part, batch_id: int, deed: Any, told: Told) -> None:
        """Write the lines of the trail, in the order of the file."""
        line: dict[str, Any] = {
            name: literal(value, EVENTS.c[name].type) for name, value in self.said(Deed.CHANGED, batch_id).items()
        }
        label = func.coalesce(told.label, literal("#") + cast(GOING.c.id, EVENTS.c.label.type))
        line |= {"deed": deed, "row_id": GOING.c.id, "label": label, "fields": told.fields, "changes": told.changes,
                 "line": GOING.c.line}  # fmt: skip
        rows = select(*line.values()).select_from(self.source(part)).where(part.going).order_by(GOING.c.line)
        self.session.execute(insert(EVENTS).from_select(list(line), rows, include_defaults=False))
