"""Applying a plan: one transaction in which every row goes in, with its version, its history and its search, or none.

What was found when the plan was made is asked again: the person's rights, the versions of the rows under lock, the rows
referred to, where each row ends up. The rows themselves go from the planned ones to the record inside the database.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, case, cast, delete, exists, func, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access import System, editable, may, predicate
from app.catalog import STAMPS, Catalog, Entry, Field
from app.declare.access import Verb
from app.declare.event import Deed, Door, Event
from app.store.events import event_line
from app.store.import_tables import ImportBatch, Outcome, State
from app.store.imports.batches import Refused, count_rows, rights, take
from app.store.imports.lookup import Scope
from app.store.imports.planning import writing_now
from app.store.imports.sql import GOING, STAGED, as_json, close_going, open_going, unpacked, value_text
from app.store.save import Rules
from app.store.session import actor_of, writing
from app.store.validate import WHOLE, taken

PART = 20_000
ROUNDS = 5
Report = Callable[[int, int], None]
"""Told how many rows of how many are done; may raise to stop the work, after which nothing is stored."""


class RowsRefused(Refused):
    """Rows cannot go in, so none did; `count` of them, each with its reason in the batch."""

    def __init__(self, count: int) -> None:
        super().__init__(_("%(count)s rows cannot be imported, so none was.", count=count))
        self.count = count


class Outdated(Refused):
    """What the person may do, or the record itself, has changed since the plan: it has to be made again."""


class _Late(Exception):
    """Rows that were good when planned and are not now: (outcome, field, message) by line."""

    def __init__(self, rows: dict[int, tuple[Outcome, str, str]]) -> None:
        super().__init__(len(rows))
        self.rows = rows


def apply(
    session: Session, batch_id: int, rules: Rules, *, good_rows: bool = False, report: Report = lambda done, total: None
) -> dict[str, int]:
    """Store what was planned; returns the batch's counts, with `added` and `edited`.

    All rows or none; with `good_rows`, those that nothing stands against. Raises RowsRefused, Outdated or Refused, and
    whatever `report` raises; nothing is stored then. A batch that is applied already is told by its counts again.
    """
    with writing_now(), writing(session):
        session.rollback()
        for _round in range(ROUNDS):
            try:
                return _Apply(session, batch_id, rules, good_rows).run(report)
            except _Late as late:
                session.rollback()
                _mark(session, batch_id, late.rows)
                if not good_rows:
                    raise RowsRefused(len(late.rows)) from None
            except IntegrityError:
                session.rollback()
                found = _Apply(session, batch_id, rules, good_rows).taken()
                session.rollback()
                if not found:
                    raise Refused(_("Somebody changed a row that this import needs. Check the file again.")) from None
                _mark(session, batch_id, found)
                if not good_rows:
                    raise RowsRefused(len(found)) from None
            except BaseException:
                session.rollback()
                raise
    raise Refused(_("Others keep changing these rows. Please try again later."))


def _mark(session: Session, batch_id: int, rows: dict[int, tuple[Outcome, str, str]]) -> None:
    """Note in the plan what stands against rows now."""
    for line, (outcome, name, text) in rows.items():
        notes = json.dumps([{"field": name, "place": None, "message": text}], ensure_ascii=False)
        session.execute(
            update(STAGED).where(STAGED.c.batch_id == batch_id, STAGED.c.line == line)
            .values(outcome=outcome, notes=notes)
        )  # fmt: skip
    take(session, batch_id).counts = count_rows(session, batch_id)
    session.commit()


class _Apply:
    """One attempt."""

    def __init__(self, session: Session, batch_id: int, rules: Rules, good_rows: bool) -> None:
        self._session = session
        self._rules = rules
        self._good_rows = good_rows
        self._batch: ImportBatch = take(session, batch_id)
        self._catalog: Catalog = session.info["catalog"]
        self._entry: Entry = self._catalog[self._batch.record]
        self._dialect = session.get_bind().dialect
        self._table = self._entry.model.__table__
        self._now = datetime.now(UTC)
        self._actor = actor_of(session)
        own = [item for name, item in self._entry.fields.items() if name not in STAMPS]
        self._plain = [item for item in own if not item.many]
        self._written = [self._entry.fields[name] for name in self._batch.written]
        self._many = [item for item in own if item.many and item.name in self._batch.written]

    def run(self, report: Report) -> dict[str, int]:
        """Do it all, and commit."""
        batch = self._batch
        if batch.state is State.APPLIED:
            return dict(batch.counts)
        self._check_state()
        open_going(self._session)
        self._choose()
        total = self._count(True) + self._count(False)
        self._lock()
        report(0, total)
        done = 0
        for first, last, count in self._parts():
            within = and_(GOING.c.line >= first, GOING.c.line <= last)
            self._insert(within)
            self._update(within)
            self._relate(within)
            self._check_written(within)
            self._note(within)
            done += count
            report(done, total)
        batch.counts = batch.counts | {"added": self._count(True), "edited": self._count(False)}
        batch.state, batch.applied_at = State.APPLIED, self._now
        close_going(self._session)
        counts = dict(batch.counts)
        self._session.commit()
        return counts

    def _check_state(self) -> None:
        batch, entry = self._batch, self._entry
        if batch.state is not State.PLANNED:
            raise Refused(_("This import has to be checked first.") if batch.state is State.WAITING
                          else _("This import is over."))  # fmt: skip
        if batch.rights != rights(self._session, entry, self._rules.ceiling):
            raise Outdated(_("What you may do here has changed since the file was checked. Check it again."))
        counts = {Outcome(name): count for name, count in batch.counts.items()}
        bad = sum(count for outcome, count in counts.items() if not outcome.good)
        if bad and not self._good_rows:
            raise RowsRefused(bad)
        for outcome, verb in ((Outcome.NEW, Verb.ADD), (Outcome.CHANGED, Verb.EDIT)):
            if counts.get(outcome) and not may(self._actor, entry, verb):
                raise Outdated(_("What you may do here has changed since the file was checked. Check it again."))

    def _choose(self) -> None:
        """Put the rows that go in into their table; new ones get their ids here."""
        mine = STAGED.c.batch_id == self._batch.id
        number = func.row_number().over(order_by=STAGED.c.line)
        if self._dialect.name == "postgresql":
            sequence = func.pg_get_serial_sequence(self._table.name, "id")
            new_id = func.nextval(sequence)
        else:
            new_id = select(func.coalesce(func.max(self._table.c.id), 0)).scalar_subquery() + number
        names = ["line", "id", "version", "fresh"]
        new = select(STAGED.c.line, new_id, literal(0), literal(True)).where(mine, STAGED.c.outcome == Outcome.NEW)
        old = select(STAGED.c.line, STAGED.c.target_id, STAGED.c.version, literal(False)).where(
            mine, STAGED.c.outcome == Outcome.CHANGED
        )
        for rows in (new.order_by(STAGED.c.line), old):
            self._session.execute(insert(GOING).from_select(names, rows))
        if self._dialect.name == "postgresql":
            self._session.connection().exec_driver_sql("ANALYZE rn_going")

    def _count(self, fresh: bool) -> int:
        statement = select(func.count()).select_from(GOING).where(GOING.c.fresh.is_(fresh))
        return int(self._session.scalar(statement) or 0)

    def _parts(self) -> Iterator[tuple[int, int, int]]:
        """The rows in parts: first line, last line, how many."""
        number = func.row_number().over(order_by=GOING.c.line).label("number")
        rows = select(GOING.c.line, ((number - 1) / PART).label("part")).subquery()
        found = select(func.min(rows.c.line), func.max(rows.c.line), func.count())
        yield from self._session.execute(found.group_by(rows.c.part).order_by(rows.c.part)).tuples().all()

    def _lock(self) -> None:
        """Lock the rows to be changed in the order of their ids, and see that they stand as they did."""
        table, model, session = self._table, self._entry.model, self._session
        chosen = select(table.c.id).join(GOING, GOING.c.id == table.c.id).where(GOING.c.fresh.is_(False))
        locked = chosen.order_by(table.c.id).with_for_update(of=table).subquery()
        session.execute(select(func.count()).select_from(locked))
        conditions = [model.id == GOING.c.id]
        if self._entry.versioned:
            conditions.append(model.version == GOING.c.version)
        conditions += [predicate(self._catalog, self._actor, self._entry, verb) for verb in (Verb.READ, Verb.EDIT)]
        gone = select(GOING.c.line).where(GOING.c.fresh.is_(False), ~exists().where(*conditions).select_from(model))
        lines = list(session.scalars(gone, execution_options={"unfiltered": True}))
        if lines:
            text = _("Somebody changed this row after the file was checked. Check the file again.")
            raise _Late(dict.fromkeys(lines, (Outcome.CONFLICT, WHOLE, str(text))))

    def _source(self, within: Any, fresh: bool) -> Any:
        joined = GOING.join(STAGED, and_(STAGED.c.batch_id == self._batch.id, STAGED.c.line == GOING.c.line))
        return joined, and_(within, GOING.c.fresh.is_(fresh))

    def _stamps(self, new: bool) -> dict[str, Any]:
        kept = {"updated_at": self._now, "updated_by": self._actor.name}
        return {**kept, "created_at": self._now, "created_by": self._actor.name, "version": 1} if new else kept

    def _insert(self, within: Any) -> None:
        source, condition = self._source(within, True)
        columns = [self._table.c[item.storage] for item in self._plain]
        source, values = unpacked(self._dialect, source, STAGED.c.new_values, columns)
        stamps = self._stamps(True)
        rows = select(
            GOING.c.id, *values, *(literal(value, self._table.c[name].type) for name, value in stamps.items())
        ).select_from(source).where(condition).order_by(GOING.c.line)  # fmt: skip
        names = ["id", *(one.name for one in columns), *stamps]
        self._session.execute(insert(self._table).from_select(names, rows, include_defaults=False))

    def _update(self, within: Any) -> None:
        columns = [self._table.c[item.storage] for item in self._written if not item.many]
        source, condition = self._source(within, False)
        source, values = unpacked(self._dialect, source, STAGED.c.new_values, columns)
        rows = select(GOING.c.id.label("rn_id"), *values).select_from(source).where(condition).subquery()
        given = {one.name: rows.c[f"v_{one.name}"] for one in columns}
        self._session.execute(
            update(self._table).where(self._table.c.id == rows.c.rn_id)
            .values(**given, **self._stamps(False), version=self._table.c.version + 1)
        )  # fmt: skip

    def _relate(self, within: Any) -> None:
        """Bring the tables of references to many to what the rows shall hold."""
        for item in self._many:
            row, referred = item.secondary_columns
            for side, fresh in ((0, False), (1, False), (1, True)):
                pairs = self._pairs(item, within, side, fresh)
                if side:
                    self._session.execute(insert(item.secondary).from_select([row.name, referred.name], pairs))
                else:
                    held = pairs.subquery()
                    self._session.execute(delete(item.secondary).where(row.in_(select(held.c.row_id))))

    def _pairs(self, item: Field, within: Any, side: int, fresh: bool) -> Any:
        """(row id, referred id) of what rows held before (side 0) or shall hold (1)."""
        source, condition = self._source(within, fresh)
        if self._dialect.name == "postgresql":
            ids = as_json(self._dialect, STAGED.c.many).op("#>")(f"{{{item.name},{side}}}")
            each = func.json_array_elements_text(ids).table_valued("value", name="rn_each")
        else:
            each = func.json_each(STAGED.c.many, f'$."{item.name}"[{side}]').table_valued("value", name="rn_each")
        value = cast(each.c.value, item.secondary_columns[1].type)
        return (
            select(GOING.c.id.label("row_id"), value.label("target_id"))
            .select_from(source.join(each, literal(True)))
            .where(condition, STAGED.c.many.is_not(None))
        )

    def _check_written(self, within: Any) -> None:
        """What the person may refer to, and where rows may be, asked of the rows as they are now."""
        if isinstance(self._actor, System):
            return
        late: dict[int, tuple[Outcome, str, str]] = {}
        for item in self._plain:
            if item.refers and item.target is not None and item.name in {one.name for one in self._written}:
                text = str(_("This row does not exist, or you may not see it. Choose another."))
                late |= dict.fromkeys(self._unseen(item, within), (Outcome.ERROR, item.name, text))
        field = self._entry.owner or self._entry.whole
        for verb, fresh in ((Verb.ADD, True), (Verb.EDIT, False)):
            text = str(_("You may not put a row here. Choose what you may maintain."))
            late |= dict.fromkeys(
                self._astray(verb, fresh, within), (Outcome.OUTSIDE, field.name if field else WHOLE, text)
            )
        if late:
            raise _Late(late)

    def _unseen(self, item: Field, within: Any) -> list[int]:
        """The lines whose rows newly refer to what the person may not see."""
        target = item.target
        assert target is not None  # asked for references alone
        column = self._table.c[item.storage]
        seen = exists().where(
            target.model.id == column, predicate(self._catalog, self._actor, target, Verb.READ)
        ).select_from(target.model)  # fmt: skip
        before, after = (
            value_text(self._dialect, one, item.storage) for one in (STAGED.c.old_values, STAGED.c.new_values)
        )
        source, _condition = self._source(within, True)
        statement = (
            select(GOING.c.line).select_from(source.join(self._table, self._table.c.id == GOING.c.id))
            .where(within, column.is_not(None), ~seen, or_(GOING.c.fresh, before.is_distinct_from(after)))
        )  # fmt: skip
        return list(self._session.scalars(statement, execution_options={"unfiltered": True}))

    def _astray(self, verb: Verb, fresh: bool, within: Any) -> list[int]:
        """The lines whose rows are now where the person may not write them."""
        model = self._entry.model
        # where the row's own values decide, each field's grants were asked when the row was planned
        names = [] if Scope(self._session, self._entry, verb).known else self._names(fresh)
        reached = predicate(self._catalog, self._actor, self._entry, verb, names)
        here = exists().where(model.id == GOING.c.id, reached).select_from(model)
        statement = select(GOING.c.line).where(within, GOING.c.fresh.is_(fresh), ~here)
        return list(self._session.scalars(statement, execution_options={"unfiltered": True}))

    def _names(self, fresh: bool) -> list[str]:
        held = editable(self._actor, self._entry, new=fresh)
        return [item.name for item in self._written if item.name in held]

    def _note(self, within: Any) -> None:
        """The lines of the trail."""
        line = event_line(self._session, Deed.ADDED) | {
            "at": self._now,
            "door": Door.IMPORT,
            "record": self._entry.name,
        }
        source, _condition = self._source(within, True)
        events = Event.__table__
        told: dict[str, Any] = {
            name: literal(value, events.c[name].type) for name, value in line.items() if value is not None
        }
        told |= {
            "deed": case((GOING.c.fresh, literal("added")), else_=literal("changed")),
            "row_id": GOING.c.id,
            "label": func.coalesce(STAGED.c.label, literal("#") + cast(GOING.c.id, STAGED.c.label.type)),
            "fields": STAGED.c.fields,
            "changes": as_json(self._dialect, STAGED.c.changes),
            "batch_id": literal(self._batch.id),
            "line": GOING.c.line,
        }
        rows = select(*told.values()).select_from(source).where(within).order_by(GOING.c.line)
        self._session.execute(insert(events).from_select(list(told), rows, include_defaults=False))

    def taken(self) -> dict[int, tuple[Outcome, str, str]]:
        """The lines of new rows whose key or other unique values somebody has taken since the plan."""
        found: dict[int, tuple[Outcome, str, str]] = {}
        for group in self._entry.uniques:
            columns = [self._table.c[item.storage] for item in group]
            source, values = unpacked(self._dialect, STAGED, STAGED.c.new_values, columns)
            same = and_(*(one == value.element for one, value in zip(columns, values, strict=True)))
            statement = (
                select(STAGED.c.line)
                .select_from(source.join(self._table, same))
                .where(
                    STAGED.c.batch_id == self._batch.id,
                    or_(
                        STAGED.c.outcome == Outcome.NEW,
                        and_(STAGED.c.outcome == Outcome.CHANGED, STAGED.c.target_id != self._table.c.id),
                    ),
                )
            )
            told = (Outcome.CONFLICT, group[-1].name, taken(group))
            found |= dict.fromkeys(self._session.scalars(statement), told)
        return found
