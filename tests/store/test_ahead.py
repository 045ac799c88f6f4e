"""Rows stored while the rest of their file is checked: the same as rows stored afterwards, or none at all."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.store.import_tables import State
from app.store.imports import planning
from app.store.imports.ahead import Ahead
from app.store.imports.applying import RowsRefused, apply
from app.store.imports.batches import find
from app.store.imports.undoing import undo
from app.store.search.index import rebuild
from tests.support import people
from tests.support.imports import RESIDENT, acting, as_text, begun, citizen, resident, rules, stored
from tests.support.places import Database

Rows = Sequence[Sequence[Any]]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a few rows are planned, and stored, in several turns."""
    monkeypatch.setattr(planning, "CHUNK", 2)


def report_nothing(_done: int) -> None:
    """Nobody watches."""


def gone_ahead(
    session: Session, rows: Rows, report: Callable[[int], None] = report_nothing
) -> tuple[int, dict[str, int], dict[str, int] | None]:
    """Plan these rows and store them meanwhile: the batch, its counts, and those of what was stored, if it was."""
    batch = begun(session, "resident", RESIDENT, rows)
    with closing(Ahead(session, batch)) as ahead:
        counts = planning.plan(session, batch, enumerate(rows, 2), rules(), as_text, report, ahead=ahead)
        return batch, counts, ahead.finish(rules())


def traces(session: Session, batch: int) -> int:
    """Lines of the trail and rows of the search that an import left."""
    session.rollback()
    return int(session.scalar(text("SELECT count(*) FROM rn_event WHERE batch_id = :id"), {"id": batch}) or 0)


def test_good_rows_are_stored_ahead_as_they_would_be_afterwards(app: Flask, database: Database) -> None:
    numbers = range(501, 506)
    with acting(app, people.POLICE) as session:
        batch, counts, done = gone_ahead(session, [resident(number) for number in numbers])
        assert counts == {"new": 5}
        if database == "sqlite":
            # it lets nobody write beside another
            assert done is None
            assert apply(session, batch, rules())["added"] == 5
        else:
            assert done == {"new": 5, "added": 5, "edited": 0}
        other, _counts, _done = gone_ahead(session, [resident(number) for number in range(506, 508)])
        found = stored(session, [*numbers])
        assert len(found) == 5
        kept = find(session, batch)
        assert kept is not None
        assert (kept.state, kept.counts["added"]) == (State.APPLIED, 5)
        assert kept.planned_at is not None
        assert kept.applied_at is not None
        assert kept.planned_at <= kept.applied_at
        assert traces(session, batch) == 5
        rows = [(row["name"], row["version"], row["sex"] is not None, row["unit_id"]) for row in found.values()]
        apply(session, other, rules())
        later = stored(session, [506])[506]
        assert rows[0][1:] == (later["version"], later["sex"] is not None, later["unit_id"])
        assert undo(session, batch).removed == 5
        assert stored(session, [*numbers]) == {}


@pytest.mark.parametrize("known", [0, 3, 100])
def test_rows_stored_ahead_are_found_however_many_wait(
    app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch, known: int
) -> None:
    monkeypatch.setattr("app.store.imports.ahead.MOST_KNOWN", known)
    numbers = range(701, 708)
    columns = "rowid, label, rest" if database == "sqlite" else "id, tokens::text"

    def kept() -> list[Any]:
        return [tuple(row) for row in session.execute(text(f"SELECT {columns} FROM rn_search_resident ORDER BY 1"))]

    with acting(app, people.POLICE) as session:
        batch, _counts, done = gone_ahead(session, [resident(number, name=f"欧阳{number}") for number in numbers])
        if done is None:
            apply(session, batch, rules())
        found = kept()
        assert {row["id"] for row in stored(session, [*numbers]).values()} <= {row[0] for row in found}
        rebuild(session, app.extensions["catalog"]["resident"])
        assert found == kept()
        undo(session, batch)


