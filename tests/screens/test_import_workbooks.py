"""Workbooks of an import: several sheets that go on in one another, one's own file marked, the rest of it."""

import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select

from app.excel import write as writing
from app.jobs.worker import Worker
from tests.excel.test_mark import FORMULAS, MERGED, WHOLE, texts
from tests.screens.test_imports import check, counts, send, sent, workbook
from tests.support import people
from tests.support.places import Place
from tests.support.visitor import Visitor
from tests.support.workbooks import raw_xlsx, sheet_xml, table_xml

Signed = Callable[[str], Visitor]
HEADS = ["编码", "名称", "计量单位", "管理单位"]


@pytest.fixture
def work(app: Flask, place: Place) -> Callable[[], None]:
    """Do the jobs that wait, in this process."""
    return Worker(app, place.settings, "in-process").drain


@pytest.fixture
def unit(app: Flask) -> str:
    """The code of the unit that keeps the indicators."""
    table = app.extensions["catalog"]["unit"].model.__table__
    with app.extensions["engine"].connect() as connection:
        return str(connection.scalar(select(table.c.code).where(table.c.name == "统计局")))


def opened(person: Visitor, address: str) -> openpyxl.Workbook:
    answer = person.get(address)
    assert answer.status_code == 200, answer.text[:2000]
    return openpyxl.load_workbook(io.BytesIO(answer.data))


def saved(book: openpyxl.Workbook) -> io.BytesIO:
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return file


def test_an_export_over_several_sheets_comes_back_whole(
    visitor: Signed, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "ROWS_A_SHEET", 7)
    person = visitor(people.STATISTICS)
    book = opened(person, "/records/indicator/export.xlsx?cols=code,name,measure")
    sheets = book.worksheets
    assert len(sheets) > 2
    total = sum(sheet.max_row - 1 for sheet in sheets)
    sheets[1]["B3"].value = "第二张表里改过的名称"
    sheets[2]["B2"].value = ""
    address = sent(person, "indicator", saved(book))
    assert all(f"“{sheet.title}”" in person.get(address).text for sheet in sheets[1:])
    page = check(person, address, work)
    assert counts(page) == [0, 1, total - 2, 1, 0]
    assert "2（第 3 张表）" in page
    marked = opened(person, f"{address}/rest.xlsx")
    assert marked.worksheets[2]["B2"].comment is not None
    assert all(cell.comment is None for sheet in marked.worksheets[:2] for row in sheet.iter_rows() for cell in row)
    person.post(f"{address}/apply", {"choice": "good"})
    work()
    assert "第二张表里改过的名称" in person.get("/records/indicator/?q=第二张表里改过的名称").text


def test_sheets_of_other_columns_are_not_read_along(visitor: Signed, work: Callable[[], None], unit: str) -> None:
    person = visitor(people.STATISTICS)
    book = openpyxl.load_workbook(workbook(HEADS, ["S-1", "一", "吨", unit]))
    for title, heads in (("另一种", [*HEADS, "备注"]), ("再一张", HEADS)):
        sheet = book.create_sheet(title)
        sheet.append(heads)
        sheet.append([f"S-{title}", "二", "吨", unit])
    page = check(person, sent(person, "indicator", saved(book)), work)
    assert counts(page) == [1, 0, 0, 0, 0]


def test_ones_own_workbook_is_marked_before_and_the_rest_alone_is_given_afterwards(
    visitor: Signed, work: Callable[[], None], unit: str
) -> None:
    person = visitor(people.STATISTICS)
    rows = [["R-1", "一", "吨", unit], ["R-2", "", "吨", unit], ["R-3", "三", "吨", unit], ["R-4", "四", "吨", "none"]]
    address = sent(person, "indicator", workbook(HEADS, *rows))
    assert counts(check(person, address, work)) == [2, 0, 0, 2, 0]
    whole = opened(person, f"{address}/rest.xlsx").active
    assert whole is not None
    assert [whole.cell(line, 1).value for line in range(2, 6)] == ["R-1", "R-2", "R-3", "R-4"]
    assert [bool(whole.cell(line, column).comment) for line, column in ((3, 2), (5, 4), (2, 2))] == [True, True, False]
    person.post(f"{address}/apply", {"choice": "good"})
    work()
    book = opened(person, f"{address}/rest.xlsx")
    rest = book.active
    assert rest is not None
    assert [[cell.value for cell in row[:4]] for row in rest.iter_rows(min_row=2)] == [
        [cell or None for cell in row] for row in (rows[1], rows[3])
    ]
    assert [bool(rest.cell(line, column).comment) for line, column in ((2, 2), (3, 4))] == [True, True]
    assert "第 3 行" in str(rest.cell(2, 5).value)
    # mended, it goes in as it is
    rest["B2"].value, rest["D3"].value = "二", unit
    assert counts(check(person, sent(person, "indicator", saved(book)), work)) == [2, 0, 0, 0, 0]


def test_a_sheet_that_gives_two_rows_one_number_is_told(
    visitor: Signed, work: Callable[[], None], unit: str, tmp_path: Path
) -> None:
    person = visitor(people.STATISTICS)
    rows = table_xml(tuple(HEADS), ("D-1", "一", "吨", unit)) + table_xml(("D-2", "二", "吨", unit), first=2)
    path = raw_xlsx(tmp_path / "a.xlsx", sheet_xml(rows))
    page = check(person, sent(person, "indicator", io.BytesIO(path.read_bytes())), work)
    assert "损坏" in page
    assert 'name="col-0"' in page


