"""Accounts at the command line: create, give a password, list. Each raises ValueError in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.auth.passwords import fits, hash_password
from app.catalog import Catalog
from app.declare.record import Account
from app.store.tables import DirectoryAccount

SHORTEST = 12


def create(
    session: Session, catalog: Catalog, *, username: str, last_name: str, first_name: str, email: str,
    roles: Sequence[str], unit: str | None, password: str,
) -> None:  # fmt: skip
    """Store a new account."""
    _check(password)
    if session.scalar(select(Account.id).where((Account.username == username) | (Account.email == email))):
        raise ValueError("There is already an account of this user name or mail address.")
    found = {role.name: role for role in session.scalars(select(Role).where(Role.name.in_(roles)))}
    missing = [name for name in roles if name not in found]
    if missing:
        known = ", ".join(session.scalars(select(Role.name).order_by(Role.name)))
        raise ValueError(f"There is no role {', '.join(missing)}. Known are: {known}.")
    unit_id = None if unit is None else _unit(session, catalog, unit)
    account = Account(username=username, first_name=first_name, last_name=last_name, email=email, active=True,
                      password=hash_password(password))  # fmt: skip
    session.add(account)
    account.roles = [found[name] for name in roles]
    if unit_id is not None:
        account.unit_id = unit_id
    session.commit()


def _unit(session: Session, catalog: Catalog, key: str) -> int:
    entry = catalog.unit
    field = next(iter(entry.uniques), (None,))[0] if entry is not None else None
    if entry is None or field is None:
        raise ValueError("No record owns rows here, so an account has no unit.")
    found = session.scalar(select(entry.model.id).where(field.column == key))
    if found is None:
        raise ValueError(f"There is no {entry.name} with the {field.name} {key!r}.")
    return int(found)


def set_password(session: Session, username: str, password: str) -> None:
    """Give an account another password."""
    _check(password)
    account = session.scalar(select(Account).where(Account.username == username))
    if account is None:
        raise ValueError(f"There is no account {username!r}.")
    account.password = hash_password(password)
    session.commit()


def hand_over(session: Session, username: str) -> None:
    """Let the directory's entry of this user name have the account: whatever it signed in with before, it does not."""
    account = session.scalar(select(Account).where(Account.username == username))
    if account is None:
        raise ValueError(f"There is no account {username!r}.")
    account.password = None
    session.execute(delete(DirectoryAccount).where(DirectoryAccount.account_id == account.id))
    session.commit()


def _check(password: str) -> None:
    if len(password) < SHORTEST:
        raise ValueError(f"A password has at least {SHORTEST} characters.")


def lines(session: Session) -> Iterator[str]:
    """A line for each account: user name, name, whether active, roles."""
    for account in session.scalars(select(Account).order_by(Account.username)):
        roles = ", ".join(sorted(role.name for role in account.roles)) or "no role"
        state = "" if account.active else " (not active)"
        yield f"{account.username:<16} {account.last_name}{account.first_name}{state}: {roles}"


def accounts_with(session: Session, password: str) -> list[str]:
    """The active accounts that can be signed in to with this password."""
    rows = session.execute(select(Account.username, Account.password).where(Account.active.is_(True)).limit(50)).all()
    return [name for name, stored in rows if stored and fits(stored, password)]
