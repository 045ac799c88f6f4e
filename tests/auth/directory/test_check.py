"""`run.py ldap check` names the step that fails and what to do, and never a password; `link` hands accounts over."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth import accounts
from app.auth.directory.check import Step, check_server
from app.auth.directory.people import Directory
from app.auth.passwords import PasswordRules
from app.declare import Account, Deed, Event
from app.declare.event import Door
from tests.support import people
from tests.support.city_directory import EDITOR
from tests.support.console import console
from tests.support.places import Place
from tests.support.ports import free_port
from tests.support.slapd import PASSWORD, SEARCH_DN, Authority, Slapd
from tests.support.visitor import Visitor

Ask = Callable[..., Directory]
pytestmark = pytest.mark.usefixtures("rules")


def failed(place: Directory) -> Step:
    """The one step that fails."""
    steps = list(check_server(place, place.settings.urls[0], []))
    assert PASSWORD not in str(steps)
    (found,) = (step for step in steps if step.good is False)
    return found


def test_each_step_with_a_server_that_works_is_told_and_what_a_person_would_get(place: Place) -> None:
    text = place.run("ldap", "check", "--user", EDITOR).stdout
    assert [line.split()[1] for line in text.splitlines() if line.startswith("  ok ")] == [
        "reach", "bind", "search", "groups",
    ]  # fmt: skip
    assert "note TLS" in text  # a certificate of two days
    assert f"as {SEARCH_DN}" in text
    assert "500 or more people" in text
    assert "group 信息员, by 市直信息员" in text
    assert "roles: unit_editor" in text
    assert PASSWORD not in text


@pytest.mark.parametrize(
    ("more", "step", "words"),
    [
        ({"ca_file": "other"}, "TLS", "RAINBOW_LDAP_CA_FILE names who vouches"),
        ({"bind_password": "wrong"}, "bind", "was refused (invalidCredentials"),
        ({"base": "ou=nowhere,dc=caihong,dc=lyg"}, "search", "failed (noSuchObject"),
        ({"filter": "(objectClass=room)"}, "search", "Are RAINBOW_LDAP_BASE and …_FILTER right?"),
        ({"name": "roomNumber"}, "search", "Is RAINBOW_LDAP_NAME right?"),
    ],
)
def test_the_step_that_fails_is_named_with_the_remedy(
    ask: Ask, authority: Authority, slapd: Slapd, more: dict[str, str], step: str, words: str
) -> None:
    more = {name: str(authority.other) if name == "ca_file" else value for name, value in more.items()}
    found = failed(ask(slapd.ldaps, **more))
    assert (found.name, words in found.text) == (step, True), found


def test_a_server_that_is_not_there_is_named_as_such(ask: Ask) -> None:
    assert failed(ask(f"ldaps://localhost:{free_port()}")).name == "reach"


def test_a_rule_about_a_group_that_is_not_there_is_spoken_of(ask: Ask, slapd: Slapd) -> None:
    steps = list(check_server(ask(slapd.ldap), slapd.ldap, ["信息员", "no such group"]))
    assert [step.text for step in steps if step.name == "groups"][1:] == [
        "a rule of the mapping names the group 'no such group', which is not there"
    ]


def test_a_failing_server_makes_the_command_fail_and_none_at_all_is_told(place: Place) -> None:
    nowhere = {**place.extra, "RAINBOW_LDAP_URLS": f"ldaps://localhost:{free_port()}"}
    done = Place(place.data, place.database_url, nowhere).run("ldap", "check", check=False)
    assert (done.returncode, "1 of 1 servers cannot be used" in done.stderr) == (1, True)
    done = Place(place.data, place.database_url).run("ldap", "check", check=False)
    assert (done.returncode, "RAINBOW_LDAP_URLS is not set" in done.stderr) == (1, True)


@pytest.fixture
def local(app: Flask, session: Session, place: Place) -> Iterator[Flask]:
    """The console before it had a directory, and in it an account that has a password of its own."""
    accounts.create(
        session, app.extensions["catalog"], username="u00900", last_name="旧", first_name="名", email="old@caihong.lyg",
        roles=["trainer"], unit=None, password=people.PASSWORD,
        rules=PasswordRules(12), given=False,
    )  # fmt: skip
    with console(Place(place.data, place.database_url).settings) as before:
        yield before


def test_whatever_an_account_signed_in_with_is_over_when_the_directory_has_it(
    app: Flask, local: Flask, session: Session, place: Place
) -> None:
    inside, colleague = (Visitor(local).sign_in(name) for name in ("u00900", people.ADMIN))
    sent = {"name": "x", "days": "30", "training_course:read": "1", "password": people.PASSWORD}
    token = re.search(r"rnp_[\w-]{43}", inside.post("/tokens/", sent).text)
    rest = local.test_client().post("/api/v1/security/login", json={"username": "u00900", "password": people.PASSWORD})
    assert token
    bearers = [{"Authorization": f"Bearer {one}"} for one in (token[0], rest.get_json()["access_token"])]

    def answers() -> list[int]:
        client = local.test_client()
        return [client.get("/api/v1/training_course/", headers=one).status_code for one in bearers]

    assert (inside.get("/").status_code, answers()) == (200, [200, 200])
    with pytest.raises(AssertionError, match="401"):
        Visitor(app).sign_in("u00900", PASSWORD)
    assert "directory's entry of this name is theirs" in place.run("ldap", "link", "u00900").stdout
    assert (inside.get("/").status_code, answers(), colleague.get("/").status_code) == (303, [401, 401], 200)
    with pytest.raises(AssertionError, match="401"):
        Visitor(local).sign_in("u00900")
    Visitor(app).sign_in("u00900", PASSWORD)
    assert next(line for line in accounts.lines(session) if line.startswith("u00900")).endswith(": trainer")


def test_a_hand_over_stands_in_the_trail_and_in_the_history_of_its_account(
    app: Flask, visitor: Callable[[str], Visitor], session: Session, place: Place
) -> None:
    place.run("ldap", "link", "u00900")
    session.rollback()
    line = session.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()
    number = session.scalar(select(Account.id).where(Account.username == "u00900"))
    assert (line.deed, line.record, line.row_id, line.label) == (Deed.HANDED_OVER, "account", number, "u00900")
    assert (line.actor, line.account_id, line.door) == ("彩虹网", None, Door.COMMAND)
    assert "移交目录" in visitor(people.SECURITY).get(f"/records/account/{number}/history").text


@pytest.mark.parametrize(
    ("name", "directory", "words"),
    [("nobody", True, "There is no account"), (people.SECURITY, True, "RAINBOW_LDAP_LOCAL"),
     (people.ADMIN, False, "There is no directory")],
)  # fmt: skip
def test_nobody_is_handed_over_who_could_not_sign_in_afterwards(
    app: Flask, place: Place, name: str, directory: bool, words: str
) -> None:
    there = place if directory else Place(place.data, place.database_url)
    done = there.run("ldap", "link", name, check=False)
    assert (done.returncode, words in done.stderr) == (1, True)
    assert Visitor(app).sign_in(people.SECURITY).get("/").status_code == 200
