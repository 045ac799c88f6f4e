"""The rows to mend, given out as a workbook of their own, say what they said in the file."""

from datetime import date
from pathlib import Path

import pytest

from app.excel.book import NOT_CALCULATED, Cell, CellError, Share
from app.excel.marked import Marked
from app.excel.read import open_book
from app.store.import_tables import Outcome
from app.store.imports.batches import Note, Planned

CELLS: list[Cell] = [
    Share(0.5), Share(0.125), date(2004, 3, 1), 36585, 0.5, True, "000320", CellError("#DIV/0!"), "#REF!",
]  # fmt: skip


@pytest.mark.parametrize("system", [1900, 1904])
@pytest.mark.usefixtures("zh")
def test_cells_come_back_as_they_stood_in_the_file(tmp_path: Path, system: int) -> None:
    marked = Marked("表", [f"列{number}" for number in range(len(CELLS))], system)
    marked.add(CELLS, Planned(7, Outcome.ERROR, None, "", {}, (Note("name", 1, "请填写"),)))
    path = tmp_path / "rest.xlsx"
    with path.open("wb") as file:
        marked.save(file)
    with open_book(path, path.name) as book:
        row = list(book.rows(0, len(CELLS)))[1][1]
        assert book.system == system
    assert row == CELLS
    assert [type(cell) for cell in row] == [type(cell) for cell in CELLS]


@pytest.mark.usefixtures("zh")
def test_a_formula_without_result_does_not_come_back_as_a_text(tmp_path: Path) -> None:
    marked = Marked("表", ["甲"])
    marked.add([CellError(NOT_CALCULATED)], Planned(7, Outcome.ERROR, None, "", {}, ()))
    path = tmp_path / "rest.xlsx"
    with path.open("wb") as file:
        marked.save(file)
    with open_book(path, path.name) as book:
        assert list(book.rows(0, 1))[1][1] == [CellError("#N/A")]
