"""Accounts of the directory's people: made when first met, kept as the directory and the mapping say."""

from __future__ import annotations

from collections.abc import Mapping as Values
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.auth.directory.people import DirectoryPerson
from app.auth.directory.rules import Given
from app.catalog import Catalog, Entry
from app.declare.choices import Classification
from app.declare.event import Deed
from app.declare.record import Account, Role
from app.store.apart import KeptApart, apart_by_groups, holders_among, words_for
from app.store.events import note, note_rows, plain_label
from app.store.mass import add_rows
from app.store.page import fetch_rows
from app.store.save import Rules, change_row, constraints
from app.store.session import writing
from app.store.tables import DirectoryAccount
from app.store.validate import Invalid

UNFILTERED = {"unfiltered": True}


@dataclass(frozen=True)
class Taken:
    """What became of a person: `what` is added, changed, same or refused, the last with `why_not`.

    `why_not`: local, where an account with a password of its own has the name; name, where it is another entry's;
    else what the console cannot keep, in words. `apart` are roles that were not given, as nobody may hold several.
    """

    person: DirectoryPerson
    what: str
    account_id: int = 0
    why_not: str = ""
    apart: tuple[str, ...] = ()


class Accounts:
    """The accounts that stand for entries of the directory; used by one transaction at a time, as the console itself.

    `local` is the user name that never becomes the directory's.
    """

    def __init__(self, session: Session, catalog: Catalog, rules: Rules, local: str) -> None:
        if catalog.account is None:
            raise LookupError("accounts have not been adopted: the directory has nothing to write to")
        self._session, self._rules, self._local = session, rules, local.casefold()
        self._catalog = catalog
        self._entry: Entry = catalog.account
        self._roles: dict[str, int] = {
            row.name: row.id for row in session.execute(select(Role.id, Role.name), execution_options=UNFILTERED)
        }

    def take(self, people: Sequence[tuple[DirectoryPerson, Given]]) -> list[Taken]:
        """Bring the accounts of these people up to date, in one transaction."""
        try:
            return self._take(people)
        except KeptApart:
            # somebody gave one of them a role at the same moment: now it is known
            return self._take(people)

    def _take(self, people: Sequence[tuple[DirectoryPerson, Given]]) -> list[Taken]:
        known = _Known(self._session, self._catalog, self._entry, [person for person, _given in people])
        with writing(self._session), constraints(self._session, self._entry):
            found = self._add([(person, given) for person, given in people if known.new(person, self._local)])
            done = {one.person.key for one in found}
            found += [self._one(known, person, given) for person, given in people if person.key not in done]
            # also whom the directory would change as cannot be: what is there has been seen
            ids = {one.account_id for one in found} | {link.account_id for link in known.links.values()}
            seen = update(DirectoryAccount).where(DirectoryAccount.account_id.in_(ids))
            self._session.execute(seen.values(seen_at=datetime.now(UTC)), execution_options=UNFILTERED)
            self._session.commit()
        return found

    def _one(self, known: _Known, person: DirectoryPerson, given: Given) -> Taken:
        link = known.links.get(person.key)
        if person.username.casefold() == self._local:
            return Taken(person, "refused", why_not="local")
        try:
            if link is not None:
                return self._change(known, link, person, given)
            account = known.names[person.username]
            if account.linked or account.with_password:
                return Taken(person, "refused", why_not="name" if account.linked else "local")
            link = self._link(person, account.id, Given())
            return self._change(known, link, person, given)
        except KeptApart:
            raise
        except Invalid as error:
            return Taken(person, "refused", why_not=str(error))

    def _add(self, people: Sequence[tuple[DirectoryPerson, Given]]) -> list[Taken]:
        """Make the accounts of people who have none."""
        raws = [
            self._raw(person, given, [], {}) | {"username": person.username, "active": "1"} for person, given in people
        ]
        found = add_rows(self._session, self._entry, raws, self._rules)
        # an address that is none, or that somebody else has, keeps nobody out
        again = [n for n, one in enumerate(found) if isinstance(one, Invalid) and set(one.errors) == {"email"}]
        without = [raws[n] | {"email": _no_mail(people[n][0])} for n in again]
        for number, one in zip(again, add_rows(self._session, self._entry, without, self._rules), strict=True):
            found[number] = one
        taken = []
        for (person, given), one in zip(people, found, strict=True):
            if isinstance(one, Invalid):
                taken.append(Taken(person, "refused", why_not=str(one)))
            else:
                self._link(person, one, given)
                self._tell(person, given, {})
                taken.append(Taken(person, "added", one, apart=given.apart))
        return taken

    def _link(self, person: DirectoryPerson, account_id: int, given: Given) -> DirectoryAccount:
        link = DirectoryAccount(
            account_id=account_id, key=person.key, dn=person.dn[:1000], given=given.kept(), seen_at=datetime.now(UTC),
            gone_at=None,
        )  # fmt: skip
        self._session.add(link)
        return link

    def _change(self, known: _Known, link: DirectoryAccount, person: DirectoryPerson, given: Given) -> Taken:
        now = known.row(link.account_id)
        if link.account_id in known.keepers:
            given = given.to_keeper()
        raw = self._raw(person, given, now.get("roles") or [], link.given)
        apart = self._catalog.apart
        if apart and (not _equal(now.get("roles"), raw["roles"]) or set(given.roles).intersection(apart)):
            held = self._held_besides(now, link.given)
            given = given.beside(held, apart)
            raw = self._raw(person, given, now.get("roles") or [], link.given)
            if len(held.intersection(apart)) > 1:
                del raw["roles"]  # no sign-in mends what should not be: that is for people to do
        if link.gone_at is not None:
            raw["active"] = "1"
        different = {name: value for name, value in raw.items() if not _equal(now.get(name), value)}
        changed = self._rename(now, person, known)
        if different:
            try:
                changed |= change_row(self._session, self._entry, link.account_id, different, self._rules, None).changed
            except Invalid as error:
                if set(error.errors) != {"email"}:
                    raise
                del different["email"]
                if different:
                    change_row(self._session, self._entry, link.account_id, different, self._rules, None)
                    changed = True
        if link.given != given.kept() or link.dn != person.dn[:1000] or link.gone_at is not None:
            self._tell(person, given, link.given)
            link.given, link.dn, link.gone_at = given.kept(), person.dn[:1000], None
        return Taken(person, "changed" if changed else "same", link.account_id, apart=given.apart)

    def _held_besides(self, now: Values[str, Any], before: Values[str, Any]) -> set[str]:
        """The roles that an account has besides those that the directory gave it."""
        ours = {self._roles[name] for name in before.get("roles", ()) if name in self._roles}
        direct = set(now.get("roles") or ()) - ours
        by_groups = apart_by_groups(self._session, self._catalog, now["id"])
        return {name for name, one in self._roles.items() if one in direct} | by_groups

    def _tell(self, person: DirectoryPerson, given: Given, before: Values[str, Any]) -> None:
        """Note, once, that the directory gives somebody what nobody may hold together, or what no rule may give."""
        if given.withheld and list(given.withheld) != before.get("withheld"):
            known = self._catalog.roles
            roles = "、".join(str(known[one].label) if one in known else one for one in given.withheld)
            text = _(
                "%(name)s would get %(roles)s by the directory, which gives no role that writes the mapping, and none "
                "to whoever holds one.", name=person.username, roles=roles,
            )  # fmt: skip
            note(self._session, Deed.REFUSED, entry=self._entry, text=text)
        if given.apart and list(given.apart) != before.get("apart"):
            text = _(
                "%(name)s would hold %(roles)s by the directory, which are kept apart: none of them was given.",
                name=person.username, roles=words_for(self._catalog, given.apart),
            )  # fmt: skip
            note(self._session, Deed.REFUSED, entry=self._entry, text=text)

    def _rename(self, now: Values[str, Any], person: DirectoryPerson, known: _Known) -> bool:
        """Follow a changed user name, unless another account has it."""
        before = now["username"]
        if before == person.username or person.username in known.names:
            return False
        renamed = update(Account).where(Account.id == now["id"]).values(username=person.username)
        self._session.execute(renamed, execution_options=UNFILTERED)
        line = (now["id"], plain_label(self._entry, now), {"username": [before, person.username]})
        note_rows(self._session, self._entry, Deed.CHANGED, [line])
        return True

    def _raw(
        self, person: DirectoryPerson, given: Given, roles: Sequence[int], before: Values[str, Any]
    ) -> dict[str, Any]:
        """The account's fields as the directory and the mapping have them; what was given here besides stays."""
        ours = {self._roles[name] for name in before.get("roles", ()) if name in self._roles}
        theirs = {self._roles[name] for name in given.roles if name in self._roles}
        raw: dict[str, Any] = {
            "last_name": person.family,
            "first_name": person.given,
            "roles": [str(one) for one in sorted((set(roles) - ours) | theirs)],
        }
        if person.mail or not before:
            raw["email"] = person.mail or _no_mail(person)
        if given.unit_id is not None or before.get("unit") is not None:
            raw["unit"] = "" if given.unit_id is None else str(given.unit_id)
        if given.clearance is not None or before.get("clearance") is not None:
            raw["clearance"] = (given.clearance or Classification.INTERNAL).value
        return {name: value for name, value in raw.items() if name in self._entry.fields}


