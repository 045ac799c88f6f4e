"""Which groups count: those below their base, by a name that is theirs alone; a fault is never taken for no groups."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.auth.directory.check import check_server
from app.auth.directory.errors import Down
from app.auth.directory.people import Answer, Directory
from app.auth.directory.sync import Synced, synchronise
from app.declare import Classification
from app.store.session import writing_now
from tests.auth.directory.conftest import environment, tried
from tests.support import people
from tests.support.active_directory import MICROSOFT
from tests.support.city_directory import EDITOR, GROUPS, PEOPLE, base, city, dn_of, entry, escaped, few, group, person
from tests.support.console import console
from tests.support.places import Database, Place
from tests.support.slapd import PASSWORD, SUFFIX, Authority, Slapd
from tests.support.visitor import Visitor

Row = Callable[[str], dict[str, Any]]
Ask = Callable[..., Directory]
Certificate = tuple[Path, Path]
Run = Callable[..., Synced]
WAYS = ("member", "memberof", "in-chain")
ELSEWHERE = f"ou=elsewhere,{SUFFIX}"
NOWHERE = f"ou=nowhere,{SUFFIX}"
OTHERS = f"ou=others,{GROUPS}"
EDITORS = dn_of(EDITOR, "公安局")


@pytest.fixture(scope="module")
def slapd(certificate: Certificate, database: Database) -> Iterator[Slapd]:
    """A small city's directory, with a place for groups of other people."""
    others = entry(OTHERS, objectClass="organizationalUnit", ou="others")
    with Slapd([*city(40), others], certificate) as running:
        yield running


@contextmanager
def twin(slapd: Slapd, name: str) -> Iterator[None]:
    """Another group of this name below the base, which holds somebody else."""
    dn = f"cn={escaped(name)},{OTHERS}"
    with slapd.as_root() as root:
        assert root.add(dn, "groupOfNames", {"cn": name, "member": f"cn=nobody,{PEOPLE}"})
    try:
        yield
    finally:
        with slapd.as_root() as root:
            assert root.delete(dn)


@pytest.fixture
def run(app: Flask, session: Session, ask: Ask, slapd: Slapd) -> Run:
    """Synchronise with the directory."""

    def work(**more: str) -> Synced:
        session.rollback()
        with writing_now():
            return synchronise(
                session, app.extensions["catalog"], Classification.INTERNAL, ask(slapd.ldaps, **more)
            )  # fmt: skip

    return work


def names(answer: Answer) -> set[str]:
    assert answer.person is not None
    return {one.name for one in answer.person.groups}


def test_groups_may_name_their_members_either_way(ask: Ask, certificate: Certificate) -> None:
    inner = group("inner", dn_of(EDITOR, "公安局"), unique=True)
    outer = group("outer", f"CN=inner, {GROUPS.upper()}")  # the same name, written otherwise
    with Slapd([*few(), inner, outer], certificate) as server:
        assert names(ask(server.ldaps).prove(EDITOR, PASSWORD)) == {"inner", "outer"}


def with_member_of(*groups: str) -> Iterator[str]:
    """A directory of one person whose entry names these groups."""
    yield from base()
    for dn, name in ((f"ou=公安局,{PEOPLE}", "公安局"), (ELSEWHERE, "elsewhere"), (OTHERS, "others")):
        yield entry(dn, objectClass="organizationalUnit", ou=name)
    yield person(EDITOR, "公安局", memberOf=list(groups))


def test_a_group_that_lies_elsewhere_counts_for_nothing_and_leads_to_none(ask: Ask, certificate: Certificate) -> None:
    inside, outside, beside = f"cn=inside,{GROUPS}", f"cn=outside,{ELSEWHERE}", f"cn=beside+ou=groups,{SUFFIX}"
    gone = f"cn=gone,{GROUPS}"
    ldif = [
        *with_member_of(inside, outside, beside, gone),
        group("inside", EDITORS, above=f"cn=outer,{GROUPS}"),
        group("outer", inside, above=inside),
        group("outside", EDITORS, below=ELSEWHERE, above=f"cn=beyond,{GROUPS}"),
        group("beyond", outside),
        entry(beside, objectClass=["groupOfNames", "extensibleObject"], cn="beside", ou="groups", member=EDITORS),
    ]
    with Slapd(ldif, certificate, schema=MICROSOFT) as server:
        for way in ("member", "memberof"):
            assert names(ask(server.ldaps, groups=way).prove(EDITOR, PASSWORD)) == {"inside", "outer"}


@pytest.mark.parametrize("way", ["member", "memberof"])
def test_a_name_that_two_groups_have_means_neither_of_them(ask: Ask, certificate: Certificate, way: str) -> None:
    ldif = [
        *with_member_of(f"cn=信息员,{GROUPS}", f"cn=食堂,{GROUPS}"),
        group("信息员", EDITORS),
        group("食堂", EDITORS),
        group("信息员", f"cn=nobody,{PEOPLE}", below=OTHERS),
        group("食堂", f"cn=nobody,{PEOPLE}", below=ELSEWHERE),
    ]
    with Slapd(ldif, certificate, schema=MICROSOFT) as server:
        person = ask(server.ldaps, groups=way).prove(EDITOR, PASSWORD).person
    assert person is not None
    found = {one.name: (one.called, one.shared) for one in person.groups}
    assert found == {"信息员": ((), ("信息员",)), "食堂": (("食堂",), ())}


