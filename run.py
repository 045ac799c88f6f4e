"""The command line of the console: serve, worker, setup-token, migrate, seed, export, audit, user, ldap."""

from __future__ import annotations

import gc
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config import DEMO_PASSWORD, Settings, SettingsError

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy.orm import Session

    from app.access import Person, System
    from app.auth.directory.people import Directory
    from app.auth.passwords import PasswordRules
    from app.catalog import Catalog
    from app.excel.import_command import Import


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


def _settings() -> Settings:
    try:
        settings = Settings.from_env()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    settings.data.mkdir(parents=True, exist_ok=True)
    return settings


class _Commands(click.Group):
    """Commands that end in words where it is the database or the disk that fails."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            said = _in_words(error)
            if said is None:
                raise
            raise click.ClickException(said) from None


def _in_words(error: Exception) -> str | None:
    """What is to be done about a fault of the database or the disk; None if it is another."""
    from sqlalchemy.exc import DBAPIError, OperationalError

    from app.store.failures import no_room, no_table

    if no_room(error):
        return "There is no room left on the disk. What was not finished was not stored."
    if not isinstance(error, DBAPIError):
        return None
    if no_table(error):
        return "The database has not the tables of this release. Run `run.py migrate` first."
    if isinstance(error, OperationalError):
        return f"The database cannot be used: {str(error.orig).strip().splitlines()[0]}"
    return None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """The Rainbow Net console."""


@cli.command()
def serve() -> None:
    """Serve the console on HOST and PORT."""
    settings, app = _loaded()
    from app.serve import run

    if not settings.demo:
        _refuse_demo_password(app)
    _tell_of_setup(app, settings)
    run(app, settings)


@cli.command()
def worker() -> None:
    """Do the jobs that people ask for, and what recurs; `serve` does so by itself where REDIS_URL is not set."""
    settings, app = _loaded()
    from app.serve import work

    if not settings.job_processes:
        raise click.ClickException("RAINBOW_JOB_PROCESSES is 0. Set it to the number of worker processes.")
    work(app, settings)


def _loaded() -> tuple[Settings, Flask]:
    """The console as a long process has it."""
    settings = _settings()
    problems = settings.problems_for_serving()
    if problems:
        raise click.ClickException("\n".join(problems))
    return settings, _lasting_console(settings)


def _lasting_console(settings: Settings) -> Flask:
    """The application for much work: what is loaded is never thrown away, so it is never searched for garbage."""
    gc.disable()
    app = make_console(settings)
    gc.freeze()
    # what work makes is let go as soon as it is done with: to look for rings among it often takes a quarter of the time
    gc.set_threshold(20_000, 10, 10)
    gc.enable()
    return app


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


@cli.command("setup-token")
def make_setup_token() -> None:
    """Print a new token for the first set-up, the page at /setup; the one before opens nothing any more."""
    from app.auth import setup

    settings = _settings()
    catalog = make_catalog()
    with _session(settings, catalog) as session:
        try:
            token = setup.make_token(session, catalog)
        except setup.Over:
            raise click.ClickException("This console has accounts: there is no first set-up.") from None
    (settings.data / setup.FILE).unlink(missing_ok=True)
    click.echo(token)


@cli.command()
@click.option("--make", "name", metavar="NAME", help="Write the migration that brings the schema to the declarations.")
@click.option("--check", is_flag=True, help="Say whether declarations and migrations agree; changes nothing.")
@click.option("--down", "revision", metavar="REVISION", help="Take the schema down to a revision, or to base.")
def migrate(name: str | None, check: bool, revision: str | None) -> None:
    """Bring the schema up to date and write roles and grants."""
    from app.store import migrate as schema

    settings = _settings()
    catalog = make_catalog()
    if check:
        _check()
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

    with _session(settings, catalog) as session:
        done = sync(session, catalog, GrantTrail(session, catalog))
        fill(session, catalog)
    click.echo(f"Schema current; {done.roles} roles added, {done.granted} grants given, {done.withdrawn} withdrawn.")


def _check() -> None:
    from app.store import migrate as schema

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'check.sqlite'}"
        schema.upgrade(url)
        found = schema.differences(url)
    for line in found:
        click.echo(line, err=True)
    if found:
        raise click.ClickException("The migrations do not lead to the declarations: run `run.py migrate --make NAME`.")
    click.echo("Declarations and migrations agree.")


class _session:  # noqa: N801  # used as a function
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


@cli.command()
@click.option("--demo", is_flag=True, help="Also a believable city and an account for each role.")
def seed(demo: bool) -> None:
    """Load the rows of the city's plan; running it again adds nothing."""
    settings = _settings()
    catalog = make_catalog()
    import seeds.plan

    with _session(settings, catalog) as session:
        click.echo(f"Plan: {seeds.plan.load(session)}.")
    if not demo:
        return
    import seeds.demo
    import views
    from app.auth.passwords import hash_password

    with _session(settings, catalog) as session:
        click.echo(f"Demo: {seeds.demo.load(session, hash_password, settings.demo_password)}.")
    click.echo("Demo accounts:")
    for name, words in views.demo_accounts():
        click.echo(f"  {name:<12} {words}")
    click.echo(f"Password of each: {settings.demo_password}")


