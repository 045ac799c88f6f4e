"""What commands begin with: the settings, the console, a session, whom one acts as, and how progress is shown."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from config import Settings, SettingsError

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy.orm import Session

    from app.access import Person, System
    from app.catalog import Catalog


def make_catalog() -> Catalog:
    """Every declared record; stops with all faults of the declarations."""
    import models  # noqa: F401  # declares the records
    from app.catalog import Catalog, declared_models

    return Catalog(declared_models())


def make_console(settings: Settings) -> Flask:
    """The application as it is served and tested."""
    import views
    from app import create_app

    catalog = make_catalog()
    return create_app(settings, catalog, pages=views.PAGES, login_facts=views.login_facts(settings))


def read_settings() -> Settings:
    """The settings of the environment, and their folder; ends in words where one is wrong."""
    try:
        settings = Settings.from_env()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    settings.data.mkdir(parents=True, exist_ok=True)
    return settings


def lasting_console(settings: Settings) -> Flask:
    """The application for much work: what is loaded is never thrown away, so it is never searched for garbage."""
    gc.disable()
    app = make_console(settings)
    gc.freeze()
    # what work makes is let go as soon as it is done with: to look for rings among it often takes a quarter of the time
    gc.set_threshold(20_000, 10, 10)
    gc.enable()
    return app


class own_session:  # noqa: N801  # used as a function
    """A session of the console itself, without policy."""

    def __init__(self, settings: Settings, catalog: Catalog) -> None:
        from app.access import SYSTEM
        from app.store.session import WRITING, act_as, make_engine, make_sessions

        WRITING.set(True)
        self.engine = make_engine(settings.database_url)
        self.session = make_sessions(self.engine, catalog)()
        act_as(self.session, SYSTEM)

    def __enter__(self) -> Session:
        return self.session

    def __exit__(self, *error: object) -> None:
        self.session.close()
        self.engine.dispose()


def actor_named(username: str | None) -> Person | System:
    """Who a command acts as: an account, or the console itself; raises ValueError."""
    from app.access import SYSTEM
    from app.auth.people import find_account, load_person
    from app.catalog import current
    from app.store.session import db

    if username is None:
        return SYSTEM
    account = find_account(db(), username)
    person = account and load_person(db(), current(), account.id)
    if person is None:
        raise ValueError(f"There is no active account {username!r}.")
    return person


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar on a terminal; the function to tell it how many rows of how many are done."""
    with click.progressbar(length=1, label=label, file=sys.stderr, show_pos=True) as bar:

        def report(done: int, total: int | None) -> None:
            bar.length = max(total or 0, done, 1)
            bar.update(done - bar.pos)

        yield report
