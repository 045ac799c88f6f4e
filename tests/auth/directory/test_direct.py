"""Binding by a pattern of the name typed: whoever is let in is the entry that took the password, and nobody else."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.auth.directory.people import Directory
from tests.auth.directory.conftest import settings_of
from tests.support.city_directory import EDITOR, PEOPLE, few, person
from tests.support.slapd import PASSWORD, Authority, Slapd

Ask = Callable[..., Directory]
PATTERN = f"uid={{}},ou=公安局,{PEOPLE}"
OTHERS = "another password of the directory"


@pytest.fixture(scope="module")
def crossed(certificate: tuple[Path, Path]) -> Iterator[Slapd]:
    """Two people, each of whom is called in the directory as the other's user name."""
    entries = [person("zhang", "公安局", cn="li", rdn="cn=li", userPassword=OTHERS),
               person("li", "公安局", cn="zhang", rdn="cn=zhang")]  # fmt: skip
    with Slapd([*few(), *entries], certificate) as server:
        yield server


@pytest.mark.parametrize("searching", [True, False])
def test_whoever_binds_by_the_pattern_is_not_let_in_as_another_entry_of_the_name_typed(
    authority: Authority, crossed: Slapd, searching: bool
) -> None:
    own = {} if searching else {"bind_dn": "", "bind_password": ""}
    place = Directory(settings_of(authority, crossed.ldaps, direct=f"cn={{}},ou=公安局,{PEOPLE}", **own))
    with place.servers.line(crossed.ldaps) as line:
        assert line.bind(f"cn=li,ou=公安局,{PEOPLE}", OTHERS)  # the pattern alone would let zhang in as li
    assert place.prove("li", OTHERS).why_not == "password"
    assert place.prove("zhang", PASSWORD).why_not == "password"
    assert place.prove("li", "wrong").why_not == "password"


def test_people_bind_by_a_pattern_of_their_name(ask: Ask, slapd: Slapd) -> None:
    by_name = ask(slapd.ldaps, direct=PATTERN)
    answer = by_name.prove(EDITOR, PASSWORD)
    assert answer.person is not None
    assert "信息员" in {one.name for one in answer.person.groups}
    for name in ("u00000", "comma"):
        assert by_name.prove(name, PASSWORD).why_not == "password"
    for name in (f"{EDITOR},ou=x", "*"):
        assert by_name.prove(name, PASSWORD).why_not == "unknown"


def test_an_entry_that_has_expired_is_locked_or_is_there_twice_is_not_let_in_by_the_pattern(
    ask: Ask, slapd: Slapd
) -> None:
    place = ask(slapd.ldaps, direct=PATTERN)
    found = {name: place.prove(name, PASSWORD).why_not for name in ("expired", "locked", "twice")}
    assert found == {"expired": "expired", "locked": "locked", "twice": "several"}


def test_without_an_account_that_searches_people_see_their_own_entry(authority: Authority, slapd: Slapd) -> None:
    settings = settings_of(authority, slapd.ldaps, direct=PATTERN, bind_dn="", bind_password="")
    answer = Directory(settings).prove(EDITOR, PASSWORD)
    assert answer.person is not None
    assert answer.person.units[0] == "公安局"
    assert Directory(settings).look_up(EDITOR).person is None
