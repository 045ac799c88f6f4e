"""Undoing an import: whose rows go back, by whose rights, and what asking again brings; on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.access import Forbidden, HeldGrant
from app.declare.access import EVERYWHERE, Verb
from app.jobs.worker import Worker, make_name
from app.store import ids
from app.store.imports.applying import apply
from app.store.imports.batches import find, rows_of
from app.store.imports.undoing import ChangedSince, undo
from app.store.save import delete, insert, update
from tests.jobs.workers import ask, row
from tests.store.test_import_grants import holding
from tests.support import people
from tests.support.imports import RESIDENT, acting, citizen, planned, resident, rules, stored
from tests.support.places import Place
from tests.support.visitor import Visitor

Work = Callable[[], None]
VALUES = ("id", "version", "indicator", "period", "area", "value")


@pytest.fixture
def work(app: Flask, place: Place) -> Work:
    """Do the jobs that wait, in this process."""
    return Worker(app, place.settings, make_name()).drain


def next_gets(session: Session, table: str, row_id: int) -> None:
    """Let the next row get this id, as with SQLite it does when the row that had it was the last."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {row_id}, false)"))
        session.commit()


def brought_in(session: Session, *rows: list[Any]) -> int:
    batch, _counts = planned(session, "resident", RESIDENT, rows)
    apply(session, batch, rules())
    return batch


def as_sqlite_gave_them(*_any: object) -> None:
    """No id is chosen: SQLite itself gives that of a deleted row to the next, as it did in databases of old."""


def test_a_row_that_got_the_id_of_one_of_the_import_is_not_taken_for_it(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ids, "free_ids", as_sqlite_gave_them)
    with acting(app, people.POLICE) as session:
        batch = brought_in(session, resident(601), resident(602))
        entry, last = session.info["catalog"]["resident"], stored(session, [602])[602]
        delete(session, entry, last["id"])
        next_gets(session, "resident", last["id"])
        other = dict(zip(RESIDENT, resident(603, unit=last["unit_id"]), strict=True))
        assert insert(session, entry, other, rules()).id == last["id"]
        with pytest.raises(ChangedSince) as caught:
            undo(session, batch)
        assert [one.label for one in caught.value.rows] == ["来602"]
        done = undo(session, batch, others=True)
        assert (done.removed, done.kept) == (1, 1)
        assert list(stored(session, [601, 602, 603])) == [603]


def test_a_row_that_got_the_id_of_an_exported_one_is_not_changed_by_the_workbook(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ids, "free_ids", as_sqlite_gave_them)
    with acting(app, "") as session:
        entry = session.info["catalog"]["indicator_value"]
        code = session.scalar(text("SELECT code FROM indicator ORDER BY id LIMIT 1"))
        rows = [[code, f"206{number}", "320700", "1"] for number in range(2)]
        batch, counts = planned(session, "indicator_value", VALUES[2:], rows)
        assert counts == {"new": 2}, rows_of(session, batch)
        apply(session, batch, rules())
        first, last = session.scalars(
            text("SELECT id FROM indicator_value WHERE period IN ('2060', '2061') ORDER BY id")
        ).all()
        indicator = session.scalar(text("SELECT id FROM indicator ORDER BY id LIMIT 1"))
        delete(session, entry, last)
        next_gets(session, "indicator_value", last)
        raw = {"indicator": str(indicator), "period": "2062", "area": "320700", "value": "7"}
        assert insert(session, entry, raw, rules()).id == last
        back = [[first, 1, code, "2063", "320700", "1"], [last, 1, code, "2061", "320700", "2"]]
        batch, counts = planned(session, "indicator_value", VALUES, back)
        assert counts == {"changed": 1, "conflict": 1}
        apply(session, batch, rules(), good_rows=True)
        found = session.execute(text("SELECT id, period FROM indicator_value WHERE period LIKE '206%' ORDER BY id"))
        assert [tuple(one) for one in found] == [(first, "2063"), (last, "2062")]


def test_a_field_goes_back_only_by_a_grant_that_reaches_it(app: Flask) -> None:
    names = ("citizen_id", "name", "address")
    edit = Verb.READ | Verb.UNMASK
    with acting(app, people.POLICE) as session:
        brought_in(session, resident(611), resident(612))
        both, _ = planned(session, "resident", names, [[citizen(611), "改名", "甲"]])
        apply(session, both, rules())
        one, _ = planned(session, "resident", names, [[citizen(612), "来612", "乙"]])
        apply(session, one, rules())
        holding(
            session, "resident", HeldGrant(edit, EVERYWHERE, frozenset()),
            HeldGrant(Verb.EDIT, EVERYWHERE, frozenset({"address"})),
        )  # fmt: skip
        with pytest.raises(Forbidden):
            undo(session, both)
        assert stored(session, [611])[611]["name"] == "改名"
        assert undo(session, one).restored == 1
        now = stored(session, [611, 612])
        assert (now[611]["address"], now[612]["address"]) == ("甲", "海连路 1 号")


