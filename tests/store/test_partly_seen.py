"""References to many rows of which the person sees some: the file is about those, and the others stay."""

from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.access import SYSTEM, HeldGrant
from app.declare.access import EVERYWHERE, Only, Verb
from app.store.import_tables import Outcome
from app.store.imports.applying import apply
from app.store.imports.batches import rows_of
from app.store.imports.undoing import undo
from app.store.labels import nobody
from app.store.page import fetch_row
from app.store.save import update
from app.store.session import act_as, actor_of
from tests.store.test_import_grants import holding
from tests.support import people
from tests.support.imports import acting, planned, rules

NAMES = ("id", "version", "code", "responsible")
SEEN, UNSEEN = True, False


def units(session: Session, seen: bool) -> list[Any]:
    """Units of the first phase, which the person sees, or others, in the order of their ids."""
    statement = text("SELECT id, code, name FROM unit WHERE phase_one = :seen ORDER BY id")
    found = list(session.execute(statement, {"seen": seen}))
    session.rollback()
    return found


class OfSystem:
    """The first system of the city, as the console itself sets and sees it."""

    def __init__(self, session: Session, *ids: int) -> None:
        self._session = session
        self.id, self.code = session.execute(text("SELECT id, code FROM system ORDER BY id LIMIT 1")).one()
        self.put(*ids)

    def put(self, *ids: int) -> None:
        """Let these units answer for it; nobody else does."""
        actor = actor_of(self._session)
        act_as(self._session, SYSTEM)
        entry = self._session.info["catalog"]["system"]
        for chosen in ([], [str(one) for one in ids]):
            update(self._session, entry, self.id, {"responsible": chosen}, rules(), None)
        act_as(self._session, actor)

    @property
    def now(self) -> Any:
        row = fetch_row(self._session, self._session.info["catalog"]["system"], self.id)
        self._session.rollback()
        return row

    @property
    def responsible(self) -> set[int]:
        return set(self.now["responsible"])

    def row(self, *cells: str, version: int = 0) -> list[Any]:
        """A row of its export come back, with these in the cell."""
        return [self.id, version or self.now["version"], self.code, "、".join(cells)]


def limited(session: Session) -> None:
    """Let the person see the units of the first phase alone, and maintain every system."""
    unit: Any = session.info["catalog"]["unit"].fields["phase_one"].spec
    holding(session, "unit", HeldGrant(Verb.READ, Only(unit, True), frozenset()))
    holding(session, "system", HeldGrant(Verb.READ | Verb.EDIT | Verb.ADD, EVERYWHERE, frozenset()))


def returned(session: Session, *rows: Sequence[Any]) -> tuple[int, dict[str, int]]:
    return planned(session, "system", NAMES, rows)


def test_the_seen_part_of_a_cell_is_changed_and_the_unseen_stays_and_goes_back(app: Flask) -> None:
    with acting(app, people.COORDINATOR) as session:
        (one, two), (secret, other) = units(session, SEEN)[:2], units(session, UNSEEN)[:2]
        system = OfSystem(session, one.id, secret.id, other.id)
        limited(session)
        batch, counts = returned(session, system.row(two.code, nobody(), nobody()))
        assert counts == {"changed": 1}
        row = rows_of(session, batch)[0]
        assert [set(side) for side in row.changes["responsible"]] == [
            {str(one.id), str(secret.id), str(other.id)}, {str(two.id), str(secret.id), str(other.id)},
        ]  # fmt: skip
        assert not row.notes
        apply(session, batch, rules())
        assert system.responsible == {two.id, secret.id, other.id}
        undo(session, batch)
        assert system.responsible == {one.id, secret.id, other.id}


def test_a_cell_as_it_was_exported_changes_nothing(app: Flask) -> None:
    with acting(app, people.COORDINATOR) as session:
        one, secret = units(session, SEEN)[0], units(session, UNSEEN)[0]
        system = OfSystem(session, one.id, secret.id)
        limited(session)
        batch, counts = returned(session, system.row(nobody(), one.code))
        assert counts == {"same": 1}
        assert not rows_of(session, batch)[0].notes


