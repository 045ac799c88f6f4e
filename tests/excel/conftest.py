"""The catalog of the city's records, resolved once."""

import pytest

from app.catalog import Catalog, declared_models


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """Every declared record; a fault of a declaration fails here, with its id and remedy."""
    import models  # noqa: F401  # declares the records

    return Catalog(declared_models())
