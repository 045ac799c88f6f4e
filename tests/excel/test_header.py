"""The header of a sheet is found wherever it stands, and its columns are known by what people call them."""

from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from app.catalog import Catalog
from app.excel.book import BadWorkbook
from app.excel.header import Header, find_header, given_header
from app.excel.layout import hidden_headers
from app.excel.match import How, check_record, match
from app.excel.plan import find_sheet
from app.excel.read import open_book
from tests.support.workbooks import raw_xlsx, sheet_xml, table_xml

pytestmark = pytest.mark.usefixtures("zh")


@pytest.fixture
def labels(catalog: Catalog) -> tuple[str, ...]:
    """The labels of what one types of a resident."""
    return tuple(item.label for item in catalog["resident"].fields.values() if item.typed)


def header(folder: Path, catalog: Catalog, *rows: tuple[str, ...], record: str = "resident") -> Header:
    path = raw_xlsx(folder / "a.xlsx", sheet_xml(table_xml(*rows)))
    with open_book(path, path.name) as book:
        return find_header(book, 0, catalog[record])


def test_a_header_in_the_first_row_is_found(tmp_path: Path, catalog: Catalog, labels: tuple[str, ...]) -> None:
    assert header(tmp_path, catalog, labels, ("1", "张三")) == Header(1, labels)


def test_titles_above_the_header_are_passed_over(tmp_path: Path, catalog: Catalog, labels: tuple[str, ...]) -> None:
    rows = (("连云港市人口登记表",), ("填报单位：公安局", "", "", "2004年3月"), (), labels, ("1", "张三"))
    assert header(tmp_path, catalog, *rows) == Header(4, labels)


def test_two_rows_of_headers_with_merged_cells_are_read_as_one(tmp_path: Path, catalog: Catalog) -> None:
    upper = ("公民身份号码", "基本情况", "", "居住情况", "", "")
    lower = ("", "姓名", "民族", "区划", "住址", "迁入日期")
    found = header(tmp_path, catalog, ("登记表",), upper, lower, ("1", "张三"))
    assert found.row == 3
    assert found.rows == 2
    assert found.texts[0] == "公民身份号码"
    assert found.texts[2:5] == ("民族", "区划", "住址")


def test_a_row_of_data_is_not_joined_with_the_header(tmp_path: Path, catalog: Catalog, labels: tuple[str, ...]) -> None:
    assert header(tmp_path, catalog, labels, ("1", "姓名", "汉族")).rows == 1


def test_without_a_known_header_the_fullest_row_is_offered(tmp_path: Path, catalog: Catalog) -> None:
    assert header(tmp_path, catalog, ("标题",), ("壹", "贰", "叁"), ("1", "2", "3")).row == 2


def test_an_empty_sheet_is_refused_in_words(tmp_path: Path, catalog: Catalog) -> None:
    with pytest.raises(BadWorkbook, match="工作表是空的"):
        header(tmp_path, catalog, ())


def test_a_header_row_can_be_said_by_hand(tmp_path: Path, catalog: Catalog) -> None:
    path = raw_xlsx(tmp_path / "a.xlsx", sheet_xml(table_xml(("一",), ("二", "三"))))
    with open_book(path, path.name) as book:
        assert given_header(book, 0, 2, catalog["resident"]) == Header(2, ("二", "三"))
        with pytest.raises(BadWorkbook, match="第 9 行"):
            given_header(book, 0, 9, catalog["resident"])


@pytest.mark.parametrize("said", [2, 3])
def test_a_header_of_two_rows_is_read_as_one_whichever_of_them_is_said(
    tmp_path: Path, catalog: Catalog, said: int
) -> None:
    rows = (("登记表",), ("公民身份号码", "基本情况", "", "居住情况"), ("", "姓名", "民族", "住址"), ("1", "张三"))
    path = raw_xlsx(tmp_path / "a.xlsx", sheet_xml(table_xml(*rows)))
    with open_book(path, path.name) as book:
        found = given_header(book, 0, said, catalog["resident"])
    assert found == Header(3, ("公民身份号码", "姓名", "民族", "住址"), rows=2)


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("姓名", How.LABEL),
        ("姓 名", How.LABEL),
        ("*姓名（必填）：", How.LABEL),
        ("Full name", How.LABEL),
        ("name", How.NAME),
        ("xingming", How.PINYIN),
        ("XM", How.PINYIN),
    ],
)
def test_a_column_is_known_by_what_people_write(catalog: Catalog, text: str, how: How) -> None:
    found = match(catalog["resident"], (text,))
    assert found.mapping == {0: "name"}
    assert found.how == {0: how}


def test_a_slip_is_forgiven_and_an_alias_known(catalog: Catalog) -> None:
    found = match(catalog["resident"], ("公民身份证号码", "身份证号", "备注"))
    assert found.mapping == {1: "citizen_id"}
    assert found.how == {1: How.ALIAS}
    assert found.unknown == (0, 2)
    assert match(catalog["resident"], ("公民身份号马",)).how == {0: How.SLIP}


