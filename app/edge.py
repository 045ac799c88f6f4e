"""The edge of the console: which proxies are believed about a browser, and by which names the console is reached."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from flask import Flask, request
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest

Environ = dict[str, Any]
Address = IPv4Address | IPv6Address
SAID = (
    "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX", "HTTP_X_REAL_IP", "HTTP_FORWARDED",
)  # fmt: skip
"""What a proxy says of the browser, and anybody else could say as well."""
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?", re.ASCII)
_HEALTH = frozenset({"health.alive", "health.ready"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Proxies:
    """Takes a request for that of the browser that a trusted proxy names; what anybody else says of one is dropped."""

    def __init__(self, wsgi: Callable[..., Iterable[bytes]], trusted: Sequence[str]) -> None:
        self._wsgi = wsgi
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(one) for one in trusted]

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        peer = read_address(environ.get("REMOTE_ADDR", ""))
        if peer is not None and self._trusts(peer):
            self._believe(environ, peer)
        for name in SAID:
            environ.pop(name, None)
        return self._wsgi(environ, start_response)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)

    def _believe(self, environ: Environ, peer: Address) -> None:
        """Follow the chain from the near end: each proxy adds whom it heard, so a stranger's own words come first."""
        client = peer
        for text in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            hop = read_address(text.strip())
            if hop is None:
                break
            client = hop
            if not self._trusts(hop):
                break
        environ["REMOTE_ADDR"] = str(client)
        scheme, host = (environ.get(f"HTTP_X_FORWARDED_{name}", "").rpartition(",")[2].strip()
                        for name in ("PROTO", "HOST"))  # fmt: skip
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        if host:
            environ["HTTP_HOST"] = host


def read_address(text: str) -> Address | None:
    """An address, with or without brackets and port; one of IPv4 within IPv6 as what it is."""
    bare = text.partition("]")[0].removeprefix("[") if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def install(app: Flask, trusted: Sequence[str], hosts: Sequence[str]) -> None:
    """Give an application its edge; to be called before anything else looks at a request."""
    app.wsgi_app = Proxies(app.wsgi_app, trusted)  # type: ignore[method-assign]  # as Flask's documentation has it
    own = socket.gethostname().lower()

    def check_host() -> None:
        # whoever watches over the console asks for its health by any name
        if request.endpoint not in _HEALTH and not accepted(request.environ.get("HTTP_HOST"), hosts, own):
            raise BadRequest(_("The console is not reached by this name. Use the address you were given for it."))

    app.before_request(check_host)


def accepted(header: str | None, hosts: Sequence[str], own: str) -> bool:
    """Whether the console answers to a Host header: where names are set, to these and on the machine itself.

    Else to any address and the machine's own name: another name may be a page elsewhere that had its name lead here.
    """
    if header is None:
        return True  # as HTTP/1.0 has none
    found = _HOST.fullmatch(header.lower())
    if found is None:
        return False
    name = found[1] or found[2].rstrip(".")
    if name in _LOOPBACK or name in hosts:
        return True
    return not hosts and (name == own or read_address(name) is not None)
