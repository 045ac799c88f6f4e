"""Importing by the screens: a file is looked at before anything is stored, goes in as chosen, and can be taken back."""

import html
import io
import re
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from app.jobs.worker import Worker, make_name
from app.screens import export
from app.store.jobs import JOB
from app.store.tables import JobState
from tests.support import people
from tests.support.places import Place
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]


@pytest.fixture
def work(app: Flask, place: Place) -> Callable[[], None]:
    """Do the jobs that wait, in this process."""
    return Worker(app, place.settings, make_name()).drain


def workbook(*rows: list[Any], title: str = "表一") -> io.BytesIO:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return file


def send(visitor: Visitor, record: str, file: io.BytesIO, name: str = "法人.xlsx") -> TestResponse:
    return visitor.post(f"/records/{record}/import", {"file": (file, name)})


def sent(visitor: Visitor, record: str, file: io.BytesIO) -> str:
    """Send a file that is taken, and return the address of its import."""
    answer = send(visitor, record, file)
    assert answer.status_code == 303, re.findall(r"rn-file-e.*?</div>", answer.text, re.DOTALL)
    return answer.location


def check(visitor: Visitor, address: str, work: Callable[[], None], **said: str) -> str:
    """Have the file checked with its columns as they stand, and return the page."""
    page = visitor.get(address).text
    answer = visitor.post(f"{address}/layout", {"step": "check", "mode": "both", **columns(page), **said})
    assert answer.status_code == 303, re.findall(r"alert-danger.*?</div></div>", answer.text, re.DOTALL)
    work()
    return visitor.get(address).text


def columns(page: str) -> dict[str, str]:
    found = {}
    for name, options in re.findall(r'<select class="form-select" name="(col-\d+)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def counts(page: str) -> list[int]:
    return [int(text.replace(",", "")) for text in re.findall(r'<span class="rn-kpi">([\d,]+)</span>', page)]


def rows_of(app: Flask, record: str) -> int:
    model = app.extensions["catalog"][record].model
    with app.extensions["engine"].connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(model.__table__)) or 0)


@pytest.fixture
def unit(app: Flask) -> str:
    """The code of the unit that keeps the indicators."""
    table = app.extensions["catalog"]["unit"].model.__table__
    with app.extensions["engine"].connect() as connection:
        return str(connection.scalar(select(table.c.code).where(table.c.name == "统计局")))


def test_a_file_is_checked_first_then_stored_then_taken_back(
    app: Flask, visitor: Signed, work: Callable[[], None], unit: str
) -> None:
    person, before = visitor(people.STATISTICS), rows_of(app, "indicator")
    rows = [[f"T-{number}", f"试验指标 {number}", "万元", unit] for number in range(3)]
    address = sent(
        person, "indicator", workbook(["编码", "名称", "计量单位", "管理单位"], *rows, ["T-0", "又一次", "万元", unit])
    )
    page = person.get(address).text
    assert set(columns(page).values()) >= {"code", "name", "measure"}
    page = check(person, address, work)
    assert counts(page) == [3, 0, 0, 1, 0]
    assert rows_of(app, "indicator") == before
    assert 'value="all" disabled' in page
    answer = person.get(f"{address}/rest.xlsx")
    assert answer.status_code == 200, answer.text[:3000]
    marked = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert marked is not None
    assert (marked.max_row, marked["A5"].value) == (5, "T-0")
    assert marked["A5"].comment is not None
    assert marked["A4"].comment is None
    assert person.post(f"{address}/apply", {"choice": "good"}).status_code == 303
    work()
    assert rows_of(app, "indicator") == before + 3
    page = person.get(address).text
    assert "rn-undo" in page
    assert person.post(f"{address}/undo", {}).status_code == 303
    work()
    assert rows_of(app, "indicator") == before


