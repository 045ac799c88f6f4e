"""What is particular about rows of accounts as they are written: passwords refused, sessions ended, switches kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access import System
from app.catalog import Entry
from app.declare.record import Account
from app.store.login_sessions import LOGIN, UNFILTERED
from app.store.session import actor_of
from app.store.tables import DirectoryAccount
from app.store.validate import Invalid

Refuse = Callable[[str, Mapping[str, Any]], str]
"""Why a text cannot be the secret of a row with these values, in words; empty if it can."""


def check_secrets(
    session: Session, entry: Entry, row_id: int | None, values: Mapping[str, Any], changed: Collection[str],
    refuse: Refuse,
) -> None:  # fmt: skip
    """Raise Invalid for a secret that the deployment refuses, or that is not the writer's to set."""
    errors: dict[str, list[str]] = {}
    for name in changed:
        secret = values.get(name)
        if entry.fields[name].kind.control != "secret" or secret is None:
            continue
        account_id = row_id if entry.model is Account else None
        fault = _not_theirs(session, account_id) if account_id is not None else ""
        fault = fault or refuse(secret, values)
        if fault:
            errors[name] = [fault]
    if errors:
        raise Invalid(errors)


def _not_theirs(session: Session, account_id: int) -> str:
    if account_id == getattr(actor_of(session), "id", None):
        return str(_("Change your own password on its page, which asks for the present one."))
    if session.get(DirectoryAccount, account_id) is not None:
        return str(_("This person signs in with the directory, which keeps the password."))
    return ""


def follow(session: Session, entry: Entry, row_ids: Collection[int], changed: Mapping[str, Any]) -> None:
    """Do what changes of accounts bring with them.

    Those that have been given another password, or switched off, are signed out. What a person switches on or off stays
    so: no entry of the directory that comes back switches it on.
    """
    if entry.model is not Account or not row_ids:
        return
    if "active" in changed and not isinstance(actor_of(session), System):
        theirs = update(DirectoryAccount).where(DirectoryAccount.account_id.in_(row_ids))
        session.execute(theirs.values(gone_at=None), execution_options=UNFILTERED)
    secret = any(entry.fields[name].kind.control == "secret" for name in changed)
    if secret or changed.get("active") is False:
        ended = update(LOGIN).where(LOGIN.c.account_id.in_(row_ids), LOGIN.c.ended_at.is_(None))
        session.execute(ended.values(ended_at=datetime.now(UTC)), execution_options=UNFILTERED)
