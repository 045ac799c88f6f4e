"""The plan of an import: a dry run over the whole file that stores what each row would come to, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any, NamedTuple

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.access import Forbidden, editable, may, readable
from app.catalog import Catalog, Entry, Field
from app.declare.access import Verb
from app.declare.choices import Words
from app.kinds.text import CodeKind
from app.store.import_tables import ImportBatch, Mode, Outcome, State
from app.store.imports.batches import (
    ROW_ID,
    ROW_VERSION,
    Layout,
    Refused,
    clear_rows,
    count_rows,
    layout_of,
    rights,
    take,
)
from app.store.imports.columns import Blank, Fault, Kept, Masked, Reader, ToRaw
from app.store.imports.filled import Filled, Row, is_empty, no_versions, whole
from app.store.imports.fresh import Draft, Fresh
from app.store.imports.known import Known, Known3
from app.store.imports.lookup import Now, Rows, holders, in_trash, with_zeros
from app.store.imports.passing import Claim, Claims, movers
from app.store.imports.references import Resolver
from app.store.imports.repeats import Repeats
from app.store.imports.staging import Staged, staging
from app.store.save import Rules
from app.store.session import actor_of, writing_now
from app.store.validate import taken

CHUNK = 5_000
FIRST = 1_000
"""Rows of the first chunk: until it is checked, nothing can be stored beside."""
NO_KEY = frozenset({Blank, Fault, Kept, Masked})
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
    remarks: Callable[[], Iterable[Words]] = tuple,
) -> dict[str, int]:
    """Plan every row of the file, given as (line, cells) below the header; returns the counts by outcome.

    `remarks` says at the end what the person should know of how the file was read. Commits chunk by chunk, so that
    nobody waits for it; begun again it begins anew. Raises Forbidden or Refused.
    """
    planner = begin(session, batch_id, rules, to_raw)
    done = 0
    with staging(session, batch_id) as put:
        for chunk in chunks(rows):
            put(planner.plan(chunk))
            done += len(chunk)
            report(done)
    if planner.aside:
        # they are none that could go in before the whole file is checked
        with staging(session, batch_id) as put:
            put(planner.plan_aside(batch_id))
    session.rollback()
    with writing_now():
        batch = take(session, batch_id)
        if batch.state is not State.WAITING:  # dropped meanwhile
            raise Refused(_("This import is over."))
        planner.mark_repeats(batch_id)
        planner.tell(batch, remarks())
        batch.counts = count_rows(session, batch_id)
        batch.planned_at, batch.state = datetime.now(UTC), State.PLANNED
        counts = dict(batch.counts)
        session.commit()
    return counts


def begin(session: Session, batch_id: int, rules: Rules, to_raw: ToRaw) -> Planner:
    """Make ready to check a file, of which nothing is planned then; commits. Raises Forbidden or Refused."""
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
    return Planner(session, entry, layout, rules, to_raw)


def chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows of a file as they are worked on."""
    chunk: list[Row] = []
    size = min(FIRST, CHUNK)
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk, size = [], CHUNK
    if chunk:
        yield chunk


class _LookedAt(NamedTuple):
    """The rows of a chunk: what they say, which are new (by index), which are there already, and which are refused."""

    lines: list[int]
    columns: dict[str, list[Any]]
    keys: list[tuple[Any, ...] | None]
    fresh: list[int]
    known: list[Known3]
    refused: list[Staged]


