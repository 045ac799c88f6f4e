"""Sessions: the database says on every request who is signed in, wherever the request arrives."""

import hashlib
import http.client
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Self

import pytest
from flask import Flask
from flask_jwt_extended import create_access_token
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from app.auth import tokens
from app.declare.record import Account
from app.store import login_sessions
from app.store.login_sessions import LOGIN
from tests.api.test_rows import Client, scalar, sign_in
from tests.support import people
from tests.support.console import console
from tests.support.patience import PATIENCE
from tests.support.places import Place
from tests.support.served import Served
from tests.support.statements import counted
from tests.support.visitor import Visitor, form_token

HERE = "rainbow"


def cookie(visitor: Visitor) -> str:
    found = visitor.client.get_cookie(HERE)
    assert found is not None
    return found.value


def secret(app: Flask, visitor: Visitor) -> str:
    """What the cookie holds beside the account's number."""
    opened = app.session_interface.get_signing_serializer(app).loads(cookie(visitor))  # type: ignore[attr-defined]
    return str(opened["_user_id"]).partition(".")[2]


def with_cookie(app: Flask, value: str) -> Visitor:
    thief = Visitor(app)
    thief.client.set_cookie(HERE, value)
    return thief


def row(app: Flask, visitor: Visitor) -> Any:
    digest = hashlib.sha256(secret(app, visitor).encode()).hexdigest()
    with app.extensions["engine"].connect() as connection:
        return connection.execute(select(LOGIN).where(LOGIN.c.digest == digest)).one()


def change(app: Flask, visitor: Visitor, **values: Any) -> None:
    session_id = row(app, visitor).id
    with app.extensions["engine"].begin() as connection:
        connection.execute(update(LOGIN).where(LOGIN.c.id == session_id).values(**values))


def inside(answer: TestResponse) -> bool:
    if answer.status_code == 200:
        return True
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/login/")
    return False


def ago(**spans: float) -> datetime:
    return datetime.now(UTC) - timedelta(**spans)


def test_a_cookie_stolen_before_signing_out_opens_nothing_afterwards(app: Flask) -> None:
    me = Visitor(app).sign_in(people.VIEWER)
    thief = with_cookie(app, cookie(me))
    assert inside(thief.get("/"))
    me.post("/logout/")
    assert not inside(thief.get("/"))
    assert not inside(me.get("/"))
    assert thief.get("/api/v1/unit/").status_code == 401


def test_the_secret_is_stored_as_a_digest_with_where_it_is_used_from(app: Flask) -> None:
    me = Visitor(app).sign_in(people.VIEWER)
    kept = row(app, me)
    assert secret(app, me) not in str(kept)
    assert len(secret(app, me)) == 43
    assert (kept.address, kept.door.value, kept.signed_by.value) == ("127.0.0.1", "form", "password")
    assert kept.ends_at - kept.made_at == timedelta(hours=12)


def test_a_session_ends_when_nobody_uses_it_and_at_its_time_however_much_it_is_used(app: Flask) -> None:
    me = Visitor(app).sign_in(people.VIEWER)
    change(app, me, seen_at=ago(hours=7.9))
    assert inside(me.get("/"))
    change(app, me, seen_at=ago(hours=8.1))
    assert not inside(me.get("/"))
    me.sign_in(people.VIEWER)
    change(app, me, made_at=ago(hours=12), ends_at=ago(seconds=1))
    assert not inside(me.get("/"))


def test_use_is_kept_to_the_minute_and_what_a_page_asks_for_by_itself_is_no_use(app: Flask) -> None:
    me = Visitor(app).sign_in(people.VIEWER)
    before = row(app, me).seen_at
    me.get("/")
    assert row(app, me).seen_at == before
    long_ago = ago(hours=7)
    change(app, me, seen_at=long_ago)
    for path in ("/jobs/bell", "/jobs/1/progress", "/imports/1/progress"):
        me.get(path)
        assert row(app, me).seen_at == long_ago, path
    me.get("/records/unit/")
    assert row(app, me).seen_at > before
    change(app, me, seen_at=ago(hours=9))
    assert me.get("/jobs/bell").status_code == 204


def test_a_use_is_kept_later_where_somebody_else_is_writing(app: Flask) -> None:
    me = Visitor(app).sign_in(people.VIEWER)
    long_ago = ago(hours=1)
    change(app, me, seen_at=long_ago)
    sqlite = app.extensions["engine"].dialect.name == "sqlite"
    with app.extensions["engine"].connect() as connection:
        if sqlite:
            connection.rollback()
            connection.connection.driver_connection.execute("BEGIN IMMEDIATE")
            assert inside(me.get("/records/unit/"))
            assert row(app, me).seen_at == long_ago
            connection.connection.driver_connection.execute("ROLLBACK")
    assert inside(me.get("/records/unit/"))
    assert row(app, me).seen_at > long_ago


