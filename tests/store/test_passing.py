"""Values that may be there only once, and pass from one row of a file to another: the state after the file counts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.store.import_tables import Outcome
from app.store.imports import writing
from app.store.imports.applying import RowsRefused, apply
from app.store.imports.batches import rows_of
from app.store.imports.undoing import ChangedSince, undo
from app.store.save import update
from tests.support.imports import acting, planned, rules

VALUES = ("id", "version", "indicator", "period", "area", "value")
NEW = VALUES[2:]
Row = Mapping[Any, Any]


def code(session: Session) -> str:
    return str(session.scalar(text("SELECT code FROM indicator ORDER BY id LIMIT 1")))


def values(session: Session, *periods: str) -> dict[str, Row]:
    """New values of the first indicator in these periods, by period."""
    batch, counts = planned(session, "indicator_value", NEW, [[code(session), one, "320700", "1"] for one in periods])
    assert counts == {"new": len(periods)}, rows_of(session, batch)
    apply(session, batch, rules())
    return {row["period"]: row for row in now(session, periods[0][:3]).values()}


def now(session: Session, decade: str) -> dict[int, Row]:
    """The values of a far decade as they stand, by id."""
    found = session.execute(text("SELECT * FROM indicator_value WHERE period >= '2100' ORDER BY id")).mappings().all()
    session.rollback()
    return {row["id"]: row for row in found if row["period"].startswith(decade)}


def standing(session: Session, decade: str) -> dict[int, str]:
    return {row_id: row["period"] for row_id, row in now(session, decade).items()}


def cell(session: Session, row: Row, period: str, **given: Any) -> list[Any]:
    """A row of an export come back, with another period."""
    told = {"id": row["id"], "version": row["version"], "indicator": code(session), "period": period,
            "area": "320700", "value": "1"}  # fmt: skip
    return list((told | given).values())


def returned(session: Session, rows: Sequence[Sequence[Any]]) -> tuple[int, dict[str, int]]:
    return planned(session, "indicator_value", VALUES, rows)


def reasons(session: Session, batch: int) -> dict[int, str]:
    return {row.line: " ".join(note.message for note in row.notes) for row in rows_of(session, batch) if row.notes}


def test_two_rows_that_exchange_what_is_unique_go_in_and_back(app: Flask) -> None:
    with acting(app, "") as session:
        before = values(session, "2101", "2102")
        one, two = before.values()
        batch, counts = returned(session, [cell(session, one, "2102"), cell(session, two, "2101")])
        assert counts == {"changed": 2}
        assert [row.changes["period"] for row in rows_of(session, batch)] == [["2101", "2102"], ["2102", "2101"]]
        assert apply(session, batch, rules())["edited"] == 2
        assert standing(session, "210") == {one["id"]: "2102", two["id"]: "2101"}
        assert [row["version"] for row in now(session, "210").values()] == [2, 2]
        assert undo(session, batch).restored == 2
        assert standing(session, "210") == {one["id"]: "2101", two["id"]: "2102"}


def test_rows_pass_on_what_is_unique_from_one_part_of_an_import_to_the_next(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "PART", 2)
    with acting(app, "") as session:
        rows = list(values(session, *(f"211{number}" for number in range(5))).values())
        # each takes the next one's, the fourth the first one's, the last a free one
        wanted = ["2111", "2112", "2113", "2110", "2119"]
        batch, counts = returned(session, [cell(session, *pair) for pair in zip(rows, wanted, strict=True)])
        assert counts == {"changed": 5}
        apply(session, batch, rules())
        assert list(standing(session, "211").values()) == wanted
        undo(session, batch)
        assert standing(session, "211") == {row["id"]: row["period"] for row in rows}


def test_rows_that_exchange_references_go_in_and_back(app: Flask) -> None:
    with acting(app, "") as session:
        joined = (
            "SELECT deployment.id, deployment.version, system.code AS system, unit.code AS unit, unit_id "
            "FROM deployment JOIN system ON system.id = system_id JOIN unit ON unit.id = unit_id ORDER BY deployment.id"
        )
        found = session.execute(text(joined)).mappings().all()
        one = found[0]
        two = next(row for row in found if row["system"] == one["system"] and row["unit"] != one["unit"])
        session.rollback()
        rows = [[a["id"], a["version"], a["system"], b["unit"]] for a, b in ((one, two), (two, one))]
        batch, counts = planned(session, "deployment", ("id", "version", "system", "unit"), rows)
        assert counts == {"changed": 2}
        apply(session, batch, rules())
        after = {row["id"]: row["unit_id"] for row in session.execute(text(joined)).mappings()}
        assert (after[one["id"]], after[two["id"]]) == (two["unit_id"], one["unit_id"])
        session.rollback()
        undo(session, batch)
        assert {row["id"]: row["unit_id"] for row in session.execute(text(joined)).mappings()} == {
            row["id"]: row["unit_id"] for row in found
        }


def test_what_a_row_outside_the_file_has_is_taken_and_so_is_what_depends_on_it(app: Flask) -> None:
    with acting(app, "") as session:
        one, two, three, four = values(session, "2121", "2122", "2123", "2124").values()
        rows = [cell(session, one, "2122"), cell(session, two, "2123"), cell(session, four, "2129")]
        batch, counts = returned(session, rows)
        assert counts == {"error": 2, "changed": 1}
        told = reasons(session, batch)
        assert told[3] == "已有指标、期别、区划都相同的记录。"
        assert "第 3 行" in told[2]
        with pytest.raises(RowsRefused):
            apply(session, batch, rules())
        apply(session, batch, rules(), good_rows=True)
        assert standing(session, "212") == {
            one["id"]: "2121", two["id"]: "2122", three["id"]: "2123", four["id"]: "2129",
        }  # fmt: skip


def test_a_faulty_row_gives_up_nothing(app: Flask) -> None:
    with acting(app, "") as session:
        one, two = values(session, "2131", "2132").values()
        batch, counts = returned(session, [cell(session, one, "2132"), cell(session, two, "2131", value="多")])
        assert counts == {"error": 2}
        apply(session, batch, rules(), good_rows=True)
        assert standing(session, "213") == {one["id"]: "2131", two["id"]: "2132"}


def test_of_two_rows_that_take_the_same_the_first_has_it(app: Flask) -> None:
    with acting(app, "") as session:
        one, two, three = values(session, "2141", "2142", "2143").values()
        rows = [cell(session, one, "2142"), cell(session, two, "2149"), cell(session, three, "2142")]
        batch, counts = returned(session, rows)
        assert counts == {"changed": 2, "duplicate": 1}
        apply(session, batch, rules(), good_rows=True)
        assert standing(session, "214") == {one["id"]: "2142", two["id"]: "2149", three["id"]: "2143"}


def test_what_a_row_that_repeats_another_was_to_give_up_stays_taken(app: Flask) -> None:
    with acting(app, "") as session:
        one, two, three = values(session, "2151", "2152", "2153").values()
        rows = [cell(session, one, "2159"), cell(session, two, "2159"), cell(session, three, "2152")]
        batch, counts = returned(session, rows)
        assert counts == {"changed": 1, "duplicate": 1, "error": 1}
        apply(session, batch, rules(), good_rows=True)
        assert standing(session, "215") == {one["id"]: "2159", two["id"]: "2152", three["id"]: "2153"}


def test_a_new_row_takes_what_a_row_of_the_file_gives_up(app: Flask) -> None:
    with acting(app, "") as session:
        (one,) = values(session, "2161").values()
        new = [None, None, code(session), "2161", "320700", "77"]
        batch, counts = returned(session, [cell(session, one, "2162"), new])
        assert counts == {"changed": 1, "new": 1}, rows_of(session, batch)
        batch, counts = returned(session, [new, cell(session, one, "2162")])
        assert counts == {"changed": 1, "new": 1}, rows_of(session, batch)
        apply(session, batch, rules())
        stands = now(session, "216")
        assert stands[one["id"]]["period"] == "2162"
        assert [row["id"] > one["id"] for row in stands.values() if row["period"] == "2161"] == [True]
        assert (undone := undo(session, batch)).removed == 1
        assert undone.restored == 1
        assert standing(session, "216") == {one["id"]: "2161"}


def test_a_row_without_an_id_is_still_known_by_its_key_where_nothing_gives_it_up(app: Flask) -> None:
    with acting(app, "") as session:
        one, two = values(session, "2171", "2172").values()
        rows = [[None, None, code(session), "2171", "320700", "5"], cell(session, two, "2173")]
        batch, counts = returned(session, rows)
        assert counts == {"changed": 2}
        assert rows_of(session, batch)[0].target_id == one["id"]


def test_a_new_row_does_not_go_in_where_what_it_takes_is_not_given_up_after_all(app: Flask) -> None:
    with acting(app, "") as session:
        one, two = values(session, "2181", "2182").values()
        rows = [cell(session, one, "2182"), [None, None, code(session), "2181", "320700", "77"]]
        batch, counts = returned(session, rows)
        assert counts == {"error": 2}, rows_of(session, batch)
        assert standing(session, "218") == {one["id"]: "2181", two["id"]: "2182"}


def test_undoing_leaves_what_was_changed_since_and_what_another_row_therefore_keeps(app: Flask) -> None:
    with acting(app, "") as session:
        one, two, three = values(session, "2191", "2192", "2193").values()
        rows = [cell(session, one, "2199"), cell(session, two, "2191"), cell(session, three, "2192")]
        batch, _counts = returned(session, rows)
        apply(session, batch, rules())
        entry = session.info["catalog"]["indicator_value"]
        update(session, entry, two["id"], {"value": "8"}, rules(), None)
        with pytest.raises(ChangedSince) as caught:
            undo(session, batch)
        assert {row.row_id: row.reason for row in caught.value.rows} == {
            two["id"]: "之后已被修改或删除", one["id"]: "它原有的内容现属另一条记录",
        }  # fmt: skip
        done = undo(session, batch, others=True)
        assert (done.restored, done.kept) == (1, 2)
        assert standing(session, "219") == {one["id"]: "2199", two["id"]: "2191", three["id"]: "2193"}


def test_what_was_free_when_the_file_was_checked_and_is_taken_now_is_told(app: Flask) -> None:
    with acting(app, "") as session:
        one, two = values(session, "2201", "2202").values()
        batch, counts = returned(session, [cell(session, one, "2202"), cell(session, two, "2203")])
        assert counts == {"changed": 2}
        values(session, "2203")
        with pytest.raises(RowsRefused):
            apply(session, batch, rules())
        assert [row.outcome for row in rows_of(session, batch)] == [Outcome.CONFLICT] * 2
        assert standing(session, "220")[one["id"]] == "2201"
