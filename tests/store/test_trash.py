"""The trash below every door: whoever asks, and whatever the shape of the question."""

import threading
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, union_all
from sqlalchemy.orm import aliased

from app.access import SYSTEM, Person, System
from app.auth.people import load_person
from app.catalog import Catalog, Entry
from app.declare.choices import Classification
from app.store import trash, validate
from app.store.bulk import Selection, delete_rows
from app.store.labels import labels
from app.store.page import fetch_row
from app.store.save import Missing, Referred, Rules, delete, insert
from app.store.session import WRITING, act_as, db
from app.store.trash import fetch_trash, purge, restore
from app.store.validate import Invalid
from tests.screens import test_forms
from tests.support import people
from tests.support.places import Filling, Place
from tests.support.statements import counted

RULES = Rules(date(2004, 6, 30), Classification.INTERNAL, lambda text: text)


@pytest.fixture
def projects(app: Flask) -> Iterator[Entry]:
    """The record of projects, in a request whose transaction writes."""
    catalog: Catalog = app.extensions["catalog"]
    token = WRITING.set(True)
    with app.app_context():
        yield catalog["project"]
        db().rollback()
    WRITING.reset(token)


def scalar(app: Flask, statement: str, **values: object) -> Any:
    """What the database has now, asked past the session, whose transaction would be in the way."""
    db().rollback()
    return test_forms.scalar(app, statement, **values)


def person(app: Flask, name: str) -> Person:
    found = load_person(
        db(), app.extensions["catalog"], scalar(app, "SELECT id FROM ab_user WHERE username = :n", n=name)
    )
    assert found is not None
    return found


def add(entry: Entry, code: str, **more: Any) -> int:
    typed = {"code": code, "title": code, "unit": "2", "kind": "network", "classification": "internal",
             "stage": "review", **more}  # fmt: skip
    return insert(db(), entry, typed, RULES).id


@pytest.mark.parametrize("who", [people.COORDINATOR, "the console"])
def test_what_lies_in_the_trash_is_in_no_shape_of_query(app: Flask, projects: Entry, who: str) -> None:
    actor: Person | System = SYSTEM if who == "the console" else person(app, who)
    act_as(db(), actor)
    row_id = add(projects, f"SH-{who[:3]}")
    model, line = projects.model, app.extensions["catalog"]["budget_line"].model
    other = aliased(model)
    inner = select(model.id).subquery()
    shapes: list[Any] = [
        select(model.id),
        select(other.id),
        select(inner.c.id),
        union_all(select(model.id), select(other.id)),
        select(model.id).where(model.id.in_(select(other.id))),
        select(model.id).outerjoin(line, line.project_id == model.id),
    ]
    assert all(row_id in set(db().scalars(shape)) for shape in shapes)
    before = db().scalar(select(func.count()).select_from(model)) or 0
    delete(db(), projects, row_id)
    assert not any(row_id in set(db().scalars(shape)) for shape in shapes)
    assert db().scalar(select(func.count()).select_from(model)) == before - 1
    assert fetch_row(db(), projects, row_id) is None
    assert labels(db(), projects, [row_id]) == {}
    assert labels(db(), projects, [row_id], trashed=True)
    assert row_id in [one.values["id"] for one in fetch_trash(db(), projects, 200)[0]]


def test_restoring_needs_a_row_in_the_trash_and_notes_itself_once(app: Flask, projects: Entry) -> None:
    act_as(db(), person(app, people.COORDINATOR))
    row_id = add(projects, "R-1")
    with pytest.raises(Missing):
        restore(db(), projects, row_id)
    with pytest.raises(Missing):
        purge(db(), projects, row_id)
    db().rollback()
    delete(db(), projects, row_id)
    assert restore(db(), projects, row_id)["code"] == "R-1"
    with pytest.raises(Missing):
        restore(db(), projects, row_id)
    count = "SELECT count(*) FROM rn_event WHERE record = 'project' AND deed = 'restored' AND row_id = :i"
    assert scalar(app, count, i=row_id) == 1


def test_two_who_restore_at_once_restore_once(app: Flask, projects: Entry) -> None:
    act_as(db(), person(app, people.COORDINATOR))
    row_id = add(projects, "R-2")
    delete(db(), projects, row_id)
    db().rollback()
    done: list[str] = []

    def one() -> None:
        WRITING.set(True)
        with app.app_context():
            act_as(db(), person(app, people.COORDINATOR))
            try:
                restore(db(), projects, row_id)
                done.append("restored")
            except Missing:
                done.append("missing")
            finally:
                db().rollback()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["missing", "missing", "missing", "restored"]
    assert scalar(app, "SELECT version FROM project WHERE id = :i", i=row_id) == 3


