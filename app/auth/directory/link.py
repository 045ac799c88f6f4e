"""The conversation with the directory's servers: TLS checked, time limited, the next server asked when one fails."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import ldap3
from ldap3.core.exceptions import LDAPException

from app.auth.directory.errors import Down, Failed

if TYPE_CHECKING:
    from config import DirectorySettings

LOG = logging.getLogger(__name__)
REST = 5.0
"""Seconds for which a server that failed is left alone, unless no other is left."""
AT_ONCE = 4
"""Conversations of one process at a time: a slow directory must not hold every thread that serves pages."""
PAGE = 500
_PATIENCE = 1.0
_BUSY = frozenset({51, 52, 80})
"""Results that say more of the server than of what was asked: busy, unavailable, other."""
_MORE = 4
"""There are more entries than were asked for, or than the server hands out."""
_NO_ENTRY = frozenset({32, 34})
"""No entry has this name, or nothing could have it."""
T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """An entry: its distinguished name, and its values as they came, by attribute in lower case."""

    dn: str
    values: Mapping[str, tuple[bytes, ...]]

    def texts(self, attribute: str) -> tuple[str, ...]:
        """The values of an attribute as texts."""
        found = (
            value.decode("utf-8", "replace").replace("\x00", "").strip()
            for value in self.values.get(attribute.lower(), ())
        )
        return tuple(text for text in found if text)

    def text(self, attribute: str) -> str:
        """The first value of an attribute, or nothing."""
        return next(iter(self.texts(attribute)), "")


class _Tls(ldap3.Tls):
    """ldap3's TLS by a context of Python's own, which checks the certificate, its time and the server's name."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = context

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        connection.socket = self._context.wrap_socket(
            connection.socket, do_handshake_on_connect=do_handshake, server_hostname=connection.server.host
        )


