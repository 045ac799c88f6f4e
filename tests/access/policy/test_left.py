"""What others have left: saved views, private and shared; jobs and their files; changes in the history."""

import re
from dataclasses import replace
from datetime import UTC, datetime

from flask import Flask
from hypothesis import given
from sqlalchemy import insert, select

from app.access import SYSTEM, HeldGrant, may
from app.declare.access import EVERYWHERE, Verb
from app.declare.event import Door, Event
from app.store import save
from app.store.jobs import folder_of
from app.store.session import act_as
from app.store.tables import Job, JobState, SavedView
from tests.access.policy.doors import Ask, at_the_door, install, stored_rightly, taken_back
from tests.access.policy.example import NAMES, REFUSALS, RULES, SAMPLE, SEEDS, Example, examples, typed
from tests.support import people
from tests.support.little import mark
from tests.support.oracle import World, read_rows
from tests.support.visitor import Visitor

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@given(record=NAMES, seed=SEEDS)
@examples(5)
def test_a_view_is_its_owners_and_that_of_the_unit_it_is_shared_with(
    little: Flask, signed: Visitor, record: str, seed: int
) -> None:
    with at_the_door(little, signed, record, seed) as (x, ask):
        reads, base = may(x.person, x.entry, Verb.READ), f"/records/{record}/"
        kept = views(x)
        listed = ask(base)
        for view_id, (account, unit, query) in kept.items():
            mine = account == x.person.id
            theirs = mine or (unit is not None and unit == x.person.unit_id)
            assert (f"视图{view_id}号" in listed.text) == (reads and theirs)
            # whoever shares a view has said by what it filters; to those alone who may filter by it
            opened = ask(f"{base}?view={view_id}", said=query if theirs else "")
            assert opened.status_code == 200 or not any(value in query and value in opened.text for value in x.whole())
            assert opened.status_code in ({403} if not reads else {200, 400} if theirs else {400}), query
            assert f"视图{view_id}号" not in opened.text or theirs
            with taken_back(x):
                gone = ask(f"{base}views/{view_id}/delete", {})
                assert gone.status_code == (403 if not reads else 303 if mine else 404)
                assert (view_id in stored_views(x)) == (not (reads and mine))
        with taken_back(x):
            ask(f"{base}views", {"name": f"视图{min(kept)}号", "query": "limit=10", "shared": "1"})
            after = stored_views(x)
            assert {view_id: after[view_id] for view_id in kept if kept[view_id][0] != x.person.id} == {
                view_id: view for view_id, view in kept.items() if view[0] != x.person.id
            }
            assert all(after[new][:2] == (x.person.id, x.person.unit_id) for new in after.keys() - kept.keys())


Views = dict[int, tuple[int, int | None, str]]


def views(x: Example) -> Views:
    """Views of the person and of others, private and shared with any unit, by any value of any row."""
    others = [one for one in x.world.rows["account"] if one != x.person.id][-2:]
    units = [None, *sorted(x.world.rows["unit"])[:8], x.person.unit_id]
    table = SavedView.__table__
    for number in range(1, 9):
        values = {"account_id": x.chance.choice([x.person.id, *others, *others]), "unit_id": x.chance.choice(units)}
        x.connection.execute(insert(table).values(
            id=number, record=x.entry.name, name=f"视图{number}号", query=asked_for(x), saved_at=NOW, **values
        ))  # fmt: skip
    return stored_views(x)


def asked_for(x: Example) -> str:
    """A filter by what some row holds, seen or not, masked or not."""
    row = x.world.rows[x.entry.name][x.chance.choice(sorted(x.world.rows[x.entry.name]))]
    item = x.chance.choice([one for one in x.entry.filtered if not one.many] or [None])
    if item is None or row[item.name] is None:
        return "limit=20"
    return f"{item.name}={item.kind.write(item, row[item.name])}"


def stored_views(x: Example) -> Views:
    table = SavedView.__table__
    rows = x.connection.execute(select(table).where(table.c.record == x.entry.name)).all()
    return {row.id: (row.account_id, row.unit_id, row.query) for row in rows}


