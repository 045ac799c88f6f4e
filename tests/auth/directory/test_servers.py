"""The directory's servers: TLS is checked, a dead one passed over, a slow one given up in time, none is no way in."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.auth.directory import link
from app.auth.directory.errors import Down
from app.auth.directory.people import Answer, Directory
from tests.auth.directory.conftest import settings_of
from tests.support.city_directory import EDITOR, GROUPS, PEOPLE, base, dn_of, entry, group, person
from tests.support.slapd import PASSWORD, SUFFIX, Authority, Slapd

Ask = Callable[..., Directory]
Certificate = tuple[Path, Path]


def names(answer: Answer) -> set[str]:
    assert answer.person is not None
    return {one.name for one in answer.person.groups}


def few() -> Iterator[str]:
    """A directory of one unit and one person."""
    yield from base()
    yield entry(f"ou=公安局,{PEOPLE}", objectClass="organizationalUnit", ou="公安局")
    yield person(EDITOR, "公安局", cn="陈洁")


@pytest.mark.parametrize("kind", ["ldaps", "ldap"])
def test_tls_from_the_start_and_starttls_both_lead_in(ask: Ask, slapd: Slapd, kind: str) -> None:
    assert ask(getattr(slapd, kind)).prove(EDITOR, PASSWORD).why_not == ""


def test_without_tls_nothing_is_said_unless_a_setting_says_so_in_as_many_words(ask: Ask, slapd: Slapd) -> None:
    plain = slapd.ldap
    open_ = ask(plain, without_tls="passwords-may-be-read-on-the-wire")
    assert open_.prove(EDITOR, PASSWORD).why_not == ""
    with open_.servers.line(plain) as line:
        assert not line.certificate
    with ask(plain).servers.line(plain) as line:
        assert line.certificate


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"days": -1}, "certificate has expired"),
        ({"by": "other"}, "unable to get local issuer certificate"),
        ({"host": "other.lyg"}, "Hostname mismatch"),
    ],
)
@pytest.mark.parametrize("kind", ["ldaps", "ldap"])
def test_a_certificate_that_has_expired_is_anothers_or_of_another_name_is_refused(
    ask: Ask, authority: Authority, made: dict[str, object], said: str, kind: str
) -> None:
    wrong = authority.certificate(f"wrong-{kind}-{next(iter(made))}", **made)  # type: ignore[arg-type]  # by name
    with Slapd(few(), wrong) as server:
        place = ask(getattr(server, kind))
        with pytest.raises(Down, match=said):
            place.prove(EDITOR, PASSWORD)
        assert PASSWORD not in str(place.servers.failed())


def test_a_server_that_knows_no_tls_gets_no_password(ask: Ask) -> None:
    heard: list[bytes] = []
    with listening(lambda peer: heard.append(peer.recv(4096))) as port, pytest.raises(Down):
        ask(f"ldap://localhost:{port}").prove(EDITOR, PASSWORD)
    assert b"1.3.6.1.4.1.1466.20037" in heard[0]  # asks for TLS before all else
    assert PASSWORD.encode() not in b"".join(heard)


def test_the_second_server_answers_when_the_first_is_killed_mid_use(ask: Ask, certificate: Certificate) -> None:
    with Slapd(few(), certificate) as first, Slapd(few(), certificate) as second:
        place = ask(first.ldaps, second.ldaps)
        asked: list[str] = []

        def work(line: link.Line) -> int:
            asked.append(line.url)
            line.bind_to_search()
            if len(asked) == 1:
                first.kill()
            return len(line.search(PEOPLE, "(uid=*)", ["uid"]))

        assert place.servers.talk(work) == 1
        assert asked == [first.ldaps, second.ldaps]
        assert place.prove(EDITOR, PASSWORD).why_not == ""
        assert list(place.servers.failed()) == [first.ldaps]  # not asked again at every sign-in


def test_a_frozen_server_is_given_up_in_the_set_time_and_the_next_asked(ask: Ask, certificate: Certificate) -> None:
    with Slapd(few(), certificate) as first, Slapd(few(), certificate) as second:
        first.freeze()
        place = ask(first.ldaps, second.ldaps, connect_seconds="1", seconds="1")
        started = time.monotonic()
        assert place.prove(EDITOR, PASSWORD).why_not == ""
        assert 0.9 < time.monotonic() - started < 3.5
        first.freeze(False)


def test_a_server_that_answers_in_drops_is_given_up_in_the_set_time_too(ask: Ask) -> None:
    done = threading.Event()

    def drip(peer: socket.socket) -> None:
        peer.recv(4096)
        while not done.wait(0.3):
            peer.sendall(b"\x30")

    with listening(drip) as port:
        started = time.monotonic()
        place = ask(f"ldap://localhost:{port}", connect_seconds="1", seconds="1")
        with pytest.raises(Down):
            place.prove(EDITOR, PASSWORD)
        assert time.monotonic() - started < 4
        done.set()


def test_servers_that_failed_are_not_waited_for_by_everybody(ask: Ask, certificate: Certificate) -> None:
    with Slapd(few(), certificate) as only:
        only.freeze()
        place = ask(only.ldaps, connect_seconds="1", seconds="1")
        with pytest.raises(Down):
            place.prove(EDITOR, PASSWORD)
        started = time.monotonic()
        with pytest.raises(Down):
            place.prove(EDITOR, PASSWORD)
        assert time.monotonic() - started < 0.5
        only.freeze(False)


def test_more_at_once_than_may_be_are_told_so_instead_of_holding_every_thread(
    ask: Ask, certificate: Certificate
) -> None:
    with Slapd(few(), certificate) as only:
        place = ask(only.ldaps)
        inside, leave = threading.Barrier(link.AT_ONCE + 1), threading.Event()

        def hold(line: link.Line) -> None:
            inside.wait(10)
            leave.wait(10)

        threads = [threading.Thread(target=place.servers.talk, args=(hold,)) for _ in range(link.AT_ONCE)]
        for thread in threads:
            thread.start()
        inside.wait(10)
        with pytest.raises(Down, match="too many at once"):
            place.prove(EDITOR, PASSWORD)
        leave.set()
        for thread in threads:
            thread.join()
        assert place.prove(EDITOR, PASSWORD).why_not == ""


def test_referrals_are_not_followed(ask: Ask, certificate: Certificate) -> None:
    heard: list[bytes] = []
    with listening(lambda peer: heard.append(peer.recv(4096))) as port:
        away = entry(
            f"ou=elsewhere,{PEOPLE}", objectClass=["referral", "extensibleObject"], ou="elsewhere",
            ref=f"ldap://127.0.0.1:{port}/{PEOPLE}",
        )  # fmt: skip
        with Slapd([*few(), away], certificate) as server:
            place = ask(server.ldaps)
            assert place.prove(EDITOR, PASSWORD).why_not == ""
            assert place.prove("nobody", PASSWORD).why_not == "unknown"
    assert heard == []


def test_people_bind_by_a_pattern_of_their_name(ask: Ask, slapd: Slapd) -> None:
    by_name = ask(slapd.ldaps, direct=f"uid={{}},ou=公安局,{PEOPLE}")
    answer = by_name.prove(EDITOR, PASSWORD)
    assert "信息员" in names(answer)
    for name in ("u00000", f"{EDITOR},ou=x", "*", "comma"):
        assert by_name.prove(name, PASSWORD).why_not == "password"


def test_without_an_account_that_searches_people_see_their_own_entry(authority: Authority, slapd: Slapd) -> None:
    settings = settings_of(authority, slapd.ldaps, direct=f"uid={{}},ou=公安局,{PEOPLE}", bind_dn="", bind_password="")
    answer = Directory(settings).prove(EDITOR, PASSWORD)
    assert answer.person is not None
    assert answer.person.units[0] == "公安局"
    assert Directory(settings).look_up(EDITOR).person is None


# The attributes that the console reads, with the numbers and rules that Active Directory gives them; Debian's own file
# of these has no rules by which they could be searched.
MICROSOFT = """
attributetype (1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15)
attributetype (1.2.840.113556.1.4.656 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15)
attributetype (1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40)
attributetype (1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27)
attributetype (1.2.840.113556.1.4.159 NAME 'accountExpires' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27)
attributetype (1.2.840.113556.1.4.782 NAME 'objectCategory' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12)
attributetype (1.2.840.113556.1.2.102 NAME 'memberOf' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12)
objectclass (1.2.840.113556.1.5.9 NAME 'user' SUP organizationalPerson STRUCTURAL MAY (givenName $ mail $ displayName))
objectclass (1.2.840.113556.1.5.8 NAME 'group' SUP top STRUCTURAL MUST cn MAY member)
"""  # noqa: E501


def active_directory() -> Iterator[str]:
    """Active Directory's way of writing people down, as far as slapd can keep it."""
    yield from base()
    yield entry(f"ou=公安局,{PEOPLE}", objectClass="organizationalUnit", ou="公安局")
    for name, flags, ends in (("chenjie", "512", "0"), ("off", "514", "0"), ("late", "512", "132539328000000000"),
                              ("always", "512", "9223372036854775807")):  # fmt: skip
        yield entry(
            f"cn={name},ou=公安局,{PEOPLE}", objectClass=["user", "extensibleObject"], cn=name, sn="陈", givenName="洁",
            sAMAccountName=name, userAccountControl=flags, accountExpires=ends, objectGUID=f"guid of {name}",
            userPrincipalName=f"{name}@caihong.lyg", userPassword=PASSWORD, memberOf=f"cn=inner,{GROUPS}",
            objectCategory=f"cn=Person,{SUFFIX}",
        )  # fmt: skip
    for name, above in (("inner", "middle"), ("middle", "outer"), ("outer", "inner")):
        yield entry(
            f"cn={name},{GROUPS}", objectClass=["group", "extensibleObject"], cn=name,
            memberOf=f"cn={above},{GROUPS}", member=f"cn=chenjie,ou=公安局,{PEOPLE}"
        )  # fmt: skip


