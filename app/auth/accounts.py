"""Accounts and their passwords: created, given and chosen, listed. What the command line asks raises ValueError."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.access import Person
from app.auth import tokens
from app.auth.passwords import PasswordRules, fits, hash_password
from app.catalog import Catalog
from app.declare.choices import Classification
from app.declare.event import Deed
from app.declare.record import Account
from app.store import login_sessions
from app.store.apart import FACTOR
from app.store.events import note, note_rows
from app.store.save import add_row, constraints, make_rules
from app.store.save import update as update_row
from app.store.session import writing
from app.store.tables import DirectoryAccount
from app.store.validate import Invalid

UNFILTERED = {"unfiltered": True}
"""These functions say themselves whose account they mean."""


def create(
    session: Session, catalog: Catalog, *, username: str, last_name: str, first_name: str, email: str,
    roles: Sequence[str], unit: str | None, password: str, rules: PasswordRules, given: bool = True,
) -> None:  # fmt: skip
    """Store a new account; `given` says that its owner has not chosen the password, and has to choose another."""
    _check(rules, password, username)
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
        }, given=given)  # fmt: skip
    except Invalid as error:
        raise ValueError(str(error)) from None
    session.commit()


def store(session: Session, catalog: Catalog, raw: Mapping[str, Any], *, given: bool) -> None:
    """Put a new account into the transaction at hand, checked and noted like any row; raises Invalid."""
    entry = catalog.account
    if entry is None:
        raise LookupError("accounts have not been adopted here")
    # the clearance of an account is no row's level: whatever the console may hold, it can be given
    rules = make_rules(Classification.TOP_SECRET, hash_password)
    with writing(session), constraints(session, entry):
        known = {name: value for name, value in raw.items() if name in entry.fields}
        account_id = add_row(session, entry, known, rules).id
        session.get_one(Account, account_id).password_given = given
        session.flush()


def _unit(session: Session, catalog: Catalog, key: str) -> int:
    entry = catalog.unit
    field = next(iter(entry.uniques), (None,))[0] if entry is not None else None
    if entry is None or field is None:
        raise ValueError("No record owns rows here, so an account has no unit.")
    found = session.scalar(select(entry.model.id).where(field.column == key))
    if found is None:
        raise ValueError(f"There is no {entry.name} with the {field.name} {key!r}.")
    return int(found)


def set_password(session: Session, username: str, password: str, rules: PasswordRules, given: bool = True) -> None:
    """Give an account a password of its own, so that it is not the directory's, and end its sessions."""
    _check(rules, password, username)
    account = session.scalar(select(Account).where(Account.username == username))
    if account is None:
        raise ValueError(f"There is no account {username!r}.")
    account.password, account.password_given = hash_password(password), given
    _unlink(session, account.id)
    login_sessions.end(session, account.id)
    _tell(session, Deed.PASSWORD_CHANGED, account)
    session.commit()


def choose_password(session: Session, person: Person, password: str) -> None:
    """Store the password that somebody has chosen for themselves. The caller has checked it, and commits."""
    own = update(Account).where(Account.id == person.id)
    with writing(session):
        session.execute(
            own.values(password=hash_password(password), password_given=False), execution_options=UNFILTERED
        )
    note(session, Deed.PASSWORD_CHANGED)


def require_factor(session: Session, catalog: Catalog, name: str, required: bool) -> None:
    """Say whether a role requires a second factor: whoever holds the role does not lift it for themselves."""
    entry = next((one for one in catalog if one.model is Role), None)
    role_id = session.scalar(select(Role.id).where(Role.name == name))
    if entry is None or role_id is None:
        raise ValueError(f"There is no role {name!r}.")
    rules = make_rules(Classification.TOP_SECRET, hash_password)
    update_row(session, entry, role_id, {FACTOR: "1" if required else "0"}, rules, None)


def renew_hash(session: Session, account_id: int, stored: str, password: str) -> None:
    """Store the hash of a password as one is made today, unless it has been changed meanwhile."""
    made = hash_password(password)
    same = update(Account).where(Account.id == account_id, Account.password == stored)
    with writing(session):
        session.execute(same.values(password=made), execution_options=UNFILTERED)
    session.commit()


def has_password(session: Session, person: Person) -> bool:
    """Whether somebody signs in with a password that is kept here."""
    kept = select(Account.password.is_not(None)).where(Account.id == person.id)
    return bool(session.scalar(kept, execution_options=UNFILTERED))


def hand_over(session: Session, username: str, local: str) -> None:
    """Let the directory's entry of this user name have the account: whatever it signed in with before, it does not.

    `local` is the name of the account that keeps its password, for when the directory is down.
    """
    account = session.scalar(select(Account).where(Account.username == username))
    if account is None:
        raise ValueError(f"There is no account {username!r}.")
    if username.casefold() == local.casefold():
        raise ValueError(f"{username} is the account of RAINBOW_LDAP_LOCAL, which keeps its password here.")
    account.password, account.password_given = None, False
    _unlink(session, account.id)
    login_sessions.end(session, account.id)
    tokens.revoke_all(session, account.id)
    _tell(session, Deed.HANDED_OVER, account)
    session.commit()


def _tell(session: Session, deed: Deed, account: Account) -> None:
    """Note what was done to an account, where its history shows it."""
    entry = session.info["catalog"].account
    if entry is None:
        note(session, deed, text=account.username)
    else:
        note_rows(session, entry, deed, [(account.id, account.username, {})])


def _unlink(session: Session, account_id: int) -> None:
    session.execute(delete(DirectoryAccount).where(DirectoryAccount.account_id == account_id))


def _check(rules: PasswordRules, password: str, username: str) -> None:
    fault = rules.fault(password, username)
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