@pytest.mark.parametrize("marked", [True, False])
def test_what_is_seen_can_be_taken_out_and_what_is_not_cannot(app: Flask, marked: bool) -> None:
    with acting(app, people.COORDINATOR) as session:
        one, secret = units(session, SEEN)[0], units(session, UNSEEN)[0]
        system = OfSystem(session, one.id, secret.id)
        limited(session)
        batch, counts = returned(session, system.row(*[nobody()] * marked))
        assert counts == {"changed": 1}
        notes = [note.message for note in rows_of(session, batch)[0].notes]
        assert notes == ([] if marked else ["您看不到的关联记录保持不变。"])
        apply(session, batch, rules())
        assert system.responsible == {secret.id}


def test_a_cell_that_leaves_the_mark_out_says_nothing_of_what_is_unseen(app: Flask) -> None:
    with acting(app, people.COORDINATOR) as session:
        one, secret = units(session, SEEN)[0], units(session, UNSEEN)[0]
        system = OfSystem(session, one.id, secret.id)
        limited(session)
        for names, row in ((NAMES, system.row(one.code)), (NAMES[2:], [system.code, one.name])):
            batch, counts = planned(session, "system", names, [row])
            assert counts == {"same": 1}
            assert [note.message for note in rows_of(session, batch)[0].notes] == ["您看不到的关联记录保持不变。"]


def test_what_others_did_to_the_unseen_meanwhile_is_no_conflict_and_stays(app: Flask) -> None:
    with acting(app, people.COORDINATOR) as session:
        (one, two), (secret, other) = units(session, SEEN)[:2], units(session, UNSEEN)[:2]
        system = OfSystem(session, one.id, secret.id)
        exported = system.now["version"]
        system.put(one.id, other.id, secret.id)
        limited(session)
        batch, counts = returned(session, system.row(two.code, nobody(), version=exported))
        assert counts == {"changed": 1}, rows_of(session, batch)
        apply(session, batch, rules())
        assert system.responsible == {two.id, secret.id, other.id}


def test_a_part_that_both_changed_is_told_by_the_names_of_what_is_seen(app: Flask) -> None:
    with acting(app, people.COORDINATOR) as session:
        (one, two, three), secret = units(session, SEEN)[:3], units(session, UNSEEN)[0]
        system = OfSystem(session, one.id, secret.id)
        exported = system.now["version"]
        system.put(three.id, secret.id)
        limited(session)
        batch, counts = returned(session, system.row(two.code, nobody(), version=exported))
        assert counts == {"conflict": 1}
        (note,) = rows_of(session, batch)[0].notes
        assert f"“{three.name}”" in note.message
        assert f"“{two.name}”" in note.message
        assert secret.name not in note.message
        assert f"#{secret.id}" not in note.message


def test_a_reference_that_has_come_into_sight_is_not_taken_for_one_that_was_left_out(app: Flask) -> None:
    with acting(app, people.COORDINATOR) as session:
        one, two, three = units(session, SEEN)[:3]
        system = OfSystem(session, one.id, three.id)
        limited(session)
        batch, counts = returned(session, system.row(two.code, nobody()))
        assert counts == {"conflict": 1}
        assert "重新导出" in rows_of(session, batch)[0].notes[0].message
        assert system.responsible == {one.id, three.id}


def test_a_fault_beside_the_mark_is_told(app: Flask) -> None:
    with acting(app, people.COORDINATOR) as session:
        one, secret = units(session, SEEN)[0], units(session, UNSEEN)[0]
        system = OfSystem(session, one.id, secret.id)
        limited(session)
        for unknown in ("没有这个局", secret.code, secret.name):
            batch, counts = returned(session, system.row(nobody(), unknown))
            assert counts == {"error": 1}
            assert rows_of(session, batch)[0].outcome is Outcome.ERROR


def test_a_new_row_leaves_out_what_its_mark_stands_for_and_says_so(app: Flask) -> None:
    with acting(app, people.COORDINATOR) as session:
        one = units(session, SEEN)[0]
        limited(session)
        names = ("code", "name", "group", "lead", "responsible")
        group = session.info["catalog"]["system"].fields["group"].choices[0].value
        row = ["KJ-9", "看不见", group, nobody(), f"{one.code}、{nobody()}"]
        batch, counts = planned(session, "system", names, [row])
        assert counts == {"new": 1}, rows_of(session, batch)
        planned_row = rows_of(session, batch)[0]
        assert planned_row.changes["responsible"] == [None, [str(one.id)]]
        assert [(note.field, note.odd) for note in planned_row.notes] == [("lead", True), ("responsible", True)]
