"""Commands of the audit trail: seal, verify."""

from __future__ import annotations

import click

from commands.console import make_catalog, read_settings


@click.group()
def audit() -> None:
    """The audit trail: seal it, verify it."""


@audit.command("seal")
def seal_trail() -> None:
    """Seal the lines that no seal holds yet; the serving console does so every few seconds."""
    from app.store import seals
    from app.store.session import make_engine

    settings = read_settings()
    make_catalog()
    engine, total = make_engine(settings.database_url), 0
    while done := seals.seal(engine):
        total += done
    engine.dispose()
    click.echo(f"Sealed {total} lines.")


@audit.command("verify")
def verify_trail() -> None:
    """Prove that no sealed line has been changed or removed; names the first broken link if one has."""
    from app.store import seals
    from app.store.session import make_engine

    settings = read_settings()
    make_catalog()
    engine = make_engine(settings.database_url)
    found = seals.verify(engine)
    engine.dispose()
    if found.broken:
        raise click.ClickException(f"The audit trail is broken: {found.broken}.")
    click.echo(f"Whole: {found.lines} lines in {found.seals} seals, {found.unsealed} not sealed yet.")
    click.echo(f"Digest: {found.digest}")
