"""Wrong passwords are slowed, at every door and process alike, and nobody is kept out by a stranger."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from app.auth import limits as limits_
from app.auth.limits import Requests, limits
from app.declare import Deed, Event
from app.declare.record import Account
from app.jobs import schedule
from app.store.attempts import ATTEMPT
from config import DirectorySettings
from tests.support import people
from tests.support.console import console
from tests.support.places import Place
from tests.support.sign_in import Clock, elsewhere
from tests.support.statements import counted
from tests.support.visitor import form_token

FREE = 2
WRONG, WAIT = "账号或密码不正确", "密码错误次数过多"


@pytest.fixture(scope="module")
def app(place: Place) -> Iterator[Flask]:
    with console(replace(place.settings, sign_in_limit=FREE)) as app:
        yield app


@pytest.fixture
def clock(app: Flask) -> Iterator[Clock]:
    """Its time runs in no other test, and all that had been tried before is forgotten."""
    clock = Clock()
    with app.app_context(), app.extensions["engine"].begin() as connection:
        connection.execute(ATTEMPT.delete())
        before, limits().clock = limits().clock, clock
    yield clock
    with app.app_context():
        limits().clock = before


def somewhere() -> str:
    """An address that nobody has tried anything from."""
    return elsewhere()["REMOTE_ADDR"]


def tried(app: Flask, address: str, name: str = people.LEADER, password: str = "wrong") -> tuple[int, str, int]:
    """Status, words and seconds to wait that the sign-in page answers with."""
    client = app.test_client()
    token = form_token(client.get("/login/").text)
    sent = {"username": name, "password": password, "csrf_token": token}
    answer = client.post("/login/", data=sent, environ_base={"REMOTE_ADDR": address})
    said = answer.text.partition('id="login-error">')[2].partition("<")[0]
    return answer.status_code, said, int(answer.headers.get("Retry-After", 0))


def right(app: Flask, address: str, name: str = people.LEADER) -> int:
    return tried(app, address, name, people.PASSWORD)[0]


def test_each_wrong_try_beyond_the_free_ones_waits_twice_as_long_up_to_256_seconds(app: Flask, clock: Clock) -> None:
    here, waits = somewhere(), []
    for _n in range(FREE):
        assert tried(app, here)[0] == 401
    for _n in range(11):
        status, _said, wait = tried(app, here)
        assert status == 429
        waits.append(wait)
        clock.forward(wait - 0.5)
        assert tried(app, here)[0] == 429
        clock.forward(0.5)
        assert tried(app, here)[0] == 401
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 256]


def test_trying_during_the_wait_does_not_make_it_longer(app: Flask, clock: Clock) -> None:
    here = somewhere()
    for _n in range(FREE):
        tried(app, here)
    assert {tried(app, here)[2] for _n in range(5)} == {1}
    clock.forward(1)
    assert right(app, here) == 303


def test_a_right_password_during_the_wait_is_not_told_from_a_wrong_one_and_the_name_stays(
    app: Flask, clock: Clock
) -> None:
    here = somewhere()
    for _n in range(FREE):
        tried(app, here)
    wrong, good = tried(app, here), tried(app, here, password=people.PASSWORD)
    assert wrong == good
    assert good[0] == 429
    assert WAIT in good[1]
    client = app.test_client()
    sent = {"username": people.LEADER, "password": "wrong", "csrf_token": form_token(client.get("/login/").text)}
    page = client.post("/login/", data=sent, environ_base={"REMOTE_ADDR": here})
    assert f'value="{people.LEADER}"' in page.text


def test_a_name_that_nobody_has_is_answered_and_slowed_like_any(app: Flask, clock: Clock) -> None:
    answers = []
    for name in (people.LEADER, "nobody"):
        here = somewhere()
        answers.append([tried(app, here, name) for _n in range(FREE + 2)])
    assert answers[0] == answers[1]
    assert WRONG in answers[0][0][1]


def test_strangers_do_not_keep_out_whoever_has_signed_in_from_there_before(app: Flask, clock: Clock) -> None:
    office = somewhere()
    assert right(app, office) == 303
    for _n in range(FREE * 2):
        tried(app, somewhere())
    assert right(app, somewhere()) == 429  # from an address that nobody knows
    assert right(app, office) == 303
    for _n in range(FREE * 10):  # nor does somebody who tries other names from the very address
        tried(app, office, f"colleague{_n}")
    assert right(app, office, people.VIEWER) == 429  # who had not signed in there before
    assert right(app, office) == 303


class Known:
    """A browser that keeps its cookies, at whatever address it is."""

    def __init__(self, app: Flask, address: str = "", *, secure: bool = False) -> None:
        self.client, self.base = app.test_client(), "https://localhost" if secure else "http://localhost"
        if address:
            assert self.status(address, password=people.PASSWORD) == 303

    def answer(self, address: str, name: str = people.LEADER, password: str = "wrong") -> TestResponse:
        self.client.delete_cookie("rainbow")
        token = form_token(self.client.get("/login/", base_url=self.base).text)
        sent = {"username": name, "password": password, "csrf_token": token}
        return self.client.post("/login/", data=sent, environ_base={"REMOTE_ADDR": address}, base_url=self.base)

    def status(self, address: str, name: str = people.LEADER, password: str = "wrong") -> int:
        return self.answer(address, name, password).status_code

    def right(self, address: str, name: str = people.LEADER) -> int:
        return self.status(address, name, people.PASSWORD)


def test_strangers_do_not_keep_out_a_browser_that_has_signed_in_before_wherever_it_is(app: Flask, clock: Clock) -> None:
    mine = Known(app, somewhere())
    for _n in range(FREE * 2 + 1):
        tried(app, somewhere())
    assert right(app, somewhere()) == 429  # with a browser that nobody knows
    assert mine.right(somewhere()) == 303


def test_a_known_browser_waits_for_its_own_wrong_tries_wherever_it_goes(app: Flask, clock: Clock) -> None:
    mine, office = Known(app, somewhere()), somewhere()
    assert right(app, office) == 303
    assert [mine.status(somewhere()) for _n in range(FREE + 1)] == [401] * FREE + [429]
    assert mine.right(somewhere()) == 429
    assert right(app, office) == 303  # which is no concern of other places
    clock.forward(1)
    assert mine.right(somewhere()) == 303


def test_a_browser_is_known_for_the_names_alone_that_have_signed_in_with_it(app: Flask, clock: Clock) -> None:
    mine = Known(app, somewhere())
    for _n in range(FREE * 2):
        assert mine.status(somewhere(), people.VIEWER) == 401
    assert mine.right(somewhere(), people.VIEWER) == 429
    assert mine.right(somewhere()) == 303


def test_wrong_tries_at_an_address_are_not_forgotten_by_who_signs_in_there_with_a_known_browser(
    app: Flask, clock: Clock
) -> None:
    mine, cafe = Known(app, somewhere()), somewhere()
    for _n in range(FREE):
        tried(app, cafe)
    assert mine.right(cafe) == 303
    assert tried(app, cafe)[0] == 429


def test_what_a_browser_is_known_by_tells_nothing_and_stays_in_the_browser(
    app: Flask, clock: Clock, place: Place
) -> None:
    given = Known(app).answer(somewhere(), password=people.PASSWORD).headers.getlist("Set-Cookie")
    (own,) = [one for one in given if one.startswith("rainbow-browser=")]
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=15552000"} <= set(own.split("; "))
    assert "rainbow-browser" not in str(Known(app).answer(somewhere()).headers)  # a wrong try makes nothing known
    sent = {"username": people.LEADER, "password": people.PASSWORD}
    rest = app.test_client().post("/api/v1/security/login", json=sent)
    assert (rest.status_code, "Set-Cookie" in rest.headers) == (200, False)
    with console(replace(place.settings, sign_in_limit=FREE, tls=True)) as behind:
        given = Known(behind, secure=True).answer(somewhere(), password=people.PASSWORD).headers.getlist("Set-Cookie")
        (own,) = [one for one in given if one.startswith("__Host-rainbow-browser=")]
        assert "Secure" in own


def test_a_cookie_that_the_console_never_gave_is_as_good_as_none(app: Flask, clock: Clock) -> None:
    for made_up in ("x" * 43, "", "\x00", "名", "x" * 3000):
        stranger = Known(app)
        stranger.client.set_cookie("rainbow-browser", made_up)
        assert stranger.status(somewhere()) in (401, 429), made_up[:50]
    assert right(app, somewhere()) == 429


def test_a_guess_spread_over_many_addresses_is_slowed(app: Flask, clock: Clock) -> None:
    answers = [tried(app, somewhere(), people.TRAINER)[0] for _n in range(FREE * 2 + 3)]
    assert answers == [401] * FREE * 2 + [429] * 3
    clock.forward(1)
    assert tried(app, somewhere(), people.TRAINER)[0] == 401
    clock.forward(1)
    assert tried(app, somewhere(), people.TRAINER)[0] == 429


def test_one_address_that_tries_many_names_is_slowed(app: Flask, clock: Clock) -> None:
    here = somewhere()
    answers = [tried(app, here, f"name{n}")[0] for n in range(FREE * 10 + 2)]
    assert answers == [401] * FREE * 10 + [429] * 2
    assert right(app, somewhere()) == 303


def test_signing_in_forgets_the_persons_own_wrong_tries_alone(app: Flask, clock: Clock) -> None:
    here, elsewhere = somewhere(), somewhere()
    for _n in range(FREE - 1):
        tried(app, here)
    for _n in range(FREE):
        tried(app, elsewhere)
    assert right(app, here) == 303
    assert [tried(app, here)[0] for _n in range(FREE + 1)] == [401] * FREE + [429]
    assert tried(app, elsewhere)[0] == 429


def test_wrong_tries_are_forgotten_as_time_goes_by(app: Flask, clock: Clock) -> None:
    here = somewhere()
    for _n in range(FREE):
        tried(app, here)
    clock.forward(FREE * 600)
    assert [tried(app, here)[0] for _n in range(FREE + 1)] == [401] * FREE + [429]


def test_every_process_and_door_counts_the_same_tries(app: Flask, clock: Clock, place: Place) -> None:
    here = somewhere()
    with console(replace(place.settings, sign_in_limit=FREE)) as other:
        with other.app_context():
            limits().clock = clock
        for turn in range(FREE):
            body = {"username": people.LEADER.upper(), "password": "wrong"}
            rest = (app, other)[turn % 2].test_client().post(
                "/api/v1/security/login", json=body, environ_base={"REMOTE_ADDR": here}
            )  # fmt: skip
            assert rest.status_code == 401
        assert right(other, here) == 429
        assert right(app, here) == 429


def test_many_tries_at_once_are_no_more_than_one_after_another(app: Flask, clock: Clock) -> None:
    here = somewhere()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _n: tried(app, here)[0], range(16)))
    assert answers.count(401) == FREE
    assert answers.count(429) == 16 - FREE


def test_while_the_directory_is_down_no_try_counts(place: Place, clock: Clock) -> None:
    away = DirectorySettings(urls=("ldaps://127.0.0.1:1",), base="dc=city", bind_dn="cn=console", bind_password="x",
                             filter="(objectClass=inetOrgPerson)", name="uid", groups="member")  # fmt: skip
    with console(replace(place.settings, sign_in_limit=FREE, directory=away)) as app:
        here = somewhere()
        assert {tried(app, here)[0] for _n in range(FREE * 2 + 1)} == {503}


def test_signing_in_costs_a_few_statements_and_a_page_afterwards_none_more(app: Flask, clock: Clock) -> None:
    here = somewhere()
    with counted() as said:
        right(app, here)
    asked = [one for one in said if "rn_attempt" in one]
    assert len(asked) <= 4


def test_what_counts_no_more_is_cleared_and_known_addresses_and_browsers_are_kept(app: Flask, clock: Clock) -> None:
    clock.now = datetime.now(UTC)
    here, there = somewhere(), somewhere()
    right(app, here)
    tried(app, there)
    engine = app.extensions["engine"]
    with engine.begin() as connection:
        connection.execute(update(ATTEMPT).values(at=clock.now - timedelta(days=2)))
    clear = next(one for one in schedule.usual(timedelta(1), timedelta(1), timedelta(1)) if one.name == "clear")
    with app.app_context():
        clear.work(app)
    with engine.connect() as connection:
        known = select(func.count(), func.count(ATTEMPT.c.known_at)).select_from(ATTEMPT)
        assert tuple(connection.execute(known).one()) == (2, 2)


def test_the_table_holds_no_name_and_no_address(app: Flask, clock: Clock) -> None:
    here = somewhere()
    tried(app, here, "geheim-getippt")
    with app.extensions["engine"].connect() as connection:
        kept = repr(connection.execute(select(ATTEMPT)).all())
    assert "geheim" not in kept
    assert here not in kept


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_counted_for_a_form_without_its_token(app: Flask, clock: Clock, method: str) -> None:
    app.test_client().open("/login/", method=method, data={"username": "x", "password": "y"})
    with app.extensions["engine"].connect() as connection:
        assert connection.scalar(select(func.count()).select_from(ATTEMPT)) == 0


def test_a_name_that_is_empty_or_no_text_is_answered_as_a_wrong_one(app: Flask, clock: Clock) -> None:
    for name in ("", "  ", "\x00", "lea\x00der", "\ud800"):
        status, said, _wait = tried(app, somewhere(), name.encode("utf-8", "replace").decode())
        assert (status, said.strip().startswith(WRONG)) == (401, True), name
        sent = {"username": name, "password": "x"}
        answer = app.test_client().post("/api/v1/security/login", json=sent, environ_base={"REMOTE_ADDR": somewhere()})
        assert answer.status_code == 401, name


def test_the_trail_keeps_no_name_that_nobody_has(app: Flask, clock: Clock) -> None:
    """People type passwords into the field of the name."""
    tried(app, somewhere(), "A-password-of-somebody")
    tried(app, somewhere(), "A-password-of-somebody")
    tried(app, somewhere(), people.LEADER)
    with app.extensions["engine"].connect() as connection:
        table = Event.__table__
        lines = connection.execute(
            select(table).where(table.c.deed == Deed.SIGN_IN_FAILED).order_by(table.c.id.desc()).limit(3)
        ).all()
    assert "A-password" not in repr(lines)
    assert [line.actor for line in lines] == [people.LEADER, "—", "—"]
    # the same name has the same mark, so that tries of one name are seen to be so
    assert lines[1].note == lines[2].note != ""


def test_the_addresses_of_one_network_of_ipv6_are_counted_as_one(app: Flask, clock: Clock) -> None:
    for number in range(FREE):
        assert tried(app, f"2001:db8:5:6::{number + 1:x}")[0] == 401
    assert tried(app, "2001:db8:5:6:ffff::9")[0] == 429
    assert tried(app, "2001:db8:5:7::1")[0] == 401


def test_the_right_password_of_an_inactive_account_makes_no_address_known(app: Flask, clock: Clock) -> None:
    engine, account, event = app.extensions["engine"], Account.__table__, Event.__table__
    with engine.begin() as connection:
        connection.execute(update(account).where(account.c.username == people.VIEWER).values(active=False))
    try:
        assert tried(app, somewhere(), people.VIEWER, people.PASSWORD)[0] == 401
        with engine.connect() as connection:
            assert connection.scalar(select(func.count()).where(ATTEMPT.c.known_at.is_not(None))) == 0
            lines = select(event.c.actor, event.c.note).where(event.c.deed == Deed.SIGN_IN_FAILED)
            last = connection.execute(lines.order_by(event.c.id.desc()).limit(1)).one()
        assert tuple(last) == (people.VIEWER, "not active")
    finally:
        with engine.begin() as connection:
            connection.execute(update(account).where(account.c.username == people.VIEWER).values(active=True))


def test_so_many_requests_a_minute_are_let_in_and_there_is_room_as_they_grow_old() -> None:
    clock, requests = Clock(), Requests(3)
    for wait in (0, 0, 0):
        assert requests.count("account 1", clock()) == wait
        clock.forward(10)
    assert requests.count("account 1", clock()) == 30
    assert requests.count("account 2", clock()) == 0
    clock.forward(29)
    assert requests.count("account 1", clock()) == 1
    clock.forward(1)
    assert [requests.count("account 1", clock()) for _n in range(2)] == [0, 10]


def test_who_asks_for_nothing_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_, "MOST_KNOWN", 2)
    clock, requests = Clock(), Requests(1)
    assert [requests.count(f"account {number}", clock()) for number in (1, 2, 3)] == [0, 0, 0]
    clock.forward(60)
    assert requests.count("account 4", clock()) == 0
    assert list(requests._came) == ["account 4"]
