"""A workbook goes out, is edited in a real LibreOffice and comes back: nothing but the edited cells changes."""

from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import create_engine, text

from tests.support.office import edit
from tests.support.places import Place

STAMPS = {"version", "updated_at", "updated_by"}


def rows_of(place: Place, record: str) -> dict[int, dict[str, Any]]:
    engine = create_engine(place.database_url)
    with engine.connect() as connection:
        found = {row["id"]: dict(row) for row in connection.execute(text(f"SELECT * FROM {record}")).mappings()}
    engine.dispose()
    return found


@pytest.mark.parametrize(
    ("record", "export", "who", "label", "column", "typed", "form"),
    [
        ("resident", ("--where", "area=320724"), ("--as", "police"), "姓名", "name", "欧阳明轩", "xlsx"),
        ("project", (), (), "名称", "title", "全市办公网络平台（二期）", "ods"),
        ("indicator_value", ("--where", "period=1998"), (), "数值", "value", "12.5", "xlsx"),
    ],
)
def test_an_edited_export_changes_the_edited_cell_alone(
    place: Place, tmp_path: Path, record: str, export: tuple[str, ...], who: tuple[str, ...], label: str, column: str,
    typed: str, form: str,
) -> None:  # fmt: skip
    out, back = tmp_path / "out.xlsx", tmp_path / f"back.{form}"
    place.run("export", record, str(out), *export, *who)
    sheet = load_workbook(out).active
    assert sheet is not None
    heads = [cell.value for cell in sheet[1]]
    cell = sheet.cell(4, heads.index(label) + 1).coordinate
    row_id = int(str(sheet.cell(4, heads.index("rn:id") + 1).value))
    edit(out, back, {cell: typed})

    before = rows_of(place, record)
    told = place.run("import", record, str(back), *who, "--apply")
    assert f"1 changed, {sheet.max_row - 2} same" in told.stdout, told.stdout + told.stderr
    after = rows_of(place, record)

    changed = {
        (number, name) for number, row in after.items() for name, value in row.items()
        if name not in STAMPS and value != before[number][name]
    }  # fmt: skip
    assert before.keys() == after.keys()
    assert changed == {(row_id, column)}
    assert digits(str(after[row_id][column])) == digits(typed)


def digits(stored: str) -> str:
    """A text as it is; of a number its digits, as SQLite keeps whole numbers of the smallest part."""
    return stored.replace(".", "").rstrip("0")
