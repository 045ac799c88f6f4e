"""Imports planned, applied and undone, on both databases."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.access import Forbidden
from app.declare.event import Deed, Door, Event
from app.store import batch as rest
from app.store.import_tables import ImportBatch, Mode, Outcome, State
from app.store.imports.applying import Outdated, RowsRefused, apply
from app.store.imports.batches import (
    Refused,
    change_layout,
    find,
    layout_of,
    refused_rows,
    rows_of,
    same_file,
)
from app.store.imports.forgetting import forget_rows
from app.store.imports.planning import plan
from app.store.imports.undoing import ChangedSince, undo
from app.store.save import delete, update
from tests.support import people
from tests.support.imports import RESIDENT, acting, as_text, citizen, planned, resident, rules, stored


def lines_of(session: Session, *conditions: Any) -> Sequence[Event]:
    """The lines of the trail, in the order of the file."""
    statement = select(Event).where(*conditions).order_by(Event.line)
    return session.scalars(statement, execution_options={"unfiltered": True}).all()


def test_new_rows_are_planned_and_nothing_is_stored(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch, counts = planned(session, "resident", RESIDENT, [resident(1), resident(2)])
        assert counts == {"new": 2}
        assert stored(session, [1, 2]) == {}
        first = rows_of(session, batch)[0]
        assert (first.line, first.outcome, first.label) == (2, Outcome.NEW, "来1")
        assert first.changes["citizen_id"] == [None, citizen(1)]
        assert first.changes["birth"] == [None, "1980-01-01"]


def test_applied_rows_are_stored_with_stamps_derived_values_and_history(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, [resident(11), resident(12, address="")])
        counts = apply(session, batch, rules())
        assert (counts["added"], counts["edited"]) == (2, 0)
        row = stored(session, [11, 12])[11]
        sex = "male" if int(citizen(11)[16]) % 2 else "female"
        assert (row["version"], row["sex"], str(row["birth"])) == (1, sex, "1980-01-01")
        assert row["ethnicity"] == "HA"
        assert row["created_by"] == row["updated_by"] == session.info["actor"].name
        lines = lines_of(session, Event.batch_id == batch)
        first = lines[0]
        assert (first.line, first.deed, first.door, first.row_id) == (2, Deed.ADDED, Door.IMPORT, row["id"])
        assert lines[0].changes is not None
        assert lines[0].changes["name"] == [None, "来11"]
        assert "address" not in (lines[1].changes or {})
        assert lines[0].label == "来11"


def test_a_row_added_by_import_has_the_history_that_a_form_writes(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, [resident(21)])
        apply(session, batch, rules())
        unit = stored(session, [21])[21]["unit_id"]
        raw = dict(zip(RESIDENT, resident(22, unit=unit), strict=True))
        ids, _again = rest.insert_all(session, session.info["catalog"]["resident"], [raw], rules())
        (by_form,) = lines_of(session, Event.record == "resident", Event.row_id == ids[0])
        (by_import,) = lines_of(session, Event.batch_id == batch)
        form, file = (dict(one.changes or {}) for one in (by_form, by_import))
        assert list(form) == list(file)
        for name in ("citizen_id", "name", "sex"):
            form.pop(name), file.pop(name)
        assert form == file
        assert by_form.fields == by_import.fields


def test_rows_found_by_their_key_are_changed_cell_by_cell(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, [resident(31), resident(32)])
        apply(session, batch, rules())
        names = ("citizen_id", "address", "moved_in")
        again, counts = planned(
            session, "resident", names, [[citizen(31), "新址 9 号", ""], [citizen(32), "海连路 1 号", "2004-03-01"]]
        )
        assert counts == {"changed": 1, "same": 1}
        row = rows_of(session, again, [Outcome.CHANGED])[0]
        assert row.changes == {"address": ["海连路 1 号", "新址 9 号"]}
        counts = apply(session, again, rules())
        assert (counts["added"], counts["edited"]) == (0, 1)
        now = stored(session, [31, 32])
        assert (now[31]["address"], now[31]["version"], str(now[31]["moved_in"])) == ("新址 9 号", 2, "2004-03-01")
        assert now[32]["version"] == 1


def test_an_empty_cell_leaves_a_value_unless_it_shall_clear_it(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, [resident(41)])
        apply(session, batch, rules())
        _kept, counts = planned(session, "resident", ("citizen_id", "address"), [[citizen(41), None]])
        assert counts == {"same": 1}
        cleared, counts = planned(session, "resident", ("citizen_id", "address"), [[citizen(41), None]], clear=True)
        assert counts == {"changed": 1}
        apply(session, cleared, rules())
        assert stored(session, [41])[41]["address"] is None


def test_faults_are_told_by_line_column_and_field_and_refuse_the_whole(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        rows = [
            resident(51), resident(52, citizen_id="320799198001010520"), resident(53, name=""),
            resident(54, moved_in="1970-01-01"), resident(55, moved_in="昨天"), resident(56, unit="没有这个局"),
        ]  # fmt: skip
        batch, counts = planned(session, "resident", RESIDENT, rows)
        assert counts == {"new": 1, "error": 5}
        told = {
            row.line: [(note.field, note.place) for note in row.notes if not note.odd]
            for row in refused_rows(session, batch)
        }
        assert told == {
            3: [("citizen_id", 0)], 4: [("name", 1)], 5: [("moved_in", 4)], 6: [("moved_in", 4)], 7: [("unit", 6)],
        }  # fmt: skip
        with pytest.raises(RowsRefused):
            apply(session, batch, rules())
        assert stored(session, [51]) == {}
        counts = apply(session, batch, rules(), good_rows=True)
        assert counts["added"] == 1
        assert list(stored(session, range(51, 57))) == [51]


def test_the_same_key_twice_in_a_file_is_told_with_the_earlier_row(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch, counts = planned(session, "resident", RESIDENT, [resident(61), resident(62), resident(61, name="又来")])
        assert counts == {"new": 2, "duplicate": 1}
        (row,) = refused_rows(session, batch)
        assert row.line == 4
        assert "2" in row.notes[0].message


def test_rows_of_an_export_that_come_to_the_same_key_are_told_with_the_earlier_one(app: Flask) -> None:
    names = ("id", "version", "indicator", "period", "area", "value")
    with acting(app, "") as session:
        code = session.scalar(text("SELECT code FROM indicator ORDER BY id LIMIT 1"))
        first, _ = planned(
            session, "indicator_value", names[2:], [[code, f"205{number}", "320700", "1"] for number in range(3)]
        )
        apply(session, first, rules())
        ids = session.scalars(text("SELECT id FROM indicator_value WHERE period LIKE '205%' ORDER BY id")).all()
        given = zip(ids, ("2057", "2057", "2058"), strict=True)
        rows = [[row_id, 1, code, period, "320700", "1"] for row_id, period in given]
        batch, counts = planned(session, "indicator_value", names, [*rows, [None, None, code, "2058", "320700", "2"]])
        assert counts == {"changed": 2, "duplicate": 2}, rows_of(session, batch)
        told = {row.line: row.notes[0].message for row in refused_rows(session, batch)}
        assert list(told) == [3, 5]
        assert "2" in told[3]
        assert "4" in told[5]
        assert apply(session, batch, rules(), good_rows=True)["edited"] == 2


def test_a_row_of_another_unit_is_outside_ones_scope(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        _batch, counts = planned(session, "resident", RESIDENT, [resident(71, unit="旅游局"), resident(72)])
        assert counts == {"outside": 1, "new": 1}


def test_a_row_that_one_may_not_see_is_told_no_more_than_a_form_tells(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, [resident(81)])
        apply(session, batch, rules())
    with acting(app, people.STATISTICS) as session:
        rows = [[citizen(81), "窥"], [citizen(82), "窥"]]
        held = planned(session, "resident", ("citizen_id", "address"), rows, Mode.UPDATE)
        assert held[1] == {"outside": 2}
        told = {row.notes[0].message for row in rows_of(session, held[0])}
        assert len(told) == 1
        batch, counts = planned(session, "resident", RESIDENT, [resident(81, unit="统计局")])
        assert counts == {"outside": 1}
        (row,) = rows_of(session, batch)
        assert (row.target_id, row.label, row.changes) == (None, "", {})


def test_somebody_without_any_grant_cannot_begin(app: Flask) -> None:
    with acting(app, people.VIEWER) as session, pytest.raises(Forbidden):
        planned(session, "resident", RESIDENT, [resident(1)])


def test_somebody_elses_import_does_not_exist(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, [resident(91)])
    with acting(app, people.STATISTICS) as session:
        assert find(session, batch) is None
        assert rows_of(session, batch) == []
        works: list[Callable[[], Any]] = [lambda: apply(session, batch, rules()), lambda: undo(session, batch)]
        for work in works:
            with pytest.raises(Refused):
                work()


def test_an_import_is_applied_once_however_often_it_is_asked(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, [resident(101)])
        assert apply(session, batch, rules()) == apply(session, batch, rules())
        assert list(stored(session, [101])) == [101]


def test_the_same_file_is_recognised(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        entry = session.info["catalog"]["resident"]
        batch, _ = planned(session, "resident", RESIDENT, [resident(111)])
        digest = session.get_one(ImportBatch, batch).digest
        assert [one.id for one in same_file(session, entry, digest)] == [batch]
        assert same_file(session, entry, digest, but=batch) == []
        assert same_file(session, session.info["catalog"]["unit"], digest) == []


def test_undo_restores_every_row_and_is_a_write_of_its_own(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        first, _ = planned(session, "resident", RESIDENT, [resident(121), resident(122)])
        apply(session, first, rules())
        second, _ = planned(session, "resident", RESIDENT, [resident(121, address="甲"), resident(123)])
        apply(session, second, rules())
        before = stored(session, [121, 122])
        done = undo(session, second)
        assert (done.removed, done.restored, done.kept) == (1, 1, 0)
        after = stored(session, [121, 122, 123])
        assert list(after) == [121, 122]
        assert (after[121]["address"], after[121]["version"]) == ("海连路 1 号", 3)
        assert after[122] == before[122]
        lines = lines_of(session, Event.batch_id == done.batch_id)
        assert [one.deed for one in lines] == [Deed.CHANGED, Deed.DELETED]
        assert lines[0].changes == {"address": ["甲", "海连路 1 号"]}
        assert (lines[1].changes or {})["name"] == ["来123", None]
        own = session.get_one(ImportBatch, done.batch_id)
        assert own.undo_of == second
        assert session.get_one(ImportBatch, second, populate_existing=True).state is State.UNDONE
        assert undo(session, second) == done


def test_undo_changes_nothing_where_somebody_has_changed_a_row_since(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, [resident(131), resident(132)])
        apply(session, batch, rules())
        row = stored(session, [131])[131]
        update(session, session.info["catalog"]["resident"], row["id"], {"address": "后改"}, rules(), None)
        with pytest.raises(ChangedSince) as caught:
            undo(session, batch)
        assert [(one.line, one.row_id, one.label) for one in caught.value.rows] == [(2, row["id"], "来131")]
        assert list(stored(session, [131, 132])) == [131, 132]
        done = undo(session, batch, others=True)
        assert (done.removed, done.kept) == (1, 1)
        assert list(stored(session, [131, 132])) == [131]


def test_a_row_changed_after_the_plan_is_a_conflict(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        first, _ = planned(session, "resident", RESIDENT, [resident(141), resident(142)])
        apply(session, first, rules())
        names = ("citizen_id", "address")
        batch, _ = planned(session, "resident", names, [[citizen(141), "甲"], [citizen(142), "乙"]])
        row = stored(session, [141])[141]
        update(session, session.info["catalog"]["resident"], row["id"], {"address": "先改"}, rules(), None)
        with pytest.raises(RowsRefused):
            apply(session, batch, rules())
        assert stored(session, [142])[142]["address"] == "海连路 1 号"
        assert session.get_one(ImportBatch, batch, populate_existing=True).counts == {"conflict": 1, "changed": 1}
        counts = apply(session, batch, rules(), good_rows=True)
        assert counts["edited"] == 1
        now = stored(session, [141, 142])
        assert (now[141]["address"], now[142]["address"]) == ("先改", "乙")


def test_a_row_deleted_after_the_plan_is_a_conflict_though_another_got_its_id(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        first, _ = planned(session, "resident", RESIDENT, [resident(143)])
        apply(session, first, rules())
        batch, counts = planned(session, "resident", ("citizen_id", "address"), [[citizen(143), "甲"]])
        assert counts == {"changed": 1}
        row = stored(session, [143])[143]
        delete(session, session.info["catalog"]["resident"], row["id"])
        other, _ = planned(session, "resident", RESIDENT, [resident(144)])
        apply(session, other, rules())
        with pytest.raises(RowsRefused):
            apply(session, batch, rules())
        assert stored(session, [143, 144])[144]["address"] == "海连路 1 号"
        assert list(stored(session, [143, 144])) == [144]


def test_a_key_taken_after_the_plan_is_a_conflict(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, [resident(151), resident(152)])
        other, _ = planned(session, "resident", RESIDENT, [resident(151, name="先到")])
        apply(session, other, rules())
        with pytest.raises(RowsRefused):
            apply(session, batch, rules())
        assert list(stored(session, [151, 152])) == [151]
        assert apply(session, batch, rules(), good_rows=True)["added"] == 1
        assert stored(session, [151])[151]["name"] == "先到"


def test_a_plan_made_under_other_rights_is_not_applied(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, [resident(161)])
        person = session.info["actor"]
        less = replace(person, unit_id=person.unit_id + 1)
        session.info["actor"] = less
        session.info.pop("criteria", None)
        with pytest.raises(Outdated):
            apply(session, batch, rules())
        session.info["actor"] = person
        session.info.pop("criteria", None)
        assert stored(session, [161]) == {}


def test_a_plan_can_be_read_another_way_until_it_is_applied(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, [resident(171)])
        layout = layout_of(session.get_one(ImportBatch, batch))
        change_layout(session, batch, layout)
        session.commit()
        assert rows_of(session, batch) == []
        assert plan(session, batch, [(2, resident(171))], rules(), as_text) == {"new": 1}
        apply(session, batch, rules())
        with pytest.raises(Refused):
            change_layout(session, batch, layout)


class Stopped(Exception):
    pass


def test_a_cancelled_import_leaves_everything_as_it_was(app: Flask) -> None:
    def stop(done: int, total: int = 0) -> None:
        if done:
            raise Stopped

    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, [resident(181)])
        with pytest.raises(Stopped):
            apply(session, batch, rules(), report=stop)
        assert stored(session, [181]) == {}
        assert apply(session, batch, rules())["added"] == 1
        with pytest.raises(Stopped):
            undo(session, batch, report=stop)
        assert list(stored(session, [181])) == [181]


def test_old_plans_are_forgotten_and_no_longer_undone(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch, _ = planned(session, "resident", RESIDENT, [resident(191)])
        apply(session, batch, rules())
        applied = session.get_one(ImportBatch, batch, populate_existing=True).applied_at
        assert applied is not None
        forget_rows(session, applied)
        assert len(rows_of(session, batch)) == 1
        while forget_rows(session, applied + timedelta(seconds=1)):
            session.commit()
        assert rows_of(session, batch) == []
        with pytest.raises(Refused):
            undo(session, batch)
        assert list(stored(session, [191])) == [191]
