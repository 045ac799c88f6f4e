"""What a search found is marked where it stands, however it was typed."""

import pytest

from app.screens.draw import draw_cell
from app.screens.pages import Cell
from app.store.search.match import words_of
from app.store.search.spans import spans


@pytest.mark.parametrize(
    ("text", "typed", "marked"),
    [
        ("连云港市公安局", "云港", ["云港"]),
        ("连云港市公安局", "连云 云港", ["连云港"]),
        ("连云港市公安局", "lyg", ["连云港"]),
        ("连云港市公安局", "gongan", ["公安"]),
        ("连云港市公安局", "gonga", ["公安"]),
        ("单雄信", "shanx", ["单雄"]),
        ("ＡＢ座－３号", "b座", ["Ｂ座"]),
        ("㎏ 和 kg", "kg", ["㎏", "kg"]),
        ("海州海州", "海州", ["海州海州"]),
        ("海州区", "东海", []),
    ],
)
def test_words_are_marked_in_the_text_as_it_stands(text: str, typed: str, marked: list[str]) -> None:
    assert [text[start:end] for start, end in spans(text, words_of(typed), name=True)] == marked


def test_a_marked_text_is_written_out_safely() -> None:
    cell = Cell("<b>连云</b>&", marks=((3, 5),))
    assert draw_cell(cell, full=True) == "&lt;b&gt;<mark>连云</mark>&lt;/b&gt;&amp;"
