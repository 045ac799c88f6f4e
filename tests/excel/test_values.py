"""Cells become values whatever form people gave them, or a message that says what to do."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from marshmallow import ValidationError

from app.catalog import Catalog, Field
from app.excel.book import NOT_CALCULATED, Cell, CellError, Share
from app.excel.layout import ROW_ID
from app.excel.match import match
from app.excel.values import converter, to_raw
from app.store.imports.columns import Fault, read_cell

MOMENT = datetime(2004, 3, 1, 9, 30)  # noqa: DTZ001  # a cell has no zone

pytestmark = pytest.mark.usefixtures("zh")


def value(item: Field, cell: Cell) -> Any:
    return item.kind.parse(item, to_raw(item, cell))


def refusal(item: Field, cell: Cell) -> str:
    with pytest.raises(ValidationError) as refused:
        value(item, cell)
    return " ".join(str(text) for text in refused.value.messages)


@pytest.mark.parametrize(
    "cell",
    [
        date(2004, 3, 1), MOMENT, 38047, 38047.4, 20040301, "20040301", "2004年3月1日", "2004 年 3 月 1 日", "2004.3.1",
        "2004-03-01", "2004/3/1", "２００４．３．１", "二〇〇四年三月一日", "二零零四年三月一号", "2004-03-01 00:00:00",
        " 2004-3-1 ", "38047", "38047.0", "３８０４７",
    ],
)  # fmt: skip
def test_a_date_is_read_in_every_form(catalog: Catalog, cell: Cell) -> None:
    assert value(catalog["resident"].fields["moved_in"], cell) == date(2004, 3, 1)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("一九九九年十二月三十一日", date(1999, 12, 31)),
        ("二〇一〇年十月二十日", date(2010, 10, 20)),
        ("二〇〇三年元月十一日", date(2003, 1, 11)),
    ],
)
def test_chinese_figures_are_counted(catalog: Catalog, text: str, day: date) -> None:
    assert value(catalog["resident"].fields["moved_in"], text) == day


@pytest.mark.parametrize(
    "cell",
    ["2004年3月", "3/1/2004", "2004-02-30", 2004, True, "去年", "二〇〇四年十三月一日", -5, 1e300, 200403, 200403.5],
)
def test_what_is_no_date_is_refused_in_words(catalog: Catalog, cell: Cell) -> None:
    assert "2004-06-30" in refusal(catalog["resident"].fields["moved_in"], cell)


@pytest.mark.parametrize(
    "text", ["三月十十日", "三月十一二日", "三月二一日", "三月三十二日", "一二月一日", "十十月一日"]
)
def test_figures_that_are_no_number_are_no_date(catalog: Catalog, text: str) -> None:
    assert "2004-06-30" in refusal(catalog["resident"].fields["moved_in"], f"二〇〇四年{text}")


def test_a_day_of_the_first_thousand_years_is_a_slip_in_a_cell_as_in_a_text(catalog: Catalog) -> None:
    for cell in (date(204, 3, 1), datetime(204, 3, 1), "0204-03-01"):  # noqa: DTZ001  # a cell has no zone
        assert "2004-06-30" in refusal(catalog["resident"].fields["moved_in"], cell)


@pytest.mark.parametrize("cell", [",", "，", "元", "万元", "-", "￥"])
def test_an_amount_without_a_digit_is_told_and_is_not_an_empty_cell(catalog: Catalog, cell: str) -> None:
    entry = catalog["legal_entity"]
    for way in (to_raw, converter({"capital": "注册资金（万元）"})):
        assert isinstance(read_cell(entry.fields["capital"], cell, way), Fault)


def test_a_word_for_year_alone_is_told(catalog: Catalog) -> None:
    assert isinstance(read_cell(catalog["budget_line"].fields["year"], "年", to_raw), Fault)


@pytest.mark.parametrize("cell", [float("inf"), float("-inf"), float("nan"), 1e300])
def test_no_number_ends_a_check(catalog: Catalog, cell: float) -> None:
    for entry in catalog:
        for item in entry.fields.values():
            if not item.relation and (item.kind.numeric or item.kind.control in ("date", "datetime")):
                found = read_cell(item, cell, to_raw)
                assert isinstance(found, Fault), (entry.name, item.name, found)
                assert found.message


def test_numbers_stored_as_text_and_wide_digits_are_numbers(catalog: Catalog) -> None:
    quantity = catalog["natural_resource"].fields["quantity"]
    for cell in ("1,234.5", "１２３４．５", 1234.5, " 1234.50 "):
        assert value(quantity, cell) == Decimal("1234.5")
    assert value(quantity, 0.1 + 0.2) == Decimal("0.3")
    assert value(quantity, 3) == 3
    assert "日期" in refusal(quantity, date(2004, 3, 1))


@pytest.mark.parametrize(
    ("cell", "yuan"),
    [
        ("1.2万元", "12000"), ("3,000元", "3000"), ("¥3,000.50", "3000.5"), ("￥1亿", "100000000"), (12.5, "12.5"),
        ("人民币5万元整", "50000"), ("12", "12"), ("5千元", "5000"), ("1.5百万元", "1500000"),
        ("2万亿", "2000000000000"),
    ],
)  # fmt: skip
def test_amounts_are_read_with_their_units(catalog: Catalog, cell: Cell, yuan: str) -> None:
    assert value(catalog["legal_entity"].fields["capital"], cell) == Decimal(yuan)


@pytest.mark.parametrize("header", ["注册资金（万元）", "注册资金(万)", "注册资金/万元", "注册资本（万元）"])
def test_a_header_in_ten_thousands_counts_for_its_column(catalog: Catalog, header: str) -> None:
    entry = catalog["legal_entity"]
    item = entry.fields["capital"]
    way = converter({"capital": header})
    assert item.kind.parse(item, way(item, 1.5)) == 15000
    assert item.kind.parse(item, way(item, "3,000")) == 30_000_000
    assert item.kind.parse(item, way(item, "3元")) == 3
    assert match(entry, [header]).mapping == {0: "capital"}
    assert converter({"capital": header, ROW_ID: ROW_ID}) is to_raw
    assert converter({"capital": "注册资金"}) is to_raw


@pytest.mark.parametrize(
    ("header", "yuan"),
    [
        ("注册资金（千元）", 1500), ("注册资金（百万元）", 1_500_000), ("注册资金/百万元", 1_500_000),
        ("注册资金（千万元）", 15_000_000), ("注册资金（亿元）", 150_000_000), ("注册资金（元）", Decimal("1.5")),
    ],
)  # fmt: skip
def test_other_multiples_in_a_header_count_too(catalog: Catalog, header: str, yuan: Decimal) -> None:
    entry = catalog["legal_entity"]
    item = entry.fields["capital"]
    assert item.kind.parse(item, converter({"capital": header})(item, 1.5)) == yuan
    assert match(entry, [header]).mapping == {0: "capital"}


@pytest.mark.parametrize(
    ("header", "yuan"),
    [
        ("注册资金（万元人民币）", 15_000), ("注册资金（人民币万元）", 15_000), ("注册资金（单位：万元）", 15_000),
        ("注册资金（万元，人民币）", 15_000), ("注册资金（千）", 1_500), ("注册资金【万元】", 15_000),
        ("注册资金（万元/年）", 15_000), ("注册资金（RMB万元）", 15_000), ("注册资金（万元，不含税）", 15_000),
        ("注册资金（折合人民币万元，原币美元）", 15_000), ("注册资金（500万元以上）", Decimal("1.5")),
        ("注册资金（人民币）", Decimal("1.5")), ("注册资金（人民币元）", Decimal("1.5")),
    ],
)  # fmt: skip
def test_a_multiple_counts_whatever_stands_beside_it(catalog: Catalog, header: str, yuan: Decimal) -> None:
    item = catalog["legal_entity"].fields["capital"]
    assert item.kind.parse(item, converter({"capital": header})(item, 1.5)) == yuan


@pytest.mark.parametrize(
    ("header", "currency"),
    [
        ("注册资金（万美元）", "万美元"), ("注册资金（美元）", "美元"), ("注册资金（亿日元）", "亿日元"),
        ("注册资金（千港元）", "千港元"), ("注册资金/百万欧元", "百万欧元"), ("注册资金 USD", "USD"),
        ("注册资金（万 USD）", "万 USD"), ("注册资金($)", "$"), ("注册资金（HK$）", "HK$"),
        ("注册资金万美元", "万美元"), ("注册资金（＄）", "$"), ("美元注册资金（万元）", "美元"),
        ("注册资金（usd）", "usd"), ("注册资金（€）", "€"),
    ],
)  # fmt: skip
def test_amounts_below_a_header_of_another_currency_are_refused(catalog: Catalog, header: str, currency: str) -> None:
    item = catalog["legal_entity"].fields["capital"]
    way = converter({"capital": header})
    for cell in (1.5, 3, "3,000", "5万", "¥5"):
        told = read_cell(item, cell, way)
        assert isinstance(told, Fault), cell
        assert f"“{currency}”" in told.message
        assert header in told.message
    assert item.kind.parse(item, way(item, "1.5万元")) == 15_000
    assert item.kind.parse(item, way(item, "人民币300")) == 300
    assert [way(item, cell) for cell in (None, "")] == [None, ""]
    assert converter({"capital": header, ROW_ID: ROW_ID}) is to_raw


def test_a_header_of_another_currency_still_names_its_field(catalog: Catalog) -> None:
    for header in ("注册资金（万美元）", "注册资金/万美元", "注册资金：美元"):
        assert match(catalog["legal_entity"], [header]).mapping == {0: "capital"}


@pytest.mark.parametrize(
    ("cell", "currency"),
    [("100万美元", "万美元"), ("US$1,000", "US$"), ("$5", "$"), ("1.2亿日元", "亿日元"), ("300 USD", "USD"),
     ("HKD 5", "HKD"), ("５００港元", "港元"), ("€20", "€")],
)  # fmt: skip
def test_an_amount_in_another_currency_is_refused_by_its_name(catalog: Catalog, cell: str, currency: str) -> None:
    item = catalog["legal_entity"].fields["capital"]
    for way in (to_raw, converter({"capital": "注册资金（万元）"})):
        told = read_cell(item, cell, way)
        assert isinstance(told, Fault)
        assert f"“{currency}”" in told.message


def test_another_currency_above_the_header_refuses_the_columns_that_say_nothing(catalog: Catalog) -> None:
    item = catalog["legal_entity"].fields["capital"]
    way = converter({"capital": "注册资金"}, measure="万美元")
    assert isinstance(read_cell(item, 5, way), Fault)
    assert converter({"capital": "注册资金（元）"}, measure="万美元") is to_raw


def test_what_stands_above_the_header_counts_where_a_column_says_nothing(catalog: Catalog) -> None:
    item = catalog["legal_entity"].fields["capital"]
    for header, yuan in (("注册资金", 15_000), ("注册资金（元）", Decimal("1.5")), ("注册资金（亿元）", 150_000_000)):
        assert item.kind.parse(item, converter({"capital": header}, measure="万元")(item, 1.5)) == yuan
    assert converter({"capital": "注册资金", ROW_ID: ROW_ID}, measure="万元") is to_raw


def test_a_number_for_a_date_counts_from_where_its_workbook_does(catalog: Catalog) -> None:
    item = catalog["resident"].fields["moved_in"]
    for headers in ({}, {"moved_in": "迁入日期", ROW_ID: ROW_ID}, {"capital": "资本（万元）"}):
        way = converter(headers, 1904)
        assert item.kind.parse(item, way(item, 36585)) == date(2004, 3, 1)
        assert item.kind.parse(item, way(item, 20040301)) == date(2004, 3, 1)
        assert item.kind.parse(item, way(item, "2004.3.1")) == date(2004, 3, 1)
        assert item.kind.parse(item, way(item, "36585")) == date(2004, 3, 1)
    moment = catalog["mail"].fields["sent"]
    assert converter({}, 1904)(moment, 36585.5) == "2004-03-01T12:00:00"


def test_a_code_that_looks_like_a_short_power_is_a_code(catalog: Catalog) -> None:
    item = catalog["unit"].fields["code"]
    assert value(item, "3E01") == "3E01"
    assert "15" in refusal(item, "3.2E+17")


def test_signs_that_nobody_sees_make_no_other_code_and_no_other_choice(catalog: Catalog) -> None:
    for text in ("A-1\u200b", "\ufeffA-1", "\u202eA-1\u202c"):
        assert value(catalog["unit"].fields["code"], text) == "A-1"
    assert str(value(catalog["indicator"].fields["period"], "月\u200b").value) == "month"
    assert value(catalog["indicator"].fields["name"], "👨\u200d👩\u200d👧") == "👨\u200d👩\u200d👧"


def test_a_share_in_a_cell_shown_as_per_cent_is_read_as_shown(catalog: Catalog) -> None:
    item = catalog["milestone"].fields["target_share"]
    for cell in (Share(0.5), "50%", "50％", 50, "50"):
        assert value(item, cell) == 50
    assert value(item, Share(0.07)) == 7


@pytest.mark.parametrize(("cell", "flag"), [
    ("是", True), ("有", True), ("√", True), ("Y", True), (True, True), (1, True),
    ("否", False), ("无", False), ("×", False), (False, False), (0, False),
])  # fmt: skip
def test_yes_and_no_are_read_as_people_mark_them(catalog: Catalog, cell: Cell, flag: bool) -> None:
    assert value(catalog["unit"].fields["phase_one"], cell) is flag


@pytest.mark.parametrize("cell", ["汉族", "汉", "han", "HAN", "hanzu", " 汉 族 "])
def test_a_choice_is_read_by_label_value_or_pinyin(catalog: Catalog, cell: str) -> None:
    assert str(value(catalog["resident"].fields["ethnicity"], cell).label) == "汉族"


def test_a_choice_is_read_by_its_initials_where_they_are_its_own(catalog: Catalog) -> None:
    assert str(value(catalog["resident"].fields["verification"], "dhy").label) == "待核验"


def test_an_unknown_choice_is_refused_with_those_there_are(catalog: Catalog) -> None:
    assert "待核验" in refusal(catalog["resident"].fields["verification"], "也许")


@pytest.mark.parametrize("cell", [3.2070519900101e17, 320705199001010000, "3.20705E+17", "3.20705199001011E+17"])
def test_an_id_that_excel_rounded_is_told_and_never_guessed(catalog: Catalog, cell: Cell) -> None:
    assert "15 位" in refusal(catalog["resident"].fields["citizen_id"], cell)


def test_an_id_of_all_its_digits_is_taken_though_it_is_a_number(catalog: Catalog) -> None:
    item = catalog["resident"].fields["citizen_id"]
    assert to_raw(item, 110105194912310021) == "110105194912310021"
    assert value(item, "１１０１０５１９４９１２３１００２ｘ") == "11010519491231002X"


def test_zeros_lost_at_the_beginning_are_told(catalog: Catalog) -> None:
    assert "开头的 0" in refusal(catalog["legal_entity"].fields["org_code"], 1234567)
    assert value(catalog["resident"].fields["area"], 320703) == "320703"


def test_a_year_is_read_with_its_word(catalog: Catalog) -> None:
    item = catalog["budget_line"].fields["year"]
    assert [value(item, cell) for cell in ("2004年", "2004年度", 2004, "２００４")] == [2004] * 4


def test_cells_with_errors_and_formulas_without_results_say_so(catalog: Catalog) -> None:
    item = catalog["resident"].fields["name"]
    assert "#DIV/0!" in refusal(item, CellError("#DIV/0!"))
    assert "公式" in refusal(item, CellError(NOT_CALCULATED))


def test_texts_take_numbers_and_dates_as_they_are_shown(catalog: Catalog) -> None:
    item = catalog["resident"].fields["address"]
    assert [value(item, cell) for cell in (12, 1.5, date(2004, 3, 1), "海州区")] == [
        "12",
        "1.5",
        "2004-03-01",
        "海州区",
    ]


def test_what_cannot_come_by_workbook_is_refused_in_words(catalog: Catalog) -> None:
    item = next(one for entry in catalog for one in entry.fields.values() if one.kind.control == "files")
    assert to_raw(item, None) is None
    assert "表单" in refusal(item, "a.pdf")
