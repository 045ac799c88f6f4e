"""Search: what a plain reading of the rows finds, no more and no less; kept current through every door."""

import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.orm import Session

from app.access import SYSTEM
from app.auth.people import load_person
from app.catalog import Catalog, Entry
from app.declare.choices import Classification
from app.store.bulk import Selection, delete_rows, set_field
from app.store.save import make_rules
from app.store.search import match, rank
from app.store.search.index import rebuild
from app.store.search.match import Search, words_of
from app.store.search.pinyin import typed
from app.store.search.rank import ranked
from app.store.search.schema import search_table
from app.store.search.tokens import plan_of, search_tokens
from app.store.search.vector import vector
from app.store.session import WRITING, act_as, db
from tests.support import people
from tests.support.patience import until
from tests.support.statements import counted
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]
Texts = dict[int, list[str]]


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    with app.test_request_context():
        act_as(db(), SYSTEM)
        yield db()


def folded(text_: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text_).casefold())


def texts_of(session: Session, entry: Entry) -> Texts:
    """What each row says in the fields that are searched as text."""
    plan = plan_of(entry)
    columns = [entry.fields[name].column for name in (*plan.names, *plan.texts)]
    found = session.execute(select(entry.model.id, *columns).order_by(entry.model.id).limit(4000))
    return {row[0]: [folded(value) for value in row[1:] if value] for row in found}


def found(session: Session, entry: Entry, typed_: str, common: bool = False) -> set[int]:
    words, search = words_of(typed_), Search(session, entry, SYSTEM)
    conditions = search.row_by_row(words) if common else search.having(words)
    return set(session.scalars(select(entry.model.id).where(*conditions)))


def pieces(chance: random.Random, texts: Texts, number: int) -> Iterator[str]:
    """Pieces of one to six characters of what the rows say, and some that nobody says."""
    every = [word for said in texts.values() for one in said for word in one.split()]
    for _ in range(number):
        word = chance.choice(every)
        start = chance.randrange(len(word))
        piece = word[start : start + chance.choice((1, 2, 2, 3, 4, 6))]
        yield piece if chance.random() < 0.8 else piece[::-1]


def test_a_search_finds_the_rows_that_a_plain_reading_finds(app: Flask, session: Session) -> None:
    chance = random.Random(20040630)
    catalog: Catalog = app.extensions["catalog"]
    for entry in catalog:
        plan = plan_of(entry)
        if not (plan.names or plan.texts):
            continue
        texts = texts_of(session, entry)
        for piece in pieces(chance, texts, 25) if any(texts.values()) else ():
            if not piece.strip() or piece.isascii():
                continue
            plain = {row_id for row_id, said in texts.items() if any(piece in one for one in said)}
            for common in (False, True):
                seen = found(session, entry, piece, common) & set(texts)
                assert seen == plain, (entry.name, piece, common)


def test_latin_letters_find_text_identifiers_and_pinyin_alike_either_way(app: Flask, session: Session) -> None:
    for name in ("unit", "legal_entity", "project"):
        entry = app.extensions["catalog"][name]
        for word in (
            "lyg",
            "gaj",
            "-2004",
            "2004",
            "xm",
            "01",
            "公安 gaj",
            "a－b",
            "%",
            "_",
            "'",
            '"',
            "\\",
            "*",
            "(:)",
        ):
            assert found(session, entry, word) == found(session, entry, word, common=True), (name, word)


def test_signs_of_the_databases_are_characters_like_any_other(app: Flask, session: Session) -> None:
    unit = app.extensions["catalog"]["unit"]
    name = "甲'乙\"丙:丁*戊&己|庚!辛(壬)<->癸\\子-丑 寅％卯"
    WRITING.set(True)
    session.rollback()
    row = unit.model(code="QQ-7", name=name, kind=next(iter(unit.fields["kind"].choices)))
    session.add(row)
    session.flush()
    for piece in (
        "甲'乙",
        '乙"丙',
        "丙:丁",
        "丁*戊",
        "戊&己",
        "己|庚",
        "庚!",
        "(壬)",
        "<->",
        "癸\\子",
        "子-丑",
        "寅%",
        "%卯",
    ):
        assert row.id in found(session, unit, piece), piece
        assert row.id in found(session, unit, piece, common=True), piece
    assert row.id not in found(session, unit, "甲乙")
    assert row.id in found(session, unit, "qq-7")
    assert row.id in found(session, unit, "ＱＱ－７")
    session.rollback()
    WRITING.set(False)
    assert found(session, unit, "甲'乙") == set()


