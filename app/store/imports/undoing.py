"""Undoing an import: every row as it was before, unless somebody has changed it since; a write like any other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    case,
    cast,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access import Forbidden, System, may, predicate
from app.declare.access import Verb
from app.declare.event import Deed
from app.store.import_tables import ImportBatch, State
from app.store.imports.batches import Refused, take
from app.store.imports.lookup import ASKED
from app.store.imports.passing import let_pass, taken_since
from app.store.imports.sql import GOING, STAGED, Part, close_going, open_going, value_text
from app.store.imports.writing import EVENTS, Going, Report, Told
from app.store.save import edit_ways
from app.store.search.index import forget_rows
from app.store.session import writing, writing_now

SHOWN = 100
WRITES = (Deed.ADDED, Deed.CHANGED, Deed.DELETED, Deed.RESTORED, Deed.PURGED)


@dataclass(frozen=True)
class Touched:
    """A row of the import that cannot be taken back: its line in the file, its id, its name, and why."""

    line: int
    row_id: int
    label: str
    reason: str


class ChangedSince(Refused):
    """Somebody has changed rows since the import, so nothing was undone: the first of them, and how many there are."""

    def __init__(self, rows: Sequence[Touched], count: int) -> None:
        super().__init__(_("%(count)s rows have been changed since the import, so none was undone.", count=count))
        self.rows = tuple(rows)
        self.count = count


@dataclass(frozen=True)
class Undone:
    """What an undoing did: its own batch, how many rows it removed and restored, and how many it left as they are."""

    batch_id: int
    removed: int
    restored: int
    kept: int


def undo(session: Session, batch_id: int, *, others: bool = False, report: Report = lambda done, total: None) -> Undone:
    """Take an import back, all rows or none; with `others`, all that nobody has changed since.

    Raises ChangedSince, Forbidden or Refused, and whatever `report` raises; nothing is changed then. An import that is
    undone already is told by what its undoing came to.
    """
    with writing_now(), writing(session):
        session.rollback()
        for passing in (False, True):
            try:
                return _undo(session, batch_id, others, report, passing)
            except IntegrityError:
                # rows of the file may have passed on what may be there only once
                session.rollback()
            except BaseException:
                session.rollback()
                raise
        raise Refused(_("What the rows held before is no longer free, or refers to rows that are gone."))


def _undo(session: Session, batch_id: int, others: bool, report: Report, passing: bool) -> Undone:
    batch = take(session, batch_id)
    if batch.state is State.UNDONE:
        return _earlier(session, batch)
    if batch.state is not State.APPLIED or batch.undo_of is not None:
        raise Refused(_("There is nothing to undo here."))
    rows = Undoing(session, batch)
    open_going(session)
    rows.choose()
    rows.check_rights()
    kept = rows.leave_touched(others)
    removed, restored, done = rows.count(True), rows.count(False), 0
    total = removed + restored
    own = rows.begin()
    if passing:
        let_pass(session, rows.entry, rows.source())
    for part in rows.parts():
        deed = case((GOING.c.fresh, literal("deleted")), else_=literal("changed"))
        rows.note(part, own.id, deed, Told(EVENTS.c.label, EVENTS.c.fields, rows.swapped()))
        if restored:
            rows.relate(part, False, 1, 0)
            rows.update(part, STAGED.c.old_values)
            rows.index(part)
        rows.remove(part)
        rows.check_restored(part)
        done += part.rows
        report(done, total)
    undone = Undone(own.id, removed, restored, kept)
    own.counts = {"removed": undone.removed, "edited": undone.restored}
    batch.state, batch.undone_at = State.UNDONE, rows.now
    batch.counts = batch.counts | ({"kept": kept} if kept else {})
    close_going(session)
    session.commit()
    rows.settle(total)
    return undone


def _earlier(session: Session, batch: ImportBatch) -> Undone:
    """What the undoing of an import came to that is undone."""
    # by the file, for which there is an index
    same = (ImportBatch.digest == batch.digest, ImportBatch.record == batch.record)
    own = session.scalars(select(ImportBatch).where(*same, ImportBatch.undo_of == batch.id)).one()
    return Undone(own.id, own.counts["removed"], own.counts["edited"], batch.counts.get("kept", 0))


class Undoing(Going):
    """The rows of an import that are going back."""

    def choose(self) -> None:
        """Put the rows that the import wrote into their table, each at the version it left them at."""
        fresh = EVENTS.c.deed == Deed.ADDED
        version = case((fresh, literal(1)), else_=STAGED.c.version + 1)
        new = case((fresh, literal(True)), else_=literal(False))
        planned = and_(STAGED.c.batch_id == self.batch.id, STAGED.c.line == EVENTS.c.line)
        rows = (
            select(EVENTS.c.line, EVENTS.c.row_id, version, new, EVENTS.c.id)
            .select_from(EVENTS.join(STAGED, planned, isouter=self.batch.straight))
            .where(EVENTS.c.batch_id == self.batch.id)
        )
        self.session.execute(insert(GOING).from_select(["line", "id", "version", "fresh", "event"], rows))
        self.know()
        if self.count(True) + self.count(False) < self.batch.counts.get("added", 0) + self.batch.counts.get(
            "edited", 0
        ):
            raise Refused(_("The import is too long ago to be undone."))
        self.lock()

    def source(self, part: Part | None = None) -> Any:
        """The rows that are going back, beside the import's line of the trail and what was planned, if it was."""
        told = EVENTS.c.id == GOING.c.event
        planned = and_(STAGED.c.batch_id == self.batch.id, STAGED.c.line == GOING.c.line)
        # told of both tables, as in `Going.source`
        planned = planned if part is None else and_(planned, part.staged)
        return GOING.join(EVENTS, told).join(STAGED, planned, isouter=self.batch.straight)

    def check_rights(self) -> None:
        """Removing needs the right to delete, restoring the right to edit what goes back: in every row."""
        if isinstance(self.actor, System):
            return
        for verb, fresh in ((Verb.DELETE, True), (Verb.EDIT, False)):
            if not self.count(fresh):
                continue
            if not may(self.actor, self.entry, verb):
                raise Forbidden(self.entry, verb)
            out = ~self._here(self.reached(verb)) if fresh else self._shut()
            # a row that is gone or has been changed since is told of as such, whoever may reach it now
            self._refuse(verb, GOING.c.fresh.is_(fresh), self._as_left(), out)

    def _refuse(self, verb: Verb, *conditions: ColumnElement[bool]) -> None:
        """Raise Forbidden if any row that is going is such a one."""
        if self.lines(select(GOING.c.line).select_from(self.source()).where(*conditions).limit(1)):
            raise Forbidden(self.entry, verb)

    def _here(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        """That a row that is going is among those of the record for which this holds."""
        model = self.entry.model
        return exists().where(model.id == GOING.c.id, condition).select_from(model)

    def _shut(self) -> ColumnElement[bool]:
        """That the person may not edit a row, or not a field that goes back in it."""
        names = {item.name for item in self.written if item.typed and not item.fixed}
        ways = edit_ways(self.session, self.entry)
        shut = [~self._here(self.reached(Verb.EDIT))]
        if len(ways) == 1 and names <= ways[0][0]:
            return shut[0]
        for way, reached in [*ways, (frozenset(names.difference(*(way for way, _reached in ways))), false())]:
            told = [value_text(self.dialect, STAGED.c.changes, name).is_not(None) for name in sorted(way & names)]
            shut.append(and_(or_(false(), *told), ~self._here(reached)))
        return or_(*shut)

    def leave_touched(self, others: bool) -> int:
        """Leave the rows that are no longer as the import left them; raises ChangedSince unless `others` may go."""
        by_whom: list[tuple[str, ColumnElement[bool]]] = [(_("changed or deleted since"), ~self._as_left())]
        by_whom += [(_("other rows refer to it"), referred) for referred in self._referred()]
        if changing := self.count(False):
            by_whom += [(_("what it referred to before is gone, or out of your sight"), lost) for lost in self._lost()]
        rows: list[Touched] = []
        count = sum(self._leave(reason, condition, rows) for reason, condition in by_whom)
        # last: a row that is left as it is keeps what another had before
        while changing and (lines := taken_since(self.session, self.entry, self.written, self.source())):
            for start in range(0, len(lines), ASKED):
                these = GOING.c.line.in_(lines[start : start + ASKED])
                count += self._leave(_("another row has now what it had before"), these, rows)
        if count and not others:
            raise ChangedSince(rows[:SHOWN], count)
        return count

    def _leave(self, reason: str, condition: ColumnElement[bool], told: list[Touched]) -> int:
        """Leave the rows for which a condition holds, telling the first of them; returns how many they are."""
        chosen = select(GOING.c.line, GOING.c.id, EVENTS.c.label).select_from(self.source()).where(condition)
        found = self.session.execute(
            chosen.order_by(GOING.c.line).limit(SHOWN), execution_options={"unfiltered": True}
        ).all()
        if not found:
            return 0
        told += [Touched(line, row_id, label, str(reason)) for line, row_id, label in found]
        gone = delete(GOING).where(condition)
        return int(self.session.execute(gone, execution_options={"unfiltered": True}).rowcount)  # type: ignore[attr-defined]  # a cursor's result

    def _as_left(self) -> ColumnElement[bool]:
        """That a row stands as the import left it.

        Id and version do not tell by themselves: SQLite gives the id of a deleted row to a new one, which comes to the
        same version. What was written since stands in the trail, behind the import's own line.
        """
        table, since = self.table, EVENTS.alias()
        stands = exists().where(table.c.id == GOING.c.id, table.c.version == GOING.c.version).select_from(table)
        this = (since.c.record == self.entry.name, since.c.row_id == GOING.c.id)
        later = exists().where(*this, since.c.id > GOING.c.event, since.c.deed.in_(WRITES)).select_from(since)
        return and_(stands, ~later)

    def _referred(self) -> list[ColumnElement[bool]]:
        """Added rows that rows outside the import refer to."""
        found = []
        for item in self.entry.incoming:
            if item.many:
                row, referred = item.secondary_columns
                source: Any = item.secondary.alias()
                here, there = source.c[row.name], source.c[referred.name]
            else:
                source = item.model.__table__.alias()
                here, there = source.c.id, source.c[item.storage]
            inside = GOING.alias()
            outside = there == GOING.c.id
            if item.entry is self.entry:
                outside = and_(outside, ~exists().where(inside.c.id == here, inside.c.fresh).select_from(inside))
            found.append(and_(GOING.c.fresh, exists().where(outside).select_from(source)))
        return found

    def _lost(self) -> Iterator[ColumnElement[bool]]:
        """Rows there were that would refer again to a row that is not there for the person any more."""
        for item in self.written:
            if item.target is None or item.many:
                continue
            target, visible = item.target.model, predicate(self.catalog, self.actor, item.target, Verb.READ)
            before, after = (
                cast(value_text(self.dialect, text, item.storage), Integer)
                for text in (STAGED.c.old_values, STAGED.c.new_values)
            )
            there = exists().where(target.id == before, visible).select_from(target)
            again = exists().where(*self._own(), before.is_not(None), before.is_distinct_from(after), ~there)
            yield and_(GOING.c.fresh.is_(False), again.select_from(STAGED).correlate(GOING))

    def _own(self) -> tuple[ColumnElement[bool], ...]:
        """That a planned row is the one of a row that is going."""
        return STAGED.c.batch_id == self.batch.id, STAGED.c.line == GOING.c.line

    def begin(self) -> ImportBatch:
        """The batch of the undoing itself."""
        batch = self.batch
        own = ImportBatch(
            record=batch.record, account_id=None if isinstance(self.actor, System) else self.actor.id,
            actor=self.actor.name, made_at=self.now, file_name=batch.file_name, file_id=None, digest=batch.digest,
            size=batch.size, sheet=batch.sheet, sheet_place=batch.sheet_place, header_row=batch.header_row,
            mapping=batch.mapping, mode=batch.mode, clear=batch.clear, state=State.APPLIED, counts={}, notices=[],
            written=batch.written, applied_at=self.now, undo_of=batch.id,
        )  # fmt: skip
        self.session.add(own)
        self.session.flush()
        return own

    def swapped(self) -> ColumnElement[Any]:
        """The import's line of the trail with before and after exchanged."""
        each = func.json_each(EVENTS.c.changes).table_valued("key", "value", name="rn_change")
        if self.dialect.name == "postgresql":
            pair = func.json_build_array(each.c.value.op("->")(1), each.c.value.op("->")(0))
            return select(func.json_object_agg(each.c.key, pair)).select_from(each).correlate(EVENTS).scalar_subquery()
        pair = func.json_array(func.json_extract(each.c.value, "$[1]"), func.json_extract(each.c.value, "$[0]"))
        return select(func.json_group_object(each.c.key, pair)).select_from(each).correlate(EVENTS).scalar_subquery()

    def remove(self, part: Part) -> None:
        """Remove the rows that the import added; what they refer to many times goes with them."""
        added = select(GOING.c.id).where(part.going, GOING.c.fresh)
        gone = delete(self.table).where(self.table.c.id.in_(added))
        self.session.execute(gone, execution_options={"unfiltered": True})
        forget_rows(self.session, self.entry, added)

    def check_restored(self, part: Part) -> None:
        """A row may not go back to where the person may not write, nor refer again to what they may not see."""
        if isinstance(self.actor, System):
            return
        self._refuse(Verb.EDIT, part.going, GOING.c.fresh.is_(False), self._shut())
        if any(lines for _item, lines in self.unseen(part, 0)):
            raise Refused(_("What the rows held before is no longer free, or refers to rows that are gone."))
