"""The scheduled run: every entry has its account, whoever is gone is disabled, and never too many at once by itself."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.auth.directory.errors import Down
from app.auth.directory.people import Directory
from app.auth.directory.sync import Synced, synchronise
from app.auth.passwords import hash_password
from app.auth.people import load_person
from app.declare import Classification, Deed, Door, Event
from app.store.save import make_rules, update
from app.store.session import WRITING, act_as, make_sessions, writing_now
from seeds.plan.units import phase_one
from tests.auth.directory.conftest import tried
from tests.support import people
from tests.support.city_directory import EDITOR, PEOPLE, city
from tests.support.places import Database, Place
from tests.support.slapd import PASSWORD, SUFFIX, Slapd
from tests.support.visitor import Visitor

Row = Callable[[str], dict[str, Any]]
Ask = Callable[..., Directory]
Run = Callable[..., Synced]
pytestmark = pytest.mark.usefixtures("rules")
COUNT = 300


@pytest.fixture(scope="module")
def slapd(certificate: tuple[Path, Path], database: Database) -> Iterator[Slapd]:
    """A smaller city's directory, anew for each database: the tests remove people from it."""
    with Slapd(city(COUNT), certificate) as running:
        yield running


@pytest.fixture
def run(app: Flask, session: Session, ask: Ask, slapd: Slapd) -> Iterator[Run]:
    """Synchronise with the directory."""

    def work(*urls: str, **options: Any) -> Synced:
        session.rollback()
        place = ask(*(urls or (slapd.ldaps,)))
        return synchronise(session, app.extensions["catalog"], Classification.INTERNAL, place, **options)

    before = WRITING.set(True)
    yield work
    WRITING.reset(before)


def dn(number: int) -> str:
    return f"uid=u{number:05d},ou={phase_one()[number % 39]},{PEOPLE}"


def switch(app: Flask, by: int, which: int, active: str) -> None:
    """Let a person switch an account on or off."""
    catalog = app.extensions["catalog"]
    with writing_now(), make_sessions(app.extensions["engine"], catalog)() as own:
        person = load_person(own, catalog, by)
        assert person is not None
        act_as(own, person)
        update(
            own, catalog.account, which, {"active": active}, make_rules(Classification.INTERNAL, hash_password), None
        )


def test_every_entry_has_its_account_and_the_next_run_finds_nothing_to_do(
    run: Run, session: Session, app: Flask, account: Row
) -> None:
    told: list[int] = []
    first = run(progress=lambda done, what: told.append(done))
    # two are barred, one has the name of an account here, and one that of an entry before it
    assert (first.added, first.disabled, first.held_back) == (
        first.read - 4,
        0,
        0,
    )
    assert told == [0, first.read]
    again = run()
    assert (again.added, again.changed, again.same) == (0, 0, first.added)
    found = account(EDITOR)
    assert (found["roles"], found["unit"], found["name"]) == (["unit_editor"], "公安局", "陈洁")
    assert account("emoji")["roles"] == ["viewer"]
    assert account("shared2")["email"].endswith("@directory.invalid")
    assert account("locked") == account("expired") == {}
    session.rollback()
    lines = select(func.count()).where(
        Event.record == "account", Event.deed == Deed.ADDED, Event.door == Door.DIRECTORY
    )
    assert session.scalar(lines) == first.added
    note = session.scalar(select(Event.note).where(Event.deed == Deed.SYNCHRONISED).order_by(Event.id).limit(1))
    assert note == first.words()


def test_whoever_is_gone_or_barred_is_out_on_the_next_request_and_back_with_the_entry(
    app: Flask, run: Run, account: Row, slapd: Slapd
) -> None:
    run()
    inside = Visitor(app).sign_in("u00010", PASSWORD)
    assert inside.get("/").status_code == 200
    with slapd.as_root() as root:
        root.modify(dn(11), {"pwdAccountLockedTime": [("MODIFY_ADD", ["000001010000Z"])]})
        root.modify_dn(dn(10), "uid=u00010", new_superior=f"ou=groups,{PEOPLE.partition(',')[2]}")
    done = run()
    assert (done.disabled, account("u00010")["active"], account("u00011")["active"]) == (2, False, False)
    assert inside.get("/").status_code == 303
    with slapd.as_root() as root:
        root.modify_dn(f"uid=u00010,ou=groups,{PEOPLE.partition(',')[2]}", "uid=u00010",
                       new_superior=dn(10).partition(",")[2])  # fmt: skip
        root.modify(dn(11), {"pwdAccountLockedTime": [("MODIFY_DELETE", [])]})
    assert run().changed == 2
    assert account("u00010")["active"]
    assert account("u00011")["active"]


