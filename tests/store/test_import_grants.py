"""Imports by people whose grants end somewhere, of exports that others changed meanwhile, and undone beside a trash."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.access import HeldGrant
from app.catalog import Entry
from app.declare.access import EVERYWHERE, OWN_TREE, OWN_UNIT, Verb
from app.declare.event import Deed, Event
from app.store.imports.applying import RowsRefused, apply
from app.store.imports.batches import Refused, find, refused_rows, rows_of
from app.store.imports.undoing import undo
from app.store.save import update as save
from app.store.session import act_as, actor_of
from app.store.trash import fetch_trash
from tests.support import people
from tests.support.imports import RESIDENT, acting, citizen, planned, resident, rules, stored

RETURNED = ("id", "version", "citizen_id", "name", "address")


def holding(session: Session, record: str, *grants: HeldGrant) -> None:
    """Let the person go on with these grants alone on a record."""
    person: Any = actor_of(session)
    act_as(session, replace(person, grants={**person.grants, record: grants}))


def below(app: Flask, unit: int | None) -> None:
    """Put the bureau of tourism below a unit."""
    units = app.extensions["catalog"]["unit"].model.__table__
    with app.extensions["engine"].begin() as connection:
        connection.execute(update(units).where(units.c.name == "旅游局").values(parent_id=unit))


def entry(session: Session, record: str) -> Entry:
    found: Entry = session.info["catalog"][record]
    return found


def brought_in(session: Session, *numbers: int) -> None:
    batch, counts = planned(session, "resident", RESIDENT, [resident(number) for number in numbers])
    assert counts == {"new": len(numbers)}
    apply(session, batch, rules())


def shown(session: Session, number: int) -> str:
    """A citizen's number as an export shows it."""
    item = entry(session, "resident").fields["citizen_id"]
    return item.kind.mask(citizen(number))


def returned(session: Session, number: int, version: int, name: str) -> list[Any]:
    """A row of RETURNED as an export gave it, with another name."""
    return [stored(session, [number])[number]["id"], version, shown(session, number), name, "海连路 1 号"]


