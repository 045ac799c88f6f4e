"""A person at a console inside this process: a test client that signs in and sends the form token."""

import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.support.people import PASSWORD

_TOKEN = re.compile(r'name="csrf[_-]token"[^>]*?(?:value|content)="([^"]+)"')


def form_token(html: str) -> str:
    """Return the form token that a page carries."""
    found = _TOKEN.search(html)
    if found is None:
        raise AssertionError(f"The page carries no form token:\n{html[:2000]}")
    return found[1]


class Visitor:
    """Somebody with a session: a stranger until signed in."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()
        self._token: str | None = None

    def sign_in(self, name: str, password: str = PASSWORD) -> "Visitor":
        """Sign in through the sign-in page, as people do."""
        page = self.client.get("/login/")
        answer = self.client.post(
            "/login/", data={"username": name, "password": password, "csrf_token": form_token(page.text)}
        )
        if answer.status_code not in {302, 303}:
            raise AssertionError(f"{name} was not let in: {answer.status}\n{answer.text[:2000]}")
        self._token = None
        return self

    def get(self, path: str, **options: Any) -> TestResponse:
        """Ask for a page."""
        return self.client.get(path, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form, with the token a page would carry."""
        return self.client.post(path, data={"csrf_token": self._form_token(), **(data or {})}, **options)

    def send(self, method: str, path: str, body: Any) -> TestResponse:
        """Send JSON to REST as the console's own page of it does: with the session and its form token."""
        headers = {"X-CSRFToken": self._form_token(), "If-Match": "*"}
        return self.client.open(path, method=method, json=body, headers=headers)

    def _form_token(self) -> str:
        if self._token is None:
            home = self.client.get("/", follow_redirects=True)
            self._token = form_token(home.text)
        return self._token
