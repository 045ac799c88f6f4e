"""What tests of signing in share: a clock, a device that shows codes, and the steps one by one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import count

from flask import Flask
from flask.testing import FlaskClient
from pyotp import TOTP
from werkzeug.test import TestResponse

from tests.support import people
from tests.support.visitor import form_token

_addresses = count(1)


class Clock:
    """A clock that is set forward by hand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class RunningClock(Clock):
    """The clock on the wall, for consoles in a process of their own."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


class Device:
    """A device as people carry it, which has read a page's secret."""

    def __init__(self, page: str, clock: Clock) -> None:
        found = re.search(r'<code class="rn-secret">([A-Z2-7 ]+)</code>', page)
        assert found is not None, page[:3000]
        self.secret = found[1].replace(" ", "")
        self._made = TOTP(self.secret)
        self._clock = clock

    def code(self, steps: int = 0) -> str:
        """The code that it shows so many half minutes from now."""
        return self._made.at(self._clock() + timedelta(seconds=30 * steps))

    def next(self) -> str:
        """A code that has not been used yet."""
        self._clock.forward(60)
        return self.code()


def codes_of(page: str) -> list[str]:
    """The recovery codes that a page shows."""
    return re.findall(r"<li><code>([A-Z2-9 ]{14})</code></li>", page)


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, f"no {name} on the page:\n{page[:2000]}"
    return unescape(found[1])


def elsewhere() -> dict[str, str]:
    """An address that nobody has tried anything from."""
    number = next(_addresses)
    return {"REMOTE_ADDR": f"10.3.{number // 250}.{number % 250 + 1}"}


class Browser:
    """Somebody who signs in step by step."""

    def __init__(self, app: Flask, address: dict[str, str] | None = None) -> None:
        self.client: FlaskClient = app.test_client()
        self.address = address or elsewhere()
        self.page = ""

    def password(self, name: str, password: str = people.PASSWORD, **more: str) -> TestResponse:
        """The first step."""
        token = form_token(self.client.get("/login/").text)
        return self.send("/login/", username=name, password=password, csrf_token=token, **more)

    def code(self, code: str, **more: str) -> TestResponse:
        """The second step, from the page at hand."""
        return self.send("/login/code", **{**self._step(), "code": code, **more})

    def set_up(self, code: str) -> TestResponse:
        """The second step where a device has to be set up."""
        return self.send("/login/set-up", **self._step(), code=code)

    def _step(self) -> dict[str, str]:
        """What the form at hand carries; the switch of the language above it is a form of its own."""
        form = self.page.partition('class="rn-login-box"')[2]
        return {name: hidden(form, name) for name in ("csrf_token", "step", "next", "draft")}

    def send(self, path: str, **fields: str) -> TestResponse:
        """Send a form; the page of the answer is the one at hand then."""
        answer = self.client.post(path, data=fields, environ_base=self.address)
        if answer.mimetype == "text/html" and answer.status_code != 303:
            self.page = answer.text
        return answer

    def post(self, path: str, **fields: str) -> TestResponse:
        """Send a form of the console, with the token that its pages carry."""
        return self.send(path, csrf_token=form_token(self.client.get("/", follow_redirects=True).text), **fields)

    def inside(self) -> bool:
        """Whether the home page opens."""
        return self.client.get("/").status_code == 200


def with_device(app: Flask, clock: Clock, name: str) -> tuple[Device, list[str]]:
    """Let somebody without a second factor set one up; returns the device and the recovery codes."""
    me = Browser(app)
    assert me.password(name).status_code == 303
    page = me.client.get("/second-factor/").text
    device = Device(page, clock)
    answer = me.post(
        "/second-factor/set-up", device=hidden(page, "device"), code=device.code(), password=people.PASSWORD
    )
    assert answer.status_code == 201, answer.text[:3000]
    return device, codes_of(answer.text)