@pytest.mark.usefixtures("rules")
def test_a_rule_about_such_a_name_gives_nothing_at_any_door_and_it_is_said_why(
    app: Flask, place: Place, account: Row, slapd: Slapd, run: Run
) -> None:
    Visitor(app).sign_in(EDITOR, PASSWORD)
    assert account(EDITOR)["roles"] == ["unit_editor"]
    with twin(slapd, "信息员"):
        run()
        assert account(EDITOR)["roles"] == []
        Visitor(app).sign_in(EDITOR, PASSWORD)
        assert account(EDITOR)["roles"] == []
        page = Visitor(app).sign_in(people.SECURITY).post("/directory/try", {"name": EDITOR}).text
        assert "按名称不授予：另有同名的组" in page
        said = place.run("ldap", "check", "--user", EDITOR).stdout
        assert "the group '信息员', as 2 are called: it gives nothing" in said
        assert "group 信息员, by 市直信息员, which others are called too" in said
    run()
    assert account(EDITOR)["roles"] == ["unit_editor"]


@pytest.mark.usefixtures("rules")
def test_a_rule_about_the_whole_name_holds_whoever_else_is_called_so(
    app: Flask, account: Row, slapd: Slapd, run: Run
) -> None:
    with twin(slapd, 'Readers, "all"'):
        run()
        assert account("emoji")["roles"] == ["viewer"]
        Visitor(app).sign_in("emoji", PASSWORD)
        assert account("emoji")["roles"] == ["viewer"]


def test_a_rule_about_a_group_that_lies_elsewhere_is_spoken_of(ask: Ask, slapd: Slapd) -> None:
    value = f"cn=x,{ELSEWHERE}"
    steps = list(check_server(ask(slapd.ldaps), slapd.ldaps, [value]))
    assert f"{value!r}, which is not below {GROUPS}: it gives nothing" in steps[-1].text


@pytest.mark.parametrize("way", WAYS)
def test_a_base_of_groups_that_is_not_there_is_a_fault_and_not_a_lack_of_groups(
    ask: Ask, slapd: Slapd, way: str
) -> None:
    with pytest.raises(Down, match="nowhere"):
        ask(slapd.ldaps, group_base=NOWHERE, groups=way).prove(EDITOR, PASSWORD)


@pytest.mark.parametrize(("told", "said"), [("disclose", "insufficientAccessRights"), ("none", "noSuchObject")])
def test_groups_that_may_not_be_read_are_a_fault_and_not_a_lack_of_groups(
    ask: Ask, certificate: Certificate, told: str, said: str
) -> None:
    access = f'access to dn.subtree="{GROUPS}" by * {told}'
    with Slapd([*few(), group("信息员", EDITORS)], certificate, access=access) as server:
        with pytest.raises(Down, match=said):
            ask(server.ldaps).prove(EDITOR, PASSWORD)
        (step,) = (one for one in check_server(ask(server.ldaps), server.ldaps, []) if one.good is False)
        assert (step.name, said in step.text) == ("groups", True)


def test_a_part_of_the_groups_is_never_taken_for_all_of_them(ask: Ask, certificate: Certificate) -> None:
    ldif = [*few(), *(group(name, EDITORS) for name in ("信息员", "食堂", "车队"))]
    limited = Slapd(ldif, certificate, access="limits users size=2")
    with limited as server, pytest.raises(Down, match="sizeLimitExceeded"):
        ask(server.ldaps).prove(EDITOR, PASSWORD)


@pytest.mark.usefixtures("rules")
def test_with_a_wrong_base_nobody_signs_in_and_no_run_takes_anything_away(
    app: Flask, place: Place, authority: Authority, account: Row, slapd: Slapd, run: Run
) -> None:
    Visitor(app).sign_in(EDITOR, PASSWORD)
    with slapd.as_root() as root:
        new = {"uid": "newcomer", "cn": "newcomer", "sn": "newcomer", "userPassword": PASSWORD}
        assert root.add(dn_of("newcomer", "公安局"), "inetOrgPerson", new)
    wrong = replace(place, extra=environment(authority, slapd.ldaps, group_base=NOWHERE))
    with console(wrong.settings) as broken:
        status, said = tried(broken, EDITOR)
        assert (status, "目录服务没有响应" in said) == (503, True)
        broken.extensions["directory"].servers._failed.clear()  # or it would be left alone for a while
        assert tried(broken, "newcomer")[0] == 503
    assert account("newcomer") == {}
    done = wrong.run("ldap", "sync", check=False)
    assert (done.returncode, "Nothing more was done" in done.stderr, NOWHERE in done.stderr) == (1, True, True)
    with pytest.raises(Down, match=NOWHERE):
        run(group_base=NOWHERE)
    assert (account(EDITOR)["roles"], account(EDITOR)["active"]) == (["unit_editor"], True)
