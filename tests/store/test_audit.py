"""The audit trail and the history of rows, on both databases."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.store import seals
from tests.support.places import Place
from tests.support.visitor import Visitor, form_token

Signed = Callable[[str], Visitor]


def form(visitor: Visitor, path: str) -> dict[str, str]:
    """The hidden fields of a form."""
    html = visitor.get(path).text
    found = {"csrf_token": form_token(html)}
    for name in ("_version", "_once"):
        value = re.search(rf'name="{name}" value="([^"]*)"', html)
        if value:
            found[name] = value[1]
    return found


def history(visitor: Visitor, path: str) -> str:
    """What a row's history says, without markup."""
    html = visitor.get(f"{path}/history").text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split("<main", 1)[1].split("</main>")[0]))


def save_system(visitor: Visitor, path: str, name: str) -> None:
    page = visitor.get(f"{path}/edit").text
    group = re.search(r'<option value="(\w+)" selected>', page)
    assert group
    answer = visitor.client.post(f"{path}/edit", data={**form(visitor, f"{path}/edit"), "name": name})
    assert answer.status_code == 303, answer.text[:3000]


def test_a_change_is_told_with_who_when_door_before_and_after(visitor: Signed) -> None:
    coordinator = visitor("coordinator")
    save_system(coordinator, "/records/system/3", "共享信息系统（改）")
    told = history(coordinator, "/records/system/3")
    assert "周海峰" in told
    assert "表单" in told
    assert "共享信息系统（改）" in told


def test_a_change_can_be_taken_back_and_that_is_a_change_too(visitor: Signed) -> None:
    coordinator = visitor("coordinator")
    before = coordinator.get("/records/system/4").text
    name = re.search(r"<h1[^>]*>([^<]+)</h1>", before)
    assert name
    save_system(coordinator, "/records/system/4", "暂名")
    page = coordinator.get("/records/system/4/history").text
    action = re.search(r'action="(/records/system/4/history/\d+/revert)"', page)
    version = re.search(r'name="_version" value="(\d+)"', page)
    assert action
    assert version
    answer = coordinator.client.post(action[1], data={"csrf_token": form_token(page), "_version": version[1]})
    assert answer.status_code == 303
    assert name[1] in coordinator.get("/records/system/4").text
    assert "撤回" in history(coordinator, "/records/system/4")


def test_a_revert_on_a_stale_page_changes_nothing(visitor: Signed) -> None:
    coordinator = visitor("coordinator")
    save_system(coordinator, "/records/system/5", "甲")
    page = coordinator.get("/records/system/5/history").text
    action = re.search(r'action="(/records/system/5/history/\d+/revert)"', page)
    assert action
    save_system(coordinator, "/records/system/5", "乙")
    answer = coordinator.client.post(
        action[1], data={"csrf_token": form_token(page), "_version": "1"}, follow_redirects=True
    )
    assert answer.status_code == 200
    assert ">乙<" in coordinator.get("/records/system/5").text


def test_a_reader_sees_no_way_to_take_back_and_is_refused_if_they_try(visitor: Signed) -> None:
    save_system(visitor("coordinator"), "/records/system/6", "丙")
    viewer = visitor("viewer")
    page = viewer.get("/records/system/6/history")
    assert page.status_code == 200
    assert "/revert" not in page.text
    assert viewer.post("/records/system/6/history/1/revert", {"_version": "1"}).status_code == 403


def test_the_history_of_a_row_out_of_scope_does_not_exist(visitor: Signed, app: Flask) -> None:
    with app.extensions["engine"].connect() as connection:
        foreign = connection.scalar(
            text("SELECT m.id FROM milestone m JOIN unit u ON u.id = m.unit_id WHERE u.name = '公安局' LIMIT 1")
        )
    assert visitor("tourism").get(f"/records/milestone/{foreign}/history").status_code == 404
    assert visitor("police").get(f"/records/milestone/{foreign}/history").status_code == 200


