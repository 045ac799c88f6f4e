"""Runs of the synchronisation: due by what the database says, asked for on a page, disabling no more than agreed."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, text
from sqlalchemy.orm import Session

from app.auth.directory import runs
from app.declare import Basis, Classification, Deed, Event, Role
from app.jobs.worker import Worker
from app.store import leases
from seeds.plan.units import phase_one
from tests.auth.directory.conftest import silent
from tests.support import people
from tests.support.browser import Window
from tests.support.city_directory import EDITOR, PEOPLE, city
from tests.support.console import console
from tests.support.places import Database, Place
from tests.support.slapd import PASSWORD, Slapd
from tests.support.visitor import Visitor

Row = Callable[[str], dict[str, Any]]
Signed = Callable[[str], Visitor]
pytestmark = pytest.mark.usefixtures("rules")
PATH = "/directory/sync"
COUNT = 120
GONE = 40


@pytest.fixture(scope="module")
def slapd(certificate: tuple[Path, Path], database: Database) -> Iterator[Slapd]:
    """A small city's directory, anew for each database: a test removes people from it."""
    with Slapd(city(COUNT), certificate) as running:
        yield running


@pytest.fixture(scope="module")
def place(place: Place) -> Place:
    """A console that synchronises once a day."""
    return replace(place, extra={**place.extra, "RAINBOW_LDAP_SYNC_HOURS": "24"})


@pytest.fixture(scope="module")
def work(app: Flask, place: Place) -> Callable[[], None]:
    """Do the jobs that wait, in this process."""
    return Worker(app, place.settings, "in-process").drain


def last_run(app: Flask) -> Any:
    with app.extensions["engine"].connect() as connection:
        return connection.execute(text("SELECT * FROM rn_directory_run ORDER BY id DESC LIMIT 1")).first()


def long_ago(app: Flask, hours: int, which: str = "") -> None:
    """Let runs have begun so many hours ago."""
    with app.extensions["engine"].begin() as connection:
        connection.execute(text(f"UPDATE rn_directory_run SET started_at = :at {which}"),
                           {"at": datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=hours)})  # fmt: skip


def recurring(app: Flask) -> Callable[[Flask], None]:
    found: Callable[[Flask], None] = next(
        one.work for one in app.extensions["recurring"] if one.name == "directory"
    )  # fmt: skip
    return found


def test_a_run_is_due_when_the_last_whole_one_is_so_long_ago_whoever_began_it(
    app: Flask, account: Row, place: Place
) -> None:
    due = recurring(app)
    with app.app_context():
        due(app)
    first = last_run(app)
    assert (first.actor, first.failed, account("u00001")["active"]) == ("彩虹网", False, True)
    with app.app_context():
        due(app)
    assert last_run(app).id == first.id
    long_ago(app, 23)
    assert not runs.due(app.extensions["engine"], 24)
    long_ago(app, 25)
    assert runs.due(app.extensions["engine"], 24)
    assert "Done:" in place.run("ldap", "sync").stdout
    assert last_run(app).id == first.id + 1
    assert not runs.due(app.extensions["engine"], 24)


def test_a_run_that_failed_is_kept_with_its_reason_and_tried_again_after_an_hour(app: Flask, slapd: Slapd) -> None:
    engine = app.extensions["engine"]
    long_ago(app, 25)
    with silent(slapd, app), app.app_context(), pytest.raises(Exception, match=slapd.ldaps):
        recurring(app)(app)
    failed = last_run(app)
    assert (bool(failed.failed), failed.ended_at is not None, slapd.ldaps in failed.text) == (True, True, True)
    assert PASSWORD not in failed.text
    assert not runs.due(engine, 24)
    long_ago(app, 2, "WHERE failed")
    assert runs.due(engine, 24)


def test_a_console_whose_hours_are_none_does_not_synchronise_by_itself(place: Place) -> None:
    with console(replace(place, extra={**place.extra, "RAINBOW_LDAP_SYNC_HOURS": "0"}).settings) as app:
        assert "directory" not in {one.name for one in app.extensions["recurring"]}


def test_two_runs_never_go_on_at_once(app: Flask, place: Place) -> None:
    engine = app.extensions["engine"]
    assert leases.hold(engine, runs.LEASE, "another", runs.HELD)
    try:
        done = place.run("ldap", "sync", check=False)
    finally:
        leases.let_go(engine, runs.LEASE, "another")
    assert (done.returncode, "going on already" in done.stderr) == (1, True)


