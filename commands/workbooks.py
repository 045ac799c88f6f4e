"""Commands of workbooks: import, undo-import, export."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.console import actor_named, lasting_console, progress, read_settings

if TYPE_CHECKING:
    from app.excel.import_command import Import


@click.command("import")
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

    settings = read_settings()
    with lasting_console(settings).app_context():
        try:
            work = import_command.prepare(actor_named(account), record, file, sheet, mode, settings.language)
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
    done = None
    if apply_ and not good_rows:
        with progress("Checking and storing") as report:
            done = work.store(report)
    counts = done
    if counts is None:
        with progress("Checking") as report:
            counts = work.plan(report)
    for line in work.notices():
        click.echo(line, err=True)
    for line in work.faults():
        click.echo(line, err=True)
    found = {name: count for name, count in counts.items() if name not in ("added", "edited")}
    bad = sum(count for name, count in found.items() if name not in ("new", "changed", "same"))
    click.echo(f"Import {work.batch_id}: " + (_counted(found) or "no rows"))
    if done is None and apply_ and (good_rows or not bad):
        with progress("Storing") as report:
            done = work.apply(good_rows, report)
    if done is not None:
        click.echo(f"Stored: {done['added']} added, {done['edited']} changed.")
    elif apply_:
        click.echo("Nothing was stored. Correct the file, or store the good rows with --good-rows.", err=True)
    else:
        click.echo("Nothing was stored: add --apply to store the rows.")
    return bad


@click.command("undo-import")
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

    settings = read_settings()
    with lasting_console(settings).app_context(), force_locale(settings.language):
        try:
            act_as(db(), actor_named(account))
            with progress("Undoing") as report:
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


@click.command("export")
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
    settings = read_settings()
    with lasting_console(settings).app_context():
        try:
            job = command.prepare(actor_named(username), record, pairs, file, settings.language)
            with click.progressbar(length=job.total, label=f"{record} → {file.name}") as bar:
                done = job.run(lambda rows: bar.update(rows - bar.pos))
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"Wrote {done.rows} rows to {file}.")
