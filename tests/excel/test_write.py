"""A list as a workbook: what openpyxl and LibreOffice read in it is what the reader sees on the screen."""

import csv
import io
import re
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask_babel import force_locale
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from app.access import SYSTEM, Person, System
from app.auth.people import find_account, load_person
from app.catalog import Catalog, Entry
from app.declare.event import Deed, Door, Event
from app.excel import celltext
from app.excel import write as writing
from app.excel.layout import stamp
from app.store.labels import nobody
from app.store.page import fetch_page, stream_rows
from app.store.query import Condition, Query, plain_query
from app.store.session import act_as, db
from tests.support import people

Book = Callable[..., Worksheet]
ODD = [
    "=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")', "plain & <b>bold</b>", " spaces ", "a\nb", "_x0041_",
    "bell\x07rings", "a\x01b", "\ufffe", "😀 连云港", "0123456789012345678", "1e5", "true", "#N/A", "",
]  # fmt: skip
READ = {"bell\x07rings": "bellrings", "a\x01b": "ab", "\ufffe": None, "": None, "_x0041_": "_x005F_x0041_"}
"""What openpyxl reads instead; it leaves numbered characters as they stand, where Excel shows them as they were."""


def entry_of(app: Flask, name: str) -> Entry:
    catalog: Catalog = app.extensions["catalog"]
    return catalog[name]


def person(app: Flask, name: str) -> Person:
    found = load_person(db(), app.extensions["catalog"], find_account(db(), name).id)
    assert found is not None
    return found


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    with app.test_request_context(), force_locale("zh"):
        act_as(db(), SYSTEM)
        yield db()
        db().rollback()


def query_of(app: Flask, name: str, *columns: str, actor: Person | System = SYSTEM) -> Query:
    entry = entry_of(app, name)
    return replace(plain_query(entry, actor), columns=tuple(entry.fields[one] for one in columns) or None)


def file_of(session: Session, query: Query, form: str = "xlsx") -> bytes:
    file = io.BytesIO()
    writing.write(session, query, file, form)
    session.commit()
    return file.getvalue()


def sheet_of(session: Session, query: Query) -> Worksheet:
    book = openpyxl.load_workbook(io.BytesIO(file_of(session, query)))
    assert isinstance(book.active, Worksheet)
    return book.active


def values(sheet: Worksheet) -> list[tuple[Any, ...]]:
    return list(sheet.iter_rows(min_row=2, values_only=True))


def test_cells_have_the_types_of_their_fields(app: Flask, session: Session) -> None:
    sheet = sheet_of(
        session, query_of(app, "legal_entity", "org_code", "name", "kind", "registered", "capital", "unit")
    )
    entry = entry_of(app, "legal_entity")
    model = entry.model
    row = session.scalars(select(model).order_by(model.org_code).limit(1)).one()
    assert [cell.value for cell in sheet[1]][:6] == [
        entry.fields[name].label for name in ("org_code", "name", "kind", "registered", "capital", "unit")
    ]
    cells = sheet[2]
    assert [cell.value for cell in cells[:3]] == [row.org_code, row.name, str(row.kind.label)]
    assert cells[3].value == datetime.combine(row.registered, datetime.min.time())
    assert cells[3].is_date
    assert Decimal(str(cells[4].value)) == row.capital
    assert cells[5].value == row.unit.code
    assert [cell.number_format for cell in cells[:2]] == ["@", "@"]
    assert cells[4].number_format == "#,##0.00"


def test_the_header_is_frozen_and_filters_and_three_hidden_columns_know_the_row(app: Flask, session: Session) -> None:
    query = query_of(app, "unit", "code", "name")
    sheet = sheet_of(session, query)
    entry = query.entry
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:E{sheet.max_row}"
    assert [cell.value for cell in sheet[1]][2:] == ["rn:id", "rn:version", stamp(entry)]
    assert sheet.column_dimensions["C"].hidden
    assert (sheet.column_dimensions["C"].min, sheet.column_dimensions["C"].max) == (3, 5)
    assert not sheet.column_dimensions["A"].hidden
    stored = session.execute(select(entry.model.code, entry.model.id, entry.model.version)).all()
    assert {(row[0], row[2], row[3]) for row in values(sheet)} == {tuple(row) for row in stored}
    assert all(row[4] is None for row in values(sheet))


def test_a_column_is_as_wide_as_its_chinese_texts(app: Flask, session: Session) -> None:
    sheet = sheet_of(session, query_of(app, "legal_entity", "name", "org_code"))
    longest = max(len(row[0]) for row in values(sheet)[:100])
    assert sheet.column_dimensions["A"].width >= min(60, 2 * longest - 4)
    assert sheet.column_dimensions["A"].width > sheet.column_dimensions["B"].width


