"""Files that are no workbooks, or bad ones, are refused in words, quickly and in little memory."""

import struct
import zipfile
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from app.catalog import Catalog
from app.excel import text
from app.excel.book import BadWorkbook, Cell
from app.excel.header import find_header
from app.excel.match import match
from app.excel.read import open_book
from tests.support.bad_workbooks import OLE, good, written
from tests.support.workbooks import MAIN, raw_ods, raw_xlsx, sheet_xml, table_xml

pytestmark = pytest.mark.usefixtures("zh")

PARTS = ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml")
LAUGHS = '<!DOCTYPE a [<!ENTITY a "哈"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'


def read(path: Path) -> list[list[tuple[int, list[Cell]]]]:
    with open_book(path, path.name) as book:
        found = [list(book.rows(place)) for place in range(len(book.sheets))]
        assert all(str(note) for note in book.notes())
        return found


def refusal(path: Path) -> str:
    with pytest.raises(BadWorkbook) as refused:
        read(path)
    return str(refused.value.message)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "空的"),
        (b" \r\n ", "空的"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "不是工作簿"),
        (b"%PDF-1.4\n", "PDF"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "网页"),
        ('﻿<?xml version="1.0"?><Workbook/>'.encode(), "网页"),
        (OLE + bytes(600), "损坏"),
        (OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(100), "密码"),
        (b"PK\x03\x04" + bytes(200), "损坏"),
    ],
)
def test_what_is_no_workbook_is_refused_with_what_it_is(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in refusal(written(tmp_path, content))


def test_another_packed_file_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("word/document.xml", "<document/>")
    assert "不是工作簿" in refusal(path)


def test_a_binary_workbook_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsb"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("xl/workbook.bin", b"\x83\x01\x00")
    assert ".xlsb" in refusal(path)


def test_a_file_cut_short_anywhere_is_told(tmp_path: Path) -> None:
    whole = good(tmp_path).read_bytes()
    for share in (0.1, 0.5, 0.9, 0.99):
        assert "损坏" in refusal(written(tmp_path, whole[: int(len(whole) * share)]))


def test_a_sheet_that_ends_early_is_told(tmp_path: Path) -> None:
    sheet = sheet_xml(table_xml(("姓名", "住址"), ("张三", "海州区")))
    assert "损坏" in refusal(raw_xlsx(tmp_path / "a.xlsx", sheet[: sheet.index("海州区")]))
    assert "损坏" in refusal(raw_xlsx(tmp_path / "b.xlsx", sheet.replace("</c>", "</b>", 1)))
    assert "损坏" in refusal(raw_xlsx(tmp_path / "c.xlsx", sheet_xml('<row r="1"><c t="s"><v>5</v></c></row>')))
    assert "损坏" in refusal(raw_xlsx(tmp_path / "d.xlsx", sheet_xml('<row r="1"><c t="s"><v>x</v></c></row>')))


def test_a_file_whose_parts_are_encrypted_is_told(tmp_path: Path) -> None:
    content = bytearray(good(tmp_path).read_bytes())
    place = content.index(b"PK\x01\x02")
    content[place + 8] |= 1
    assert "密码" in refusal(written(tmp_path, bytes(content)))


def test_an_encrypted_open_document_is_told(tmp_path: Path) -> None:
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    assert "密码" in refusal(raw_ods(tmp_path / "a.ods", "", {"META-INF/manifest.xml": manifest.encode()}))


def test_a_part_that_inflates_to_more_than_it_says_is_told(tmp_path: Path) -> None:
    content = bytearray(good(tmp_path).read_bytes())
    place = content.rindex(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 10)
    assert "损坏" in refusal(written(tmp_path, bytes(content)))


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"]
)
def test_entities_that_multiply_are_refused(tmp_path: Path, part: str) -> None:
    laughing = f'<?xml version="1.0"?>{LAUGHS}<worksheet xmlns="{MAIN}"><sheetData/></worksheet>'
    row = '<row r="1"><c t="s"><v>0</v></c></row>'
    path = raw_xlsx(tmp_path / "a.xlsx", sheet_xml(row), shared="<si/>", parts={part: laughing.encode()})
    assert "损坏" in refusal(path)


