"""Passwords: what may be one, wherever it is set; older hashes renewed; one chosen by others changed first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select, update
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from app.auth.passwords import PasswordRules, fits, hash_password, outdated
from app.declare.record import Account
from tests.api.test_rows import Client, scalar, sign_in
from tests.auth.test_sessions import cookie, inside, with_cookie
from tests.support import people
from tests.support.places import Place
from tests.support.visitor import Visitor, form_token

ACCOUNT: Any = Account.__table__
OWN = "茉莉花 opens at dusk"
RULES = PasswordRules(12, ("rainbow-demo-2003",))


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("x" * 11, "at least 12"),
        ("xK9#vQ2m!pLz" * 22, "at most 256"),
        ("rainbow-demo-2003", "published"),
        ("this is LiMing's own", "user name"),
        ("password1234", "easy to guess"),
        ("qwertyuiop12", "easy to guess"),
        ("woaini1314520", "easy to guess"),
        ("abcabcabcabcabc", "easy to guess"),
        ("Passw0rd!2024"[:12] * 3, "easy to guess"),
    ],
)
def test_a_password_that_others_would_find_is_refused_in_words(password: str, words: str) -> None:
    assert words in RULES.fault(password, "liming")


def test_long_ones_of_one_s_own_are_taken_in_any_script() -> None:
    for password in (
        "correct horse battery",
        "连云港市政府信息中心公文",
        OWN,
        "🐳" * 5 + "海州湾的风 2003",
        "x" * 5 + "Ü7 kranich",
    ):
        assert RULES.fault(password, "liming") == ""
    assert PasswordRules(12).fault("rainbow-demo-2003", "police") == ""
    assert PasswordRules(20).fault(OWN) != ""


@pytest.mark.parametrize(
    "stored",
    [
        generate_password_hash(OWN, "pbkdf2:sha256:1000"),
        generate_password_hash(OWN, "scrypt:1024:8:1"),
        PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(OWN),
    ],
    ids=["pbkdf2", "scrypt", "weaker Argon2"],
)
def test_a_hash_of_an_older_way_opens_and_is_renewed_by_signing_in(app: Flask, stored: str) -> None:
    give(app, people.TRAINER, stored)
    with pytest.raises(AssertionError, match="401"):
        Visitor(app).sign_in(people.TRAINER, "another one")
    assert hash_of(app, people.TRAINER) == stored
    Visitor(app).sign_in(people.TRAINER, OWN)
    renewed = hash_of(app, people.TRAINER)
    assert renewed.startswith("$argon2id$")
    assert not outdated(renewed)
    assert fits(renewed, OWN)
    Visitor(app).sign_in(people.TRAINER, OWN)
    assert hash_of(app, people.TRAINER) == renewed


@pytest.mark.parametrize("stored", ["", "pbkdf2:", "scrypt:x$y$z", "$argon2id$broken", "plain text"])
def test_what_is_no_hash_fits_no_password(stored: str) -> None:
    assert not fits(stored, stored)


def hash_of(app: Flask, name: str) -> str:
    with app.extensions["engine"].connect() as connection:
        return str(connection.scalar(select(ACCOUNT.c.password).where(ACCOUNT.c.username == name)))


def give(app: Flask, name: str, stored: str, *, given: bool = False) -> None:
    with app.extensions["engine"].begin() as connection:
        connection.execute(
            update(ACCOUNT).where(ACCOUNT.c.username == name).values(password=stored, password_given=given)
        )


def choose(visitor: Visitor, present: str, chosen: str, again: str | None = None, **more: str) -> TestResponse:
    return visitor.post(
        "/password/", {"present": present, "chosen": chosen, "again": chosen if again is None else again, **more}
    )


def test_choosing_another_password_asks_for_the_present_one_and_signs_out_everywhere_else(app: Flask) -> None:
    name = people.VIEWER
    me, other, program = Visitor(app).sign_in(name), Visitor(app).sign_in(name), sign_in(app, name)
    before, old = hash_of(app, name), cookie(me)
    for present, chosen, again, words in (
        ("wrong", OWN, None, "不是您现在的密码"),
        (people.PASSWORD, "x" * 11, None, "请至少使用 12 个字符"),
        (people.PASSWORD, "viewer opens at dusk", None, "用户名"),
        (people.PASSWORD, "password1234", None, "容易被猜到"),
        (people.PASSWORD, OWN, OWN + " ", "与上面输入的不一致"),
        (people.PASSWORD, people.PASSWORD, None, "现在的密码"),
        ("", "", None, "不是您现在的密码"),
    ):
        answer = choose(me, present, chosen, again)
        assert (answer.status_code, words in answer.text) == (422, True), words
        assert OWN not in answer.text
    assert hash_of(app, name) == before
    assert choose(me, people.PASSWORD, OWN).status_code == 303
    assert inside(me.get("/"))
    assert cookie(me) != old
    assert not inside(with_cookie(app, old).get("/"))
    assert not inside(other.get("/"))
    assert program("GET", "/unit/").status_code == 401
    with pytest.raises(AssertionError, match="401"):
        Visitor(app).sign_in(name)
    Visitor(app).sign_in(name, OWN)
    assert scalar(app, "SELECT count(*) FROM rn_event WHERE deed = 'password_changed'") == 1
    give(app, name, before)


def test_wrong_passwords_are_counted_on_the_page_as_where_one_signs_in(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    monkeypatch.setattr(app.extensions["limits"], "clock", lambda: now)
    me = Visitor(app).sign_in(people.AUDITOR)
    for _n in range(5):
        assert choose(me, "wrong", OWN).status_code == 422
    waits = choose(me, people.PASSWORD, OWN)
    assert (waits.status_code, "秒后再试" in waits.text) == (429, True)
    with pytest.raises(AssertionError, match="429"):
        Visitor(app).sign_in(people.AUDITOR)


def test_whoever_was_given_a_password_chooses_one_before_anything_else(app: Flask) -> None:
    name = people.STATISTICS
    token = made_token(app, name)
    before = hash_of(app, name)
    give(app, name, before, given=True)
    me = Visitor(app).sign_in(name)
    for path in ("/", "/records/indicator/", "/tokens/", "/sessions/", "/records/indicator/1/edit"):
        assert me.get(path).headers["Location"].startswith("/password/"), path
    assert me.get("/records/indicator/?q=x", headers={"HX-Request": "true"}).status_code == 403
    assert me.get("/jobs/bell").status_code == 204
    page = me.get("/password/?next=/records/indicator/")
    assert "只有您自己知道" in page.text
    me._token = form_token(page.text)
    assert me.post("/tokens/", {"name": "x"}).headers["Location"].startswith("/password/")
    refused = Client(app, token)("GET", "/indicator/")
    assert (refused.status_code, refused.get_json()["type"]) == (403, "urn:rainbow:problem:password-given")
    assert "自己" in refused.get_json()["detail"]
    sent = {"username": name, "password": people.PASSWORD}
    assert Client(app)("POST", "/security/login", sent).status_code == 403
    assert me.get("/api/v1/indicator/").status_code == 403
    done = choose(me, people.PASSWORD, OWN, next="/records/indicator/")
    assert (done.status_code, done.headers["Location"]) == (303, "/records/indicator/")
    assert inside(me.get("/records/indicator/"))
    assert Client(app, token)("GET", "/indicator/").status_code == 200
    give(app, name, before)


def made_token(app: Flask, name: str) -> str:
    sent = {"name": "x", "days": "30", "indicator:read": "1", "password": people.PASSWORD}
    page = Visitor(app).sign_in(name).post("/tokens/", sent).text
    return "rnp_" + page.partition('value="rnp_')[2].partition('"')[0]


def test_the_form_of_an_account_keeps_the_rules_and_its_owner_has_to_choose(
    app: Flask, visitor: Callable[[str], Visitor]
) -> None:
    name = people.TOURISM
    account, before = scalar(app, "SELECT id FROM ab_user WHERE username = :name", name=name), hash_of(app, name)
    admin, me, path = visitor(people.ADMIN), Visitor(app).sign_in(name), f"/records/account/{account}/edit"

    def set_to(password: str) -> TestResponse:
        version = scalar(app, "SELECT version FROM ab_user WHERE id = :id", id=account)
        return admin.post(path, {"_version": str(version), "active": "1", "password": password})

    for password, words in (("tourism123456", "用户名"), ("password1234", "容易被猜到"), ("short", "12")):
        answer = set_to(password)
        assert (answer.status_code, words in answer.text) == (422, True), answer.text[:500]
    assert inside(me.get("/"))
    answer = set_to(OWN)
    assert answer.status_code == 303, answer.text
    assert not inside(me.get("/"))
    me.sign_in(name, OWN)
    assert me.get("/").headers["Location"].startswith("/password/")
    own = scalar(app, "SELECT id FROM ab_user WHERE username = 'admin'")
    refused = admin.send("PATCH", f"/api/v1/account/{own}", {"password": OWN})
    assert (refused.status_code, "password" in refused.get_json()["errors"]) == (422, True)
    give(app, name, before)


def test_switching_an_account_off_ends_its_sessions_for_good(app: Flask, visitor: Callable[[str], Visitor]) -> None:
    me = Visitor(app).sign_in(people.LEADER)
    account = scalar(app, "SELECT id FROM ab_user WHERE username = 'leader'")
    for active in (False, True):
        assert visitor(people.ADMIN).send("PATCH", f"/api/v1/account/{account}", {"active": active}).status_code == 200
        assert not inside(me.get("/"))
    me.sign_in(people.LEADER)
    for value in ("0", "1"):
        bulk = {"verb": "set", "step": "apply", "ids": str(account), "field": "active", "value": value}
        assert visitor(people.ADMIN).post("/records/account/bulk", bulk).status_code == 303
        assert not inside(me.get("/"))


def test_the_command_line_keeps_the_rules_and_its_passwords_are_changed_first(app: Flask, place: Place) -> None:
    def run(*more: str) -> tuple[int, str]:
        done = place.run("user", *more, check=False)
        return done.returncode, done.stdout + done.stderr

    create = ("create", "zhouqi", "--family-name", "周", "--given-name", "奇", "--email", "zq@rainbow.gov", "--role",
              "viewer", "--password")  # fmt: skip
    for password, words in (("password1234", "easy to guess"), ("zhouqi zhouqi zhouqi", "user name")):
        ended, said = run(*create, password)
        assert (ended, words in said) == (1, True), said
    assert run(*create, OWN)[0] == 0
    assert hash_of(app, "zhouqi").startswith("$argon2id$v=19$m=65536,t=3,p=4$")  # RFC 9106, for little memory
    me = Visitor(app).sign_in("zhouqi", OWN)
    assert me.get("/").headers["Location"].startswith("/password/")
    assert run("password", "zhouqi", "--chosen", "--password", OWN + "!")[0] == 0
    assert not inside(me.get("/"))
    assert inside(me.sign_in("zhouqi", OWN + "!").get("/"))


def test_more_passwords_than_a_process_works_on_at_once_are_all_answered() -> None:
    stored = hash_password("a right password")
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda word: fits(stored, word), ["a right password", "a wrong one"] * 6))
    assert found == [True, False] * 6


def test_a_hash_made_today_is_up_to_date() -> None:
    assert not outdated(hash_password(OWN))
