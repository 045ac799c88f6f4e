"""Storing the rows of a file while the rest of it is still checked, for who wants the file in if all of it is good.

It is one transaction, into which nobody sees, given up as soon as anything stands against any row: then the file is
checked to its end, and stored or not, as any other. Files of new rows alone go this way, on PostgreSQL, which works on
its own side while the next rows are read here.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.catalog import Entry
from app.store.import_tables import ImportBatch, Outcome
from app.store.imports.applying import Applied, check_state
from app.store.imports.batches import find, take
from app.store.imports.sql import GOING, Part, open_going
from app.store.imports.staging import Staged
from app.store.imports.writing import PART
from app.store.save import Rules
from app.store.search.index import merge, store_lines
from app.store.search.tokens import plan_of
from app.store.search.vector import vector
from app.store.session import writing

logger = logging.getLogger(__name__)


MOST_KNOWN = 60_000
"""Rows that wait with what they are found by in memory; of more it is worked out when they are stored."""
TURN = 0.5
"""Seconds for which the last rows are waited for before the index of the search is brought in order beside them."""
Learnt = deque[tuple[Sequence[int], Sequence[str]]]
"""Some rows' lines, in order, and what each is found by."""


class GivenUpError(Exception):
    """The rows are not to be stored before the whole file is checked."""


class _Known(Applied):
    """The rows that are going in, with what they are found by, as far as it is known already, by their lines."""

    def __init__(self, session: Session, batch: ImportBatch, written: Sequence[str], learnt: Learnt) -> None:
        super().__init__(session, batch, written)
        self._learnt = learnt

    @contextmanager
    def indexing(self, part: Part) -> Iterator[None]:
        lines: list[int] = []
        vectors: list[str] = []
        while self._learnt and self._learnt[0][0][-1] <= part.last:
            some = self._learnt.popleft()
            lines += some[0]
            vectors += some[1]
        going = select(GOING.c.line, GOING.c.id).where(part.going).order_by(GOING.c.line)
        ids: dict[int, int] = {row.line: row.id for row in self.session.execute(going)}
        if lines != [*ids]:
            with super().indexing(part):
                yield
            return
        yield
        store_lines(self.session, self.entry, list(zip(ids.values(), vectors, strict=True)), new=True)


class Ahead:
    """Stores the rows of one batch as they are planned; close it when it is done with."""

    def __init__(self, session: Session, batch_id: int) -> None:
        self._batch_id = batch_id
        # of the same class, whose sessions add the policy, and with the same person
        self._session = type(session)(session.get_bind(), expire_on_commit=False, info=dict(session.info))
        self._waiting: SimpleQueue[Part | None] = SimpleQueue()
        self._pool = ThreadPoolExecutor(1)
        self._work: Future[Applied] | None = None
        self._driver: Any = None
        self._learnt: Learnt = deque()
        self._entry: Entry | None = None
        self._given_up = False
        self._count = 0

    def begin(self, entry: Entry, written: Sequence[str]) -> None:
        """Begin, once it is known which fields the plan may write."""
        self._entry = entry
        bind = self._session.get_bind()
        # within a transaction that somebody has begun around it all another connection would not see the batch
        if bind.dialect.name == "postgresql" and not isinstance(bind, Connection):
            self._work = self._pool.submit(copy_context().run, self._store, written)

    def learn(self, lines: Sequence[int], rows: Sequence[Mapping[str, Any]]) -> None:
        """Work out what new rows are found by from the values at hand, before they are taken."""
        if self._entry is None or self._work is None or self._given_up:
            return
        plan = plan_of(self._entry)
        if plan.fields and sum(len(some) for some, _vectors in [*self._learnt]) + len(lines) <= MOST_KNOWN:
            self._learnt.append((lines, [vector(plan, row) for row in rows]))

    def take(self, rows: Sequence[Staged]) -> None:
        """Store these rows, which are planned; called in the order of the file."""
        if self._work is None or self._given_up or not rows:
            return
        if any(row.outcome != Outcome.NEW.value for row in rows):
            self._given_up = True
        lines = [row.line for row in rows]
        self._waiting.put(Part(min(lines), max(lines), len(lines)))

    def finish(self, rules: Rules) -> dict[str, int] | None:
        """Commit what is stored, as `apply` does, if that is the whole of the plan; None if it has to be applied."""
        if self._work is None:
            return None
        self._waiting.put(None)
        try:
            with writing(self._session):
                rows = self._stored(self._work)
                take(self._session, self._batch_id)
                check_state(rows, rules, good_rows=False)
                if self._given_up or self._count != sum(rows.batch.counts.values()):
                    raise GivenUpError
                rows.now = datetime.now(UTC)
                return rows.finish(self._count, 0)
        except Exception as error:  # noqa: BLE001  # whatever it is, it meets the plan again when that is applied
            logger.info("import %s is not stored ahead: %s", self._batch_id, type(error).__name__)
            self._session.rollback()
            return None

    def _stored(self, work: Future[Applied]) -> Applied:
        """Wait until all rows are stored; what the search has of them is put in order meanwhile, on the other side."""
        engine: Any = self._session.get_bind()
        with engine.connect() as connection:
            while wait([work], TURN).not_done:
                if self._entry is not None:
                    merge(connection, self._entry)
                connection.commit()
        return work.result()

    def close(self) -> None:
        """Give up what is not committed."""
        self._given_up = True
        self._waiting.put(None)
        if self._work is not None and not self._work.done() and self._driver is not None:
            # it may be waiting for somebody who holds a key of the file
            self._driver.cancel()
        self._pool.shutdown()
        self._session.close()

    def _store(self, written: Sequence[str]) -> Applied:
        try:
            with writing(self._session):
                batch = find(self._session, self._batch_id)
                if batch is None:
                    raise GivenUpError
                rows = _Known(self._session, batch, written, self._learnt)
                open_going(self._session)
                self._driver = self._session.connection().connection.driver_connection
                while (part := self._next()) is not None:
                    rows.choose(part)
                    rows.store(part, changing=False)
                    self._count += part.rows
                return rows
        except BaseException:
            self._given_up = True
            self._session.rollback()
            raise

    def _next(self) -> Part | None:
        """The rows that are planned and not stored, up to a part of them; None when there are no more."""
        found = self._waiting.get()
        while found is not None and found.rows < PART:
            try:
                more = self._waiting.get_nowait()
            except Empty:
                break
            if more is None:
                self._waiting.put(None)
                break
            found = Part(found.first, more.last, found.rows + more.rows)
        if self._given_up:
            raise GivenUpError
        return found
