"""Storing the rows of a file while the rest of it is still checked, for who wants the file in if all of it is good.

It is one transaction, into which nobody sees, given up as soon as anything stands against any row: then the file is
checked to its end, and stored or not, as any other. Files of new rows alone go this way, on PostgreSQL, which works on
its own side while the next rows are read here.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.store.import_tables import Outcome
from app.store.imports.applying import Applied, check_state
from app.store.imports.batches import find, take
from app.store.imports.sql import Part, open_going
from app.store.imports.staging import Staged
from app.store.imports.writing import PART
from app.store.save import Rules
from app.store.search.pinyin import phrases
from app.store.session import writing

logger = logging.getLogger(__name__)


class GivenUpError(Exception):
    """The rows are not to be stored before the whole file is checked."""


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
        self._given_up = False
        self._count = 0

    def begin(self, written: Sequence[str]) -> None:
        """Begin, once it is known which fields the plan may write."""
        bind = self._session.get_bind()
        # within a transaction that somebody has begun around it all another connection would not see the batch
        if bind.dialect.name == "postgresql" and not isinstance(bind, Connection):
            self._work = self._pool.submit(copy_context().run, self._store, written)

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
                rows = self._work.result()
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
                rows = Applied(self._session, batch, written)
                open_going(self._session)
                self._driver = self._session.connection().connection.driver_connection
                # the words that pinyin knows take half a second to load: now, while nothing is planned yet
                phrases()
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
