"""Signing in with the directory: proof, mapping, account.

What speaks LDAP is loaded only where there is a directory: it takes as long as a tenth of the console's start.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from sqlalchemy.orm import Session

from app.access import SYSTEM
from app.auth.passwords import hash_password
from app.catalog import Catalog
from app.declare.choices import Classification
from app.declare.event import Door
from app.store.save import make_rules
from app.store.session import act_as
from app.store.validate import Invalid

if TYPE_CHECKING:
    from app.auth.directory.people import Directory

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Admitted:
    """The account of somebody who proved who they are; without one, why not, for the trail alone.

    `met` says that there is an entry of the name, so that what was typed is known to be one.
    """

    account_id: int | None
    why_not: str = ""
    met: bool = False


def install(app: Flask, settings: Any) -> None:
    """Give an application its directory, if it has one."""
    app.extensions["directory"] = None
    if settings is not None:
        from app.auth.directory.people import Directory

        app.extensions["directory"] = Directory(settings)


def directory() -> Directory | None:
    """The directory of the running application."""
    found: Directory | None = current_app.extensions["directory"]
    return found


def admit(
    session: Session, catalog: Catalog, ceiling: Classification, address: str, name: str, password: str
) -> Admitted:
    """Who a name and a password are in the directory, with their account made or brought up to date; raises Down.

    No transaction is open while the directory is asked.
    """
    from app.auth.directory.accounts import Accounts
    from app.auth.directory.rules import load_mapping

    place = directory()
    if place is None:
        raise LookupError("this console has no directory")
    answer = place.prove(name, password)
    if answer.person is None or answer.why_not:
        return Admitted(None, answer.why_not, met=answer.person is not None or answer.why_not == "several")
    act_as(session, SYSTEM)
    session.info.update(door=Door.DIRECTORY, address=address)
    given = load_mapping(session, catalog, ceiling).give(session, answer.person)
    accounts = Accounts(session, catalog, make_rules(ceiling, hash_password), place.settings.local)
    try:
        (taken,) = accounts.take([(answer.person, given)])
    except Invalid:
        # somebody signed in with the same entry at the same moment: the account is there now
        (taken,) = accounts.take([(answer.person, given)])
    if taken.what == "refused":
        LOG.warning("the account of %r cannot be used: %s", answer.person.dn, taken.why_not)
    return Admitted(taken.account_id or None, taken.why_not, met=True)
