"""The catalog of the city's records, resolved once."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from openpyxl import Workbook

from app.catalog import Catalog, declared_models
from tests.support.office import convert


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """Every declared record; a fault of a declaration fails here, with its id and remedy."""
    import models  # noqa: F401  # declares the records

    return Catalog(declared_models())


@pytest.fixture
def zh() -> Iterator[None]:
    """Texts in Chinese, as most readers see them."""
    app = Flask(__name__)
    Babel(app, default_locale="zh", default_translation_directories=str(Path("translations").absolute()))
    with app.app_context():
        yield


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One workbook in the formats that LibreOffice writes."""
    path = tmp_path_factory.mktemp("office") / "residents.xlsx"
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "人口"
    sheet.append([])
    sheet.append(["姓名", "迁入日期", "比例", "年份", "身份号码"])
    sheet.append(["张三", date(2004, 3, 1), 0.5, 2004, "11010519491231002X"])
    sheet.append(["李四", datetime(2004, 3, 1, 9, 30), 1, None, "034052419800101001"])  # noqa: DTZ001  # a cell has no zone
    sheet["C3"].number_format = "0%"
    sheet["F3"], sheet["F4"] = "=1/0", "=1+1"
    for place, number in (("G3", 320), ("H3", 7)):
        sheet[place] = number
        sheet[place].number_format = "000000"
    hidden = book.create_sheet("藏")
    hidden.sheet_state = "hidden"
    hidden["C5"] = "一"
    book.save(path)
    ods, xls = convert(path, "ods", "xls")
    return {"xlsx": path, "ods": ods, "xls": xls}


@pytest.fixture
def old_workbook(office: dict[str, Path]) -> Path:
    """A workbook in the format of Excel 97."""
    return office["xls"]
