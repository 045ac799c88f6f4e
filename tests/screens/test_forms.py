"""Forms: faults beside the field with everything typed kept, saved once, and nothing lost on the way."""

import io
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.catalog import Catalog, Entry
from tests.support import people
from tests.support.visitor import Visitor, form_token

Signed = Callable[[str], Visitor]
MILESTONE = {"code": "T-1", "title": "测试节点", "system": "1", "unit": "2", "due": "2005-06-30"}


def scalar(app: Flask, statement: str, **values: object) -> Any:
    with app.extensions["engine"].connect() as connection:
        return connection.execute(text(statement), values).scalar()


def hidden(page: str, name: str) -> str:
    import html

    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"the form has no {name}"
    return html.unescape(found[1])


def beside(page: str, name: str) -> str:
    """The message beside a field."""
    found = re.search(rf'id="f-{name}-e">.*?<span>(.*?)</span>', page, re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("code", "", "请填写此项"),
        ("code", "has space", "不能有空格"),
        ("title", "长" * 201, "最多 200 个字"),
        ("due", "someday", "2004-06-30"),
        ("due", "2004-02-30", "2004-06-30"),
        ("due", "", "请填写此项"),
        ("target_share", "101", "0 至 100"),
        ("target_share", "half", "请填写数字"),
        ("target_share", "1e5", "请填写数字"),
        ("target_share", "NaN", "请填写数字"),
        ("system", "999999", "不存在"),
        ("system", "abc", "请从列表中选择"),
        ("system", "", "请填写此项"),
        ("unit", "0", "请从列表中选择"),
        ("done", "2999-01-01", "晚于今天"),
        ("code", "YJ-2003", "相同的"),
    ],
)
def test_a_fault_stands_beside_its_field_and_everything_typed_is_kept(
    visitor: Signed, app: Flask, field: str, typed: str, words: str
) -> None:
    before = scalar(app, "SELECT count(*) FROM milestone")
    data = {**MILESTONE, "criteria": "第一行\n第二行 <b>", field: typed}
    answer = visitor(people.COORDINATOR).post("/records/milestone/new", data)
    assert answer.status_code == 422
    assert words in beside(answer.text, field)
    assert f'href="#f-{field}"' in answer.text
    assert "第二行 &lt;b&gt;" in answer.text
    for name in ("code", "title", "due", "target_share"):
        if data.get(name):
            assert f'value="{data[name]}"' in answer.text, name
    assert scalar(app, "SELECT count(*) FROM milestone") == before


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("110105194912310021", "末位校验码"),
        ("11010519491331002X", "出生日期"),
        ("12345", "18 位号码"),
        ("", "请填写此项"),
    ],
)
def test_an_identity_number_is_checked(visitor: Signed, typed: str, words: str) -> None:
    data = {"citizen_id": typed, "name": "测试", "area": "320705", "unit": "15", "ethnicity": "han"}
    answer = visitor(people.POLICE).post("/records/resident/new", data)
    assert answer.status_code == 422
    assert words in beside(answer.text, "citizen_id")


def test_dates_and_numbers_are_read_as_the_chinese_write_them(visitor: Signed, app: Flask) -> None:
    data = {**MILESTONE, "code": "T-ZH", "due": "2005年6月３０日", "target_share": "５０％"}
    assert visitor(people.COORDINATOR).post("/records/milestone/new", data).status_code == 303
    assert str(scalar(app, "SELECT due FROM milestone WHERE code = 'T-ZH'")) == "2005-06-30"


