"""Applying a plan: one transaction in which every row goes in, with its version, its history and its search, or none.

What was found when the plan was made is asked again: the person's rights, the versions of the rows under lock, the rows
referred to, where each row ends up. The rows themselves go from the planned ones to the record inside the database.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, case, exists, false, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access import System, editable, may
from app.declare.access import Verb
from app.declare.event import Deed
from app.store.ids import last_used, next_id
from app.store.import_tables import Outcome, State
from app.store.imports.batches import Refused, count_rows, layout_of, rights, take
from app.store.imports.lookup import ASKED, Scope
from app.store.imports.passing import Claim, Group, held, let_pass, movers, reasons
from app.store.imports.sql import GOING, STAGED, Part, as_json, close_going, open_going, unpacked
from app.store.imports.writing import EVENTS, Going, Report, Told
from app.store.save import Rules
from app.store.search.index import index_lines, store_lines
from app.store.search.tokens import plan_of
from app.store.session import writing, writing_now
from app.store.validate import WHOLE

ROUNDS = 5
Reasons = dict[int, tuple[Outcome, str, str]]
"""What stands against rows now, by line: (outcome, field, message)."""


class RowsRefused(Refused):
    """Rows cannot go in, so none did; `count` of them, each with its reason in the batch."""

    def __init__(self, count: int) -> None:
        super().__init__(_("%(count)s rows cannot be imported, so none was.", count=count))
        self.count = count


class Outdated(Refused):
    """What the person may do, or the record itself, has changed since the plan: it has to be made again."""


class _LateError(Exception):
    """Rows that were good when planned are not now."""

    def __init__(self, rows: Reasons) -> None:
        super().__init__(len(rows))
        self.rows = rows


def apply(
    session: Session, batch_id: int, rules: Rules, *, good_rows: bool = False, report: Report = lambda done, total: None
) -> dict[str, int]:
    """Store what was planned; returns the batch's counts, with `added` and `edited`.

    All rows or none; with `good_rows`, those that nothing stands against. Raises RowsRefused, Outdated or Refused, and
    whatever `report` raises; nothing is stored then. A batch that is applied already is told by its counts again.
    """
    passing = False
    with writing_now(), writing(session):
        session.rollback()
        for _round in range(ROUNDS):
            try:
                return _apply(session, batch_id, rules, good_rows, report, passing)
            except _LateError as late:
                session.rollback()
                found = late.rows
            except IntegrityError:
                session.rollback()
                taking = held(session, session.info["catalog"][take(session, batch_id).record], batch_id)
                found = _taken(session, batch_id, taking)
                if taking and not found and not passing:
                    # all that is taken is given up by other rows of the file
                    passing = True
                    continue
                if not found:
                    raise Refused(_("Somebody changed a row that this import needs. Check the file again.")) from None
            except BaseException:
                session.rollback()
                raise
            _mark(session, batch_id, found)
            if not good_rows:
                raise RowsRefused(len(found))
    raise Refused(_("Others keep changing these rows. Please try again later."))


def _apply(
    session: Session, batch_id: int, rules: Rules, good_rows: bool, report: Report, passing: bool
) -> dict[str, int]:
    batch = take(session, batch_id)
    if batch.state is State.APPLIED:
        return dict(batch.counts)
    rows = Applied(session, batch)
    check_state(rows, rules, good_rows)
    open_going(session)
    rows.choose()
    changed = rows.count(False)
    total, done = rows.count(True) + changed, 0
    rows.check_standing()
    if passing:
        let_pass(session, rows.entry, rows.source())
    report(0, total)
    for part in rows.parts():
        rows.store(part, changing=bool(changed))
        done += part.rows
        report(done, total)
    return rows.finish(total - changed, changed)


def check_state(rows: Applied, rules: Rules, good_rows: bool) -> None:
    """Refuse what is not planned, what was planned under other rights, and, where all shall go in, bad rows."""
    batch = rows.batch
    if batch.state is State.WAITING:
        raise Refused(_("This import has to be checked first."))
    if batch.state is not State.PLANNED:
        raise Refused(_("This import is over."))
    counts = {Outcome(name): count for name, count in batch.counts.items()}
    held = all(
        may(rows.actor, rows.entry, verb) or not counts.get(outcome)
        for outcome, verb in ((Outcome.NEW, Verb.ADD), (Outcome.CHANGED, Verb.EDIT))
    )
    if not held or batch.rights != rights(rows.session, rows.entry, rules.ceiling):
        raise Outdated(_("What you may do here has changed since the file was checked. Check it again."))
    bad = sum(count for outcome, count in counts.items() if not outcome.good)
    if bad and not good_rows:
        raise RowsRefused(bad)


def _mark(session: Session, batch_id: int, rows: Reasons) -> None:
    """Note in the plan what stands against rows now."""
    places = {name: place for place, name in layout_of(take(session, batch_id)).mapping.items()}
    for line, (outcome, name, text) in rows.items():
        notes = json.dumps([{"field": name, "place": places.get(name), "message": text}], ensure_ascii=False)
        this = and_(STAGED.c.batch_id == batch_id, STAGED.c.line == line)
        session.execute(update(STAGED).where(this).values(outcome=outcome, notes=notes))
    take(session, batch_id).counts = count_rows(session, batch_id)
    session.commit()


class Applied(Going):
    """The rows that are going in."""

    def store(self, part: Part, *, changing: bool) -> None:
        """Add and change the rows of a part, let them be found, look at where they are now, and write the trail."""
        with self.indexing(part):
            self.insert(part)
            self.relate(part, True, 0, 1)
            # looking for rows to change where there are none can cost more than the rest: the planner of the database
            # knows nothing yet of the rows that this transaction adds
            if changing:
                self.update(part, STAGED.c.new_values)
                self.relate(part, False, 0, 1)
                self.index(part)
            self.check_written(part)
            deed = case((GOING.c.fresh, literal("added")), else_=literal("changed"))
            changes = as_json(self.dialect, STAGED.c.changes)
            self.note(part, self.batch.id, deed, Told(STAGED.c.label, STAGED.c.fields, changes))

    def finish(self, added: int, edited: int) -> dict[str, int]:
        """Commit; returns the batch's counts."""
        batch = self.batch
        batch.counts = batch.counts | {"added": added, "edited": edited}
        batch.state, batch.applied_at = State.APPLIED, self.now
        close_going(self.session)
        counts = dict(batch.counts)
        self.session.commit()
        self.settle(added + edited)
        return counts

    def choose(self) -> None:
        """Put the rows that nothing stands against into their table; new ones get ids here."""
        mine = STAGED.c.batch_id == self.batch.id
        if self.dialect.name == "postgresql":
            new_id = next_id(self.session, self.entry)
        else:
            new_id = last_used(self.entry) + func.row_number().over(order_by=STAGED.c.line)
        new = select(STAGED.c.line, new_id, literal(0), literal(True)).where(mine, STAGED.c.outcome == Outcome.NEW)
        old = select(STAGED.c.line, STAGED.c.target_id, STAGED.c.version, literal(False))
        old = old.where(mine, STAGED.c.outcome == Outcome.CHANGED)
        for rows in (new.order_by(STAGED.c.line), old):
            self.session.execute(insert(GOING).from_select(["line", "id", "version", "fresh"], rows))
        self.know()

    def check_standing(self) -> None:
        """Lock the rows to be changed, and see that they stand as they did when the plan was made."""
        self.lock()
        model = self.entry.model
        conditions = [model.id == GOING.c.id, self.reached(Verb.READ), self.reached(Verb.EDIT)]
        if self.entry.versioned:
            conditions.append(model.version == GOING.c.version)
        other = ~exists().where(*conditions).select_from(model)
        if self.dialect.name == "sqlite":
            # which gives the id of a deleted row to a new one, that may stand at the same version
            gone = Deed.PURGED if self.entry.trash else Deed.DELETED
            this = (EVENTS.c.record == self.entry.name, EVENTS.c.row_id == GOING.c.id, EVENTS.c.deed == gone)
            other |= exists().where(*this, EVENTS.c.at >= self.batch.made_at).select_from(EVENTS)
        lines = self.lines(select(GOING.c.line).where(GOING.c.fresh.is_(False), other))
        if lines:
            text = _("Somebody changed this row after the file was checked. Check the file again.")
            raise _LateError(dict.fromkeys(lines, (Outcome.CONFLICT, WHOLE, str(text))))

    def insert(self, part: Part) -> None:
        """Add the new rows."""
        columns = [self.table.c[item.storage] for item in self.plain]
        source, values = unpacked(self.dialect, self.source(part), STAGED.c.new_values, columns)
        name = self.actor.name
        stamps = {"created_at": self.now, "created_by": name, "updated_at": self.now, "updated_by": name, "version": 1}
        given = [literal(value, self.table.c[key].type) for key, value in stamps.items()]
        rows = select(GOING.c.id, *values, *given).select_from(source).where(part.going, GOING.c.fresh)
        names = ["id", *(one.name for one in columns), *stamps]
        # in the list's own order, as most of its indexes are kept: it halves what they cost where the file has another
        first = self.entry.order[0]
        order = [value for item, value in zip(self.plain, values, strict=True) if item is first]
        rows = rows.order_by(*order, GOING.c.line)
        self.session.execute(insert(self.table).from_select(names, rows, include_defaults=False))

    @contextmanager
    def indexing(self, part: Part) -> Iterator[None]:
        """Let the new rows be found: what they are found by is worked out while the database stores them."""
        names = plan_of(self.entry).fields
        if not names:
            yield
            return
        columns = {name: self.entry.fields[name].storage for name in names}
        rows = select(GOING.c.id, STAGED.c.new_values).select_from(self.source(part)).where(part.going, GOING.c.fresh)
        found = self.session.execute(rows.order_by(GOING.c.line)).all()
        with ThreadPoolExecutor(1) as aside:
            lines = aside.submit(index_lines, self.session, self.entry, _unpacked_here(found, columns))
            yield
        store_lines(self.session, self.entry, lines.result(), new=True)

    def check_written(self, part: Part) -> None:
        """See that the rows, as they are now, refer to what the person may see and stand where they may write."""
        if isinstance(self.actor, System):
            return
        late: Reasons = {}
        text = str(_("This row does not exist, or you may not see it. Choose another."))
        for item, lines in self.unseen(part):
            late |= dict.fromkeys(lines, (Outcome.ERROR, item.name, text))
        field = self.entry.owner or self.entry.whole
        text = str(_("You may not put a row here. Choose what you may maintain."))
        for verb, fresh in ((Verb.ADD, True), (Verb.EDIT, False)):
            reason = (Outcome.OUTSIDE, field.name if field else WHOLE, text)
            late |= dict.fromkeys(self._astray(verb, fresh, part), reason)
        if late:
            raise _LateError(late)

    def _astray(self, verb: Verb, fresh: bool, part: Part) -> list[int]:
        """The lines whose rows are now where the person may not write them."""
        names = None
        if not Scope(self.session, self.entry, verb).known:
            # where the row's own values decide, each field's grants were asked when the row was planned
            held = editable(self.actor, self.entry, new=fresh)
            names = [item.name for item in self.written if item.name in held]
        model, reached = self.entry.model, self.reached(verb, names)
        if not fresh:
            here = exists().where(model.id == GOING.c.id, reached).select_from(model)
            return self.lines(select(GOING.c.line).where(part.going, GOING.c.fresh.is_(False), ~here))
        ids = self.lines(select(model.id).where(self.added(part), ~func.coalesce(reached, false())))
        found: list[int] = []
        for start in range(0, len(ids), ASKED):
            these = GOING.c.id.in_(ids[start : start + ASKED])
            found += self.lines(select(GOING.c.line).where(part.going, these))
        return found


def _unpacked_here(rows: Sequence[Any], columns: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The ids of new rows with some of their fields as the database keeps them; `columns` are theirs, by field name."""
    for row_id, text in rows:
        values = json.loads(text)
        yield {"id": row_id} | {name: values[column] for name, column in columns.items()}


def _taken(session: Session, batch_id: int, taking: Mapping[Group, Sequence[Claim]]) -> Reasons:
    """The rows whose key or other unique values other rows have, and do not give up in this file."""
    found: Reasons = {}
    for group, claims in taking.items():
        free = movers(session, batch_id, group, {claim.holder for claim in claims})
        told = reasons(group, claims, free)
        found |= {line: (Outcome.CONFLICT, group[-1].name, text) for line, text in told.items()}
    session.rollback()
    return found
