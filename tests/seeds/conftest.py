"""Two cities in memory: one with the plan's rows alone, one with the demo's too."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

import models  # noqa: F401  # declares the records
import seeds.demo
import seeds.plan
from app.declare import Record


@contextmanager
def empty() -> Iterator[Session]:
    """A session on new tables, with foreign keys kept as on any other database."""
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
    Record.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def session() -> Iterator[Session]:
    """An empty city for one test alone."""
    with empty() as made:
        yield made


@pytest.fixture(scope="session")
def planned() -> Iterator[Session]:
    """The plan's rows; read only."""
    with empty() as made:
        seeds.plan.load(made)
        yield made


@pytest.fixture(scope="session")
def city() -> Iterator[Session]:
    """The plan's and the demo's rows; read only."""
    with empty() as made:
        seeds.demo.load(made, lambda password: f"hashed {password}", "a demo password")
        yield made