def test_every_record_can_be_written_with_all_its_columns(app: Flask, session: Session) -> None:
    for entry in app.extensions["catalog"]:
        query = replace(plain_query(entry, SYSTEM), columns=entry.columns)
        labels = [item.label for item in entry.columns]
        book = openpyxl.load_workbook(io.BytesIO(file_of(session, query)), read_only=True)
        assert isinstance(book.active, ReadOnlyWorksheet)
        head = next(book.active.iter_rows(max_row=1, values_only=True))
        assert list(head) == [*labels, "rn:id", "rn:version", stamp(entry)]
        lines = csv.reader(io.StringIO(file_of(session, query, "csv").decode("utf-8-sig"), newline=""))
        assert next(lines) == labels
        assert all(len(line) == len(labels) for line in lines)


def test_a_person_gets_the_rows_of_their_list_in_its_order(app: Flask, session: Session) -> None:
    for name in (people.POLICE, people.TOURISM, people.VIEWER, people.LEADER):
        actor = person(app, name)
        for record, order in (
            ("resident", "area"),
            ("project", "unit"),
            ("staff", "name"),
            ("news_item", "updated_at"),
        ):
            query = query_of(app, record, actor=actor)
            query = replace(query, order=query.entry.fields[order], descending=True, limit=200)
            act_as(session, actor)
            page = [row["id"] for row in fetch_page(session, query).rows]
            found = [row_id for chunk in stream_rows(session, query, 1000) for row_id in chunk[0]]
            assert found[: len(page)] == page
            assert len(found) == len(set(found))
            if len(page) < 200:
                assert len(found) == len(page)
            session.rollback()


def test_a_masked_number_stays_masked_for_everybody(app: Flask, session: Session) -> None:
    whole = set(session.scalars(select(entry_of(app, "resident").model.citizen_id)))
    for actor in (SYSTEM, person(app, people.POLICE), person(app, people.LEADER)):
        act_as(session, actor)
        query = query_of(app, "resident", "citizen_id", "name", actor=actor)
        for form in ("csv", "xlsx"):
            content = file_of(session, query, form)
            if form == "xlsx":
                content = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
            assert content.count(b"*" * 11) == len(whole)
            assert not re.search(rb"\d{17}[\dX]", content)


def test_a_referred_row_that_one_may_not_see_is_not_named(app: Flask, session: Session) -> None:
    entry, actor = entry_of(app, "account"), person(app, people.ADMIN)
    item = next(one for one in entry.fields.values() if one.target is not None and one.target.name == "role")
    act_as(session, actor)
    query = replace(plain_query(entry, actor), columns=(item,))
    found = values(sheet_of(session, query))
    assert len(found) > 5
    assert {name for row in found for name in (row[0] or nobody()).split("、")} == {nobody()}


@pytest.fixture(scope="module")
def odd_lines(app: Flask) -> datetime:
    """Lines of the trail with texts that a workbook must take care of, in a month of their own."""
    start = datetime(2002, 5, 1, tzinfo=UTC)
    lines = [
        {"at": start.replace(minute=number), "actor": "某人", "door": Door.FORM, "deed": Deed.CHANGED, "label": value}
        for number, value in enumerate(ODD)
    ]
    with app.extensions["engine"].begin() as connection:
        connection.execute(insert(Event.__table__), lines)
    return start


def odd_query(app: Flask) -> Query:
    fields = entry_of(app, "audit").fields
    theirs = (Condition(fields["actor"], "", ("某人",)),)
    return replace(query_of(app, "audit", "label", "at"), order=fields["at"], descending=False, conditions=theirs)


@pytest.mark.usefixtures("odd_lines")
def test_no_text_is_run_or_changed_or_breaks_the_file(app: Flask, session: Session) -> None:
    sheet = sheet_of(session, odd_query(app))
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == [READ.get(value, value) for value in ODD]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert [bool(cell.quotePrefix) for cell in cells[:6]] == [True] * 5 + [False]
    assert sheet["B2"].value == datetime(2002, 5, 1, 8, 0)  # noqa: DTZ001


