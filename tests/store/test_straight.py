"""Rows stored while their file is checked: the same as rows that are planned first, or none at all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.access import Forbidden
from app.store.import_tables import Outcome, State
from app.store.imports import planning
from app.store.imports.applying import RowsRefused, apply
from app.store.imports.batches import Refused, find, rows_of
from app.store.imports.columns import CopyEncoder
from app.store.imports.straight import store_straight
from app.store.imports.undoing import ChangedSince, undo
from app.store.search.index import rebuild
from app.store.session import act_as, actor_of
from tests.support import people
from tests.support.imports import RESIDENT, acting, as_text, begun, citizen, resident, rules, stored
from tests.support.patience import until
from tests.support.places import Database
from tests.support.visitor import Visitor

Rows = Sequence[Sequence[Any]]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a few rows are checked, and stored, in several turns."""
    monkeypatch.setattr(planning, "CHUNK", 2)


def report_nothing(_done: int) -> None:
    """Nobody watches."""


def gone_straight(
    session: Session, rows: Rows, report: Callable[[int], None] = report_nothing
) -> tuple[int, dict[str, int] | None]:
    """Store these rows while they are checked: the batch, and its counts if they were stored."""
    batch = begun(session, "resident", RESIDENT, rows)
    return batch, store_straight(session, batch, enumerate(rows, 2), rules(), as_text, report)


def planned_now(session: Session, batch: int, rows: Rows) -> dict[str, int]:
    """Plan these rows as any others; returns the counts."""
    return planning.plan(session, batch, enumerate(rows, 2), rules(), as_text)


def gone_in(session: Session, rows: Rows) -> int:
    """Store these rows whichever way they go; returns the batch."""
    batch, done = gone_straight(session, rows)
    if done is None:
        planned_now(session, batch, rows)
        apply(session, batch, rules())
    return batch


def traces(session: Session, batch: int) -> int:
    """Lines of the trail and rows of the search that an import left."""
    session.rollback()
    return int(session.scalar(text("SELECT count(*) FROM rn_event WHERE batch_id = :id"), {"id": batch}) or 0)


def kept(session: Session, batch: int) -> list[Any]:
    """What a batch left in the record, in the trail and in the search, but for when it came and which ids it got."""
    apart = ("id", "created_at", "updated_at", "at", "row_id", "batch_id")
    found = []
    for table, column in (("resident", "id"), ("rn_event", "row_id")):
        one = f"SELECT {table}.* FROM {table} JOIN rn_event e ON e.row_id = {table}.{column} AND e.record = 'resident'"
        own = f"{one} WHERE e.batch_id = :id ORDER BY e.line"
        lines = session.execute(text(own), {"id": batch}).mappings()
        found.append([{name: value for name, value in line.items() if name not in apart} for line in lines])
    return found


def test_good_rows_are_stored_as_they_would_be_by_a_plan(app: Flask, database: Database) -> None:
    odd = ["a\\b\\n", "\\N", "\\.", 'quoted "so" it\'s', "{1,2}", "  街道　1 号  ", "%s %(x)s", "x" * 200]
    rows = [resident(number, address=text) for number, text in enumerate(odd, 501)]
    rows += [resident(number, name=f"名\\{number}", moved_in="", address="") for number in range(520, 523)]
    with acting(app, people.POLICE) as session:
        batch, done = gone_straight(session, rows)
        if database == "sqlite":
            # it lets nobody write beside another
            assert done is None
            return
        assert done == {"new": 11, "added": 11, "edited": 0}
        whole = find(session, batch)
        assert whole is not None
        assert (whole.state, whole.counts["added"], whole.straight) == (State.APPLIED, 11, True)
        straight = kept(session, batch)
        assert [len(one) for one in straight] == [11, 11]
        assert undo(session, batch).removed == 11
        other = begun(session, "resident", RESIDENT, rows)
        assert planned_now(session, other, rows) == {"new": 11}
        apply(session, other, rules())
        assert straight == kept(session, other)
        undo(session, other)


def test_every_value_is_copied_as_the_database_has_it(app: Flask, database: Database) -> None:
    if database == "sqlite":
        return
    compared = 0
    with app.extensions["engine"].connect() as connection:
        for entry in app.extensions["catalog"]:
            table = entry.model.__table__
            items = [item for item in entry.fields.values() if not item.many]
            rows = connection.execute(table.select().limit(500)).mappings().all()
            columns = [
                CopyEncoder(item, connection.dialect).encode([row[item.storage] for row in rows])[0] for item in items
            ]
            names = ", ".join(f'"{item.storage}"' for item in items)
            some = f'SELECT {names} FROM "{table.name}"'
            connection.exec_driver_sql(f"CREATE TEMP TABLE rn_copied AS {some} LIMIT 0")
            driver: Any = connection.connection.driver_connection
            with driver.cursor() as cursor, cursor.copy("COPY rn_copied FROM STDIN") as copy:
                copy.write("".join("\t".join(line) + "\n" for line in zip(*columns, strict=True)))
            other = f"SELECT c::text FROM rn_copied c EXCEPT SELECT t::text FROM ({some}) t"
            assert connection.exec_driver_sql(other).all() == [], entry.name
            assert connection.exec_driver_sql("SELECT count(*) FROM rn_copied").scalar() == len(rows)
            compared += len(rows)
            connection.rollback()
    assert compared > 100


