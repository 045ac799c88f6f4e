"""The second factor: codes of a device that change every half minute (RFC 6238), and recovery codes for a lost device.

A device's secret is not kept. It comes of a salt, which is, and of the console's key, so that whoever reads the
database alone can make no code.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from base64 import b32encode
from datetime import datetime
from enum import Enum
from typing import Any

from flask import current_app
from flask_appbuilder.security.sqla.models import Role
from flask_babel import gettext as _
from pyotp import TOTP
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.access import Person
from app.auth.people import OPTIONS
from app.declare.record import Account
from app.store.tables import RecoveryCode, SecondFactor

SECONDS = 30
EARLY_OR_LATE = 1
"""Steps by which a device's clock may be wrong."""
DIGITS = 6
CODES = 10
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Of recovery codes: without those that are mistaken for one another."""
LENGTH = 12
FACTOR: Any = SecondFactor.__table__
RECOVERY: Any = RecoveryCode.__table__


class Overtaken(Exception):
    """Somebody has given the account its first device meanwhile."""


class Need(Enum):
    """What a sign-in still takes after the password."""

    NOTHING = "nothing"
    CODE = "code"
    SET_UP = "set up"


def need_of(session: Session, person: Person) -> Need:
    """What somebody with the right password needs besides."""
    has, required = session.execute(
        select(_has(person.id).label("has"), _required(person).label("required")), execution_options=OPTIONS
    ).one()  # fmt: skip
    return Need.CODE if has else Need.SET_UP if required else Need.NOTHING


def has_factor(session: Session, account_id: int) -> bool:
    """Whether an account has a second factor."""
    return bool(session.scalar(select(_has(account_id)), execution_options=OPTIONS))


def required_of(session: Session, person: Person) -> bool:
    """Whether one of the person's roles requires a second factor."""
    return bool(session.scalar(select(_required(person)), execution_options=OPTIONS))


def _has(account_id: int) -> Any:
    return select(FACTOR.c.account_id).where(FACTOR.c.account_id == account_id).exists()


def _required(person: Person) -> Any:
    table: Any = Role.__table__
    return select(table.c.id).where(table.c.name.in_(person.roles), table.c.second_factor).exists()


def standing(session: Session, account_id: int) -> tuple[datetime, int] | None:
    """Since when an account has its second factor, and how many recovery codes are left; None if it has none."""
    left = select(func.count()).select_from(RECOVERY).where(RECOVERY.c.account_id == account_id).scalar_subquery()
    found = select(FACTOR.c.confirmed_at, left.label("left")).where(FACTOR.c.account_id == account_id)
    row = session.execute(found, execution_options=OPTIONS).first()
    return None if row is None else (row.confirmed_at, row.left)


def new_salt() -> str:
    """What a new device's secret comes of."""
    return secrets.token_hex(16)


def secret_of(account_id: int, salt: str) -> str:
    """A device's secret, as 32 characters that it takes."""
    return b32encode(_keyed("device", str(account_id), salt)[:20]).decode()


def address_of(secret: str, username: str) -> str:
    """What the picture says to a device: the secret, and what it is for."""
    return TOTP(secret, digits=DIGITS, interval=SECONDS).provisioning_uri(name=username, issuer_name=_("Rainbow Net"))


def set_up(
    session: Session, account_id: int, salt: str, typed: str, now: datetime, *, instead: bool = False
) -> tuple[str, ...]:  # fmt: skip
    """Give an account the device that this code comes from, its first or `instead` of any; returns recovery codes.

    Nothing, and none, if the device does not show that code. Raises Overtaken, if it was to be the first and is not.
    """
    step = _step_of(secret_of(account_id, salt), clean(typed), now)
    if step is None:
        return ()
    if instead:
        remove(session, account_id)
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = {"account_id": account_id, "salt": salt, "last_step": step, "confirmed_at": now}
    # of two who set up a first device at once the one stays that was first
    new = dialect.insert(FACTOR).values(row).on_conflict_do_nothing().returning(FACTOR.c.account_id)
    if session.execute(new, execution_options=OPTIONS).first() is None:
        raise Overtaken
    return renew_codes(session, account_id)


def mark_of_password(session: Session, account_id: int) -> str:
    """What changes with the stored password of an account, and tells nothing of it."""
    stored = session.scalar(select(Account.password).where(Account.id == account_id), execution_options=OPTIONS)
    return _keyed("password", str(account_id), stored or "").hex()[:16]


def renew_codes(session: Session, account_id: int) -> tuple[str, ...]:
    """New recovery codes instead of those there were: shown once, kept as digests."""
    session.execute(delete(RECOVERY).where(RECOVERY.c.account_id == account_id), execution_options=OPTIONS)
    made = tuple("".join(secrets.choice(LETTERS) for _n in range(LENGTH)) for _m in range(CODES))
    rows = [{"digest": _digest(account_id, code), "account_id": account_id} for code in made]
    session.execute(insert(RECOVERY), rows, execution_options=OPTIONS)
    return tuple(grouped(code) for code in made)


def spend(session: Session, account_id: int, typed: str, now: datetime) -> str:
    """Take a code of the device or a recovery code, which is good once: "device", "recovery", or empty if it is wrong.

    Of several requests with one code, one has it.
    """
    code = clean(typed)
    if len(code) == LENGTH:
        spent = delete(RECOVERY).where(RECOVERY.c.digest == _digest(account_id, code))
        return "recovery" if _changed(session, spent) else ""
    salt = session.scalar(select(FACTOR.c.salt).where(FACTOR.c.account_id == account_id), execution_options=OPTIONS)
    step = None if salt is None else _step_of(secret_of(account_id, salt), code, now)
    if step is None:
        return ""
    newer = update(FACTOR).where(FACTOR.c.account_id == account_id, FACTOR.c.salt == salt, FACTOR.c.last_step < step)
    return "device" if _changed(session, newer.values(last_step=step)) else ""


def remove(session: Session, account_id: int) -> bool:
    """Take an account's second factor away; False if it had none."""
    session.execute(delete(RECOVERY).where(RECOVERY.c.account_id == account_id), execution_options=OPTIONS)
    return _changed(session, delete(FACTOR).where(FACTOR.c.account_id == account_id))


def _changed(session: Session, statement: Any) -> bool:
    return bool(session.execute(statement, execution_options=OPTIONS).rowcount)  # type: ignore[attr-defined]  # a cursor's result


def clean(typed: str) -> str:
    """A code as it is compared: half-width, without spaces and dashes, in capitals."""
    return "".join(unicodedata.normalize("NFKC", typed[:64]).upper().replace("-", "").split())


def grouped(text: str) -> str:
    """A secret or code in groups of four, to be read and typed."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The half minute whose code this is; None if it is none of those about now."""
    device, this = TOTP(secret, digits=DIGITS, interval=SECONDS), int(now.timestamp()) // SECONDS
    for step in range(this - EARLY_OR_LATE, this + EARLY_OR_LATE + 1):
        if hmac.compare_digest(device.generate_otp(step), code.encode("ascii", "replace").decode()):
            return step
    return None


def _digest(account_id: int, code: str) -> str:
    return _keyed("recovery", str(account_id), code).hex()


def _keyed(*parts: str) -> bytes:
    key = hashlib.sha256(f"second factor {current_app.config['SECRET_KEY']}".encode()).digest()
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).digest()
