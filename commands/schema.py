"""Commands of what the console keeps: its schema, and the rows it begins with."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from commands.console import make_catalog, own_session, read_settings


@click.command()
@click.option("--make", "name", metavar="NAME", help="Write the migration that brings the schema to the declarations.")
@click.option("--check", is_flag=True, help="Say whether declarations, migrations and database agree; changes nothing.")
@click.option("--down", "revision", metavar="REVISION", help="Take the schema down to a revision, or to base.")
def migrate(name: str | None, check: bool, revision: str | None) -> None:
    """Bring the schema up to date and write roles and grants."""
    from app.store import migrate as schema

    settings = read_settings()
    catalog = make_catalog()
    if check:
        _check(settings.database_url)
        return
    if revision is not None:
        schema.downgrade(settings.database_url, revision)
        click.echo(f"The schema is at {revision}.")
        return
    if name is not None:
        try:
            path = schema.make(settings.database_url, name)
        except schema.Unfillable as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"Wrote {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}.")
    schema.upgrade(settings.database_url)
    from app.access.sync import sync
    from app.store.events import GrantTrail
    from app.store.search.index import fill

    with own_session(settings, catalog) as session:
        done = sync(session, catalog, GrantTrail(session, catalog))
        fill(session, catalog)
    click.echo(f"Schema current; {done.roles} roles added, {done.granted} grants given, {done.withdrawn} withdrawn.")


def _check(database_url: str) -> None:
    from app.store import migrate as schema

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'check.sqlite'}"
        schema.upgrade(url)
        found = schema.differences(url)
    for line in found:
        click.echo(line, err=True)
    if found:
        raise click.ClickException("The migrations do not lead to the declarations: run `run.py migrate --make NAME`.")
    # one that waits for a migration is not expected to; of SQLite the one made here tells all
    if database_url.startswith("postgresql") and not schema.pending(database_url):
        found = schema.differences(database_url)
        for line in found:
            click.echo(line, err=True)
        if found:
            raise click.ClickException("The database is not as the migrations made it: somebody changed its tables.")
    click.echo("Declarations and migrations agree.")


@click.command()
@click.option("--demo", is_flag=True, help="Also a believable city and an account for each role.")
def seed(demo: bool) -> None:
    """Load the rows of the city's plan; running it again adds nothing."""
    settings = read_settings()
    catalog = make_catalog()
    import seeds.plan

    with own_session(settings, catalog) as session:
        click.echo(f"Plan: {seeds.plan.load(session)}.")
    if not demo:
        return
    import seeds.demo
    import views
    from app.auth.passwords import hash_password

    with own_session(settings, catalog) as session:
        click.echo(f"Demo: {seeds.demo.load(session, hash_password, settings.demo_password)}.")
    click.echo("Demo accounts:")
    for name, words in views.demo_accounts():
        click.echo(f"  {name:<12} {words}")
    click.echo(f"Password of each: {settings.demo_password}")