def test_entities_of_an_open_document_are_refused(tmp_path: Path) -> None:
    assert "损坏" in refusal(raw_ods(tmp_path / "a.ods", "", {"content.xml": f"{LAUGHS}<a>&c;</a>".encode()}))


def test_an_unknown_entity_in_a_cell_is_told(tmp_path: Path) -> None:
    row = '<row r="1"><c r="A1" t="str"><v>&nbsp;</v></c></row>'
    assert "损坏" in refusal(raw_xlsx(tmp_path / "a.xlsx", sheet_xml(row)))


def test_all_16384_columns_are_read_and_those_beyond_the_header_left(tmp_path: Path, catalog: Catalog) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["姓名", "住址"])
    sheet.append([str(number) for number in range(16_384)])
    path = tmp_path / "a.xlsx"
    book.save(path)
    with open_book(path, "a.xlsx") as opened:
        header = find_header(opened, 0, catalog["resident"])
        assert [len(cells) for _, cells in opened.rows(0)] == [2, 16_384]
        assert [cells for _, cells in opened.rows(0, header.width)] == [["姓名", "住址"], ["0", "1"]]
    wide = raw_xlsx(tmp_path / "b.xlsx", sheet_xml('<row r="1"><c r="ZZZ1"><v>1</v></c><c r="A1"><v>2</v></c></row>'))
    assert read(wide) == [[(1, [2])]]


def test_sixteen_thousand_headers_are_matched(catalog: Catalog) -> None:
    texts = tuple(f"第{number}列" for number in range(16_384))
    assert match(catalog["resident"], texts).mapping == {}


@pytest.mark.parametrize("row", ['<row r="{0}" s="1" customFormat="1"/>', '<row r="{0}"><c r="A{0}" s="1"/></row>'])
def test_a_million_empty_formatted_rows_are_passed_over(tmp_path: Path, row: str) -> None:
    rows = table_xml(("姓名",), ("张三",)) + "".join(row.format(number) for number in range(3, 1_048_577))
    path = raw_xlsx(tmp_path / "a.xlsx", sheet_xml(rows))
    with open_book(path, "a.xlsx") as book:
        assert list(book.rows(0)) == [(1, ["姓名"]), (2, ["张三"])]


def test_repeated_rows_of_an_open_document_are_counted_not_copied(tmp_path: Path) -> None:
    cell = (
        '<table:table-cell office:value-type="string" table:number-columns-repeated="{0}"><text:p>甲</text:p>'
        "</table:table-cell>"
    )
    rows = (
        f"<table:table-row>{cell.format(2)}</table:table-row>"
        f'<table:table-row table:number-rows-repeated="1000"><table:table-cell/></table:table-row>'
        f'<table:table-row table:number-rows-repeated="1048576">{cell.format(16384)}</table:table-row>'
    )
    path = raw_ods(tmp_path / "a.ods", rows)
    with open_book(path, "a.ods") as book:
        found = list(islice(book.rows(0, 3), 3))
    assert found == [(1, ["甲", "甲"]), (1002, ["甲"] * 3), (1003, ["甲"] * 3)]
    assert "远远大于" in refusal(path)