def test_the_administrators_read_the_trail_and_nobody_else_does(visitor: Signed) -> None:
    for name in ("auditor", "admin", "secadmin"):
        assert "登录" in visitor(name).get("/records/audit/").text
    for name in ("coordinator", "leader", "police", "viewer"):
        assert visitor(name).get("/records/audit/").status_code == 403


def test_nobody_adds_or_changes_a_line_of_the_trail(visitor: Signed) -> None:
    auditor = visitor("auditor")
    assert auditor.get("/records/audit/new").status_code == 403
    assert auditor.get("/records/audit/1/edit").status_code == 403
    assert auditor.post("/records/audit/1/delete").status_code == 403


def test_sign_ins_failures_and_refusals_are_in_the_trail(app: Flask, visitor: Signed) -> None:
    stranger = Visitor(app)
    token = form_token(stranger.get("/login/").text)
    stranger.client.post("/login/", data={"username": "police", "password": "wrong wrong", "csrf_token": token})
    assert visitor("viewer").get("/records/account/").status_code == 403
    with app.extensions["engine"].connect() as connection:
        deeds = set(connection.scalars(text("SELECT DISTINCT deed FROM rn_event")))
    assert {"signed_in", "sign_in_failed", "refused"} <= deeds


def test_a_secret_never_enters_the_trail(app: Flask, visitor: Signed) -> None:
    admin = visitor("admin")
    hidden = form(admin, "/records/account/10/edit")
    page = admin.get("/records/account/10/edit").text
    email = re.search(r'name="email"[^>]*value="([^"]+)"', page)
    assert email
    data = {**hidden, "last_name": "赵", "first_name": "文静", "email": email[1], "active": "1",
            "password": "a new and secret password"}  # fmt: skip
    assert admin.client.post("/records/account/10/edit", data=data).status_code == 303
    with app.extensions["engine"].connect() as connection:
        lines = connection.execute(text("SELECT changes FROM rn_event WHERE record = 'account'")).all()
    assert lines
    assert "secret password" not in str(lines)
    assert "argon2" not in str(lines)


def test_the_database_refuses_to_change_or_remove_a_line(app: Flask, visitor: Signed) -> None:
    visitor("viewer")
    seals.seal(app.extensions["engine"])
    for table in ("rn_event", "rn_seal", "rn_sealed"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {COLUMNS[table]} = {COLUMNS[table]}"):
            with app.extensions["engine"].connect() as connection, pytest.raises(DBAPIError, match="append-only"):
                connection.execute(text(statement))


COLUMNS = {"rn_event": "actor", "rn_seal": "digest", "rn_sealed": "seal"}


def _unlock(connection: Connection, place: Place) -> None:
    if place.database_url.startswith("sqlite"):
        connection.execute(text("DROP TRIGGER rn_event_no_update"))
        connection.execute(text("DROP TRIGGER rn_event_no_delete"))
    else:
        connection.execute(text("DROP TRIGGER rn_event_append_only ON rn_event"))


def test_verify_proves_the_trail_whole_and_names_the_first_broken_link(
    app: Flask, place: Place, visitor: Signed
) -> None:
    engine = app.extensions["engine"]
    visitor("leader")
    while seals.seal(engine):
        pass
    whole = seals.verify(engine)
    assert whole.broken == ""
    assert whole.unsealed == 0
    visitor("statistics")
    assert seals.seal(engine) > 0
    assert "Whole" in place.run("audit", "verify").stdout
    with engine.begin() as connection:
        _unlock(connection, place)
        connection.execute(text("UPDATE rn_event SET actor = '无人' WHERE id = (SELECT min(id) FROM rn_event)"))
    assert "seal 1 " in seals.verify(engine).broken
    told = place.run("audit", "verify", check=False)
    assert told.returncode != 0
    assert "broken" in told.stderr + told.stdout
