"""A workbook comes back with the wrong cells coloured and commented."""

from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

from app.catalog import Catalog
from app.excel import mark as marking
from app.excel.header import find_header
from app.excel.mark import Mark, write_marked
from app.excel.match import match
from app.excel.read import open_book
from tests.support.workbooks import raw_xlsx, sheet_xml, table_xml

pytestmark = pytest.mark.usefixtures("zh")

MARKS = (
    Mark(3, 0, "末位与前 17 位不符"),
    Mark(3, 0, "再请核对"),
    Mark(3, 2, "此区划不在表中", odd=True),
    Mark(5, None, "另一行已有此号码"),
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "人口"
    for row in (["公民身份号码", "姓名", "区划"], ["1", "甲", "=1+1"], ["2", "乙", "320799"], ["3", "丙"], ["4", "丁"]):
        sheet.append(row)
    sheet["B3"].font = Font(bold=True)
    book.create_sheet("说明")["A1"] = "请勿改动"
    path = tmp_path / "人口.xlsx"
    book.save(path)
    return path


def test_ones_own_workbook_is_marked_cell_by_cell(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "marked.xlsx"
    assert write_marked(source, source.name, 0, 1, MARKS, target)
    book = load_workbook(target)
    sheet = book["人口"]
    assert sheet["A3"].fill.fgColor.rgb == "FFFFC7CE"
    assert sheet["A3"].comment is not None
    assert sheet["A3"].comment.text == "末位与前 17 位不符\n再请核对"
    assert sheet["C3"].fill.fgColor.rgb == "FFFFEB9C"
    assert sheet["A5"].comment is not None
    assert sheet["A2"].comment is None
    # all else is as it was
    assert sheet["B3"].font.bold
    assert sheet["C2"].value == "=1+1"
    assert book["说明"]["A1"].value == "请勿改动"


def test_of_text_the_faulty_rows_come_as_a_workbook_that_can_be_imported(tmp_path: Path, catalog: Catalog) -> None:
    source = tmp_path / "a.csv"
    source.write_text("公民身份号码,姓名,区划\n1,甲\n2,=1+1,320799\n3,丙\n4,丁\n", encoding="gb18030")
    target = tmp_path / "faulty.xlsx"
    assert not write_marked(source, "a.csv", 0, 1, MARKS, target)
    sheet = load_workbook(target).active
    assert sheet is not None
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["公民身份号码", "姓名", "区划", "处理意见"],
        ["2", "=1+1", "320799", "末位与前 17 位不符\n再请核对\n此区划不在表中"],
        ["4", "丁", None, "另一行已有此号码"],
    ]
    assert sheet["B2"].data_type == "s"
    with open_book(target, "faulty.xlsx") as book:
        header = find_header(book, 0, catalog["resident"])
        assert match(catalog["resident"], header.texts).mapping == {0: "citizen_id", 1: "name", 2: "area"}


def test_of_a_large_workbook_only_the_faulty_rows_come(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marking, "MOST_ROWS", 4)
    target = tmp_path / "faulty.xlsx"
    assert not write_marked(source, source.name, 0, 1, MARKS, target)
    sheet = load_workbook(target).active
    assert sheet is not None
    assert sheet.max_row == 3
    assert sheet["A2"].comment is not None


def test_entities_in_a_part_that_the_rows_do_not_need_are_not_read(tmp_path: Path) -> None:
    theme = b'<!DOCTYPE a [<!ENTITY a "b">]><a>&a;</a>'
    rows = table_xml(("公民身份号码", "姓名", "区划"), ("1", "甲"), ("2", "乙", "x"), ("3",), ("4", "丁"))
    source = raw_xlsx(tmp_path / "a.xlsx", sheet_xml(rows), parts={"xl/theme/theme1.xml": theme})
    assert not write_marked(source, "a.xlsx", 0, 1, MARKS, tmp_path / "b.xlsx")
    assert load_workbook(tmp_path / "b.xlsx").active is not None


def test_a_workbook_that_openpyxl_cannot_open_is_marked_all_the_same(tmp_path: Path) -> None:
    rows = table_xml(("公民身份号码", "姓名", "区划"), ("1", "甲"), ("2", "乙", "x"), ("3",), ("4", "丁"))
    source = raw_xlsx(tmp_path / "a.xlsx", sheet_xml(rows), styles="<styleSheet/>", parts={"xl/theme/theme1.xml": b"<"})
    write_marked(source, "a.xlsx", 0, 1, MARKS, tmp_path / "b.xlsx")
    with open_book(tmp_path / "b.xlsx", "b") as book:
        assert len(list(book.rows(0))) >= 3
