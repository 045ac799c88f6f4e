"""Signing in with the directory at every door: accounts are made as the mapping says, and all else gets one answer."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.limits import limits
from app.declare import Classification, Deed, Event
from app.declare.record import Account
from seeds.plan.units import phase_one
from tests.auth.directory.conftest import silent, tried
from tests.support import people
from tests.support.city_directory import EDITOR, ODD, PEOPLE, city
from tests.support.places import Database
from tests.support.sign_in import Clock, Device, RunningClock, hidden
from tests.support.slapd import PASSWORD, Slapd
from tests.support.visitor import Visitor, form_token

Row = Callable[[str], dict[str, Any]]
pytestmark = pytest.mark.usefixtures("rules")
WRONG = "账号或密码不正确"


@pytest.fixture(scope="module")
def slapd(certificate: tuple[Path, Path], database: Database) -> Iterator[Slapd]:
    """The city's directory, anew for each database: the tests rename and replace people in it."""
    with Slapd(city(), certificate) as running:
        yield running


def test_an_account_appears_with_name_unit_roles_and_clearance_of_the_mapping(app: Flask, account: Row) -> None:
    assert account(EDITOR) == {}
    Visitor(app).sign_in(EDITOR, PASSWORD)
    found = account(EDITOR)
    assert (found["name"], found["email"], found["unit"]) == ("陈洁", "chenjie@caihong.lyg", "公安局")
    assert found["roles"] == ["unit_editor"]  # by a group in a group in a group, one of which is in a circle
    assert found["clearance"] is Classification.INTERNAL  # the directory says more than this console may hold
    assert found["password"] is None


@pytest.mark.parametrize("name", ODD)
def test_names_that_are_hard_to_write_are_signed_in_with_and_kept_whole(app: Flask, account: Row, name: str) -> None:
    Visitor(app).sign_in(name, PASSWORD)
    found = account(name)
    assert (found["name"], found["unit"]) == (ODD[name], "统计局")
    assert found["roles"] == (["viewer"] if name in ("comma", "emoji") else [])


def test_a_unit_that_is_called_otherwise_is_found_by_its_rule(app: Flask, account: Row) -> None:
    Visitor(app).sign_in("moved", PASSWORD)
    assert account("moved")["unit"] == "市委办"


def test_each_unit_of_the_city_is_found_by_its_name(app: Flask, account: Row) -> None:
    for number, unit in enumerate(phase_one()):
        Visitor(app).sign_in(f"u{number:05d}", PASSWORD)
        assert account(f"u{number:05d}")["unit"] == unit


def test_capitals_in_the_user_name_lead_to_the_same_account(app: Flask, account: Row) -> None:
    Visitor(app).sign_in("U00100", PASSWORD)
    Visitor(app).sign_in("u00100", PASSWORD)
    assert account("u00100")["id"]
    assert account("U00100") == {}


def test_two_people_with_one_mail_address_and_one_without_are_all_let_in(app: Flask, account: Row) -> None:
    for name in ("shared1", "shared2", "nomail"):
        Visitor(app).sign_in(name, PASSWORD)
    assert account("shared1")["email"] == "office@caihong.lyg"
    assert account("shared2")["email"].endswith("@directory.invalid")
    assert account("nomail")["email"].endswith("@directory.invalid")


@pytest.mark.parametrize(
    ("name", "password"),
    [
        (EDITOR, "not the password"),
        (EDITOR, ""),
        ("no-such-person", PASSWORD),
        ("twice", PASSWORD),
        ("expired", PASSWORD),
        ("locked", PASSWORD),
        ("*", PASSWORD),
        ("chen*", PASSWORD),
        (f"{EDITOR})(objectClass=*", PASSWORD),
        (f"*)(uid={EDITOR}))(|(uid=*", PASSWORD),
        (f"uid={EDITOR},ou=公安局,{PEOPLE}", PASSWORD),
        ("cn=root,dc=caihong,dc=lyg", PASSWORD),
        ("admin", PASSWORD),  # an entry that has the name of an account with a password of its own
        ("admin", people.PASSWORD),  # whose own password is none where there is a directory
        (people.SECURITY, PASSWORD),
        ("陈" * 65, PASSWORD),
        ("😀", PASSWORD),
    ],
)
def test_whoever_may_not_sign_in_hears_that_account_or_password_is_wrong(app: Flask, name: str, password: str) -> None:
    status, said = tried(app, name, password)
    assert (status, WRONG in said) == (401, True)
    client = app.test_client()
    answer = client.post(
        "/api/v1/security/login",
        json={"username": name, "password": password},
        environ_base={"REMOTE_ADDR": "10.9.9.9"},
    )
    assert (answer.status_code, WRONG in answer.text) == (401, True)