@pytest.fixture(scope="module")
def domain(certificate: Certificate) -> Iterator[Slapd]:
    """A server with Active Directory's schema."""
    with Slapd(active_directory(), certificate, schema=MICROSOFT) as server:
        yield server


def test_active_directorys_entries_groups_and_bars_are_read(ask: Ask, domain: Slapd) -> None:
    settings = {"layout": "active-directory", "filter": "(objectClass=user)", "groups": "memberof"}
    place = ask(domain.ldaps, **settings)
    answer = place.prove("ChenJie", PASSWORD)
    assert answer.person is not None
    assert (answer.person.username, answer.person.key) == ("chenjie", b"guid of chenjie".hex())
    assert names(answer) == {"inner", "middle", "outer"}
    assert place.prove("always", PASSWORD).why_not == ""
    assert place.prove("off", PASSWORD).why_not == "disabled"
    assert place.prove("late", PASSWORD).why_not == "expired"


def test_active_directorys_own_rule_for_groups_in_groups_is_sent_as_it_is_defined(ask: Ask, domain: Slapd) -> None:
    place = ask(domain.ldaps, layout="active-directory", filter="(objectClass=user)")
    assert place.settings.groups == "in-chain"
    # slapd does not know the rule, so that it finds no group; what matters here is that nothing breaks without it
    assert names(place.prove("chenjie", PASSWORD)) == set()


