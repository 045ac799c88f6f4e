"""The workbook to fill in: what it asks for is what a person may type, and what it shows as an example is accepted."""

import io
from collections.abc import Callable, Iterator

import openpyxl
import pytest
from flask import Flask
from flask_babel import force_locale
from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from sqlalchemy import select

from app.access import SYSTEM
from app.catalog import Catalog
from app.excel.layout import stamp
from app.excel.template import explain
from app.excel.values import to_raw
from app.store.session import act_as, db
from tests.support import people
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]


@pytest.fixture
def catalog(app: Flask) -> Iterator[Catalog]:
    with app.app_context(), force_locale("zh"):
        yield app.extensions["catalog"]


def book_of(visitor: Visitor, record: str) -> Workbook:
    answer = visitor.get(f"/records/{record}/template.xlsx")
    assert answer.status_code == 200
    return openpyxl.load_workbook(io.BytesIO(answer.data))


def test_it_has_the_columns_that_one_may_type_and_the_records_stamp(visitor: Signed, catalog: Catalog) -> None:
    sheet = book_of(visitor(people.POLICE), "resident").worksheets[0]
    entry = catalog["resident"]
    typed = [item.label for item in entry.fields.values() if item.typed]
    assert [cell.value for cell in sheet[1]] == [*typed, stamp(entry)]
    assert sheet.max_row == 1
    assert sheet.column_dimensions["A"].number_format == "@"
    comment = sheet["A1"].comment
    assert comment is not None
    assert str(entry.fields["citizen_id"].spec.help) in comment.text


def test_choices_and_small_references_are_drop_downs(visitor: Signed, catalog: Catalog) -> None:
    book = book_of(visitor(people.POLICE), "legal_entity")
    sheet, entry = book.worksheets[0], catalog["legal_entity"]
    assert book["rn.lists"].sheet_state == "hidden"
    heads = [cell.value for cell in sheet[1]]
    for name, listed in (
        ("kind", [str(one.label) for one in entry.fields["kind"].choices]),
        ("area", list(dict.fromkeys(str(one) for one in (entry.fields["area"].names or {}).values()))),
    ):
        letters = get_column_letter(heads.index(entry.fields[name].label) + 1)
        rule = next(one for one in sheet.data_validations.dataValidation if f"{letters}2:" in str(one.sqref))
        assert rule.type == "list"
        area = str(rule.formula1).rpartition("!")[2].replace("$", "")
        assert {row[0].value for row in book["rn.lists"][area]} <= set(listed)
    letters = get_column_letter(heads.index(entry.fields["unit"].label) + 1)
    rule = next(one for one in sheet.data_validations.dataValidation if f"{letters}2:" in str(one.sqref))
    assert rule.type == "list"


def test_the_owner_offered_is_the_one_whose_rows_one_may_add(app: Flask, visitor: Signed, catalog: Catalog) -> None:
    book, entry = book_of(visitor(people.POLICE), "resident"), catalog["resident"]
    sheet, owner = book.worksheets[0], entry.owner
    assert owner is not None
    place = [cell.value for cell in sheet[1]].index(owner.label) + 1
    column = book["rn.lists"][get_column_letter(place)]
    cells = column if isinstance(column, tuple) else (column,)
    offered = [cell.value for cell in cells if cell.value is not None]
    unit = catalog["unit"].model.__table__
    with app.extensions["engine"].connect() as connection:
        own = connection.scalar(select(unit.c.code).where(unit.c.name == "公安局"))
    assert offered == [own]
    assert book.worksheets[1].cell(2, place).value == own


def test_every_records_example_is_accepted_by_its_fields(app: Flask, catalog: Catalog) -> None:
    with app.test_request_context(), force_locale("zh"):
        act_as(db(), SYSTEM)
        for entry in catalog:
            columns = explain(db(), entry)
            for one in columns:
                if one.needed and one.item.target is None:
                    assert one.example, f"{entry.name}.{one.item.name}"
                if one.example and one.item.target is None:
                    one.item.kind.parse(one.item, to_raw(one.item, one.example))
                assert one.rules


def test_each_column_is_explained_on_a_sheet_of_its_own(visitor: Signed, catalog: Catalog) -> None:
    book = book_of(visitor(people.COORDINATOR), "milestone")
    assert [sheet.sheet_state for sheet in book.worksheets] == ["visible", "visible", "visible", "hidden"]
    heads = [cell.value for cell in book.worksheets[0][1]][:-1]
    guide = [row[0] for row in book.worksheets[2].iter_rows(min_row=2, values_only=True)]
    assert guide[: len(heads)] == heads
    example = book.worksheets[1]
    assert example.max_row == 2


def test_only_those_who_may_add_rows_get_one(visitor: Signed, stranger: Visitor) -> None:
    assert visitor(people.VIEWER).get("/records/resident/template.xlsx").status_code == 403
    assert visitor(people.POLICE).get("/records/none/template.xlsx").status_code == 404
    assert visitor(people.POLICE).get("/records/resident/template.xlsx?x=1").status_code == 400
    assert stranger.get("/records/resident/template.xlsx").status_code == 303