def test_an_attachment_is_checked_by_its_content_and_survives_a_fault_elsewhere(visitor: Signed) -> None:
    coordinator = visitor(people.COORDINATOR)
    for name, content, words in (
        ("佐证.pdf", b"MZ\x90\x00 a program", "内容与扩展名不符"),
        ("佐证.exe", b"MZ\x90\x00", "不接受"),
        ("佐证.docx", b"PK\x03\x04 not a document", "内容与扩展名不符"),
        ("空.pdf", b"", "空文件"),
        ("../../etc/passwd", b"root", "不接受"),
    ):
        data = {**MILESTONE, "code": "T-BAD", "evidence": (io.BytesIO(content), name)}
        answer = coordinator.post("/records/milestone/new", data, content_type="multipart/form-data")
        assert answer.status_code == 422, name
        assert words in beside(answer.text, "evidence"), name
    data = {**MILESTONE, "code": "T-FILE", "due": "", "evidence": (io.BytesIO(b"%PDF-1.7 x"), "佐证 一.pdf")}
    answer = coordinator.post("/records/milestone/new", data, content_type="multipart/form-data")
    assert answer.status_code == 422
    kept = re.search(r'name="evidence__keep" value="([0-9a-f]{32})"', answer.text)
    assert kept
    assert "佐证 一.pdf" in answer.text
    saved = coordinator.post("/records/milestone/new", {**MILESTONE, "code": "T-FILE", "evidence__keep": kept[1]})
    assert saved.status_code == 303
    assert "佐证 一.pdf" in coordinator.get(saved.headers["Location"]).text


def test_sending_the_same_form_twice_saves_once(visitor: Signed, app: Flask) -> None:
    coordinator = visitor(people.COORDINATOR)
    once = hidden(coordinator.get("/records/milestone/new").text, "_once")
    data = {**MILESTONE, "code": "T-TWICE", "_once": once}
    first = coordinator.post("/records/milestone/new", data)
    second = coordinator.post("/records/milestone/new", data)
    assert first.status_code == second.status_code == 303
    assert first.headers["Location"] == second.headers["Location"]
    assert scalar(app, "SELECT count(*) FROM milestone WHERE code = 'T-TWICE'") == 1


def test_sending_the_same_change_twice_is_one_change_and_no_conflict(visitor: Signed, app: Flask) -> None:
    coordinator, path = visitor(people.COORDINATOR), "/records/system/10/edit"
    page = coordinator.get(path).text
    group, status = re.findall(r'value="(\w+)" selected', page)[:2]
    data = {"_version": hidden(page, "_version"), "_seen": hidden(page, "_seen"), "name": "改名一次", "group": group,
            "status": status}  # fmt: skip
    assert [coordinator.post(path, data).status_code for _ in range(2)] == [303, 303]
    changes = "SELECT count(*) FROM rn_event WHERE record = 'system' AND row_id = 10"
    assert scalar(app, changes) == 1


