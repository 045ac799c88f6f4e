"""Rows taken many at a time are the rows that are read one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.excel.blocks import Blocks, Numbered
from app.excel.strings import SharedStrings
from app.excel.styles import PLAIN, SHARE, Numbers
from app.excel.xlsx import _Taker

WIDTH = 6
STRINGS = ["", "张三", "A&B", "x" * 300]


def strings() -> SharedStrings:
    made = SharedStrings()
    made.head.extend(STRINGS)
    return made


def one_by_one(block: str, width: int = WIDTH) -> list[Numbered]:
    taker = _Taker(strings(), Numbers([PLAIN, SHARE]), width)
    return [(line, cells) for line, cells in taker.rows(block, 0) if cells]


def together(block: str, width: int = WIDTH) -> list[Numbered] | None:
    return Blocks(strings(), Numbers([PLAIN, SHARE]), width).take(block)


def same(one: object, other: object) -> bool:
    """Equal, and of the same types: 1, 1.0 and True are three different cells."""
    return repr(one) == repr(other)


MARKS = ("", ' s="1"', ' s="0" t="n"', ' t="n"')
TEXTS = st.text(st.sampled_from("张三 a1-_x0041&amp;&#x4e2d;"), max_size=8).map(lambda text: text.replace("&", "&amp;"))
CELLS = st.one_of(
    st.tuples(st.sampled_from(MARKS), st.sampled_from(["1", "0.5", "-3", "2.0", "1E400", "x", ""])).map(
        lambda cell: f"{cell[0]}><v>{cell[1]}</v></c>"
    ),
    st.sampled_from(["0", "1", "2", "3", ""]).map(lambda value: f' t="s"><v>{value}</v></c>'),
    TEXTS.map(lambda text: f' t="inlineStr"><is><t>{text}</t></is></c>'),
    TEXTS.map(lambda text: f' s="1" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'),
    TEXTS.map(lambda text: f' t="str"><v>{text}</v></c>'),
    st.sampled_from(
        [' t="b"><v>1</v></c>', ' t="b"><v>0</v></c>', ' t="e"><v>#N/A</v></c>', ' s="1"/>', "/>", "></c>"]
    ),
)
ROWS = st.lists(st.dictionaries(st.sampled_from("ABCDEFGH"), CELLS, max_size=8), min_size=1, max_size=6)


def block_of(rows: list[dict[str, str]]) -> str:
    return "<worksheet><sheetData>" + "".join(
        f'<row r="{number}" spans="1:8">'
        + "".join(f'<c r="{letters}{number}"{row[letters]}' for letters in sorted(row))
        + "</row>"
        for number, row in enumerate(rows, 1)
    )


@given(ROWS)
def test_rows_of_every_form_are_the_same_taken_together(rows: list[dict[str, str]]) -> None:
    block = block_of(rows)
    found = together(block)
    assert found is not None or not any(rows)
    assert found is None or same(found, one_by_one(block))


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A1"><f>1+1</f><v>2</v></c>',
        '<c r="A1" cm="1"><v>2</v></c>',
        '<c t="s" r="A1"><v>1</v></c>',
        "<c><v>2</v></c>",
        '<c r="A1" t="s"><is><t>一</t></is></c>',
        '<c r="A1" t="inlineStr"><is><r><t>一</t></r></is></c>',
        '<c r="B1"><v>2</v></c><c r="A1"><v>1</v></c>',
        '<c r="A1"><v>1</v></c><c r="A1"><v>2</v></c>',
        '<c r="A1"> <v>1</v> </c>',
    ],
)
def test_a_block_with_any_other_cell_is_given_back(cell: str) -> None:
    plain = '<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>1</v></c></row>'
    assert together(f'<row r="1">{cell}</row>{plain}') is None
    assert together(f'{plain}<row r="1">{cell}</row>') is None


def test_rows_that_close_themselves_or_have_no_number_are_given_back() -> None:
    row = '<row r="2"><c r="A2"><v>1</v></c></row>'
    for other in (
        '<row r="1" ht="15"/>',
        "<row><c r='A1'><v>1</v></c></row>",
        '<row ht="9"><c r="A1"><v>1</v></c></row>',
    ):
        assert together(other + row) is None


def test_after_some_blocks_in_vain_no_more_are_tried() -> None:
    blocks = Blocks(strings(), Numbers([PLAIN]), WIDTH)
    good, bad = '<row r="2"><c r="A2"><v>1</v></c></row>', '<row r="1"><c r="A1"><f>1</f><v>1</v></c></row>'
    assert [blocks.take(bad), blocks.take(bad), blocks.take(good)] == [None, None, [(2, [1])]]
    for _time in range(4):
        assert blocks.take(bad) is None
    assert blocks.take(good) is None


def test_columns_that_come_later_are_taken_too_and_those_past_the_width_are_not() -> None:
    blocks = Blocks(strings(), Numbers([PLAIN]), 2)
    assert blocks.take('<row r="1"><c r="A1"><v>1</v></c></row>') == [(1, [1])]
    assert blocks.take('<row r="2"><c r="B2"><v>2</v></c><c r="C2"><v>3</v></c></row>') == [(2, [None, 2])]
    assert blocks.take('<row r="3"><c r="C3"><v>3</v></c></row>') == []