def test_an_undo_that_left_rows_says_how_many(visitor: Signed, work: Callable[[], None], unit: str) -> None:
    person, heads = visitor(people.STATISTICS), ["编码", "名称", "计量单位", "管理单位"]
    address = sent(person, "indicator", workbook(heads, *([f"L-{one}", f"指标 {one}", "吨", unit] for one in range(3))))
    page = check(person, address, work)
    assert "计量单位" in page
    assert page.count("吨") == 3
    person.post(f"{address}/apply", {"choice": "all"})
    work()
    later = sent(person, "indicator", workbook(heads[:2], ["L-1", "改名"]))
    check(person, later, work)
    person.post(f"{later}/apply", {"choice": "all"})
    work()
    person.post(f"{address}/undo", {"others": "1"})
    work()
    assert "除 1 行" in person.get(address).text


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "没有数据行"),
        ([["N-1", "", "吨", "x"]], "没有可以写入的行"),
        ([["N-2", "一", "吨", "统计局"]], "没有需要写入"),
    ],
)  # fmt: skip
def test_where_no_row_can_go_in_nothing_is_offered_and_why_is_said(
    visitor: Signed, work: Callable[[], None], rows: list[list[str]], words: str
) -> None:
    person, heads = visitor(people.STATISTICS), ["编码", "名称", "计量单位", "管理单位"]
    page = ""
    for _twice in range(2):
        address = sent(person, "indicator", workbook(heads, *rows))
        page = check(person, address, work)
        person.post(f"{address}/apply", {"choice": "all"})
        work()
    assert words in page
    assert 'name="choice"' not in page


def test_a_returned_export_changes_what_was_changed_in_it(
    app: Flask, visitor: Signed, work: Callable[[], None]
) -> None:
    person = visitor(people.STATISTICS)
    file = io.BytesIO(person.get("/records/indicator/export.xlsx?cols=code,name,measure").data)
    book = openpyxl.load_workbook(file)
    sheet = book.active
    assert sheet is not None
    old, total = sheet["B2"].value, sheet.max_row - 1
    sheet["B2"].value = "改过的名称"
    edited = io.BytesIO()
    book.save(edited)
    edited.seek(0)
    address = sent(person, "indicator", edited)
    page = check(person, address, work)
    assert counts(page) == [0, 1, total - 1, 0, 0]
    assert f"<del>{old}</del>" in page
    assert "<ins>改过的名称</ins>" in page
    person.post(f"{address}/apply", {"choice": "all"})
    work()
    model = app.extensions["catalog"]["indicator"].model
    with app.extensions["engine"].begin() as connection:
        assert connection.scalar(select(func.count()).where(model.__table__.c.name == "改过的名称")) == 1
        # somebody changes the row since
        table = model.__table__
        changed = update(table).where(table.c.name == "改过的名称").values(version=table.c.version + 1)
        connection.execute(changed)
    person.post(f"{address}/undo", {})
    work()
    page = person.get(address).text
    assert "改过的名称" in page
    assert 'name="others" value="1"' in page


def test_a_bad_file_is_answered_beside_the_field(visitor: Signed) -> None:
    person = visitor(people.STATISTICS)
    for content, name in ((b"%PDF-1.4 x", "a.xlsx"), (b"", "a.xlsx"), (b"PK\x03\x04 cut off", "a.xlsx")):
        answer = send(person, "indicator", io.BytesIO(content), name)
        assert answer.status_code == 422
        assert 'id="rn-file-e"' in answer.text
    answer = person.post("/records/indicator/import", {})
    assert answer.status_code == 422
    assert 'id="rn-file-e"' in answer.text


def test_columns_can_be_settled_by_hand_and_are_remembered(
    visitor: Signed, work: Callable[[], None], unit: str
) -> None:
    person = visitor(people.STATISTICS)
    rows = (["甲", "乙", "丙", "丁"], ["H-1", "手工指标", "吨", unit])
    address = sent(person, "indicator", workbook(*rows))
    assert set(columns(person.get(address).text).values()) == {""}
    twice = person.post(f"{address}/layout", {"step": "check", "col-0": "code", "col-1": "code"})
    assert twice.status_code == 422
    page = check(person, address, work, **{"col-0": "code", "col-1": "name", "col-2": "measure", "col-3": "unit"})
    assert counts(page) == [1, 0, 0, 0, 0]
    again = sent(person, "indicator", workbook(rows[0], ["H-2", "再来一个", "吨", unit]))
    assert list(columns(person.get(again).text).values()) == ["code", "name", "measure", "unit"]
    assert person.post(f"{address}/layout", {"col-0": "none_such"}).status_code == 400
    assert person.post(f"{address}/layout", {"header_row": "x"}).status_code == 422
    assert person.post(f"{again}/drop", {}).status_code == 303


