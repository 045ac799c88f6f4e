"""Imports in tests: rows given as lists, planned and applied as somebody of the cast."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.access import SYSTEM
from app.auth.people import find_account, load_person
from app.catalog import Field
from app.declare.choices import Classification
from app.declare.identifiers import citizen_check_digit
from app.store.import_tables import Mode
from app.store.imports.batches import ROW_ID, ROW_VERSION, Layout, Upload, start
from app.store.imports.planning import plan
from app.store.save import Rules, make_rules
from app.store.session import WRITING, act_as

RESIDENT = ("citizen_id", "name", "area", "address", "moved_in", "verification", "unit")
HIDDEN = {"id": ROW_ID, "version": ROW_VERSION}


@contextmanager
def acting(app: Flask, name: str) -> Iterator[Session]:
    """A session in which somebody of the cast acts (or the console itself, for ""), in Chinese."""
    with app.app_context(), app.test_request_context(headers={"Accept-Language": "zh"}):
        session = app.extensions["sessions"]()
        act_as(session, SYSTEM)
        if name:
            account = find_account(session, name)
            person = load_person(session, app.extensions["catalog"], account.id)
            assert person is not None
            act_as(session, person)
        session.rollback()
        yield session
        session.rollback()
        session.info.clear()
        session.info["catalog"] = app.extensions["catalog"]


def rules(ceiling: Classification = Classification.INTERNAL) -> Rules:
    return make_rules(ceiling, lambda secret: secret)


def as_text(item: Field, cell: Any) -> Any:
    """Cells of these tests are what a kind reads already."""
    return cell


def planned(
    session: Session, record: str, names: Sequence[str], rows: Sequence[Sequence[Any]], mode: Mode = Mode.BOTH,
    clear: bool = False,
) -> tuple[int, dict[str, int]]:  # fmt: skip
    """Start and plan an import of these rows, whose header is row 1; returns the batch and its counts."""
    batch_id = begun(session, record, names, rows, mode, clear)
    return batch_id, plan(session, batch_id, enumerate(rows, 2), rules(), as_text)


def begun(
    session: Session, record: str, names: Sequence[str], rows: Sequence[Sequence[Any]], mode: Mode = Mode.BOTH,
    clear: bool = False,
) -> int:  # fmt: skip
    """Start an import of these rows; returns the batch."""
    WRITING.set(True)
    layout = Layout("表", 0, 1, {place: HIDDEN.get(name, name) for place, name in enumerate(names)}, mode, clear)
    digest = hashlib.sha256(repr((names, rows)).encode()).hexdigest()
    batch_id = start(session, session.info["catalog"][record], Upload("人口.xlsx", digest, 1), layout)
    session.commit()
    return batch_id


def citizen(number: int, day: str = "19800101") -> str:
    """A citizen's number that nobody of the demo city has."""
    first = f"320799{day}{number:03d}"
    return first + citizen_check_digit(first)


def resident(number: int, **given: Any) -> list[Any]:
    """A row of RESIDENT."""
    row: dict[str, Any] = {
        "citizen_id": citizen(number), "name": f"来{number}", "area": "320703", "address": "海连路 1 号",
        "moved_in": "2004年3月1日", "verification": "待核验", "unit": "公安局",
    }  # fmt: skip
    return list((row | given).values())


def stored(session: Session, numbers: Sequence[int]) -> Mapping[int, Any]:
    """The rows of these citizens as the database has them, by number."""
    found = {}
    for number in numbers:
        row = session.execute(
            text("SELECT * FROM resident WHERE citizen_id = :id"), {"id": citizen(number)}
        ).mappings().first()  # fmt: skip
        if row is not None:
            found[number] = row
    return found
