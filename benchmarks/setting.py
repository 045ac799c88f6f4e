"""Where everything is measured: one PostgreSQL that keeps its promises, and a database for each console."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from benchmarks import residents
from benchmarks.commands import run
from tests.support.places import ROOT, Database, Place, Places
from tests.support.postgres import Postgres

REALISTIC = (
    "shared_buffers=1GB", "effective_cache_size=3GB", "work_mem=16MB", "maintenance_work_mem=512MB",
    "max_wal_size=4GB", "random_page_cost=1.1", "max_connections=200", "log_min_messages=error",
)  # fmt: skip
"""What an administrator sets on a machine of this size; everything is still written to disk before it is confirmed."""


class Setting:
    """A server and what is in it, made when first asked for; leave its `with` block to remove it all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = Postgres(REALISTIC, segment=16)
        self._places = Places(folder, lambda: self._server)
        self._consoles: dict[tuple[str, int], Place] = {}
        self._peers = 0

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def console(self, rows: int) -> Place:
        """Our console on PostgreSQL with so many residents."""
        return self._console("postgresql", rows)

    def sqlite(self, rows: int) -> Place:
        """Our console on SQLite with so many residents."""
        return self._console("sqlite", rows)

    def _console(self, kind: Database, rows: int) -> Place:
        if (kind, rows) not in self._consoles:
            place = self._places.make(kind)
            began = time.perf_counter()
            if kind == "postgresql":
                residents.insert(place.database_url, 0, rows, _emptied(place.database_url))
            else:
                residents.copy_to_sqlite(self.console(rows).database_url, f"{place.data}/console.sqlite", rows)
            # the database itself made them, so search does not know of them yet
            run([sys.executable, "run.py", "search", "rebuild", "resident"], place.env, ROOT)
            print(f"{rows:,} residents, {kind}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
            self._consoles[kind, rows] = place
        return self._consoles[kind, rows]

    def peer(self, name: str, rows: int, *, given: bool) -> str:
        """The address of a database of a peer's own, with so many residents; with `given`, and all our indexes."""
        self._peers += 1
        self.source(rows)
        template = f"plain{rows}"
        if given:
            plain, template = template, f"given{rows}"
            if not self._exists(template):
                url = self._server.create(template, plain)
                for refused in residents.add_indexes(url, residents.indexes(self.console(rows).database_url)):
                    print(f"peers cannot be given: {refused}", file=sys.stderr)
        return self._server.create(f"{name}{self._peers}", template)

    def source(self, rows: int) -> str:
        """The address of a database with so many residents that nobody works in: to read, not to change."""
        name = f"plain{rows}"
        if not self._exists(name):
            url = self._server.create(name)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(residents.TABLE)
            residents.insert(url, 0, rows, 1)
        return self._server.url(name)

    def _exists(self, name: str) -> bool:
        with psycopg.connect(self._server.url("postgres")) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        return found is not None


def _emptied(url: str) -> int:
    """Take the demo's residents out; return the unit that keeps them."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("SELECT id FROM unit WHERE name = '公安局'").fetchone()
        connection.execute("DELETE FROM resident")
        connection.execute("ALTER SEQUENCE resident_id_seq RESTART")
    if found is None:
        raise RuntimeError("the seeds know no unit that keeps residents")
    return int(found[0])