class Planner:
    """Plans chunk after chunk of one file: reads its columns, finds its rows, and says what each comes to."""

    def __init__(self, session: Session, entry: Entry, layout: Layout, rules: Rules, to_raw: ToRaw) -> None:
        self._session = session
        self._entry = entry
        self._layout = layout
        self._rules = rules
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
        if layout.returned and ROW_VERSION not in self._hidden:
            self.notices.append({"field": "", "text": no_versions()})
        self._filled = Filled({*self._places.values(), *self._hidden.values()})
        self._key = self._find_key()
        self._rows = Rows(session, entry, {*self._places, *(item.name for item in entry.labelled)})
        self._claims = Claims(session)
        self.aside: list[tuple[int, Row]] = []
        """Rows of an export without an id that have the key of the row with this one, which may give it up yet."""
        self._given_up: Collection[int] | None = None
        self._fresh = Fresh(session, entry, self._places, rules, self._key, self._claims)
        self._known = Known(session, entry, self._places, rules, layout, self._claims)

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

    @property
    def plain(self) -> tuple[Field, ...]:
        """The fields that a new row has itself."""
        return self._fresh.plain

    @property
    def straight(self) -> bool:
        """Whether new rows of this file are checked by themselves, whatever else stands in it."""
        return not self._layout.returned and not self._fresh.many

    def plan(self, chunk: Sequence[Row]) -> list[Staged]:
        """What each row of a chunk comes to."""
        looked_at = self._look(chunk)
        staged = looked_at.refused
        staged += self._fresh.plan(looked_at.lines, looked_at.columns, looked_at.fresh, looked_at.keys)
        staged += self._known.plan(looked_at.lines, looked_at.columns, looked_at.known)
        return staged

    def new_rows(self, chunk: Sequence[Row]) -> Draft | None:
        """The rows of a chunk, if each is a new one that nothing stands against."""
        looked_at = self._look(chunk)
        if looked_at.refused or looked_at.known:
            return None
        draft = self._fresh.check(looked_at.lines, looked_at.columns, looked_at.fresh, looked_at.keys)
        return None if draft.bad or draft.outside or self._claims else draft

    def tell(self, batch: ImportBatch, remarks: Iterable[Words]) -> None:
        """Note in the batch what is told of the file, what the plan may change, and under which rights."""
        self.notices += self.left_out()
        self.notices += [{"field": "", "text": str(text)} for text in remarks]
        batch.notices, batch.written = self.notices, self.written
        batch.rights = rights(self._session, self._entry, self._rules.ceiling)

    def _look(self, chunk: Sequence[Row]) -> _LookedAt:
        chunk = self._filled.rows(chunk)
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
        gone = in_trash(self._session, self._entry, hidden.values())
        lost = self._lost_zeros(key for key, now in zip(keys, standing, strict=True) if now is None)
        fresh: list[int] = []
        known: list[Known3] = []
        staged: list[Staged] = []
        for index, line in enumerate(lines):
            now = standing[index]
            if now is not None and ids[index] is None and self._layout.returned:
                if self._given_up is None and len(self.aside) < CHUNK:
                    self.aside.append((now.id, chunk[index]))
                    continue
                if now.id in (self._given_up or ()):
                    self._claims.add(self._key, Claim(line, now.id))
                    now = None
            if now is not None:
                if self._layout.mode is Mode.INSERT:
                    staged.append(
                        self._refuse(
                            line, Outcome.ERROR, taken(self._key) if self._key else _("This row is there already.")
                        )
                    )
                else:
                    known.append((index, now, versions[index]))
            elif (why := self._why_not(ids[index], hidden.get(keys[index]), gone)) is not None:
                staged.append(self._refuse(line, Outcome.OUTSIDE, why))
            elif keys[index] in lost:
                staged.append(self._refuse(line, Outcome.ERROR, lost[keys[index]]))
            else:
                fresh.append(index)
        return _LookedAt(lines, columns, keys, fresh, known, staged)

    def plan_aside(self, batch_id: int) -> list[Staged]:
        """What the rows come to that were put aside: new ones where the row that has their key gives it up."""
        self._given_up = movers(self._session, batch_id, self._key, {row_id for row_id, _row in self.aside})
        return self.plan([row for _row_id, row in self.aside])

    def left_out(self) -> list[dict[str, str]]:
        """What is told of the rows that say nothing, so that the counts add up to those of the file."""
        return [{"field": "", "text": text} for text in self._filled.told()]

    def _lost_zeros(self, keys: Iterable[tuple[Any, ...] | None]) -> dict[Any, str]:
        """Why keys that are not there yet are taken for others, whose zeros a spreadsheet lost."""
        if len(self._key) != 1 or not isinstance(self._key[0].kind, CodeKind):
            return {}
        digits = {key[0] for key in keys if key is not None and key[0].isdecimal()}
        known = with_zeros(self._session, self._key[0], digits) if digits else {}
        return {
            (text,): str(_("There is a row “%(code)s”: zeros at the beginning seem to be lost. Format the column as "
                           "text, and enter it again.", code=code))
            for text, code in known.items()
        }  # fmt: skip

    def _why_not(self, row_id: int | None, holder: int | None, gone: Container[int]) -> str | None:
        """Why a row that was not found is not a new one either; `holder` has its key, out of the person's sight."""
        if row_id is not None:
            return str(_("There is no such row, or it is not among those you may see."))
        if self._layout.mode is Mode.UPDATE:
            return str(_("There is no such row, or it is not among those you may see."))
        if holder is not None:
            return taken(self._key, holder in gone)
        return None if self._may_add else str(_("You may not add rows here."))

    def _refuse(self, line: int, outcome: Outcome, text: str) -> Staged:
        name = self._key[-1].name if self._key else ""
        note = {"field": name, "place": self._places.get(name), "message": text}
        return Staged(line, outcome.value, notes=json.dumps([note], ensure_ascii=False))

    def _numbers(self, name: str, chunk: Sequence[Row]) -> list[int | None]:
        place = self._hidden.get(name)
        if place is None:
            return [None] * len(chunk)
        # what is no number is that of no row: to take it for a new one would store it a second time
        return [
            None if place >= len(cells) or is_empty(cells[place]) else whole(cells[place]) or 0
            for _line, cells in chunk
        ]  # fmt: skip

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
    ) -> tuple[list[Now | None], dict[Any, int]]:
        """The row that each row of the file is about, as far as there is one for the person; and who has other keys."""
        by_id = self._rows.by_ids(one for one in ids if one is not None) if self._hidden else {}
        asked = dict.fromkeys(key for key in keys if key is not None)
        held = holders(self._session, self._entry, self._key, asked) if asked else {}
        by_key = self._rows.by_keys(self._key, held) if held else {}
        standing = [
            (None if row_id is None else by_id.get(row_id)) if key is None else by_key.get(key)
            for row_id, key in zip(ids, keys, strict=True)
        ]
        return standing, {key: holder for key, holder in held.items() if key not in by_key}

    @property
    def written(self) -> list[str]:
        """The fields that the plan may change in rows there are."""
        return self._known.written

    def mark_repeats(self, batch_id: int) -> None:
        """Mark the rows that hold what only one row may, and an earlier row of the file or another row has."""
        repeats = Repeats(self._session, batch_id, self._entry, self._places, self._hidden.get(ROW_ID))
        if self._layout.returned:
            repeats.mark_copies()
        repeats.mark_stuck(self._claims)
        repeats.mark(self._key)
        for group in self._entry.uniques:
            # rows of a returned export are known by their ids: two of them may come to the same key
            if group != self._key or group in self._known.moved:
                repeats.mark_group(group)
        # what a row that repeats another was to give up stays where it is
        repeats.mark_stuck(self._claims)
