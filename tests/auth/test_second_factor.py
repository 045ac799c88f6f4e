"""The second factor: set up, asked for at every door, good once, taken away by those who may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text, update

from app.auth.limits import limits
from app.declare import Deed, Event
from app.declare.record import Role
from tests.support import people
from tests.support.console import console
from tests.support.places import Place
from tests.support.sign_in import Browser, Clock, Device, codes_of, elsewhere, hidden, with_device

FREE = 3
REST = "/api/v1/security/login"


@pytest.fixture(scope="module")
def app(place: Place) -> Iterator[Flask]:
    with console(replace(place.settings, sign_in_limit=FREE)) as app:
        yield app


@pytest.fixture(autouse=True)
def clock(app: Flask) -> Iterator[Clock]:
    """Time runs by hand, and nobody has a second factor or wrong tries when a test begins."""
    clock = Clock()
    with app.app_context():
        before, limits().clock = limits().clock, clock
        with app.extensions["engine"].begin() as connection:
            for table in ("rn_attempt", "rn_second_factor", "rn_recovery_code"):
                connection.execute(text(f"DELETE FROM {table}"))  # names of ours
            connection.execute(update(Role.__table__).values(second_factor=False))
    yield clock
    with app.app_context():
        limits().clock = before


def require(app: Flask, role: str) -> None:
    with app.extensions["engine"].begin() as connection:
        connection.execute(update(Role.__table__).where(Role.name == role).values(second_factor=True))


def trail(app: Flask, deed: Deed) -> list[Any]:
    with app.extensions["engine"].connect() as connection:
        table = Event.__table__
        return list(connection.execute(table.select().where(table.c.deed == deed).order_by(table.c.id)).all())


def rest(app: Flask, name: str, address: dict[str, str] | None = None, **more: Any) -> tuple[int, str, str]:
    """Status, kind of problem and words, or the token."""
    sent = {"username": name, "password": people.PASSWORD, **more}
    answer = app.test_client().post(REST, json=sent, environ_base=address or elsewhere(),
                                    headers={"Accept-Language": "zh"})  # fmt: skip
    found = answer.get_json()
    return (
        answer.status_code,
        found.get("type", "").rpartition(":")[2],
        found.get("detail") or found.get("access_token"),
    )


def test_after_setting_it_up_signing_in_takes_password_and_code(app: Flask, clock: Clock) -> None:
    device, codes = with_device(app, clock, people.LEADER)
    assert len(set(codes)) == 10
    me = Browser(app)
    asked = me.password(people.LEADER)
    assert (asked.status_code, me.inside()) == (200, False)
    assert me.code(device.next()).status_code == 303
    assert me.inside()
    assert {line.actor for line in trail(app, Deed.FACTOR_SET_UP)} == {trail(app, Deed.SIGNED_IN)[-1].actor}


def test_where_one_was_going_and_what_was_typed_goes_through_both_steps(app: Flask, clock: Clock) -> None:
    device, _codes = with_device(app, clock, people.COORDINATOR)
    me = Browser(app)
    me.password(people.COORDINATOR, next="/records/milestone/")
    assert me.code(device.next()).location == "/records/milestone/"
    other = Browser(app)
    other.client.get("/login/")
    lost = other.client.post("/records/milestone/new", data={"title": "二期上线"})
    other.page = lost.text
    other.password(people.COORDINATOR, draft=hidden(lost.text, "draft"), next="/records/milestone/new")
    going = other.code(device.next()).location
    assert going.startswith("/records/milestone/new?draft=")
    assert "二期上线" in other.client.get(going).text


def test_a_code_is_good_once_also_of_two_who_send_it_at_once(app: Flask, clock: Clock) -> None:
    device, _codes = with_device(app, clock, people.LEADER)
    both = [Browser(app), Browser(app)]
    for one in both:
        one.password(people.LEADER)
    code = device.next()
    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(lambda one: one.code(code).status_code, both))
    assert answers == [303, 401]
    again = Browser(app)
    again.password(people.LEADER)
    assert again.code(code).status_code == 401
    assert again.code(device.code(-1)).status_code == 401  # nor is one older than the last used


def test_a_clock_half_a_minute_off_is_forgiven_and_no_more(app: Flask, clock: Clock) -> None:
    device, _codes = with_device(app, clock, people.LEADER)
    for steps, status in ((2, 401), (-2, 401), (-1, 303), (1, 303)):
        clock.forward(120)
        me = Browser(app)
        me.password(people.LEADER)
        assert me.code(device.code(steps)).status_code == status


def test_codes_are_read_full_width_and_with_spaces(app: Flask, clock: Clock) -> None:
    device, _codes = with_device(app, clock, people.LEADER)
    me = Browser(app)
    me.password(people.LEADER)
    code = "".join(chr(ord(digit) + 0xFEE0) for digit in device.next())
    assert me.code(f" {code[:3]}　{code[3:]} ").status_code == 303


def test_each_recovery_code_signs_in_once(app: Flask, clock: Clock) -> None:
    _device, codes = with_device(app, clock, people.LEADER)
    typed = codes[3].lower().replace(" ", "-")
    for status in (303, 401):
        me = Browser(app)
        me.password(people.LEADER)
        assert me.code("", recovery=typed).status_code == status
    assert len(trail(app, Deed.RECOVERY_USED)) == 1
    assert rest(app, people.LEADER, code=codes[4])[0] == 200
    assert rest(app, people.LEADER, code=codes[4])[0] == 401


@pytest.mark.parametrize(
    "typed", ["", " ", "0", "12345", "1234567", "abcdef", "'; DROP TABLE", "\x00", "１２", "😀" * 9]
)
def test_what_is_no_code_is_refused_in_words(app: Flask, clock: Clock, typed: str) -> None:
    with_device(app, clock, people.LEADER)
    me = Browser(app)
    me.password(people.LEADER)
    answer = me.code(typed)
    assert answer.status_code in (401, 422)
    assert 'role="alert"' in answer.text
    assert not me.inside()


def test_wrong_codes_are_slowed_and_the_right_password_opens_no_new_tries(app: Flask, clock: Clock) -> None:
    device, _codes = with_device(app, clock, people.LEADER)
    address = elsewhere()
    for _n in range(FREE):
        me = Browser(app, address)
        me.password(people.LEADER)
        assert me.code("000000").status_code == 401
    me = Browser(app, address)
    me.password(people.LEADER)
    waits = me.code(device.code(1))  # a right one waits as well
    assert (waits.status_code, waits.headers["Retry-After"]) == (429, "1")
    assert "验证码" in waits.text
    assert rest(app, people.LEADER, address, code="000000")[0] == 429
    assert len(trail(app, Deed.SIGN_IN_FAILED)) >= FREE


def test_whoever_knows_the_password_alone_reaches_nothing(app: Flask, clock: Clock) -> None:
    with_device(app, clock, people.LEADER)
    me = Browser(app)
    me.password(people.LEADER)
    step = hidden(me.page, "step")
    for path in ("/", "/records/project/", "/records/project/1", "/palette/?q=a", "/second-factor/",
                 "/tokens/", "/jobs/", "/records/project/export.csv", "/api/docs"):  # fmt: skip
        answer = me.client.get(path)
        assert answer.status_code in (303, 404), path
        assert answer.status_code == 404 or "/login/" in answer.location
    for bearer in (step, step.partition(".")[0]):
        answer = app.test_client().get("/api/v1/project/", headers={"Authorization": f"Bearer {bearer}"})
        assert answer.status_code == 401
    assert me.client.get("/api/v1/project/").status_code == 401
    for path in ("/second-factor/", "/second-factor/set-up", "/second-factor/codes.txt", "/tokens/"):
        assert me.send(path, csrf_token=hidden(me.page, "csrf_token"), do="off").status_code == 401


def test_the_step_between_is_no_other_persons_and_ends(app: Flask, clock: Clock) -> None:
    device, _codes = with_device(app, clock, people.LEADER)
    me = Browser(app)
    me.password(people.LEADER)
    token = hidden(me.page, "csrf_token")
    for step in ("", "x", hidden(me.page, "step")[:-2], "WzEsZmFsc2UsIiJd.aaaa.bbbb"):
        answer = me.send("/login/code", csrf_token=token, step=step, code=device.next())
        assert (answer.status_code, answer.location) == (303, "/login/")
    assert not me.inside()
    with app.extensions["engine"].begin() as connection:
        connection.execute(text("UPDATE ab_user SET active = :off WHERE username = 'leader'"), {"off": False})
    try:
        assert me.code(device.next()).location == "/login/"
    finally:
        with app.extensions["engine"].begin() as connection:
            connection.execute(text("UPDATE ab_user SET active = :on WHERE username = 'leader'"), {"on": True})
    assert {me.client.get(path).location for path in ("/login/code", "/login/set-up")} == {"/login/"}


def test_rest_takes_the_code_beside_the_password_and_tells_of_it_after_a_right_one_alone(
    app: Flask, clock: Clock
) -> None:
    device, codes = with_device(app, clock, people.LEADER)
    status, kind, words = rest(app, people.LEADER)
    assert (status, kind) == (401, "second-factor")
    assert "code" in words
    assert rest(app, people.LEADER, password="wrong")[:2] == (401, "unauthenticated")
    assert rest(app, people.LEADER, password="wrong", code=device.next())[:2] == (401, "unauthenticated")
    assert rest(app, people.LEADER, code="000000")[:2] == (401, "second-factor")
    token = rest(app, people.LEADER, code=device.next())
    assert token[0] == 200
    bearer = {"Authorization": f"Bearer {token[2]}"}
    assert app.test_client().get("/api/v1/project/?limit=1", headers=bearer).status_code == 200
    assert rest(app, people.LEADER, code=7)[:2] == (422, "invalid")
    assert rest(app, people.VIEWER)[0] == 200  # who has none
    assert rest(app, people.VIEWER, code="123456")[0] == 200
    assert len(codes) == 10


def test_a_role_that_requires_it_lets_nobody_in_before_a_device_is_set_up(app: Flask, clock: Clock) -> None:
    require(app, "trainer")
    me = Browser(app)
    asked = me.password(people.TRAINER, next="/records/training_course/")
    assert asked.status_code == 200
    assert "<svg" in asked.text
    assert not me.inside()
    assert rest(app, people.TRAINER)[:2] == (401, "second-factor")
    assert rest(app, people.TRAINER, code="123456")[0] == 401
    device = Device(me.page, clock)
    assert me.set_up("000000").status_code == 422
    assert Device(me.page, clock).code() == device.code()  # the device that was read stays the one
    done = me.set_up(device.code())
    assert done.status_code == 200
    assert len(codes_of(done.text)) == 10
    assert 'href="/records/training_course/"' in done.text
    assert me.inside()
    saved = me.post("/second-factor/codes.txt", codes=hidden(done.text, "codes"))
    assert codes_of(done.text)[0] in saved.data.decode("utf-8-sig")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    off = me.post("/second-factor/", do="off", password=people.PASSWORD, code=device.next())
    assert (off.status_code, "不能停用" in off.text) == (422, True)
    assert rest(app, people.VIEWER)[0] == 200


def test_a_role_of_a_group_requires_it_too(app: Flask, clock: Clock) -> None:
    require(app, "auditor")
    with app.extensions["engine"].begin() as connection:
        connection.execute(text("INSERT INTO ab_group (id, name, label, description) VALUES (77, 'g', 'g', '')"))
        for table, column, of, name in (("ab_user_group", "user_id", "ab_user", "username = 'viewer'"),
                                        ("ab_group_role", "role_id", "ab_role", "name = 'auditor'")):  # fmt: skip
            made = f"INSERT INTO {table} (id, group_id, {column}) SELECT 770, 77, id FROM {of} WHERE {name}"
            connection.execute(text(made))
    try:
        assert rest(app, people.VIEWER)[:2] == (401, "second-factor")
    finally:
        with app.extensions["engine"].begin() as connection:
            for table in ("ab_user_group", "ab_group_role"):
                connection.execute(text(f"DELETE FROM {table} WHERE group_id = 77"))  # names of ours
            connection.execute(text("DELETE FROM ab_group WHERE id = 77"))


def test_the_security_administrator_says_which_roles_require_it(app: Flask, clock: Clock) -> None:
    secadmin = Browser(app)
    secadmin.password(people.SECURITY)
    with app.extensions["engine"].connect() as connection:
        role = connection.scalar(text("SELECT id FROM ab_role WHERE name = 'leader'"))
    form = secadmin.client.get(f"/records/role/{role}/edit").text
    kept = {name: hidden(form, name) for name in ("csrf_token", "_version", "_seen")}
    saved = secadmin.send(f"/records/role/{role}/edit", **kept, name="leader", second_factor="1")
    assert saved.status_code == 303, saved.text[:3000]
    assert rest(app, people.LEADER)[:2] == (401, "second-factor")
    assert trail(app, Deed.CHANGED)[-1].label


def test_whoever_is_in_sets_it_up_before_anything_else_once_a_role_requires_it(app: Flask, clock: Clock) -> None:
    me = Browser(app)
    me.password(people.LEADER)
    made = me.post("/tokens/", **{"name": "report", "days": "30", "project:read": "1", "password": people.PASSWORD})
    token = {"Authorization": "Bearer " + made.text.partition('readonly value="')[2].partition('"')[0]}
    assert me.client.get("/records/project/").status_code == 200
    require(app, "leader")
    for path in ("/", "/records/project/", "/records/project/1/edit", "/tokens/", "/password/", "/api/docs"):
        answer = me.client.get(path)
        assert (answer.status_code, answer.headers.get("Location")) == (303, "/second-factor/"), path
    assert me.post("/tokens/", name="x").headers["Location"] == "/second-factor/"
    refused = app.test_client().get("/api/v1/project/", headers=token)
    assert (refused.status_code, refused.get_json()["type"]) == (403, "urn:rainbow:problem:second-factor")
    assert me.client.get("/api/v1/project/").status_code == 403
    page = me.client.get("/second-factor/")
    assert "才能继续" in page.text
    assert "/records/project/" not in page.text
    device = Device(page.text, clock)
    sent = {"device": hidden(page.text, "device"), "code": device.code(), "password": people.PASSWORD}
    assert me.post("/second-factor/set-up", **sent).status_code == 201
    assert me.client.get("/records/project/").status_code == 200
    assert app.test_client().get("/api/v1/project/", headers=token).status_code == 200


def test_a_token_takes_a_code_as_well(app: Flask, clock: Clock) -> None:
    device, _codes = with_device(app, clock, people.LEADER)
    me = Browser(app)
    me.password(people.LEADER)
    me.code(device.next())
    sent = {"name": "x", "days": "30", "project:read": "1", "password": people.PASSWORD}
    for code in ("", "000000"):
        refused = me.post("/tokens/", **sent, code=code)
        assert refused.status_code == 422
        assert re.search(r"rnp_[\w-]{43}", refused.text) is None
    assert me.post("/tokens/", **sent, code=device.next()).status_code == 201


def test_new_codes_another_device_and_turning_off_ask_for_password_and_code(app: Flask, clock: Clock) -> None:
    device, codes = with_device(app, clock, people.LEADER)
    me = Browser(app)
    me.password(people.LEADER)
    me.code(device.next())
    for what in ("codes", "move", "off"):
        assert me.post("/second-factor/", do=what, password="wrong", code=device.next()).status_code == 422
        assert me.post("/second-factor/", do=what, password=people.PASSWORD, code="000000").status_code == 422
        clock.forward(7200)
    fresh = me.post("/second-factor/", do="codes", password=people.PASSWORD, code=device.next())
    assert (fresh.status_code, set(codes_of(fresh.text)) & set(codes)) == (201, set())
    assert rest(app, people.LEADER, code=codes[0])[0] == 401
    moving = me.post("/second-factor/", do="move", password=people.PASSWORD, code=device.next())
    new = Device(moving.text, clock)
    assert rest(app, people.LEADER, code=device.next())[0] == 200  # until the new one is confirmed
    done = me.post("/second-factor/set-up", device=hidden(moving.text, "device"), code=new.code())
    assert done.status_code == 201
    assert rest(app, people.LEADER, code=device.next())[0] == 401
    assert rest(app, people.LEADER, code=new.next())[0] == 200
    off = me.post("/second-factor/", do="off", password=people.PASSWORD, code=codes_of(done.text)[0])
    assert off.status_code == 303
    assert rest(app, people.LEADER)[0] == 200
    assert len(trail(app, Deed.FACTOR_REMOVED)) >= 1
    assert me.post("/second-factor/", do="else", password="", code="").status_code == 404


def test_a_device_is_set_up_by_nobody_but_its_person_and_with_the_password(app: Flask, clock: Clock) -> None:
    me, other = Browser(app), Browser(app)
    me.password(people.LEADER)
    other.password(people.VIEWER)
    page = me.client.get("/second-factor/").text
    device, sealed = Device(page, clock), hidden(page, "device")
    theirs = other.post("/second-factor/set-up", device=sealed, code=device.code(), password=people.PASSWORD)
    assert theirs.status_code == 422
    assert me.post("/second-factor/set-up", device=sealed, code=device.code(), password="wrong").status_code == 422
    assert rest(app, people.LEADER)[0] == 200
    assert (
        me.post("/second-factor/set-up", device=sealed, code=device.code(), password=people.PASSWORD).status_code == 201
    )
    # what the page had sealed for somebody without a device moves nothing once there is one
    again = me.post("/second-factor/set-up", device=sealed, code=device.next(), password=people.PASSWORD)
    assert again.status_code == 303


@pytest.mark.parametrize("keeper", [people.ADMIN, people.SECURITY])
def test_whoever_keeps_accounts_resets_the_factor_of_somebody_who_lost_the_device(
    app: Flask, clock: Clock, keeper: str
) -> None:
    device, _codes = with_device(app, clock, people.LEADER)
    inside = Browser(app)
    inside.password(people.LEADER)
    inside.code(device.next())
    assert inside.inside()
    with app.extensions["engine"].connect() as connection:
        ids = dict(connection.execute(text("SELECT username, id FROM ab_user")).all())
    admin = Browser(app)
    admin.password(keeper)
    path = f"/records/account/{ids[people.LEADER]}/second-factor"
    assert path in admin.client.get(f"/records/account/{ids[people.LEADER]}").text
    assert admin.client.get(path).status_code == 200
    assert rest(app, people.LEADER)[0] == 401
    assert admin.post(path).status_code == 303
    assert rest(app, people.LEADER)[0] == 200
    line = trail(app, Deed.FACTOR_REMOVED)[-1]
    assert (line.record, line.row_id) == ("account", ids[people.LEADER])
    assert not inside.inside()  # whoever has the device may have the session, too
    assert inside.password(people.LEADER).status_code == 303
    assert admin.post(path).status_code == 303  # there is none any more
    own = f"/records/account/{ids[keeper]}/second-factor"
    assert {admin.client.get(own).status_code, admin.post(own).status_code} == {403}
    assert own not in admin.client.get(f"/records/account/{ids[keeper]}").text


def test_nobody_else_resets_anything(app: Flask, clock: Clock) -> None:
    with_device(app, clock, people.LEADER)
    with app.extensions["engine"].connect() as connection:
        leader = connection.scalar(text("SELECT id FROM ab_user WHERE username = 'leader'"))
    for name in (people.AUDITOR, people.COORDINATOR, people.VIEWER):
        me = Browser(app)
        me.password(name)
        path = f"/records/account/{leader}/second-factor"
        assert {me.client.get(path).status_code, me.post(path).status_code} == {403}
    admin = Browser(app)
    admin.password(people.ADMIN)
    assert admin.client.get("/records/account/99999/second-factor").status_code == 404
    assert admin.client.get("/records/unit/1/second-factor").status_code == 404
    assert rest(app, people.LEADER)[0] == 401


def test_personal_tokens_need_no_code(app: Flask, clock: Clock) -> None:
    me = Browser(app)
    me.password(people.LEADER)
    made = me.post("/tokens/", **{"name": "report", "days": "30", "project:read": "1", "password": people.PASSWORD})
    token = made.text.partition('class="form-control rn-mono" readonly value="')[2].partition('"')[0]
    with_device(app, clock, people.LEADER)
    answer = app.test_client().get("/api/v1/project/?limit=1", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_the_database_alone_makes_no_codes(app: Flask, clock: Clock) -> None:
    device, codes = with_device(app, clock, people.LEADER)
    with app.extensions["engine"].connect() as connection:
        kept = repr([connection.execute(text(f"SELECT * FROM {table}")).all()  # names of ours
                     for table in ("rn_second_factor", "rn_recovery_code")])  # fmt: skip
    assert device.secret not in kept
    assert all(code.replace(" ", "") not in kept for code in codes)


def test_a_step_from_before_the_device_was_taken_away_begins_anew(app: Flask, clock: Clock) -> None:
    device, _codes = with_device(app, clock, people.LEADER)
    me = Browser(app)
    me.password(people.LEADER)
    with app.extensions["engine"].begin() as connection:
        connection.execute(text("DELETE FROM rn_second_factor"))
    assert me.code(device.next()).location == "/login/"
    assert not me.inside()


def test_a_step_from_before_another_password_begins_anew(app: Flask, clock: Clock) -> None:
    device, _codes = with_device(app, clock, people.LEADER)
    me = Browser(app)
    me.password(people.LEADER)
    own = "FROM ab_user WHERE username = 'leader'"
    with app.extensions["engine"].begin() as connection:
        before = connection.scalar(text(f"SELECT password {own}"))
        connection.execute(text("UPDATE ab_user SET password = 'another' WHERE username = 'leader'"))
    try:
        assert me.code(device.next()).location == "/login/"
        assert not me.inside()
    finally:
        with app.extensions["engine"].begin() as connection:
            connection.execute(text("UPDATE ab_user SET password = :it WHERE username = 'leader'"), {"it": before})


def test_of_two_who_set_up_a_first_device_at_once_one_does(app: Flask, clock: Clock) -> None:
    require(app, "leader")
    both = [Browser(app), Browser(app)]
    for one in both:
        one.password(people.LEADER)
    devices = [Device(one.page, clock) for one in both]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one, device: one.set_up(device.code()).status_code, both, devices))
    assert sorted(answers) == [200, 303]
    first = devices[answers.index(200)]
    with app.extensions["engine"].connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM rn_recovery_code")) == 10
    me = Browser(app)
    me.password(people.LEADER)
    assert me.code(first.next()).status_code == 303
