"""A person sees where they are signed in, and ends what they do not know."""

import pytest
from flask import Flask

from tests.support import people
from tests.support.browser import Window
from tests.support.visitor import Visitor

pytestmark = pytest.mark.browser


def test_a_person_signs_another_browser_out_and_then_every_one(window: Window, app: Flask) -> None:
    other = Visitor(app)
    other.client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile"
    other.sign_in(people.VIEWER)
    window.sign_in(people.VIEWER)
    window.open("/")
    window.one(".rn-person").click()
    window.one('a[href="/sessions/"]').click()
    window.until(lambda: window.path == "/sessions/")
    first = window.all(".rn-tokens > li")[0].text
    assert "本次会话" in first
    assert "Chrome · Linux" in first
    phone = next(one for one in window.all(".rn-tokens > li") if "Chrome · Android" in one.text)
    assert window.barriers() == []
    phone.find_element("css selector", "button").click()
    window.until(lambda: "Android" not in window.one(".rn-tokens").text, "the session is still there")
    assert other.get("/").status_code == 303
    window.one('[data-rn-open="rn-end-all"]').click()
    window.one("#rn-end-all [type=submit]").click()
    window.until(lambda: window.path == "/login/")
    window.open("/")
    assert window.path == "/login/"
    assert window.problems() == []
