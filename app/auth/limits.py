"""How often: wrong tries to prove who one is, by account and by address, and REST requests of a token or account.

Tries are counted in the database, for every process and node together. Requests are counted in the memory of each
serving process, since counting them together would cost each of them a write; the library `limits` would start a thread
for each.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address, ip_network
from threading import Lock

from flask import Flask, current_app

from app.store import attempts
from app.store.attempts import Count
from app.store.session import db

MINUTE = timedelta(minutes=1)
MOST_KNOWN = 1_000
"""From so many on those are forgotten who asked for nothing in the last minute."""
DOUBLINGS = 8
"""After as many the wait is longest, 256 s; no more tries are remembered, so that it is forgotten soon enough."""


class TooMany(Exception):
    """The limit is reached; `wait` is the seconds until there is room again."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"wait {wait} s")
        self.wait = wait


class Proof(StrEnum):
    """What somebody tries to show; each is counted by itself, so that a right password opens no new tries at codes."""

    PASSWORD = "password"  # noqa: S105  # a name, no password
    CODE = "code"


@dataclass(frozen=True)
class Bucket:
    """So many wrong tries are free, one is forgotten every `seconds`; beyond, each wait is twice the one before."""

    free: int
    seconds: float

    def left(self, count: Count, now: datetime) -> float:
        """The tries that are still remembered."""
        return max(0.0, count.level - max(0.0, (now - count.at).total_seconds()) / self.seconds)

    def wait(self, count: Count, now: datetime) -> float:
        """The seconds until the next try may be made."""
        over = round(count.level) - self.free
        return 0.0 if over < 0 else 2.0 ** min(over, DOUBLINGS) - (now - count.at).total_seconds()

    def more(self, count: Count, now: datetime) -> Count:
        """With one try more."""
        return replace(count, level=min(self.left(count, now) + 1, float(self.free + DOUBLINGS)), at=now)

    def less(self, count: Count) -> Count:
        """With one try fewer."""
        return replace(count, level=max(0.0, count.level - 1))


class Requests:
    """When whose requests of the last minute came, of each so many at `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._came: dict[str, deque[datetime]] = {}
        self._lock = Lock()

    def count(self, who: str, now: datetime) -> float:
        """Count one; where there is no room for it, only the seconds until there is."""
        ago = now - MINUTE
        with self._lock:
            came = self._came.get(who)
            if came is None:
                if len(self._came) >= MOST_KNOWN:
                    self._came = {one: held for one, held in self._came.items() if held[-1] > ago}
                came = self._came[who] = deque()
            while came and came[0] <= ago:
                came.popleft()
            if len(came) >= self._most:
                return (came[0] - ago).total_seconds()
            came.append(now)
        return 0.0


class Limits:
    """The limits of one application; its clock can be another's."""

    def __init__(self, key: str, sign_in: int, api: int) -> None:
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._key = hashlib.sha256(f"attempts {key}".encode()).digest()
        self.pair = Bucket(sign_in, 600)
        self.account = Bucket(sign_in * 2, 600)
        # one address may hold a whole unit's people behind its gateway
        self.address = Bucket(sign_in * 10, 60)
        self.requests = Requests(api)

    def attempt(self, proof: Proof, address: str, name: str, browser: str = "") -> Attempt:
        """Begin a try; raises TooMany, whether it would be right or wrong.

        It counts from its beginning, so that many at once are no more than one after another. Whoever has signed in
        to this account with this browser, or from this address, before waits for the wrong tries of that browser or
        address alone: strangers keep nobody out.
        """
        name, address = name.casefold(), _network(address)
        near, account = self._digest(proof, address, name), self._digest(proof, "", name)
        everyone = self._digest(proof, address, "")
        own = self.of_browser(proof, browser, name) if browser else near
        now = self.clock()
        db().rollback()
        connection = db().connection()
        held = attempts.hold(connection, {near, account, everyone, own}, now)
        pair = own if held[own].known_at is not None else near
        known = held[pair].known_at is not None
        wait = self.pair.wait(held[pair], now)
        if not known:
            wait = max(wait, self.account.wait(held[account], now), self.address.wait(held[everyone], now))
        if wait > 0:
            db().rollback()
            raise TooMany(math.ceil(wait))
        # at the address a known browser counts too, so that to leave its cookie out opens no new tries
        counted = {one: self.pair.more(held[one], now) for one in {pair, near}}
        if not known:
            counted[account] = self.account.more(held[account], now)
        attempts.keep(connection, counted)
        db().commit()
        return Attempt(self, proof, name, pair, near, "" if known else account, everyone)

    def of_browser(self, proof: Proof, browser: str, name: str) -> str:
        """Under what the tries of a name with a browser are counted."""
        return self._digest(proof, f"browser {browser}", name.casefold())

    def _digest(self, *parts: str) -> str:
        # keyed, as people type passwords into the field of the name
        return hmac.new(self._key, "\0".join(parts).encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    def mark(self, name: str) -> str:
        """What tells a name from others without saying it."""
        return self._digest("name", name.casefold())[:8]

    def count_request(self, who: str) -> None:
        """Count a REST request; raises TooMany."""
        wait = self.requests.count(who, self.clock())
        if wait > 0:
            raise TooMany(math.ceil(wait))


@dataclass(frozen=True)
class Attempt:
    """A try that has begun, under the digests it is counted by: `pair` of a known browser, else `near` of the address.

    `account` is empty where the browser or the address is known.
    """

    limits: Limits
    proof: Proof
    name: str
    pair: str
    near: str
    account: str
    address: str

    def wrong(self) -> None:
        """It was wrong: the address, too, remembers it."""
        now = self.limits.clock()
        connection = db().connection()
        held = attempts.hold(connection, (self.address,), now)[self.address]
        attempts.keep(connection, {self.address: self.limits.address.more(held, now)})
        db().commit()

    def right(self, browser: str = "") -> None:
        """It was right: its own tries are forgotten, those of others are not.

        The address is known from now on, and so is the `browser`, if there is one.
        """
        now = self.limits.clock()
        places = {self.pair, self.near}
        places |= {self.limits.of_browser(self.proof, browser, self.name)} if browser else set()
        self._take_back(now, places)

    def void(self) -> None:
        """It could not be told whether it was right."""
        self._take_back(self.limits.clock(), frozenset())

    def _take_back(self, now: datetime, known: Collection[str]) -> None:
        connection, limits = db().connection(), self.limits
        counts = attempts.hold(connection, {self.pair, self.near, *filter(None, [self.account]), *known}, now)
        counts |= {one: limits.pair.less(counts[one]) for one in {self.pair, self.near}}
        if known:
            counts[self.pair] = Count(0.0, now)
        if self.account:
            counts[self.account] = limits.account.less(counts[self.account])
        attempts.keep(connection, counts | {digest: replace(counts[digest], known_at=now) for digest in known})
        db().commit()


def _network(address: str) -> str:
    """What one machine cannot change by itself: of IPv6 the first half, as each has the other half to choose from."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 6 and found.ipv4_mapped is None:
        return str(ip_network((found, 64), strict=False))
    return str(found.ipv4_mapped or found) if found.version == 6 else str(found)


def install(app: Flask, key: str, sign_in: int, api: int) -> None:
    """Give an application its limits."""
    app.extensions["limits"] = Limits(key, sign_in, api)


def limits() -> Limits:
    """The limits of the running application."""
    found: Limits = current_app.extensions["limits"]
    return found