def test_nobody_sees_rows_before_the_whole_file_is_checked(app: Flask) -> None:
    seen: list[int] = []

    def look(_done: int) -> None:
        with app.extensions["engine"].connect() as other:
            found = text("SELECT count(*) FROM resident WHERE citizen_id = :id")
            seen.append(other.scalar(found, {"id": citizen(511)}) or 0)

    with acting(app, people.POLICE) as session:
        batch, _counts, done = gone_ahead(session, [resident(number) for number in range(511, 518)], look)
        if done is None:
            apply(session, batch, rules())
        assert len(stored(session, [511])) == 1
    assert set(seen) == {0}


@pytest.mark.parametrize(
    ("first", "bad"), [(601, {"verification": "没有"}), (611, {"citizen_id": citizen(611)}), (621, {"citizen_id": ""})]
)
def test_one_bad_row_at_the_end_lets_none_of_the_file_in(app: Flask, first: int, bad: dict[str, str]) -> None:
    with acting(app, people.POLICE) as session:
        rows = [*(resident(number) for number in range(first, first + 5)), resident(first + 5, **bad)]
        batch, counts, done = gone_ahead(session, rows)
        assert counts["new"] == 5
        assert done is None
        assert stored(session, [*range(first, first + 6)]) == {}
        assert traces(session, batch) == 0
        with pytest.raises(RowsRefused):
            apply(session, batch, rules())
        assert apply(session, batch, rules(), good_rows=True)["added"] == 5


def test_rows_that_are_there_are_changed_in_the_usual_way(app: Flask) -> None:
    with acting(app, people.POLICE) as session:
        batch, _counts, done = gone_ahead(session, [resident(531)])
        if done is None:
            apply(session, batch, rules())
        rows = [resident(532), resident(533), resident(531, name="改")]
        batch, counts, done = gone_ahead(session, rows)
        assert (counts, done) == ({"new": 2, "changed": 1}, None)
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

        batch = begun(session, "resident", RESIDENT, rows)
        with closing(Ahead(session, batch)) as ahead:
            if database != "sqlite":
                take_key()
            counts = planning.plan(session, batch, enumerate(rows, 2), rules(), as_text, ahead=ahead)
            if database == "sqlite":
                take_key()
            other.commit()
            assert counts == {"new": 5}
            assert ahead.finish(rules()) is None
        assert list(stored(session, [*range(541, 546)])) == [545]
        with pytest.raises(RowsRefused):
            apply(session, batch, rules())


def taking(rows: Rows, take: Callable[[int], None]) -> Iterator[tuple[int, Sequence[Any]]]:
    """The rows of a file, of which `take` is told how many came before each."""
    for number, row in enumerate(rows):
        take(number)
        yield number + 2, row


def test_a_check_that_is_stopped_leaves_nothing(app: Flask) -> None:
    class StoppedError(Exception):
        pass

    def stop(done: int) -> None:
        if done >= 4:
            raise StoppedError

    with acting(app, people.POLICE) as session:
        rows = [resident(number) for number in range(551, 557)]
        batch = begun(session, "resident", RESIDENT, rows)
        with closing(Ahead(session, batch)) as ahead, pytest.raises(StoppedError):
            planning.plan(session, batch, enumerate(rows, 2), rules(), as_text, stop, ahead=ahead)
        session.rollback()
        assert stored(session, [*range(551, 557)]) == {}
        assert traces(session, batch) == 0


def test_a_lost_connection_leaves_the_file_to_be_stored_afterwards(app: Flask, database: Database) -> None:
    rows = [resident(number) for number in range(561, 568)]

    def cut(done: int) -> None:
        if done == 5 and database != "sqlite":
            with app.extensions["engine"].connect() as other:
                found = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%rn_going%' AND pid <> pg_backend_pid()"
                for (number,) in other.execute(text(found)).all():
                    other.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})

    with acting(app, people.POLICE) as session:
        batch = begun(session, "resident", RESIDENT, rows)
        with closing(Ahead(session, batch)) as ahead:
            counts = planning.plan(session, batch, taking(rows, cut), rules(), as_text, ahead=ahead)
            done = ahead.finish(rules())
        assert counts == {"new": 7}
        if done is None:
            assert stored(session, [*range(561, 568)]) == {}
            assert apply(session, batch, rules())["added"] == 7
        assert len(stored(session, [*range(561, 568)])) == 7
        assert traces(session, batch) == 7
