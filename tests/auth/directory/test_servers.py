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
from app.auth.directory.people import Directory
from tests.support.city_directory import EDITOR, PEOPLE, entry, few
from tests.support.patience import PATIENCE
from tests.support.slapd import PASSWORD, Authority, Slapd

Ask = Callable[..., Directory]
Certificate = tuple[Path, Path]
SET = 4
"""Seconds in which a server that answers does so, and after which one that does not is given up."""


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


def test_the_second_server_answers_when_the_first_is_killed_mid_use(
    ask: Ask, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "REST", PATIENCE)
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
        place = ask(first.ldaps, second.ldaps, connect_seconds=str(SET), seconds=str(SET))
        started = time.monotonic()
        assert place.prove(EDITOR, PASSWORD).why_not == ""
        assert 0.9 * SET < time.monotonic() - started < 10 * SET
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
        assert time.monotonic() - started < 40
        done.set()


def test_servers_that_failed_are_not_waited_for_by_everybody(
    ask: Ask, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "REST", PATIENCE)
    with Slapd(few(), certificate) as only:
        only.freeze()
        place = ask(only.ldaps, connect_seconds="1", seconds="1")
        with pytest.raises(Down):
            place.prove(EDITOR, PASSWORD)
        only.freeze(False)
        # whoever asked it now would be answered
        with pytest.raises(Down):
            place.prove(EDITOR, PASSWORD)


def test_more_at_once_than_may_be_are_told_so_instead_of_holding_every_thread(
    ask: Ask, certificate: Certificate
) -> None:
    with Slapd(few(), certificate) as only:
        place = ask(only.ldaps)
        inside, leave = threading.Barrier(link.AT_ONCE + 1), threading.Event()

        def hold(line: link.Line) -> None:
            inside.wait(PATIENCE)
            leave.wait(PATIENCE)

        threads = [threading.Thread(target=place.servers.talk, args=(hold,)) for _ in range(link.AT_ONCE)]
        for thread in threads:
            thread.start()
        inside.wait(PATIENCE)
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


def test_more_entries_than_a_page_holds_come_page_by_page_and_each_once(ask: Ask, slapd: Slapd) -> None:
    with ask(slapd.ldaps).servers.line(slapd.ldaps) as line:
        line.bind_to_search()
        pages = list(line.pages(PEOPLE, "(uid=u*)", ["uid"]))
    assert [len(page) for page in pages] == [link.PAGE] * 4
    assert {one.text("uid") for page in pages for one in page} == {f"u{number:05d}" for number in range(2_000)}


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
