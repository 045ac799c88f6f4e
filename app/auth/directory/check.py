"""What is wrong with the directory, step by step: reach, TLS, bind, search, groups."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from ldap3.core.exceptions import LDAPException
from sqlalchemy.orm import Session

from app.auth.directory.errors import Failed
from app.auth.directory.groups import Groups, all_groups
from app.auth.directory.link import PAGE, Line, reason
from app.auth.directory.people import Directory
from app.auth.directory.rules import Mapping
from app.auth.directory.text import lies_below

SOON = 30
"""Days before its end at which a certificate is spoken of."""


@dataclass(frozen=True)
class Step:
    """One step with one server; `good` is None where something is worth knowing and nothing broken."""

    name: str
    good: bool | None
    text: str


def check_server(place: Directory, url: str, groups: Sequence[str]) -> Iterator[Step]:
    """The steps with one server, up to the first that fails; `groups` are those that rules name."""
    settings = place.settings
    parts = urlsplit(url)
    port = parts.port or (636 if parts.scheme == "ldaps" else 389)
    started = time.monotonic()
    try:
        socket.create_connection((parts.hostname or "", port), settings.connect_seconds).close()
    except OSError as error:
        yield Step("reach", False, f"{parts.hostname}:{port} does not answer: {reason(error)}. Is the name right, the "
                                   "server up, and the way open through every firewall?")  # fmt: skip
        return
    yield Step("reach", True, f"{parts.hostname}:{port} in {(time.monotonic() - started) * 1000:.0f} ms")
    try:
        with place.servers.line(url, hurry=False) as line:
            yield _tls(line)
            yield from _asked(place, line, groups)
    except (LDAPException, OSError, Failed) as error:
        yield Step("TLS", False, f"{reason(error)}. RAINBOW_LDAP_CA_FILE names who vouches for the server, and the "
                                 "certificate must be of the name in RAINBOW_LDAP_URLS.")  # fmt: skip


def lines_about(session: Session, place: Directory, mapping: Mapping, name: str) -> Iterator[str]:
    """What the directory and the mapping make of a user name, a line each."""
    answer = place.look_up(name)
    person = answer.person
    if person is None:
        yield f"{name}: nobody can sign in by this name ({answer.why_not})"
        return
    given = mapping.give(session, person)
    yield f"{name}: {person.dn}" + (f" ({person.barred}: cannot sign in)" if person.barred else "")
    for group in person.groups:
        unclear = any(rule.unclear(group) for rule in mapping.groups)
        told = ", which others are called too: the rule about the name gives nothing" if unclear else ""
        yield f"  group {group.name}" + (f", by {group.via}" if group.via else "") + told
    yield f"  roles: {', '.join(given.roles) or 'none'}"
    if given.apart:
        yield f"  not given: {', '.join(given.apart)}, which are kept apart: nobody may hold two of them"
    if given.withheld:
        yield f"  not given: {', '.join(given.withheld)}, as no rule gives a role that writes the mapping"
    unit = "none" if given.unit_id is None else f"#{given.unit_id}"
    yield f"  unit: {unit} of {', '.join(person.units) or 'no text'}"
    yield f"  clearance: {given.clearance.value if given.clearance else 'internal'} of {person.clearance or 'no text'}"


def _tls(line: Line) -> Step:
    found: Any = line.certificate
    if not found:
        return Step("TLS", None, "none: everybody on the way can read passwords (RAINBOW_LDAP_WITHOUT_TLS)")
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(found["notAfter"]), UTC)
    left = (ends - datetime.now(UTC)).days
    names = ", ".join(value for _kind, value in found.get("subjectAltName", ()))
    text = f"certificate of {names}, until {ends:%Y-%m-%d}"
    return Step("TLS", None if left < SOON else True, text + (f": only {left} days left" if left < SOON else ""))


def _asked(place: Directory, line: Line, groups: Sequence[str]) -> Iterator[Step]:
    settings, step = place.settings, "bind"
    try:
        if not settings.bind_dn:
            yield Step("bind", None, "no account that searches is set; people bind by RAINBOW_LDAP_DIRECT")
            return
        line.bind_to_search()
        yield Step("bind", True, f"as {settings.bind_dn}")
        step = "search"
        yield _people(place, next(line.pages(settings.base, settings.filter, place.attributes)))
        step = "groups"
        yield from _groups(place, line, groups)
    except (LDAPException, OSError, Failed) as error:
        yield Step(step, False, reason(error))


def _people(place: Directory, found: Sequence[Any]) -> Step:
    settings = place.settings
    if not found:
        text = f"nobody below {settings.base} matches {settings.filter}. Are RAINBOW_LDAP_BASE and …_FILTER right?"
        return Step("search", False, text)
    named = sum(place.read(one) is not None for one in found)
    many = f"{len(found)}{' or more' if len(found) >= PAGE else ''} people below {settings.base}"
    if not named:
        return Step("search", False, f"{many}, none with a user name in {settings.name}. Is RAINBOW_LDAP_NAME right?")
    return Step("search", True, f"{many}; {named} of the first {len(found)} with a user name in {settings.name}")


def _groups(place: Directory, line: Line, values: Sequence[str]) -> Iterator[Step]:
    settings = place.settings
    groups = all_groups(line, settings)
    if not groups.known:
        yield Step("groups", None, f"no group with members below {settings.group_base}: nobody gets a role by one")
    else:
        many = f"{len(groups.known)} below {settings.group_base}"
        yield Step("groups", True, f"{many}, looked for by way of {settings.groups}")
    for value in values:
        told = _about_rule(groups, settings.group_base, value)
        if told:
            yield Step("groups", None, f"a rule of the mapping names the group {value!r}, {told}")


def _about_rule(groups: Groups, base: str, value: str) -> str:
    """Why a rule that names a group so gives nothing, if that is so."""
    meant = groups.meant(value)
    if len(meant) > 1:
        return f"as {len(meant)} are called: it gives nothing. Write the distinguished name of the one that is meant"
    if "=" in value and not lies_below(value, base):
        return f"which is not below {base}: it gives nothing"
    return "" if meant else "which is not there"
