"""What a number's format shows beside it counts, in every format of workbooks; what it does not show counts nothing."""

from pathlib import Path

import pytest
from marshmallow import ValidationError
from openpyxl import Workbook

from app.catalog import Catalog
from app.excel.book import Cell, Shown
from app.excel.read import open_book
from app.excel.units import shown, unit_of
from app.excel.values import converter, to_raw
from tests.support import office

pytestmark = pytest.mark.usefixtures("zh")

AMOUNTS = (
    # value, format, yuan; None where it is refused
    (12, '0"万元"', "120000"), (12.5, '#,##0.00"万元"', "125000"), (123456, '0!.0,"万元"', "123456"),
    (123456, '#!.0000"万元"', "123456"), (12000, '0.0,"千元"', "12000"), (1_500_000, '0.00,,"百万元"', "1500000"),
    (2, '[$-804]General"亿元"', "200000000"), (7, "0.00", "7"), (7, '"¥"#,##0.00', "7"), (7, '#,##0.00"元"', "7"),
    (7, '0"人"', "7"), (7, '_ "¥"* #,##0.00_ ;', "7"), (-3, '0"万元";[Red]-0"万元"', "-30000"), (0, '0"万元"', "0"),
    (5, '"$"#,##0.00', None), (5, "[$€-407]#,##0", None), (5, '0"万美元"', None),
)  # fmt: skip


@pytest.mark.parametrize(("value", "code", "yuan"), AMOUNTS)
def test_a_format_says_what_an_amount_is_in(catalog: Catalog, value: float, code: str, yuan: str | None) -> None:
    unit = unit_of(code)
    cell: Cell = value if unit is None else unit.cell(value)
    check(catalog, cell, yuan)


def check(catalog: Catalog, cell: Cell, yuan: str | None) -> None:
    capital = catalog["legal_entity"].fields["capital"]
    for way in (to_raw, converter({"capital": "注册资金"})):
        if yuan is None:
            with pytest.raises(ValidationError, match="元"):
                way(capital, cell)
        else:
            assert capital.kind.parse(capital, way(capital, cell)) == int(yuan)


@pytest.mark.parametrize("code", ["000-0000", "0.00E+00", "yyyy年m月d日", "[$-804]0", "@", '"共"0"万元"', "", ";;;"])
def test_other_formats_say_nothing(code: str) -> None:
    assert unit_of(code) is None


def test_below_a_header_in_ten_thousands_an_amount_counts_once(catalog: Catalog) -> None:
    capital = catalog["legal_entity"].fields["capital"]
    way = converter({"capital": "注册资金（万元）"})
    assert way(capital, 12) == "120000"
    for cell in (Shown(12, "12万元"), Shown(120000, "12万元")):
        assert way(capital, cell) == "120000"


def test_a_field_that_is_no_amount_takes_the_number(catalog: Catalog) -> None:
    name = catalog["legal_entity"].fields["name"]
    assert to_raw(name, Shown(12, "12万元")) == "12"


@pytest.mark.parametrize(
    ("value", "text", "found"),
    [
        (12, "12万元", "12万元"), (123456, "12.3万元", "12.3456万元"), (600, "0.1万元", "0.06万元"),
        (-3, "-3万元", "-3万元"),
        (400, "0.0万元", None), (0, "0万元", None), (12, "12", None), (1234.5, "1,234.50", None), (5, "$5.00", "$5"),
    ],
)  # fmt: skip
def test_what_is_shown_is_told_by_its_text_where_no_format_is(value: float, text: str, found: str | None) -> None:
    there = shown(value, text)
    assert there == value
    assert (there.text if isinstance(there, Shown) else None) == found


def test_every_format_of_workbooks_shows_the_same(catalog: Catalog, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    told = [one for one in AMOUNTS if one[0]]  # a 0 of 万元 is 0 either way
    for line, (value, code, _yuan) in enumerate(told, 1):
        sheet.cell(line, 1, value).number_format = code
    first = tmp_path / "first.xlsx"
    book.save(first)
    for path in (first, *office.convert(first, "ods", "xls")):
        with open_book(path, path.name) as opened:
            cells = [cells[0] for _line, cells in opened.rows(0)]
        assert len(cells) == len(told)
        for cell, (_value, _code, yuan) in zip(cells, told, strict=True):
            check(catalog, cell, yuan)
