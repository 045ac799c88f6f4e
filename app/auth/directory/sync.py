"""The scheduled run that keeps all accounts as the directory has them, in constant memory, and lets nobody vanish."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from app.access import SYSTEM
from app.auth.directory.accounts import UNFILTERED, Accounts
from app.auth.directory.groups import all_groups, members_of
from app.auth.directory.link import Line
from app.auth.directory.people import Directory, DirectoryPerson
from app.auth.directory.rules import Mapping as Rulebook
from app.auth.directory.rules import load_mapping
from app.auth.directory.text import read_dn
from app.auth.passwords import hash_password
from app.catalog import Catalog
from app.declare.choices import Classification
from app.declare.event import Deed, Door
from app.declare.record import Account
from app.store.events import note
from app.store.save import Rules, change_row, constraints, make_rules
from app.store.session import act_as, writing
from app.store.tables import DirectoryAccount

LOG = logging.getLogger(__name__)
AT_ONCE = 100
"""Accounts of one transaction: SQLite lets nobody else write meanwhile."""
ALL = sys.maxsize
"""Agreed to in advance, however many they are."""
Progress = Callable[[int, str], None]
Who = Mapping[str, Any]
"""An actor as a line of the trail names one: account_id and actor."""


@dataclass
class Synced:
    """What a run did: people read, accounts by what became of them.

    `held_back` are accounts that would have been disabled, but were too many to be without a person's consent;
    `kept_apart` are people to whom the directory gives roles that nobody may hold together, so that none was given.
    """

    read: int = 0
    added: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0
    disabled: int = 0
    held_back: int = 0
    kept_apart: int = 0

    def words(self) -> str:
        """The same on one line, for the trail and the command line."""
        told = ("read", "added", "changed", "same", "refused", "disabled")
        parts = [f"{getattr(self, name)} {name}" for name in told if getattr(self, name)]
        apart = f"; {self.kept_apart} without roles that are kept apart, as they would hold several"
        held = f"; {self.held_back} gone from the directory, which is too many to disable without consent"
        text = ", ".join(parts) or "nobody found"
        return text + (apart if self.kept_apart else "") + (held if self.held_back else "")


class Members:
    """Who is in the groups that rules name: on disk, so that memory stays the same however many they are."""

    def __init__(self) -> None:
        # the file has no name and is gone with the connection
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.execute("CREATE TABLE member (person BLOB, rule INTEGER, PRIMARY KEY (person, rule)) WITHOUT ROWID")

    def close(self) -> None:
        """Give the room back."""
        self._base.close()

    def add(self, rule: int, names: Iterator[str]) -> None:
        """Note everybody of these names under a rule."""
        self._base.execute("BEGIN")
        self._base.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", ((_digest(name), rule) for name in names))
        self._base.execute("COMMIT")

    def rules_of(self, name: str) -> list[int]:
        """The rules under which somebody was noted."""
        found = self._base.execute("SELECT rule FROM member WHERE person = ?", (_digest(name),))
        return [row[0] for row in found]


def _digest(name: str) -> bytes:
    return hashlib.blake2b(repr(read_dn(name)).encode(), digest_size=16).digest()


def synchronise(
    session: Session, catalog: Catalog, ceiling: Classification, place: Directory, *, agreed: int = 0,
    who: Who | None = None, progress: Progress = lambda done, note: None,
) -> Synced:  # fmt: skip
    """Bring every account of the directory up to date, and disable those whose entry is gone or barred.

    More of them at once than the set share are disabled only if a person has `agreed` to so many; `who` is the person
    that the trail names. Raises Down.
    """
    if not place.settings.bind_dn:
        raise ValueError("A synchronisation needs an account that searches: RAINBOW_LDAP_BIND_DN.")
    act_as(session, SYSTEM)
    session.info.setdefault("door", Door.DIRECTORY)
    started, rules, local = datetime.now(UTC), make_rules(ceiling, hash_password), place.settings.local

    def work(line: Line) -> Synced:
        # from the beginning also where the server failed midway: what has been done already is found the same
        mapping, accounts = load_mapping(session, catalog, ceiling), Accounts(session, catalog, rules, local)
        # nothing of the database is held while the directory is waited for
        session.rollback()
        return _read_all(line, session, mapping, accounts, place, progress)

    done = place.servers.talk(work, hurry=False)
    _disable_gone(session, catalog, rules, started, done, most=place.settings.most_gone, agreed=agreed)
    note(session, Deed.SYNCHRONISED, text=done.words(), who=who)
    session.commit()
    return done


def _read_all(
    line: Line, session: Session, mapping: Rulebook, accounts: Accounts, place: Directory, progress: Progress
) -> Synced:
    line.bind_to_search()
    settings, done = place.settings, Synced()
    with closing(Members()) as members:
        progress(0, "groups")
        groups = all_groups(line, settings)
        for rule in mapping.groups:
            meant = groups.meant(rule.value)
            if len(meant) == 1:
                members.add(rule.id, members_of(line, meant[0], groups))
            elif meant:
                LOG.warning("%s groups are called %r, so that the rule about it gives nothing", len(meant), rule.value)
        for page in line.pages(settings.base, settings.filter, place.attributes):
            people = [one for one in map(place.read, page) if one is not None and not one.barred]
            for start in range(0, len(people), AT_ONCE):
                _take(session, accounts, mapping, members, people[start : start + AT_ONCE], done)
            done.read += len(page)
            progress(done.read, "people")
    return done


def _take(
    session: Session, accounts: Accounts, mapping: Rulebook, members: Members, people: Sequence[DirectoryPerson],
    done: Synced,
) -> None:  # fmt: skip
    given = [(one, mapping.give_by(session, one, members.rules_of(one.dn))) for one in people]
    # what was read of the mapping is no part of the transaction to come
    session.rollback()
    for taken in accounts.take(given):
        setattr(done, taken.what, getattr(done, taken.what) + 1)
        done.kept_apart += bool(taken.apart)
        if taken.what == "refused":
            LOG.warning("no account was made or changed for the entry %r: %s", taken.person.dn, taken.why_not)
    session.expunge_all()


def _gone(started: datetime) -> ColumnElement[bool]:
    return DirectoryAccount.seen_at < started


def _disable_gone(
    session: Session, catalog: Catalog, rules: Rules, started: datetime, done: Synced, *, most: int, agreed: int
) -> None:
    """Disable the accounts whose entries were not met in this run, if they are `agreed` to or up to `most` percent."""
    entry = catalog.account
    if entry is None:
        return
    active = Account.id == DirectoryAccount.account_id, Account.active.is_(True)
    counts = select(func.count(), func.count().filter(_gone(started))).select_from(DirectoryAccount).join(Account)
    total, gone = session.execute(counts.where(*active), execution_options=UNFILTERED).one()
    if gone > agreed and gone * 100 > total * most:
        done.held_back = gone
        return
    while True:
        session.rollback()
        some = select(DirectoryAccount.account_id).join(Account).where(_gone(started), *active).limit(AT_ONCE)
        ids = list(session.scalars(some, execution_options=UNFILTERED))
        if not ids:
            return
        with writing(session), constraints(session, entry):
            for account_id in ids:
                change_row(session, entry, account_id, {"active": "0"}, rules, None)
            left = (
                update(DirectoryAccount).where(DirectoryAccount.account_id.in_(ids)).values(gone_at=datetime.now(UTC))
            )
            session.execute(left, execution_options=UNFILTERED)
            session.commit()
        done.disabled += len(ids)
        session.expunge_all()
