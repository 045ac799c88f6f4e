"""First set-up: the accounts that a new console begins with, one for each role that is kept apart, made in turn, once.

Whoever makes them has the token that the console gave to those who started it, and to nobody on the network.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask, current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import SYSTEM
from app.auth import accounts, passwords
from app.catalog import Catalog
from app.declare.access import Roles
from app.declare.event import Deed, Door
from app.declare.record import Account, Role
from app.store.apart import HOLDING
from app.store.events import note
from app.store.session import act_as, writing
from app.store.tables import Setup
from app.store.validate import Errors, Invalid

LIFE = timedelta(hours=24)
UNFILTERED = {"unfiltered": True}
FILE = "setup-token"
FIELDS = ("username", "last_name", "first_name", "email", "password", "repeat")
NAMES = ("last_name", "first_name")


class Over(Exception):
    """There is no set-up here, or no longer."""


class Overtaken(Exception):
    """Somebody else has made this account meanwhile."""


@dataclass(frozen=True)
class Due:
    """The set-up as it stands: the role whose account is made next, and those that somebody holds already."""

    role: Roles
    held: frozenset[str]


def install(app: Flask, data: Path) -> None:
    """Let an application know whether its set-up is over, and where its token may lie."""
    app.extensions["setup"] = {"over": False, "file": data / FILE}


def due(session: Session, catalog: Catalog) -> Due | None:
    """What is to be made next; None if the set-up is over or has never been needed."""
    known = current_app.extensions["setup"]
    if known["over"]:
        return None
    found = _due(session, catalog, session.get(Setup, 1, populate_existing=True, execution_options=UNFILTERED))
    # a console that has accounts does not go back to having none
    known["over"] = found is None
    return found


def _due(session: Session, catalog: Catalog, row: Setup | None) -> Due | None:
    if not catalog.apart or catalog.account is None or (row is not None and row.closed_at is not None):
        return None
    begun = row is not None and row.begun
    if not begun and session.execute(select(Account.id).limit(1), execution_options=UNFILTERED).first() is not None:
        return None
    held = set(session.scalars(
        select(Role.name).join(HOLDING, HOLDING.c.role_id == Role.id).where(Role.name.in_(catalog.apart)).distinct(),
        execution_options=UNFILTERED,
    ))  # fmt: skip
    missing = [role for name, role in catalog.apart.items() if name not in held]
    return Due(missing[0], frozenset(held)) if missing else None


def make_token(session: Session, catalog: Catalog) -> str:
    """A new token; the one before opens nothing any more. Raises Over."""
    act_as(session, SYSTEM)
    row = session.get(Setup, 1, with_for_update=True)
    if _due(session, catalog, row) is None:
        raise Over
    token = secrets.token_urlsafe(24)
    if row is None:
        row = Setup(id=1, begun=False, closed_at=None)
        session.add(row)
    row.digest, row.made_at = digest(token), datetime.now(UTC)
    note(session, Deed.TOKEN_MADE, text="setup")
    session.commit()
    return token


def kept_token(session: Session, file: Path) -> bool:
    """Whether the token that lies in the file still opens the set-up."""
    row = session.get(Setup, 1, execution_options=UNFILTERED)
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError:
        return False
    return row is not None and hmac.compare_digest(row.digest, digest(text)) and not expired(row)


def keep_token(file: Path, token: str) -> None:
    """Put the token where only whoever runs the console can read it."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(token + "\n")


def digest(token: str) -> str:
    """What is kept of a token."""
    # random enough that a fast digest is as safe as a slow one
    return hashlib.sha256(token.strip().encode("utf-8", "replace")).hexdigest()


def expired(row: Setup) -> bool:
    """Whether the token is too old."""
    return datetime.now(UTC) - row.made_at > LIFE


def opens(session: Session, known: str) -> str:
    """Nothing if this digest is that of the token, else why not, in words."""
    row = session.get(Setup, 1)
    if row is None or not hmac.compare_digest(row.digest, known):
        return str(_("This is not the token. Copy it from where the console was started."))
    if expired(row):
        return str(_("The token has expired. Make another on the server: run.py setup-token"))
    return ""


def make_account(session: Session, catalog: Catalog, role: str, typed: Mapping[str, str], address: str) -> Due | None:
    """Make the account of the role that is due, and say what is due then; None: the set-up is over, for good.

    Raises Over, Overtaken or Invalid.
    """
    act_as(session, SYSTEM)
    session.info.update(door=Door.SETUP, address=address)
    # of two who send the form at once the second waits here, and finds the first one's account
    row = session.get(Setup, 1, with_for_update=True, populate_existing=True)
    now = _due(session, catalog, row)
    if row is None or now is None:
        raise Over
    if now.role.value != role:
        raise Overtaken
    _check(session, catalog, typed)
    role_id = session.scalar(select(Role.id).where(Role.name == role), execution_options=UNFILTERED)
    raw = {name: typed.get(name, "") for name in FIELDS if name != "repeat"}
    accounts.store(session, catalog, {**raw, "active": "1", "roles": [str(role_id)]}, given=False)
    row.begun = True
    session.flush()
    then = _due(session, catalog, row)
    if then is None:
        row.closed_at = datetime.now(UTC)
        current_app.extensions["setup"]["file"].unlink(missing_ok=True)
    with writing(session):
        session.commit()
    return then


def _check(session: Session, catalog: Catalog, typed: Mapping[str, str]) -> None:
    """What the form asks besides what every account must have."""
    errors: Errors = {}
    for name in FIELDS:
        if not typed.get(name, "").strip():
            errors[name] = [_("Please fill this in.")]
    fault = passwords.rules().fault(typed.get("password", ""), typed.get("username", ""))
    if fault and "password" not in errors:
        errors["password"] = [fault]
    if typed.get("password") != typed.get("repeat") and "repeat" not in errors:
        errors["repeat"] = [_("This is not the same password.")]
    others = (
        select(Account.last_name, Account.first_name).join(HOLDING, HOLDING.c.user_id == Account.id)
        .join(Role, Role.id == HOLDING.c.role_id).where(Role.name.in_(catalog.apart))
    )  # fmt: skip
    named = tuple("".join(typed.get(name, "").split()) for name in NAMES)
    if named in {tuple(row) for row in session.execute(others, execution_options=UNFILTERED)}:
        errors.setdefault("first_name", []).append(_("This person has an account already. Each of them is another."))
    if errors:
        raise Invalid(errors)
