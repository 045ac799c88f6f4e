"""A PostgreSQL server of the tests' own: a temporary folder, a free port, stopped by its process id."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql

from tests.support.patience import PATIENCE, until
from tests.support.ports import free_port

# Nothing here outlives the tests, so nothing is worth waiting for a disk.
_HASTE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0")
_QUIET = ("log_min_messages=error", "autovacuum=off", "shared_buffers=64MB", "max_connections=60")


def limit_files(process: int, size: int) -> None:
    """Let a process of the server write no file beyond so many bytes, as if the disk were full."""
    owner = Path(f"/proc/{process}").stat()
    # only its owner may: not even root may everywhere
    identity: dict[str, Any] = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    subprocess.run(["prlimit", f"--pid={process}", f"--fsize={size}"], check=True, **identity)


class Postgres:
    """A running server; leave its `with` block to stop it and remove its folder.

    `settings` are its own instead of those that only tests can live with; `segment` is how many megabytes each file
    of its journal has, of which tests need little.
    """

    def __init__(self, settings: Sequence[str] = (*_HASTE, *_QUIET), segment: int = 1) -> None:
        self._settings = tuple(settings)
        self._segment = segment
        self._programs = _programs()
        # Short: the path of the server's socket has a limit of some 100 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="rn-pg-"))
        self._identity = _identity(self._folder)
        self._password = secrets.token_hex(16)
        self._log = self._folder / "server.log"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._initialise()
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def url(self, name: str) -> str:
        """Return the address of the database of this name, as DATABASE_URL takes it."""
        return f"postgresql://console:{self._password}@127.0.0.1:{self.port}/{name}"

    def create(self, name: str, template: str = "template0") -> str:
        """Create a database, empty or as a copy of another that nobody is connected to; return its address."""
        self._administer(sql.SQL("CREATE DATABASE {} TEMPLATE {}"), name, template)
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove the database of this name, whoever is connected to it."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"), name)

    def _administer(self, statement: sql.SQL, *names: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:

            def done() -> bool:
                try:
                    connection.execute(statement.format(*map(sql.Identifier, names)))
                except psycopg.errors.ObjectInUse:
                    return False  # the server has not noticed yet that whoever was connected has gone
                return True

            until(done, f"the databases {names} stay in use", pause=0.2)

    def _initialise(self) -> None:
        password = self._folder / "password"
        password.write_text(self._password)
        password.chmod(0o600)
        if self._identity:
            os.chown(password, self._identity["user"], self._identity["group"])
        subprocess.run(
            [
                self._programs / "initdb",
                *("--pgdata", self._folder / "data", "--username", "console", "--pwfile", password),
                # Clear text suffices between two processes of one machine, and costs no hashing at each connection.
                *("--auth", "password", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
                f"--wal-segsize={self._segment}",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            **self._identity,
        )

    def _start(self) -> None:
        settings = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    self._programs / "postgres",
                    *("-D", self._folder / "data"),
                    *(argument for one in (*settings, *self._settings) for argument in ("-c", one)),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                **self._identity,
            )
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    said = self._log.read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start:\n{said}") from error
                time.sleep(0.05)
            else:
                return

    def _stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # ends connections, then the server
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)  # ends its children too, as a kill would not
                self._process.wait(60)
        shutil.rmtree(self._folder, ignore_errors=True)


def _programs() -> Path:
    """Return the folder of the newest server's programs on this machine."""

    def version(folder: Path) -> float:
        return float(folder.parent.name)

    found = sorted(
        (path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb") if path.parts[-3].isdecimal()),
        key=version,
    )
    if found:
        return found[-1]
    on_path = shutil.which("initdb")
    if on_path is None:
        raise RuntimeError("PostgreSQL's server is not on this machine: run `make test`, or tools/debian.sh tests")
    return Path(on_path).resolve().parent


def _identity(folder: Path) -> dict[str, Any]:
    """Give the folder to somebody who is not root, whom PostgreSQL refuses; return how to run as that person."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            person = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, person.pw_uid, person.pw_gid)
        return {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody")
