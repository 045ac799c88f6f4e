"""Active Directory: its entries, groups and bars, its rule for groups in groups, and signing in with it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.directory.people import Directory
from app.auth.directory.sync import synchronise
from app.declare import Classification, Deed, Event
from app.store.session import writing_now
from tests.auth.directory.conftest import environment, tried
from tests.support.active_directory import MICROSOFT, active_directory
from tests.support.city_directory import PEOPLE
from tests.support.places import Place
from tests.support.slapd import PASSWORD, Authority, Slapd

Row = Callable[[str], dict[str, Any]]
Ask = Callable[..., Directory]
DOMAIN = {"layout": "active-directory", "filter": "(objectClass=user)", "groups": "memberof"}


@pytest.fixture(scope="module")
def slapd(certificate: tuple[Path, Path]) -> Iterator[Slapd]:
    """A server with Active Directory's schema."""
    with Slapd(active_directory(), certificate, schema=MICROSOFT) as server:
        yield server


@pytest.fixture(scope="module")
def place(place: Place, authority: Authority, slapd: Slapd) -> Place:
    """A console whose people are those of the domain."""
    return replace(place, extra=environment(authority, slapd.ldaps, **DOMAIN, clearance=""))


def test_active_directorys_entries_groups_and_bars_are_read(ask: Ask, slapd: Slapd) -> None:
    place = ask(slapd.ldaps, **DOMAIN)
    answer = place.prove("ChenJie", PASSWORD)
    assert answer.person is not None
    assert (answer.person.username, answer.person.key) == ("chenjie", b"guid of chenjie".hex())
    assert {one.name for one in answer.person.groups} == {"inner", "middle", "outer"}
    for name in ("always", "faraway"):
        assert place.prove(name, PASSWORD).why_not == ""
    assert place.prove("off", PASSWORD).why_not == "disabled"
    assert place.prove("late", PASSWORD).why_not == "expired"


def test_active_directorys_own_rule_for_groups_in_groups_is_sent_as_it_is_defined(ask: Ask, slapd: Slapd) -> None:
    place = ask(slapd.ldaps, layout="active-directory", filter="(objectClass=user)")
    assert place.settings.groups == "in-chain"
    # slapd does not know the rule, so that it finds no group; what matters here is that nothing breaks without it
    answer = place.prove("chenjie", PASSWORD)
    assert answer.person is not None
    assert answer.person.groups == ()


def test_a_principal_name_holds_nothing_but_the_name(ask: Ask, slapd: Slapd) -> None:
    place = ask(slapd.ldaps, layout="active-directory", direct="{}@caihong.lyg")
    for name in ("chenjie@evil.lyg", "chenjie/x", "caihong\\chenjie", "a b", "*"):
        assert place.prove(name, PASSWORD).why_not == "unknown"


def test_people_bind_by_a_pattern_and_their_entries_bars_count_all_the_same(ask: Ask, slapd: Slapd) -> None:
    place = ask(slapd.ldaps, direct=f"cn={{}},ou=公安局,{PEOPLE}", **DOMAIN)
    assert place.prove("chenjie", PASSWORD).why_not == ""
    assert place.prove("chenjie", "wrong").why_not == "password"
    assert (place.prove("off", PASSWORD).why_not, place.prove("late", PASSWORD).why_not) == ("disabled", "expired")


def test_whoever_is_barred_hears_at_the_door_that_account_or_password_is_wrong(
    app: Flask, account: Row, session: Session
) -> None:
    assert tried(app, "chenjie")[0] == tried(app, "faraway")[0] == 303
    assert account("faraway")["active"]
    for name in ("off", "late"):
        status, said = tried(app, name)
        assert (status, "账号或密码不正确" in said, account(name)) == (401, True, {})
    session.rollback()
    lines = select(Event.actor, Event.note).where(Event.deed == Deed.SIGN_IN_FAILED)
    assert {("off", "disabled"), ("late", "expired")} <= {(row.actor, row.note) for row in session.execute(lines)}


def test_an_end_beyond_every_calendar_stops_no_synchronisation(
    app: Flask, ask: Ask, slapd: Slapd, session: Session, account: Row
) -> None:
    session.rollback()
    with writing_now():
        place = ask(slapd.ldaps, **DOMAIN, clearance="")
        done = synchronise(session, app.extensions["catalog"], Classification.INTERNAL, place)
    assert (done.read, done.refused, account("faraway")["active"]) == (5, 0, True)
    assert account("off") == account("late") == {}
