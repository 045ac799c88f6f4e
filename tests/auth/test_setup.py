"""A new console's three administrators are made in turn by whoever has the token, once, and never by a stranger."""

import re
import stat
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from tests.support.browser import Window
from tests.support.console import console
from tests.support.places import Place, Places
from tests.support.served import Served
from tests.support.visitor import Visitor, form_token

PATH = "/setup"
PASSWORD = "梧桐-harbour-62-kites"
THREE = (
    ("sysadmin", "wangqiang", "王", "强"),
    ("secadmin", "limin", "李", "敏"),
    ("auditor", "zhaoyan", "赵", "岩"),
)


@pytest.fixture
def new(new_place: Callable[..., Place]) -> Iterator[tuple[Place, Flask]]:
    """A console that has just been migrated, and has no account."""
    place = new_place("bare")
    with console(place.settings) as app:
        yield place, app


def send(visitor: Visitor, **typed: str) -> TestResponse:
    """Send a form of the page, with the token a page carries."""
    page = visitor.get(PATH).text
    return visitor.client.post(PATH, data={"csrf_token": form_token(page), **typed})


def account(role: str, username: str, last_name: str, first_name: str, **more: str) -> dict[str, str]:
    """What is typed for an account."""
    return {"role": role, "username": username, "last_name": last_name, "first_name": first_name,
            "email": f"{username}@rainbow.gov", "password": PASSWORD, "repeat": PASSWORD} | more  # fmt: skip


def token_of(place: Place) -> str:
    return place.run("setup-token").stdout.strip()


def scalar(app: Flask, statement: str, **values: Any) -> Any:
    with app.extensions["engine"].connect() as connection:
        return connection.scalar(text(statement), values)


def test_the_three_are_made_in_turn_and_then_the_page_is_gone_for_good(new: tuple[Place, Flask]) -> None:
    place, app = new
    keeper = Visitor(app)
    assert keeper.get("/login/").headers["Location"] == PATH
    assert "初始设置令牌" in keeper.get(PATH).text
    assert send(keeper, token=token_of(place)).status_code == 303
    for number, (role, username, last_name, first_name) in enumerate(THREE):
        assert f'name="role" value="{role}"' in keeper.get(PATH).text
        answer = send(keeper, **account(role, username, last_name, first_name))
        assert answer.status_code == 303, answer.text
        assert answer.headers["Location"] == (PATH if number < 2 else "/login/")
    assert "从此关闭" in keeper.get("/login/").text
    for one in (keeper, Visitor(app)):
        assert one.get(PATH).status_code == 404
    assert Visitor(app).sign_in("limin", PASSWORD).get("/records/role/").status_code == 200
    with console(place.settings) as again:
        assert Visitor(again).get(PATH).status_code == 404
    assert "no first set-up" in place.run("setup-token", check=False).stderr
    lines = scalar(app, "SELECT count(*) FROM rn_event WHERE door = 'setup' AND deed = 'added' AND record = 'account'")
    assert lines == 3
    assert scalar(app, "SELECT count(*) FROM rn_event WHERE changes LIKE '%harbour%' OR changes LIKE '%argon2%'"
                  if place.database_url.startswith("sqlite") else
                  "SELECT count(*) FROM rn_event WHERE changes::text LIKE '%harbour%'") == 0  # fmt: skip


def test_a_stranger_without_the_token_makes_nothing(new: tuple[Place, Flask]) -> None:
    place, app = new
    stranger = Visitor(app)
    assert send(stranger, token="guess").status_code == 401
    token_of(place)
    wrong = send(stranger, token="guess")
    assert (wrong.status_code, "令牌不对" in wrong.text) == (401, True)
    refused = send(stranger, **account(*THREE[0]))
    assert (refused.status_code, "令牌不对" in refused.text) == (401, True)
    assert stranger.client.post(PATH, data=account(*THREE[0])).status_code == 400
    assert scalar(app, "SELECT count(*) FROM ab_user") == 0
    assert scalar(app, "SELECT count(*) FROM rn_event WHERE door = 'setup' AND deed = 'sign_in_failed'") == 2