def test_a_principal_name_holds_nothing_but_the_name(ask: Ask, domain: Slapd) -> None:
    place = ask(domain.ldaps, layout="active-directory", direct="{}@caihong.lyg")
    for name in ("chenjie@evil.lyg", "chenjie/x", "caihong\\chenjie", "a b", "*"):
        assert place.prove(name, PASSWORD).why_not == "password"


def test_groups_may_name_their_members_either_way(ask: Ask, certificate: Certificate) -> None:
    inner = group("inner", dn_of(EDITOR, "公安局"), unique=True)
    outer = group("outer", f"CN=inner, {GROUPS.upper()}")  # the same name, written otherwise
    with Slapd([*few(), inner, outer], certificate) as server:
        assert names(ask(server.ldaps).prove(EDITOR, PASSWORD)) == {"inner", "outer"}


def test_an_account_that_may_not_search_is_the_directorys_fault_and_not_the_persons(ask: Ask, slapd: Slapd) -> None:
    with pytest.raises(Down, match=r"the bind as .* was refused"):
        ask(slapd.ldaps, bind_password="wrong").prove(EDITOR, PASSWORD)


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port on which somebody listens who is no directory server."""
    ended = threading.Event()

    def serve(server: socket.socket) -> None:
        while not ended.is_set():
            try:
                peer, _address = server.accept()
            except TimeoutError:
                continue
            with peer:
                try:
                    answer(peer)
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            thread.join()
