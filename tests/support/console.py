"""The console inside the tests' own process."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

from config import Settings
from tests.support.patience import PATIENCE


@contextmanager
def console(settings: Settings) -> Iterator[Flask]:
    """Give a console of these settings, as `run.py serve` would make it; close its connections at the end."""
    from run import make_console

    with pools_closed():
        made = make_console(settings)
        made.config["COUNT_SECONDS"] = PATIENCE  # what a busy machine counts slowly is counted all the same
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
