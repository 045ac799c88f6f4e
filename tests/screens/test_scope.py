"""A row out of scope does not exist, whatever the door; what exists may be changed only by a grant."""

import io
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.access import Person
from app.auth.people import load_person
from app.catalog import Catalog
from app.store.session import NoActor, UnguardedWrite, act_as, db
from tests.support import people
from tests.support.visitor import Visitor, form_token

Signed = Callable[[str], Visitor]


def scalar(app: Flask, statement: str, **values: object) -> int:
    with app.extensions["engine"].connect() as connection:
        return int(connection.execute(text(statement), values).scalar() or 0)


def unit_id(app: Flask, name: str) -> int:
    return scalar(app, "SELECT id FROM unit WHERE name = :name", name=name)


@pytest.fixture(scope="module")
def foreign(app: Flask) -> int:
    """A milestone of another unit than the tourism office's."""
    return scalar(
        app, "SELECT id FROM milestone WHERE unit_id = :unit ORDER BY id LIMIT 1", unit=unit_id(app, "公安局")
    )


def test_another_units_row_does_not_exist_at_any_door(visitor: Signed, app: Flask, foreign: int) -> None:
    tourism = visitor(people.TOURISM)
    with app.extensions["engine"].connect() as connection:
        title, code = connection.execute(
            text("SELECT title, code FROM milestone WHERE id = :id"), {"id": foreign}
        ).one()
    assert visitor(people.POLICE).get(f"/records/milestone/{foreign}").status_code == 200
    for path in ("", "/edit", "/history", "/related/x", "/files/" + "0" * 32):
        assert tourism.get(f"/records/milestone/{foreign}{path}").status_code == 404, path
    for path in ("/delete", "/edit"):
        assert tourism.post(f"/records/milestone/{foreign}{path}").status_code == 404, path
    assert tourism.get(f"/records/milestone/new?copy={foreign}").status_code == 404
    for path in (f"/records/milestone/?q={quote(code)}", f"/records/milestone/options?q={quote(code)}",
                 f"/palette/?q={quote(title[:8])}", f"/records/milestone/count?q={quote(code)}"):  # fmt: skip
        assert title not in tourism.get(path).text, path
    assert tourism.get(f"/records/milestone/count?q={quote(code)}").text == "0"
    unit = unit_id(app, "公安局")
    assert tourism.get(f"/records/milestone/count?unit={unit}").text == "0"


def test_the_counts_beside_related_tabs_are_of_visible_rows(visitor: Signed, app: Flask) -> None:
    unit = unit_id(app, "公安局")
    number = scalar(app, "SELECT count(*) FROM milestone WHERE unit_id = :unit", unit=unit)
    counted = re.compile(r"rn-tab-milestone-unit.*?count\">(\d+)", re.DOTALL)
    seen = counted.search(visitor(people.POLICE).get(f"/records/unit/{unit}").text)
    assert seen
    assert int(seen[1]) == number > 0
    hidden = counted.search(visitor(people.TOURISM).get(f"/records/unit/{unit}").text)
    assert hidden
    assert int(hidden[1]) == 0


def test_next_and_previous_never_lead_out_of_scope(visitor: Signed, app: Flask) -> None:
    tourism, unit = visitor(people.TOURISM), unit_id(app, "旅游局")
    with app.extensions["engine"].connect() as connection:
        own = set(connection.execute(text("SELECT id FROM milestone WHERE unit_id = :unit"), {"unit": unit}).scalars())
    for row in own:
        page = tourism.get(f"/records/milestone/{row}?list=order%3Dcode").text
        around = {int(found) for found in re.findall(r'href="/records/milestone/(\d+)\?list=[^"]*" rel="', page)}
        assert around <= own


def test_a_row_cannot_be_made_for_or_moved_to_another_unit(visitor: Signed, app: Flask) -> None:
    tourism, other = visitor(people.TOURISM), unit_id(app, "公安局")
    data = {"code": "LY-T-1", "title": "测试节点", "system": "1", "unit": str(other), "due": "2005-01-01"}
    refused = tourism.post("/records/milestone/new", data)
    assert refused.status_code == 422
    assert "您不能将记录归到这里" in refused.text
    made = tourism.post("/records/milestone/new", {**data, "unit": str(unit_id(app, "旅游局"))})
    assert made.status_code == 303
    path = made.headers["Location"]
    version = re.search(r'name="_version" value="(\d+)"', tourism.get(f"{path}/edit").text)
    assert version
    moved = tourism.post(f"{path}/edit", {**data, "_version": version[1]})
    assert moved.status_code == 422
    assert scalar(app, "SELECT unit_id FROM milestone WHERE code = 'LY-T-1'") == unit_id(app, "旅游局")


