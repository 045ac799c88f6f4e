"""Somebody at a console over HTTP, kept as cheap as possible: what is measured is the console."""

from __future__ import annotations

import http.client
import json
import re
import socket
from typing import Any
from urllib.parse import quote, urlencode

_TOKEN = re.compile(r'name="(?:csrf[_-]token|csrfmiddlewaretoken)"[^>]*?(?:value|content)="([^"]+)"')


class Visit:
    """A connection that is kept, with its cookies; a server that closes it is asked anew."""

    def __init__(self, port: int, cookies: dict[str, str] | None = None, token: str = "") -> None:
        self.port = port
        self.cookies = dict(cookies or {})
        self.token = token
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, kind: str = ""
    ) -> tuple[int, bytes, dict[str, str]]:
        """The status, the body and the heads of an answer."""
        heads = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if kind:
            heads["Content-Type"] = kind
        if self.token:
            heads["Authorization"] = f"Bearer {self.token}"
        try:
            answer = self._sent(method, path, body, heads)
        except (ConnectionError, http.client.BadStatusLine):
            self.close()
            answer = self._sent(method, path, body, heads)
        content = answer.read()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        if answer.will_close:
            self.close()
        return answer.status, content, {name.lower(): value for name, value in answer.getheaders()}

    def _sent(self, method: str, path: str, body: bytes | None, heads: dict[str, str]) -> http.client.HTTPResponse:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
            self._connection.connect()
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.request(method, quote(path, safe="/?&=%:,_-.~+"), body, heads)
        return self._connection.getresponse()

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def sign_in(self, path: str, name: str, password: str, **more: str) -> None:
        """Send the form at this address, with the token that the page carries."""
        _status, page, _heads = self.ask(path)
        form = {"username": name, "password": password, **more}
        found = _TOKEN.search(page.decode(errors="replace"))
        if found is not None:
            form.update(csrf_token=found[1], csrfmiddlewaretoken=found[1])
        status, said, _heads = self.ask(path, "POST", urlencode(form).encode(), "application/x-www-form-urlencoded")
        if status not in (302, 303):
            raise RuntimeError(f"{path}: {name} was not let in ({status})\n{said.decode(errors='replace')[:1000]}")

    def sign_in_for_token(self, path: str, name: str, password: str) -> None:
        """Get a bearer token by name and password."""
        body = json.dumps({"username": name, "password": password}).encode()
        status, said, _heads = self.ask(path, "POST", body, "application/json")
        if status != 200:
            raise RuntimeError(f"{path}: {name} was given no token ({status})")
        found: dict[str, Any] = json.loads(said)
        self.token = str(found["access_token"])
        self.cookies.clear()
