"""A workbook comes back with the wrong cells coloured and commented."""

import io
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

from app.excel import mark as marking
from app.excel import scales
from app.excel.mark import Mark, mark_copy
from tests.support.workbooks import MAIN, raw_xlsx, sheet_xml, table_xml

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
    assert sheet["A3"].fill.fgColor.rgb == marking.WRONG
    assert sheet["A3"].comment is not None
    assert sheet["A3"].comment.text == "末位与前 17 位不符\n再请核对"
    assert sheet["C3"].fill.fgColor.rgb == marking.ODD
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


def test_a_part_that_cannot_be_read_keeps_a_workbook_from_being_copied(tmp_path: Path) -> None:
    rows = sheet_xml(table_xml(*ROWS))
    entities = {"xl/theme/theme1.xml": b'<!DOCTYPE a [<!ENTITY a "b">]><a>&a;</a>'}
    assert not marked(raw_xlsx(tmp_path / "a.xlsx", rows, parts=entities))
    assert not marked(raw_xlsx(tmp_path / "b.xlsx", rows.replace("</sheetData>", "</sheetData><")))
    assert marked(raw_xlsx(tmp_path / "c.xlsx", rows))


WHOLE = "A1:XFD1048576"
MERGED = "<mergeCells><mergeCell ref='{0}'/></mergeCells>"
LINKED = "<hyperlinks><hyperlink ref='{0}' location='B2'/></hyperlinks>"
RULES = (
    "<conditionalFormatting sqref='{0}'><cfRule type='duplicateValues' priority='1'/></conditionalFormatting>"
    "<dataValidations><dataValidation type='whole' sqref='{0}'><formula1>1</formula1></dataValidation>"
    "</dataValidations>"
)


def marked(path: Path) -> bytes:
    target = io.BytesIO()
    done = mark_copy(path, path.name, [0], MARKS[:1], target)
    assert done == bool(target.getvalue())
    return target.getvalue()


PARTS = (
    "<comments><commentList><comment ref='{0}'/></commentList></comments>",
    "<table ref='{0}'/>",
    "<x:worksheet xmlns:x='a'><x:mergeCell ref='{0}'/></x:worksheet>",
)


@pytest.mark.parametrize("after", [MERGED, LINKED])
@pytest.mark.parametrize("where", [WHOLE, "$A$1:$XFD$1048576", "A1:A300000", "A:XFD", "1:9", f"{WHOLE}&#10;"])
def test_a_range_that_stands_for_very_many_cells_keeps_a_workbook_from_being_copied(
    tmp_path: Path, after: str, where: str
) -> None:
    source = raw_xlsx(tmp_path / "a.xlsx", sheet_xml(table_xml(*ROWS), after=after.format(where)))
    assert not marked(source)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_no_part_of_it_in_any_encoding_escapes_that(tmp_path: Path, part: str, encoding: str) -> None:
    parts = {"xl/any.part": part.format(WHOLE).encode(encoding)}
    assert not marked(raw_xlsx(tmp_path / "a.xlsx", sheet_xml(table_xml(*ROWS)), parts=parts))


def test_merged_titles_links_and_rules_for_whole_columns_do_not(tmp_path: Path) -> None:
    after = MERGED.format("A1:C1") + RULES.format("A1:C1048576") + LINKED.format("A3:B3")
    content = marked(raw_xlsx(tmp_path / "a.xlsx", sheet_xml(table_xml(*ROWS), after=after)))
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert sheet["A3"].comment is not None
    assert sheet["B3"].hyperlink is not None


@pytest.mark.parametrize("piece", ["<c/>", "<a/>", "<c>", "<mergeCell ref='A1'/><hyperlink ref='A1'/>"])
def test_a_part_of_very_many_elements_keeps_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: str) -> None:
    monkeypatch.setattr(scales, "MOST", 50_000)
    monkeypatch.setattr(scales, "MOST_PAIRS", 50_000)
    sheet = sheet_xml(table_xml(*ROWS), after=piece * 60_000)
    assert not marked(raw_xlsx(tmp_path / "a.xlsx", sheet))


def test_a_workbook_that_takes_openpyxl_too_long_is_not_marked(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert marked(source)
    monkeypatch.setattr(marking, "SECONDS", 0.001)
    assert not marked(source)


def test_a_workbook_that_takes_openpyxl_too_much_memory_is_not_marked(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = tmp_path / "writer.py"
    small.write_text(re.sub("(?m)^MEMORY = .*$", "MEMORY = 2**20", marking.WRITER.read_text("utf-8")), "utf-8")
    monkeypatch.setattr(marking, "WRITER", small)
    assert not marked(source)


def test_a_text_that_looks_like_a_formula_stays_a_text(tmp_path: Path) -> None:
    content = marked(raw_xlsx(tmp_path / "a.xlsx", sheet_xml(table_xml(("编码", "名称"), *FORMULAS))))
    assert texts(content) == [("编码", "名称"), *FORMULAS]


FORMULAS = (("=1+1", "=HYPERLINK(1)"), ("+1", "+A1"), ("-1", "-A1"), ("@A1", "@SUM(A1)"))


def texts(workbook: bytes) -> list[tuple[str, ...]]:
    """The rows of the first sheet as the XML has them; fails for a cell that is not a text."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml").decode()
        names = packed.namelist()
        shared = packed.read("xl/sharedStrings.xml").decode() if "xl/sharedStrings.xml" in names else "<sst/>"
    strings = ["".join(one.itertext()) for one in ET.fromstring(shared)]  # written by ourselves
    rows = []
    for row in ET.fromstring(sheet).iter(f"{{{MAIN}}}row"):  # the same
        found = []
        for cell in row:
            assert cell.get("t") in ("s", "inlineStr"), cell.attrib
            assert cell.find(f"{{{MAIN}}}f") is None
            said = "".join(cell.itertext())
            found.append(strings[int(said)] if cell.get("t") == "s" else said)
        rows.append(tuple(found))
    return rows
