"""Runs of the synchronisation: when one is due, that no two go on at once, what each did, and whom it held back.

What speaks LDAP is loaded only when a run begins.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from flask_babel import gettext as _
from sqlalchemy import Engine, Row, func, select, update
from sqlalchemy.orm import Session

from app.access import SYSTEM, Person, may
from app.access.explain import keeps_console
from app.catalog import Catalog
from app.declare.access import Verb
from app.declare.choices import Classification
from app.declare.event import Door
from app.declare.record import Account
from app.store import leases
from app.store.claims import writing_to
from app.store.jobs import Failed, Outcome, Task
from app.store.session import act_as, actor_of, writing_now
from app.store.tables import DirectoryAccount, DirectoryRun

if TYPE_CHECKING:
    from app.auth.directory.people import Directory
    from app.auth.directory.sync import Synced

LOG = logging.getLogger(__name__)
KIND = "directory-sync"
LEASE = "directory"
HELD = timedelta(minutes=10)
"""How long a run may give no sign before another may begin."""
AGAIN = timedelta(hours=1)
"""After a run that failed the next is due sooner."""
LOOK_SECONDS = 300.0
UNFILTERED = {"unfiltered": True}
SHOWN = 50
RUN: Any = DirectoryRun.__table__
Progress = Callable[[int, str], None]


class Busy(Exception):
    """A synchronisation is going on already."""


def may_synchronise(catalog: Catalog, person: Person) -> bool:
    """Whether somebody may have a run begun: who keeps the mapping, and who keeps the console."""
    rules = catalog.directory_rules
    return rules is not None and (may(person, rules, Verb.EDIT) or keeps_console(catalog, person))


def run(
    engine: Engine, session: Session, catalog: Catalog, ceiling: Classification, place: Directory, *,
    by: Person | None = None, agreed: int = 0, progress: Progress = lambda done, what: None,
) -> Synced:  # fmt: skip
    """Synchronise, and keep what came of it; raises Busy, Down, or what `progress` raises to stop it.

    `by` is who asked, `agreed` how many accounts they have agreed to see disabled.
    """
    from app.auth.directory.sync import synchronise

    name = secrets.token_hex(8)
    if not leases.hold(engine, LEASE, name, HELD):
        raise Busy
    who = None if by is None else {"account_id": by.id, "actor": by.name}

    def told(done: int, what: str) -> None:
        leases.hold(engine, LEASE, name, HELD)
        progress(done, what)

    try:
        with writing_to(engine) as connection:
            begun = RUN.insert().values(started_at=datetime.now(UTC), actor=SYSTEM.name if by is None else by.name)
            run_id = connection.execute(begun.returning(RUN.c.id)).scalar_one()
        try:
            done = synchronise(session, catalog, ceiling, place, agreed=agreed, who=who, progress=told)
        except Exception as error:
            session.rollback()
            _end(engine, run_id, text=str(error)[:500] or type(error).__name__, failed=True)
            raise
        _end(engine, run_id, text=done.words(), held_back=done.held_back)
        return done
    finally:
        leases.let_go(engine, LEASE, name)


def _end(engine: Engine, run_id: int, **values: Any) -> None:
    with writing_to(engine) as connection:
        connection.execute(update(RUN).where(RUN.c.id == run_id).values(ended_at=datetime.now(UTC), **values))


def due(engine: Engine, hours: int) -> bool:
    """Whether so many hours have passed since the last run that came to its end, whoever began it and wherever."""
    now = datetime.now(UTC)
    with engine.connect() as connection:
        last = connection.scalar(select(func.max(RUN.c.started_at)))
        whole = connection.scalar(
            select(func.max(RUN.c.started_at)).where(RUN.c.ended_at.is_not(None), RUN.c.failed.is_(False))
        )
    if last is not None and now - last < min(AGAIN, timedelta(hours=hours)):
        return False
    return whole is None or now - whole >= timedelta(hours=hours)


def scheduled(app: Flask) -> None:
    """What recurs: a run, where one is due."""
    place: Directory = app.extensions["directory"]
    engine = app.extensions["engine"]
    if not due(engine, place.settings.sync_hours):
        return
    session = app.extensions["sessions"]()
    session.info["door"] = Door.DIRECTORY
    try:
        with writing_now():
            done = run(engine, session, app.extensions["catalog"], app.config["CEILING"], place)
        LOG.info("synchronised with the directory: %s", done.words())
    except Busy:
        LOG.info("a synchronisation with the directory is going on already")


def job(task: Task) -> Outcome:
    """A run that somebody asked for."""
    from app.auth.directory.errors import Down

    session = task.session(writes=True)
    catalog, person = session.info["catalog"], actor_of(session)
    place: Directory | None = current_app.extensions["directory"]
    if place is None or not isinstance(person, Person) or not may_synchronise(catalog, person):
        raise Failed(_("You may no longer synchronise with the directory."))
    session.info["door"] = Door.DIRECTORY
    engine = current_app.extensions["engine"]
    try:
        done = run(engine, session, catalog, current_app.config["CEILING"], place, by=person,
                   agreed=int(task.args["agreed"]),
                   progress=lambda count, what: task.report(count, note=words_for(what)))  # fmt: skip
    except Busy:
        raise Failed(_("A synchronisation is going on already.")) from None
    except Down as down:
        reasons = "；".join(f"{url}: {text}" for url, text in down.reasons)
        raise Failed(_("The directory does not answer: %(reasons)s", reasons=reasons)) from None
    finally:
        act_as(session, person)
    text = _("%(read)s people read: %(added)s accounts added, %(changed)s changed, %(disabled)s disabled.",
             read=done.read, added=done.added, changed=done.changed, disabled=done.disabled)  # fmt: skip
    if done.refused:
        text += " " + _("%(count)s entries could not be brought up to date: the log says why.", count=done.refused)
    if done.held_back:
        text += " " + _("%(count)s more wait for your consent.", count=done.held_back)
    return Outcome(str(text), "/directory/sync")


def words_for(what: str) -> str:
    """What is being read, in words."""
    return str(_("groups")) if what == "groups" else str(_("people"))


def runs(session: Session, most: int) -> Sequence[DirectoryRun]:
    """The last runs, newest first."""
    return session.scalars(select(DirectoryRun).order_by(DirectoryRun.id.desc()).limit(most)).all()


def held_back(session: Session, last: DirectoryRun | None) -> Sequence[Row[Any]]:
    """The first accounts that the last run would have disabled: (id, user name, names, entry), by user name."""
    if last is None or last.failed or not last.held_back:
        return []
    gone = (
        select(Account.id, Account.username, Account.last_name, Account.first_name, DirectoryAccount.dn)
        .join(DirectoryAccount, DirectoryAccount.account_id == Account.id)
        .where(DirectoryAccount.seen_at < last.started_at, Account.active.is_(True))
        .order_by(Account.username).limit(SHOWN)
    )  # fmt: skip
    return session.execute(gone, execution_options=UNFILTERED).all()