@pytest.mark.parametrize(
    ("name", "typed_"),
    [
        ("连云港市公安局", "lyg"), ("连云港市公安局", "lianyungang"), ("连云港市公安局", "gaj"),
        ("连云港市公安局", "gongan"), ("单雄信", "shan"), ("单雄信", "sxx"), ("单雄信", "dan"), ("解缙", "xie"),
        ("仇英", "qiu"), ("查良镛", "zha"), ("区寄", "ou"), ("任弼时", "ren"), ("曾国藩", "zeng"), ("翟让", "zhai"),
        ("重庆路", "chongqing"), ("银行", "yinhang"), ("吕布", "lvbu"),
    ],
)  # fmt: skip
def test_a_name_begins_with_its_pinyin_at_each_of_its_characters(name: str, typed_: str) -> None:
    assert any(one.startswith(typed_) for one in typed(name))


def test_names_are_found_by_pinyin_and_initials(app: Flask, session: Session) -> None:
    unit = app.extensions["catalog"]["unit"]
    police = session.scalar(select(unit.model.id).where(unit.model.name == "公安局"))
    for word in ("gaj", "gongan", "GongAnJu", "ｇａｊ"):
        assert police in found(session, unit, word), word
    assert police not in found(session, unit, "gjj")


def dump(session: Session, table: str) -> Any:
    name = search_table(table)
    columns = "rowid, label, rest" if session.get_bind().dialect.name == "sqlite" else "id, tokens::text"
    return session.execute(text(f"SELECT {columns} FROM {name} ORDER BY 1")).all()


def test_a_rebuild_leaves_what_the_doors_have_kept(app: Flask, session: Session) -> None:
    for name in ("unit", "staff", "resident"):
        entry: Entry = app.extensions["catalog"][name]
        before = dump(session, name)
        session.rollback()
        told: list[int] = []
        WRITING.set(True)
        done = rebuild(session, entry, lambda reached, last, told=told: told.extend((reached, last)))  # type: ignore[misc]  # a default argument binds the list
        WRITING.set(False)
        assert done == len(before) > 0
        assert told[-1] == told[-2]
        assert dump(session, name) == before
        session.rollback()


