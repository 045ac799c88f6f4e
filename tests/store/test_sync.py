"""What migrating gives and takes back is told in the trail, in the same transaction."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.access import SYSTEM
from app.access.sync import Synced, sync
from app.catalog import Catalog, declared_models
from app.store.events import GrantTrail
from app.store.session import act_as, make_engine, make_sessions
from tests.support.places import Filling, Place


@pytest.fixture
def bare(new_place: Callable[[Filling], Place]) -> Place:
    return new_place("bare")


@pytest.fixture
def engine(bare: Place) -> Iterator[Engine]:
    made = make_engine(bare.settings.database_url)
    yield made
    made.dispose()


@pytest.fixture
def catalog() -> Catalog:
    import models  # noqa: F401  # declares the records

    return Catalog(declared_models())


@pytest.fixture
def session(engine: Engine, catalog: Catalog) -> Iterator[Session]:
    made = make_sessions(engine, catalog)()
    act_as(made, SYSTEM)
    yield made
    made.close()


def lines(engine: Engine, *deeds: str) -> list[Any]:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT * FROM rn_event ORDER BY id")).all()
    return [line for line in found if line.deed in deeds]


def held(engine: Engine, role: str, record: str) -> set[str]:
    with engine.connect() as connection:
        return set(connection.scalars(text(
            "SELECT p.name FROM ab_permission p JOIN ab_permission_view v ON v.permission_id = p.id "
            "JOIN ab_view_menu m ON m.id = v.view_menu_id "
            "JOIN ab_permission_view_role h ON h.permission_view_id = v.id "
            "JOIN ab_role r ON r.id = h.role_id WHERE r.name = :role AND m.name = :record"
        ), {"role": role, "record": record}))  # fmt: skip


def without_the_editors_grant(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = catalog["milestone"]
    kept = tuple(grant for grant in entry.screen.grants if grant.role.value != "unit_editor")
    monkeypatch.setattr(entry, "screen", replace(entry.screen, grants=kept), raising=False)


@pytest.fixture
def editable_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries are frozen; a test declares otherwise."""
    from app.catalog import Entry

    monkeypatch.setattr(Entry, "__setattr__", object.__setattr__)
    monkeypatch.setattr(Entry, "__delattr__", object.__delattr__)


def test_the_first_migration_tells_every_role_and_grant(engine: Engine, catalog: Catalog) -> None:
    given = lines(engine, "granted")
    # the same grant declared twice is one
    assert len(given) > 100
    assert {line.record for line in given} == {entry.name for entry in catalog}
    line = next(one for one in given if one.record == "milestone" and one.note.startswith("unit_editor: "))
    assert line.note == "unit_editor: read+add+edit+delete@own_unit"
    assert line.door == "command"
    assert line.account_id is None
    made = lines(engine, "added")
    assert {one.label for one in made} == set(catalog.roles)
    assert {one.record for one in made} == {"role"}
    assert not lines(engine, "withdrawn")


def test_migrating_again_changes_and_tells_nothing(engine: Engine, catalog: Catalog, session: Session) -> None:
    before = len(lines(engine, "granted", "withdrawn", "added"))
    assert sync(session, catalog, GrantTrail(session, catalog)) == Synced(0, 0, 0)
    assert len(lines(engine, "granted", "withdrawn", "added")) == before


@pytest.mark.usefixtures("editable_entries")
def test_a_grant_no_longer_declared_is_withdrawn_and_told_and_given_again(
    engine: Engine, catalog: Catalog, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = catalog["milestone"].screen
    assert held(engine, "unit_editor", "milestone") == {"read+add+edit+delete@own_unit"}
    without_the_editors_grant(catalog, monkeypatch)
    assert sync(session, catalog, GrantTrail(session, catalog)) == Synced(0, 0, 1)
    assert held(engine, "unit_editor", "milestone") == set()
    assert held(engine, "coordination", "milestone") == {"read+add+edit+delete@everywhere"}
    (line,) = lines(engine, "withdrawn")
    assert (line.record, line.note) == ("milestone", "unit_editor: read+add+edit+delete@own_unit")
    monkeypatch.setattr(catalog["milestone"], "screen", whole)
    assert sync(session, catalog, GrantTrail(session, catalog)) == Synced(0, 1, 0)
    assert lines(engine, "granted")[-1].note == line.note


@pytest.mark.usefixtures("editable_entries")
def test_a_grant_is_not_withdrawn_if_it_cannot_be_told(
    engine: Engine, catalog: Catalog, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(GrantTrail):
        def grant(self, given: bool, record: str, role: str, text: str) -> None:
            raise OSError("the trail cannot be written")

    without_the_editors_grant(catalog, monkeypatch)
    with pytest.raises(OSError, match="trail"):
        sync(session, catalog, Silent(session, catalog))
    session.rollback()
    assert held(engine, "unit_editor", "milestone") == {"read+add+edit+delete@own_unit"}
    assert not lines(engine, "withdrawn")


def test_a_role_made_by_an_administrator_keeps_its_grants(engine: Engine, catalog: Catalog, session: Session) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO ab_role (id, name) VALUES (9000, 'inspection')"))
        pair = connection.scalar(text("SELECT min(id) FROM ab_permission_view"))
        connection.execute(
            text("INSERT INTO ab_permission_view_role (id, permission_view_id, role_id) VALUES (9000, :pair, 9000)"),
            {"pair": pair},
        )
    assert sync(session, catalog, GrantTrail(session, catalog)) == Synced(0, 0, 0)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM ab_permission_view_role WHERE role_id = 9000")) == 1