@pytest.mark.usefixtures("odd_lines")
def test_libreoffice_reads_the_same_and_so_does_what_it_saves(app: Flask, session: Session, tmp_path: Path) -> None:
    pages = {
        "odd": odd_query(app),
        "legal_entity": query_of(
            app, "legal_entity", "org_code", "name", "kind", "registered", "capital", "unit", "area"
        ),
    }
    written = {}
    for name, query in pages.items():
        (tmp_path / f"{name}.xlsx").write_bytes(file_of(session, query))
        written[name] = values(openpyxl.load_workbook(tmp_path / f"{name}.xlsx").active)  # type: ignore[arg-type]
    profile, out = tmp_path / "profile", tmp_path / "out"
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to", "xlsx", "--outdir", out,
         *(tmp_path / f"{name}.xlsx" for name in pages)],
        check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    for name, before in written.items():
        book = openpyxl.load_workbook(out / f"{name}.xlsx")
        sheet = book.active
        assert isinstance(sheet, Worksheet)
        after = values(sheet)
        # LibreOffice reads the numbered characters
        before = [tuple("_x0041_" if one == "_x005F_x0041_" else one for one in row) for row in before]  # noqa: PLW2901
        assert [row[:-3] for row in after] == [row[:-3] for row in before]
        assert [row[-3:-1] for row in after] == [row[-3:-1] for row in before]
        last = sheet.max_column
        assert str(sheet.cell(1, last).value).startswith("rn:")
        hidden = {
            number
            for one in sheet.column_dimensions.values()
            if one.hidden
            for number in range(one.min or 0, (one.max or 0) + 1)
        }
        assert {last - 2, last - 1, last} <= hidden


def test_a_list_longer_than_a_sheet_goes_on_on_the_next(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "ROWS_A_SHEET", 70)
    monkeypatch.setattr(writing, "AT_ONCE", 50)
    query = query_of(app, "staff", "name")
    file = io.BytesIO()
    done = writing.write(session, query, file, "xlsx")
    session.commit()
    book = openpyxl.load_workbook(file)
    title = query.entry.title
    assert done.sheets == len(book.worksheets) > 2
    assert book.sheetnames[:2] == [title, f"{title} (2)"]
    assert [sheet.max_row for sheet in book.worksheets[:-1]] == [71] * (done.sheets - 1)
    found = [row[1] for sheet in book.worksheets for row in values(sheet)]
    assert found == [row_id for chunk in stream_rows(session, query, 1000) for row_id in chunk[0]]
    assert len(found) == done.rows
    assert all(sheet.freeze_panes == "A2" and sheet["B1"].value == "rn:id" for sheet in book.worksheets)


def test_days_before_excels_calendar_and_numbers_of_too_many_digits_are_written_as_text(
    app: Flask, session: Session
) -> None:
    table = entry_of(app, "natural_resource").model.__table__
    ids = list(session.scalars(select(table.c.id).order_by(table.c.code).limit(3)))
    given = [
        (ids[0], date(1899, 5, 1), Decimal("12345678901234.5678")),
        (ids[1], date(1900, 2, 28), Decimal("-0.5")),
        (ids[2], date(1900, 3, 1), Decimal(99999999999)),
    ]
    for row_id, day, number in given:
        session.execute(update(table).where(table.c.id == row_id).values(surveyed=day, quantity=number))
    session.commit()
    found = values(sheet_of(session, query_of(app, "natural_resource", "code", "surveyed", "quantity")))[:3]
    assert [row[1] for row in found] == ["1899-05-01", "1900-02-28", datetime(1900, 3, 1)]  # noqa: DTZ001
    assert [row[2] for row in found] == ["12345678901234.5678", -0.5, 99999999999]


def test_a_text_longer_than_a_cell_is_cut_and_says_so(app: Flask) -> None:
    longest = celltext.LONGEST
    with app.test_request_context():
        assert celltext.within_limit("长" * longest) == ("长" * longest, False)
        text_, cut = celltext.within_limit("😀" * longest)
        assert (cut, len(text_.encode("utf-16-le")) // 2 <= longest) == (True, True)
        assert text_.startswith("😀" * 1000)
        assert f"{longest:,}" in text_


def test_an_empty_list_is_a_header_alone(app: Flask, session: Session) -> None:
    act_as(session, person(app, people.TOURISM))
    sheet = sheet_of(session, query_of(app, "resident", "name", actor=person(app, people.TOURISM)))
    assert (sheet.max_row, sheet["B1"].value) == (1, "rn:id")


def test_each_export_is_noted_with_its_rows_and_its_query(app: Flask, session: Session) -> None:
    query = query_of(app, "unit", "code")
    rows = len(values(sheet_of(session, query)))
    found = session.scalars(text("SELECT note FROM rn_event WHERE deed = 'exported' ORDER BY id DESC LIMIT 1"))
    assert list(found) == [f"xlsx, {rows} rows: cols=code"]
