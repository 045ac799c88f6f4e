"""Whatever is typed into whatever form: it is stored whole, or refused whole with everything typed still there.

Each record has its examples, always the same ones. For more, and others:
`RAINBOW_EXAMPLES=120 python -m pytest tests/screens/test_any_form.py --database sqlite`.
"""

import os
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select, text, update
from werkzeug.datastructures import MultiDict

from app.catalog import Catalog, Entry
from app.declare.event import Event
from app.declare.record import Account
from tests.support import people
from tests.support.little import shrink, undone
from tests.support.oracle import read_rows
from tests.support.visitor import Visitor, form_token

ASKED = int(os.environ.get("RAINBOW_EXAMPLES", "0"))
EVENTS = Event.__table__
ODD = [
    "",
    " ",
    "1",
    "0",
    "-1",
    "９",
    "２００４-０６-３０",
    "2004-06-30",
    "2004年3月1日",
    "0000-00-00",
    "9999-12-31",
    "true",
    "\x00",
    "a\x00b",
    "\x01\x02\x1f\x7f",
    "\r\n\t",
    "a\r\nb\nc\rd",
    "'; DROP TABLE unit; --",
    "%' OR '1'='1",
    "<script>alert(1)</script>",
    "</textarea><b>\"'&amp;",
    "{{ 7*7 }}",
    "😀👩‍👩‍👧",
    "a" * 5000,
    "长" * 300,
    "9" * 4000,
    "1" + "0" * 30,
    "1e9",
    "NaN",
    "Infinity",
    "99999",
    "2147483647",
    "2147483648",
    "../../etc/passwd",
    "\u202eabc",
    "e\u0301",
    "0" * 32,
    "[]",
    "null",
    "{}",
]
TYPED = st.one_of(st.sampled_from(ODD), st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
ALWAYS = {"citizen_id": "11010519491231002X", "org_code": "D2143569-X"}


class Controls(HTMLParser):
    """What stands in the controls of a page's form, as a browser would send it."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.values: MultiDict[str, str] = MultiDict()
        self.names: set[str] = set()
        self.inside = False
        self._select = self._area = ""
        self._written: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = {name: value or "" for name, value in attrs}
        self.inside |= tag == "form" and have.get("id") == "rn-form"
        if not self.inside:
            return
        name = have.get("name", "")
        self.names.add(name)
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._area, self._written = name, []
        elif tag == "option" and "selected" in have and have.get("value"):
            self.values.add(self._select, have["value"])
        elif tag == "input" and (have.get("type") != "checkbox" or "checked" in have):
            self.values.add(name, have.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._area:
            self._written.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            # a browser takes the first line feed for the beginning of the text
            self.values.add(self._area, "".join(self._written).removeprefix("\n"))
            self._area = ""
        self.inside &= tag != "form"


@pytest.fixture(scope="module")
def everything(app: Flask) -> Visitor:
    """Somebody with every role, of a small city."""
    shrink(app)
    catalog: Catalog = app.extensions["catalog"]
    with app.extensions["engine"].begin() as connection:
        member, role = catalog["account"].fields["roles"].secondary_columns
        roles = catalog["account"].fields["roles"].secondary
        who = connection.scalar(select(Account.__table__.c.id).where(Account.__table__.c.username == people.POLICE))
        has = set(connection.scalars(select(role).where(member == who)))
        for one in connection.execute(text("SELECT id FROM ab_role")).scalars():
            if one not in has:
                connection.execute(roles.insert().values({member.name: who, role.name: one}))
        connection.execute(update(Account.__table__).values(clearance="top_secret"))
    return Visitor(app).sign_in(people.POLICE)


def forms(catalog: Catalog) -> list[str]:
    return [
        entry.name for entry in catalog if any(item.typed for item in entry.fields.values()) and entry.name != "audit"
    ]


def state(entry: Entry, connection: Connection) -> tuple[Any, int]:
    """The rows of a record, and how many lines the trail has about rows."""
    lines = connection.scalar(select(func.count()).select_from(EVENTS).where(EVENTS.c.row_id.is_not(None)))
    return read_rows(entry, connection), int(lines or 0)


def plain(value: str) -> str:
    """A text with its line ends as forms show them; a browser never sends or shows NUL."""
    return value.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").replace("\ufffd", "")


def came_back(entry: Entry, sent: MultiDict[str, str], offered: set[str], page: str) -> None:
    """Everything typed stands in the form again."""
    values = Controls(page).values
    for name in set(sent) & offered & set(entry.fields):
        item, typed = entry.fields[name], [plain(one) for one in sent.getlist(name)]
        shown = [plain(one) for one in values.getlist(name)]
        control = item.kind.control
        if control in {"secret", "files", "checkbox"}:
            continue
        if item.many:
            assert [one for one in shown if one] == [one for one in typed if one], name
        elif control == "select":  # of what no browser offers, nothing is kept
            assert set(shown) <= {str(one.value) for one in item.choices}, name
        elif control in {"date", "datetime"}:
            assert [one.replace("T", " ")[:16] for one in shown] == [typed[0].replace("T", " ")[:16]], name
        else:
            assert shown == typed[:1] or (not shown and not typed[0]), name


def posts(entry: Entry) -> st.SearchStrategy[list[tuple[str, str]]]:
    """What somebody sends: most fields, some twice, some that nobody may type, some unknown."""
    unknown = st.sampled_from(["nothing", "id", "version", "unit_id", "_then", "_seen", "created_by"])
    parts = [
        st.lists(st.tuples(st.just(name), TYPED), min_size=int(number % 4 > 0), max_size=2 - int(number % 3 > 0))
        for number, (name, item) in enumerate(entry.fields.items())
        if item.typed
    ]
    rest = st.lists(st.tuples(unknown, TYPED), max_size=2)
    return st.tuples(*parts, rest).map(lambda found: [pair for part in found for pair in part])


def sound(entry: Entry, app: Flask, connection: Connection) -> dict[str, str | list[str]]:
    """The texts of a row that could be stored, with what must be its own."""
    from app.screens.forms import raw_of

    rows = read_rows(entry, connection)
    if not rows:
        return {}
    with app.test_request_context():
        raw = raw_of(entry, rows[min(rows)])
    for group in entry.uniques:
        if len(group) == 1:
            raw[group[0].name] = ALWAYS.get(group[0].name, "T-77")
    extra = {"email": "t77@rainbow.gov", "password": "a long enough password"} if "email" in raw else {}
    return {name: value for name, value in (raw | extra).items() if value and entry.fields[name].typed}


@pytest.mark.parametrize("where", ["new", "edit"])
def test_whatever_is_typed_is_stored_whole_or_refused_whole(app: Flask, everything: Visitor, where: str) -> None:
    answers: Counter[int] = Counter()
    for record in forms(app.extensions["catalog"]):
        send(app, everything, where, answers, record)
    assert answers[303] >= 5, answers
    assert answers[422] >= 5, answers


@given(data=st.data())
@settings(max_examples=ASKED or 5, phases=(Phase.generate,))
def send(app: Flask, everything: Visitor, where: str, answers: Counter[int], record: str, data: st.DataObject) -> None:
    entry = app.extensions["catalog"][record]
    drawn = data.draw(posts(entry))
    nearly_sound = data.draw(st.booleans())
    with undone(app) as (connection, sessions):
        before, lines = state(entry, connection)
        if where == "edit" and not before:
            return
        path = f"/records/{entry.name}/new" if where == "new" else f"/records/{entry.name}/{min(before)}/edit"
        opened = everything.get(path)
        sessions.remove()
        if opened.status_code != 200:
            assert opened.status_code == 403
            return
        sent: MultiDict[str, str] = MultiDict(drawn)
        if nearly_sound:
            base = sound(entry, app, connection) if where == "new" else {}
            sent = MultiDict(base)
            for name in data.draw(st.lists(st.sampled_from([n for n, _ in drawn] or ["x"]), max_size=2)):
                sent.setlist(name, [value for known, value in drawn if known == name])
        for name in ("_version", "_once"):
            if name in Controls(opened.text).values:
                sent.setlist(name, [Controls(opened.text).values[name]])
        sent.setlist("csrf_token", [form_token(opened.text)])
        answer = everything.client.post(path, data=sent)
        sessions.remove()
        answers[answer.status_code] += 1
        after, told = state(entry, connection)
        what = (entry.name, list(sent.items(multi=True)), answer.text[:300])
        assert answer.status_code in {200, 303} or 400 <= answer.status_code < 500, what
        if answer.status_code != 303:
            assert (after, told) == (before, lines), what
        elif where == "new":
            assert len(after) == len(before) + 1, what
            assert {row_id: after[row_id] for row_id in before} == before, what
            assert told == lines + 1, what
        else:
            changed = [row_id for row_id in before if after[row_id] != before[row_id]]
            assert after.keys() == before.keys()
            assert changed in ([], [min(before)]), what
            assert told == lines + len(changed), what
        if answer.status_code == 422:
            came_back(entry, sent, Controls(opened.text).names, answer.text)
