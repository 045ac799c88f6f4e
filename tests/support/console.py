"""The console inside the tests' own process."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Final

from argon2 import PasswordHasher
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

from config import Settings
from tests.support.patience import PATIENCE

CHEAP: Final = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
"""Makes hashes as quickly as Argon2 can. That a console of its own makes them as it should, `test_passwords` says."""


class Remembered(BytecodeCache):
    """Templates are compiled once, and not by each console of a process."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key, bucket.checksum] = bucket.code


_templates = Remembered()


@contextmanager
def console(settings: Settings) -> Iterator[Flask]:
    """Give a console of these settings, as `run.py serve` would make it; close its connections at the end."""
    from app.auth import passwords
    from run import make_console

    passwords.HASHER = CHEAP
    with pools_closed():
        made = make_console(settings)
        made.config["COUNT_SECONDS"] = PATIENCE  # what a busy machine counts slowly is counted all the same
        made.jinja_env.bytecode_cache = _templates
        yield made


@contextmanager
def pools_closed() -> Iterator[None]:
    """Dispose at the end of the engines that connected within the block: a place is removed only when let go."""
    pools: set[Pool] = set()

    def note(*connection: object) -> None:
        engine = getattr(connection[0], "engine", None)
        if isinstance(engine, Engine):
            pools.add(engine.pool)

    event.listen(Engine, "engine_connect", note)
    try:
        yield
    finally:
        event.remove(Engine, "engine_connect", note)
        for pool in pools:
            pool.dispose()