def test_macros_and_links_to_other_files_are_told_and_left_alone(tmp_path: Path) -> None:
    parts = {"xl/vbaProject.bin": OLE, "xl/externalLinks/externalLink1.xml": b"<externalLink/>"}
    path = raw_xlsx(tmp_path / "a.xlsm", sheet_xml(table_xml(("姓名",))), parts=parts)
    with open_book(path, "a.xlsm") as book:
        assert book.kind == "xlsm"
        assert [str(note)[:8] for note in book.notes()] == ["工作簿含有宏；宏", "工作簿链接了其他"]
        assert list(book.rows(0)) == [(1, ["姓名"])]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("姓名\n张三\n李四\n".encode("gb18030") + b"\xff\xff\n", "第 4 行"),
        ("姓名\n张三\n".encode() + b"\xe5\xff,1\n", "第 3 行"),
        ("姓名\n张三\n".encode("utf-16") + b"\xd8", "第 3 行"),
        ('姓名,住址\n"张三,海州\n李四,东海\n'.encode(), "第 2 行"),
        ("姓名\n".encode() + b"x" * 200_000 + b"\n", "131,072"),
        ("姓名\n张\x00三\n".encode(), "不是工作簿"),
    ],
)
def test_text_that_cannot_be_read_is_told_with_its_line(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in refusal(written(tmp_path, content, "a.csv"))


def test_text_of_too_many_rows_is_to_be_divided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MOST_ROWS", 100)
    assert len(read(written(tmp_path, b"a\n" * 100, "a.csv"))[0]) == 100
    assert "拆分" in refusal(written(tmp_path, b"a\n" * 101, "a.csv"))


SEEDS = {
    "xlsx": lambda folder: raw_xlsx(
        folder / "a", sheet_xml('<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><v>38047</v></c></row>'),
        shared="<si><t>甲</t></si><si><r><t>乙</t></r></si>",
    ),
    "ods": lambda folder: raw_ods(folder / "a", '<table:table-row><table:table-cell office:value-type="date" '
                                  'office:date-value="2004-03-01"><text:p>甲</text:p></table:table-cell></table:table-row>'),
    "csv": lambda folder: written(folder, '姓名,"住,址"\n张三,=""\n'.encode(), "a"),
}  # fmt: skip


@pytest.mark.parametrize("kind", SEEDS)
@settings(max_examples=60)
@given(data=st.data())
def test_a_file_changed_at_any_place_reads_or_is_refused(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    path = SEEDS[kind](tmp_path)
    _spoil(path, data)
    _read_or_refuse(path)


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml"]
)
@settings(max_examples=60)
@given(data=st.data())
def test_a_part_changed_at_any_place_reads_or_is_refused(tmp_path: Path, part: str, data: st.DataObject) -> None:
    with zipfile.ZipFile(SEEDS["xlsx"](tmp_path)) as packed:
        inner = written(tmp_path, packed.read(part), "part")
    _spoil(inner, data)
    row = '<row r="1"><c t="s"><v>0</v></c></row>'
    _read_or_refuse(raw_xlsx(tmp_path / "b", sheet_xml(row), shared="<si/>", parts={part: inner.read_bytes()}))


@settings(max_examples=60)
@given(head=st.sampled_from([b"", b"PK\x03\x04", b"\xff\xfe", "姓名,".encode()]), content=st.binary(max_size=400))
def test_any_bytes_read_or_are_refused(tmp_path: Path, head: bytes, content: bytes) -> None:
    _read_or_refuse(written(tmp_path, head + content))


def test_an_old_workbook_changed_at_many_places_reads_or_is_refused(tmp_path: Path, old_workbook: Path) -> None:
    whole = old_workbook.read_bytes()
    for number in range(12):
        content = bytearray(whole)
        for place in range(512 + number * 97, len(content), 1201):
            content[place] ^= 0x5A + number
        _read_or_refuse(written(tmp_path, bytes(content)))
    assert "损坏" in refusal(written(tmp_path, whole[: len(whole) // 2]))


def _spoil(path: Path, data: st.DataObject) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        marks = st.sampled_from([b"<", b">", b"&", b'"', b"</row>", b"<c/>"])
        piece = data.draw(st.one_of(st.binary(max_size=6), marks))
        content[place : place + data.draw(st.integers(0, 8))] = piece
    path.write_bytes(bytes(content))


def _read_or_refuse(path: Path) -> None:
    try:
        read(path)
    except BadWorkbook as refused:
        message = str(refused.message)
    else:
        message = "read"
    assert message
