"""A workbook brought in as people do it, in a real browser: file, columns, plan, rows stored, all of it taken back."""

from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select

from tests.screens.test_imports import rows_of
from tests.support import people
from tests.support.browser import Window

pytestmark = pytest.mark.browser

NEXT = ".rn-savebar .btn-primary"


@pytest.fixture
def file(app: Flask, tmp_path: Path) -> Path:
    """A workbook of three indicators, the last of which has no name."""
    units = app.extensions["catalog"]["unit"].model.__table__
    with app.extensions["engine"].connect() as connection:
        unit = connection.scalar(select(units.c.code).where(units.c.name == "统计局"))
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["编码", "名称", "计量单位", "管理单位"], ["B-1", "甲", "吨", unit], ["B-2", "乙", "吨", unit],
                ["B-3", None, "吨", unit]):  # fmt: skip
        sheet.append(row)
    path = tmp_path / "指标.xlsx"
    book.save(path)
    return path


def told(window: Window, words: str) -> None:
    """Wait for the words on the page of the import, which asks for itself anew while a worker goes on."""
    window.until(lambda: words in window.one("main").text, f"the page does not say {words}")


def test_a_workbook_goes_in_as_it_was_chosen_and_is_taken_back(window: Window, app: Flask, file: Path) -> None:
    before = rows_of(app, "indicator")
    window.sign_in(people.STATISTICS)
    window.open("/records/indicator/import")
    window.one(NEXT).click()
    window.one("#rn-file-e")
    assert window.barriers() == []
    window.problems()  # the browser notes that a file was missing: 422
    window.all("#rn-file")[0].send_keys(str(file))
    window.until(lambda: "指标.xlsx" in window.one("[data-rn-chosen]").text)
    window.one(NEXT).click()
    window.until(lambda: window.path.startswith("/imports/"))
    chosen = [one.get_attribute("value") for one in window.all("select[name^=col-]")]
    assert chosen == ["code", "name", "measure", "unit"]
    assert window.barriers() == []
    window.one(NEXT).click()
    window.until(lambda: [one.text for one in window.all(".rn-kpi")] == ["2", "0", "0", "1", "0"])
    assert not window.one("input[value=all]").is_enabled()
    assert window.one("input[value=good]").is_selected()
    assert window.barriers() == []
    assert rows_of(app, "indicator") == before
    window.one(NEXT).click()
    window.until(lambda: window.all("[data-rn-open=rn-undo]"), "the rows were not stored")
    assert rows_of(app, "indicator") == before + 2
    assert window.barriers() == []
    window.one("[data-rn-open=rn-undo]").click()
    window.one("#rn-undo button[type=submit]").click()
    told(window, "已撤销")
    window.until(lambda: rows_of(app, "indicator") == before, "the rows were not taken back")
    assert window.barriers() == []
    assert window.problems() == []
