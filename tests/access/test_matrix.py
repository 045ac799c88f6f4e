"""The access matrix: every role, record, verb and door does what the table of docs/access.md says, and nothing else.

The table is written by hand from the domain; `OWNED` and `STATE` say, in SQL of their own, which unit a row belongs to
and which state it is in. Nothing here asks the policy.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.auth.passwords import hash_password
from tests.api.test_rows import Client, sign_in
from tests.support import people
from tests.support.visitor import Visitor

PAGE = Path(__file__).resolve().parents[2] / "docs" / "access.md"
UNIT = "公安局"
OF_PROJECT = "SELECT r.id, p.unit_id FROM {record} r JOIN project p ON p.id = r.project_id"
OWNED = {
    "unit": "SELECT id, id FROM unit",
    "budget_line": OF_PROJECT,
    "project_step": OF_PROJECT,
    "indicator_value": "SELECT v.id, i.unit_id FROM indicator_value v JOIN indicator i ON i.id = v.indicator_id",
    **{name: f"SELECT id, unit_id FROM {name}" for name in (
        "staff", "milestone", "project", "deployment", "incoming_document", "outgoing_document", "news_item",
        "resident", "legal_entity", "natural_resource", "indicator", "training_record", "video_asset",
    )},
}  # fmt: skip
ALONE = {"system", "funding_source", "training_course", "mail", "mail_reading", "directory_rule"}
"""Records that no unit owns; of the two of mail, nobody made here is named in a row."""
TABLES = {"account": "ab_user", "role": "ab_role", "group": "ab_group", "audit": "rn_event"}
STATE = {"news_item": "SELECT id, state FROM news_item", "video_asset": "SELECT id, state FROM video_asset"}


@dataclass(frozen=True)
class Cell:
    """One grant of the table: letters, rows (all, own, mine, if), the states it needs."""

    letters: str
    rows: str
    states: frozenset[str] = frozenset()

    def covers(self, letter: str, owned: bool, state: str) -> bool:
        if letter not in self.letters or self.rows == "mine":
            return False
        return self.rows == "all" or (self.rows == "own" and owned) or (self.rows == "if" and state in self.states)


def read_table() -> dict[tuple[str, str], tuple[Cell, ...]]:
    """(role, record) to the grants of its cell."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    roles = [part.strip() for part in lines[0].strip("|").split("|")][1:]
    found = {}
    for line in lines[2:]:
        record, *cells = (part.strip() for part in line.strip("|").split("|"))
        for role, words in zip(roles, cells, strict=True):
            found[role, record.strip("`")] = tuple(read_cell(words))
    return found


def read_cell(words: str) -> Iterator[Cell]:
    for part in re.split(r", (?=[RAEDW])", words):
        match = re.fullmatch(r"([RAEDW]+)(?:\+U)?\*? (all|own|mine|if)(.*)", part)
        if match is not None:
            letters = match[1].replace("W", "RAED")
            yield Cell(letters, match[2], frozenset(match[3].replace(" or ", " ").split()))


TABLE = read_table()
ROLES = sorted({role for role, _record in TABLE})
RECORDS = sorted({record for _role, record in TABLE})


@pytest.fixture(scope="module")
def single(app: Flask) -> Callable[[str], tuple[Visitor, Client]]:
    """Somebody with one role alone, of one unit, cleared for everything: at the screens and at REST."""
    known: dict[str, tuple[Visitor, Client]] = {}

    def made(role: str) -> tuple[Visitor, Client]:
        if role not in known:
            name = f"only-{role.replace('_', '-')}"
            with app.extensions["engine"].begin() as connection:
                connection.execute(
                    text("INSERT INTO ab_user (username, first_name, last_name, email, active, password, clearance, "
                         "unit_id) SELECT :name, 'x', 'x', :name, true, :password, 'top_secret', id FROM unit "
                         "WHERE name = :unit"),
                    {"name": name, "password": hash_password(people.PASSWORD), "unit": UNIT},
                )  # fmt: skip
                connection.execute(
                    text("INSERT INTO ab_user_role (user_id, role_id) SELECT u.id, r.id FROM ab_user u, ab_role r "
                         "WHERE u.username = :name AND r.name = :role"),
                    {"name": name, "role": role},
                )  # fmt: skip
            known[role] = (Visitor(app).sign_in(name), sign_in(app, name))
        return known[role]

    return made


@dataclass(frozen=True)
class Sample:
    """A row: its id, whether the person's unit owns it, its state."""

    id: int
    owned: bool
    state: str