def test_who_goes_back_to_the_columns_finds_what_was_said_of_empty_cells(
    visitor: Signed, work: Callable[[], None], unit: str
) -> None:
    person = visitor(people.STATISTICS)
    address = sent(person, "indicator", workbook(["编码", "名称"], ["B-1", "一"]))
    check(person, address, work, clear="1")
    person.post(f"{address}/layout", {"step": "read"})
    assert re.search(r'name="clear" value="1" checked', person.get(address).text)
    person.post(f"{address}/layout", {"step": "read", "mode": "both"})
    assert not re.search(r'name="clear" value="1" checked', person.get(address).text)


@pytest.mark.parametrize("row", ["0", "-1", "1e3", "９", "1048577", "1" + "0" * 5000])
def test_a_header_row_that_is_none_is_answered_in_words(visitor: Signed, row: str) -> None:
    person = visitor(people.STATISTICS)
    address = sent(person, "indicator", workbook(["编码", "名称"], ["B-1", "一"]))
    answer = person.post(f"{address}/layout", {"step": "read", "header_row": row})
    assert answer.status_code == 422
    assert "表头行号应" in answer.text


def test_a_step_that_was_begun_anew_is_not_taken_twice(
    app: Flask, visitor: Signed, work: Callable[[], None], unit: str
) -> None:
    person = visitor(people.STATISTICS)
    address = sent(person, "indicator", workbook(["编码", "名称", "计量单位", "管理单位"], ["B-2", "一", "吨", unit]))
    check(person, address, work)
    with app.extensions["engine"].connect() as connection:
        first = connection.scalar(select(func.max(JOB.c.id)))
    person.post(f"{address}/layout", {"step": "read"})
    check(person, address, work)
    with app.extensions["engine"].begin() as connection:
        connection.execute(update(JOB).where(JOB.c.id == first).values(state=JobState.FAILED))
    person.post(f"/jobs/{first}/retry", {})
    work()
    assert "重新开始" in person.get(f"/jobs/{first}").text
    assert counts(person.get(address).text) == [1, 0, 0, 0, 0]


def test_an_import_is_its_persons_alone(visitor: Signed, stranger: Visitor) -> None:
    person = visitor(people.STATISTICS)
    address = sent(person, "indicator", workbook(["编码", "名称"], ["P-1", "名"]))
    for path in (address, f"{address}/progress", f"{address}/rest.xlsx"):
        assert visitor(people.LEADER).get(path).status_code == 404
        assert stranger.get(path).status_code == 303
    for step in ("layout", "apply", "undo", "drop"):
        assert visitor(people.LEADER).post(f"{address}/{step}", {"choice": "all"}).status_code == 404
    assert person.post(f"{address}/apply", {"choice": "x"}).status_code == 400
    assert person.get("/imports/").status_code == 200
    assert person.get("/imports/?before=x").status_code == 400


def test_only_those_who_may_write_a_record_import_into_it(visitor: Signed) -> None:
    for name, record in ((people.VIEWER, "indicator"), (people.LEADER, "resident")):
        assert visitor(name).get(f"/records/{record}/import").status_code == 403
        assert "/import" not in visitor(name).get(f"/records/{record}/").text
    assert visitor(people.ADMIN).get("/records/account/import").status_code == 404
    assert 'href="/records/indicator/import"' in visitor(people.STATISTICS).get("/records/indicator/").text


def test_a_long_list_is_written_by_a_job(
    app: Flask, visitor: Signed, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "STRAIGHT", 5)
    person = visitor(people.VIEWER)
    offer = person.get("/records/unit/export.xlsx?order=-code&cols=code,name")
    assert offer.status_code == 200
    assert "/jobs/1" not in person.get("/jobs/").text
    form = re.search(r'<form[^>]* method="post" action="([^"]+export[^"]+)"', offer.text)
    assert form is not None
    answer = person.post(html.unescape(form[1]))
    assert answer.status_code == 303
    work()
    page = person.get(answer.location)
    assert f"{answer.location}/file" in page.text
    with person.get(f"{answer.location}/file") as file:
        sheet = openpyxl.load_workbook(io.BytesIO(file.data)).active
    assert sheet is not None
    codes = [cell.value for cell in sheet["A"][1:]]
    assert codes == sorted(codes, reverse=True)
    assert len(codes) == rows_of(app, "unit")
    assert visitor(people.LEADER).get(f"{answer.location}/file").status_code == 404
