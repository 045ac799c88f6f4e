"""Groups, and groups in groups: those that somebody is in, and everybody whom a group holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.auth.directory.link import Line
from app.auth.directory.text import Dn, escaped, name_in, read_dn

if TYPE_CHECKING:
    from config import DirectorySettings

IN_CHAIN = "1.2.840.113556.1.4.1941"
"""Active Directory's rule that follows groups in groups (LDAP_MATCHING_RULE_IN_CHAIN)."""
MOST = 1_000
"""Groups of one person that are looked at; nobody is in more, but a loop of groups must have an end."""


@dataclass(frozen=True)
class Group:
    """A group somebody is in: directly, or by `via`, a group within it."""

    dn: str
    name: str
    via: str = ""


Above = Callable[[Sequence[Group]], Iterator[Group]]


def groups_of(line: Line, settings: DirectorySettings, dn: str, member_of: Sequence[str]) -> tuple[Group, ...]:
    """Every group that an entry is in, by the way that is set; `member_of` are those that the entry itself names."""
    ways: dict[str, Callable[[], tuple[Group, ...]]] = {
        "member": lambda: _upwards([Group(dn, "")], lambda below: _naming(line, settings, below)),
        "memberof": lambda: _upwards(_named(member_of), lambda below: _named_by(line, below), start_counts=True),
        "in-chain": lambda: _in_chain(line, settings, dn),
    }
    return ways[settings.groups]()


def _upwards(start: Sequence[Group], above: Above, start_counts: bool = False) -> tuple[Group, ...]:
    """The groups above these, level by level; each once, however the groups hold one another."""
    known: dict[Dn, Group] = {read_dn(one.dn): one for one in start}
    found = list(start) if start_counts else []
    level = list(start)
    while level and len(known) < MOST:
        following = []
        for one in above(level):
            if read_dn(one.dn) not in known:
                known[read_dn(one.dn)] = one
                following.append(one)
        found += following
        level = following
    return tuple(found)


def _naming(line: Line, settings: DirectorySettings, below: Sequence[Group]) -> Iterator[Group]:
    """The groups that name one of these as a member."""
    for one in below:
        tests = f"(|(member={escaped(one.dn)})(uniqueMember={escaped(one.dn)}))"
        for found in line.search(settings.group_base, tests, ["cn"], most=MOST):
            yield Group(found.dn, found.text("cn") or name_in(found.dn), one.name)


def _named_by(line: Line, below: Sequence[Group]) -> Iterator[Group]:
    """The groups that these name as theirs."""
    for one in below:
        for found in line.search(one.dn, "(objectClass=*)", ["memberOf"], alone=True):
            yield from _named(found.texts("memberOf"), one.name)


def _named(names: Sequence[str], via: str = "") -> list[Group]:
    return [Group(dn, name_in(dn), via) for dn in names]


def _in_chain(line: Line, settings: DirectorySettings, dn: str) -> tuple[Group, ...]:
    filter_ = f"(member:{IN_CHAIN}:={escaped(dn)})"
    found = line.search(settings.group_base, filter_, ["cn"], most=MOST)
    return tuple(Group(one.dn, one.text("cn") or name_in(one.dn)) for one in found)


def find_groups(line: Line, settings: DirectorySettings, name: str) -> list[str]:
    """The distinguished names of the groups that a rule means by a common or a distinguished name."""
    if "=" in name:
        return [one.dn for one in line.search(name, "(objectClass=*)", ["cn"], alone=True)]
    filter_ = f"(&(cn={escaped(name)})(|(member=*)(uniqueMember=*)))"
    return [one.dn for one in line.search(settings.group_base, filter_, ["cn"])]


def all_groups(line: Line, settings: DirectorySettings) -> dict[Dn, str]:
    """The distinguished names of all groups that have members."""
    found = {}
    for page in line.pages(settings.group_base, "(|(member=*)(uniqueMember=*))", ["cn"]):
        found.update({read_dn(one.dn): one.dn for one in page})
    return found


def members_of(line: Line, dn: str, groups: Mapping[Dn, str]) -> Iterator[str]:
    """Everybody whom a group holds, itself or by groups in it, as distinguished names; somebody may come twice."""
    known = {read_dn(dn)}
    waiting = [dn]
    while waiting:
        group = waiting.pop()
        for attribute in ("member", "uniqueMember"):
            for values in line.values(group, attribute):
                for value in values:
                    member = read_dn(value)
                    if member not in groups:
                        yield value
                    elif member not in known:
                        known.add(member)
                        waiting.append(value)
