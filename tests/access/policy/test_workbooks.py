"""Workbooks: lists written out, the empty one to fill in, and what an import plans, stores and takes back."""

import csv
import io
from typing import Any

import openpyxl
from flask import Flask
from hypothesis import given
from sqlalchemy.orm import Session

from app.access import Forbidden, may
from app.declare.access import Verb
from app.store.import_tables import Mode
from app.store.imports.applying import apply
from app.store.imports.batches import ROW_ID, ROW_VERSION, Layout, Refused, Upload, start
from app.store.imports.planning import plan
from app.store.imports.undoing import undo
from app.store.session import act_as
from tests.access.policy.doors import Ask, at_the_door, shown, stored_rightly, taken_back
from tests.access.policy.example import NAMES, RULES, SEEDS, Example, examples, typed
from tests.support.imports import as_text
from tests.support.little import MARK
from tests.support.oracle import Row, World
from tests.support.visitor import Visitor

HIDDEN_COLUMNS = 3
SHOWN = ("", "?show=new", "?show=changed", "?show=same", "?show=error", "?show=conflict")


@given(record=NAMES, seed=SEEDS)
@examples(6)
def test_a_workbook_holds_the_rows_and_choices_that_one_may_see_and_no_whole_masked_value(
    little: Flask, signed: Visitor, record: str, seed: int
) -> None:
    with at_the_door(little, signed, record, seed) as (x, ask):
        reads, base = may(x.person, x.entry, Verb.READ), f"/records/{record}"
        for form in ("csv", "xlsx"):
            sent = ask(f"{base}/export.{form}?cols={','.join(item.name for item in x.entry.columns)}")
            assert sent.status_code == (403 if not reads else 200 if x.entry.screen.export else 404)
            if sent.status_code == 200 and form == "csv":
                assert len(list(csv.reader(io.StringIO(sent.text)))) == len(x.seen()) + 1
            elif sent.status_code == 200:
                (sheet,) = read(x, sent.data)
                assert {row[-HIDDEN_COLUMNS] for row in sheet[1:]} == x.seen()
        empty = ask(f"{base}/template.xlsx")
        if empty.status_code == 200:
            read(x, empty.data)
        else:
            assert empty.status_code in {403, 404}


def read(x: Example, content: bytes) -> list[list[tuple[Any, ...]]]:
    """The sheets of a workbook, the hidden ones too, in which nothing stands that may not."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheets = [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets]
    shown(x, "a workbook", str(sheets), "")
    return sheets


IMPORTED = [name for name in NAMES.elements if name not in {"account", "role", "group"}]  # type: ignore[attr-defined]


@given(record=NAMES.filter(lambda name: name in IMPORTED), seed=SEEDS)
@examples(8)
def test_an_import_tells_stores_and_takes_back_no_more_than_the_grants_allow(
    little: Flask, signed: Visitor, record: str, seed: int
) -> None:
    with at_the_door(little, signed, record, seed) as (x, ask):
        for returned in (True, False):
            with taken_back(x):
                brought_in(x, ask, returned)


def brought_in(x: Example, ask: Ask, returned: bool) -> None:
    """A workbook of every row there is, seen or not, changed here and there: as an export come back, or by key."""
    names, rows = sheet(x, returned)
    batch = planned(x, names, rows)
    if batch is None:
        return
    for query in SHOWN:
        page = ask(f"/imports/{batch}{query}", None)
        assert page.status_code == 200
        hidden(x, page.text, rows)
    before = x.world
    if step(x, lambda session: apply(session, batch, RULES, good_rows=True)):
        stored_rightly(x, ("import", names, rows))
        x.world = World(x.catalog, x.connection)
        hidden(x, ask(f"/imports/{batch}").text, rows)
        if step(x, lambda session: undo(session, batch)):
            stored_rightly(x, ("undo", names, rows))
            now = World(x.catalog, x.connection).rows[x.entry.name]
            assert told(now) == told(before.rows[x.entry.name])
    x.world = before


def told(rows: dict[int, Row]) -> dict[int, Row]:
    """Rows without what each write sets."""
    return {row_id: {n: v for n, v in row.items() if n not in STAMPS} for row_id, row in rows.items()}


STAMPS = ("version", "updated_at", "updated_by")


def sheet(x: Example, returned: bool) -> tuple[list[str], list[list[Any]]]:
    """Headers and rows, of the fields that do not name the row by a mark."""
    fields = [
        name for name, item in x.entry.fields.items()
        if item.typed and item.kind.control not in ("files", "secret") and type(item.kind).__name__ != "TitleKind"
    ]  # fmt: skip
    names = ["rn:id", "rn:version", *fields] if returned else fields
    rows = []
    for row_id, row in x.world.rows[x.entry.name].items():
        raw = typed(x, row)
        cells = [cell(x, name, raw.get(name)) for name in fields]
        rows.append([row_id, row.get("version", 1), *cells] if returned else cells)
    return names, rows


def cell(x: Example, name: str, raw: Any) -> Any:
    """What the column of a field holds: references by the key of any row, or by its name.

    The page of a plan shows what the file says: a mark in it would not tell whether the console has given one away.
    """
    item = x.entry.fields[name]
    if item.target is None or not raw:
        return MARK.sub(r"改\2", raw) if isinstance(raw, str) else raw
    ids = [int(one) for one in (raw if isinstance(raw, list) else [raw])]
    key = next((group[0].name for group in item.target.uniques if len(group) == 1), "")
    rows = x.world.rows[item.target.name]
    found = [str(rows[one].get(key) or rows[one].get("name") or rows[one].get("title") or one) for one in ids]
    return "、".join(found)


def planned(x: Example, names: list[str], rows: list[list[Any]]) -> int | None:
    """The batch of a plan; None where no plan is made for the person."""
    found: list[int] = []
    columns = {place: {"rn:id": ROW_ID, "rn:version": ROW_VERSION}.get(name, name) for place, name in enumerate(names)}

    def make(session: Session) -> None:
        layout = Layout("表", 0, 1, columns, x.chance.choice(list(Mode)), x.chance.random() < 0.5)
        found.append(start(session, x.entry, Upload("表.xlsx", "0" * 64, 1, None), layout))
        session.commit()
        plan(session, found[0], enumerate(rows, 2), RULES, as_text)

    return found[0] if step(x, make) else None


def step(x: Example, do: Any) -> bool:
    """Whether a step of an import went through."""
    session = x.sessions()
    with x.app.test_request_context():
        act_as(session, x.person)
        try:
            do(session)
        except (Refused, Forbidden):
            session.rollback()
            return False
        finally:
            x.sessions.remove()
    return True


def hidden(x: Example, page: str, rows: list[list[Any]]) -> None:
    """No masked value stands whole on the page of a plan, not even one that the file says."""
    for value in x.whole():
        assert value not in page, value