@dataclass(frozen=True)
class _Named:
    id: int
    with_password: bool
    linked: bool


class _Known:
    """What is stored about some people: links by key, accounts by user name, rows by id, in a few statements."""

    def __init__(
        self, session: Session, catalog: Catalog, entry: Entry, people: Sequence[DirectoryPerson]
    ) -> None:  # fmt: skip
        self._session, self._entry = session, entry
        keys, names = [one.key for one in people], [one.username for one in people]
        links = select(DirectoryAccount).where(DirectoryAccount.key.in_(keys))
        self.links = {link.key: link for link in session.scalars(links, execution_options=UNFILTERED)}
        named = (
            select(Account.username, Account.id, Account.password, DirectoryAccount.key)
            .outerjoin(DirectoryAccount, DirectoryAccount.account_id == Account.id)
            .where(Account.username.in_(names))
        )
        self.names = {
            row.username: _Named(row.id, bool(row.password), row.key is not None)
            for row in session.execute(named, execution_options=UNFILTERED)
        }
        ids = [link.account_id for link in self.links.values()]
        met = {*ids, *(one.id for one in self.names.values())}
        self.keepers = holders_among(session, catalog.keepers, met)
        """Those of the accounts that write the mapping."""
        self._rows = {row["id"]: row for row in fetch_rows(session, entry, ids)} if ids else {}

    def new(self, person: DirectoryPerson, local: str) -> bool:
        """Whether nobody has the person's key or name yet."""
        return not (person.key in self.links or person.username in self.names or person.username.casefold() == local)

    def row(self, account_id: int) -> Values[str, Any]:
        """The account's values."""
        if account_id not in self._rows:
            self._rows |= {row["id"]: row for row in fetch_rows(self._session, self._entry, [account_id])}
        return self._rows[account_id]


def _equal(now: Any, raw: Any) -> bool:
    """Whether a stored value is what a raw one would become."""
    if isinstance(raw, list):
        return {str(one) for one in now or ()} == set(raw)
    if isinstance(now, bool):
        return bool(now == (raw == "1"))
    return str("" if now is None else getattr(now, "value", now)) == " ".join(raw.split())


def _no_mail(person: DirectoryPerson) -> str:
    """An address that can be nobody's (RFC 2606), for accounts must have one and each its own."""
    return f"{person.key[:40].lower()}@directory.invalid"
