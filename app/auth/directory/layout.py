"""How OpenLDAP and Active Directory write a person down: key, names, mail, and whether the entry may be used."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from app.auth.directory.link import Found
from app.auth.directory.text import read_dn

LONGEST_NAME = 64
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"-?\d{1,20}", re.ASCII)
_DISABLED = 0x2
_FOR_GOOD = "000001010000"
"""How the password policy overlay writes the time of a lock that an administrator set: it has no end."""


@dataclass(frozen=True)
class Layout:
    """What is asked of an entry; `barred` says why it may not be used at a moment, or nothing."""

    key: str
    attributes: tuple[str, ...]
    barred: Callable[[Found, datetime], str]


def _barred_openldap(found: Found, now: datetime) -> str:
    """Locked for good by the password policy overlay, or past the day of the shadow scheme.

    A lock with a time is what wrong tries bring about, a stranger's too, and its end depends on the policy: the server
    itself heeds it at each bind.
    """
    if found.text("pwdAccountLockedTime").startswith(_FOR_GOOD):
        return "locked"
    days = _number(found.text("shadowExpire"))
    if days is not None and 0 <= days <= (now.date() - date(1970, 1, 1)).days:
        return "expired"
    return ""


def _barred_active_directory(found: Found, now: datetime) -> str:
    """Disabled by its control flags, or past its date, which counts tenths of microseconds since 1601."""
    flags, end = _number(found.text("userAccountControl")), _number(found.text("accountExpires"))
    if flags is not None and flags & _DISABLED:
        return "disabled"
    # compared as a span, for a date may lie beyond the last year that a calendar here has
    if end is not None and end > 0 and end // 10 <= (now - _EPOCH) // timedelta(microseconds=1):
        return "expired"
    return ""


def _number(text: str) -> int | None:
    """The number that a text is, if it is one."""
    return int(text) if _NUMBER.fullmatch(text) else None


_NAMES = ("sn", "givenName", "displayName", "cn", "mail")
LAYOUTS = {
    "openldap": Layout("entryUUID", (*_NAMES, "entryUUID", "pwdAccountLockedTime", "shadowExpire"), _barred_openldap),
    "active-directory": Layout(
        "objectGUID", (*_NAMES, "objectGUID", "userAccountControl", "accountExpires"), _barred_active_directory
    ),
}


def key_of(layout: Layout, found: Found) -> str:
    """What stays the same when an entry is renamed or moved; of one without such a thing, a digest of its name."""
    value = next(iter(found.values.get(layout.key.lower(), ())), b"")
    if value:
        return value.decode() if layout.key == "entryUUID" else value.hex()
    return hashlib.sha256(repr(read_dn(found.dn)).encode()).hexdigest()


def names_of(found: Found, name: str) -> tuple[str, str]:
    """Family and given name: as the entry has them, else parted from its full name."""
    family, given = found.text("sn"), found.text("givenName")
    full = found.text("displayName") or found.text("cn") or family or name
    if not family:
        family = given and full.removesuffix(given).strip()
    if not given and family and full != family and full.startswith(family):
        given = full[len(family) :].strip()
    if not (family and given):
        # in Chinese the first character is the family name; elsewhere the last word is
        head, _space, tail = full.rpartition(" ")
        family, given = (tail, head) if head else (full[:1], full[1:])
    return family[:LONGEST_NAME], (given or name)[:LONGEST_NAME]