@given(record=NAMES, seed=SEEDS)
@examples(4)
def test_a_job_and_its_file_are_nobodys_but_whoever_asked_for_it(
    little: Flask, signed: Visitor, record: str, seed: int
) -> None:
    with at_the_door(little, signed, record, seed) as (x, ask):
        others = [one for one in x.world.rows["account"] if one != x.person.id][-2:]
        for number, state in enumerate(JobState, 1):
            row_id = x.chance.choice(sorted(x.world.rows[record]))
            job(x, number, x.chance.choice(others), state, mark(record, row_id))
        before = x.connection.execute(select(Job.__table__).order_by(Job.__table__.c.id)).all()
        assert "作业" not in ask("/jobs/").text
        assert "作业" not in ask("/jobs/bell").text
        assert ask("/jobs/?all=1").status_code == 400
        for number in range(1, len(JobState) + 1):
            answers = [ask(f"/jobs/{number}{part}") for part in ("", "/progress", "/file")]
            answers += [ask(f"/jobs/{number}/{verb}", {}) for verb in ("cancel", "retry")]
            assert [answer.status_code for answer in answers] == [404] * 5
            assert not any("作业" in answer.text or "文件里的" in answer.text for answer in answers)
        assert x.connection.execute(select(Job.__table__).order_by(Job.__table__.c.id)).all() == before


def job(x: Example, number: int, account: int, state: JobState, name: str) -> None:
    """A job of somebody's that speaks of a row wherever it can, with a file that does."""
    folder = folder_of(x.app.extensions["job_folder"], number)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "list.csv").write_text(f"文件里的{name}", encoding="utf-8")
    outcome = {"text": name, "url": "/", "file": "list.csv", "file_name": f"{name}.csv", "size": 1,
               "media_type": "text/csv"}  # fmt: skip
    x.connection.execute(insert(Job.__table__).values(
        id=number, account_id=account, kind="export", title=f"作业 {name}", args={}, language="zh", door=Door.FORM,
        state=state, cancelling=False, told=False, done=1, total=2, note=name, message=name,
        log=[[NOW.isoformat(), name]], outcome=outcome, attempts=1, submitted_at=NOW,
    ))  # fmt: skip


@given(record=NAMES, seed=SEEDS)
@examples(5)
def test_the_history_tells_of_a_change_no_more_than_one_may_see_now(
    little: Flask, signed: Visitor, record: str, seed: int
) -> None:
    with at_the_door(little, signed, record, seed) as (x, ask):
        changed(x)
        reads = may(x.person, x.entry, Verb.READ)
        for row_id in x.world.rows[record]:
            there = 403 if not reads else 200 if row_id in x.seen() else 404
            page = ask(f"/records/{record}/{row_id}/history")
            assert page.status_code == there
            for event_id in lines(x, row_id)[-2:]:
                with taken_back(x):
                    version = str(x.world.rows[record][row_id].get("version", 1))
                    ask(f"/records/{record}/{row_id}/history/{event_id}/revert", {"_version": version})
                    stored_rightly(x, ("revert", row_id, event_id))
        in_the_trail(x, ask)


def changed(x: Example) -> None:
    """The console itself changes rows: texts, references to any row, and what is masked."""
    session, record = x.sessions(), x.entry.name
    masked = [name for name, item in x.entry.fields.items() if item.masked]
    x.former |= x.whole()
    with x.app.app_context():
        act_as(session, SYSTEM)
        # who is signed in stays so, and is asked for no second factor
        own = {x.person.id} if record == "account" else set()
        own |= {one for one, row in x.world.rows["role"].items() if record == "role" and row["name"] == people.VIEWER}
        for number, row_id in enumerate(sorted(x.world.rows[record].keys() - own)):
            row = read_rows(x.entry, x.connection)[row_id]
            raw = typed(x, row) | ({name: SAMPLE[name] for name in masked} if number == 0 else {})
            if record == "group":  # nor does a group give them more than was drawn
                raw["users"] = [one for one in raw["users"] if one != str(x.person.id)]
            try:
                save.update(session, x.entry, row_id, raw, RULES, None)
            except REFUSALS:
                session.rollback()
    x.sessions.remove()
    x.world = World(x.catalog, x.connection)


def lines(x: Example, row_id: int) -> list[int]:
    events = Event.__table__
    mine = select(events.c.id).where(events.c.record == x.entry.name, events.c.row_id == row_id)
    return list(x.connection.scalars(mine.order_by(events.c.id)))


def in_the_trail(x: Example, ask: Ask) -> None:
    """Whoever reads the trail, where rows are named whoever may see them, reads no masked value there either."""
    x.person = replace(x.person, grants={**x.person.grants, "audit": (HeldGrant(Verb.READ, EVERYWHERE),)})
    install(x)
    x.everything = True
    listed = ask("/records/audit/?order=-at&limit=200")
    newest = re.findall(r'data-pk="(\d+)"', listed.text)[:6]
    assert newest, (listed.status_code, listed.text[:3000])
    for path in ("/api/v1/audit/?limit=500", "/records/audit/export.csv", *(f"/records/audit/{one}" for one in newest)):
        assert ask(path).status_code == 200, path
