"""Storing a file of new rows while it is checked, for who wants it in if all of it is good.

No plan is kept: what a row comes to goes by COPY into the record, the trail and the search, in one transaction into
which nobody sees. As soon as a row is anything but a good new one it is given up: then the file is planned and stored,
or not, as any other, which says why. It is for PostgreSQL, which works on its own side while the next rows are read
here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, Full, Queue
from typing import Any

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.orm import Session

from app.declare.choices import Words
from app.declare.event import Deed
from app.store.events import own_labels
from app.store.ids import next_id
from app.store.import_tables import Outcome, State
from app.store.imports.applying import Applied
from app.store.imports.batches import find, take
from app.store.imports.columns import CopyEncoder, ToRaw, copied, escaped
from app.store.imports.filled import Row
from app.store.imports.fresh import Draft, Trail
from app.store.imports.planning import Planner, begin, chunks
from app.store.imports.planning import Report as Done
from app.store.imports.sql import GOING, Part, open_going
from app.store.imports.staging import Staged, write
from app.store.imports.writing import EVENTS, PART
from app.store.save import Rules
from app.store.search.index import copied_lines, copy_lines, merge
from app.store.search.schema import search_table
from app.store.search.tokens import plan_of
from app.store.search.vector import vector
from app.store.session import writing

logger = logging.getLogger(__name__)

MOST_WAITING = 2
"""Chunks that are checked and wait to be stored: the file is read no faster than it can be stored."""
TURN = 0.2
"""Seconds after which whoever waits looks whether the other side is still at work."""
STAMPS = ("created_at", "created_by", "updated_at", "updated_by", "version")


class GivenUpError(Exception):
    """The file is not one of good new rows alone."""


@dataclass
class _Block:
    """Checked rows as COPY reads them: those of the record, each with what it is put in order by, and all beside.

    In bytes, as a text with a few Chinese signs in it takes twice as much memory.
    """

    lines: list[int]
    ids: list[int]
    rows: list[tuple[str, bytes]]
    events: bytes
    tokens: bytes
    odd: list[Staged]


def store_straight(
    session: Session, batch_id: int, rows: Iterable[Row], rules: Rules, to_raw: ToRaw, report: Done = lambda done: None,
    *, remarks: Callable[[], Iterable[Words]] = tuple,
) -> dict[str, int] | None:  # fmt: skip
    """Check every row of a file and store it, if each is new and good; returns the batch's counts with `added`.

    Otherwise nothing is stored, and None returned: the file has to be planned. Arguments are those of `plan`. Raises
    Forbidden or Refused, what reading the file raises, and whatever `report` raises; nothing is stored then either.
    """
    bind = session.get_bind()
    # within a transaction that somebody has begun around it all another connection would not see the batch
    if bind.dialect.name != "postgresql" or isinstance(bind, Connection):
        return None
    planner = begin(session, batch_id, rules, to_raw)
    if not planner.straight:
        return None
    with closing(_Straight(session, batch_id, planner)) as straight:
        done = 0
        for chunk in chunks(rows):
            draft = planner.new_rows(chunk)
            if draft is None or not straight.take(draft):
                return None
            # nothing read stays open from one chunk to the next: the server keeps what it has replaced for a reader
            session.rollback()
            done += len(chunk)
            report(done)
        return straight.finish(remarks)


class _Stored(Applied):
    """The rows that are going in straight: of what was planned for them there is nothing to be read."""

    def unseen(self, part: Part, side: int = 1) -> Iterator[Any]:
        if any(item.target is not None and self.any_unseen(item, item.target, part) for item in self.written):
            raise GivenUpError
        return iter(())

    def copy(self, table: Table, names: Sequence[str], blocks: Iterable[bytes]) -> None:
        """Add lines to a table."""
        quote = self.dialect.identifier_preparer
        columns = ", ".join(quote.quote(name) for name in names)
        driver: Any = self.session.connection().connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {quote.format_table(table)} ({columns}) FROM STDIN") as copy:
            for block in blocks:
                copy.write(block)


class _Encoded:
    """Makes of checked rows what COPY reads."""

    def __init__(self, session: Session, rows: _Stored, planner: Planner) -> None:
        self._session = session
        self._entry = rows.entry
        self._plain = planner.plain
        dialect = rows.dialect
        self._encoders = [CopyEncoder(item, dialect) for item in self._plain]
        self._trail = Trail(self._plain)
        self._tokens = plan_of(self._entry)
        self._next = select(next_id(session, self._entry))
        first = self._entry.order[0]
        self._order = self._plain.index(first) if first in self._plain else None
        table, name = rows.table, rows.actor.name
        stamps = dict(zip(STAMPS, (rows.now, name, rows.now, name, 1), strict=True))
        said = rows.said(Deed.ADDED, rows.batch.id)

        def line(values: dict[str, Any], columns: Any) -> str:
            return "\t".join(copied(columns[name].type, dialect)(value) for name, value in values.items())

        self.names = ("id", *(item.storage for item in self._plain), *STAMPS)
        self._end = f"\t{line(stamps, table.c)}\n"
        self.told = (*said, "row_id", "label", "fields", "changes", "line")
        self._begin = line(said, EVENTS.c)

    def block(self, draft: Draft) -> _Block:
        """These rows, each with an id of its own."""
        count = len(draft.lines)
        ids = list(self._session.scalars(self._next.select_from(func.generate_series(1, count))))
        texts = [encoder.encode(column) for encoder, column in zip(self._encoders, draft.columns, strict=True)]
        stored = zip(map(str, ids), *(pair[0] for pair in texts), strict=True)
        order, end = self._order, self._end
        rows = [("" if order is None else row[order + 1], ("\t".join(row) + end).encode()) for row in stored]
        labels = [
            label[:300] or f"#{row_id}" for label, row_id in zip(own_labels(self._entry, draft.rows), ids, strict=True)
        ]
        told = [self._trail.line(said) for said in zip(*(pair[1] for pair in texts), strict=True)]
        first = self._begin
        events = "".join([
            f"{first}\t{row_id}\t{escaped(label)}\t{escaped(fields)}\t{escaped(changes)}\t{line}\n"
            for row_id, label, (fields, changes), line in zip(ids, labels, told, draft.lines, strict=True)
        ]).encode()  # fmt: skip
        found_by = zip(
            ids, [vector(self._tokens, row) for row in draft.rows] if self._tokens.fields else (), strict=False
        )
        odd = [
            Staged(draft.lines[number], Outcome.NEW.value, label=labels[number], fields=told[number][0],
                   changes=told[number][1], notes=json.dumps(notes, ensure_ascii=False))
            for number, notes in sorted(draft.notes.items())
        ]  # fmt: skip
        return _Block(draft.lines, ids, rows, events, copied_lines(found_by), odd)


class _Straight:
    """Stores the rows of one batch as they are checked; close it when it is done with."""

    def __init__(self, session: Session, batch_id: int, planner: Planner) -> None:
        self._batch_id = batch_id
        self._planner = planner
        # of the same class, whose sessions add the policy, and with the same person
        self._session = type(session)(session.get_bind(), expire_on_commit=False, info=dict(session.info))
        batch = find(self._session, batch_id)
        if batch is None:
            raise LookupError(batch_id)
        self._rows = _Stored(self._session, batch, planner.written)
        self._encoded = _Encoded(session, self._rows, planner)
        self._session.rollback()
        self._driver: Any = None
        self._waiting: Queue[_Block | None] = Queue(MOST_WAITING)
        self._stopped = False
        self._count = 0
        self._pool = ThreadPoolExecutor(1)
        self._work: Future[None] = self._pool.submit(copy_context().run, self._store)

    def take(self, draft: Draft) -> bool:
        """Store these rows, in the order of the file; whether it can still come to something."""
        return not draft.lines or self._put(self._encoded.block(draft))

    def finish(self, remarks: Callable[[], Iterable[Words]]) -> dict[str, int] | None:
        """Commit; returns the batch's counts, or None if the rows cannot be stored."""
        if not self._put(None):
            return None
        try:
            with writing(self._session):
                self._wait()
                batch = take(self._session, self._batch_id)
                if batch.state is not State.WAITING:  # dropped meanwhile
                    raise GivenUpError
                batch.counts = {Outcome.NEW.value: self._count} if self._count else {}
                self._planner.tell(batch, remarks())
                self._rows.batch, self._rows.now = batch, datetime.now(UTC)
                return self._rows.finish(self._count, 0)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is met again when the file is planned
            self._tell(error)
            self._session.rollback()
            return None

    def close(self) -> None:
        """Give up what is not committed."""
        self._stopped = True
        if not self._work.done() and self._driver is not None:
            # it may be waiting for somebody who holds a key of the file
            self._driver.cancel()
        self._pool.shutdown()
        self._session.rollback()
        self._session.close()

    def _tell(self, error: BaseException) -> None:
        logger.info("import %s does not go in straight: %s", self._batch_id, type(error).__name__)

    def _put(self, block: _Block | None) -> bool:
        while not self._work.done():
            try:
                self._waiting.put(block, timeout=TURN)
            except Full:
                continue
            return True
        return False

    def _wait(self) -> None:
        """Wait until all rows are stored; what the search has of them is put in order meanwhile, on the other side."""
        engine: Any = self._session.get_bind()
        with engine.connect() as connection:
            while wait([self._work], TURN).not_done:
                merge(connection, self._rows.entry)
                connection.commit()
        self._work.result()

    def _store(self) -> None:
        rows = self._rows
        try:
            with writing(self._session):
                open_going(self._session)
                self._driver = self._session.connection().connection.driver_connection
                while blocks := self._next():
                    self._store_part(rows, blocks)
        except BaseException as error:
            self._tell(error)
            self._session.rollback()
            raise

    def _store_part(self, rows: _Stored, blocks: Sequence[_Block]) -> None:
        lines = [line for block in blocks for line in block.lines]
        part = Part(lines[0], lines[-1], len(lines))
        # in the list's own order, as most of its indexes are kept: it halves what they cost where the file has another
        sorted_rows = sorted(row for block in blocks for row in block.rows)
        rows.copy(rows.table, self._encoded.names, (b"".join([text for _key, text in sorted_rows]),))
        going = (
            f"{line}\t{row_id}\t0\tt\n" for block in blocks for line, row_id in zip(block.lines, block.ids, strict=True)
        )
        rows.copy(GOING, ("line", "id", "version", "fresh"), ("".join(going).encode(),))
        rows.know()
        rows.check_written(part)
        rows.copy(EVENTS, self._encoded.told, (block.events for block in blocks))
        if plan_of(rows.entry).fields:
            copy_lines(self._session.connection(), search_table(rows.table.name), (block.tokens for block in blocks))
        if odd := [one for block in blocks for one in block.odd]:
            write(self._session.connection(), self._batch_id, odd)
        self._count += part.rows

    def _next(self) -> list[_Block]:
        """What is checked and not stored, up to a part; nothing when there is no more."""
        found: list[_Block] = []
        count = 0
        while count < PART:
            try:
                block = self._waiting.get(timeout=TURN) if not found else self._waiting.get_nowait()
            except Empty:
                if found:
                    break
                if self._stopped:
                    raise GivenUpError from None
                continue
            if block is None:
                if found:
                    self._waiting.put(None)
                break
            found.append(block)
            count += len(block.lines)
        if self._stopped:
            raise GivenUpError
        return found
