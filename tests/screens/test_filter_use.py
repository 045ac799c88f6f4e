"""Slow filters: noted without values, written down once for all processes, shown to the keeper of the console alone."""

import html
import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update

from app.access import SYSTEM
from app.store.claims import writing_to
from app.store.filter_use import KEPT, SLOW, USE, Notes, clear_old
from app.store.query import plain_query
from tests.support import people
from tests.support.patience import until
from tests.support.statements import counted
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]
PAGE = "/admin/filters"
UNINDEXED = "/records/incoming_document/?secrecy_years=7"


@pytest.fixture
def notes(app: Flask) -> Iterator[Notes]:
    """What this process notes, from nothing on."""
    before = app.extensions["filter_use"]
    with writing_to(app.extensions["engine"]) as connection:
        connection.execute(delete(USE))
    app.extensions["filter_use"] = Notes(app.extensions["engine"])
    yield app.extensions["filter_use"]
    app.extensions["filter_use"] = before


def run_alone(app: Flask, statement: str) -> None:
    """As an administrator would at the database's own prompt: outside any transaction on PostgreSQL."""
    engine = app.extensions["engine"]
    if engine.dialect.name == "sqlite":
        with writing_to(engine) as connection:
            connection.execute(text(statement))
    else:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))


def shown(keeper: Visitor, order: str = "") -> str:
    answer = keeper.get(PAGE + order)
    assert answer.status_code == 200
    return html.unescape(answer.text)


def test_the_page_is_for_the_keeper_of_the_console_alone(visitor: Signed, stranger: Visitor, notes: Notes) -> None:
    for name in people.CAST:
        keeps = name == people.ADMIN
        assert visitor(name).get(PAGE).status_code == (200 if keeps else 403), name
        assert (f'href="{PAGE}"' in visitor(name).get("/").text) == keeps, name
    assert stranger.get(PAGE).status_code == 303
    assert "目前没有缓慢的筛选" in shown(visitor(people.ADMIN))
    assert visitor(people.ADMIN).get(f"{PAGE}?order=colour").status_code == 400


def test_a_filter_without_an_index_is_noted_by_its_name_and_the_index_that_helps_is_told(
    visitor: Signed, app: Flask, notes: Notes
) -> None:
    for address in (UNINDEXED, UNINDEXED.replace("7", "9")):
        with counted() as said:
            assert visitor(people.LEADER).get(address).status_code == 200
        assert not any("rn_filter_use" in statement for statement in said)
    notes.write()
    with app.extensions["engine"].connect() as connection:
        use = connection.execute(select(USE)).one()
    assert (use.record, use.filters, use.seen) == ("incoming_document", [["secrecy_years", ""]], 2)
    assert 0 < use.slowest_ms <= use.total_ms
    page = shown(visitor(people.ADMIN))
    statement = re.search(r"<code[^>]*>(CREATE INDEX [^<]*);</code>", page)
    assert statement is not None
    run_alone(app, statement[1])
    page = shown(visitor(people.ADMIN))
    assert "CREATE INDEX" not in page
    assert "再建索引不会更快" in page


def test_looking_into_texts_is_told_to_be_helped_by_no_index(visitor: Signed, notes: Notes) -> None:
    visitor(people.LEADER).get("/records/unit/?name__contains=局&source__empty=1")
    notes.write()
    page = shown(visitor(people.ADMIN))
    assert "CREATE INDEX" not in page
    assert "在文本中查找无法借助索引" in page


def test_what_is_quick_and_has_an_index_is_not_noted_and_what_is_slow_is(
    visitor: Signed, app: Flask, notes: Notes
) -> None:
    query = plain_query(app.extensions["catalog"]["unit"], SYSTEM)
    with app.test_request_context():
        notes.note(query, SLOW / 2)
        notes.write()
        assert "CREATE INDEX" not in shown(visitor(people.ADMIN))
        for seconds in (SLOW * 2, SLOW * 6):
            notes.note(query, seconds)
            notes.write()
    with app.extensions["engine"].connect() as connection:
        use = connection.execute(select(USE)).one()
    assert use.seen == 2
    assert (round(use.slowest_ms), round(use.total_ms)) == (1800, 2400)
    page = shown(visitor(people.ADMIN), "?order=mean")
    assert "1,200 毫秒" in page
    assert "1,800 毫秒" in page


def test_what_was_noted_is_written_down_when_any_list_is_read(
    app: Flask, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = plain_query(app.extensions["catalog"]["unit"], SYSTEM)
    with app.test_request_context():
        notes.note(query, SLOW * 2)
        monkeypatch.setattr(notes, "_due", 0.0)
        notes.note(query, 0.0)

    def written() -> bool:
        with app.extensions["engine"].connect() as connection:
            return bool(connection.execute(select(USE)).all())

    until(written, "nothing was written down")


def test_the_lines_are_sorted_by_any_of_their_figures_and_forgotten_in_time(
    visitor: Signed, app: Flask, notes: Notes
) -> None:
    visitor(people.LEADER).get(UNINDEXED)
    visitor(people.LEADER).get("/records/unit/?name__contains=局")
    notes.write()
    with writing_to(app.extensions["engine"]) as connection:
        connection.execute(update(USE).where(USE.c.record == "unit").values(seen=9, total_ms=90000, slowest_ms=20000))
        connection.execute(update(USE).where(USE.c.record != "unit").values(seen=1, total_ms=30000, slowest_ms=30000))
    for order, first in (("total", "unit"), ("seen", "unit"), ("slowest", "incoming"), ("mean", "incoming")):
        lists = re.findall(
            r'<td class="rn-main-cell"><a href="/records/(\w+)/"', shown(visitor(people.ADMIN), f"?order={order}")
        )
        assert lists[0].startswith(first), order
    with writing_to(app.extensions["engine"]) as connection:
        connection.execute(update(USE).where(USE.c.record == "unit").values(record="gone"))
    assert "已不存在" in shown(visitor(people.ADMIN))
    with writing_to(app.extensions["engine"]) as connection:
        old = connection.scalars(select(USE.c.last_seen)).first()
        assert old is not None
        connection.execute(update(USE).where(USE.c.record == "gone").values(last_seen=old - KEPT * 2))
        clear_old(connection)
        assert list(connection.scalars(select(USE.c.record))) == ["incoming_document"]