@cli.command("import")
@click.argument("record")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--as", "account", metavar="ACCOUNT", help="By whose rights; without it the console itself imports.")
@click.option("--sheet", default="", help="The sheet's name; known by its header if not given.")
@click.option("--mode", type=click.Choice(["both", "insert", "update"]), default="both", show_default=True)
@click.option("--apply", "apply_", is_flag=True, help="Store the rows; without it the file is only checked.")
@click.option("--good-rows", is_flag=True, help="With --apply: store the rows that are good, leave out the others.")
def import_file(
    *, record: str, file: Path, account: str | None, sheet: str, mode: str, apply_: bool, good_rows: bool
) -> None:
    """Check a workbook row by row against RECORD, and store its rows if asked to.

    Ends with 1 if a row cannot go in, though others may have been stored with --good-rows.
    """
    from app.excel import import_command

    settings = _settings()
    with _lasting_console(settings).app_context():
        try:
            work = import_command.prepare(_actor(account), record, file, sheet, mode, settings.language)
            for number, who, state in work.earlier:
                click.echo(f"The same file is known: import {number} by {who}, {state}.", err=True)
            for line in work.told:
                click.echo(line, err=True)
            bad = _import(work, apply_, good_rows)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    if bad:
        sys.exit(1)


def _import(work: Import, apply_: bool, good_rows: bool) -> int:
    """Check a file and store it if asked to, telling both; returns how many rows are bad."""
    with work.ahead(apply_ and not good_rows) as ahead:
        with _progress("Checking") as report:
            counts = work.plan(report, ahead)
        for line in work.notices():
            click.echo(line, err=True)
        for line in work.faults():
            click.echo(line, err=True)
        bad = sum(count for name, count in counts.items() if name not in ("new", "changed", "same"))
        click.echo(f"Import {work.batch_id}: " + (_counted(counts) or "no rows"))
        if apply_ and (good_rows or not bad):
            with _progress("Storing") as report:
                done = work.apply(good_rows, report, ahead)
            click.echo(f"Stored: {done['added']} added, {done['edited']} changed.")
        elif apply_:
            click.echo("Nothing was stored. Correct the file, or store the good rows with --good-rows.", err=True)
        else:
            click.echo("Nothing was stored: add --apply to store the rows.")
    return bad


@cli.command("undo-import")
@click.argument("number", type=int)
@click.option("--as", "account", metavar="ACCOUNT", help="By whose rights; without it the console itself.")
@click.option("--others", is_flag=True, help="Leave the rows that somebody has changed since, take back the others.")
def undo_import(*, number: int, account: str | None, others: bool) -> None:
    """Take the import of this NUMBER back: every row as it was before, or none."""
    from flask_babel import force_locale

    from app.access import Forbidden
    from app.store.imports.batches import Refused, line_text
    from app.store.imports.undoing import ChangedSince, undo
    from app.store.session import act_as, db

    settings = _settings()
    with _lasting_console(settings).app_context(), force_locale(settings.language):
        try:
            act_as(db(), _actor(account))
            with _progress("Undoing") as report:
                done = undo(db(), number, others=others, report=report)
        except ChangedSince as error:
            for row in error.rows:
                click.echo(f"{line_text(row.line)} {row.label}: {row.reason}", err=True)
            raise click.ClickException(error.message) from None
        except Refused as error:
            raise click.ClickException(error.message) from None
        except Forbidden as error:
            raise click.ClickException(f"There is no grant to undo this in {error.entry.name}.") from None
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"Undone: {done.removed} removed, {done.restored} as before, {done.kept} left as they are.")


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar on a terminal; the function to tell it how many rows of how many are done."""
    with click.progressbar(length=1, label=label, file=sys.stderr, show_pos=True) as bar:

        def report(done: int, total: int | None) -> None:
            bar.length = max(total or 0, done, 1)
            bar.update(done - bar.pos)

        yield report


@cli.command("export")
@click.argument("record")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--where", "conditions", multiple=True, metavar="NAME=VALUE", help="A filter, as in a list's address.")
@click.option("--order", metavar="NAME", help="The field to order by; -NAME descends.")
@click.option(
    "--columns", metavar="NAMES", help="The fields to write, with commas between; those of the list if absent."
)
@click.option("--as", "username", metavar="ACCOUNT", help="Write what this account may see; everything if absent.")
def export_list(
    *,
    record: str,
    file: Path,
    conditions: tuple[str, ...],
    order: str | None,
    columns: str | None,
    username: str | None,
) -> None:
    """Write a record's list to FILE, a workbook (.xlsx) or comma-separated values (.csv)."""
    from app.excel import command

    wrong = next((text for text in conditions if "=" not in text), None)
    if wrong is not None:
        raise click.BadParameter(f"{wrong!r} is not NAME=VALUE.")
    pairs = [(text.partition("=")[0], text.partition("=")[2]) for text in conditions]
    pairs += [(name, value) for name, value in (("order", order), ("cols", columns)) if value]
    settings = _settings()
    with _lasting_console(settings).app_context():
        try:
            job = command.prepare(_actor(username), record, pairs, file, settings.language)
            with click.progressbar(length=job.total, label=f"{record} → {file.name}") as bar:
                done = job.run(lambda rows: bar.update(rows - bar.pos))
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"Wrote {done.rows} rows to {file}.")