def test_a_reference_that_went_into_the_trash_while_it_was_written_is_refused(
    app: Flask, projects: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog: Catalog = app.extensions["catalog"]
    act_as(db(), person(app, people.COORDINATOR))
    row_id = add(projects, "R-3")
    delete(db(), projects, row_id)
    # as if the check had run just before the row went
    monkeypatch.setattr(validate, "_check_references", lambda *args: None)
    line = {"project": str(row_id), "year": "2004", "category": "software", "level": "city", "source": "1",
            "planned": "1"}  # fmt: skip
    with pytest.raises(Invalid) as refused:
        insert(db(), catalog["budget_line"], line, RULES)
    assert set(refused.value.errors) == {"project"}
    assert scalar(app, "SELECT count(*) FROM budget_line WHERE project_id = :i", i=row_id) == 0


def test_a_row_does_not_come_back_while_one_that_it_cites_is_gone(
    app: Flask, projects: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    act_as(db(), person(app, people.COORDINATOR))
    row_id = add(projects, "R-4", system="1")
    delete(db(), projects, row_id)

    def gone(session: Any, entry: Entry, values: Any, names: Any) -> None:
        assert values["system"] == 1
        assert "system" in names
        raise Invalid({"system": ["gone"]})

    monkeypatch.setattr(trash, "check_targets", gone)
    with pytest.raises(Invalid):
        restore(db(), projects, row_id)
    db().rollback()
    assert fetch_row(db(), projects, row_id) is None


def test_one_in_the_trash_still_holds_what_it_cites_and_is_named_so(app: Flask, projects: Entry) -> None:
    act_as(db(), person(app, people.COORDINATOR))
    system = app.extensions["catalog"]["system"]
    made = insert(db(), system, {"name": "临时系统", "code": "LSXT", "group": "office", "status": "planned"}, RULES).id
    row_id = add(projects, "R-6", system=str(made))
    delete(db(), projects, row_id)
    with pytest.raises(Referred) as refused:
        delete(db(), system, made)
    assert [(one.id, one.trashed) for one in refused.value.by] == [(row_id, True)]
    assert not refused.value.more
    db().rollback()
    purge(db(), projects, row_id)
    delete(db(), system, made)


def test_uniqueness_is_checked_again_on_the_way_back(
    app: Flask, projects: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    act_as(db(), person(app, people.COORDINATOR))
    row_id = add(projects, "R-5")
    delete(db(), projects, row_id)
    with pytest.raises(Invalid) as refused:
        add(projects, "R-5")
    assert set(refused.value.errors) == {"code"}

    def taken(session: Any, entry: Entry, values: Any, row: int, names: Any, errors: dict[str, list[str]]) -> None:
        errors["code"] = ["taken"]

    monkeypatch.setattr(trash, "check_uniques", taken)
    with pytest.raises(Invalid):
        restore(db(), projects, row_id)
    db().rollback()
    assert scalar(app, "SELECT deleted_at FROM project WHERE id = :i", i=row_id) is not None


def test_many_rows_go_in_sets_and_not_one_by_one(app: Flask, projects: Entry) -> None:
    act_as(db(), person(app, people.COORDINATOR))
    said = []
    for number in (2, 40):
        ids = tuple(add(projects, f"M-{number}-{n}") for n in range(number))
        with counted() as statements:
            assert delete_rows(db(), Selection(projects, ids)) == number
        said.append(len(statements))
        assert all(fetch_row(db(), projects, row_id) is None for row_id in ids)
        versions = f"SELECT count(*) FROM project WHERE version = 2 AND id IN ({','.join(map(str, ids))})"
        assert scalar(app, versions) == number
    assert said[0] == said[1], said


def test_the_schema_goes_down_only_with_an_empty_trash(new_place: Callable[[Filling], Place]) -> None:
    from sqlalchemy import create_engine, text

    place = new_place("city")
    engine = create_engine(place.database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE news_item SET deleted_at = '2004-06-30 00:00:00' WHERE id = 1"))
    engine.dispose()
    refused = place.run("migrate", "--down", "0004", check=False)
    assert refused.returncode != 0
    assert "news_item has 1 rows in the trash" in refused.stdout + refused.stderr
    engine = create_engine(place.database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE news_item SET deleted_at = NULL"))
    engine.dispose()
    assert "0004" in place.run("migrate", "--down", "0004").stdout
    place.run("migrate")
