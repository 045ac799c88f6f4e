"""Rows of a file that repeat others, say nothing, or mean another row than they say; on both databases."""

from collections.abc import Sequence
from typing import Any

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.store.imports.applying import apply
from app.store.imports.batches import find, refused_rows, rows_of
from app.store.save import delete
from tests.support import people
from tests.support.imports import RESIDENT, acting, planned, resident, rules

VALUES = ("id", "version", "indicator", "period", "area", "value")
UNIT = ("code", "name", "kind")


def told(session: Session, batch: int) -> dict[int, str]:
    """What is said of the rows that do not go in, by line."""
    return {row.line: "；".join(note.message for note in row.notes) for row in refused_rows(session, batch)}


def outcomes(session: Session, batch: int) -> list[str]:
    return [row.outcome.value for row in rows_of(session, batch)]


def exported(session: Session, count: int) -> list[list[Any]]:
    """Rows of VALUES as an export gives them."""
    rows = session.execute(text(
        "SELECT v.id, v.version, i.code, v.period, v.area, v.value FROM indicator_value v "
        "JOIN indicator i ON i.id = v.indicator_id ORDER BY v.id LIMIT :count"
    ), {"count": count})  # fmt: skip
    return [[*row[:5], None] for row in rows]


def fetched(session: Session, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    batch, _counts = planned(session, "indicator_value", names, rows)
    return outcomes(session, batch)


def test_a_row_copied_within_an_export_changes_nothing_wherever_the_copy_stands(app: Flask) -> None:
    names = VALUES[:5]
    with acting(app, people.STATISTICS) as session:
        one, two = (row[:5] for row in exported(session, 2))
        copy = [*one[:3], "2090", one[4]]
        assert fetched(session, names, [copy, one, two]) == ["duplicate", "same", "same"]
        assert fetched(session, names, [one, two, copy]) == ["same", "same", "duplicate"]
        assert fetched(session, names, [copy, [*copy[:3], "2091", one[4]], two]) == ["duplicate", "duplicate", "same"]
        batch, counts = planned(session, "indicator_value", names, [one, copy, [None, None, *copy[2:]], two])
        assert counts == {"same": 2, "duplicate": 1, "error": 1}
        assert "rn:id" in told(session, batch)[3]
        assert "第 2 行" in told(session, batch)[3]


def test_a_fault_is_told_though_the_row_says_again_what_another_says(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        rows = [resident(801), resident(801), resident(801, name="")]
        batch, counts = planned(session, "resident", RESIDENT, rows)
        assert counts == {"new": 1, "duplicate": 1, "error": 1}
        assert told(session, batch)[4] == "请填写此项。"


def test_what_is_unique_together_is_compared_though_the_file_gives_a_part_of_it(app: Flask) -> None:
    with acting(app, people.COORDINATOR) as session:
        free = session.scalar(text(
            "SELECT code FROM system WHERE id NOT IN (SELECT system_id FROM deployment) ORDER BY id LIMIT 1"
        ))  # fmt: skip
        found = session.execute(text(
            "SELECT id, version FROM deployment WHERE unit_id = (SELECT unit_id FROM deployment GROUP BY unit_id "
            "HAVING count(*) > 1 ORDER BY unit_id LIMIT 1) ORDER BY id LIMIT 2"
        )).all()  # fmt: skip
        rows = [[*row, free] for row in found]
        batch, counts = planned(session, "deployment", ("id", "version", "system"), rows)
        assert counts == {"changed": 1, "duplicate": 1}, told(session, batch)
        assert apply(session, batch, rules(), good_rows=True)["edited"] == 1


def test_a_code_is_not_taken_for_the_number_of_another_row(app: Flask) -> None:
    with acting(app, people.ADMIN) as session:
        row_id, code = session.execute(text("SELECT id, code FROM unit ORDER BY id LIMIT 1")).one()
        rows = [[f"#{row_id}", "号码局", "department"], [code, "新名称", "department"]]
        batch, counts = planned(session, "unit", UNIT, rows)
        assert counts == {"new": 1, "changed": 1}, told(session, batch)


def test_a_code_whose_zeros_a_spreadsheet_lost_makes_no_second_row(app: Flask) -> None:
    with acting(app, people.ADMIN) as session:
        code = session.scalar(text("SELECT code FROM unit WHERE code LIKE '0%' ORDER BY id LIMIT 1"))
        rows = [
            [str(int(code)), "同一个局", "department"],
            ["990", "新局", "department"],
            [code, "改名局", "department"],
        ]
        batch, counts = planned(session, "unit", UNIT, rows)
        assert counts == {"error": 1, "new": 1, "changed": 1}
        assert f"“{code}”" in told(session, batch)[2]


def test_rows_that_say_nothing_in_the_columns_read_are_left_out_and_counted(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        numbered = [[*resident(811), "1"], [*[None] * 6, "  ", "2"], [*[""] * 7, "3"], [*[" "] * 7, None]]
        batch, counts = planned(session, "resident", (*RESIDENT, "no field"), numbered)
        assert counts == {"new": 1}
        found = find(session, batch)
        assert found is not None
        assert [one["text"] for one in found.notices] == ["有 2 行在读取的各列中没有内容，不导入。"]


def test_a_hidden_number_that_is_none_makes_no_new_row_and_lost_versions_are_told(app: Flask) -> None:
    with acting(app, people.STATISTICS) as session:
        row = exported(session, 1)[0]
        names = ("id", "indicator", "period", "area", "value")
        batch, counts = planned(session, "indicator_value", names, [["１２", row[2], "2099", row[4], "1"]])
        assert counts == {"outside": 1}
        found = find(session, batch)
        assert found is not None
        assert ["rn:version" in one["text"] for one in found.notices] == [True]


def test_a_row_that_refers_to_one_of_the_same_file_is_told_what_to_do(app: Flask) -> None:
    names = (*UNIT, "parent")
    with acting(app, people.ADMIN) as session:
        rows = [["Z-1", "上级局", "department", ""], ["Z-2", "下级局", "department", "Z-1"]]
        batch, counts = planned(session, "unit", names, rows)
        assert counts == {"new": 1, "error": 1}
        assert "先导入" in told(session, batch)[3]
        apply(session, batch, rules(), good_rows=True)
        _again, counts = planned(session, "unit", names, rows[1:])
        assert counts == {"new": 1}


def test_what_a_row_in_the_trash_has_is_told_to_be_there(app: Flask) -> None:
    names = ("code", "title", "unit", "kind", "classification")
    row = ["TRASH-1", "已删除的项目", "公安局", "network", "internal"]
    with acting(app, people.COORDINATOR) as session:
        batch, _counts = planned(session, "project", names, [row])
        apply(session, batch, rules())
        entry = session.info["catalog"]["project"]
        delete(session, entry, session.scalar(text("SELECT id FROM project WHERE code = 'TRASH-1'")))
        batch, counts = planned(session, "project", names, [row])
        assert counts == {"outside": 1}
        assert "回收站" in told(session, batch)[2]
