"""Workbooks that go in: by the command line, and as exports that come back."""

from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import create_engine, text

from app.excel import layout
from app.store.imports import batches
from tests.support.imports import citizen, resident
from tests.support.places import Place

HEADER = ("公民身份号码", "姓名", "区划", "住址", "迁入日期", "核验", "登记单位")


def workbook(path: Path, rows: list[list[object]]) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER)
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def count(place: Place, number: int) -> int:
    engine = create_engine(place.database_url)
    with engine.connect() as connection:
        found = connection.scalar(
            text("SELECT count(*) FROM resident WHERE citizen_id = :id"), {"id": citizen(number)}
        )  # fmt: skip
    engine.dispose()
    return int(found or 0)


def test_a_file_is_only_checked_unless_it_shall_be_applied(place: Place, tmp_path: Path) -> None:
    file = workbook(tmp_path / "人口.xlsx", [resident(701), resident(702)])
    told = place.run("import", "resident", str(file), "--as", "police")
    assert "2 new" in told.stdout
    assert count(place, 701) == 0
    told = place.run("import", "resident", str(file), "--as", "police", "--apply")
    assert "2 added" in told.stdout
    assert count(place, 701) == 1
    told = place.run("import", "resident", str(file), "--as", "police")
    assert "2 same" in told.stdout
    assert "The same file is known" in told.stderr


def test_faults_are_told_with_their_cells_and_end_with_one(place: Place, tmp_path: Path) -> None:
    file = workbook(tmp_path / "人口.xlsx", [resident(711), resident(712, moved_in="昨天")])
    told = place.run("import", "resident", str(file), "--as", "police", "--apply", check=False)
    assert told.returncode == 1
    assert "E3 " in told.stderr
    assert count(place, 711) == 0
    told = place.run("import", "resident", str(file), "--as", "police", "--apply", "--good-rows", check=False)
    assert told.returncode == 1
    assert "1 added" in told.stdout
    assert (count(place, 711), count(place, 712)) == (1, 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "There is no record"),
        (["resident", "--as", "nobody"], "no active account"),
        (["resident", "--as", "viewer"], "no grant"),
        (["account", "--as", "admin"], "不能用工作簿导入"),
        (["resident", "--as", "police", "--sheet", "别的"], "没有名为"),
    ],
)
def test_what_cannot_be_imported_is_told_in_words(
    place: Place, tmp_path: Path, arguments: list[str], words: str
) -> None:
    file = workbook(tmp_path / "人口.xlsx", [resident(721)])
    told = place.run("import", arguments[0], str(file), *arguments[1:], check=False)
    assert told.returncode == 1
    assert words in told.stderr
    assert "Traceback" not in told.stderr


def test_where_somebody_would_have_to_choose_nothing_is_checked(place: Place, tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["编码", "名称", "名称"])
    book.active.append(["C-1", "一", "二"])
    book.save(tmp_path / "a.xlsx")
    told = place.run("import", "indicator", str(tmp_path / "a.xlsx"), check=False)
    assert told.returncode == 1
    assert "B 列" in told.stderr
    assert "C 列" in told.stderr
    assert "Import " not in told.stdout


def test_the_store_and_the_workbook_call_the_hidden_columns_alike() -> None:
    assert (batches.ROW_ID, batches.ROW_VERSION) == (layout.ROW_ID, layout.ROW_VERSION)
