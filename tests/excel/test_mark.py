"""A workbook comes back with the wrong cells coloured and commented."""

import io
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

from app.excel import mark as marking
from app.excel.mark import Mark, mark_copy
from tests.support.workbooks import raw_xlsx, sheet_xml, table_xml

pytestmark = pytest.mark.usefixtures("zh")

MARKS = (
    Mark(3, 0, "末位与前 17 位不符"),
    Mark(3, 0, "再请核对"),
    Mark(3, 2, "此区划不在表中", odd=True),
    Mark(5, None, "另一行已有此号码"),
)
ROWS = (("公民身份号码", "姓名", "区划"), ("1", "甲"), ("2", "乙", "320799"), ("3", "丙"), ("4", "丁"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "人口"
    for row in ROWS:
        sheet.append(row)
    sheet["C2"] = "=1+1"
    sheet["B3"].font = Font(bold=True)
    book.create_sheet("说明")["A1"] = "请勿改动"
    path = tmp_path / "人口.xlsx"
    book.save(path)
    return path


def test_ones_own_workbook_is_marked_cell_by_cell(source: Path) -> None:
    target = io.BytesIO()
    assert mark_copy(source, source.name, [0], MARKS, target)
    book = load_workbook(target)
    sheet = book["人口"]
    assert sheet["A3"].fill.fgColor.rgb == marking.WRONG.fgColor.rgb
    assert sheet["A3"].comment is not None
    assert sheet["A3"].comment.text == "末位与前 17 位不符\n再请核对"
    assert sheet["C3"].fill.fgColor.rgb == marking.ODD.fgColor.rgb
    assert sheet["A5"].comment is not None
    assert sheet["A2"].comment is None
    # all else is as it was
    assert sheet["B3"].font.bold
    assert sheet["C2"].value == "=1+1"
    assert book["说明"]["A1"].value == "请勿改动"


def test_text_and_large_workbooks_are_not_marked(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = io.BytesIO()
    text = tmp_path / "a.csv"
    text.write_text("公民身份号码,姓名\n1,甲\n", encoding="utf-8")
    assert not mark_copy(text, "a.csv", [0], MARKS, target)
    monkeypatch.setattr(marking, "MOST_ROWS", 4)
    assert not mark_copy(source, source.name, [0], MARKS, target)
    assert target.getvalue() == b""


@pytest.mark.parametrize("theme", [b'<!DOCTYPE a [<!ENTITY a "b">]><a>&a;</a>', b"<"])
def test_a_part_that_cannot_be_read_keeps_a_workbook_from_being_copied(tmp_path: Path, theme: bytes) -> None:
    target = io.BytesIO()
    source = raw_xlsx(tmp_path / "a.xlsx", sheet_xml(table_xml(*ROWS)), parts={"xl/theme/theme1.xml": theme})
    assert not mark_copy(source, "a.xlsx", [0], MARKS, target)
    assert target.getvalue() == b""
