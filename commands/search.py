"""Commands of the search: rebuild."""

from __future__ import annotations

from typing import Any

import click

from commands.console import make_catalog, own_session, read_settings


@click.group()
def search() -> None:
    """The search: make it anew."""


@search.command("rebuild")
@click.argument("records", nargs=-1)
def rebuild_search(records: tuple[str, ...]) -> None:
    """Make the search of RECORDS anew from their rows, or of all; people may go on working."""
    from app.store.search.index import rebuild

    settings = read_settings()
    catalog = make_catalog()
    unknown = [name for name in records if name not in catalog]
    if unknown:
        raise click.ClickException(f"There is no record {', '.join(unknown)}.")
    with own_session(settings, catalog) as session:
        for entry in [catalog[name] for name in records] or catalog:
            with click.progressbar(length=1, label=f"{entry.name:<20}") as bar:

                def report(done: int, last: int, bar: Any = bar) -> None:
                    bar.length = last
                    bar.update(done - bar.pos)

                try:
                    count = rebuild(session, entry, report)
                except TimeoutError as error:
                    raise click.ClickException(f"Gave up: {error}. Run this again later.") from None
            click.echo(f"{entry.name}: {count} rows.")