def test_columns_that_nobody_types_are_told_apart(catalog: Catalog) -> None:
    found = match(catalog["resident"], ("姓名", "性别", "出生日期"))
    assert found.mapping == {0: "name"}
    assert set(found.computed.values()) == {"sex", "birth"}
    assert "citizen_id" in found.missing
    assert "verification" not in found.missing


def test_two_columns_of_one_name_are_told(catalog: Catalog) -> None:
    texts = ("姓名", "公民身份号码", "姓名")
    found = match(catalog["resident"], texts)
    assert found.doubled == {2: "name"}
    assert [str(text) for text in found.problems(catalog["resident"], texts)] == [
        "A 列和 C 列都像是“姓名”，请选定读取哪一列。"
    ]


def test_what_a_person_chose_comes_first(catalog: Catalog) -> None:
    found = match(catalog["resident"], ("姓名", "名字", "住址"), {0: "", 1: "name", 7: "area", 2: "没有"})
    assert found.mapping == {1: "name", 2: "address"}
    assert found.how[1] is How.CHOSEN


def test_a_returned_export_is_known_by_its_hidden_columns(catalog: Catalog) -> None:
    entry = catalog["resident"]
    texts = ("姓名", *hidden_headers(entry))
    found = match(entry, texts)
    assert found.mapping == {0: "name", 1: "rn:id", 2: "rn:version"}
    assert found.stamp is not None
    assert not found.outdated
    assert match(entry, ("姓名", "rn:id", "rn:version", "rn:resident:000000000000")).outdated


def test_a_sheet_of_another_record_is_refused(catalog: Catalog) -> None:
    entry, other = catalog["resident"], catalog["legal_entity"]
    names = [one.name for one in catalog]
    texts = tuple(item.label for item in other.fields.values() if item.typed)
    with pytest.raises(BadWorkbook, match="法人单位"):
        check_record(catalog, entry, texts, names)
    with pytest.raises(BadWorkbook, match="法人单位"):
        check_record(catalog, entry, ("姓名", *hidden_headers(other)), names)
    # a record that the person knows nothing of is not named
    with pytest.raises(BadWorkbook) as refused:
        check_record(catalog, entry, ("姓名", *hidden_headers(other)), ["resident"])
    assert "法人单位" not in str(refused.value)
    check_record(catalog, other, texts, names)


def test_every_record_knows_its_own_headers(catalog: Catalog) -> None:
    names = [one.name for one in catalog]
    for entry in catalog:
        typed = [item for item in entry.fields.values() if item.typed]
        texts = tuple(item.label for item in typed)
        check_record(catalog, entry, texts, names)
        assert list(match(entry, texts).mapping.values()) == [item.name for item in typed], entry.name


def test_the_sheet_with_the_rows_is_found_behind_a_cover_and_an_empty_one(tmp_path: Path, catalog: Catalog) -> None:
    entry = catalog["indicator"]
    heads = [entry.fields[name].label for name in ("code", "name", "measure")]
    sheets = {
        "Sheet1": [], "封面": [["统计局年报"], [heads[1], "2004 年"]], "藏": [[*heads, entry.fields["unit"].label]],
        "数据": [heads, ["A-1", "一", "吨"]], "又一张": [heads],
    }  # fmt: skip
    book = Workbook()
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name == "藏" else "visible"
        for row in rows:
            sheet.append(row)
    book.remove(book.worksheets[0])
    book.save(tmp_path / "a.xlsx")
    with open_book(tmp_path / "a.xlsx", "a.xlsx") as opened:
        assert opened.sheets[find_sheet(opened, entry)].name == "数据"
        assert opened.sheets[find_sheet(opened, entry, "封面")].name == "封面"
        # of sheets that name nothing the first that is not empty
        assert opened.sheets[find_sheet(opened, catalog["mail_reading"])].name == "封面"


@pytest.mark.parametrize(
    ("lines", "measure"),
    [
        (["金额单位：万元"], "万元"), (["单位：人民币万元"], "人民币万元"), (["（单位：万美元）"], "万美元"),
        (["单位：万元", "币种：美元"], "美元"), (["币种：美元  单位：万元"], "美元"), (["单位：元"], ""),
        (["填报单位：千元镇"], ""), (["填报单位：日元机械公司"], ""), (["币种：人民币"], ""),
    ],
)  # fmt: skip
def test_what_amounts_are_in_is_read_above_the_header(
    tmp_path: Path, catalog: Catalog, lines: list[str], measure: str
) -> None:
    book = Workbook()
    sheet: Any = book.active
    heads = [catalog["legal_entity"].fields[name].label for name in ("org_code", "name", "capital")]
    for row in (["法人单位表"], *([line] for line in lines), heads, ["1", "甲", 1]):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    with open_book(tmp_path / "a.xlsx", "a.xlsx") as opened:
        assert find_header(opened, 0, catalog["legal_entity"]).measure == measure
