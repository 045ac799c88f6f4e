"""Commands of accounts: create, password, second-factor, list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commands.console import make_catalog, own_session, read_settings
from config import Settings

if TYPE_CHECKING:
    from app.auth.passwords import PasswordRules


@click.group()
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

    settings = read_settings()
    catalog = make_catalog()
    with own_session(settings, catalog) as session:
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

    settings = read_settings()
    with own_session(settings, make_catalog()) as session:
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

    settings = read_settings()
    catalog = make_catalog()
    with own_session(settings, catalog) as session:
        try:
            accounts.require_factor(session, catalog, role, required)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{role} {'requires' if required else 'does not require'} a second factor.")


@user.command("list")
def list_users() -> None:
    """List the accounts with their roles."""
    from app.auth import accounts

    settings = read_settings()
    with own_session(settings, make_catalog()) as session:
        for line in accounts.lines(session):
            click.echo(line)