def test_more_than_the_set_share_are_disabled_only_with_consent(run: Run, account: Row, slapd: Slapd) -> None:
    total = run().same
    some = range(50, 50 + total // 8)
    with slapd.as_root() as root:
        for number in some:
            root.delete(dn(number))
    held = run()
    assert (held.disabled, held.held_back) == (0, len(some))
    assert account("u00050")["active"]
    assert run(agreed=len(some)).disabled == len(some)
    assert not account("u00050")["active"]


def test_an_empty_directory_disables_nobody(
    run: Run, ask: Ask, account: Row, slapd: Slapd, app: Flask, session: Session
) -> None:
    place = ask(slapd.ldaps, filter="(objectClass=room)")
    session.rollback()
    done = synchronise(session, app.extensions["catalog"], Classification.INTERNAL, place)
    assert (done.read, done.disabled) == (0, 0)
    assert done.held_back > 100
    assert account(EDITOR)["active"]


def test_whoever_cannot_be_brought_up_to_date_is_told_and_not_taken_for_gone(
    run: Run, account: Row, slapd: Slapd
) -> None:
    run()
    with slapd.as_root() as root:
        root.modify_dn(dn(20), f"uid={people.SECURITY}")  # a name that is never the directory's
    done = run()
    assert (done.refused, done.disabled, account("u00020")["active"]) == (3, 0, True)
    assert "3 refused" in done.words()
    with slapd.as_root() as root:
        root.modify_dn(dn(20).replace("u00020", people.SECURITY), "uid=u00020")


def test_a_lock_that_wrong_tries_brought_about_disables_nobody_and_the_bind_heeds_it(
    app: Flask, run: Run, account: Row, slapd: Slapd
) -> None:
    run()
    policy = f"cn=policy,{SUFFIX}"
    with slapd.as_root() as root:
        assert root.add(policy, ["device", "pwdPolicy"], {
            "pwdAttribute": "userPassword", "pwdLockout": "TRUE", "pwdMaxFailure": "2", "pwdLockoutDuration": "0",
        })  # fmt: skip
        assert root.modify(dn(21), {"pwdPolicySubentry": [("MODIFY_ADD", [policy])]})
    for _turn in range(2):
        assert tried(app, "u00021", "wrong")[0] == 401
    assert tried(app, "u00021")[0] == 401
    assert (run().disabled, account("u00021")["active"]) == (0, True)
    with slapd.as_root() as root:
        assert root.modify(dn(21), {"pwdAccountLockedTime": [("MODIFY_DELETE", [])]})
    assert tried(app, "u00021")[0] == 303


def test_an_account_that_a_person_switched_off_stays_off_when_its_entry_comes_back(
    app: Flask, run: Run, account: Row, slapd: Slapd, session: Session
) -> None:
    run()
    with slapd.as_root() as root:
        root.modify(dn(22), {"pwdAccountLockedTime": [("MODIFY_ADD", ["000001010000Z"])]})
    assert (run().disabled, account("u00022")["active"]) == (1, False)
    admin, which = account(people.ADMIN)["id"], account("u00022")["id"]
    session.rollback()
    for active in ("1", "0"):
        switch(app, admin, which, active)
    with slapd.as_root() as root:
        root.modify(dn(22), {"pwdAccountLockedTime": [("MODIFY_DELETE", [])]})
    assert tried(app, "u00022")[0] == 401
    run()
    assert not account("u00022")["active"]


def test_accounts_kept_here_are_not_touched(run: Run, account: Row) -> None:
    before = account(people.SECURITY), account(people.ADMIN)
    run()
    assert (account(people.SECURITY), account(people.ADMIN)) == before


def test_a_run_goes_on_with_the_second_server_when_the_first_is_killed_midway(
    run: Run, certificate: tuple[Path, Path], slapd: Slapd
) -> None:
    with Slapd(city(COUNT), certificate) as first:

        def kill(done: int, what: str) -> None:
            first.kill()

        done = run(first.ldaps, slapd.ldaps, progress=kill)
    assert done.same > 200


def test_when_no_server_answers_nobody_is_disabled(run: Run, certificate: tuple[Path, Path], account: Row) -> None:
    with Slapd(city(COUNT), certificate) as only, pytest.raises(Down):
        run(only.ldaps, progress=lambda done, what: only.kill())
    assert account(EDITOR)["active"]


def test_the_command_tells_how_it_goes_and_what_it_did(place: Place, session: Session) -> None:
    session.rollback()
    done = place.run("ldap", "sync")
    assert "Reading groups …" in done.stdout
    assert "same" in done.stdout.splitlines()[-1]
