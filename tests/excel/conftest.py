"""The catalog of the city's records, resolved once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel

from app.catalog import Catalog, declared_models


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """Every declared record; a fault of a declaration fails here, with its id and remedy."""
    import models  # noqa: F401  # declares the records

    return Catalog(declared_models())


@pytest.fixture
def zh() -> Iterator[None]:
    """Texts in Chinese, as most readers see them."""
    app = Flask(__name__)
    Babel(app, default_locale="zh", default_translation_directories=str(Path("translations").absolute()))
    with app.app_context():
        yield
