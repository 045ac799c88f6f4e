"""What a file can make the reader keep in memory has an end, whatever the file stands for."""

import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest

from app.excel import ods
from app.excel.book import BadWorkbook
from app.excel.read import open_book
from tests.excel.test_bad_files import read, refusal
from tests.support.bad_workbooks import boasting, bomb, crowded, overlapping
from tests.support.workbooks import raw_ods, raw_xlsx, sheet_xml

pytestmark = pytest.mark.usefixtures("zh")


@pytest.mark.parametrize("make", [bomb, overlapping, crowded, boasting])
def test_a_zip_bomb_is_refused_before_it_is_inflated(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    tracemalloc.start()
    try:
        assert "远远大于" in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 24 * 2**20
    finally:
        tracemalloc.stop()


SMALL_PARTS = ("_rels/.rels", "xl/_rels/workbook.xml.rels", "xl/workbook.xml", "xl/styles.xml")


@pytest.mark.parametrize("part", [*SMALL_PARTS, "META-INF/manifest.xml"])
def test_very_many_elements_in_a_part_take_no_memory(tmp_path: Path, part: str) -> None:
    parts = {part: b"<x>" + b"<a b='1'/>" * 150_000 + b"</x>"}
    path = raw_ods(tmp_path / "a", "", parts) if part.startswith("META") else raw_xlsx(tmp_path / "a", "", parts=parts)
    tracemalloc.start()
    try:
        with suppress(BadWorkbook):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 24 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("part", [*SMALL_PARTS, "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"])
def test_elements_within_one_another_without_end_are_refused(tmp_path: Path, part: str) -> None:
    around = {
        "xl/sharedStrings.xml": b"<sst><si>%s</si></sst>",
        "xl/worksheets/sheet1.xml": b"<worksheet><sheetData><row r='1'>%s</row></sheetData></worksheet>",
    }
    row = '<row r="1"><c t="s"><v>0</v></c></row>'
    parts = {part: around.get(part, b"<x>%s</x>") % (b"<c>" * 20_000 + b"</c>" * 20_000)}
    assert "损坏" in refusal(raw_xlsx(tmp_path / "a", sheet_xml(row), shared="<si/>", parts=parts))
    assert "损坏" in refusal(raw_ods(tmp_path / "b", "<text:span>" * 20_000 + "</text:span>" * 20_000))


@pytest.mark.parametrize(
    ("part", "one"),
    [
        ("xl/styles.xml", "<xf/>"),
        ("xl/styles.xml", '<numFmt numFmtId="{0}"/>'),
        ("xl/_rels/workbook.xml.rels", '<Relationship Id="{0}"/>'),
    ],
)
def test_more_formats_or_relations_than_a_workbook_has_are_refused(tmp_path: Path, part: str, one: str) -> None:
    many = "".join(one.format(number) for number in range(70_000))
    if part == "xl/styles.xml":
        path = raw_xlsx(tmp_path / "a", sheet_xml(""), styles=f"<styleSheet><cellXfs>{many}</cellXfs></styleSheet>")
    else:
        path = raw_xlsx(tmp_path / "a", sheet_xml(""), parts={part: f"<Relationships>{many}</Relationships>".encode()})
    assert "远远大于" in refusal(path)


def test_a_row_of_more_cells_than_there_are_columns_is_told(tmp_path: Path) -> None:
    row = '<row r="1">' + "<c></c>" * 40_000 + "</row>"
    assert "损坏" in refusal(raw_xlsx(tmp_path / "a.xlsx", sheet_xml(row)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_rows_that_repeat_a_cell_over_all_columns_wait_a_few_at_a_time(tmp_path: Path, encoding: str) -> None:
    row = '<table-row><table-cell table:number-columns-repeated="16384"><p>甲</p></table-cell></table-row>'
    content = f'<a><table table:name="一">{row * 3_000}</table></a>'.encode(encoding)
    with open_book(raw_ods(tmp_path / "a.ods", "", {"content.xml": content}), "a.ods") as book:
        tracemalloc.start()
        try:
            assert sum(1 for _row in islice(book.rows(0), 500)) == 500
            assert tracemalloc.get_traced_memory()[1] < 32 * 2**20
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("piece", ['<text:s text:c="999"/>', "<text:p/>"])
def test_a_cell_whose_blanks_are_counted_has_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: str
) -> None:
    monkeypatch.setattr(ods, "LONGEST_CELL", 1_500)
    cell = f"<table:table-cell><text:p>甲</text:p><text:p>{piece * 1_501}</text:p></table:table-cell>"
    assert "远远大于" in refusal(raw_ods(tmp_path / "a.ods", f"<table:table-row>{cell}</table:table-row>"))