def test_an_import_that_is_undone_is_told_again_by_what_that_came_to(app: Flask, work: Work) -> None:
    """A worker that ended between the undoing and the word that it is done is such a one who asks again."""
    with acting(app, people.POLICE) as session:
        batch = brought_in(session, resident(621), resident(622))
    jobs = [ask(app, people.POLICE, "import-undo", once=f"{n}", batch=batch, others=False) for n in range(2)]
    work()
    ended = [row(app, job_id) for job_id in jobs]
    assert [one.state.value for one in ended] == ["done", "done"], [one.message for one in ended]
    assert ended[0].outcome == ended[1].outcome
    with acting(app, people.POLICE) as session:
        assert undo(session, batch) == undo(session, batch, others=True)
        assert stored(session, [621, 622]) == {}


def test_of_many_presses_on_undo_at_once_there_comes_one_job(app: Flask, work: Work) -> None:
    with acting(app, people.POLICE) as session:
        batch = brought_in(session, resident(631))
    pair = [Visitor(app).sign_in(people.POLICE) for _number in range(4)]
    for visitor in pair:
        assert visitor.get(f"/imports/{batch}").status_code == 200

    def press(visitor: Visitor) -> int:
        return visitor.post(f"/imports/{batch}/undo").status_code

    with ThreadPoolExecutor(len(pair)) as threads:
        assert set(threads.map(press, pair)) == {303}
    with acting(app, people.POLICE) as session:
        own = find(session, batch)
        assert own is not None
        asked = session.scalars(text("SELECT id FROM rn_job WHERE state = 'queued'")).all()
        assert asked == [own.job_id]
    work()
    with acting(app, people.POLICE) as session:
        assert stored(session, [631]) == {}


def test_what_the_console_imported_goes_back_by_a_command(app: Flask, place: Place) -> None:
    with acting(app, "") as session:
        batch = brought_in(session, resident(641), resident(642))
        row_id = stored(session, [641])[641]["id"]
        update(session, session.info["catalog"]["resident"], row_id, {"address": "后改"}, rules(), None)
    told = place.run("undo-import", str(batch), check=False)
    assert told.returncode == 1
    assert "来641" in told.stderr
    told = place.run("undo-import", str(batch), "--others")
    assert "1 removed, 0 as before, 1 left" in told.stdout
    with acting(app, "") as session:
        assert list(stored(session, [641, 642])) == [641]


def exported(session: Session, count: int) -> list[list[Any]]:
    """Rows of VALUES but the value, as an export gives them."""
    rows = session.execute(text(
        "SELECT v.id, v.version, i.code, v.period, v.area FROM indicator_value v "
        "JOIN indicator i ON i.id = v.indicator_id ORDER BY v.id LIMIT :count"
    ), {"count": count})  # fmt: skip
    return [list(row) for row in rows]


def test_a_row_whose_earlier_values_another_has_now_is_told_and_left(app: Flask) -> None:
    with acting(app, "") as session:
        rows, entry = exported(session, 2), session.info["catalog"]["indicator_value"]
        changed = [[*row[:3], f"207{number}", row[4]] for number, row in enumerate(rows)]
        batch, counts = planned(session, "indicator_value", VALUES[:5], changed)
        assert counts == {"changed": 2}
        apply(session, batch, rules())
        indicator = session.scalar(text("SELECT id FROM indicator WHERE code = :code"), {"code": rows[0][2]})
        raw = {"indicator": str(indicator), "period": rows[0][3], "area": rows[0][4], "value": "7"}
        insert(session, entry, raw, rules())
        with pytest.raises(ChangedSince) as caught:
            undo(session, batch)
        assert [(one.row_id, one.reason) for one in caught.value.rows] == [(rows[0][0], "它原有的内容现属另一条记录")]
        done = undo(session, batch, others=True)
        assert (done.restored, done.kept) == (1, 1)
        periods = session.execute(text("SELECT period FROM indicator_value ORDER BY id LIMIT 2")).scalars().all()
        assert periods == ["2070", rows[1][3]]


def test_a_row_that_referred_to_one_that_is_gone_is_told_and_left(app: Flask) -> None:
    with acting(app, "") as session:
        units = session.info["catalog"]["unit"]
        raw = {"code": "GONE-1", "name": "将撤销的局", "kind": "department"}
        gone = insert(session, units, raw, rules())
        codes = session.scalars(text("SELECT code FROM system ORDER BY id LIMIT 2")).all()
        first, _counts = planned(session, "system", ("code", "lead"), [[code, "GONE-1"] for code in codes])
        apply(session, first, rules())
        second, counts = planned(session, "system", ("code", "lead"), [[codes[0], "公安局"], [codes[1], "GONE-1"]])
        assert counts == {"changed": 1, "same": 1}
        apply(session, second, rules())
        session.execute(text("UPDATE system SET lead_id = NULL WHERE code = :code"), {"code": codes[1]})
        session.commit()
        delete(session, units, gone.id)
        with pytest.raises(ChangedSince) as caught:
            undo(session, second)
        assert [one.reason for one in caught.value.rows] == ["它原来引用的记录已不存在或不在您可见范围内"]
        assert undo(session, second, others=True).kept == 1
