"""A row's page and its form: few statements, and what is kept of them answers each person as SQLAlchemy does."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import event, text

from app.catalog import Catalog
from tests.support import people
from tests.support.places import Database
from tests.support.statements import counted
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]
MOST = 7
"""Statements for whoever and whatever record it is; most take half of them."""
TOKENS = re.compile(r'(?<=value=")[^"]{60,}(?=")|(?<=content=")[^"]{60,}(?=")')


def rows_of(someone: Visitor, catalog: Catalog) -> Iterator[str]:
    """The first row of each list that somebody may see."""
    for entry in catalog:
        found = re.search(rf'data-url="(/records/{entry.name}/\d+)', someone.get(f"/records/{entry.name}/").text)
        if found:
            yield found[1]


def said_by(someone: Visitor, path: str) -> list[str]:
    with counted() as said:
        assert someone.get(path).status_code == 200, path
    return [one for one in said if one != "BEGIN"]


def test_pages_of_rows_take_few_statements_and_none_twice(app: Flask, visitor: Signed) -> None:
    for name in people.CAST:
        someone = visitor(name)
        for row in rows_of(someone, app.extensions["catalog"]):
            for path in (row, f"{row}/edit"):
                if someone.get(path).status_code == 200:
                    said = said_by(someone, path)
                    assert len(said) <= MOST, (name, path, said)
                    assert len(said) == len(set(said)), (name, path, said)


@pytest.mark.parametrize("end", ["", "/edit"])
def test_a_row_is_read_together_with_the_rights_to_it(visitor: Signed, end: str) -> None:
    police = visitor(people.POLICE)
    path = f"{first(police, 'resident')}{end}"
    police.get(path)
    # who asks, the row, the name of its unit
    assert len(said_by(police, path)) == 3


def first(someone: Visitor, record: str) -> str:
    found = re.search(rf'data-url="(/records/{record}/\d+)', someone.get(f"/records/{record}/").text)
    assert found is not None
    return found[1]


def test_what_is_kept_shows_each_person_what_sqlalchemy_would(app: Flask, visitor: Signed, database: Database) -> None:
    if database == "sqlite":
        return  # its statements are SQLAlchemy's
    for name in people.CAST:
        someone = visitor(name)
        for row in rows_of(someone, app.extensions["catalog"]):
            for path in (row, f"{row}/edit", f"{row}?list=limit%3D20"):
                with counted():
                    expected = someone.get(path)
                for _turn in range(2):
                    found = someone.get(path)
                    assert found.status_code == expected.status_code, (name, path)
                    assert TOKENS.sub("", found.text) == TOKENS.sub("", expected.text), (name, path)


@pytest.mark.parametrize("end", ["", "/edit", "?list=limit%3D20"])
def test_a_page_of_a_row_that_was_asked_before_asks_sqlalchemy_nothing(
    app: Flask, visitor: Signed, database: Database, end: str
) -> None:
    police, said, engine = visitor(people.POLICE), list[str](), app.extensions["engine"]
    if database == "sqlite":
        return
    for record in ("resident", "project", "milestone"):
        path = f"{first(police, record)}{end}"
        if police.get(path).status_code != 200:
            continue
        police.get(path)
        said.clear()
        hear = {
            "checkout": lambda *_args: said.append("connection"),
            "begin": lambda *_args: said.append("transaction"),
        }
        for name, listener in hear.items():
            event.listen(engine, name, listener)
        try:
            assert police.get(path).status_code == 200
        finally:
            for name, listener in hear.items():
                event.remove(engine, name, listener)
        assert said == ["connection"], path


def test_a_row_that_leaves_ones_scope_is_gone_from_the_next_page(app: Flask, visitor: Signed) -> None:
    police, statistics = visitor(people.POLICE), visitor(people.STATISTICS)
    row = first(police, "resident")
    number = int(row.rpartition("/")[2])
    for _turn in range(3):
        for end in ("", "/edit"):
            assert police.get(f"{row}{end}").status_code == 200
            assert statistics.get(f"{row}{end}").status_code == 404
    with app.extensions["engine"].begin() as connection:
        home = connection.scalar(text("SELECT unit_id FROM resident WHERE id = :id"), {"id": number})
        moved = text("UPDATE resident SET unit_id = (SELECT unit_id FROM ab_user WHERE username = :who) WHERE id = :id")
        connection.execute(moved, {"who": people.STATISTICS, "id": number})
    try:
        for end in ("", "/edit"):
            assert police.get(f"{row}{end}").status_code == 404
            assert statistics.get(f"{row}{end}").status_code == 200
    finally:
        with app.extensions["engine"].begin() as connection:
            connection.execute(text("UPDATE resident SET unit_id = :u WHERE id = :id"), {"u": home, "id": number})


def test_the_name_of_a_row_referred_to_is_the_present_one_in_a_form(app: Flask, visitor: Signed) -> None:
    coordinator, engine = visitor(people.COORDINATOR), app.extensions["engine"]
    form = f"{first(coordinator, 'milestone')}/edit"
    pages = [coordinator.get(form).text for _turn in range(3)]
    found = re.search(r'name="unit".*?<option value="(\d+)" selected>(.*?)</option>', pages[-1], re.DOTALL)
    assert found is not None
    renamed = text("UPDATE unit SET name = :name WHERE id = :id")
    with engine.begin() as connection:
        connection.execute(renamed, {"name": "改名的单位", "id": int(found[1])})
    try:
        assert "改名的单位" in coordinator.get(form).text
    finally:
        with engine.begin() as connection:
            connection.execute(renamed, {"name": found[2], "id": int(found[1])})
