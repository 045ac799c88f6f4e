"""Personal access tokens: scopes that hold, expiry, last use, revocation; limits on passwords and requests."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import text

from app.auth.limits import limits
from tests.api.test_rows import Client, project, scalar, sign_in
from tests.support import people
from tests.support.console import console
from tests.support.places import Filling, Place
from tests.support.sign_in import Clock
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]


def make(visitor: Visitor, *ticked: str, days: str = "30") -> str:
    sent = {"name": "集成", "days": days, "password": people.PASSWORD}
    page = visitor.post("/tokens/", {**sent, **dict.fromkeys(ticked, "1")})
    assert page.status_code == 201, page.text
    found = re.search(r"rnp_[\w-]{43}", page.text)
    assert found is not None
    return found[0]


def test_a_token_may_what_was_ticked_and_nothing_more(app: Flask, visitor: Signed) -> None:
    me = visitor(people.COORDINATOR)
    client = Client(app, make(me, "project:read", "project:add", "unit:read"))
    assert client("GET", "/project/?limit=1").status_code == 200
    assert client("GET", "/milestone/").status_code == 403
    added = client("POST", "/project/", project(app, "TOKEN-1"))
    assert added.status_code == 201, added.text
    path = f"/project/{added.get_json()['id']}"
    assert client("PATCH", path, {"title": "x"}, If_Match="*").status_code == 403
    assert client("DELETE", path, If_Match="*").status_code == 403
    assert client("PATCH", "/project/", [{"id": added.get_json()["id"], "version": 1, "title": "x"}]).status_code == 403
    # what it may read is also what its document describes
    document = client("GET", "/openapi.json").get_json()
    assert {path.split("/")[3] for path in document["paths"]} == {"security", "project", "unit"}


def test_a_token_never_carries_what_the_person_does_not_hold(app: Flask, visitor: Signed) -> None:
    me = visitor(people.VIEWER)
    refused = me.post("/tokens/", {"name": "x", "days": "30", "project:add": "1", "audit:read": "1"})
    assert refused.status_code == 422
    client = Client(app, make(me, "project:read", "project:delete", "account:edit"))
    assert client("DELETE", "/project/1", If_Match="*").status_code == 403
    assert client("GET", "/account/").status_code == 403


def test_a_token_is_stored_hashed_shown_once_dated_and_revocable(app: Flask, visitor: Signed) -> None:
    me = visitor(people.TRAINER)
    token = make(me, "training_course:read")
    with app.extensions["engine"].connect() as connection:
        stored = connection.execute(text("SELECT * FROM rn_token ORDER BY id DESC")).first()
    assert stored is not None
    assert token not in str(stored)
    assert token not in me.get("/tokens/").text
    client = Client(app, token)
    assert scalar(app, "SELECT count(*) FROM rn_token WHERE used_at IS NOT NULL AND id = :id", id=stored.id) == 0
    assert client("GET", "/training_course/").status_code == 200
    assert scalar(app, "SELECT count(*) FROM rn_token WHERE used_at IS NOT NULL AND id = :id", id=stored.id) == 1
    # nobody else can revoke it
    assert visitor(people.VIEWER).post(f"/tokens/{stored.id}/revoke").status_code == 404
    assert client("GET", "/training_course/").status_code == 200
    assert me.post(f"/tokens/{stored.id}/revoke").status_code == 303
    assert client("GET", "/training_course/").status_code == 401
    assert me.post(f"/tokens/{stored.id}/revoke").status_code == 404
    assert scalar(app, "SELECT count(*) FROM rn_event WHERE deed IN ('token_made', 'token_revoked') "
                  "AND account_id = :id", id=stored.account_id) == 2  # fmt: skip


def test_a_token_ends_by_its_date_and_with_its_account(app: Flask, visitor: Signed) -> None:
    client = Client(app, make(visitor(people.STATISTICS), "indicator:read"))
    assert client("GET", "/indicator/").status_code == 200
    for statement, back in (
        ("UPDATE ab_user SET active = false WHERE username = 'statistics'",
         "UPDATE ab_user SET active = true WHERE username = 'statistics'"),
        ("UPDATE rn_token SET expires_at = :past", "UPDATE rn_token SET expires_at = :later"),
    ):  # fmt: skip
        now = datetime.now(UTC).replace(tzinfo=None)
        values = {"past": now - timedelta(seconds=1), "later": now + timedelta(days=1)}
        with app.extensions["engine"].begin() as connection:
            connection.execute(text(statement), {n: v for n, v in values.items() if f":{n}" in statement})
        assert client("GET", "/indicator/").status_code == 401
        with app.extensions["engine"].begin() as connection:
            connection.execute(text(back), {n: v for n, v in values.items() if f":{n}" in back})
    assert client("GET", "/indicator/").status_code == 200


def test_a_role_or_scope_taken_away_is_gone_on_the_very_next_request(app: Flask, visitor: Signed) -> None:
    client = Client(app, make(visitor(people.TRAINER), "training_course:read", "unit:read"))

    def answers() -> list[int]:
        return [client("GET", f"/{name}/?limit=1").status_code for name in ("training_course", "unit")]

    def change(statement: str, **values: object) -> None:
        with app.extensions["engine"].begin() as connection:
            connection.execute(text(statement), values)

    scoped = "UPDATE rn_token SET scopes = :scopes WHERE id = (SELECT max(id) FROM rn_token)"
    assert answers() == answers() == [200, 200]
    change(scoped, scopes='{"unit": ["read"]}')
    assert answers() == [403, 200]
    change(scoped, scopes='{"training_course": ["read"]}')
    assert answers() == [200, 403]
    mine = "user_id = (SELECT id FROM ab_user WHERE username = :name)"
    with app.extensions["engine"].begin() as connection:
        held = connection.execute(text(f"SELECT * FROM ab_user_role WHERE {mine}"), {"name": people.TRAINER}).all()
    change(f"DELETE FROM ab_user_role WHERE {mine}", name=people.TRAINER)
    assert answers() == [403, 403]
    for row in held:
        change("INSERT INTO ab_user_role (id, user_id, role_id) VALUES (:id, :user_id, :role_id)", **row._asdict())
    assert answers() == [200, 403]


def test_a_token_opens_no_page_and_a_session_changes_nothing_without_its_form_token(
    app: Flask, visitor: Signed
) -> None:
    token = make(visitor(people.LEADER), "project:read")
    page = app.test_client(use_cookies=False).get("/records/project/", headers={"Authorization": f"Bearer {token}"})
    assert page.status_code == 303
    session = visitor(people.COORDINATOR).client
    assert session.get("/api/v1/project/?limit=1").status_code == 200
    refused = session.post("/api/v1/project/", json=project(app, "CSRF-1"))
    assert (refused.status_code, refused.get_json()["type"]) == (403, "urn:rainbow:problem:form-token")
    assert scalar(app, "SELECT count(*) FROM project WHERE code = 'CSRF-1'") == 0


def test_a_token_is_made_by_whoever_knows_the_password_alone(app: Flask, visitor: Signed) -> None:
    me = visitor(people.VIEWER)
    before = scalar(app, "SELECT count(*) FROM rn_token")
    for password in ("", "not-the-password"):
        page = me.post("/tokens/", {"name": "借来的会话", "days": "30", "unit:read": "1", "password": password})
        assert page.status_code == 422
        assert "账号或密码不正确" in page.text
        assert 'value="借来的会话"' in page.text
        assert re.search(r"rnp_[\w-]{43}", page.text) is None
    assert scalar(app, "SELECT count(*) FROM rn_token") == before


def test_what_the_page_of_tokens_cannot_take_is_said_and_kept(visitor: Signed) -> None:
    me = visitor(people.LEADER)
    for sent in ({"name": "", "days": "30", "project:read": "1"}, {"name": "n" * 65, "days": "30"},
                 {"name": "我的", "days": "99999", "project:read": "1"}, {"name": "我的", "days": "30"}):  # fmt: skip
        page = me.post("/tokens/", sent)
        assert page.status_code == 422
        assert f'value="{sent["name"]}"' in page.text
        assert ("project:read" not in sent) or 'name="project:read" value="1" checked' in page.text


def test_wrong_passwords_are_slowed_at_both_doors_and_of_that_name_alone(
    new_place: Callable[[Filling], Place],
) -> None:
    with console(replace(new_place("city").settings, sign_in_limit=3, api_limit=5)) as app:
        with app.app_context():
            limits().clock = Clock()
        for _n in range(3):
            wrong = Client(app)("POST", "/security/login", {"username": people.LEADER, "password": "wrong"})
            assert wrong.status_code == 401
        waits = Client(app)("POST", "/security/login", {"username": people.LEADER, "password": people.PASSWORD})
        assert (waits.status_code, waits.mimetype) == (429, "application/problem+json")
        assert waits.headers["Retry-After"] == "1"
        stranger = Visitor(app)
        page = stranger.client.get("/login/")
        token = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0]
        sent = {"username": people.LEADER, "password": people.PASSWORD, "csrf_token": token}
        assert stranger.client.post("/login/", data=sent).status_code == 429
        client = sign_in(app, people.VIEWER)
        assert [client("GET", "/project/?limit=1").status_code for _n in range(6)] == [200] * 5 + [429]


def newest(app: Flask) -> int:
    return int(scalar(app, "SELECT max(id) FROM rn_token"))


def test_who_keeps_accounts_sees_everybodys_tokens_and_never_the_secret(app: Flask, visitor: Signed) -> None:
    token = make(visitor(people.TRAINER), "training_course:read", "training_course:add")
    for name in (people.SECURITY, people.ADMIN):
        page = visitor(name).get("/tokens/everyone").text
        for words in ("集成", "许红梅", people.TRAINER, "课程（查看、新增）", token[:8], "从未"):
            assert words in page, (name, words)
        assert token not in page
        assert 'href="/tokens/everyone"' in visitor(name).get("/").text
    for name in (people.AUDITOR, people.COORDINATOR, people.TRAINER):
        assert visitor(name).get("/tokens/everyone").status_code == 403, name
        assert visitor(name).post(f"/tokens/everyone/{newest(app)}/revoke").status_code == 403, name
        assert "/tokens/everyone" not in visitor(name).get("/").text
    assert Client(app, token)("GET", "/training_course/").status_code == 200
    assert app.test_client().get("/tokens/everyone").status_code == 303


def test_ending_anothers_token_takes_effect_at_once_and_stands_in_the_trail_and_the_accounts_history(
    app: Flask, visitor: Signed
) -> None:
    client, other = (Client(app, make(visitor(people.STATISTICS), "indicator:read")) for _n in range(2))
    number, secadmin = newest(app) - 1, visitor(people.SECURITY)
    owner = scalar(app, "SELECT id FROM ab_user WHERE username = :name", name=people.STATISTICS)
    page = secadmin.get(f"/records/account/{owner}").text
    assert f"/tokens/everyone?account={owner}" in page
    assert secadmin.get(f"/tokens/everyone?account={owner}").text.count("集成") >= 2
    assert secadmin.post(f"/tokens/everyone/{number}/revoke?account={owner}").location.endswith(f"account={owner}")
    assert (client("GET", "/indicator/").status_code, other("GET", "/indicator/").status_code) == (401, 200)
    assert secadmin.post(f"/tokens/everyone/{number}/revoke").status_code == 404
    assert secadmin.post("/tokens/everyone/999999/revoke").status_code == 404
    with app.extensions["engine"].connect() as connection:
        line = connection.execute(text("SELECT * FROM rn_event ORDER BY id DESC LIMIT 1")).one()
    assert (line.deed, line.record, line.row_id, bool(line.office)) == ("token_revoked", "account", owner, True)
    assert "集成 (rnp_" in line.label
    assert "吊销访问令牌" in secadmin.get(f"/records/account/{owner}/history").text


def test_tokens_that_open_nothing_are_not_among_them_and_many_come_a_page_at_a_time(
    app: Flask, visitor: Signed
) -> None:
    make(visitor(people.LEADER), "unit:read")
    kept = ("INSERT INTO rn_token (account_id, name, hint, digest, scopes, made_at, expires_at, revoked_at) "
            "VALUES (:owner, :name, 'rnp_', :name, '{}', :now, :ends, :over)")  # fmt: skip
    owner = scalar(app, "SELECT id FROM ab_user WHERE username = :name", name=people.LEADER)
    now = datetime.now(UTC).replace(tzinfo=None)
    with app.extensions["engine"].begin() as connection:
        for number in range(60):
            values = {
                "owner": owner,
                "name": f"批量{number:02d}号",
                "now": now,
                "ends": now + timedelta(1),
                "over": None,
            }
            connection.execute(text(kept), values)
        for name, ends, over in (("过期的", now - timedelta(1), None), ("吊销的", now + timedelta(1), now)):
            connection.execute(text(kept), {"owner": owner, "name": name, "now": now, "ends": ends, "over": over})
    secadmin, path = visitor(people.SECURITY), f"/tokens/everyone?account={owner}"
    first = secadmin.get(path).text
    older = re.search(r'href="([^"]*before=\d+[^"]*)"', first)
    assert older
    second = secadmin.get(older[1].replace("&amp;", "&")).text
    shown = [re.findall("批量(\\d\\d)号</b>", page) for page in (first, second)]
    assert (len(shown[0]), sorted(shown[0] + shown[1])) == (50, [f"{number:02d}" for number in range(60)])
    assert "过期的" not in first + second
    assert "吊销的" not in first + second
    for query in ("account=x", "before=-1", "account=1e9", "before=99999999999", "q=x"):
        assert secadmin.get(f"/tokens/everyone?{query}").status_code == 400, query
    assert secadmin.get("/tokens/everyone?account=99999").status_code == 200
    with app.extensions["engine"].begin() as connection:
        connection.execute(text("DELETE FROM rn_token WHERE account_id = :owner"), {"owner": owner})