def test_rows_that_go_straight_are_found(app: Flask, database: Database) -> None:
    numbers = range(701, 708)
    columns = "rowid, label, rest" if database == "sqlite" else "id, tokens::text"

    def tokens() -> list[Any]:
        return [tuple(row) for row in session.execute(text(f"SELECT {columns} FROM rn_search_resident ORDER BY 1"))]

    with acting(app, people.POLICE) as session:
        batch = gone_in(session, [resident(number, name=f"欧阳{number}") for number in numbers])
        found = tokens()
        assert {row["id"] for row in stored(session, [*numbers]).values()} <= {row[0] for row in found}
        rebuild(session, app.extensions["catalog"]["resident"])
        assert found == tokens()
        undo(session, batch)


def test_the_rows_of_a_batch_are_told_with_what_is_odd_about_them(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        rows = [resident(number) for number in range(571, 577)]
        rows[3] = resident(574, area="329999")
        batch = gone_in(session, rows)
        told = rows_of(session, batch)
        assert [row.line for row in told] == [2, 3, 4, 5, 6, 7]
        assert {row.outcome for row in told} == {Outcome.NEW}
        assert told[3].changes["area"] == [None, "329999"]
        assert [(note.field, note.odd) for row in told for note in row.notes] == [("area", True)]
        assert told[0].label == "来571"
        assert [row.line for row in rows_of(session, batch, [Outcome.NEW], 3, 2)] == [4, 5]
        assert rows_of(session, batch, [Outcome.ERROR]) == []
    page = Visitor(app).sign_in(people.POLICE).client.get(f"/imports/{batch}")
    assert page.status_code == 200
    assert all(f"来57{number}" in page.text for number in range(1, 7))
    assert "329999" in page.text
    with acting(app, people.POLICE) as session:
        undo(session, batch)


def test_rows_that_went_straight_are_taken_back_by_whoever_may_and_as_long_as_nobody_changed_them(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch = gone_in(session, [resident(number) for number in range(581, 586)])
        session.execute(text("UPDATE resident SET version = 2 WHERE citizen_id = :id"), {"id": citizen(583)})
        session.commit()
        with pytest.raises(ChangedSince) as refused:
            undo(session, batch)
        assert [(row.line, row.label) for row in refused.value.rows] == [(4, "来583")]
        assert len(stored(session, [*range(581, 586)])) == 5
    with acting(app, people.TRAINER) as session, pytest.raises(Refused):
        undo(session, batch)
    with acting(app, people.POLICE) as session:
        assert len(stored(session, [*range(581, 586)])) == 5
        done = undo(session, batch, others=True)
        assert (done.removed, done.kept) == (4, 1)
        assert [*stored(session, [*range(581, 586)])] == [583]
        swapped = session.execute(
            text("SELECT label, changes FROM rn_event WHERE batch_id = :id ORDER BY line"), {"id": done.batch_id}
        ).all()
        assert [one.label for one in swapped] == ["来581", "来582", "来584", "来585"]
        assert all("null" in str(one.changes) or "None" in str(one.changes) for one in swapped)


def test_rows_that_went_straight_are_taken_back_only_by_the_right_to_delete(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch = gone_in(session, [resident(591)])
        # their grants are those of their unit, which is another now
        person: Any = actor_of(session)
        act_as(session, replace(person, unit_id=0))
        with pytest.raises(Forbidden):
            undo(session, batch)
    with acting(app, people.POLICE) as session:
        assert len(stored(session, [591])) == 1
        assert undo(session, batch).removed == 1


def test_nobody_sees_rows_before_the_whole_file_is_checked(app: Flask) -> None:
    seen: list[int] = []

    def look(_done: int) -> None:
        with app.extensions["engine"].connect() as other:
            found = text("SELECT count(*) FROM resident WHERE citizen_id = :id")
            seen.append(other.scalar(found, {"id": citizen(511)}) or 0)

    with acting(app, people.POLICE) as session:
        rows = [resident(number) for number in range(511, 518)]
        batch, done = gone_straight(session, rows, look)
        if done is None:
            planned_now(session, batch, rows)
            apply(session, batch, rules())
        else:
            assert len(seen) == 4
        assert len(stored(session, [511])) == 1
    assert set(seen) <= {0}


@pytest.mark.parametrize(
    ("first", "bad"),
    [
        (601, {"verification": "没有"}), (611, {"citizen_id": citizen(611)}), (621, {"citizen_id": ""}),
        (631, {"unit": "统计局"}), (641, {"address": "a\x00b"}),
    ],
)  # fmt: skip
def test_one_bad_row_at_the_end_lets_none_of_the_file_in(app: Flask, first: int, bad: dict[str, str]) -> None:
    with acting(app, people.POLICE) as session:
        rows = [*(resident(number) for number in range(first, first + 5)), resident(first + 5, **bad)]
        batch, done = gone_straight(session, rows)
        assert done is None
        assert stored(session, [*range(first, first + 6)]) == {}
        assert traces(session, batch) == 0
        kept_open = find(session, batch)
        assert kept_open is not None
        assert kept_open.state is State.WAITING
        assert planned_now(session, batch, rows)["new"] == 5
        with pytest.raises(RowsRefused):
            apply(session, batch, rules())
        assert apply(session, batch, rules(), good_rows=True)["added"] == 5


def test_rows_that_are_there_are_changed_in_the_usual_way(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        gone_in(session, [resident(531)])
        rows = [resident(532), resident(533), resident(531, name="改")]
        batch, done = gone_straight(session, rows)
        assert done is None
        assert planned_now(session, batch, rows) == {"new": 2, "changed": 1}
        assert apply(session, batch, rules())["edited"] == 1
        assert stored(session, [531])[531]["name"] == "改"


def test_a_key_that_somebody_takes_meanwhile_is_told_as_ever(app: Flask, database: Database) -> None:
    rows = [resident(number) for number in range(541, 546)]
    table = app.extensions["catalog"]["resident"].model.__table__
    names = [column.name for column in table.columns if column.name != "id"]
    values = ", ".join(":taken" if name == "citizen_id" else name for name in names)
    with acting(app, people.POLICE) as session, app.extensions["engine"].connect() as other:

        def take_key() -> None:
            likewise = f"INSERT INTO resident ({', '.join(names)}) SELECT {values} FROM resident LIMIT 1"
            other.execute(text(likewise), {"taken": citizen(545)})

        def let_go(done: int) -> None:
            if done == 5:
                other.commit()

        if database != "sqlite":
            # it is not to be seen before the last row is checked: whoever stores the same key waits for it
            take_key()
        batch, done = gone_straight(session, rows, let_go)
        assert done is None
        if database == "sqlite":
            take_key()
            other.commit()
        assert list(stored(session, [*range(541, 546)])) == [545]
        assert planned_now(session, batch, rows) == {"new": 4, "changed": 1}


def taking(rows: Rows, take: Callable[[int], None]) -> Iterator[tuple[int, Sequence[Any]]]:
    """The rows of a file, of which `take` is told how many came before each."""
    for number, row in enumerate(rows):
        take(number)
        yield number + 2, row


def test_a_check_that_is_stopped_leaves_nothing(app: Flask, database: Database) -> None:
    class StoppedError(Exception):
        pass

    def stop(done: int) -> None:
        if done >= 4:
            raise StoppedError

    with acting(app, people.POLICE) as session:
        rows = [resident(number) for number in range(551, 557)]
        batch = begun(session, "resident", RESIDENT, rows)
        if database == "sqlite":
            assert store_straight(session, batch, enumerate(rows, 2), rules(), as_text, stop) is None
        else:
            with pytest.raises(StoppedError):
                store_straight(session, batch, enumerate(rows, 2), rules(), as_text, stop)
        session.rollback()
        assert stored(session, [*range(551, 557)]) == {}
        assert traces(session, batch) == 0


def test_a_lost_connection_leaves_the_file_to_be_stored_afterwards(app: Flask, database: Database) -> None:
    rows = [resident(number) for number in range(561, 568)]

    def cut(done: int) -> None:
        if done == 5 and database != "sqlite":
            with app.extensions["engine"].connect() as other:

                def writers() -> Sequence[Any]:
                    # whoever has written something and not committed it; each transaction sees them as they were
                    other.rollback()
                    found = "SELECT pid FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
                    return list(other.execute(text(f"{found} AND datname = current_database()")))

                for (number,) in until(writers, "nobody stores anything"):
                    other.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})

    with acting(app, people.POLICE) as session:
        batch = begun(session, "resident", RESIDENT, rows)
        done = store_straight(session, batch, taking(rows, cut), rules(), as_text)
        assert done is None
        assert stored(session, [*range(561, 568)]) == {}
        assert planned_now(session, batch, rows) == {"new": 7}
        assert apply(session, batch, rules())["added"] == 7
        assert len(stored(session, [*range(561, 568)])) == 7
        assert traces(session, batch) == 7