def _actor(username: str | None) -> Person | System:
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


@cli.group()
def audit() -> None:
    """The audit trail: seal it, verify it."""


@audit.command("seal")
def seal_trail() -> None:
    """Seal the lines that no seal holds yet; the serving console does so every few seconds."""
    from app.store import seals
    from app.store.session import make_engine

    settings = _settings()
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

    settings = _settings()
    make_catalog()
    engine = make_engine(settings.database_url)
    found = seals.verify(engine)
    engine.dispose()
    if found.broken:
        raise click.ClickException(f"The audit trail is broken: {found.broken}.")
    click.echo(f"Whole: {found.lines} lines in {found.seals} seals, {found.unsealed} not sealed yet.")
    click.echo(f"Digest: {found.digest}")


@cli.group()
def search() -> None:
    """The search: make it anew."""


@search.command("rebuild")
@click.argument("records", nargs=-1)
def rebuild_search(records: tuple[str, ...]) -> None:
    """Make the search of RECORDS anew from their rows, or of all; people may go on working."""
    from app.store.search.index import rebuild

    settings = _settings()
    catalog = make_catalog()
    unknown = [name for name in records if name not in catalog]
    if unknown:
        raise click.ClickException(f"There is no record {', '.join(unknown)}.")
    with _session(settings, catalog) as session:
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


@cli.group()
def user() -> None:
    """Accounts: create, give a password, list."""


CHOSEN = "The owner has chosen the password; otherwise it is changed at the first sign-in, before anything else."


def _password_rules(settings: Settings) -> PasswordRules:
    from app.auth.passwords import PasswordRules

    return PasswordRules(settings.password_length, settings.published_passwords)


@user.command("create")
@click.argument("username")
@click.option("--family-name", required=True)
@click.option("--given-name", required=True)
@click.option("--email", required=True)
@click.option("--role", "roles", multiple=True, required=True, help="A role's name; may be given several times.")
@click.option("--unit", help="The key of the unit, such as its code.")
@click.option("--chosen", is_flag=True, help=CHOSEN)
@click.password_option()
def create_user(
    *,
    username: str,
    family_name: str,
    given_name: str,
    email: str,
    roles: tuple[str, ...],
    unit: str | None,
    chosen: bool,
    password: str,
) -> None:
    """Create an account."""
    from app.auth import accounts

    settings = _settings()
    catalog = make_catalog()
    with _session(settings, catalog) as session:
        try:
            accounts.create(session, catalog, username=username, last_name=family_name, first_name=given_name,
                            email=email, roles=roles, unit=unit, password=password,
                            rules=_password_rules(settings), given=not chosen)  # fmt: skip
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"Created {username}.")


@user.command("password")
@click.argument("username")
@click.option("--chosen", is_flag=True, help=CHOSEN)
@click.password_option()
def set_password(username: str, chosen: bool, password: str) -> None:
    """Give an account another password, and end its sessions."""
    from app.auth import accounts

    settings = _settings()
    with _session(settings, make_catalog()) as session:
        try:
            accounts.set_password(session, username, password, _password_rules(settings), not chosen)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{username} has a new password.")


@user.command("second-factor")
@click.argument("role")
@click.option("--required/--not-required", required=True, help="Whether whoever holds the role needs one.")
def require_factor(role: str, required: bool) -> None:
    """Say whether a role requires a second factor; administrators do not lift it from their own role."""
    from app.auth import accounts

    settings = _settings()
    catalog = make_catalog()
    with _session(settings, catalog) as session:
        try:
            accounts.require_factor(session, catalog, role, required)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{role} {'requires' if required else 'does not require'} a second factor.")


@user.command("list")
def list_users() -> None:
    """List the accounts with their roles."""
    from app.auth import accounts

    settings = _settings()
    with _session(settings, make_catalog()) as session:
        for line in accounts.lines(session):
            click.echo(line)


@cli.group()
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

    settings = _settings()
    place = _directory(settings)
    catalog = make_catalog()
    marks = {True: "ok  ", None: "note", False: "FAIL"}
    with _session(settings, catalog) as session:
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

    settings = _settings()
    place = _directory(settings)
    catalog = make_catalog()
    told = 0

    def progress(done: int, what: str) -> None:
        nonlocal told
        if done == 0 or done >= told + 1000:
            told = done
            click.echo(f"{done:,} {what}" if done else f"Reading {what} …")

    with _session(settings, catalog) as session:
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

    settings = _settings()
    local = _directory(settings).settings.local
    with _session(settings, make_catalog()) as session:
        try:
            accounts.hand_over(session, username, local)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{username} has no password here any more; the directory's entry of this name is theirs.")


if __name__ == "__main__":
    sys.exit(cli())
