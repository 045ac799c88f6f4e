"""Groups, and groups in groups: those that somebody is in, and everybody whom a group holds."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.auth.directory.errors import Failed
from app.auth.directory.link import Found, Line
from app.auth.directory.text import Dn, escaped, lies_below, name_in, plain, read_dn

if TYPE_CHECKING:
    from config import DirectorySettings

IN_CHAIN = "1.2.840.113556.1.4.1941"
"""Active Directory's rule that follows groups in groups (LDAP_MATCHING_RULE_IN_CHAIN)."""
MOST = 1_000
"""Groups of one person that are looked at; nobody is in more, but a loop of groups must have an end."""
WITH_MEMBERS = "(|(member=*)(uniqueMember=*))"
_NAMES_AT_ONCE = 50


@dataclass(frozen=True)
class Group:
    """A group somebody is in: directly, or by `via`, a group within it.

    `called` are its names that mean it alone, `shared` those that another group below the base has too: they mean none.
    """

    dn: str
    name: str
    via: str = ""
    called: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Groups:
    """All groups with members below the base: by distinguished name, and by what they are called."""

    known: Mapping[Dn, str]
    named: Mapping[str, Sequence[str]]

    def meant(self, value: str) -> Sequence[str]:
        """The groups that a rule may mean by a name or a distinguished name; it holds where this is one."""
        if "=" in value:
            found = self.known.get(read_dn(value))
            return [] if found is None else [found]
        return self.named.get(plain(value), [])


def groups_of(line: Line, settings: DirectorySettings, dn: str, member_of: Sequence[str]) -> tuple[Group, ...]:
    """Every group below the base that an entry is in, by the way that is set; `member_of` are those it names itself."""
    ways: dict[str, Callable[[], list[Group]]] = {
        "member": lambda: _naming(line, settings, dn),
        "memberof": lambda: _named_by(line, settings, member_of),
        "in-chain": lambda: _in_chain(line, settings, dn),
    }
    return _told_apart(line, settings, ways[settings.groups]())


def _naming(line: Line, settings: DirectorySettings, dn: str) -> list[Group]:
    """The groups that name an entry as a member, and those that name these, however they hold one another."""
    found: dict[Dn, Group] = {}
    waiting = deque([Group(dn, "")])
    while waiting and len(found) < MOST:
        below = waiting.popleft()
        tests = f"(|(member={escaped(below.dn)})(uniqueMember={escaped(below.dn)}))"
        for one in line.search(settings.group_base, tests, ["cn"], most=MOST):
            if read_dn(one.dn) not in found:
                found[read_dn(one.dn)] = _group(one, below.name)
                waiting.append(found[read_dn(one.dn)])
    return list(found.values())


def _named_by(line: Line, settings: DirectorySettings, member_of: Sequence[str]) -> list[Group]:
    """The groups that an entry names as its own, and those that these name; none that lies elsewhere leads on."""
    if not line.search(settings.group_base, "(objectClass=*)", ["1.1"], alone=True):
        raise Failed(f"there is no {settings.group_base}, below which groups would be")
    found: dict[Dn, Group] = {}
    waiting = deque((dn, "") for dn in member_of)
    while waiting and len(found) < MOST:
        dn, via = waiting.popleft()
        if read_dn(dn) in found or not lies_below(dn, settings.group_base):
            continue
        for one in line.search(dn, "(objectClass=*)", ["cn", "memberOf"], alone=True):
            found[read_dn(dn)] = _group(one, via)
            waiting.extend((above, found[read_dn(dn)].name) for above in one.texts("memberOf"))
    return list(found.values())


def _in_chain(line: Line, settings: DirectorySettings, dn: str) -> list[Group]:
    filter_ = f"(member:{IN_CHAIN}:={escaped(dn)})"
    return [_group(one) for one in line.search(settings.group_base, filter_, ["cn"], most=MOST)]


def _group(found: Found, via: str = "") -> Group:
    names = _names(found)
    return Group(found.dn, names[0], via, names)


def _names(found: Found) -> tuple[str, ...]:
    return found.texts("cn") or (name_in(found.dn),)


def _told_apart(line: Line, settings: DirectorySettings, groups: Sequence[Group]) -> tuple[Group, ...]:
    """The same groups; of their names those that another group has are no longer what they are called."""
    bearers: dict[str, set[Dn]] = defaultdict(set)
    for one in groups:
        for name in one.called:
            bearers[plain(name)].add(read_dn(one.dn))
    names = sorted({name for one in groups for name in one.called})
    for start in range(0, len(names), _NAMES_AT_ONCE):
        tests = "".join(f"(cn={escaped(name)})" for name in names[start : start + _NAMES_AT_ONCE])
        for page in line.pages(settings.group_base, f"(&(|{tests}){WITH_MEMBERS})", ["cn"]):
            for other in page:
                for name in _names(other):
                    bearers[plain(name)].add(read_dn(other.dn))
    return tuple(
        replace(
            one,
            called=tuple(name for name in one.called if len(bearers[plain(name)]) == 1),
            shared=tuple(name for name in one.called if len(bearers[plain(name)]) > 1),
        )
        for one in groups
    )


def all_groups(line: Line, settings: DirectorySettings) -> Groups:
    """All groups that have members."""
    known: dict[Dn, str] = {}
    named: dict[str, list[str]] = defaultdict(list)
    for page in line.pages(settings.group_base, WITH_MEMBERS, ["cn"]):
        for one in page:
            known[read_dn(one.dn)] = one.dn
            for name in {plain(name) for name in _names(one)}:
                named[name].append(one.dn)
    return Groups(known, named)


def members_of(line: Line, dn: str, groups: Groups) -> Iterator[str]:
    """Everybody whom a group holds, itself or by groups in it, as distinguished names; somebody may come twice."""
    known = {read_dn(dn)}
    waiting = [dn]
    while waiting:
        group = waiting.pop()
        for attribute in ("member", "uniqueMember"):
            for values in line.values(group, attribute):
                for value in values:
                    member = read_dn(value)
                    if member not in groups.known:
                        yield value
                    elif member not in known:
                        known.add(member)
                        waiting.append(value)