def test_sending_the_same_form_twice_at_once_saves_once(app: Flask) -> None:
    senders = [Visitor(app).sign_in(people.POLICE) for _ in range(4)]
    page = senders[0].get("/records/news_item/new").text
    data = {"title": "同时提交的动态", "column": "today", "unit": "15", "_once": hidden(page, "_once")}
    answers: list[Any] = []
    for sender in senders:
        sender.get("/")
    threads = [
        threading.Thread(target=lambda sender=sender: answers.append(sender.post("/records/news_item/new", data)))
        for sender in senders
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert scalar(app, "SELECT count(*) FROM news_item WHERE title = '同时提交的动态'") == 1


def test_a_session_that_ended_loses_nothing_typed(app: Flask) -> None:
    someone = Visitor(app).sign_in(people.COORDINATOR)
    page = someone.get("/records/milestone/1/edit").text
    typed = {"title": "会话过期前填写", "system": "1", "unit": "2", "due": "2005-01-31", "criteria": "很长的\n文字",
             "_version": hidden(page, "_version"), "_seen": hidden(page, "_seen"),
             "csrf_token": form_token(page)}  # fmt: skip
    someone.client.delete_cookie("rainbow")
    answer = someone.client.post("/records/milestone/1/edit", data=typed)
    assert answer.status_code == 401
    assert "会话已结束" in answer.text or "保留" in answer.text
    login = {"username": people.COORDINATOR, "password": people.PASSWORD, "draft": hidden(answer.text, "draft"),
             "next": hidden(answer.text, "next"), "csrf_token": form_token(answer.text)}  # fmt: skip
    admitted = someone.client.post("/login/", data=login)
    assert admitted.status_code == 303
    again = someone.client.get(admitted.headers["Location"])
    assert again.status_code == 200
    assert 'value="会话过期前填写"' in again.text
    assert "很长的\n文字" in again.text
    # a draft belongs to who signed in: somebody else gets the form as it stands
    other = Visitor(app).sign_in(people.POLICE)
    assert "会话过期前填写" not in other.get(admitted.headers["Location"]).text


def test_a_form_without_its_token_is_not_saved_and_comes_back_filled(visitor: Signed, app: Flask) -> None:
    coordinator = visitor(people.COORDINATOR)
    data = {**MILESTONE, "code": "T-CSRF", "title": "没有令牌", "csrf_token": "forged"}
    answer = coordinator.client.post("/records/milestone/new", data=data)
    assert answer.status_code == 303
    assert scalar(app, "SELECT count(*) FROM milestone WHERE code = 'T-CSRF'") == 0
    assert 'value="没有令牌"' in coordinator.get(answer.headers["Location"]).text


def test_a_stale_save_is_a_conflict_that_loses_neither_side(app: Flask) -> None:
    one, two = (Visitor(app).sign_in(people.COORDINATOR) for _ in range(2))
    path = "/records/system/7"
    pages = [someone.get(f"{path}/edit").text for someone in (one, two)]
    forms = [{"_version": hidden(page, "_version"), "_seen": hidden(page, "_seen")} for page in pages]
    name = re.search(r'name="name"[^>]*value="([^"]+)"', pages[0])
    assert name
    fields = {"group": re.findall(r'value="(\w+)" selected', pages[0])[0], "status": "building"}
    assert one.post(f"{path}/edit", {**forms[0], **fields, "name": "甲方改名"}).status_code == 303
    answer = two.post(f"{path}/edit", {**forms[1], **fields, "name": "乙方改名"})
    assert answer.status_code == 409
    assert 'value="乙方改名"' in answer.text
    assert "甲方改名" in answer.text
    assert scalar(app, "SELECT name FROM system WHERE id = 7") == "甲方改名"
    again = {"_version": hidden(answer.text, "_version"), "_seen": hidden(answer.text, "_seen")}
    assert two.post(f"{path}/edit", {**again, **fields, "name": "乙方改名"}).status_code == 303
    assert scalar(app, "SELECT name FROM system WHERE id = 7") == "乙方改名"


def test_what_only_one_side_changed_is_merged_by_itself(app: Flask) -> None:
    one, two = (Visitor(app).sign_in(people.COORDINATOR) for _ in range(2))
    path = "/records/system/8"
    pages = [someone.get(f"{path}/edit").text for someone in (one, two)]
    forms = [{"_version": hidden(page, "_version"), "_seen": hidden(page, "_seen")} for page in pages]
    name = re.search(r'name="name"[^>]*value="([^"]+)"', pages[0])
    group = re.findall(r'value="(\w+)" selected', pages[0])[0]
    assert name
    both = {"group": group, "name": name[1]}
    assert one.post(f"{path}/edit", {**forms[0], **both, "status": "trial"}).status_code == 303
    answer = two.post(f"{path}/edit", {**forms[1], **both, "keyed_on": "新标识"})
    assert answer.status_code == 409
    assert 'value="新标识"' in answer.text
    assert '<option value="trial" selected>' in answer.text


def test_a_state_changes_only_along_the_steps_open_to_the_person(visitor: Signed, app: Flask) -> None:
    police = visitor(people.POLICE)
    data = {**MILESTONE, "code": "T-STEP", "unit": "15", "state": "accepted"}
    made = police.post("/records/milestone/new", data)
    assert made.status_code == 303
    assert scalar(app, "SELECT state FROM milestone WHERE code = 'T-STEP'") == "planned"
    path = made.headers["Location"]
    version = {"_version": hidden(police.get(f"{path}/edit").text, "_version")}
    refused = police.post(f"{path}/edit", {**data, **version})
    assert refused.status_code == 422
    assert "只能选择" in beside(refused.text, "state")
    assert police.post(f"{path}/edit", {**data, **version, "state": "submitted"}).status_code == 303
    coordinator = visitor(people.COORDINATOR)
    version = {"_version": hidden(coordinator.get(f"{path}/edit").text, "_version")}
    assert coordinator.post(f"{path}/edit", {**data, **version, "state": "accepted"}).status_code == 303
    assert scalar(app, "SELECT state FROM milestone WHERE code = 'T-STEP'") == "accepted"


def test_a_missing_row_is_created_in_place(visitor: Signed) -> None:
    trainer = visitor(people.TRAINER)
    form = trainer.get("/records/training_course/new?inline=1&label=网络安全", headers={"HX-Request": "true"})
    assert form.status_code == 200
    assert 'value="网络安全"' in form.text
    assert "<html" not in form.text
    bad = trainer.post("/records/training_course/new?inline=1", {"code": "", "title": "网络安全"})
    assert bad.status_code == 422
    assert "请填写此项" in bad.text
    good = trainer.post(
        "/records/training_course/new?inline=1", {"code": "PX-T-1", "title": "网络安全", "audience": "others"}
    )
    assert good.status_code == 201
    assert good.json
    assert good.json["label"] == "网络安全"


def test_many_rows_are_set_at_once_whole_or_not_at_all(visitor: Signed, app: Flask) -> None:
    coordinator = visitor(people.COORDINATOR)
    ids = re.findall(r'data-pk="(\d+)"', coordinator.get("/records/system/").text)[:5]
    data: dict[str, Any] = {"verb": "set", "ids": ids, "step": "preview"}
    assert 'name="field"' in coordinator.post("/records/system/bulk", data).text
    chosen = coordinator.post("/records/system/bulk", {**data, "field": "status"})
    assert chosen.status_code == 200
    assert 'name="value"' in chosen.text
    done = coordinator.post("/records/system/bulk", {**data, "field": "status", "value": "trial", "step": "apply"})
    assert done.status_code == 303
    statement = f"SELECT count(*) FROM system WHERE status = 'trial' AND id IN ({','.join(ids)})"
    assert scalar(app, statement) == 5
    bad = coordinator.post("/records/system/bulk", {**data, "field": "status", "value": "gone", "step": "apply"})
    assert bad.status_code == 422
    refused = coordinator.post(
        "/records/milestone/bulk",
        {"verb": "set", "all": "1", "query": "", "field": "done", "value": "2999-01-01", "step": "apply"},
    )
    assert refused.status_code == 422
    assert scalar(app, "SELECT count(*) FROM milestone WHERE done > '2900-01-01'") == 0


def test_bulk_reaches_only_what_the_person_may_change(visitor: Signed, app: Flask) -> None:
    police = visitor(people.POLICE)
    page = police.post("/records/news_item/bulk", {"verb": "set", "all": "1", "query": "", "step": "preview"}).text
    own = scalar(app, "SELECT count(*) FROM news_item WHERE unit_id = 15")
    assert f">{own}<" in page
    data = {"verb": "set", "all": "1", "query": "", "field": "author", "value": "统一作者", "step": "apply"}
    assert police.post("/records/news_item/bulk", data).status_code == 303
    assert scalar(app, "SELECT count(*) FROM news_item WHERE author = '统一作者'") == own
    assert scalar(app, "SELECT count(*) FROM news_item WHERE author = '统一作者' AND unit_id <> 15") == 0


def test_bulk_delete_keeps_what_is_needed_and_takes_the_rest(visitor: Signed, app: Flask) -> None:
    coordinator = visitor(people.COORDINATOR)
    refused = coordinator.post("/records/system/bulk", {"verb": "delete", "ids": ["1", "2"], "step": "apply"})
    assert refused.status_code == 409
    assert scalar(app, "SELECT count(*) FROM system WHERE id IN (1, 2)") == 2
    made = [
        coordinator.post("/records/milestone/new", {**MILESTONE, "code": f"T-DEL-{n}"}).headers["Location"]
        for n in "ab"
    ]
    ids = [path.rsplit("/", 1)[1] for path in made]
    done = coordinator.post("/records/milestone/bulk", {"verb": "delete", "ids": ids, "step": "apply"})
    assert done.status_code == 303
    assert all(coordinator.get(path).status_code == 404 for path in made)


@pytest.mark.parametrize("ids", [[], ["abc"], ["-1"], ["9" * 30], [str(n) for n in range(1, 1005)]])
def test_a_malformed_selection_is_refused_in_words(visitor: Signed, ids: list[str]) -> None:
    answer = visitor(people.COORDINATOR).post(
        "/records/milestone/bulk", {"verb": "delete", "ids": ids, "step": "apply"}
    )
    assert answer.status_code == 400
    assert "请先在列表中选择" in answer.text


def test_a_view_is_kept_shared_with_the_unit_and_deleted_by_its_owner_alone(visitor: Signed, app: Flask) -> None:
    police, tourism = visitor(people.POLICE), visitor(people.TOURISM)
    query = "state=planned&order=-due&cols=title,due"
    made = police.post("/records/milestone/views", {"name": "计划中", "query": query})
    assert made.status_code == 303
    view = made.headers["Location"]
    assert "计划中" in police.get(view).text
    number = view.rsplit("=", 1)[1]
    assert tourism.get(f"/records/milestone/?view={number}").status_code == 400
    assert tourism.post(f"/records/milestone/views/{number}/delete").status_code == 404
    assert police.post("/records/milestone/views", {"name": "", "query": query}).status_code == 303
    assert police.post("/records/milestone/views", {"name": "坏", "query": "colour=red"}).status_code == 400
    assert police.post(f"/records/milestone/views/{number}/delete").status_code == 303
    assert police.get(view).status_code == 400
    assert scalar(app, "SELECT count(*) FROM rn_saved_view") == 0


def test_a_shared_view_is_opened_by_the_unit_and_deleted_by_its_owner_alone(visitor: Signed) -> None:
    coordinator, leader = visitor(people.COORDINATOR), visitor(people.LEADER)
    made = coordinator.post("/records/system/views", {"name": "在建", "query": "status=building", "shared": "1"})
    view = made.headers["Location"]
    number = view.rsplit("=", 1)[1]
    assert "在建" in leader.get(view).text
    assert leader.post(f"/records/system/views/{number}/delete").status_code == 404
    assert visitor(people.POLICE).get(view).status_code == 400
    assert coordinator.post(f"/records/system/views/{number}/delete").status_code == 303


def fields_of(entry: Entry) -> st.SearchStrategy[dict[str, str]]:
    texts = st.one_of(
        st.text(max_size=40), st.sampled_from(["1", "-1", "0", "2004-06-30", "true", "９", "\x00", "a" * 300])
    )
    return st.fixed_dictionaries({}, optional={name: texts for name, item in entry.fields.items() if item.typed})


@given(data=st.data())
@settings(max_examples=90)
def test_no_form_breaks_whatever_is_typed(visitor: Signed, app: Flask, data: st.DataObject) -> None:
    catalog: Catalog = app.extensions["catalog"]
    name, record = data.draw(st.sampled_from([
        (people.COORDINATOR, "milestone"), (people.COORDINATOR, "budget_line"), (people.COORDINATOR, "deployment"),
        (people.TRAINER, "training_record"), (people.TRAINER, "training_course"), (people.POLICE, "resident"),
        (people.POLICE, "incoming_document"), (people.STATISTICS, "indicator_value"), (people.ADMIN, "account"),
        (people.POLICE, "mail"), (people.SECURITY, "group"), (people.COORDINATOR, "project"),
    ]))  # fmt: skip
    typed = data.draw(fields_of(catalog[record]))
    answer = visitor(name).post(f"/records/{record}/new", typed)
    assert answer.status_code in {303, 422}, (record, typed, answer.text[:500])
