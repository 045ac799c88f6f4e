"""Somebody of the directory signs in with a second factor, in the browser, as their role requires it."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from selenium.webdriver.common.keys import Keys
from sqlalchemy import update

from app.declare.record import Role
from tests.support.browser import Window
from tests.support.city_directory import EDITOR
from tests.support.sign_in import Device, RunningClock, codes_of
from tests.support.slapd import PASSWORD

pytestmark = pytest.mark.usefixtures("rules")


@pytest.fixture
def required(app: Flask) -> Iterator[None]:
    """The role that the directory gives requires a second factor."""
    role: Any = Role.__table__
    change = update(role).where(role.c.name == "unit_editor")
    with app.extensions["engine"].begin() as connection:
        connection.execute(change.values(second_factor=True))
    yield
    with app.extensions["engine"].begin() as connection:
        connection.execute(change.values(second_factor=False))


def first_step(window: Window) -> None:
    window.open("/login/")
    window.one("[name=username]").send_keys(EDITOR)
    window.one("[name=password]").send_keys(PASSWORD, Keys.ENTER)


@pytest.mark.browser
@pytest.mark.usefixtures("required")
def test_a_device_is_set_up_at_the_first_sign_in_and_asked_for_at_the_next(window: Window) -> None:
    first_step(window)
    window.one(".rn-device svg")
    assert window.barriers() == []
    device = Device(window.driver.page_source, RunningClock())
    window.open("/records/project/")
    assert window.path == "/login/"  # nothing opens before
    first_step(window)
    window.one(".rn-device svg")
    device = Device(window.driver.page_source, RunningClock())
    window.problems()
    window.one("#code").send_keys(device.code(), Keys.ENTER)
    window.one("#rn-codes")
    codes = codes_of(window.driver.page_source)
    assert len(codes) == 10
    assert window.barriers() == []
    window.one(".rn-login-box a.btn-primary").click()
    window.until(lambda: window.path == "/")
    assert "陈洁" in window.one(".rn-person").text
    window.open("/second-factor/")
    assert "角色要求" in window.one(".rn-titleline").text
    assert window.barriers() == []
    assert window.problems() == []

    window.fresh()
    window.wear("phone", "dark")
    first_step(window)
    window.one("#code").send_keys("000000", Keys.ENTER)
    assert "验证码不正确" in window.one("#code-error").text
    assert window.barriers() == []
    window.one("#code").send_keys(device.code(1), Keys.ENTER)
    window.until(lambda: window.path == "/")

    window.fresh()
    first_step(window)
    window.one("details:has(#recovery) summary").click()
    window.one("#recovery").send_keys(codes[0], Keys.ENTER)
    window.until(lambda: window.path == "/")
