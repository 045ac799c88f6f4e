"""Whatever people are granted, no door of the console shows or changes more: random grants, people and rows.

Each example shuffles the rows of a little city (owners in a tree of units, secrecy, parts and wholes, references),
draws a person with grants of any verbs, scopes and fields, and asks every door; what comes back is held against
`tests/support/oracle.py`, which reads the grants on its own. The examples are always the same ones. For more, and
others: `RAINBOW_EXAMPLES=2000 python -m pytest tests/access/test_policy_property.py --database sqlite`.
"""

import html
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import Permission, PermissionView, ViewMenu, assoc_permissionview_role
from flask_appbuilder.security.sqla.models import Role as StoredRole
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.access import Forbidden, HeldGrant, Person, may
from app.access.grants import write_grant
from app.catalog import Catalog, Entry, Field
from app.declare.access import Verb
from app.declare.choices import Classification
from app.declare.record import Account
from app.screens.forms import raw_of
from app.store import bulk, page, save, trash
from app.store.labels import labels, options, search_all
from app.store.query import BadQuery, Condition, Query, plain_query, read_query
from app.store.session import act_as
from app.store.validate import Invalid
from tests.support import people
from tests.support.little import LINK, MARK, around, held, mark, scopes, shrink, shuffle, undone
from tests.support.oracle import Rules, World, read_rows, trespasses
from tests.support.visitor import Visitor

ASKED = int(os.environ.get("RAINBOW_EXAMPLES", "0"))
REFUSALS = (Forbidden, save.Missing, save.Stale, save.Referred, Invalid, bulk.RowsRefused)
SAMPLE = {"citizen_id": "11010519491231002X", "org_code": "D2143569-X"}