def test_a_row_cannot_refer_to_one_that_is_not_visible(visitor: Signed, app: Flask) -> None:
    tourism = visitor(people.TOURISM)
    hidden = scalar(app, "SELECT id FROM project WHERE unit_id != :unit LIMIT 1", unit=unit_id(app, "旅游局"))
    data = {"project": str(hidden), "year": "2004", "category": "software", "level": "city", "source": "1",
            "planned": "10"}  # fmt: skip
    answer = tourism.post("/records/budget_line/new", data)
    assert answer.status_code == 422
    assert "该记录不存在或不在您可见范围内" in answer.text


def test_parts_belong_to_whoever_owns_the_whole(visitor: Signed, app: Flask) -> None:
    own = scalar(
        app,
        "SELECT count(*) FROM budget_line b JOIN project p ON p.id = b.project_id WHERE p.unit_id = :unit",
        unit=unit_id(app, "公安局"),
    )
    assert visitor(people.POLICE).get("/records/budget_line/count").text == str(own)
    everyone = scalar(app, "SELECT count(*) FROM budget_line")
    assert visitor(people.COORDINATOR).get("/records/budget_line/count").text == str(everyone) != str(own)


def test_what_is_classified_above_ones_clearance_does_not_exist(visitor: Signed, app: Flask) -> None:
    engine = app.extensions["engine"]
    with engine.begin() as connection:
        row = connection.execute(text("SELECT min(id) FROM incoming_document")).scalar()
        connection.execute(
            text("UPDATE incoming_document SET classification = 'top_secret' WHERE id = :id"), {"id": row}
        )
    assert visitor(people.LEADER).get(f"/records/incoming_document/{row}").status_code == 404


def test_a_console_refuses_what_is_above_its_ceiling_in_words(visitor: Signed, app: Flask) -> None:
    data = {"title": "密件", "sender": "省政府", "unit": str(unit_id(app, "公安局")), "urgency": "plain",
            "received": "2004-03-01", "classification": "secret"}  # fmt: skip
    answer = visitor(people.POLICE).post("/records/incoming_document/new", data)
    assert answer.status_code == 422
    assert "本系统只能存放" in answer.text


def test_mail_is_seen_by_those_it_names_alone(visitor: Signed, app: Flask) -> None:
    for name in (people.POLICE, people.TOURISM):
        account = scalar(app, "SELECT id FROM ab_user WHERE username = :name", name=name)
        mine = """WITH me AS (SELECT id FROM staff WHERE account_id = :me)
                  SELECT count(*) FROM mail WHERE sender_id IN (SELECT id FROM me)
                  OR id IN (SELECT row_id FROM mail__to WHERE target_id IN (SELECT id FROM me))
                  OR id IN (SELECT row_id FROM mail__cc WHERE target_id IN (SELECT id FROM me))"""
        assert visitor(name).get("/records/mail/count").text == str(scalar(app, mine, me=account))


def test_drafts_of_another_units_news_are_not_shared_but_published_ones_are(visitor: Signed, app: Flask) -> None:
    unit = unit_id(app, "旅游局")
    shared = "SELECT count(*) FROM news_item WHERE state = 'published' OR unit_id = :unit"
    assert visitor(people.TOURISM).get("/records/news_item/count").text == str(scalar(app, shared, unit=unit))


def test_an_attachment_comes_only_through_a_visible_row(visitor: Signed, app: Flask) -> None:
    police, unit = visitor(people.POLICE), unit_id(app, "公安局")
    data = {"code": "GA-F-1", "title": "带附件", "system": "1", "unit": str(unit), "due": "2005-01-01",
            "evidence": (io.BytesIO(b"%PDF-1.4 test"), "佐证.pdf")}  # fmt: skip
    made = police.post("/records/milestone/new", data, content_type="multipart/form-data")
    assert made.status_code == 303, made.text[:2000]
    link = re.search(r'href="(/records/milestone/\d+/files/[0-9a-f]{32})"', police.get(made.headers["Location"]).text)
    assert link
    answer = police.get(link[1])
    assert answer.status_code == 200
    assert answer.data == b"%PDF-1.4 test"
    # given to be kept, and neither guessed at nor run by a browser that opens it all the same
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["Cache-Control"] == "no-store"
    answer.close()
    assert visitor(people.TOURISM).get(link[1]).status_code == 404
    file_id = link[1].rsplit("/", 1)[1]
    # somebody else's file cannot be hung on one's own row by its id
    own = {"code": "LY-F-1", "title": "借用", "system": "1", "unit": str(unit_id(app, "旅游局")), "due": "2005-01-01",
           "evidence__keep": file_id}  # fmt: skip
    made = visitor(people.TOURISM).post("/records/milestone/new", own)
    assert made.status_code == 303
    assert file_id not in visitor(people.TOURISM).get(made.headers["Location"]).text


