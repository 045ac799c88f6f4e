"""The command line of the console: what its commands do stands in `commands`, a module for each kind of work."""

from __future__ import annotations

import sys
from typing import Any

import click

from commands import accounts, audit, directory, schema, search, serving, workbooks
from commands.console import make_catalog, make_console

__all__ = ["cli", "make_catalog", "make_console"]


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


for one in (
    serving.serve, serving.worker, serving.make_setup_token, schema.migrate, schema.seed, workbooks.import_file,
    workbooks.undo_import, workbooks.export_list, audit.audit, search.search, accounts.user, directory.ldap,
):  # fmt: skip
    cli.add_command(one)


if __name__ == "__main__":
    sys.exit(cli())