def examples(number: int) -> settings:
    return settings(
        max_examples=ASKED or number, phases=(Phase.generate,), derandomize=not ASKED, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


@pytest.fixture(scope="module")
def little(app: Flask) -> Flask:
    shrink(app)
    return app


class Example:
    """One drawn city and person."""

    def __init__(self, app: Flask, connection: Connection, record: str, seed: int) -> None:
        self.chance = chance = random.Random(seed)
        self.connection = connection
        self.catalog: Catalog = app.extensions["catalog"]
        self.entry = self.catalog[record]
        self._seen: dict[str, set[int]] = {}
        units = shuffle(connection, self.catalog, chance, around(self.entry))
        self.world = World(self.catalog, connection)
        self.person = Person(
            id=chance.choice(sorted(self.world.rows["account"])[-3:]), username="x", name="某人",
            roles=tuple(chance.sample(["unit_editor", "coordination", "leader"], chance.randrange(3))),
            unit_id=chance.choice([None, *units, *units]), clearance=chance.choice(list(Classification)),
            grants={entry.name: self._grants(entry) for entry in self.catalog if entry.name != "audit"},
        )  # fmt: skip

    def _grants(self, entry: Entry) -> tuple[HeldGrant, ...]:
        if entry is self.entry:
            return tuple(held(entry, self.catalog, self.chance) for _ in range(self.chance.choice([0, 1, 1, 2, 2, 3])))
        if self.chance.random() < 0.25:
            return ()
        return (HeldGrant(Verb.READ, self.chance.choice(scopes(entry, self.catalog))),)

    def seen(self, record: str = "") -> set[int]:
        name = record or self.entry.name
        if name not in self._seen:
            self._seen[name] = self.world.seen(self.person, name)
        return self._seen[name]

    def told(self, text: str, trash: bool = False) -> None:
        """Refuse a text with the name of a row that the person does not see (or, with `trash`, could not restore)."""
        for record, row_id in set(MARK.findall(text)):
            known = self.seen(record) | (self.world.restorable(self.person, record) if trash else set())
            assert int(row_id) in known, (record, row_id, text[:200])


@pytest.fixture
def drawn(little: Flask) -> Callable[[str, int], Any]:
    """Return a context that holds an example and a session of its person."""
    from contextlib import contextmanager

    @contextmanager
    def draw(record: str, seed: int) -> Iterator[tuple[Example, Session]]:
        with undone(little) as (connection, sessions), little.app_context():
            example = Example(little, connection, record, seed)
            act_as(sessions(), example.person)
            yield example, sessions()

    return draw


def records(catalog: Catalog) -> list[str]:
    return [entry.name for entry in catalog if entry.name != "audit"]


SEEDS = st.integers(0, 2**32)
NAMES = st.sampled_from([
    "unit", "staff", "system", "milestone", "project", "funding_source", "budget_line", "deployment", "project_step",
    "incoming_document", "outgoing_document", "mail", "mail_reading", "news_item", "resident", "legal_entity",
    "natural_resource", "indicator", "indicator_value", "training_course", "training_record", "video_asset",
    "account", "role", "group", "directory_rule",
])  # fmt: skip


def test_every_record_is_among_those_that_examples_choose_from(little: Flask) -> None:
    catalog: Catalog = little.extensions["catalog"]
    assert sorted(NAMES.elements) == sorted(records(catalog))  # type: ignore[attr-defined]
    assert sorted(TRASHES.elements) == sorted(entry.name for entry in catalog if entry.trash)  # type: ignore[attr-defined]


@given(record=NAMES, seed=SEEDS)
@examples(45)
def test_no_way_of_reading_shows_a_row_that_no_grant_covers(drawn: Any, record: str, seed: int) -> None:
    with drawn(record, seed) as (x, session):
        seen = x.seen()
        rows = x.world.rows[record]
        query = plain_query(x.entry, x.person)
        in_order = lists(x, session, query, seen)
        assert page.count(session, query, None).number == len(seen)
        for row_id in rows:
            found = page.fetch_row(session, x.entry, row_id)
            assert (found is not None) == (row_id in seen), row_id
            assert found is None or all(
                found[name] == rows[row_id][name] for name in x.entry.fields if not x.entry.fields[name].many
            )
            held_here = save.verbs_for(session, x.entry, row_id)
            assert {verb for verb in Verb if verb in held_here} == {
                v for v in Verb if row_id in x.world.allowed(x.person, record, v)
            }
            at = in_order.index(row_id) if row_id in seen else -1
            around = (in_order[at - 1] if at > 0 else None, in_order[at + 1] if at + 1 < len(in_order) else None)
            assert page.neighbours(session, query, row_id) == (around if row_id in seen else (None, None))
        names = labels(session, x.entry, rows)
        assert set(names) == seen
        x.told(" ".join(names.values()))
        looked_up(x, session)
        related(x, session)
        masked(x, session)
        in_trash(x, session)


def lists(x: Example, session: Session, query: Query, seen: set[int]) -> list[int]:
    """Read the list through in several orders, and under a filter; the ids in the usual order."""
    sortable = [item for item in x.entry.columns if item.sortable]
    orders = [(query.order, query.descending)]
    for item in x.chance.sample(sortable, min(3, len(sortable))):
        down = x.chance.random() < 0.5
        try:
            asked = read_query(x.entry, MultiDict({"order": f"{'-' if down else ''}{item.name}"}), x.person)
        except BadQuery:
            assert item.masked
        else:
            orders.append((asked.order, asked.descending))
    results = []
    for order, descending in orders:
        ids: list[int] = []
        at = replace(query, order=order, descending=descending, limit=3, columns=x.entry.columns)
        while True:
            found = page.fetch_page(session, at)
            ids += [row["id"] for row in found.rows]
            if not found.after:
                break
            at = read_query_at(at, found.after)
        assert len(ids) == len(set(ids)), order.name
        assert set(ids) == seen, order.name
        results.append(ids)
    references = [item for item in x.entry.fields.values() if item.target is not None and item.target.name != "audit"]
    for item in references:
        targets = x.world.rows[item.target.name]
        if targets:
            one = x.chance.choice(sorted(targets))
            found = page.fetch_page(session, replace(query, conditions=(Condition(item, "", (one,)),), limit=50))
            assert {row["id"] for row in found.rows} == {
                row_id for row_id in seen if one in many(x.world.rows[x.entry.name][row_id][item.name])
            }
    return results[0]


def read_query_at(query: Query, cursor: str) -> Query:
    from app.store.query import read_cursor

    return replace(query, after=read_cursor(query, "after", cursor))


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def looked_up(x: Example, session: Session) -> None:
    """The choices of a reference field, and the search over all records."""
    found, _more = options(session, x.entry, "")
    assert {row_id for row_id, _label, _hint in found} <= x.seen()
    assert len(found) == min(20, len(x.seen()))
    for _row_id, label, hint in found:
        x.told(label + hint)
    entries = [entry for entry in x.catalog if entry.name != "audit"]
    for entry, rows in search_all(session, entries, "标", 50):
        assert {row_id for row_id, _label in rows} <= x.seen(entry.name)
        for _row_id, label in rows:
            x.told(label)
    for entry in x.chance.sample(entries, 3):
        if any(item.name in {"name", "title"} for item in entry.searched) and x.seen(entry.name):
            one = min(x.seen(entry.name))
            hits = dict(search_all(session, [entry], mark(entry.name, one), 50))
            if mark(entry.name, one) in str(x.world.rows[entry.name][one]):
                assert [row_id for row_id, _label in hits.get(entry, [])] == [one]


def related(x: Example, session: Session) -> None:
    """How many rows refer to each row, and those rows."""
    incoming = [item for item in x.entry.incoming if item.entry.name != "audit"]
    for row_id in x.world.rows[x.entry.name]:
        for item, number in zip(incoming, page.count_related(session, incoming, row_id), strict=True):
            rows = x.world.rows[item.entry.name]
            assert number == sum(row_id in many(rows[one][item.name]) for one in x.seen(item.entry.name)), item.name


def masked(x: Example, session: Session) -> None:
    """By a masked value rows are found, filtered and ordered only where each one seen may be unmasked."""
    whole = x.seen() <= x.world.allowed(x.person, x.entry.name, Verb.UNMASK)
    for item in (item for item in x.entry.fields.values() if item.masked):
        for row_id in x.seen():
            value = x.world.rows[x.entry.name][row_id][item.name]
            for asked in (
                {"q": value},
                {item.name: value},
                {f"{item.name}__contains": value[:9]},
                {"order": item.name},
            ):
                try:
                    found = page.fetch_page(session, read_query(x.entry, MultiDict(asked), x.person))
                except BadQuery:
                    continue
                assert whole or not found.rows, (asked, item.name)
            assert whole or row_id not in {one for one, _label, _hint in options(session, x.entry, value)[0]}
            assert value not in str(labels(session, x.entry, [row_id]))


def in_trash(x: Example, session: Session) -> None:
    """What lies in the trash is there for those who could delete it, and for nobody anywhere else."""
    if not x.entry.trash:
        return
    could = x.world.restorable(x.person, x.entry.name)
    assert {one.values["id"] for one in trash.fetch_trash(session, x.entry, 50)[0]} == could
    assert set(labels(session, x.entry, x.world.trash[x.entry.name], trashed=True)) == could
    for row_id in x.world.trash[x.entry.name]:
        assert page.fetch_row(session, x.entry, row_id) is None
        assert save.verbs_for(session, x.entry, row_id) == Verb(0)


Write = Callable[[Example, Session], object]


def typed(x: Example, row: dict[str, Any]) -> dict[str, Any]:
    """What a form would send for a row, some of it changed: also to what the person does not see."""
    raw = raw_of(x.entry, row)
    for name, item in x.entry.fields.items():
        if not item.typed or x.chance.random() < 0.5:
            continue
        if item.target is not None:
            ids = [str(one) for one in sorted(x.world.rows[item.target.name])]
            raw[name] = x.chance.sample(ids, min(2, len(ids))) if item.many else x.chance.choice([*ids, raw[name]])
        elif getattr(item.type, "choices", None) is not None:
            raw[name] = str(x.chance.choice(list(item.choices)).value)
        elif item.kind.control == "checkbox":
            raw[name] = x.chance.choice(["0", "1"])
        elif type(item.kind).__name__ in ("TitleKind", "LineKind"):
            raw[name] = f"改{x.chance.randrange(1000)}"
    return {name: value for name, value in raw.items() if name != "password"}


def any_row(x: Example) -> int:
    return x.chance.choice(sorted(x.world.rows[x.entry.name]))


def do_update(x: Example, session: Session) -> object:
    row_id = any_row(x)
    raw = typed(x, x.world.rows[x.entry.name][row_id])
    return save.update(session, x.entry, row_id, raw, RULES, None)


def do_move(x: Example, session: Session) -> object:
    """Put a row elsewhere: its owner or its whole alone is changed."""
    item = x.entry.owner or x.entry.whole or next(iter(x.entry.fields.values()))
    if item.target is None:
        return do_update(x, session)
    elsewhere = x.chance.choice(sorted(x.world.rows[item.target.name]))
    return save.update(session, x.entry, any_row(x), {item.name: str(elsewhere)}, RULES, None)


def do_insert(x: Example, session: Session) -> object:
    raw = typed(x, x.world.rows[x.entry.name][any_row(x)])
    for group in x.entry.uniques:
        if len(group) == 1:
            raw[group[0].name] = SAMPLE.get(group[0].name, f"T-{x.chance.randrange(10**6)}")
    if "email" in raw:
        raw |= {"email": "new@rainbow.gov", "password": "a long enough password"}
    if x.entry.state is not None and x.entry.screen.workflow is not None:
        raw.pop(x.entry.state.name, None)
    return save.insert(session, x.entry, raw, RULES)


def do_delete(x: Example, session: Session) -> object:
    return save.delete(session, x.entry, any_row(x))


def do_set(x: Example, session: Session) -> object:
    item: Field = x.chance.choice([f for f in x.entry.fields.values() if f.typed])
    raw = typed(x, x.world.rows[x.entry.name][any_row(x)]).get(item.name, "")
    return bulk.set_field(session, selection(x), item, raw, RULES)


def do_delete_many(x: Example, session: Session) -> object:
    return bulk.delete_rows(session, selection(x))


def do_restore(x: Example, session: Session) -> object:
    return trash.restore(session, x.entry, thrown_away(x))


def do_purge(x: Example, session: Session) -> object:
    return trash.purge(session, x.entry, thrown_away(x))


def thrown_away(x: Example) -> int:
    """A row of the trash, rather one that can be restored; of a record that has no trash, a row that stands."""
    found = x.world.restorable(x.person, x.entry.name) if x.chance.random() < 0.7 else set()
    return x.chance.choice(sorted(found or x.world.trash[x.entry.name]) or [any_row(x)])


def selection(x: Example) -> bulk.Selection:
    if x.chance.random() < 0.5:
        return bulk.Selection(x.entry, query=plain_query(x.entry, x.person))
    return bulk.Selection(x.entry, ids=tuple(x.world.rows[x.entry.name]))


WRITES: dict[str, Write] = {
    "update": do_update, "move": do_move, "insert": do_insert, "delete": do_delete, "set many": do_set,
    "delete many": do_delete_many,
}  # fmt: skip
FROM_TRASH: dict[str, Write] = {"restore": do_restore, "purge": do_purge}
TRASHES = st.sampled_from(["project", "incoming_document", "outgoing_document", "news_item"])
RULES = save.make_rules(Classification.TOP_SECRET, lambda text: "hashed")


def test_no_way_of_writing_changes_what_no_grant_covers(drawn: Any) -> None:
    stored: Counter[str] = Counter()
    writes(drawn, stored)
    # the examples are worth something: each door did store, and did refuse, many a time
    assert all(stored[name] >= 4 and stored[f"no {name}"] >= 4 for name in WRITES), stored


@examples(110)
@given(record=NAMES, seed=SEEDS)
def writes(drawn: Any, stored: Counter[str], record: str, seed: int) -> None:
    with drawn(record, seed) as (x, session):
        try_each(x, session, WRITES, stored)


def test_no_way_out_of_the_trash_is_open_to_whom_no_grant_covers(drawn: Any) -> None:
    stored: Counter[str] = Counter()
    ways_out(drawn, stored)
    assert all(stored[name] >= 2 and stored[f"no {name}"] >= 2 for name in FROM_TRASH), stored


@examples(30)
@given(record=TRASHES, seed=SEEDS)
def ways_out(drawn: Any, stored: Counter[str], record: str, seed: int) -> None:
    with drawn(record, seed) as (x, session):
        try_each(x, session, FROM_TRASH, stored)


def try_each(x: Example, session: Session, ways: dict[str, Write], stored: Counter[str]) -> None:
    """Try each of the ways on the rows as they were drawn; what is stored is undone before the next."""
    record, rules = x.entry.name, Rules.of(x.entry)
    for name, write in ways.items():
        point = x.connection.begin_nested()
        try:
            write(x, session)
        except REFUSALS:
            session.rollback()
            stored[f"no {name}"] += 1
        after, inside = read_rows(x.entry, x.connection), read_rows(x.entry, x.connection, trashed=True)
        purged = x.world.trash[record].keys() - inside.keys() - after.keys()
        if after != x.world.rows[record] or purged:
            stored[name] += 1
        assert trespasses(x.world, after, x.person, record, rules) == [], name
        assert purged <= x.world.restorable(x.person, record), name
        session.close()
        act_as(session, x.person)
        if point.is_active:
            point.rollback()


Ask = Callable[..., TestResponse]


@pytest.fixture(scope="module")
def signed(little: Flask) -> Visitor:
    """Somebody signed in, whose grants each example writes anew."""
    found = Visitor(little).sign_in(people.VIEWER)
    found.post("/language/en")
    return found


def install(x: Example) -> None:
    """Give the signed-in person the drawn unit, clearance and grants, where the identity library keeps them."""
    connection = x.connection
    account, role = Account.__table__, StoredRole.__table__
    connection.execute(update(account).where(account.c.id == x.person.id).values(
        unit_id=x.person.unit_id, clearance=x.person.clearance
    ))  # fmt: skip
    own = connection.scalar(select(role.c.id).where(role.c.name == people.VIEWER))
    connection.execute(delete(assoc_permissionview_role).where(assoc_permissionview_role.c.role_id == own))
    texts: dict[str, int] = {}
    for record, grants in x.person.grants.items():
        menu = connection.scalar(select(ViewMenu.id).where(ViewMenu.name == record))
        for text in {write_grant(grant.verbs, grant.scope, grant.fields) for grant in grants}:
            if text not in texts:
                known = connection.scalar(select(Permission.id).where(Permission.name == text))
                texts[text] = known or key(connection, Permission, name=text)
            pair = select(PermissionView.id).where(
                PermissionView.permission_id == texts[text], PermissionView.view_menu_id == menu
            )
            held_by = connection.scalar(pair) or key(
                connection, PermissionView, permission_id=texts[text], view_menu_id=menu
            )
            key(connection, assoc_permissionview_role, permission_view_id=held_by, role_id=own)


def key(connection: Connection, model: Any, **values: Any) -> int:
    table = getattr(model, "__table__", model)
    made = connection.execute(insert(table).values(**values)).inserted_primary_key
    return int(made[0]) if made else 0


@given(record=NAMES, seed=SEEDS)
@examples(16)
def test_no_page_shows_and_no_form_changes_what_no_grant_covers(
    little: Flask, signed: Visitor, record: str, seed: int
) -> None:
    with undone(little) as (connection, sessions):
        who = connection.scalar(select(Account.id).where(Account.__table__.c.username == people.VIEWER))
        x = Example(little, connection, record, seed)
        x.person = replace(x.person, id=int(who or 0), roles=(people.VIEWER,))
        install(x)
        x.world = World(x.catalog, connection)

        def ask(path: str, data: dict[str, Any] | None = None) -> TestResponse:
            answer = signed.get(path) if data is None else signed.post(path, data)
            sessions.remove()
            assert answer.status_code < 500, (path, data, answer.text[:2000])
            if answer.status_code != 303 and ("text" in answer.content_type or "json" in answer.content_type):
                shown(x, path, answer, str(data))
            return answer

        pages(x, ask)
        forms(x, ask)


def shown(x: Example, path: str, answer: TestResponse, sent: str) -> None:
    """No name of an unseen row, no link to one, no whole masked value stands on a page, but what was sent to it."""
    text = html.unescape(answer.text)
    # what stands in the way of a deletion may be named from the trash
    trash_too = "/trash" in path or path.endswith(("/delete", "/bulk"))
    x.told(" ".join(one[0] for one in re.finditer(MARK, text) if one[0] not in sent), trash_too)
    for record, row_id in set(LINK.findall(text)):
        assert int(row_id) in x.seen(record) or path.startswith(f"/records/{record}/{row_id}"), (path, record, row_id)
    if x.entry.name == "resident":
        for row in x.world.rows["resident"].values():
            assert row["citizen_id"] not in text or row["citizen_id"] in sent, path


def pages(x: Example, ask: Ask) -> None:
    """Everything that can be looked at."""
    record, reads = x.entry.name, may(x.person, x.entry, Verb.READ)
    base = f"/records/{record}"
    assert ask(f"{base}/count").text == str(len(x.seen())) or not reads
    listed = ask(f"{base}/?cols={','.join(item.name for item in x.entry.columns)}&limit=200")
    assert listed.status_code == (200 if reads else 403)
    assert {int(one) for one in re.findall(r'data-pk="(\d+)"', listed.text)} == (x.seen() if reads else set())
    for path in (f"{base}/?last=1", f"{base}/options?q=", f"/palette/?q={quote('标' + record)}", "/"):
        ask(path)
    for item in x.chance.sample(x.entry.columns, min(4, len(x.entry.columns))):
        ask(f"{base}/?order={item.name}")
    if x.entry.trash:
        thrown = ask(f"{base}/trash")
        assert (thrown.status_code == 200) == may(x.person, x.entry, Verb.DELETE)
        could = x.world.restorable(x.person, record)
        assert {int(one) for one in re.findall(r"/trash/(\d+)/restore", thrown.text)} == could
        for row_id in x.world.trash[record]:
            assert ask(f"{base}/{row_id}").status_code in {403, 404}
            there = 200 if row_id in could else 404
            assert ask(f"{base}/trash/{row_id}/history").status_code in {403, there}
    rows = sorted(x.world.rows[record])
    for row_id in x.chance.sample(rows, min(3, len(rows))):
        row, at = x.world.rows[record][row_id], f"{base}/{row_id}"
        there = 403 if not reads else 200 if row_id in x.seen() else 404
        for path in (at, f"{at}?print=1", f"{at}/history"):
            assert ask(path).status_code == there, path
        edits = row_id in x.world.allowed(x.person, record, Verb.EDIT)
        assert (ask(f"{at}/edit").status_code == 200) == edits
        assert (ask(f"{base}/new?copy={row_id}").status_code == 200) <= (row_id in x.seen())
        for item in x.entry.incoming:
            answer = ask(f"{at}/related/{item.entry.name}-{item.name}")
            assert there == 200 or answer.status_code in {403, 404}
        for name, item in x.entry.fields.items():
            for file_id in (row[name] or []) if item.kind.control == "files" else ():
                answer = ask(f"{at}/files/{file_id}")
                assert answer.status_code == there
                answer.close()


def forms(x: Example, ask: Ask) -> None:
    """Everything that can be sent; what is stored is undone before the next."""
    record, rules = x.entry.name, Rules.of(x.entry)
    base, row_id = f"/records/{record}", any_row(x)
    ids = [str(one) for one in x.world.rows[record]]
    field = x.chance.choice([name for name, item in x.entry.fields.items() if item.typed])
    sent = typed(x, x.world.rows[record][row_id])
    bulk_set = {"verb": "set", "ids": ids, "step": "apply", "field": field, "value": sent.get(field, "")}
    for path, data in (
        (f"{base}/new", sent | {"code": "T-9"}),
        (f"{base}/{row_id}/edit", sent | {"_version": str(x.world.rows[record][row_id].get("version", 1))}),
        (f"{base}/bulk", {"verb": "set", "ids": ids}),
        (f"{base}/bulk", bulk_set),
        (f"{base}/bulk", {"verb": "delete", "ids": ids}),
        (f"{base}/bulk", {"verb": "delete", "all": "1", "step": "apply"}),
        (f"{base}/{row_id}/delete", {}),
        (f"{base}/trash/{thrown_away(x)}/restore", {}),
        (f"{base}/trash/{thrown_away(x)}/purge", {}),
    ):
        point = x.connection.begin_nested()
        ask(path, data)
        after = read_rows(x.entry, x.connection)
        assert trespasses(x.world, after, x.person, record, rules) == [], (path, data)
        gone = x.world.trash[record].keys() - read_rows(x.entry, x.connection, trashed=True).keys() - after.keys()
        assert gone <= x.world.restorable(x.person, record), (path, data)
        point.rollback()


def test_may_is_a_grant_of_the_verb(little: Flask) -> None:
    entry = little.extensions["catalog"]["unit"]
    nobody = Person(id=1, username="x", name="x")
    assert not any(may(nobody, entry, verb) for verb in Verb)
