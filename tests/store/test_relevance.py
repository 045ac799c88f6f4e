"""A searched list by relevance: each row once, the best first, both ways, and no more than what any reading finds."""

import base64
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.access import SYSTEM, HeldGrant, Person, System
from app.catalog import Entry
from app.declare.access import OWN_UNIT, Verb
from app.store import walk as walk_
from app.store.bulk import Selection, delete_rows
from app.store.page import Counted, count, fetch_page, neighbours
from app.store.query import BadQuery, Query, read_cursor, read_query, where
from app.store.search import hits, near, slices
from app.store.search.match import Search, words_of
from app.store.search.tokens import parts, plan_of, squeezed, without_signs
from app.store.session import WRITING, act_as, db
from tests.support.statements import counted
from tests.support.walking import walk

MOST_STATEMENTS = 10
MISLED = 3
"""So many rows are too many where the ids near are to mislead: to look in vain takes statements of its own."""


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    with app.test_request_context():
        act_as(db(), SYSTEM)
        yield db()


@pytest.fixture(params=["as it is", "in small slices", "by the newest", "misled"])
def sliced(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Both as tables of this size are read and as those of millions are."""
    if request.param != "as it is":
        monkeypatch.setattr(near, "NEAR", 8)
        monkeypatch.setattr(near, "FEW", 4)
        monkeypatch.setattr(near, "WIDEST", 24)
    if request.param == "misled":
        monkeypatch.setattr(near, "MOST_FEW", MISLED)
    if request.param != "as it is":
        monkeypatch.setattr(slices, "RARE", 4)
        monkeypatch.setattr(slices, "FIRST", 16)
        monkeypatch.setattr(slices, "BLOCK", 1)
        monkeypatch.setattr(walk_, "MANY", 5)
    if request.param == "by the newest":
        monkeypatch.setattr(hits, "SOME", 1)
        monkeypatch.setattr(hits, "MANY", 0)
    forget()
    yield
    forget()


def forget() -> None:
    """Statements that are kept have been put together with the figures of others."""
    hits.counts.cache_clear()
    near.near.cache_clear()
    slices._common.cache_clear()


def asked(entry: Entry, typed: str, actor: Person | System = SYSTEM, more: Mapping[str, str] = {}) -> Query:
    query = read_query(entry, MultiDict({"q": typed, "limit": "7", **more}), actor, most=100)
    return replace(query, columns=(entry.labelled[0],))


def expected(session: Session, query: Query) -> list[int]:
    """What the list's own conditions find, put in order by a plain reading of names and identifiers."""
    entry, plan, whole = query.entry, plan_of(query.entry), squeezed(query.search)
    names = [*plan.names, *plan.identifiers]
    columns = [entry.fields[name].column for name in names]
    rows = session.execute(select(entry.model.id, *columns).where(*where(session, query))).all()

    def tier(values: Any) -> int:
        said = [squeezed(value) for name, value in zip(names, values, strict=True) if value and name in plan.names]
        marked = [part[1:] for name, value in zip(names, values, strict=True) if value and name in plan.identifiers
                  for part in parts(value)]  # fmt: skip
        if whole in said or without_signs(whole) in marked:
            return 0
        begins = any(one.startswith(whole) for one in said) or any(
            one.startswith(without_signs(whole)) for one in marked
        )
        return 1 if begins else 2

    return [row_id for _tier, _down, row_id in sorted((tier(row[1:]), -row[0], row[0]) for row in rows)]


def words(session: Session, entry: Entry, number: int) -> list[str]:
    """Names as they are, how they begin, pieces of them, and pieces of the other texts."""
    chance, plan, found = random.Random(20040701), plan_of(entry), []
    for name in (*plan.names, *plan.identifiers, *plan.texts):
        column = entry.fields[name].column
        values = list(session.scalars(select(column).where(column.is_not(None)).order_by(entry.model.id).limit(300)))
        for value in chance.sample(values, min(number, len(values))):
            start = chance.randrange(max(len(value) - 1, 1))
            found += [value[:60], value[:2], value[start : start + 2], value[start : start + 4]]
    return [word for word in dict.fromkeys(found) if words_of(word)]


@pytest.mark.usefixtures("sliced")
def test_a_search_shows_each_row_once_the_best_first_both_ways(app: Flask, session: Session) -> None:
    catalog = app.extensions["catalog"]
    tiers = set()
    for name, number in (("unit", 3), ("funding_source", 2), ("staff", 1), ("resident", 1)):
        for word in words(session, catalog[name], number):
            query = asked(catalog[name], word)
            if not query.ranked:
                continue
            best = expected(session, query)
            if len(best) > 100:
                continue
            where_ = (name, word)
            assert walk(session, query, True) == best, where_
            assert walk(session, query, False) == best, where_
            tiers.add(len(best) > 7)
    assert tiers == {True, False}


@pytest.mark.usefixtures("sliced")
def test_common_words_begin_and_end_where_they_should(app: Flask, session: Session) -> None:
    resident = app.extensions["catalog"]["resident"]
    address = str(
        session.scalars(
            select(resident.model.address).where(resident.model.address.is_not(None)).order_by(resident.model.id)
        ).first()
    )
    pieces = [address[place : place + 2] for place in range(len(address) - 1)]
    road = next(piece for piece in reversed(pieces) if not re.search(r"\d", piece) and asked(resident, piece).ranked)
    for word in ("王", "建国", road):
        query = asked(resident, word)
        assert query.ranked
        best = expected(session, query)
        assert len(best) > 10, word
        first = fetch_page(session, query)
        assert [row["id"] for row in first.rows] == best[:7], word
        assert [row["id"] for row in fetch_page(session, replace(query, last=True)).rows] == best[-7:], word
        second = fetch_page(session, replace(query, after=read_cursor(query, "after", first.after)))
        assert [row["id"] for row in second.rows] == best[7:14], word
        back = fetch_page(session, replace(query, before=read_cursor(query, "before", second.before)))
        assert [row["id"] for row in back.rows] == best[:7], word
        assert first.number in (None, len(best)), word


@pytest.mark.usefixtures("sliced")
def test_words_known_to_be_common_show_the_same_again_and_what_is_new(app: Flask, session: Session) -> None:
    resident = app.extensions["catalog"]["resident"]
    for word in ("王", "建国"):
        query = asked(resident, word)
        best = expected(session, query)
        for _turn in range(3):
            page = fetch_page(session, query)
            assert [row["id"] for row in page.rows] == best[:7], word
            assert page.after
            assert not page.before
        row = session.scalars(select(resident.model).order_by(resident.model.id).limit(1)).one()
        row.name = word  # whole: the best there is
        session.flush()
        best = expected(session, query)
        assert [row["id"] for row in fetch_page(session, query).rows] == best[:7]
        assert fetch_page(session, query).rows[0]["id"] == best[0] == row.id
        # more than a page of the best, so that no row of the last tier stands on it
        for other in session.scalars(select(resident.model).order_by(resident.model.id.desc()).limit(9)):
            other.name = word
        session.flush()
        assert [row["id"] for row in fetch_page(session, query).rows] == expected(session, query)[:7]
        session.rollback()
        # whoever sees none of them
        act_as(session, Person(1, "a", "A", unit_id=-1, grants={"resident": (HeldGrant(Verb.READ, OWN_UNIT),)}))
        assert fetch_page(session, query).rows == ()
        act_as(session, SYSTEM)


@pytest.mark.usefixtures("sliced")
def test_the_best_rows_are_shown_where_more_than_are_sorted_have_become_so(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "MOST_FEW", 4)
    resident, word = app.extensions["catalog"]["resident"], "建国"
    query = asked(resident, word)
    for _turn in range(2):
        fetch_page(session, query)
    rows = session.scalars(select(resident.model).order_by(resident.model.id).limit(6)).all()
    for row in rows:
        row.name = word
    session.flush()
    unit = rows[-1].unit_id
    # nobody but the last of them is left to a person who sees another unit alone
    others = session.scalars(select(app.extensions["catalog"]["unit"].model.id).limit(2)).all()
    rows[-1].unit_id = next(one for one in others if one != unit)
    session.flush()
    grants = {"resident": (HeldGrant(Verb.READ, OWN_UNIT),)}
    for seen in (unit, rows[-1].unit_id):
        act_as(session, SYSTEM)
        best = expected(session, query)
        act_as(session, Person(1, "a", "A", unit_id=seen, grants=grants))
        mine = [
            row_id for row_id in best if session.scalar(select(resident.model.id).where(resident.model.id == row_id))
        ]
        assert [row["id"] for row in fetch_page(session, query).rows] == mine[:7]
    session.rollback()


@pytest.mark.usefixtures("sliced")
def test_the_rows_of_a_search_are_counted_up_to_a_cap(app: Flask, session: Session) -> None:
    resident = app.extensions["catalog"]["resident"]
    area = session.scalar(select(resident.model.area).order_by(resident.model.id).limit(1))
    for word in ("王", "建国", "王建国", "没有这个"):
        for more in ({}, {"area": str(area)}):
            query = asked(resident, word, more=more)
            number = len(expected(session, query))
            assert count(session, query, 5) == Counted(min(number, 5), number <= 5), (word, more)
            assert count(session, query, 1_000) == Counted(number, True), (word, more)


@pytest.mark.usefixtures("sliced")
def test_filters_and_the_policy_leave_out_the_rows_between(app: Flask, session: Session) -> None:
    resident = app.extensions["catalog"]["resident"]
    area, unit = session.execute(
        select(resident.model.area, resident.model.unit_id).order_by(resident.model.id).limit(1)
    ).one()
    for word in ("王", "李", "建国"):
        everything = expected(session, asked(resident, word))
        filtered = asked(resident, word, more={"area": area})
        some = expected(session, filtered)
        assert set(some) < set(everything)
        assert walk(session, filtered, True) == some == walk(session, filtered, False)
        assert [one for one in everything if one in set(some)] == some
    person = Person(1, "a", "A", unit_id=unit, grants={"resident": (HeldGrant(Verb.READ, OWN_UNIT),)})
    act_as(session, person)
    own = set(session.scalars(select(resident.model.id)))
    for word in ("王", "建国"):
        query = asked(resident, word, person)
        assert query.ranked
        mine = expected(session, query)
        assert set(mine) <= own
        assert fetch_page(session, query).number in (None, len(mine))
        assert [row["id"] for row in fetch_page(session, query).rows] == mine[:7]
        assert [row["id"] for row in fetch_page(session, replace(query, last=True)).rows] == mine[-7:]


@pytest.mark.usefixtures("sliced")
def test_the_rows_before_and_after_one_are_those_of_the_list(app: Flask, session: Session) -> None:
    unit = app.extensions["catalog"]["unit"]
    query = asked(unit, "局")
    best = expected(session, query)
    assert len(best) > 3
    for place, row_id in enumerate(best):
        before = best[place - 1] if place else None
        after = best[place + 1] if place + 1 < len(best) else None
        assert neighbours(session, query, row_id) == (before, after)
    other = session.scalars(select(unit.model.id).where(unit.model.id.not_in(best))).first() or 0
    assert neighbours(session, query, other) == (None, None)


@pytest.mark.usefixtures("sliced")
def test_rows_that_go_while_one_turns_the_pages_take_no_other_with_them(app: Flask, session: Session) -> None:
    source = app.extensions["catalog"]["funding_source"]
    session.rollback()
    WRITING.set(True)
    names = ["榴莲", "榴莲专项", "市级榴莲", "榴莲 榴莲", "龙眼专项"]
    rows = [{"code": f"FR-{number}", "name": names[number % 5]} for number in range(60)]
    session.execute(insert(source.model), rows)
    session.commit()
    query = asked(source, "榴莲")
    best = expected(session, query)
    assert len(best) == 48
    first = fetch_page(session, query)
    met = [row["id"] for row in first.rows]
    gone = [*met[-2:], *best[7:9], best[20]]
    assert delete_rows(session, Selection(source, tuple(gone))) == 5
    here = replace(query, after=read_cursor(query, "after", first.after))
    while True:
        page = fetch_page(session, here)
        met += [row["id"] for row in page.rows]
        if not page.after:
            break
        here = replace(query, after=read_cursor(query, "after", page.after))
    assert met == best[:7] + [one for one in best[7:] if one not in gone]
    session.rollback()
    every = session.scalars(select(source.model.id).where(source.model.code.startswith("FR-"))).all()
    delete_rows(session, Selection(source, tuple(every)))
    WRITING.set(False)


@pytest.mark.usefixtures("sliced")
def test_a_page_by_relevance_takes_few_statements_and_no_sorting_of_all(app: Flask, session: Session) -> None:
    resident = app.extensions["catalog"]["resident"]
    area = session.scalar(select(resident.model.area).order_by(resident.model.id).limit(1))
    for typed in ("王", "建国", "王建国", "没有这个"):
        for more in ({}, {"area": str(area)}):
            for last in (False, True):
                query = replace(asked(resident, typed, more=more), last=last)
                with counted() as said:
                    fetch_page(session, query)
                most = MOST_STATEMENTS * (2 if near.MOST_FEW == MISLED else 1)
                assert len(said) <= most, (typed, more, said)
    plans = _plans(session, asked(resident, "建国"))
    if session.get_bind().dialect.name == "sqlite":
        assert plans
        assert not [line for line in plans if "TEMP B-TREE" in line or line.startswith("SCAN resident")], plans


def test_a_page_of_a_search_is_one_statement_however_many_rows_have_the_words(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    if session.get_bind().dialect.name == "sqlite":
        return
    # 1,500 rows as a million is read
    for name, value in (("NEAR", 64), ("FEW", 50), ("MOST_FEW", 100), ("WIDEST", 500)):
        monkeypatch.setattr(near, name, value)
    forget()
    source = app.extensions["catalog"]["funding_source"]
    session.rollback()
    WRITING.set(True)
    # how many rows are between one that has the word and the next
    often = {"芒果": 1, "石榴": 3, "枇杷": 20, "杨梅": 60, "樱桃": 200, "荔枝": 1_200}
    names = ["".join(word for word, each in often.items() if number % each == 0) for number in range(1_500)]
    rows = [{"code": f"MS-{number}", "name": f"某{name}"} for number, name in enumerate(names)]
    session.execute(insert(source.model), rows)
    session.commit()
    for word, each in often.items():
        query = replace(asked(source, word), limit=9)
        best = expected(session, query)
        assert len(best) == -(-1_500 // each)
        first = fetch_page(session, query)
        assert [row["id"] for row in fetch_page(session, replace(query, last=True)).rows] == best[-9:]
        forget()  # that few of the lowest ids are in use
        pages = [(query, best[:9])]
        if first.after:
            after = read_cursor(query, "after", first.after)
            pages.append((replace(query, after=after), best[9:18]))
            middle = replace(after, id=best[len(best) // 2])
            pages.append((replace(query, after=middle), best[len(best) // 2 + 1 :][:9]))
            pages.append((replace(query, before=middle), best[: len(best) // 2][-9:]))
        for here, ids in pages:
            with counted() as said:
                page = fetch_page(session, here)
            assert [row["id"] for row in page.rows] == ids, (word, here)
            assert len([one for one in said if "rn_search_" in one]) == 1, (word, here, said)
            assert page.number == (len(best) if each >= 60 else page.number), (word, here)
        assert count(session, query, 1_000) == Counted(min(len(best), 1_000), len(best) <= 1_000)
    query = replace(asked(source, "榅桲"), limit=9)
    assert fetch_page(session, query).rows == ()
    every = session.scalars(select(source.model.id).where(source.model.code.startswith("MS-"))).all()
    delete_rows(session, Selection(source, tuple(every)))
    WRITING.set(False)
    forget()


def test_words_of_rows_that_stand_far_from_the_newest_are_found_though_few_seem_to_have_them(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("NEAR", 32), ("FEW", 20), ("MOST_FEW", 60), ("WIDEST", 64)):
        monkeypatch.setattr(near, name, value)
    monkeypatch.setattr(slices, "FIRST", 32)
    forget()
    source = app.extensions["catalog"]["funding_source"]
    session.rollback()
    WRITING.set(True)
    rows = [{"code": f"FA-{number}", "name": "某山竹" if 100 <= number < 300 else "某"} for number in range(600)]
    session.execute(insert(source.model), rows)
    session.commit()
    query = asked(source, "山竹")
    best = expected(session, query)
    assert len(best) == 200
    for _turn in range(2):
        assert walk(session, query, True) == best == walk(session, query, False)
        assert count(session, query, 1_000) == Counted(200, True)
    every = session.scalars(select(source.model.id).where(source.model.code.startswith("FA-"))).all()
    delete_rows(session, Selection(source, tuple(every)))
    WRITING.set(False)
    forget()


def _plans(session: Session, query: Query) -> list[str]:
    """How SQLite goes about each statement of a page."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    said: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        said.append((statement, values))

    event.listen(session.get_bind(), "before_cursor_execute", hear)
    fetch_page(session, query)
    event.remove(session.get_bind(), "before_cursor_execute", hear)
    connection = session.connection()
    return [str(line[-1]) for statement, values in said
            for line in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]  # fmt: skip


def test_a_list_is_ranked_only_if_tokens_alone_tell_its_rows_and_no_order_was_chosen(
    app: Flask, session: Session
) -> None:
    resident = app.extensions["catalog"]["resident"]
    assert asked(resident, "建国").ranked
    order = resident.order[0].name
    chosen = asked(resident, "建国", more={"order": "name"})
    assert not chosen.ranked
    assert ("order", "name") in chosen.params()
    assert ("order", "name") not in asked(resident, "建国").params()
    assert asked(resident, "建国").params() == [("q", "建国"), ("limit", "7"), ("cols", resident.labelled[0].name)]
    assert not asked(resident, "3207").ranked, order
    # no identity number begins so, whoever may look for one
    assert asked(resident, "wjg").ranked
    [event_entry] = [entry for entry in app.extensions["catalog"] if not plan_of(entry).fields and entry.searched][:1]
    assert not asked(event_entry, "建国").ranked
    assert not Search(session, event_entry, SYSTEM).tokens


@pytest.mark.parametrize(
    "raw",
    [
        '["","i","3",5]', '["","i","-1",5]', '["","s","王",5]', '["name","s","王",5]',
        '["","n","",5]', '["","i","x",5]', '["","i","1","5"]',
    ],
)  # fmt: skip
def test_a_place_that_no_page_by_relevance_wrote_is_refused(app: Flask, session: Session, raw: str) -> None:
    query = asked(app.extensions["catalog"]["resident"], "建国")
    with pytest.raises(BadQuery):
        read_cursor(query, "after", base64.urlsafe_b64encode(raw.encode()).decode().rstrip("="))