def test_the_trail_tells_why_somebody_was_not_let_in(app: Flask, session: Session) -> None:
    for name in ("twice", "expired", "admin"):
        tried(app, name)
    session.rollback()
    lines = select(Event.actor, Event.note).where(Event.deed == Deed.SIGN_IN_FAILED)
    found = {(row.actor, row.note) for row in session.execute(lines)}
    assert {("twice", "several"), ("expired", "expired"), ("admin", "local")} <= found


def test_the_trail_keeps_no_name_that_nobody_has(app: Flask, session: Session) -> None:
    """People type passwords into the field of the name, and leave that of the password empty."""
    for password in ("", "x"):
        tried(app, "A-password-of-somebody", password)
    session.rollback()
    lines = select(Event.actor, Event.note).where(Event.deed == Deed.SIGN_IN_FAILED).order_by(Event.id.desc())
    found = session.execute(lines.limit(2)).all()
    assert "A-password" not in repr(found)
    assert found[0] == found[1]


def test_whoever_has_got_anothers_name_in_the_directory_proves_nothing_in_their_session(
    app: Flask, account: Row, slapd: Slapd
) -> None:
    first, second = (Visitor(app).sign_in(name, PASSWORD) for name in ("u00040", "u00041"))
    for before, after in (("u00040", "uid=gone"), ("u00041", "uid=u00040")):
        slapd_name = f"uid={before},ou={phase_one()[int(before[1:]) % 39]},{PEOPLE}"
        with slapd.as_root() as root:
            root.modify_dn(slapd_name, after)
    assert account("u00040")["id"]
    page = first.get("/second-factor/").text
    sent = {"device": hidden(page, "device"), "code": Device(page, RunningClock()).code(), "password": PASSWORD}
    answer = first.post("/second-factor/set-up", sent)
    assert (answer.status_code, WRONG in answer.text) == (422, True)
    assert second.get("/").status_code == 200


def test_the_break_glass_account_signs_in_with_its_own_password(app: Flask) -> None:
    assert tried(app, people.SECURITY, people.PASSWORD)[0] == 303


def test_another_spelling_of_its_name_is_no_second_way_in(app: Flask, session: Session) -> None:
    account = session.scalars(select(Account).where(Account.username == people.SECURITY)).one()
    columns = Account.__table__.columns
    copied = {one.name: getattr(account, one.key, None) for one in columns if one.name != "id"}
    copied |= {"username": people.SECURITY.upper(), "email": "upper@example.invalid"}
    session.rollback()
    with app.extensions["engine"].begin() as connection:
        connection.execute(Account.__table__.insert().values(**copied))
    assert tried(app, people.SECURITY.upper(), people.PASSWORD)[0] == 401


def test_a_token_is_given_to_people_of_the_directory(app: Flask) -> None:
    answer = app.test_client().post("/api/v1/security/login", json={"username": "u00201", "password": PASSWORD})
    bearer = {"Authorization": f"Bearer {answer.get_json()['access_token']}"}
    assert app.test_client().get("/api/v1/openapi.json", headers=bearer).status_code == 200


def test_wrong_passwords_of_the_directory_are_throttled_at_both_doors_together(app: Flask) -> None:
    client, rest, address = app.test_client(), app.test_client(), {"REMOTE_ADDR": "10.7.7.7"}
    token = form_token(client.get("/login/").text)
    form = {"username": "u00300", "password": "wrong", "csrf_token": token}
    body = {"username": "u00300", "password": "wrong"}
    with app.app_context():
        real, limits().clock = limits().clock, Clock()
        free = limits().pair.free
    for turn in range(free):
        if turn % 2:
            answer = client.post("/login/", data=form, environ_base=address)
        else:
            answer = rest.post("/api/v1/security/login", json=body, environ_base=address)
        assert answer.status_code == 401
    right = form | {"password": PASSWORD}
    assert client.post("/login/", data=right, environ_base=address).status_code == 429
    tries = {"username": "u00300", "password": PASSWORD}
    assert rest.post("/api/v1/security/login", json=tries, environ_base=address).status_code == 429
    with app.app_context():
        limits().clock = real