def test_a_reader_finds_no_button_and_no_way_to_write(visitor: Signed) -> None:
    leader = visitor(people.LEADER)
    page = leader.get("/records/milestone/1").text
    assert "/edit" not in page
    assert "/delete" not in page
    assert leader.get("/records/milestone/new").status_code == 403
    for path, data in (
        ("/records/milestone/new", {"code": "X"}),
        ("/records/milestone/1/edit", {"title": "X"}),
        ("/records/milestone/1/delete", {}),
        ("/records/milestone/bulk", {"verb": "delete", "ids": "1", "step": "apply"}),
    ):
        answer = leader.post(path, data)
        assert answer.status_code == 403, path
        assert "您没有此权限" in answer.text


def person(app: Flask, name: str) -> Person:
    found = load_person(
        db(), app.extensions["catalog"], scalar(app, "SELECT id FROM ab_user WHERE username = :n", n=name)
    )
    assert found is not None
    return found


def test_a_session_without_an_actor_answers_nothing(app: Flask) -> None:
    catalog: Catalog = app.extensions["catalog"]
    with app.app_context(), pytest.raises(NoActor):
        db().scalars(select(catalog["milestone"].model)).all()


def test_a_door_that_writes_past_the_store_is_stopped(app: Flask, foreign: int) -> None:
    model = app.extensions["catalog"]["milestone"].model
    with app.app_context():
        act_as(db(), person(app, people.POLICE))
        row = db().get(model, foreign)
        assert row is not None
        row.title = "past the store"
        with pytest.raises(UnguardedWrite):
            db().commit()
        db().rollback()


def test_the_policy_reaches_every_shape_of_query(app: Flask) -> None:
    catalog: Catalog = app.extensions["catalog"]
    milestone, unit = (catalog[name].model for name in ("milestone", "unit"))
    from sqlalchemy import func, union_all
    from sqlalchemy.orm import aliased

    with app.app_context():
        act_as(db(), person(app, people.TOURISM))
        own = {unit_id(app, "旅游局")}
        other = aliased(milestone)
        inner = select(milestone.unit_id).subquery()
        shapes: list[Any] = [
            select(milestone.unit_id),
            select(other.unit_id),
            select(inner.c.unit_id),
            union_all(select(milestone.unit_id), select(other.unit_id)),
            select(unit.id).where(select(milestone.id).where(milestone.unit_id == unit.id).exists()),
            select(unit.id).where(unit.id.in_(select(milestone.unit_id))),
            select(unit.id).join(milestone, milestone.unit_id == unit.id),
        ]
        for shape in shapes:
            assert set(db().scalars(shape)) <= own, str(shape)
        total = select(func.count()).select_from(milestone).scalar_subquery()
        assert db().execute(select(total)).scalar() == len(list(db().scalars(select(milestone.id))))


def test_rows_that_are_needed_are_not_deleted_and_the_answer_names_and_links_them(visitor: Signed) -> None:
    answer = visitor(people.COORDINATOR).post("/records/system/1/delete")
    assert answer.status_code == 409
    assert "此记录仍被引用" in answer.text
    assert "/records/milestone/" in answer.text


def test_sign_in_leads_nowhere_else_and_begins_a_new_session(app: Flask) -> None:
    for target in (
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "\\\\evil",
        "//[",
    ):
        someone = Visitor(app)
        token = form_token(someone.get("/login/").text)
        answer = someone.client.post("/login/", data={"username": people.VIEWER, "password": "rainbow-demo-2003",
                                                      "csrf_token": token, "next": target})  # fmt: skip
        assert answer.headers["Location"] == "/", target


def test_an_unknown_name_and_a_wrong_password_get_the_same_answer(app: Flask) -> None:
    texts = []
    for name in ("nobody-at-all", people.VIEWER):
        someone = Visitor(app)
        token = form_token(someone.get("/login/").text)
        answer = someone.client.post("/login/", data={"username": name, "password": "wrong", "csrf_token": token})
        assert answer.status_code == 401
        texts.append(re.sub(r'value="[^"]*"|content="[^"]*"', "", answer.text))
    assert texts[0] == texts[1]


def test_an_account_that_is_not_active_is_out_on_the_next_request(app: Flask) -> None:
    someone = Visitor(app).sign_in(people.VIEWER)
    engine = app.extensions["engine"]
    try:
        with engine.begin() as connection:
            connection.execute(text("UPDATE ab_user SET active = false WHERE username = 'viewer'"))
        assert someone.get("/").headers["Location"].startswith("/login/")
    finally:
        with engine.begin() as connection:
            connection.execute(text("UPDATE ab_user SET active = true WHERE username = 'viewer'"))