def test_a_run_is_asked_for_on_the_page_and_its_job_tells_what_it_did(
    app: Flask, visitor: Signed, work: Callable[[], None], session: Session
) -> None:
    secadmin = visitor(people.SECURITY)
    assert PATH in secadmin.get("/records/directory_rule/").text
    assert "立即同步" in secadmin.get(PATH).text
    job = secadmin.post(PATH, {}).headers["Location"]
    work()
    assert "人：新建账号" in secadmin.get(job).text
    assert last_run(app).actor == "郑secadmin"
    assert "郑secadmin" in secadmin.get(PATH).text
    session.rollback()
    line = select(Event.actor, Event.office).where(Event.deed == Deed.SYNCHRONISED).order_by(Event.id.desc())
    assert tuple(session.execute(line).first() or ()) == ("郑secadmin", True)
    for agreed in ("x", "-1", "9" * 9):
        assert secadmin.post(PATH, {"agreed": agreed}).status_code == 400


def test_only_the_administrators_of_mapping_and_console_see_and_begin_runs(app: Flask) -> None:
    assert app.test_client().get(PATH).status_code == 303
    stranger = Visitor(app).sign_in("u00042", PASSWORD)
    assert (stranger.get(PATH).status_code, stranger.post(PATH, {}).status_code) == (403, 403)


def test_held_back_accounts_are_shown_and_consent_reaches_as_many_as_were_shown(
    app: Flask, visitor: Signed, work: Callable[[], None], account: Row, slapd: Slapd
) -> None:
    secadmin = visitor(people.SECURITY)
    secadmin.post(PATH, {})
    work()
    with slapd.as_root() as root:
        for number in range(50, 50 + GONE):
            root.delete(f"uid=u{number:05d},ou={phase_one()[number % 39]},{PEOPLE}")
    secadmin.post(PATH, {})
    work()
    page = secadmin.get(PATH).text
    assert (last_run(app).held_back, "待同意停用" in page, "u00050" in page) == (GONE, True, True)
    agreed = re.search(r'name="agreed" value="(\d+)"', page)
    assert agreed
    assert agreed[1] == str(GONE)
    secadmin.post(PATH, {"agreed": str(GONE - 1)})
    work()
    assert (last_run(app).held_back, account("u00050")["active"]) == (GONE, True)
    secadmin.post(PATH, {"agreed": agreed[1]})
    work()
    assert (last_run(app).held_back, account("u00050")["active"]) == (0, False)
    assert "待同意停用" not in secadmin.get(PATH).text


@pytest.fixture
def two_offices(app: Flask, session: Session) -> Iterator[None]:
    """Rules by which the groups of one person give two roles that are kept apart."""
    table = app.extensions["catalog"].directory_rules.model.__table__
    roles = {row.name: row.id for row in session.execute(select(Role.name, Role.id))}
    for group, role in (("信息员", "sysadmin"), ("食堂", "auditor")):
        session.execute(insert(table).values(basis=Basis.GROUP, value=group, role_id=roles[role]))
    session.commit()
    yield
    session.execute(delete(table).where(table.c.role_id.in_([roles["sysadmin"], roles["auditor"]])))
    session.commit()


@pytest.mark.usefixtures("two_offices")
def test_whom_the_directory_gives_two_offices_gets_neither_and_it_is_said_everywhere(
    app: Flask, visitor: Signed, place: Place, account: Row, session: Session
) -> None:
    tried = visitor(people.SECURITY).post("/directory/try", {"name": EDITOR}).text
    assert "“系统管理员”、“审计员”职责互斥" in tried
    said = place.run("ldap", "sync").stdout
    assert "without roles that are kept apart" in said
    assert account(EDITOR)["roles"] == ["unit_editor"]
    Visitor(app).sign_in(EDITOR, PASSWORD)
    assert account(EDITOR)["roles"] == ["unit_editor"]
    session.rollback()
    notes = session.scalars(select(Event.note).where(Event.deed == Deed.REFUSED, Event.note.contains(EDITOR))).all()
    assert len(notes) == 1
    assert "not given" in place.run("ldap", "check", "--user", EDITOR).stdout