def test_what_the_directory_no_longer_gives_is_taken_back_and_what_was_given_here_stays(
    app: Flask, account: Row, slapd: Slapd, session: Session
) -> None:
    name, dn = "u00402", f"uid=u00402,ou={phase_one()[402 % 39]},{PEOPLE}"
    group = 'cn=Readers\\, \\"all\\",ou=groups,dc=caihong,dc=lyg'
    with slapd.as_root() as root:
        root.modify(group, {"member": [("MODIFY_ADD", [dn])]})
    Visitor(app).sign_in(name, PASSWORD)
    assert account(name)["roles"] == ["viewer"]
    secadmin = Visitor(app).sign_in(people.SECURITY)
    roles = {row.name: row.id for row in session.execute(select(app.extensions["catalog"]["role"].model))
             .scalars()}  # fmt: skip
    number = account(name)["id"]
    page = secadmin.get(f"/records/account/{number}/edit").text
    version = page.partition('name="_version" value="')[2].partition('"')[0]
    data = {"_version": version, "roles": [roles["viewer"], roles["trainer"]], "clearance": "internal"}
    assert secadmin.post(f"/records/account/{number}/edit", data).status_code in (302, 303)
    with slapd.as_root() as root:
        root.modify(group, {"member": [("MODIFY_DELETE", [dn])]})
    Visitor(app).sign_in(name, PASSWORD)
    assert account(name)["roles"] == ["trainer"]


def test_a_renamed_entry_keeps_its_account_and_its_old_name_opens_nothing(
    app: Flask, account: Row, slapd: Slapd
) -> None:
    Visitor(app).sign_in("u00501", PASSWORD)
    before = account("u00501")["id"]
    with slapd.as_root() as root:
        root.modify_dn(f"uid=u00501,ou={phase_one()[501 % 39]},{PEOPLE}", "uid=renamed")
    Visitor(app).sign_in("renamed", PASSWORD)
    assert (account("renamed")["id"], account("u00501")) == (before, {})
    assert tried(app, "u00501")[0] == 401


def test_a_new_entry_with_the_name_of_a_former_one_does_not_get_its_account(
    app: Flask, account: Row, slapd: Slapd
) -> None:
    Visitor(app).sign_in("u00602", PASSWORD)
    dn = f"uid=u00602,ou={phase_one()[602 % 39]},{PEOPLE}"
    entry = {"uid": "u00602", "cn": "another", "sn": "another", "userPassword": PASSWORD}
    with slapd.as_root() as root:
        root.delete(dn)
        root.add(dn, "inetOrgPerson", entry)
    assert tried(app, "u00602")[0] == 401
    assert account("u00602")["name"] != "another"


def test_an_account_opened_beforehand_without_a_password_is_the_entrys(
    app: Flask, account: Row, session: Session
) -> None:
    model = app.extensions["catalog"].account.model
    session.add(model(username="u00703", first_name="x", last_name="y", email="x@caihong.lyg", active=True))
    session.commit()
    number = account("u00703")["id"]
    Visitor(app).sign_in("u00703", PASSWORD)
    assert account("u00703")["id"] == number


def test_an_account_that_was_switched_off_here_stays_off(app: Flask, account: Row, session: Session) -> None:
    Visitor(app).sign_in("u00804", PASSWORD)
    model = app.extensions["catalog"].account.model
    session.get_one(model, account("u00804")["id"]).active = False
    session.commit()
    assert tried(app, "u00804")[0] == 401
    assert not account("u00804")["active"]


def test_while_the_directory_is_down_people_stay_in_and_the_break_glass_account_comes_in(
    app: Flask, slapd: Slapd
) -> None:
    inside, stranger = Visitor(app).sign_in(EDITOR, PASSWORD), app.test_client()
    form = {"username": "u00001", "password": PASSWORD, "csrf_token": form_token(stranger.get("/login/").text)}
    with silent(slapd, app):
        started = time.monotonic()
        answer = stranger.post("/login/", data=form)
        assert time.monotonic() - started < 40
        assert (answer.status_code, "目录服务没有响应" in answer.text) == (503, True)
        assert 'value="u00001"' in answer.text
        rest = app.test_client().post("/api/v1/security/login", json={"username": "u00001", "password": PASSWORD})
        assert (rest.status_code, rest.get_json()["type"]) == (503, "urn:rainbow:problem:directory")
        assert inside.get("/").status_code == 200
        assert Visitor(app).sign_in(people.SECURITY).get("/").status_code == 200