def test_a_new_token_makes_the_one_before_worthless_and_each_holds_for_a_day(new: tuple[Place, Flask]) -> None:
    place, app = new
    first = token_of(place)
    second = token_of(place)
    keeper = Visitor(app)
    assert send(keeper, token=first).status_code == 401
    assert send(keeper, token=f" {second} ").status_code == 303
    with app.extensions["engine"].begin() as connection:
        connection.execute(text("UPDATE rn_setup SET made_at = '2004-01-01 00:00:00'"))
    late = send(keeper, **account(*THREE[0]))
    assert (late.status_code, "令牌已过期" in late.text) == (401, True)


def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(new: tuple[Place, Flask]) -> None:
    place, app = new
    keeper = Visitor(app)
    send(keeper, token=token_of(place))
    for name, bad in (
        ("username", ""), ("email", "nobody"), ("password", "short"), ("repeat", "another password"),
    ):  # fmt: skip
        answer = send(keeper, **account(*THREE[0]) | {name: bad})
        assert answer.status_code == 422, name
        assert f'id="setup-{name}-error"' in answer.text, name
        assert PASSWORD not in answer.text
        assert 'value="王"' in answer.text
    assert scalar(app, "SELECT count(*) FROM ab_user") == 0
    assert send(keeper, **account(*THREE[0])).status_code == 303
    same = send(keeper, **account("secadmin", "other", "王", "强"))
    assert (same.status_code, "须属于不同的人" in same.text) == (422, True)
    assert 'id="setup-username-error"' in send(keeper, **account("secadmin", "wangqiang", "李", "敏")).text
    assert scalar(app, "SELECT count(*) FROM ab_user") == 1


def test_of_two_browsers_at_once_one_makes_the_account(new: tuple[Place, Flask]) -> None:
    place, app = new
    token, pair = token_of(place), [Visitor(app) for _ in range(2)]
    forms = []
    for number, visitor in enumerate(pair):
        send(visitor, token=token)
        page = visitor.get(PATH).text
        typed = account("sysadmin", f"first{number}", "王", f"强{number}")
        forms.append({"csrf_token": form_token(page), **typed})
    barrier, statuses = threading.Barrier(2), []

    def run(number: int) -> None:
        barrier.wait()
        statuses.append(pair[number].client.post(PATH, data=forms[number]).status_code)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [303, 303]
    assert scalar(app, "SELECT count(*) FROM ab_user") == 1
    assert all('value="secadmin"' in visitor.get(PATH).text for visitor in pair)


def test_a_console_that_has_an_account_has_no_set_up(new: tuple[Place, Flask]) -> None:
    place, app = new
    token = token_of(place)
    place.run("user", "create", "first", "--family-name", "王", "--given-name", "强", "--email", "first@rainbow.gov",
              "--role", "sysadmin", "--password", PASSWORD)  # fmt: skip
    assert Visitor(app).get(PATH).status_code == 404
    assert Visitor(app).get("/login/").status_code == 200
    assert place.run("setup-token", check=False).returncode == 1
    assert token


def test_the_token_of_a_console_that_serves_lies_where_its_keeper_alone_reads_it(
    new_place: Callable[..., Place],
) -> None:
    place = new_place("bare")
    with Served(place) as served:
        file = place.data / "setup-token"
        token = file.read_text().strip()
        assert (stat.S_IMODE(file.stat().st_mode), str(file) in served.said, token in served.said) == (
            0o600, True, False)  # fmt: skip
    with Served(place):
        assert file.read_text().strip() == token


@pytest.fixture(scope="module")
def served(places: Places, database: Any) -> Iterator[Served]:
    """A console that serves and has no account."""
    place = places.make(database, "bare")
    with Served(place) as running:
        yield running
    places.remove(place)


@pytest.mark.browser
def test_the_set_up_in_a_browser(window: Window, served: Served) -> None:
    window.open("/login/")
    window.until(lambda: window.path == PATH)
    for size, theme in (("desktop", "light"), ("phone", "dark")):
        window.wear(size, theme)
        assert window.barriers() == []
    window.one("[name=token]").send_keys((served.place.data / "setup-token").read_text())
    for number, typed in enumerate(account(*one) for one in THREE):
        window.until(lambda typed=typed: window.all(f"[name=role][value={typed['role']}]"))  # type: ignore[misc]
        if not number:
            assert window.barriers() == []
        for name, value in typed.items():
            if name != "role":
                window.one(f"[name={name}]").send_keys(value)
        window.one("main .btn-primary").click()
    window.until(lambda: window.path == "/login/")
    assert window.problems() == []
    assert not (served.place.data / "setup-token").exists()
    assert re.search("从此关闭", window.one("main").text)