def test_signing_in_begins_a_session_of_its_own_and_ends_the_one_before(app: Flask) -> None:
    me = Visitor(app)
    form = {"username": people.VIEWER, "password": people.PASSWORD, "csrf_token": form_token(me.get("/login/").text)}
    planted = cookie(me)
    assert me.client.post("/login/", data=form).status_code == 303
    first = cookie(me)
    assert not inside(with_cookie(app, planted).get("/"))
    form = {"username": people.LEADER, "password": people.PASSWORD}
    assert me.post("/login/", form).status_code == 303
    assert inside(me.get("/"))
    assert cookie(me) != first
    assert not inside(with_cookie(app, first).get("/"))


def test_a_cookie_that_names_another_account_or_no_session_at_all_opens_nothing(app: Flask) -> None:
    me = Visitor(app).sign_in(people.VIEWER)
    seal = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    admin = scalar(app, "SELECT id FROM ab_user WHERE username = 'admin'")
    for value in (f"{admin}.{secret(app, me)}", str(admin), f"{admin}.", f"{admin}.x", "١.x", ".", 7, None):
        assert not inside(with_cookie(app, str(seal.dumps({"_user_id": value, "_fresh": True}))).get("/"))


def test_the_cookie_is_for_this_host_and_its_pages_alone_and_stays_only_if_asked(app: Flask, place: Place) -> None:
    def sent(at: Flask, base: str, **more: str) -> str:
        me = Visitor(at)
        page = me.client.get("/login/", base_url=base)
        form = {"username": people.VIEWER, "password": people.PASSWORD, "csrf_token": form_token(page.text), **more}
        answer = me.client.post("/login/", data=form, base_url=base, headers={"Referer": f"{base}/login/"})
        assert answer.status_code == 303
        return next(one for one in answer.headers.getlist("Set-Cookie") if "rainbow=" in one)

    plain = sent(app, "http://localhost")
    assert plain.startswith("rainbow=")
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    assert "Secure" not in plain
    assert "Expires" not in plain
    assert "Expires" in sent(app, "http://localhost", remember="1")
    assert "Secure" in sent(app, "https://localhost")
    with console(replace(place.settings, tls=True)) as behind:
        said = sent(behind, "https://localhost")
        assert said.startswith("__Host-rainbow=")
        assert "Secure" in said
        assert "Path=/" in said
        assert "Domain" not in said


def test_one_sees_where_one_is_signed_in_and_ends_one_or_the_others_or_all(app: Flask) -> None:
    name = people.TRAINER
    here, there = Visitor(app).sign_in(name), Visitor(app)
    firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
    there.client.environ_base["HTTP_USER_AGENT"] = firefox
    there.sign_in(name)
    program = sign_in(app, name)
    page = here.get("/sessions/").text
    for words in ("Firefox · Windows", "本次会话", "REST", "127.0.0.1"):
        assert words in page
    # one by its number, and nobody else's
    number = row(app, there).id
    assert Visitor(app).sign_in(people.VIEWER).post(f"/sessions/{number}/end").status_code == 404
    assert inside(there.get("/"))
    assert here.post(f"/sessions/{number}/end").status_code == 303
    assert not inside(there.get("/"))
    assert here.post(f"/sessions/{number}/end").status_code == 404
    # the others, programs too
    there.sign_in(name)
    assert program("GET", "/unit/").status_code == 200
    assert here.post("/sessions/end").status_code == 303
    assert not inside(there.get("/"))
    assert program("GET", "/unit/").status_code == 401
    assert inside(here.get("/"))
    # all
    there.sign_in(name)
    assert here.post("/sessions/end-all").headers["Location"] == "/login/"
    assert not inside(here.get("/"))
    assert not inside(there.get("/"))
    ended = "deed = 'session_ended' AND account_id = (SELECT id FROM ab_user WHERE username = :name)"
    assert scalar(app, f"SELECT count(*) FROM rn_event WHERE {ended}", name=name) == 3


def test_ending_the_session_one_is_in_signs_out(app: Flask) -> None:
    me = Visitor(app).sign_in(people.VIEWER)
    assert me.post(f"/sessions/{row(app, me).id}/end").headers["Location"] == "/login/"
    assert not inside(me.get("/"))


