"""Commands of the console as it runs: serve, worker, and the token of its first set-up."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from commands.console import lasting_console, make_catalog, own_session, read_settings
from config import DEMO_PASSWORD, Settings

if TYPE_CHECKING:
    from flask import Flask


@click.command()
def serve() -> None:
    """Serve the console on HOST and PORT."""
    settings, app = _loaded()
    from app.serve import run

    if not settings.demo:
        _refuse_demo_password(app)
    _tell_of_setup(app, settings)
    run(app, settings)


@click.command()
def worker() -> None:
    """Do the jobs that people ask for, and what recurs; `serve` does so by itself where REDIS_URL is not set."""
    settings, app = _loaded()
    from app.serve import work

    if not settings.job_processes:
        raise click.ClickException("RAINBOW_JOB_PROCESSES is 0. Set it to the number of worker processes.")
    work(app, settings)


def _loaded() -> tuple[Settings, Flask]:
    """The console as a long process has it."""
    settings = read_settings()
    problems = settings.problems_for_serving()
    if problems:
        raise click.ClickException("\n".join(problems))
    return settings, lasting_console(settings)


def _refuse_demo_password(app: Flask) -> None:
    """Outside demo mode nobody may sign in with the password that the README prints."""
    from app.access import SYSTEM
    from app.auth.accounts import accounts_with
    from app.store.session import act_as, db

    with app.app_context():
        act_as(db(), SYSTEM)
        names = accounts_with(db(), DEMO_PASSWORD)
    if names:
        raise click.ClickException(
            f"These accounts still have the demo password: {', '.join(names)}. Give each another with "
            "`run.py user password NAME`, or set RAINBOW_DEMO=1 to try the console out."
        )


def _tell_of_setup(app: Flask, settings: Settings) -> None:
    """A console without accounts says where its first are made; the token stays out of what is logged."""
    from sqlalchemy.exc import SQLAlchemyError

    from app.auth import setup
    from app.store.session import WRITING, db

    file = settings.data / setup.FILE
    address = f"http://{settings.host}:{settings.port}/setup"
    with app.app_context():
        WRITING.set(True)
        try:
            if not _on_a_screen() and setup.kept_token(db(), file):
                click.echo(f"This console has no account yet. Open {address} with the token in {file}.")
                return
            token = setup.make_token(db(), app.extensions["catalog"])
        except setup.Over:
            return
        except SQLAlchemyError:
            return  # not migrated yet, which /readyz tells
        finally:
            WRITING.set(False)
    if _on_a_screen():
        click.echo(f"This console has no account yet. Open {address} with this token:\n\n    {token}\n")
        return
    setup.keep_token(file, token)
    click.echo(f"This console has no account yet. Open {address} with the token in {file}.")


def _on_a_screen() -> bool:
    """Whether what is printed goes to somebody's screen, and into no log."""
    return sys.stdout.isatty()


@click.command("setup-token")
def make_setup_token() -> None:
    """Print a new token for the first set-up, the page at /setup; the one before opens nothing any more."""
    from app.auth import setup

    settings = read_settings()
    catalog = make_catalog()
    with own_session(settings, catalog) as session:
        try:
            token = setup.make_token(session, catalog)
        except setup.Over:
            raise click.ClickException("This console has accounts: there is no first set-up.") from None
    (settings.data / setup.FILE).unlink(missing_ok=True)
    click.echo(token)