@pytest.fixture(scope="module")
def samples(app: Flask) -> dict[str, list[Sample]]:
    """Rows of every record: one of each combination of owned or not and state."""
    found: dict[str, list[Sample]] = {}
    with app.extensions["engine"].connect() as connection:
        unit = connection.execute(text("SELECT id FROM unit WHERE name = :name"), {"name": UNIT}).scalar()
        for record in RECORDS:

            def rows(statement: str) -> dict[int, Any]:
                return {row[0]: row[1] for row in connection.execute(text(statement + " LIMIT 30000"))}

            owners = rows(OWNED[record].format(record=record)) if record in OWNED else {}
            states = rows(STATE[record]) if record in STATE else {}
            table = TABLES.get(record, record)
            ids = owners or rows(f'SELECT id, id FROM "{table}"')
            kinds = {(owners.get(one) == unit, states.get(one, "")): one for one in sorted(ids, reverse=True)}
            found[record] = [Sample(one, owned, state) for (owned, state), one in sorted(kinds.items())]
    return found


def expected(role: str, record: str, letter: str, row: Sample) -> int:
    """200 for what is granted; 403 for a verb without a grant; 404 for a row that does not exist for the person."""
    cells = TABLE[role, record]
    reads = any("R" in cell.letters for cell in cells)
    if not reads or not any(letter in cell.letters for cell in cells):
        return 403
    if not any(cell.covers("R", row.owned, row.state) for cell in cells):
        return 404
    return 200 if any(cell.covers(letter, row.owned, row.state) for cell in cells) else 403


def test_the_table_names_every_record_and_role(app: Flask) -> None:
    assert {entry.name for entry in app.extensions["catalog"]} == set(RECORDS)
    assert set(app.extensions["catalog"].roles) == set(ROLES)
    assert set(OWNED) | ALONE | set(TABLES) == set(RECORDS)


@pytest.mark.parametrize("role", ROLES)
def test_each_door_of_each_record_does_what_the_table_says(
    role: str, single: Callable[[str], tuple[Visitor, Client]], samples: dict[str, list[Sample]]
) -> None:
    screen, rest = single(role)
    wrong: list[str] = []

    def expect(what: str, status: int, allowed: int | set[int]) -> None:
        if status not in (allowed if isinstance(allowed, set) else {allowed}):
            wrong.append(f"{role}: {what} answered {status}, not {allowed}")

    for record in RECORDS:
        cells = TABLE[role, record]
        letters = "".join(cell.letters for cell in cells)
        page, api = f"/records/{record}/", f"/{record}/"
        listed = rest("GET", f"{api}?limit=500&count=capped")
        expect(f"GET {api}", listed.status_code, 200 if "R" in letters else 403)
        expect(f"list {page}", screen.get(page).status_code, 200 if "R" in letters else 403)
        expect(f"new {page}", screen.get(f"{page}new").status_code, 200 if {"R", "A"} <= set(letters) else 403)
        # an empty row of the right to add is refused for what it lacks, one without it for the right
        expect(f"POST {api}", rest("POST", api, {}).status_code, {422, 409} if "A" in letters else 403)
        shown = {row["id"] for row in listed.get_json().get("result", ())}
        for row in samples[record]:
            seen = expected(role, record, "R", row)
            expect(f"show {page}{row.id}", screen.get(f"{page}{row.id}").status_code, seen)
            expect(f"GET {api}{row.id}", rest("GET", f"{api}{row.id}").status_code, seen)
            if seen != 200 and row.id in shown:
                wrong.append(f"{role}: the list of {record} shows {row.id}")
            edited = expected(role, record, "E", row)
            expect(f"edit {page}{row.id}", screen.get(f"{page}{row.id}/edit").status_code, edited)
            expect(f"PATCH {api}{row.id}", rest("PATCH", f"{api}{row.id}", {}, If_Match="*").status_code, edited)
            # with a version that no row has nothing is deleted; the right is asked before it (409: it is needed)
            deleted = expected(role, record, "D", row)
            answer = rest("DELETE", f"{api}{row.id}", If_Match='"987654321"').status_code
            expect(f"DELETE {api}{row.id}", 200 if answer in {409, 412} else answer, deleted)
            if deleted != 200:
                expect(f"delete {page}{row.id}", screen.post(f"{page}{row.id}/delete").status_code, deleted)
    assert not wrong, "\n".join(wrong[:60])
