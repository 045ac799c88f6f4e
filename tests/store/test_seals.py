"""Seals hold every line of the trail, in whatever order lines appear."""

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app.declare.event import Event
from app.store import seals
from app.store.imports.applying import apply
from tests.support import people
from tests.support.imports import RESIDENT, acting, planned, resident, rules
from tests.support.places import Database

LINES = Event.__table__


def test_lines_of_an_import_are_sealed_though_others_wrote_and_were_sealed_meanwhile(
    app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "LOOK_BACK", 3)
    engine = app.extensions["engine"]

    def seal_all() -> None:
        while seals.seal(engine):
            pass

    def others(done: int, _total: int) -> None:
        # SQLite lets nobody write beside an import
        if done and database != "sqlite":
            names = [column.name for column in LINES.columns if column.name not in ("id", "batch_id", "line")]
            likewise = select(*(LINES.c[name] for name in names)).order_by(LINES.c.id).limit(1)
            with engine.begin() as connection:
                for _time in range(8):
                    connection.execute(insert(LINES).from_select(names, likewise))
            seal_all()

    with acting(app, people.POLICE) as session:
        batch, _counts = planned(session, "resident", RESIDENT, [resident(number) for number in range(701, 711)])
        seal_all()
        apply(session, batch, rules(), report=others)
    with engine.begin() as connection:
        ids = connection.scalars(select(LINES.c.id).where(LINES.c.batch_id == batch)).all()
        highest = connection.scalar(select(LINES.c.id).order_by(LINES.c.id.desc()).limit(1))
    assert highest is not None
    assert len(ids) == 10
    assert (highest - min(ids) > 10) == (database != "sqlite")
    seal_all()
    assert seals.verify(engine).unsealed == 0
    assert seals.verify(engine).broken == ""
