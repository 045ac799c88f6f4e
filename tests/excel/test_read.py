"""Workbooks of every format give the same cells."""

import codecs
import csv
import io
import re
import struct
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from app.excel import strings
from app.excel.book import NOT_CALCULATED, Cell, CellError, Share
from app.excel.celltext import for_csv
from app.excel.read import open_book
from tests.support.workbooks import raw_xlsx, sheet_xml, table_xml

NULL_DATE = b'<table:calculation-settings><table:null-date table:date-value="1904-01-01"/></table:calculation-settings>'
MOMENT = datetime(2004, 3, 1, 9, 30)  # noqa: DTZ001  # a cell has no zone


def cells(path: Path, sheet: int = 0, width: int = 16_384) -> list[tuple[int, list[Cell]]]:
    with open_book(path, path.name) as book:
        return list(book.rows(sheet, width))


def text_file(folder: Path, text: str, encoding: str, mark: bytes = b"") -> Path:
    path = folder / "表.csv"
    path.write_bytes(mark + text.encode(encoding))
    return path


@pytest.mark.usefixtures("zh")
@pytest.mark.parametrize("kind", ["xlsx", "ods", "xls"])
def test_every_format_gives_the_same_rows_with_their_numbers(office: dict[str, Path], kind: str) -> None:
    # what openpyxl writes has no results yet
    results = dict.fromkeys(("ods", "xls"), (CellError("#DIV/0!"), 2)) | {"xlsx": (CellError(NOT_CALCULATED),) * 2}
    with open_book(office[kind], "随便.txt") as book:
        assert book.kind == kind
        assert [(sheet.name, sheet.hidden) for sheet in book.sheets] == [("人口", False), ("藏", True)]
        assert list(book.rows(0)) == [
            (2, ["姓名", "迁入日期", "比例", "年份", "身份号码"]),
            (3, ["张三", date(2004, 3, 1), 0.5, 2004, "11010519491231002X", results[kind][0], "000320", "000007"]),
            (4, ["李四", MOMENT, 1, None, "034052419800101001", results[kind][1]]),
        ]
        assert [str(note) for note in book.counted()] == ["有 2 个单元格是公式，已取其最近一次的计算结果。"]
        assert list(book.rows(1)) == [(5, [None, None, "一"])]


@pytest.mark.parametrize("kind", ["xlsx", "ods", "xls"])
def test_a_share_is_told_from_a_number(office: dict[str, Path], kind: str) -> None:
    found = cells(office[kind])
    assert isinstance(found[1][1][2], Share)
    assert not isinstance(found[2][1][2], Share)


def test_what_is_no_number_in_an_old_workbook_is_an_error_of_its_cell(office: dict[str, Path], tmp_path: Path) -> None:
    # the result of F4, =1+1, as [MS-XLS] 2.4.127 has it: row, column, format, value
    place = re.compile(rb"\x06\x00..\x03\x00\x05\x00..(?=" + re.escape(struct.pack("<d", 2)) + b")", re.DOTALL)
    path = tmp_path / "a.xls"
    for value in (float("inf"), float("nan")):
        content = bytearray(office["xls"].read_bytes())
        found = place.search(content)
        assert found is not None
        content[found.end() : found.end() + 8] = struct.pack("<d", value)
        path.write_bytes(content)
        assert cells(path)[2][1][5] == CellError("#NUM!")


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("gb18030", b""),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-16-le", b""),
    ],
)
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_text_is_read_in_any_usual_encoding_and_separator(
    tmp_path: Path, encoding: str, mark: bytes, separator: str
) -> None:
    text = '姓名,住址\r\n张三,"海州区,\n解放路"\r\n\r\n,\r\n李四,"说""好"""\r\n'.replace(",", separator)
    assert cells(text_file(tmp_path, text, encoding, mark)) == [
        (1, ["姓名", "住址"]),
        (2, ["张三", f"海州区{separator}\n解放路"]),
        (5, ["李四", '说"好"']),
    ]


def test_text_that_was_guarded_from_becoming_a_number_is_bared(tmp_path: Path) -> None:
    path = text_file(tmp_path, 'sep=;\n代码;名称\n="00123";甲\n', "utf-8")
    assert cells(path) == [(2, ["代码", "名称"]), (3, ["00123", "甲"])]


def test_a_text_that_begins_like_a_guarded_one_goes_out_and_comes_back_as_it_is(tmp_path: Path) -> None:
    texts = ["=1+1", "'=1+1", "''-1", "'", "'甲", "＋86", "'\"=1"]
    lines = io.StringIO()
    csv.writer(lines).writerows([for_csv(text)] for text in texts)
    assert [row[0] for _line, row in cells(text_file(tmp_path, lines.getvalue(), "utf-8"))] == texts


def test_dates_times_shares_and_leading_zeros_follow_the_number_format(tmp_path: Path) -> None:
    row = '<row r="1">' + "".join(
        f'<c r="{column}1" s="{style}"><v>{value}</v></c>'
        for column, style, value in (
            ("A", 1, "38047"), ("B", 2, "38047.395833333336"), ("C", 3, "0.5"), ("D", 4, "320"),
            ("E", 5, "0.395833333333"),
            ("F", 0, "38047"), ("G", 1, "59"), ("H", 1, "61"), ("I", 0, "3.2070519900101E+17"), ("J", 0, "1E2"),
        )
    ) + "</row>"  # fmt: skip
    assert cells(raw_xlsx(tmp_path / "a.xlsx", sheet_xml(row))) == [
        (1, [date(2004, 3, 1), MOMENT, 0.5, "000320", "09:30", 38047,
             date(1900, 2, 28), date(1900, 3, 1), 3.2070519900101e17, 100]),
    ]  # fmt: skip
    apple = raw_xlsx(tmp_path / "b.xlsx", sheet_xml(row), book='<workbookPr date1904="1"/>')
    assert cells(apple)[0][1][0] == date(2008, 3, 2)