def test_a_row_stored_while_the_search_is_made_anew_is_found_afterwards(app: Flask, session: Session) -> None:
    """What somebody commits between two of its statements keeps its tokens; SQLite lets nobody write between them."""
    unit, engine = app.extensions["catalog"]["unit"], app.extensions["engine"]
    kind, stored = next(iter(unit.fields["kind"].choices)), []

    def store() -> None:
        with app.extensions["sessions"].session_factory() as other:
            act_as(other, SYSTEM)
            other.add(unit.model(code="QQ-8", name="缠丝玛瑙院", kind=kind))
            other.commit()
            stored.append(True)

    def between(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("DELETE FROM rn_search_unit") and "<=" not in statement and not stored:
            store()

    WRITING.set(True)
    if engine.dialect.name == "sqlite":
        store()
    event.listen(engine, "before_cursor_execute", between)
    try:
        session.rollback()
        rebuild(session, unit)
    finally:
        event.remove(engine, "before_cursor_execute", between)
    assert stored
    [row_id] = found(session, unit, "缠丝玛瑙")
    session.rollback()
    assert delete_rows(session, Selection(unit, (row_id,))) == 1
    WRITING.set(False)


def test_making_the_search_anew_gives_way_to_whoever_writes(app: Flask, session: Session) -> None:
    """Somebody holds a late row and wants an early one: neither is stopped. On SQLite one writes after another."""
    unit, engine = app.extensions["catalog"]["unit"], app.extensions["engine"]
    if engine.dialect.name == "sqlite":
        assert rebuild(session, unit) > 0
        return
    first, last = session.execute(select(func.min(unit.model.id), func.max(unit.model.id))).one()
    session.rollback()
    done: list[int] = []

    def make_anew() -> None:
        with app.extensions["sessions"].session_factory() as other:
            act_as(other, SYSTEM)
            done.append(rebuild(other, unit))

    thread, held = Thread(target=make_anew), "SELECT id FROM unit WHERE id = :id FOR UPDATE"
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with engine.connect() as writer, engine.connect() as watcher:
        writer.execute(text(held), {"id": last})
        thread.start()
        until(lambda: (watcher.rollback(), watcher.scalar(waiting))[1], "nobody waits for the row")
        writer.execute(text(held), {"id": first})
        writer.rollback()
    thread.join(30)
    assert done


def test_a_text_of_signs_that_stand_for_whole_words_is_a_search_like_any_other(app: Flask, visitor: Signed) -> None:
    for word in ("ﷺ" * 100, "㌖" * 100, "a" * 100, "𝒶" * 100):
        for path in ("/records/unit/?q=", "/palette/?q=", "/records/unit/options?q="):
            assert visitor(people.POLICE).get(path + word).status_code == 200, (path, word[0])


def test_the_pinyin_of_a_long_name_may_be_typed_to_its_end(app: Flask, session: Session) -> None:
    unit = app.extensions["catalog"]["unit"]
    WRITING.set(True)
    session.rollback()
    row = unit.model(code="QQ-9", name="连云港市公安局出入境管理处", kind=next(iter(unit.fields["kind"].choices)))
    session.add(row)
    session.flush()
    word = "lianyungangshigonganjuchurujingguanlichu"
    for typed_ in (word, word[:30], word[:24]):
        assert row.id in found(session, unit, typed_), typed_
        assert row.id in found(session, unit, typed_, common=True), typed_
    session.rollback()
    WRITING.set(False)


def test_no_token_holds_what_only_some_may_see_whole(app: Flask) -> None:
    resident = app.extensions["catalog"]["resident"]
    tokens = search_tokens(resident, {"name": "王二", "citizen_id": "320705195001010011", "address": None})
    assert not any("3207" in one for one in (*tokens.label, *tokens.rest, *tokens.marks))


def test_postgresql_is_told_the_tokens_of_a_row_in_their_order(app: Flask) -> None:
    catalog = app.extensions["catalog"]
    cases = (
        ("resident", {"name": "欧阳 乐", "address": "海州区幸福路 12 号"}),
        ("resident", {"name": "王" * 60, "address": None}),
        ("funding_source", {"code": "XM-2004-013", "name": "琥珀专项"}),
        ("funding_source", {"code": "P", "name": ""}),
    )
    for record, values in cases:
        tokens = search_tokens(catalog[record], values)
        places = enumerate(tokens.label, 1), enumerate(tokens.rest, len(tokens.label) + 2)
        placed = [
            f"{one}:{place}{weight}" for rows, weight in zip(places, ("A", ""), strict=True) for place, one in rows
        ]
        assert vector(plan_of(catalog[record]), values).split(" ") == [*placed, *tokens.marks], values


def test_whole_identity_numbers_are_found_by_their_beginning_by_the_registrar_alone(
    app: Flask, visitor: Signed
) -> None:
    with app.extensions["engine"].connect() as connection:
        number, row_id = connection.execute(text("SELECT citizen_id, id FROM resident ORDER BY id LIMIT 1")).one()
    for typed_ in (number, number[:14], number.lower()):
        assert f"/records/resident/{row_id}" in visitor(people.POLICE).get(f"/records/resident/?q={typed_}").text
        assert f"/records/resident/{row_id}" not in visitor(people.LEADER).get(f"/records/resident/?q={typed_}").text
        assert f"/records/resident/{row_id}" in visitor(people.POLICE).get(f"/palette/?q={typed_}").text
        assert f"/records/resident/{row_id}" not in visitor(people.LEADER).get(f"/palette/?q={typed_}").text


def hits(visitor: Visitor, word: str) -> int:
    page = visitor.get(f"/records/funding_source/?q={word}").text
    return page.count('<tr data-pk="')


def test_every_door_keeps_the_search_current(app: Flask, visitor: Signed) -> None:
    who = visitor(people.COORDINATOR)
    answer = who.post("/records/funding_source/new", {"code": "FS-77", "name": "琥珀专项"})
    assert answer.status_code == 303
    pk = answer.headers["Location"].split("?")[0].rstrip("/").rsplit("/", 1)[1]
    assert (hits(who, "琥珀"), hits(who, "hpzx"), hits(who, "fs-77"), hits(who, "77")) == (1, 1, 1, 1)
    assert who.post(f"/records/funding_source/{pk}/edit", {"name": "玛瑙专项", "_version": "1"}).status_code == 303
    assert (hits(who, "琥珀"), hits(who, "玛瑙"), hits(who, "hpzx")) == (0, 1, 0)
    token = {"Authorization": f"Bearer {_token(app)}"}
    client = app.test_client(use_cookies=False)
    version = client.get(f"/api/v1/funding_source/{pk}", headers=token).headers["ETag"]
    sent = {"name": "翡翠专项"}
    changed = client.patch(f"/api/v1/funding_source/{pk}", json=sent, headers=token | {"If-Match": version})
    assert changed.status_code == 200, changed.text
    assert (hits(who, "玛瑙"), hits(who, "翡翠")) == (0, 1)
    many = client.post("/api/v1/funding_source/", json=[{"code": "FS-78", "name": "珊瑚"}], headers=token)
    assert many.status_code == 201, many.text
    assert hits(who, "珊瑚") == 1
    gone = client.delete(f"/api/v1/funding_source/{pk}", headers=token | {"If-Match": changed.headers["ETag"]})
    assert gone.status_code == 204
    assert hits(who, "翡翠") == 0


def _token(app: Flask) -> str:
    sent = {"username": people.COORDINATOR, "password": people.PASSWORD}
    answer = app.test_client(use_cookies=False).post("/api/v1/security/login", json=sent)
    return str(answer.get_json()["access_token"])


def test_rows_that_are_gone_leave_no_tokens(app: Flask, session: Session) -> None:
    for entry in app.extensions["catalog"]:
        if plan_of(entry).fields:
            ids = set(session.scalars(select(entry.model.id)))
            assert {line[0] for line in dump(session, entry.model.__tablename__)} == ids, entry.name


def test_the_best_come_first(app: Flask, session: Session) -> None:
    unit = app.extensions["catalog"]["unit"]
    best = [row_id for _entry, row_id in ranked(session, [unit], "公安局", 5)]
    assert session.scalar(select(unit.model.name).where(unit.model.id == best[0])) == "公安局"
    code = session.scalar(select(unit.model.code).order_by(unit.model.id.desc()).limit(1))
    [(_entry, first), *_rest] = ranked(session, [unit], str(code), 5)
    assert session.scalar(select(unit.model.code).where(unit.model.id == first)) == code


def test_the_record_of_the_best_row_comes_first(app: Flask, session: Session) -> None:
    catalog: Catalog = app.extensions["catalog"]
    every = [catalog["staff"], catalog["project"], catalog["unit"]]
    name = session.scalar(select(catalog["project"].model.title).order_by(catalog["project"].model.id).limit(1))
    assert ranked(session, every, str(name), 3)[0][0].name == "project"
    assert ranked(session, every, "公安局", 3)[0][0].name == "unit"


def test_of_the_trail_the_palette_looks_into_its_newest_lines(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = app.extensions["catalog"]["audit"]
    newest = list(session.scalars(select(trail.model.id).order_by(trail.model.id.desc()).limit(4)))
    monkeypatch.setattr(rank, "LOOKED", 3)
    typed_ = str(session.scalar(select(trail.model.actor).where(trail.model.id == newest[0])))
    ids = [row_id for _entry, row_id in ranked(session, [trail], typed_, 50)]
    assert ids
    assert set(ids) <= set(newest[:3])


def test_the_palette_looks_at_few_rows_whatever_the_policy_leaves(app: Flask, session: Session) -> None:
    """SQLite counts its steps: it would take some for each row of the person's unit, and search the tokens for each."""
    if session.get_bind().dialect.name == "postgresql":
        return
    resident = app.extensions["catalog"]["resident"]
    account = session.scalar(text("SELECT id FROM ab_user WHERE username = :name"), {"name": people.POLICE})
    person = load_person(session, app.extensions["catalog"], account)
    assert person is not None
    act_as(session, person)
    steps: list[int] = []
    driver: Any = session.connection().connection.driver_connection
    for word in ("wjg", "解放东", "32070519500101"):
        ranked(session, [resident], word, 3)
        driver.set_progress_handler(lambda: steps.append(1), 1000)
        ranked(session, [resident], word, 3)
        driver.set_progress_handler(None, 0)
    assert len(steps) < 100


def test_the_palette_knows_pages_by_pinyin(visitor: Signed) -> None:
    who = visitor(people.LEADER)
    for word in ("单位", "danwei", "DW"):
        assert 'href="/records/unit/"' in who.get(f"/palette/?q={word}").text, word
    assert 'href="/records/unit/"' not in who.get("/palette/?q=qqxx").text


def test_the_palette_asks_the_records_in_two_statements_and_names_each_once(app: Flask, visitor: Signed) -> None:
    who = visitor(people.LEADER)
    who.get("/palette/?q=公安")
    with counted() as said:
        assert who.get("/palette/?q=公安").status_code == 200
    asked = [one for one in said if "rn_search_" in one]
    assert len(asked) == 2
    assert len(said) <= 12


def test_a_word_leads_to_its_rows_by_the_index(app: Flask, session: Session) -> None:
    resident = app.extensions["catalog"]["resident"]
    query = select(resident.model.id).where(*Search(session, resident, SYSTEM).having(("桃花",))).limit(51)
    if session.get_bind().dialect.name == "sqlite":
        said = session.execute(text("EXPLAIN QUERY PLAN " + _literal(session, query))).all()
        assert any("rn_search_resident VIRTUAL TABLE INDEX" in line[-1] for line in said)
        assert not any(line[-1].startswith("SCAN resident") for line in said)
        return
    # of few rows the planner may walk all, or the ids of all; an index of tokens is answered by a bitmap alone
    for way in ("seqscan", "indexscan", "indexonlyscan"):
        session.execute(text(f"SET LOCAL enable_{way} = off"))
    said = session.execute(text("EXPLAIN " + _literal(session, query))).all()
    assert any("ix_rn_search_resident" in line[0] for line in said), said


def _literal(session: Session, statement: Any) -> str:
    bind = session.get_bind()
    return str(statement.compile(bind, compile_kwargs={"literal_binds": True})).replace("%%", "%")


def test_words_that_most_rows_have_are_asked_of_each_row_of_the_list(
    app: Flask, visitor: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = visitor(people.POLICE)
    with app.extensions["engine"].connect() as connection:
        address = connection.scalar(text("SELECT address FROM resident WHERE address IS NOT NULL ORDER BY id LIMIT 1"))
    listed = f"/records/resident/?q={address[:3]}&order=name"
    rows = re.findall(r'data-pk="(\d+)"', who.get(listed).text)
    monkeypatch.setattr(match, "COMMON", 3)
    assert re.findall(r'data-pk="(\d+)"', who.get(listed).text) == rows
    assert rows


def test_setting_a_field_of_many_rows_and_deleting_them_keeps_the_search_current(app: Flask, session: Session) -> None:
    source = app.extensions["catalog"]["funding_source"]
    ids = tuple(session.scalars(select(source.model.id).order_by(source.model.id.desc()).limit(2)))
    session.rollback()
    WRITING.set(True)
    rules = make_rules(Classification.INTERNAL, str)
    assert set_field(session, Selection(source, ids), source.fields["name"], "青金石", rules) == 2
    assert found(session, source, "青金石") == set(ids) == found(session, source, "qjs")
    session.rollback()
    added = session.execute(insert(source.model).returning(source.model.id), [{"code": "FS-90", "name": "孔雀石"}])
    row_id = added.scalar_one()
    session.commit()
    assert found(session, source, "孔雀") == {row_id}
    session.rollback()
    assert delete_rows(session, Selection(source, (row_id,))) == 1
    WRITING.set(False)
    assert found(session, source, "孔雀") == set()
