"""The fixtures: places, consoles in and out of process, people, a browser. `tests/README.md` shows how to use them."""

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import get_args

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from selenium import webdriver

from tests.support.browser import Window, open_chromium
from tests.support.places import Database, Filling, Place, Places
from tests.support.postgres import Postgres
from tests.support.served import Served
from tests.support.visitor import Visitor

# The same examples every time, and no complaint of a slow machine; RAINBOW_EXAMPLES asks for others.
settings.register_profile(
    "suite", derandomize="RAINBOW_EXAMPLES" not in os.environ, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
settings.load_profile("suite")

FOLDER = Path(__file__).parent
LONGEST = (
    "api/test_openapi.py", "browser/test_every_kind_of_page.py", "screens/test_every_record.py", "test_parallel.py",
    "store/test_killed.py", "benchmarks/test_smoke.py", "screens/test_any_form.py", "access/test_matrix.py",
    "access/policy/test_writing.py", "docs/test_declare.py", "excel/test_write.py", "store/test_paging.py",
    "jobs/test_killed.py", "auth/test_limits.py", "screens/test_who_can_see.py", "auth/directory/test_sign_in.py",
)  # fmt: skip
BOTH: tuple[Database, ...] = get_args(Database)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=BOTH, help="run on this database alone (default: on both)")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for `database` on both; what drives a browser on one, as the database is far below it."""
    if "database" not in metafunc.fixturenames:
        return
    asked = metafunc.config.getoption("--database")
    kinds = [asked] if asked else list(BOTH)
    if metafunc.definition.get_closest_marker("browser"):
        kinds = kinds[:1]
    metafunc.parametrize("database", kinds, indirect=True, scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first: one of them at the end would keep one processor waiting."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(str(item.path.relative_to(FOLDER)), len(LONGEST)))


def pytest_collection_finish() -> None:
    """What has been loaded by now stays: looking through it for garbage again and again takes long."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> Database:
    """The kind of database a test runs on."""
    kind: Database = request.param
    return kind


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """Where places come from; PostgreSQL is started when the first one is asked for there."""
    with ExitStack() as stack:
        started: list[Postgres] = []

        def server() -> Postgres:
            if not started:
                started.append(stack.enter_context(Postgres()))
            return started[0]

        yield Places(tmp_path_factory.mktemp("places"), server, quick=True)


@pytest.fixture
def new_place(places: Places, database: Database) -> Iterator[Callable[[Filling], Place]]:
    """Make a place for one test alone: empty, bare, plan or city."""
    made: list[Place] = []

    def make(filling: Filling = "city") -> Place:
        made.append(places.make(database, filling))
        return made[-1]

    yield make
    for place in made:
        places.remove(place)


@pytest.fixture(scope="module")
def place(places: Places, database: Database) -> Iterator[Place]:
    """A city of this module's own: the plan, the demo rows and the demo accounts."""
    made = places.make(database)
    yield made
    places.remove(made)


@pytest.fixture(scope="module")
def app(place: Place) -> Iterator[Flask]:
    """The console of `place`, in this process."""
    from tests.support.console import console  # here, so that what needs no console runs where none imports

    with console(place.settings) as made:
        yield made


@pytest.fixture
def stranger(app: Flask) -> Visitor:
    """Somebody who has not signed in."""
    return Visitor(app)


@pytest.fixture(scope="module")
def visitor(app: Flask) -> Callable[[str], Visitor]:
    """Return somebody of the cast, signed in; the same session for the same name throughout a module."""
    known: dict[str, Visitor] = {}

    def signed_in(name: str) -> Visitor:
        if name not in known:
            known[name] = Visitor(app).sign_in(name)
        return known[name]

    return signed_in


@pytest.fixture(scope="module")
def served(place: Place) -> Iterator[Served]:
    """The console of `place` as a process of its own; `app` and this one share the records."""
    with Served(place) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    """One browser for the whole run, with a profile of its own."""
    with tempfile.TemporaryDirectory(prefix="rn-chromium-", ignore_cleanup_errors=True) as profile:
        driver = open_chromium(profile)
        yield driver
        driver.quit()


@pytest.fixture
def window(chromium: webdriver.Chrome, served: Served) -> Window:
    """A fresh window on the served console: nobody is signed in, desktop, light."""
    return Window(chromium, served.base).fresh()
