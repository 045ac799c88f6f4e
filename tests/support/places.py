"""Places: a data folder and a database each, filled once for the whole run and copied where a test needs one."""

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import create_engine, text

from config import Settings
from tests.support.people import PASSWORD
from tests.support.postgres import Postgres
from tests.support.processes import Process

ROOT: Final = Path(__file__).resolve().parents[2]

Database = Literal["sqlite", "postgresql"]
Filling = Literal["empty", "bare", "plan", "city"]
"""empty: no table · bare: migrated · plan: and the plan's rows · city: and the demo rows and accounts"""

_STEPS: Final[dict[Filling, tuple[Filling | None, tuple[str, ...]]]] = {
    "empty": (None, ()),
    "bare": ("empty", ("migrate",)),
    "plan": ("bare", ("seed",)),
    "city": ("bare", ("seed", "--demo")),
}

# What a person has set for a console of their own must not reach the tests; nor what makes every start compile anew.
_FOREIGN: Final = (
    *("DATABASE_URL", "SECRET_KEY", "SECRET_KEY_FILE", "DEMO_PASSWORD", "HOST", "PORT", "REDIS_URL"),
    "PYTHONDONTWRITEBYTECODE",
)


@dataclass(frozen=True)
class Place:
    """Where one console keeps everything, and the environment that leads it there."""

    data: Path
    database_url: str
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """The whole environment of a process that works here."""
        kept = {key: value for key, value in os.environ.items() if key not in _FOREIGN and key[:8] != "RAINBOW_"}
        return {
            **kept,
            "RAINBOW_DATA": str(self.data),
            "DATABASE_URL": self.database_url,
            "RAINBOW_DEMO": "1",
            "SECRET_KEY": "a key of the tests, known to everybody, never used elsewhere",
            "DEMO_PASSWORD": PASSWORD,
            "PYTHONUNBUFFERED": "1",
            **self.extra,
        }

    @property
    def settings(self) -> Settings:
        """The settings that a console reads here."""
        return Settings.from_env(self.env)

    def run(self, *arguments: str, check: bool = True, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run `run.py` with these arguments here; raise with all it said when it fails and `check` is set."""
        program = ("run.py", *arguments)
        with tempfile.TemporaryDirectory(prefix="rn-said-") as folder:
            out, error = Path(folder, "out"), Path(folder, "error")
            ended = Process(program, self.env, out, error, typed).wait(900)
            said = [file.read_text(encoding="utf-8") for file in (out, error)]
        done = subprocess.CompletedProcess(program, ended, *said)
        if check and done.returncode:
            raise RuntimeError(f"run.py {' '.join(arguments)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done


class Places:
    """Makes places: fills one of each kind when first asked, and hands out copies.

    With `quick`, trying the demo accounts' password takes no time.
    """

    def __init__(self, folder: Path, server: Callable[[], Postgres], *, quick: bool = False) -> None:
        self._folder = folder
        self._server = server
        self._quick = quick
        self._templates: dict[tuple[Database, Filling], Place] = {}
        self._numbers = itertools.count(1)

    def make(self, database: Database, filling: Filling = "city") -> Place:
        """Return a new place of its own, filled as asked."""
        return self._copy(self._template(database, filling), database)

    def remove(self, place: Place) -> None:
        """Give back the room a place takes; its processes must have ended."""
        if not place.database_url.startswith("sqlite"):
            self._server().drop(_name(place))
        shutil.rmtree(place.data, ignore_errors=True)

    def _template(self, database: Database, filling: Filling) -> Place:
        key = (database, filling)
        if key not in self._templates:
            below, arguments = _STEPS[filling]
            place = self._new(database) if below is None else self._copy(self._template(database, below), database)
            if arguments:
                place.run(*arguments)
            if filling == "city" and self._quick:
                _let_in_quickly(place)
            self._templates[key] = place
        return self._templates[key]

    def _new(self, database: Database) -> Place:
        data = self._folder / f"place{next(self._numbers)}"
        data.mkdir()
        return Place(
            data, f"sqlite:///{data}/console.sqlite" if database == "sqlite" else self._server().create(data.name)
        )

    def _copy(self, template: Place, database: Database) -> Place:
        data = self._folder / f"place{next(self._numbers)}"
        shutil.copytree(template.data, data)
        if database == "sqlite":
            return Place(data, f"sqlite:///{data}/console.sqlite")
        return Place(data, self._server().create(data.name, template=_name(template)))


def _let_in_quickly(place: Place) -> None:
    """Let the demo accounts have hashes of their password that take no time to try."""
    from tests.support.console import CHEAP

    engine = create_engine(place.settings.database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE ab_user SET password = :hash"), {"hash": CHEAP.hash(PASSWORD)})
    engine.dispose()


def _name(place: Place) -> str:
    return place.database_url.rpartition("/")[2]