def test_what_others_changed_since_the_export_stays_and_the_same_field_is_a_conflict(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        brought_in(session, 501, 502)
        rows = [returned(session, 501, 1, "改一"), returned(session, 502, 1, "改二")]
        save(session, entry(session, "resident"), rows[0][0], {"address": "新浦路 9 号"}, rules(), None)
        save(session, entry(session, "resident"), rows[1][0], {"name": "别人改的"}, rules(), None)
        batch, counts = planned(session, "resident", RETURNED, rows)
        assert counts == {"changed": 1, "conflict": 1}
        (told,) = (note.message for row in rows_of(session, batch) for note in row.notes)
        assert "别人改的" in told
        assert "改二" in told
        apply(session, batch, rules(), good_rows=True)
        now = stored(session, [501, 502])
        assert (now[501]["name"], now[501]["address"]) == ("改一", "新浦路 9 号")
        assert now[502]["name"] == "别人改的"


def test_masked_cells_of_an_export_say_nothing_and_others_are_faults(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        brought_in(session, 511, 512)
        rows = [returned(session, 511, 1, "来511"), returned(session, 512, 1, "来512")]
        rows[1][2] = shown(session, 511).replace("3", "4", 1)
        holding(session, "resident", HeldGrant(Verb.READ | Verb.ADD | Verb.EDIT, EVERYWHERE, frozenset()))
        batch, counts = planned(session, "resident", RETURNED, rows)
        assert counts == {"same": 1, "error": 1}
        text_of_plan = str(rows_of(session, batch))
        assert citizen(511) not in text_of_plan
        assert citizen(512) not in text_of_plan
        with pytest.raises(Refused, match="遮盖"):
            planned(session, "resident", RESIDENT, [[shown(session, 511), *resident(511)[1:]]])


def test_a_unit_and_those_below_it_are_in_reach_and_no_other(app: Flask) -> None:
    units = app.extensions["catalog"]["unit"].model.__table__
    with acting(app, people.POLICE) as session:
        own = session.scalar(select(units.c.id).where(units.c.name == "公安局"))
        session.rollback()
        below(app, own)
        holding(session, "resident", HeldGrant(Verb.READ | Verb.ADD | Verb.UNMASK, OWN_TREE, frozenset()))
        rows = [resident(521), resident(522, unit="旅游局"), resident(523, unit="统计局")]
        batch, counts = planned(session, "resident", RESIDENT, rows)
        assert counts == {"new": 2, "outside": 1}
        assert [row.line for row in rows_of(session, batch) if row.notes] == [4]
        apply(session, batch, rules(), good_rows=True)
        assert list(stored(session, [521, 522, 523])) == [521, 522]
    below(app, None)


def test_a_column_that_one_may_not_set_is_left_out_and_said_so(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        brought_in(session, 531)
        holding(
            session, "resident", HeldGrant(Verb.READ | Verb.UNMASK, EVERYWHERE, frozenset()),
            HeldGrant(Verb.EDIT, EVERYWHERE, frozenset({"address"})),
        )  # fmt: skip
        row = resident(531, name="不该改", address="解放路 2 号")
        batch, counts = planned(session, "resident", RESIDENT, [row, resident(532)])
        assert counts == {"changed": 1, "outside": 1}
        found = find(session, batch)
        assert found is not None
        assert {one["field"] for one in found.notices} >= {"name"}
        apply(session, batch, rules(), good_rows=True)
        now = stored(session, [531, 532])
        assert list(now) == [531]
        assert (now[531]["name"], now[531]["address"]) == ("来531", "解放路 2 号")


def test_what_an_import_added_does_not_go_into_the_trash_when_it_is_undone(app: Flask) -> None:
    names = ("code", "title", "unit", "kind", "classification")
    rows: Sequence[Sequence[Any]] = [["IMP-1", "导入的项目", "公安局", "network", "internal"]]
    with acting(app, people.COORDINATOR) as session:
        batch, counts = planned(session, "project", names, rows)
        assert counts == {"new": 1}, rows_of(session, batch)
        apply(session, batch, rules())
        held = len(fetch_trash(session, entry(session, "project"), 100)[0])
        done = undo(session, batch)
        assert done.removed == 1
        assert len(fetch_trash(session, entry(session, "project"), 100)[0]) == held
        assert session.scalar(text("SELECT count(*) FROM project WHERE code = 'IMP-1'")) == 0
        line = session.scalars(
            select(Event).where(Event.batch_id == done.batch_id), execution_options={"unfiltered": True}
        ).one()
        assert line.deed is Deed.DELETED
        assert line.changes is not None
        assert line.changes["code"] == ["IMP-1", None]


def test_a_reference_to_many_rows_is_asked_again_when_it_goes_in(app: Flask) -> None:
    names = ("code", "responsible")
    with acting(app, people.COORDINATOR) as session:
        codes = session.scalars(text("SELECT code FROM system ORDER BY id LIMIT 2")).all()
        given = dict(zip(codes, ("公安局、统计局", "公安局"), strict=True))
        first, counts = planned(session, "system", names, [[code, units] for code, units in given.items()])
        assert counts == {"changed": 2}, rows_of(session, first)
        apply(session, first, rules())
        batch, _ = planned(session, "system", names, [[codes[0], "公安局"], [codes[1], "公安局、统计局"]])
        holding(session, "unit", HeldGrant(Verb.READ, OWN_UNIT, frozenset()))
        with pytest.raises(RowsRefused):
            apply(session, batch, rules())
        assert [(row.line, row.notes[0].field) for row in refused_rows(session, batch)] == [(3, "responsible")]
        assert apply(session, batch, rules(), good_rows=True)["edited"] == 1
        pairs = text(
            "SELECT count(*) FROM system__responsible WHERE row_id IN (SELECT id FROM system WHERE code = :code)"
        )
        assert [session.scalar(pairs, {"code": code}) for code in codes] == [1, 1]
