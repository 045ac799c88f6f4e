"""The mapping is tried by the security administrator alone: what somebody would get is shown, and nothing is done."""

from collections.abc import Callable

import pytest
from flask import Flask
from selenium.webdriver.common.keys import Keys
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.declare import Account, Deed, Event
from tests.auth.directory.conftest import silent
from tests.support import people
from tests.support.browser import Window
from tests.support.city_directory import EDITOR, ODD
from tests.support.places import Place
from tests.support.slapd import PASSWORD, Slapd
from tests.support.visitor import Visitor

pytestmark = pytest.mark.usefixtures("rules")
PATH = "/directory/try"


def test_entry_groups_unit_roles_and_clearance_are_shown_and_nobody_is_made_or_signed_in(
    visitor: Callable[[str], Visitor], session: Session
) -> None:
    secadmin = visitor(people.SECURITY)
    accounts = session.scalar(select(func.count()).select_from(Account))
    answer = secadmin.post(PATH, {"name": "chenjie"})
    assert answer.status_code == 200
    for words in ("此人可以登录", "陈洁", "公检法信息员", "市直信息员", "单位信息员", "公安局", "将在首次登录时建立"):
        assert words in answer.text
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Account)) == accounts
    line = select(Event.actor, Event.note).where(Event.deed == Deed.LOOKED_UP).order_by(Event.id.desc())
    assert tuple(session.execute(line).first() or ()) == ("郑secadmin", "chenjie")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nobody", "目录中没有此用户名"),
        ("*", "目录中没有此用户名"),
        ("twice", "有多个条目使用此用户名"),
        ("locked", "条目已锁定"),
        ("expired", "条目已过期"),
        ("admin", "自有口令的本地账号"),
        ('"><script>', "目录中没有此用户名"),
    ],
)
def test_why_somebody_could_not_sign_in_is_told_in_words(
    visitor: Callable[[str], Visitor], name: str, words: str
) -> None:
    answer = visitor(people.SECURITY).post(PATH, {"name": name})
    assert (answer.status_code, words in answer.text, "<script>" in answer.text) == (200, True, False)


def test_nothing_typed_is_asked_for_next_to_the_field(visitor: Callable[[str], Visitor]) -> None:
    answer = visitor(people.SECURITY).post(PATH, {"name": " "})
    assert (answer.status_code, "请输入目录中某人的用户名" in answer.text) == (422, True)


def test_a_directory_that_is_down_is_told_with_the_server_and_the_reason(
    app: Flask, visitor: Callable[[str], Visitor], slapd: Slapd
) -> None:
    secadmin = visitor(people.SECURITY)
    secadmin.get(PATH)
    with silent(slapd, app):
        answer = secadmin.post(PATH, {"name": EDITOR})
    assert (answer.status_code, slapd.ldaps in answer.text) == (503, True)
    assert PASSWORD not in answer.text


def test_only_who_may_change_the_rules_may_try_them(app: Flask, visitor: Callable[[str], Visitor]) -> None:
    assert app.test_client().get(PATH).status_code == 303
    other = visitor(people.SECURITY)
    assert other.get("/records/directory_rule/").text.count(PATH) >= 1
    stranger = Visitor(app).sign_in("u00042", PASSWORD)
    assert stranger.get(PATH).status_code == 403
    assert stranger.post(PATH, {"name": EDITOR}).status_code == 403
    assert stranger.get("/records/directory_rule/").status_code == 403


def test_a_rule_is_written_changed_and_removed_with_its_lines_in_the_trail(
    visitor: Callable[[str], Visitor], session: Session
) -> None:
    secadmin = visitor(people.SECURITY)
    answer = secadmin.post("/records/directory_rule/new", {"basis": "unit", "value": "旧称", "clearance": "internal"})
    assert answer.status_code in (302, 303)
    session.rollback()
    last = select(Event.deed, Event.actor, Event.label).where(Event.record == "directory_rule")
    found = session.execute(last.order_by(Event.id.desc())).first()
    assert found is not None
    assert (found.deed, found.actor, "旧称" in found.label) == (Deed.ADDED, "郑secadmin", True)


@pytest.mark.browser
def test_somebody_of_the_directory_signs_in_and_lands_on_their_own_page(window: Window) -> None:
    window.open("/login/")
    window.one("[name=username]").send_keys(EDITOR)
    window.one("[name=password]").send_keys("wrong", Keys.ENTER)
    assert "账号或密码不正确" in window.one("#login-error").text
    window.one("[name=password]").send_keys(PASSWORD, Keys.ENTER)
    window.until(lambda: window.path == "/")
    assert "陈洁" in window.one(".rn-person").text


@pytest.mark.browser
@pytest.mark.parametrize(("size", "theme"), [("desktop", "light"), ("phone", "dark")])
def test_the_security_administrator_tries_a_name_in_the_browser(window: Window, size: str, theme: str) -> None:
    window.wear(size, theme)
    window.sign_in(people.SECURITY)
    window.open(PATH)
    window.one("#rn-try").send_keys("comma", Keys.ENTER)
    window.one("[data-rn-tried=yes]")
    shown = window.one("main").text
    assert ODD["comma"] in shown
    assert 'Readers, "all"' in shown
    assert window.problems() == []
    assert window.barriers() == []


def test_without_a_directory_the_page_says_that_rules_can_be_written_before(place: Place, app: Flask) -> None:
    from tests.support.console import console

    with console(Place(place.data, place.database_url).settings) as bare:
        secadmin = Visitor(bare).sign_in(people.SECURITY)
        assert "尚未接入目录" in secadmin.get(PATH).text
        assert secadmin.post(PATH, {"name": EDITOR}).status_code == 422
