"""Commands of the directory: check, sync, link."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commands.console import make_catalog, own_session, read_settings
from config import Settings

if TYPE_CHECKING:
    from app.auth.directory.people import Directory


@click.group()
def ldap() -> None:
    """The directory: check it, bring accounts up to date with it, hand an account over to it."""


def _directory(settings: Settings) -> Directory:
    if settings.directory is None:
        raise click.ClickException("There is no directory: RAINBOW_LDAP_URLS is not set. docs/sign-in.md says how.")
    from app.auth.directory.people import Directory

    return Directory(settings.directory)


@ldap.command("check")
@click.option("--user", "name", metavar="NAME", help="Also look this user name up, and say what they would get.")
def check_directory(name: str | None) -> None:
    """Say step by step whether each server can be used: reach, TLS, bind, search, groups."""
    from app.auth.directory.check import check_server, lines_about
    from app.auth.directory.rules import load_mapping
    from app.declare.choices import Classification

    settings = read_settings()
    place = _directory(settings)
    catalog = make_catalog()
    marks = {True: "ok  ", None: "note", False: "FAIL"}
    with own_session(settings, catalog) as session:
        mapping = load_mapping(session, catalog, Classification(settings.ceiling))
        groups = [rule.value for rule in mapping.groups]
        bad = 0
        for url in place.settings.urls:
            click.echo(url)
            steps = list(check_server(place, url, groups))
            for step in steps:
                click.echo(f"  {marks[step.good]} {step.name:<7}{step.text}")
            bad += any(step.good is False for step in steps)
        if name is not None and bad < len(place.settings.urls):
            for line in lines_about(session, place, mapping, name):
                click.echo(line)
    if bad:
        raise click.ClickException(f"{bad} of {len(place.settings.urls)} servers cannot be used.")


@ldap.command("sync")
@click.option("--disable-anyway", is_flag=True, help="Consent to disable more than RAINBOW_LDAP_MOST_GONE percent.")
def synchronise_directory(disable_anyway: bool) -> None:
    """Bring all accounts up to date with the directory, and disable those whose entry is gone."""
    from app.auth.directory.errors import Down
    from app.auth.directory.runs import Busy, run
    from app.auth.directory.sync import ALL
    from app.declare.choices import Classification
    from app.declare.event import Door

    settings = read_settings()
    place = _directory(settings)
    catalog = make_catalog()
    told = 0

    def progress(done: int, what: str) -> None:
        nonlocal told
        if done == 0 or done >= told + 1000:
            told = done
            click.echo(f"{done:,} {what}" if done else f"Reading {what} …")

    with own_session(settings, catalog) as session:
        session.info["door"] = Door.COMMAND
        try:
            done = run(session.get_bind(), session, catalog, Classification(settings.ceiling), place,  # type: ignore[arg-type]  # an engine
                       agreed=ALL if disable_anyway else 0, progress=progress)  # fmt: skip
        except Busy:
            raise click.ClickException("A synchronisation is going on already.") from None
        except (Down, ValueError) as error:
            raise click.ClickException(f"Nothing more was done: {error}") from None
    click.echo(f"Done: {done.words()}.")
    if done.held_back:
        raise click.ClickException(
            f"{done.held_back} accounts are no longer in the directory. If that is right, run this again with "
            "--disable-anyway."
        )


@ldap.command("link")
@click.argument("username")
def link_account(username: str) -> None:
    """Hand a local account over to the directory: the entry of this user name signs in to it from now on."""
    from app.auth import accounts

    settings = read_settings()
    local = _directory(settings).settings.local
    with own_session(settings, make_catalog()) as session:
        try:
            accounts.hand_over(session, username, local)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{username} has no password here any more; the directory's entry of this name is theirs.")