def test_all_formulas_are_counted_once_the_rows_are_read(
    visitor: Signed, work: Callable[[], None], unit: str, tmp_path: Path
) -> None:
    person = visitor(people.STATISTICS)
    rows = table_xml(tuple(HEADS)) + "".join(
        f'<row r="{line}"><c r="A{line}" t="str"><f>1</f><v>G-{line}</v></c></row>' for line in range(2, 12)
    )
    path = raw_xlsx(tmp_path / "a.xlsx", sheet_xml(rows))
    assert "有 10 个单元格是公式" in check(person, sent(person, "indicator", io.BytesIO(path.read_bytes())), work)


def test_a_measure_above_the_header_counts_is_told_and_goes_out_with_the_rows_to_mend(
    app: Flask, visitor: Signed, work: Callable[[], None]
) -> None:
    person = visitor(people.COORDINATOR)
    heads = ["编码", "名称", "责任单位", "项目类别", "项目总投资"]
    rows = [[f"M-{one}", f"项目{one}", "公安局", kind, 12.5] for one, kind in enumerate(("网络平台", "没有"))]
    address = sent(person, "project", workbook(["项目投资表"], [None, "金额单位：万元"], heads, *rows))
    assert "表头上方写有" in person.get(address).text
    page = check(person, address, work)
    assert counts(page) == [1, 0, 0, 1, 0]
    person.post(f"{address}/apply", {"choice": "good"})
    work()
    with app.extensions["engine"].connect() as connection:
        table = app.extensions["catalog"]["project"].model.__table__
        assert connection.scalar(select(table.c.investment).where(table.c.code == "M-0")) == 125_000
    rest = opened(person, f"{address}/rest.xlsx").active
    assert rest is not None
    assert [cell.value for cell in rest[1]][:5] == [*heads[:4], "项目总投资（万元）"]


@pytest.mark.parametrize(("above", "head"), [("项目投资表", "项目总投资（万美元）"), ("单位：万美元", "项目总投资")])
def test_amounts_in_another_currency_are_told_with_the_columns_and_with_each_cell(
    visitor: Signed, work: Callable[[], None], above: str, head: str
) -> None:
    person = visitor(people.COORDINATOR)
    heads = ["编码", "名称", "责任单位", "项目类别", head]
    rows: list[list[Any]] = [["U-1", "项目一", "公安局", "网络平台", 12.5]]
    rows.append(["U-2", "项目二", "公安局", "网络平台", None])
    address = sent(person, "project", workbook([above], heads, *rows))
    page = person.get(address).text
    assert "E 列的金额以“万美元”为单位" in page
    assert "表头上方写有" not in page
    page = check(person, address, work)
    assert counts(page) == [1, 0, 0, 1, 0]
    assert f"“{head}”一列的金额以“万美元”为单位" in page


def test_a_file_that_is_not_the_one_whose_columns_were_settled_is_told(
    app: Flask, visitor: Signed, work: Callable[[], None], unit: str
) -> None:
    person = visitor(people.STATISTICS)
    address = sent(person, "indicator", workbook(HEADS, ["E-1", "一", "吨", unit]))
    kept = max(app.extensions["import_folder"].iterdir(), key=lambda one: one.stat().st_mtime_ns)
    kept.write_bytes(workbook(HEADS, ["E-2", "二", "吨", unit]).getvalue())
    assert "文件有了变化" in check(person, address, work)


def test_of_text_the_rows_to_mend_come_as_a_workbook(visitor: Signed, work: Callable[[], None], unit: str) -> None:
    person = visitor(people.STATISTICS)
    text = f"编码,名称,计量单位,管理单位\r\nX-1,一,吨,{unit}\r\nX-2,,吨,{unit}\r\n"
    answer = send(person, "indicator", io.BytesIO(text.encode("gb18030")), "指标.csv")
    check(person, answer.location, work)
    rest = opened(person, f"{answer.location}/rest.xlsx").active
    assert rest is not None
    assert [row[0] for row in rest.iter_rows(min_row=2, values_only=True)] == ["X-2"]
    assert rest["B2"].comment is not None


def test_of_a_workbook_merged_over_a_whole_sheet_the_rows_to_mend_come_alone_and_quickly(
    visitor: Signed, work: Callable[[], None], unit: str, tmp_path: Path
) -> None:
    person = visitor(people.STATISTICS)
    rows = table_xml(tuple(HEADS), ("M-1", "", "吨", unit), ("M-2", "二", "吨", unit))
    path = raw_xlsx(tmp_path / "a.xlsx", sheet_xml(rows, after=MERGED.format(WHOLE)))
    address = sent(person, "indicator", io.BytesIO(path.read_bytes()))
    assert counts(check(person, address, work)) == [1, 0, 0, 1, 0]
    tracemalloc.start()
    try:
        rest = opened(person, f"{address}/rest.xlsx").active
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()
    assert rest is not None
    assert [row[0] for row in rest.iter_rows(min_row=2, values_only=True)] == ["M-1"]
    assert "第 2 行" in str(rest.cell(2, 5).value)


def test_texts_that_look_like_formulas_stay_texts_in_both_workbooks(
    visitor: Signed, work: Callable[[], None], unit: str, tmp_path: Path
) -> None:
    person = visitor(people.STATISTICS)
    bad = [(code, name, "吨", "@none") for code, name in FORMULAS]
    rows = [tuple(HEADS), *bad, ("F-1", "一", "吨", unit)]
    path = raw_xlsx(tmp_path / "a.xlsx", sheet_xml(table_xml(*rows)))
    address = sent(person, "indicator", io.BytesIO(path.read_bytes()))
    assert counts(check(person, address, work)) == [1, 0, 0, len(bad), 0]
    assert texts(person.get(f"{address}/rest.xlsx").data) == rows
    person.post(f"{address}/apply", {"choice": "good"})
    work()
    assert [row[:4] for row in texts(person.get(f"{address}/rest.xlsx").data)] == rows[:-1]
