"""What goes out as a workbook or as text is read back as what is stored, for every record."""

import io
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import SYSTEM
from app.catalog import Entry
from app.excel import write as writing
from app.excel.header import find_header
from app.excel.layout import ROW_ID
from app.excel.match import match
from app.excel.read import open_book
from app.excel.values import converter
from app.store.page import stream_rows
from app.store.query import plain_query
from app.store.session import act_as, db

ROWS = 150


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    with app.test_request_context(), force_locale("zh"):
        act_as(db(), SYSTEM)
        yield db()
        db().rollback()


def read_back(session: Session, entry: Entry, folder: Path, form: str) -> list[dict[str, Any]]:
    """The values of an export's first rows, by field; of hidden columns the numbers."""
    file = io.BytesIO()
    columns = tuple(item for item in entry.columns if not item.masked and not item.relation)
    writing.write(session, replace(plain_query(entry, SYSTEM), columns=columns), file, form)
    path = folder / f"{entry.name}.{form}"
    path.write_bytes(file.getvalue())
    found = []
    with open_book(path, path.name) as book:
        header = find_header(book, 0, entry)
        matching = match(entry, header.texts)
        assert header.row == 1
        assert set(matching.mapping.values()) >= {item.name for item in columns if item.typed}, entry.name
        to_raw = converter({name: header.texts[place] for place, name in matching.mapping.items()})
        for _number, cells in islice(book.rows(0, header.width), 1, ROWS):
            row = {}
            for place, name in matching.mapping.items():
                cell = cells[place] if place < len(cells) else None
                item = entry.fields.get(name)
                row[name] = cell if item is None or cell is None else item.kind.parse(item, to_raw(item, cell))
            found.append(row)
    return found


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_every_record_comes_back_as_it_went_out(app: Flask, session: Session, tmp_path: Path, form: str) -> None:
    for entry in app.extensions["catalog"]:
        if entry.name == "audit":
            continue
        stored = kept_rows(session, entry)
        for row, kept in zip(read_back(session, entry, tmp_path, form), stored, strict=False):
            assert row.get(ROW_ID, kept.id) == kept.id
            for name, value in row.items():
                if name in entry.fields:
                    assert (value or None) == (getattr(kept, name) or None), (entry.name, name)


def kept_rows(session: Session, entry: Entry) -> list[Any]:
    """The first rows in the order of the export."""
    columns = tuple(item for item in entry.columns if not item.masked and not item.relation)
    chunks = stream_rows(session, replace(plain_query(entry, SYSTEM), columns=columns), ROWS)
    ids = next(iter(chunks), [[]])[0]
    rows = {row.id: row for row in session.scalars(select(entry.model).where(entry.model.id.in_(ids)))}
    return [rows[one] for one in ids]
