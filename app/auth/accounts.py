"""Accounts at the command line: create, give a password, list. Each raises ValueError in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.auth.passwords import fits, hash_password
from app.catalog import Catalog
from app.declare.choices import Classification
from app.declare.record import Account
from app.store.save import add_row, constraints, make_rules
from app.store.session import writing
from app.store.tables import DirectoryAccount
from app.store.validate import Invalid

SHORTEST = 12


def create(
    session: Session, catalog: Catalog, *, username: str, last_name: str, first_name: str, email: str,
    roles: Sequence[str], unit: str | None, password: str,
) -> None:  # fmt: skip
    """Store a new account."""
    _check(password)
    if session.scalar(select(Account.id).where((Account.username == username) | (Account.email == email))):
        raise ValueError("There is already an account of this user name or mail address.")
    found = {name: row_id for row_id, name in session.execute(select(Role.id, Role.name).where(Role.name.in_(roles)))}
    missing = [name for name in roles if name not in found]
    if missing:
        known = ", ".join(session.scalars(select(Role.name).order_by(Role.name)))
        raise ValueError(f"There is no role {', '.join(missing)}. Known are: {known}.")
    unit_id = None if unit is None else _unit(session, catalog, unit)
    try:
        store(session, catalog, {
            "username": username, "first_name": first_name, "last_name": last_name, "email": email, "active": "1",
            "password": password, "roles": [str(one) for one in found.values()],
            "unit": "" if unit_id is None else str(unit_id),
        })  # fmt: skip
    except Invalid as error:
        raise ValueError(str(error)) from None
    session.commit()


def store(session: Session, catalog: Catalog, raw: Mapping[str, Any]) -> int:
    """Put a new account into the transaction at hand, checked and noted like any row; raises Invalid."""
    entry = catalog.account
    if entry is None:
        raise LookupError("accounts have not been adopted here")
    # the clearance of an account is no row's level: whatever the console may hold, it can be given
    rules = make_rules(Classification.TOP_SECRET, hash_password)
    with writing(session), constraints(session, entry):
        known = {name: value for name, value in raw.items() if name in entry.fields}
        return add_row(session, entry, known, rules).id


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


def password_fault(password: str) -> str:
    """What is wrong with a password, in words; nothing if it may be one."""
    return f"A password has at least {SHORTEST} characters." if len(password) < SHORTEST else ""


def _check(password: str) -> None:
    fault = password_fault(password)
    if fault:
        raise ValueError(fault)


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