def test_the_keeper_of_accounts_ends_the_sessions_of_one_and_nobody_else_does(
    app: Flask, visitor: Callable[[str], Visitor]
) -> None:
    me, program = Visitor(app).sign_in(people.LEADER), sign_in(app, people.LEADER)
    account = scalar(app, "SELECT id FROM ab_user WHERE username = 'leader'")
    path = f"/records/account/{account}/sessions"
    for name in (people.SECURITY, people.AUDITOR, people.VIEWER):
        assert visitor(name).get(path).status_code == 403
        assert visitor(name).post(path).status_code == 403
        assert path not in visitor(name).get(f"/records/account/{account}").text
    keeper = visitor(people.ADMIN)
    assert path in keeper.get(f"/records/account/{account}").text
    assert "127.0.0.1" in keeper.get(path).text
    assert inside(me.get("/"))
    assert keeper.post(path).status_code == 303
    assert not inside(me.get("/"))
    assert program("GET", "/unit/").status_code == 401
    assert "会话已结束" in keeper.get(f"/records/account/{account}/history").text
    assert keeper.get("/records/account/999999/sessions").status_code == 404
    assert keeper.get("/records/unit/1/sessions").status_code == 404


def test_a_token_of_rest_needs_its_session_and_is_none_for_a_browser(app: Flask) -> None:
    me = Visitor(app).sign_in(people.VIEWER)
    with app.app_context():
        number = str(row(app, me).account_id)
        bare = create_access_token(number)
        borrowed = create_access_token(number, additional_claims={"sid": secret(app, me)})
    for token in (bare, borrowed):
        assert Client(app, token)("GET", "/unit/").status_code == 401


def test_a_token_of_rest_ends_by_what_is_signed_in_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + tokens.LIFE

    program = sign_in(app, people.VIEWER)
    assert [program("GET", "/unit/").status_code for _n in range(2)] == [200, 200]
    monkeypatch.setattr(tokens, "datetime", Later)
    assert program("GET", "/unit/").status_code == 401


def test_who_is_signed_in_costs_a_list_one_statement(app: Flask) -> None:
    me = Visitor(app).sign_in(people.COORDINATOR)
    me.get("/records/milestone/")
    with counted() as said:
        assert inside(me.get("/records/milestone/"))
    assert len(said) <= 12
    assert len([one for one in said if "rn_session" in one or "ab_user." in one]) == 1
    change(app, me, seen_at=ago(minutes=2))
    with counted(uses=True) as once_a_minute:
        assert inside(me.get("/records/milestone/"))
    assert len(once_a_minute) <= len(said) + 3


def test_sessions_that_are_over_are_forgotten_in_the_end(app: Flask) -> None:
    me, gone = Visitor(app).sign_in(people.VIEWER), Visitor(app).sign_in(people.VIEWER)
    number = row(app, gone).id
    change(app, gone, ends_at=ago(days=2))
    with app.extensions["engine"].begin() as connection:
        login_sessions.clear_old(connection)
        left = select(func.count()).select_from(LOGIN).where(LOGIN.c.id == number)
        assert connection.scalar(left) == 0
    assert inside(me.get("/"))


@pytest.mark.served
def test_what_is_ended_or_taken_away_at_one_node_is_gone_at_another_at_once(app: Flask, served: Served) -> None:
    """The node of the tests and one that is a process of its own share nothing but the database."""
    me = Visitor(app).sign_in(people.STATISTICS)

    def there(path: str = "/records/indicator/") -> int:
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
        connection.request("GET", path, headers={"Cookie": f"{HERE}={cookie(me)}"})
        status = connection.getresponse().status
        connection.close()
        return status

    mine = select(Account.id).where(Account.username == people.STATISTICS).scalar_subquery()
    table: Any = Account.__table__

    def active(on: bool) -> None:
        with app.extensions["engine"].begin() as connection:
            connection.execute(update(table).where(table.c.id == mine).values(active=on))

    assert there() == 200
    active(False)
    assert there() == 303
    active(True)
    assert there() == 200
    held = f"user_id = {row(app, me).account_id}"
    with app.extensions["engine"].begin() as connection:
        roles = [tuple(one) for one in connection.exec_driver_sql(f"SELECT * FROM ab_user_role WHERE {held}")]
        connection.exec_driver_sql(f"DELETE FROM ab_user_role WHERE {held}")
    assert there() == 403
    with app.extensions["engine"].begin() as connection:
        for one in roles:
            connection.exec_driver_sql(f"INSERT INTO ab_user_role (id, user_id, role_id) VALUES {one}")
    assert there() == 200
    me.post("/sessions/end-all")
    assert there() == 303
