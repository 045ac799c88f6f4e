"""A person of the directory: found by user name, proven by a bind, with their groups."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.auth.directory.groups import Group, groups_of
from app.auth.directory.layout import LAYOUTS, LONGEST_NAME, key_of, names_of
from app.auth.directory.link import Found, Line, Servers
from app.auth.directory.text import escaped, organisational_units

if TYPE_CHECKING:
    from config import DirectorySettings


@dataclass(frozen=True)
class DirectoryPerson:
    """An entry as the console reads it; `barred` says why it may not sign in, or nothing.

    `units` are the texts that may name its unit, the likeliest first.
    """

    key: str
    dn: str
    username: str
    family: str
    given: str
    mail: str
    barred: str
    units: tuple[str, ...]
    clearance: str
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What the directory says of a user name: whom it means, and why they may not sign in with what was typed.

    `why_not`: empty, unknown, several, password, or what bars the entry: locked, disabled, expired.
    """

    person: DirectoryPerson | None
    why_not: str = ""


class Directory:
    """The directory of a console."""

    def __init__(self, settings: DirectorySettings) -> None:
        self.settings = settings
        self.servers = Servers(settings)
        self.layout = LAYOUTS[settings.layout]

    def prove(self, name: str, password: str) -> Answer:
        """Whom a name and a password belong to; raises Down."""
        # a bind without a password succeeds, and proves nothing: none is tried
        if not password or not usable(name):
            return Answer(None, "empty")
        return self.servers.talk(lambda line: self._prove(line, name, password))

    def look_up(self, name: str) -> Answer:
        """Whom a name means, without a proof; raises Down."""
        if not usable(name) or not self.settings.bind_dn:
            return Answer(None, "unknown")
        return self.servers.talk(lambda line: self._look_up(line, name))

    def _look_up(self, line: Line, name: str) -> Answer:
        line.bind_to_search()
        return self._with_groups(line, self._find(line, name))

    def _prove(self, line: Line, name: str, password: str) -> Answer:
        taken = True
        if self.settings.direct:
            bound = by_pattern(self.settings.direct, name)
            taken = bool(bound) and line.bind(bound, password)
        if self.settings.bind_dn:
            line.bind_to_search()
        elif not taken:
            line.bind(self._nobody(), password)
            return Answer(None, "password")
        answer = self._find(line, name)
        # whoever bound by the pattern may be another than the one of this name: the entry itself takes the password, or
        # nobody is let in. An unknown name is tried with a bind as well, so that it takes as long as a wrong password
        dn = answer.person.dn if taken and answer.person else self._nobody()
        proven = line.bind(dn, password) and taken
        if not proven:
            # without the password nothing is told of an entry, only that there is none or more than one
            told = answer.why_not if taken or answer.person is None else ""
            return Answer(answer.person, told or "password")
        if self.settings.bind_dn:
            line.bind_to_search()
        return answer if answer.why_not else self._with_groups(line, answer)

    def _nobody(self) -> str:
        """The name of an entry that is not there."""
        return f"cn={secrets.token_hex(8)},{self.settings.base}"

    def _find(self, line: Line, name: str) -> Answer:
        """The one entry of a name; two are as good as none, as nobody could say who signs in."""
        filter_ = f"(&{self.settings.filter}({self.settings.name}={escaped(name)}))"
        found = line.search(self.settings.base, filter_, self.attributes, most=2)
        if len(found) != 1:
            return Answer(None, "several" if found else "unknown")
        person = self.read(found[0], name)
        return Answer(None, "unknown") if person is None else Answer(person, person.barred)

    @property
    def attributes(self) -> tuple[str, ...]:
        """What is asked of the entries of people."""
        own = (self.settings.name, self.settings.clearance, self.settings.unit if self.settings.unit != "ou" else "")
        member_of = ("memberOf",) if self.settings.groups == "memberof" else ()
        return tuple(dict.fromkeys((*self.layout.attributes, *filter(None, own), *member_of)))

    def read(self, found: Found, name: str = "") -> DirectoryPerson | None:
        """An entry as a person; None if it has not the very name it was asked by: servers match more than is equal."""
        names = found.texts(self.settings.name)
        same = [one for one in names if not name or one.casefold() == name.casefold()]
        if not same or not usable(same[0]):
            return None
        family, given = names_of(found, same[0])
        unit, clearance = self.settings.unit, self.settings.clearance
        return DirectoryPerson(
            key=key_of(self.layout, found),
            dn=found.dn,
            username=same[0],
            family=family,
            given=given,
            mail=found.text("mail"),
            barred=self.layout.barred(found, datetime.now(UTC)),
            units=tuple(organisational_units(found.dn)) if unit == "ou" else found.texts(unit),
            clearance=found.text(clearance) if clearance else "",
            groups=tuple(Group(dn, "") for dn in found.texts("memberOf")),
        )

    def _with_groups(self, line: Line, answer: Answer) -> Answer:
        person = answer.person
        if person is None:
            return answer
        named = [one.dn for one in person.groups]
        return replace(answer, person=replace(person, groups=groups_of(line, self.settings, person.dn, named)))


def usable(name: str) -> bool:
    """Whether a text can be a user name at all."""
    return bool(name.strip()) and name == name.strip() and len(name) <= LONGEST_NAME and name.isprintable()


def by_pattern(pattern: str, name: str) -> str:
    """What a person binds by: the pattern with the name in it; nothing if the name would say more than a name."""
    if "=" in pattern:
        return pattern.replace("{}", escaped(name))
    # a principal name has no escapes: what could end the name and begin a domain is refused
    return "" if set(name) & set('@\\/"[]:;|=,+*?<> ') else pattern.replace("{}", name)
