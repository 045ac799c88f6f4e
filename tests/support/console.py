"""The console inside the tests' own process."""

from flask import Flask

from config import Settings


def console(settings: Settings) -> Flask:
    """Return a console of these settings, as `run.py serve` would make it."""
    import models
    from app import create_app
    from app.catalog import Catalog

    return create_app(settings, Catalog.of(models))