def test_every_format_says_from_which_year_it_counts_days(office: dict[str, Path], tmp_path: Path) -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    assert book.active is not None
    book.active.append([date(2004, 3, 1), 36585])
    book.save(tmp_path / "a.xlsx")
    old = tmp_path / "a.xls"
    old.write_bytes(office["xls"].read_bytes().replace(b"\x22\0\2\0\0\0", b"\x22\0\2\0\1\0"))
    open_ = tmp_path / "a.ods"
    with zipfile.ZipFile(office["ods"]) as source, zipfile.ZipFile(open_, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            start = b"<office:spreadsheet>"
            target.writestr(name, content.replace(start, start + NULL_DATE) if name == "content.xml" else content)
    for path in (tmp_path / "a.xlsx", old, open_):
        with open_book(path, path.name) as opened:
            assert opened.system == 1904
    assert cells(tmp_path / "a.xlsx") == [(1, [date(2004, 3, 1), 36585])]
    for path in office.values():
        with open_book(path, path.name) as opened:
            assert opened.system == 1900


def test_rich_text_readings_entities_and_escapes_are_read_as_shown(tmp_path: Path) -> None:
    shared = (
        "<si><r><rPr><b/></rPr><t>连云</t></r><r><t>港</t></r><rPh sb='0' eb='1'><t>lian</t></rPh></si>"
        "<si/><si><t/></si><si><t xml:space='preserve'> 甲&amp;乙&#10;_x4E19_ </t></si>"
    )
    row = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>3</v></c></row>'
    assert cells(raw_xlsx(tmp_path / "a.xlsx", sheet_xml(row), shared=shared)) == [
        (1, ["连云港", None, " 甲&乙\n丙 "]),
    ]


def test_cells_without_places_and_rows_out_of_order_keep_what_the_file_says(tmp_path: Path) -> None:
    rows = (
        '<row r="3"><c t="str"><v>甲</v></c><c><v>1</v></c></row>'
        '<row r="1"><c r="C1"><v>3</v></c><c r="A1" t="b"><v>1</v></c></row>'
        "<row><c t='e'><v>#N/A</v></c></row>"
    )
    assert cells(raw_xlsx(tmp_path / "a.xlsx", sheet_xml(rows))) == [
        (3, ["甲", 1]), (1, [True, None, 3]), (2, [CellError("#N/A")]),
    ]  # fmt: skip


def test_unusual_spellings_of_the_same_rows_read_alike(tmp_path: Path) -> None:
    usual = '<row r="2"><c r="A2" s="0" t="inlineStr"><is><t>甲</t></is></c><c r="B2"><v>5</v></c></row>'
    quoted = "<row r='2'><c s='0' r='A2' t='inlineStr'><is><t><![CDATA[甲]]></t></is></c><c r='B2' ><v >5</v></c></row>"
    prefixed = sheet_xml(usual).replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?")
    prefixed = prefixed.replace("xmlns=", "xmlns:x=")
    wide = sheet_xml(usual).replace("UTF-8", "UTF-16").encode("utf-16")
    want = [(2, ["甲", 5])]
    assert cells(raw_xlsx(tmp_path / "a.xlsx", sheet_xml(usual))) == want
    assert cells(raw_xlsx(tmp_path / "b.xlsx", sheet_xml(quoted))) == want
    assert cells(raw_xlsx(tmp_path / "c.xlsx", prefixed)) == want
    assert cells(raw_xlsx(tmp_path / "d.xlsx", "", parts={"xl/worksheets/sheet1.xml": wide})) == want


@pytest.mark.parametrize("bound", ["IN_MEMORY", "MOST_KEPT"])
def test_strings_beyond_those_in_memory_are_found_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(strings, bound, 10)
    monkeypatch.setattr(strings, "WINDOW", 20)
    order = [*range(50, 100), *range(49, -1, -1)]
    shared = "".join(f"<si><t>字{number}</t></si>" for number in range(100))
    rows = "".join(f'<row r="{n + 1}"><c r="A{n + 1}" t="s"><v>{order[n]}</v></c></row>' for n in range(100))
    found = cells(raw_xlsx(tmp_path / "a.xlsx", sheet_xml(rows), shared=shared))
    assert found == [(n + 1, [f"字{order[n]}"]) for n in range(100)]


def test_formulas_are_taken_by_their_results_and_told(tmp_path: Path) -> None:
    row = (
        '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>"a"</f><v>甲</v></c>'
        '<c r="C1" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="D1"><f>1+1</f></c>'
        '<c r="E1"><f t="shared" si="0"/><v>3</v></c></row>'
    )
    with open_book(raw_xlsx(tmp_path / "a.xlsx", sheet_xml(row)), "a.xlsx") as book:
        assert list(book.rows(0)) == [(1, [2, "甲", CellError("#DIV/0!"), CellError(NOT_CALCULATED), 3])]
        assert [str(note) for note in book.notes()] == ["Some cells hold formulas; their last results are taken."]
        assert [str(note) for note in book.counted()] == ["5 cells hold formulas; their last results were taken."]


def test_only_as_many_columns_are_kept_as_are_asked_for(tmp_path: Path) -> None:
    path = raw_xlsx(tmp_path / "a.xlsx", sheet_xml(table_xml(("甲", "乙", "丙"), ("1", "", "3"))))
    assert cells(path, width=2) == [(1, ["甲", "乙"]), (2, ["1"])]


def test_a_sheet_without_rows_gives_none(tmp_path: Path) -> None:
    empty = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>'
    assert cells(raw_xlsx(tmp_path / "a.xlsx", empty)) == []
