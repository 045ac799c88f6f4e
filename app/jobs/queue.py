"""The queue: huey carries wake-ups, in a file or in Redis. Which job is whose stands in the database alone."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from huey.consumer import Consumer

logger = logging.getLogger(__name__)
NAME = "rainbow"
POLL_SECONDS = 0.5
"""How often a worker looks into the file; Redis tells by itself."""


class Queue:
    """Wakes the workers of one console; opened when it is first needed."""

    def __init__(self, data: Path, redis_url: str, secret: str) -> None:
        self._file = data / "queue.sqlite"
        self._redis_url = redis_url
        self._secret = secret or NAME
        self._opening = threading.Lock()
        self._huey: Any = None
        self._wake: Any = None
        self._faults: tuple[type[Exception], ...] = (sqlite3.Error, OSError)
        self._work: Callable[[], None] | None = None

    def _open(self) -> None:
        with self._opening:
            if self._huey is not None:
                return
            # pages are served without: loading the queue takes a tenth of a start
            from huey import RedisHuey, SqliteHuey
            from huey.serializer import SignedSerializer
            from redis.exceptions import RedisError

            self._faults += (RedisError,)
            # messages are pickles: one that this console has not signed is never opened
            options = {"serializer": SignedSerializer(secret=self._secret, salt=NAME), "results": False}
            if self._redis_url:
                huey: Any = RedisHuey(NAME, url=self._redis_url, read_timeout=1, **options)
            else:
                huey = SqliteHuey(NAME, filename=str(self._file), fsync=False, **options)
            self._wake = huey.task(name="wake")(self._woken)
            self._huey = huey

    def _woken(self) -> None:
        if self._work is not None:
            self._work()

    def wake(self) -> None:
        """Tell the workers that a job waits. Where that fails the sweep does it later, so no request fails for it."""
        try:
            self._open()
            self._wake()
        except self._faults as error:
            logger.warning("the workers could not be woken: %s", error)

    def quiet(self) -> bool:
        """Whether no wake-up is on its way."""
        self._open()
        return int(self._huey.pending_count()) == 0

    def consumer(self, work: Callable[[], None], threads: int) -> Consumer:
        """Threads that call `work` for each wake-up, to be started and stopped."""
        from huey.consumer import Consumer

        self._open()
        self._work = work
        logging.getLogger("huey").setLevel(logging.WARNING)
        return Consumer(self._huey, workers=threads, periodic=False, scheduler_interval=60, max_delay=POLL_SECONDS)
