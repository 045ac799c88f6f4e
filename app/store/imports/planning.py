"""The plan of an import: a dry run over the whole file that stores what each row would come to, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import reduce
from itertools import zip_longest
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, bindparam, case, func, select, update
from sqlalchemy.orm import Session

from app.access import Forbidden, editable, may, readable
from app.catalog import Catalog, Entry, Field
from app.declare.access import Verb
from app.store.import_tables import Mode, Outcome, State
from app.store.imports.ahead import Ahead
from app.store.imports.batches import (
    ROW_ID,
    ROW_VERSION,
    Layout,
    Refused,
    clear_rows,
    count_rows,
    layout_of,
    line_text,
    rights,
    take,
)
from app.store.imports.columns import Blank, Fault, Kept, Masked, Reader, ToRaw
from app.store.imports.fresh import Fresh
from app.store.imports.known import Known
from app.store.imports.lookup import Now, Rows, holders
from app.store.imports.references import Resolver
from app.store.imports.sql import STAGED, value_text
from app.store.imports.staging import Staged, staging
from app.store.save import Rules
from app.store.session import actor_of, writing_now
from app.store.validate import taken

CHUNK = 5_000
NO_KEY = frozenset({Blank, Fault, Kept, Masked})
Row = tuple[int, Sequence[Any]]
Report = Callable[[int], None]
"""Told how many rows are done; may raise to stop the work."""


def plan(
    session: Session,
    batch_id: int,
    rows: Iterable[Row],
    rules: Rules,
    to_raw: ToRaw,
    report: Report = lambda done: None,
    *,
    ahead: Ahead | None = None,
) -> dict[str, int]:
    """Plan every row of the file, given as (line, cells) below the header; returns the counts by outcome.

    Commits chunk by chunk, so that nobody waits for it; begun again it begins anew. `ahead` stores what is planned
    already. Raises Forbidden or Refused.
    """
    catalog: Catalog = session.info["catalog"]
    # what was read is let go first: SQLite lets no transaction write that began to read before another wrote
    session.rollback()
    with writing_now():
        batch = take(session, batch_id)
        if batch.state not in (State.WAITING, State.PLANNED):
            raise Refused(_("This import is over."))
        entry, layout = catalog[batch.record], layout_of(batch)
        batch.state = State.WAITING
        clear_rows(session, batch_id)
        session.commit()
    planner = Planner(session, entry, layout, rules, to_raw)
    done = 0
    if ahead is not None:
        ahead.begin(planner.written)
    with staging(session, batch_id, (lambda rows: None) if ahead is None else ahead.take) as put:
        for chunk in _chunks(rows):
            put(planner.plan(chunk))
            done += len(chunk)
            report(done)
    session.rollback()
    with writing_now():
        batch = take(session, batch_id)
        if batch.state is not State.WAITING:  # dropped meanwhile
            raise Refused(_("This import is over."))
        planner.mark_repeats(batch_id)
        batch.counts = count_rows(session, batch_id)
        batch.notices, batch.written = planner.notices, planner.written
        batch.rights = rights(session, entry, rules.ceiling)
        batch.planned_at, batch.state = datetime.now(UTC), State.PLANNED
        counts = dict(batch.counts)
        session.commit()
    return counts


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


class Planner:
    """Plans chunk after chunk of one file: reads its columns, finds its rows, and says what each comes to."""

    def __init__(self, session: Session, entry: Entry, layout: Layout, rules: Rules, to_raw: ToRaw) -> None:
        self._session = session
        self._entry = entry
        self._layout = layout
        self.notices: list[dict[str, str]] = []
        actor = actor_of(session)
        self._may_add = may(actor, entry, Verb.ADD)
        if not self._may_add and not may(actor, entry, Verb.EDIT):
            raise Forbidden(entry, Verb.ADD)
        self._places = {
            name: place for place, name in sorted(layout.mapping.items()) if name in entry.fields and self._taken(name)
        }
        if not self._places:
            raise Refused(_("No column of this sheet can be imported."))
        self._readers: dict[str, Reader | Resolver] = {
            name: Reader(item, to_raw) if item.target is None else Resolver(session, item, item.target, to_raw)
            for name, item in ((name, entry.fields[name]) for name in self._places)
        }
        self._hidden = {name: place for place, name in layout.mapping.items() if name in (ROW_ID, ROW_VERSION)}
        self._key = self._find_key()
        self._rows = Rows(session, entry, {*self._places, *(item.name for item in entry.labelled)})
        self._fresh = Fresh(session, entry, self._places, rules, self._key)
        self._known = Known(session, entry, self._places, rules, layout)

    def _taken(self, name: str) -> bool:
        """Whether a column counts; what does not is told once."""
        entry, item, actor = self._entry, self._entry.fields[name], actor_of(self._session)
        if item.kind.control in ("files", "secret"):
            self._tell(item, _("Files and passwords do not come in by workbook; the column is left out."))
            return False
        if item.spec.derived is not None:
            return True
        if not item.typed:
            if not self._layout.returned:
                self._tell(item, _("The console sets this itself; the column is left out."))
            return False
        names_a_row = any(item in group for group in entry.uniques)
        if not names_a_row and name not in editable(actor, entry, new=True) | editable(actor, entry, new=False):
            self._tell(item, _("You may not set this field; the column is left out."))
            return False
        return True

    def _tell(self, item: Field, text: str) -> None:
        self.notices.append({"field": item.name, "text": str(text)})

    def _find_key(self) -> tuple[Field, ...]:
        """The fields by which rows of the file are found among those there are; none if it only adds."""
        actor = actor_of(self._session)
        whole = [group for group in self._entry.uniques if all(item.name in self._places for item in group)]
        key = next((group for group in whole if all(readable(actor, item) for item in group)), ())
        if key or self._layout.returned or self._layout.mode is Mode.INSERT:
            return key
        if whole:
            text = _("“%(label)s” is masked for you, so rows cannot be found by it. Only add new rows, or change an "
                     "exported workbook.", label=whole[0][0].label)  # fmt: skip
            raise Refused(text)
        if self._layout.mode is Mode.UPDATE or self._entry.uniques:
            labels = " / ".join("、".join(item.label for item in group) for group in self._entry.uniques)
            raise Refused(_("The sheet lacks the column that tells its rows apart: %(labels)s.", labels=labels or "id"))
        self.notices.append({"field": "", "text": str(_("Nothing tells rows of this kind apart: every row is added."))})
        return ()

    def plan(self, chunk: Sequence[Row]) -> list[Staged]:
        """What each row of a chunk comes to."""
        chunk = [row for row in chunk if any(row[1]) or any(cell is not None and cell != "" for cell in row[1])]
        lines = [line for line, _cells in chunk]
        cells = list(zip_longest(*(cells for _line, cells in chunk)))
        nothing = [None] * len(chunk)
        columns = {
            name: self._readers[name].read(cells[place] if place < len(cells) else nothing)
            for name, place in self._places.items()
        }
        ids, versions = (self._numbers(name, chunk) for name in (ROW_ID, ROW_VERSION))
        keys = self._keys(columns, ids)
        standing, hidden = self._find(ids, keys)
        fresh: list[int] = []
        known: list[tuple[int, Now, int | None]] = []
        staged: list[Staged] = []
        for index, line in enumerate(lines):
            now = standing[index]
            if now is not None:
                if self._layout.mode is Mode.INSERT:
                    staged.append(
                        self._refuse(
                            line, Outcome.ERROR, taken(self._key) if self._key else _("This row is there already.")
                        )
                    )
                else:
                    known.append((index, now, versions[index]))
            elif (why := self._why_not(ids[index], keys[index] in hidden)) is not None:
                staged.append(self._refuse(line, Outcome.OUTSIDE, why))
            else:
                fresh.append(index)
        staged += self._fresh.plan(lines, columns, fresh, keys)
        staged += self._known.plan(lines, columns, known)
        return staged

    def _why_not(self, row_id: int | None, hidden: bool) -> str | None:
        """Why a row that was not found is not a new one either."""
        if row_id is not None:
            return str(_("There is no such row, or it is not among those you may see."))
        if self._layout.mode is Mode.UPDATE:
            return str(_("There is no such row, or it is not among those you may see."))
        if hidden:
            return taken(self._key)
        return None if self._may_add else str(_("You may not add rows here."))

    def _refuse(self, line: int, outcome: Outcome, text: str) -> Staged:
        name = self._key[-1].name if self._key else ""
        note = {"field": name, "place": self._places.get(name), "message": text}
        return Staged(line, outcome.value, notes=json.dumps([note], ensure_ascii=False))

    def _numbers(self, name: str, chunk: Sequence[Row]) -> list[int | None]:
        place = self._hidden.get(name)
        if place is None:
            return [None] * len(chunk)
        return [_whole(cells[place]) if place < len(cells) else None for _line, cells in chunk]

    def _keys(self, columns: Mapping[str, list[Any]], ids: Sequence[int | None]) -> list[tuple[Any, ...] | None]:
        if not self._key:
            return [None] * len(ids)
        found = zip(*(columns[item.name] for item in self._key), strict=True)
        return [
            None if row_id is not None or any(value.__class__ in NO_KEY for value in key) else key
            for key, row_id in zip(found, ids, strict=True)
        ]

    def _find(
        self, ids: Sequence[int | None], keys: Sequence[tuple[Any, ...] | None]
    ) -> tuple[list[Now | None], set[Any]]:
        """The row that each row of the file is about, as far as there is one for the person; and the keys of others."""
        by_id = self._rows.by_ids(one for one in ids if one is not None) if self._hidden else {}
        asked = dict.fromkeys(key for key in keys if key is not None)
        held = holders(self._session, self._entry, self._key, asked) if asked else {}
        by_key = self._rows.by_keys(self._key, held) if held else {}
        standing = [
            (None if row_id is None else by_id.get(row_id)) if key is None else by_key.get(key)
            for row_id, key in zip(ids, keys, strict=True)
        ]
        return standing, held.keys() - by_key.keys()

    @property
    def written(self) -> list[str]:
        """The fields that the plan may change in rows there are."""
        return self._known.written

    def mark_repeats(self, batch_id: int) -> None:
        """Mark the rows that say again what an earlier row of the file says and only one row may."""
        self._mark(batch_id, STAGED.c.key, self._key)
        dialect = self._session.get_bind().dialect
        for group in self._entry.uniques:
            # rows of a returned export are known by their ids: two of them may come to the same key
            again = group != self._key or group in self._known.moved
            if again and all(item.name in self._places and not item.many for item in group):
                parts = [value_text(dialect, STAGED.c.new_values, item.storage) for item in group]
                self._mark(batch_id, reduce(lambda one, two: one + "\x1f" + two, parts), group)

    def _mark(self, batch_id: int, key: ColumnElement[Any], group: Sequence[Field]) -> None:
        # found first and marked by their place: to join the table with itself takes for ever where the database's
        # planner does not know yet how many rows this batch has
        good = STAGED.c.outcome.in_([one for one in Outcome if one.good])
        seen = (
            select(
                STAGED.c.line,
                func.min(case((good, STAGED.c.line))).over(partition_by=key).label("first"),
                func.count(case((good, 1))).over(partition_by=key).label("count"),
            )
            .where(STAGED.c.batch_id == batch_id, key.is_not(None))
            .subquery()
        )
        again = select(seen.c.line, seen.c.first).where(seen.c.count > 1, seen.c.line != seen.c.first)
        found = self._session.execute(again).all()
        name, labels = (group[-1].name if group else ""), "、".join(item.label for item in group)
        place = self._places.get(name) if group else self._hidden.get(ROW_ID)
        this = and_(STAGED.c.batch_id == batch_id, STAGED.c.line == bindparam("at"))
        mark = update(STAGED).where(this).values(outcome=Outcome.DUPLICATE, notes=bindparam("said"))
        for start in range(0, len(found), CHUNK):
            told = []
            for line, first in found[start : start + CHUNK]:
                text = _(
                    "Row %(row)s of the file is about the same %(labels)s.",
                    row=line_text(first), labels=labels or self._entry.singular,
                )  # fmt: skip
                note = {"field": name, "place": place, "message": str(text)}
                told.append({"at": line, "said": json.dumps([note], ensure_ascii=False)})
            self._session.execute(mark, told)


def _whole(cell: Any) -> int | None:
    """The number in a hidden column; None for anything else."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return int(cell) if cell == cell // 1 and 0 < cell < 2**31 else None
    text = str(cell).strip() if cell is not None else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
