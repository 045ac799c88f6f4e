"""A little city for each module, and its drawn examples."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.store.session import act_as
from tests.access.policy.example import Example
from tests.support import people
from tests.support.little import shrink, undone
from tests.support.visitor import Visitor


@pytest.fixture(scope="module")
def little(app: Flask) -> Flask:
    shrink(app)
    return app


@pytest.fixture
def drawn(little: Flask) -> Callable[[str, int], Any]:
    """Return a context that holds an example and a session of its person."""

    @contextmanager
    def draw(record: str, seed: int) -> Iterator[tuple[Example, Session]]:
        with undone(little) as (connection, sessions), little.app_context():
            example = Example(little, connection, record, seed)
            act_as(sessions(), example.person)
            yield example, sessions()

    return draw


@pytest.fixture(scope="module")
def signed(little: Flask) -> Visitor:
    """Somebody signed in, whose grants each example writes anew."""
    found = Visitor(little).sign_in(people.VIEWER)
    found.post("/language/en")
    return found