def make_context(settings: DirectorySettings) -> ssl.SSLContext:
    """What vouches for a server: the named certificates alone, or those of the operating system."""
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Line:
    """A connection to one server, on which things are asked one after the other."""

    def __init__(self, url: str, connection: ldap3.Connection, settings: DirectorySettings) -> None:
        self.url = url
        self._connection = connection
        self._settings = settings

    @property
    def certificate(self) -> dict[str, Any]:
        """The server's certificate, which has been checked; nothing where the line is not encrypted."""
        socket: Any = self._connection.socket
        return dict(socket.getpeercert() or {}) if isinstance(socket, ssl.SSLSocket) else {}

    def bind(self, dn: str, password: str) -> bool:
        """Whether the server takes this name and password; raises Failed where it cannot tell."""
        if not password:
            return False  # a bind without a password succeeds, and proves nothing (RFC 4513, 5.1.2)
        taken = bool(self._connection.rebind(dn, password, authentication=ldap3.SIMPLE))
        if not taken:
            self._check_state()
        return taken

    def bind_to_search(self) -> None:
        """Become the account that searches; raises Failed if the server does not take it."""
        if not self.bind(self._settings.bind_dn, self._settings.bind_password):
            raise Failed(f"the bind as {self._settings.bind_dn} was refused ({self._said()})")

    def search(
        self, base: str, filter_: str, attributes: Sequence[str], *, alone: bool = False, most: int = 0
    ) -> list[Found]:
        """The entries below a base (of it `alone`) that a filter matches, at most as many as told; no referrals.

        Raises Failed where the server cannot tell: being told nothing is not the same as there being nothing.
        """
        scope = ldap3.BASE if alone else ldap3.SUBTREE
        self._connection.search(
            base, filter_, search_scope=scope, attributes=list(attributes), size_limit=most,
            time_limit=self._settings.seconds,
        )  # fmt: skip
        result, found = self._result(), self._entries()
        # fewer than asked for, where the server has more, would pass for all there are
        whole = result == 0 or (result == _MORE and 0 < most <= len(found))
        # one entry may be gone; a base that is not there, or may not be read, says nothing of what lies below
        if whole or (alone and result in _NO_ENTRY):
            return found
        self._check_state()
        raise Failed(f"the search below {base} failed ({self._said()})")

    def pages(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[list[Found]]:
        """All entries that a filter matches, a page at a time."""
        cookie: Any = None
        while True:
            self._connection.search(
                base, filter_, search_scope=ldap3.SUBTREE, attributes=list(attributes), paged_size=PAGE,
                paged_criticality=True, paged_cookie=cookie,
            )  # fmt: skip
            if self._result() != 0:
                raise Failed(f"the paged search below {base} failed ({self._said()})")
            controls: Any = (self._connection.result or {}).get("controls", {})
            cookie = controls.get("1.2.840.113556.1.4.319", {}).get("value", {}).get("cookie")
            yield self._entries()
            if not cookie:
                return

    def values(self, dn: str, attribute: str) -> Iterator[tuple[str, ...]]:
        """The values of an attribute that may have very many: Active Directory hands them out in ranges."""
        start = 0
        while True:
            asked = attribute if start == 0 else f"{attribute};range={start}-*"
            found = self.search(dn, "(objectClass=*)", [asked], alone=True)
            if not found:
                return
            named = next((name for name in found[0].values if name.startswith(f"{attribute.lower()};range=")), "")
            yield found[0].texts(named or attribute)
            end = named.rpartition("-")[2]
            if not end.isdigit():
                return
            start = int(end) + 1

    def _entries(self) -> list[Found]:
        return [
            Found(
                str(one["dn"]),
                {str(name).lower(): tuple(values) for name, values in dict(one["raw_attributes"]).items()},
            )
            for one in self._connection.response or ()
            if one["type"] == "searchResEntry"
        ]

    def _result(self) -> int:
        return int((self._connection.result or {}).get("result", 80))

    def _said(self) -> str:
        found = self._connection.result or {}
        return f"{found.get('description')}: {found.get('message') or 'no further word'}"

    def _check_state(self) -> None:
        if self._result() in _BUSY:
            raise Failed(f"the server is not able to answer ({self._said()})")


class Servers:
    """The servers of a directory: the first that answers is asked, the next when it fails."""

    def __init__(self, settings: DirectorySettings) -> None:
        self._settings = settings
        self._context = make_context(settings)
        self._room = threading.BoundedSemaphore(AT_ONCE)
        self._failed: dict[str, tuple[float, str]] = {}

    def failed(self) -> dict[str, str]:
        """Why servers are left alone now, by address."""
        now = time.monotonic()
        return {url: text for url, (until, text) in list(self._failed.items()) if until > now}

    def talk(self, work: Callable[[Line], T], *, hurry: bool = True) -> T:
        """Do a piece of work with the first server that can; raises Down when none can.

        Work that fails midway is done anew with the next server. In a `hurry` a server has so many seconds in all;
        else so many for each answer.
        """
        if not self._room.acquire(timeout=_PATIENCE):
            raise Down(())
        try:
            return self._ask_each(work, hurry)
        finally:
            self._room.release()

    def _ask_each(self, work: Callable[[Line], T], hurry: bool) -> T:
        resting = self.failed()
        reasons = list(resting.items())
        for url in self._settings.urls:
            if url in resting:
                continue
            try:
                with self.line(url, hurry=hurry) as line:
                    return work(line)
            except (LDAPException, OSError, Failed) as error:
                reasons.append((url, reason(error)))
                self._failed[url] = (time.monotonic() + REST, reasons[-1][1])
                LOG.warning("directory server %s: %s", url, reasons[-1][1])
        raise Down(reasons)

    @contextmanager
    def line(self, url: str, *, hurry: bool = True) -> Iterator[Line]:
        """An open connection to one server, TLS included; raises what ldap3 raises."""
        connection = self._connection(url)
        watch = threading.Timer(self._settings.connect_seconds + self._settings.seconds, _cut, (connection,))
        watch.daemon = True
        if hurry:
            watch.start()
        try:
            connection.open(read_server_info=False)
            if not url.startswith("ldaps:") and not self._settings.without_tls:
                connection.start_tls(read_server_info=False)
            yield Line(url, connection, self._settings)
        finally:
            watch.cancel()
            _close(connection)

    def _connection(self, url: str) -> ldap3.Connection:
        parts = urlsplit(url)
        secure = parts.scheme == "ldaps"
        server = ldap3.Server(
            parts.hostname or "", port=parts.port or (636 if secure else 389), use_ssl=secure, get_info=ldap3.NONE,
            tls=_Tls(self._context), connect_timeout=self._settings.connect_seconds,
        )  # fmt: skip
        return ldap3.Connection(
            server, auto_bind=ldap3.AUTO_BIND_NONE, auto_referrals=False, check_names=False, read_only=True,
            receive_timeout=self._settings.seconds, raise_exceptions=False,
        )  # fmt: skip


def reason(error: Exception) -> str:
    """What went wrong, on one line; never with a password, as none of these errors holds what was sent."""
    text = " ".join(str(error).split())[:300]
    return text or type(error).__name__


def _cut(connection: ldap3.Connection) -> None:
    """End a conversation that takes too long: whoever waits for an answer sees the connection closed."""
    socket = connection.socket
    if socket is not None:
        try:
            socket.shutdown(2)
        except OSError:
            LOG.debug("the connection had ended by itself")


def _close(connection: ldap3.Connection) -> None:
    try:
        connection.unbind()
    except (LDAPException, OSError):
        LOG.debug("the connection had ended by itself")
    finally:
        if connection.socket is not None:  # ldap3 leaves one open on which TLS did not come about
            connection.socket.close()