@pytest.mark.usefixtures("two_offices")
def test_whom_the_console_gave_an_office_gets_no_second_from_the_directory(
    app: Flask, account: Row, session: Session
) -> None:
    Visitor(app).sign_in("u00007", PASSWORD)
    who = account("u00007")["id"]
    with app.extensions["engine"].begin() as connection:
        connection.execute(text("INSERT INTO ab_user_role (user_id, role_id) SELECT :who, id FROM ab_role "
                                "WHERE name = 'secadmin'"), {"who": who})  # fmt: skip
        connection.execute(text("INSERT INTO directory_rule (basis, value, role_id, version, created_at, updated_at) "
                                "SELECT 'unit', :unit, id, 1, '2026-01-01', '2026-01-01' FROM ab_role "
                                "WHERE name = 'auditor'"), {"unit": phase_one()[7]})  # fmt: skip
    Visitor(app).sign_in("u00007", PASSWORD)
    assert account("u00007")["roles"] == ["secadmin"]


@pytest.fixture
def favours(app: Flask, session: Session) -> Iterator[int]:
    """Rules by which a person's group, unit and clearance give much; the person is whoever writes the mapping."""
    catalog = app.extensions["catalog"]
    table, units = catalog.directory_rules.model.__table__, catalog.unit.model.__table__
    roles = {row.name: row.id for row in session.execute(select(Role.name, Role.id))}
    other = session.scalar(select(units.c.id).where(units.c.name == phase_one()[20]))
    unit, made = phase_one()[9], []
    for values in (
        {"role_id": roles["leader"], "unit_id": other, "clearance": Classification.INTERNAL},
        {"role_id": roles["secadmin"]},
    ):
        kept = session.execute(insert(table).values(basis=Basis.UNIT, value=unit, **values))
        made.append(kept.inserted_primary_key[0])  # type: ignore[attr-defined]  # a cursor's result
    session.commit()
    yield roles["secadmin"]
    session.execute(delete(table).where(table.c.id.in_(made)))
    session.commit()


def test_no_rule_gives_anything_to_whoever_writes_the_mapping(
    app: Flask, visitor: Signed, place: Place, account: Row, session: Session, favours: int
) -> None:
    name, unit = "u00009", phase_one()[9]
    Visitor(app).sign_in(name, PASSWORD)
    before = account(name)
    # nor does one give the role that writes it
    assert (before["roles"], before["unit"]) == (["leader"], phase_one()[20])
    with app.extensions["engine"].begin() as connection:
        connection.execute(text("INSERT INTO ab_user_role (user_id, role_id) VALUES (:who, :role)"),
                           {"who": before["id"], "role": favours})  # fmt: skip
        connection.execute(text("UPDATE ab_user SET clearance = 'public' WHERE id = :who"), {"who": before["id"]})
    tried = visitor(people.SECURITY).post("/directory/try", {"name": name}).text
    assert "任何规则都不授予负责维护映射的角色" in tried
    assert "not given: secadmin" in place.run("ldap", "check", "--user", name).stdout
    for _turn in range(2):
        Visitor(app).sign_in(name, PASSWORD)
        assert (account(name)["roles"], account(name)["unit"]) == (["secadmin"], unit)
    place.run("ldap", "sync")
    assert (account(name)["roles"], account(name)["unit"]) == (["secadmin"], unit)
    session.rollback()
    notes = session.scalars(select(Event.note).where(Event.deed == Deed.REFUSED, Event.note.contains(name))).all()
    assert len(notes) == 2  # once of the role that writes the mapping, once of all that it would have got
    with app.extensions["engine"].begin() as connection:
        connection.execute(text("DELETE FROM ab_user_role WHERE user_id = :who AND role_id = :role"),
                           {"who": before["id"], "role": favours})  # fmt: skip
    Visitor(app).sign_in(name, PASSWORD)
    assert account(name)["roles"] == ["leader"]


@pytest.mark.browser
def test_consent_is_asked_for_in_a_dialog_with_the_accounts_it_is_about(
    window: Window, place: Place, slapd: Slapd
) -> None:
    place.run("ldap", "sync")
    with slapd.as_root() as root:
        for number in range(30):
            root.delete(f"uid=u{number:05d},ou={phase_one()[number % 39]},{PEOPLE}")
    place.run("ldap", "sync", check=False)
    window.sign_in(people.SECURITY)
    for size, theme in (("desktop", "light"), ("phone", "dark")):
        window.wear(size, theme)
        window.open(PATH)
        assert "u00000" in window.one("main").text
        window.one("[data-rn-open=rn-consent]").click()
        assert "30" in window.one("#rn-consent").text
        assert window.barriers() == []
    assert window.problems() == []
