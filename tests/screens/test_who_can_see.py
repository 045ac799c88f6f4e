"""Who can see this: what the page says is what happens, to everybody of the cast; and only those may ask who should."""

import html
import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from tests.support import people
from tests.support.statements import counted
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]
RECORDS = ("unit", "staff", "milestone", "project", "budget_line", "incoming_document", "mail", "news_item", "resident",
           "legal_entity", "training_record", "video_asset", "account", "role", "audit")  # fmt: skip
LINE = re.compile(
    r'<tr data-rn-sees="(yes|no)" data-rn-changes="(yes|no)"><td class="rn-main-cell">(?:<a[^>]*>)?([^<]+)(.*?)</tr>',
    re.DOTALL,
)
MOST_STATEMENTS = 12


def rows(app: Flask, record: str) -> list[int]:
    """Rows from both ends and the middle of a record."""
    table = {"account": "ab_user", "role": "ab_role", "audit": "rn_event"}.get(record, record)
    with app.extensions["engine"].connect() as connection:
        ids = list(connection.scalars(text(f"SELECT id FROM {table} ORDER BY id")))
    return sorted({ids[0], ids[len(ids) // 2], ids[-1]})


@pytest.fixture(scope="module")
def names(app: Flask) -> dict[str, str]:
    """What the page calls each of the cast."""
    with app.extensions["engine"].connect() as connection:
        found = connection.execute(text("SELECT username, last_name, first_name FROM ab_user")).all()
    return {row.username: f"{row.last_name}{row.first_name}" for row in found}


def seen_by(asker: Visitor, path: str) -> dict[str, tuple[str, str]]:
    """What the page of a row says of each person: yes or no, and the rest of the line without markup."""
    answer = asker.get(path)
    assert answer.status_code == 200, path
    found = {}
    for sees, _changes, name, rest in LINE.findall(answer.text):
        found[html.unescape(name)] = (sees, html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", rest))))
    return found


def raise_level(app: Flask, record: str, row: int) -> None:
    with app.extensions["engine"].begin() as connection:
        connection.execute(text(f"UPDATE {record} SET classification = 'top_secret' WHERE id = :id"), {"id": row})


@pytest.mark.parametrize("record", RECORDS)
def test_the_page_says_what_happens_when_each_person_opens_the_row(
    visitor: Signed, app: Flask, names: dict[str, str], record: str
) -> None:
    ids = rows(app, record)
    if record in {"project", "incoming_document"}:
        raise_level(app, record, ids[-1])
    for row in ids:
        said = seen_by(visitor(people.SECURITY), f"/records/{record}/{row}/access")
        for username in people.CAST:
            really = visitor(username).get(f"/records/{record}/{row}").status_code
            sees = said.get(names[username], ("no", ""))[0]
            assert (sees == "yes") == (really == 200), (record, row, username, said.get(names[username]))


@pytest.mark.parametrize("record", ["milestone", "budget_line", "resident", "news_item", "account", "staff"])
def test_what_the_page_says_of_changing_is_what_the_form_answers(
    visitor: Signed, app: Flask, names: dict[str, str], record: str
) -> None:
    for row in rows(app, record):
        page = visitor(people.SECURITY).get(f"/records/{record}/{row}/access").text
        changes = {html.unescape(name): says for _sees, says, name, _rest in LINE.findall(page)}
        for username in people.CAST:
            really = visitor(username).get(f"/records/{record}/{row}/edit").status_code == 200
            assert (changes.get(names[username]) == "yes") == really, (record, row, username)


def test_it_says_why_somebody_cannot_see_a_row(visitor: Signed, app: Flask, names: dict[str, str]) -> None:
    with app.extensions["engine"].begin() as connection:
        row = connection.scalar(text(
            "SELECT min(i.id) FROM incoming_document i JOIN unit u ON u.id = i.unit_id WHERE u.name = '公安局'"
        ))  # fmt: skip
        connection.execute(text("UPDATE incoming_document SET classification = 'top_secret' WHERE id = :i"), {"i": row})
    asker = visitor(people.SECURITY)
    visitor(people.SECURITY).post("/language/en")
    said = seen_by(asker, f"/records/incoming_document/{row}/access")
    assert "clearance" in said[names[people.POLICE]][1]
    assert "another unit's row" in said[names[people.TOURISM]][1]
    assert names[people.COORDINATOR] not in said
    mail = seen_by(asker, f"/records/mail/{rows(app, 'mail')[0]}/access")
    assert any("not named by the row" in words for sees, words in mail.values() if sees == "no")
    visitor(people.SECURITY).post("/language/zh")


def test_it_names_the_role_and_the_grant_as_it_is_stored(visitor: Signed, app: Flask, names: dict[str, str]) -> None:
    with app.extensions["engine"].connect() as connection:
        row = connection.scalar(text(
            "SELECT min(r.id) FROM resident r JOIN unit u ON u.id = r.unit_id WHERE u.name = '公安局'"
        ))  # fmt: skip
    words = seen_by(visitor(people.SECURITY), f"/records/resident/{row}/access")[names[people.POLICE]][1]
    assert "read+add+edit+delete+unmask@own_unit" in words
    assert "read@own_unit" in words


def test_a_role_made_by_an_administrator_counts_as_any_other(
    app: Flask, visitor: Signed, names: dict[str, str]
) -> None:
    with app.extensions["engine"].begin() as connection:

        def add(table: str, **values: object) -> int:
            known = connection.scalar(text(f"SELECT max(id) FROM {table}")) or 0
            columns = {"id": known + 1000, **values}
            marks = ", ".join(f":{name}" for name in columns)
            connection.execute(text(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"), columns)
            return int(known + 1000)

        role, permission = add("ab_role", name="inspection"), add("ab_permission", name="read@own_tree")
        menu = connection.scalar(text("SELECT id FROM ab_view_menu WHERE name = 'milestone'"))
        pair = add("ab_permission_view", permission_id=permission, view_menu_id=menu)
        add("ab_permission_view_role", permission_view_id=pair, role_id=role)
        dead = add("ab_permission", name="read@gone=yes")
        pair = add("ab_permission_view", permission_id=dead, view_menu_id=menu)
        add("ab_permission_view_role", permission_view_id=pair, role_id=role)
        group = add("ab_group", name="inspectors", label="检查组", description="")
        add("ab_group_role", group_id=group, role_id=role)
        trainer = connection.scalar(text("SELECT id FROM ab_user WHERE username = 'trainer'"))
        add("ab_user_group", user_id=trainer, group_id=group)
        unit = connection.scalar(text("SELECT unit_id FROM ab_user WHERE username = 'trainer'"))
        own = connection.scalar(text("SELECT min(id) FROM milestone WHERE unit_id = :unit"), {"unit": unit})
    page = visitor(people.SECURITY).get("/records/milestone/access").text
    assert "inspection" in page
    assert "read@own_tree" in page
    assert "read@gone=yes" in page
    said = seen_by(visitor(people.SECURITY), f"/records/milestone/{rows(app, 'milestone')[0]}/access")
    assert names[people.TRAINER] in said
    if own is not None:
        sees, words = seen_by(visitor(people.SECURITY), f"/records/milestone/{own}/access")[names[people.TRAINER]]
        assert sees == "yes"
        assert "检查组" in words
    for row in rows(app, "milestone"):
        said = seen_by(visitor(people.SECURITY), f"/records/milestone/{row}/access")
        really = visitor(people.TRAINER).get(f"/records/milestone/{row}").status_code == 200
        assert (said[names[people.TRAINER]][0] == "yes") == really
    rights = visitor(people.SECURITY).get(f"/records/account/{trainer}/rights").text
    assert "检查组" in rights
    assert "read@own_tree" in rights


def test_only_those_whose_role_is_declared_for_it_may_ask_and_others_are_noted(visitor: Signed, app: Flask) -> None:
    paths = (
        "/records/milestone/access",
        "/records/milestone/1/access",
        "/records/unit/access",
        "/records/account/1/rights",
    )
    for name in set(people.CAST) - {people.SECURITY, people.COORDINATOR}:
        for path in paths:
            assert visitor(name).get(path).status_code == 403, (name, path)
        for path in ("/records/unit/", "/records/unit/1"):
            assert "/access" not in visitor(name).get(path).text
    with app.extensions["engine"].connect() as connection:
        notes = set(connection.scalars(text("SELECT note FROM rn_event WHERE deed = 'refused'")))
    assert "GET /records/milestone/1/access (ASK)" in notes


def test_a_stranger_is_sent_to_sign_in(stranger: Visitor) -> None:
    for path in ("/records/milestone/access", "/records/milestone/1/access", "/records/account/1/rights"):
        assert stranger.get(path).status_code == 303


def test_the_coordination_group_asks_only_about_what_it_sees(visitor: Signed, app: Flask) -> None:
    coordinator = visitor(people.COORDINATOR)
    row = rows(app, "milestone")[0]
    page = coordinator.get(f"/records/milestone/{row}").text
    assert f"/records/milestone/{row}/access" in page
    assert coordinator.get(f"/records/milestone/{row}/access").status_code == 200
    assert "/records/milestone/access" in coordinator.get("/records/milestone/").text
    assert coordinator.get("/records/milestone/access").status_code == 200
    # records whose rows are not its business, and accounts
    for record in ("resident", "incoming_document", "account", "audit"):
        assert coordinator.get(f"/records/{record}/access").status_code == 403
        assert coordinator.get(f"/records/{record}/{rows(app, record)[0]}/access").status_code == 403
    assert coordinator.get("/records/account/1/rights").status_code == 403
    hidden = [row for row in rows(app, "mail") if coordinator.get(f"/records/mail/{row}").status_code == 404]
    assert hidden
    assert all(coordinator.get(f"/records/mail/{row}/access").status_code == 404 for row in hidden)
    raise_level(app, "project", rows(app, "project")[0])
    assert coordinator.get(f"/records/project/{rows(app, 'project')[0]}/access").status_code == 404
    assert "/rights" not in coordinator.get(f"/records/milestone/{row}/access").text


def test_the_security_administrator_is_told_of_a_row_but_not_what_it_says(visitor: Signed, app: Flask) -> None:
    with app.extensions["engine"].connect() as connection:
        row = connection.execute(text("SELECT id, code, title FROM milestone ORDER BY id LIMIT 1")).one()
        unit = connection.scalar(text("SELECT u.name FROM unit u JOIN milestone m ON m.unit_id = u.id WHERE m.id = :i"),
                                 {"i": row.id})  # fmt: skip
    security = visitor(people.SECURITY)
    assert security.get(f"/records/milestone/{row.id}").status_code == 403
    page = security.get(f"/records/milestone/{row.id}/access").text
    assert f"#{row.id}" in page
    assert unit in page
    assert row.code not in page
    assert row.title not in page
    assert security.get("/records/milestone/999999/access").status_code == 404
    asked = security.get(f"/records/milestone/access?row={row.id}")
    assert asked.headers["Location"] == f"/records/milestone/{row.id}/access"
    assert security.get("/records/milestone/access?row=x").status_code == 400
    assert security.get("/records/nothing/access").status_code == 404


def test_a_person_is_found_by_name(visitor: Signed, app: Flask, names: dict[str, str]) -> None:
    path = f"/records/milestone/{rows(app, 'milestone')[0]}/access"
    found = seen_by(visitor(people.SECURITY), f"{path}?q={names[people.POLICE]}")
    assert list(found) == [names[people.POLICE]]
    assert seen_by(visitor(people.SECURITY), f"{path}?q=%25") == {}
    assert visitor(people.SECURITY).get(f"{path}?page=9").status_code == 400
    assert visitor(people.SECURITY).get(f"{path}?what=1").status_code == 400


def test_an_account_that_is_not_active_is_not_among_the_people(
    visitor: Signed, app: Flask, names: dict[str, str]
) -> None:
    path = f"/records/milestone/{rows(app, 'milestone')[0]}/access"
    engine = app.extensions["engine"]
    try:
        with engine.begin() as connection:
            connection.execute(text("UPDATE ab_user SET active = false WHERE username = 'viewer'"))
            viewer = connection.scalar(text("SELECT id FROM ab_user WHERE username = 'viewer'"))
        assert names[people.VIEWER] not in seen_by(visitor(people.SECURITY), path)
        assert "bg-red-lt" in visitor(people.SECURITY).get(f"/records/account/{viewer}/rights").text
    finally:
        with engine.begin() as connection:
            connection.execute(text("UPDATE ab_user SET active = true WHERE username = 'viewer'"))


def test_what_a_person_may_do_names_every_record_they_hold_a_grant_on(visitor: Signed, app: Flask) -> None:
    with app.extensions["engine"].connect() as connection:
        ids: dict[str, int] = dict(connection.execute(text("SELECT username, id FROM ab_user")).all())
    security = visitor(people.SECURITY)
    assert f"/records/account/{ids['police']}/rights" in security.get(f"/records/account/{ids['police']}").text
    for username in people.CAST:
        page = security.get(f"/records/account/{ids[username]}/rights")
        assert page.status_code == 200
        told = set(re.findall(r'rn-main-cell"><a href="/records/(\w+)/access', page.text))
        opened = {entry.name for entry in app.extensions["catalog"]
                  if visitor(username).get(f"/records/{entry.name}/").status_code == 200}  # fmt: skip
        assert told == opened, username
    assert security.get("/records/account/999999/rights").status_code == 404
    assert security.get("/records/unit/1/rights").status_code == 404


def test_the_pages_ask_the_database_little_however_many_people_there_are(visitor: Signed, app: Flask) -> None:
    engine = app.extensions["engine"]
    with engine.begin() as connection:
        last = connection.scalar(text("SELECT max(id) FROM ab_user")) or 0
        units = list(connection.scalars(text("SELECT id FROM unit ORDER BY id")))
        roles = list(connection.scalars(text("SELECT id FROM ab_role ORDER BY id")))
        made = [
            {"id": last + 1 + i, "u": f"many{i}", "n": f"{i:04}", "unit": units[i % len(units)]} for i in range(700)
        ]
        connection.execute(text(
            "INSERT INTO ab_user (id, username, first_name, last_name, email, active, unit_id, version, clearance) "
            "VALUES (:id, :u, '众', :n, :u, true, :unit, 1, 'internal')"), made)  # fmt: skip
        link = (connection.scalar(text("SELECT max(id) FROM ab_user_role")) or 0) + 100_000
        connection.execute(
            text("INSERT INTO ab_user_role (id, user_id, role_id) VALUES (:id, :user, :role)"),
            [{"id": link + i, "user": one["id"], "role": roles[i % len(roles)]} for i, one in enumerate(made)],
        )
    security, coordinator = visitor(people.SECURITY), visitor(people.COORDINATOR)
    for asker, path in (
        (security, "/records/mail/1/access"), (security, "/records/resident/1/access"),
        (security, "/records/budget_line/1/access"), (security, "/records/incoming_document/1/access"),
        (coordinator, f"/records/milestone/{rows(app, 'milestone')[0]}/access"), (security, "/records/mail/access"),
        (coordinator, f"/records/budget_line/{rows(app, 'budget_line')[-1]}/access"),
        (security, f"/records/account/{last}/rights"),
    ):  # fmt: skip
        with counted() as said:
            answer = asker.get(path)
        assert answer.status_code == 200, path
        statements = [one for one in said if one not in ("BEGIN", "BEGIN IMMEDIATE")]
        assert len(statements) <= MOST_STATEMENTS, (path, len(statements))
        assert len(LINE.findall(answer.text)) <= 50
    page = security.get("/records/mail/1/access").text
    assert 'rel="next"' in page
    assert len(LINE.findall(security.get("/records/mail/1/access?page=2").text)) == 50


def test_the_history_of_an_account_names_roles_and_clearance_as_people_call_them(visitor: Signed, app: Flask) -> None:
    with app.extensions["engine"].connect() as connection:
        account = connection.execute(text("SELECT id, version FROM ab_user WHERE username = 'leader'")).one()
        ids: dict[str, int] = dict(connection.execute(text("SELECT name, id FROM ab_role")).all())
    data = {"roles": [str(ids["leader"]), str(ids["trainer"])], "clearance": "public", "_version": str(account.version)}
    saved = visitor(people.SECURITY).post(f"/records/account/{account.id}/edit", data)
    assert saved.status_code == 303
    changes = re.search(r'<dl class="rn-diff">.*?</dl>', visitor(people.AUDITOR).get(
        f"/records/account/{account.id}/history").text, re.DOTALL)  # fmt: skip
    assert changes
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", changes[0]))
    assert "领导" in words
    assert "培训管理员" in words
    assert "公开" in words
    assert "trainer" not in words


def test_a_role_is_found_by_what_people_call_it_and_by_its_name(visitor: Signed) -> None:
    for word in ("培训", "train"):
        found = visitor(people.SECURITY).get("/records/role/options", query_string={"q": word}).json
        assert found
        assert [one["label"] for one in found["options"]] == ["培训管理员"]
