"""The console as it is served: connections that ask again, several at once, and ones that stop in the middle."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.support.patience import PATIENCE
from tests.support.places import Place
from tests.support.served import Served

PING = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture(scope="module")
def served(place: Place) -> Iterator[Served]:
    with Served(place, RAINBOW_THREADS="2", RAINBOW_JOB_PROCESSES="0") as console:
        yield console


def connect(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), PATIENCE)


def answers(line: socket.socket, count: int) -> list[int]:
    """The states of so many answers on a connection."""
    found, heard = list[int](), line.makefile("rb")
    while len(found) < count:
        found.append(int(heard.readline().split()[1]))
        length = 0
        while head := heard.readline().strip():
            name, _colon, value = head.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        heard.read(length)
    return found


def test_a_connection_is_asked_again_at_once_later_and_before_it_has_answered(served: Served) -> None:
    with connect(served) as line:
        for pause in (0, 0, 0.1, 0):
            time.sleep(pause)
            line.sendall(PING)
            assert answers(line, 1) == [200]
        line.sendall(PING * 3)
        assert answers(line, 3) == [200, 200, 200]


def test_connections_that_stay_open_keep_no_thread_from_others(served: Served) -> None:
    lines = [connect(served) for _number in range(8)]
    try:
        for _turn in range(3):
            for line in lines:
                line.sendall(PING)
                assert answers(line, 1) == [200]
            for line in lines:
                line.sendall(PING)
            assert [answers(line, 1) for line in lines] == [[200]] * len(lines)
    finally:
        for line in lines:
            line.close()


def test_a_connection_that_stops_within_its_next_request_hurts_nobody(served: Served) -> None:
    with connect(served) as line:
        line.sendall(PING)
        assert answers(line, 1) == [200]
        line.sendall(PING[:20])
    with connect(served) as line:
        line.sendall(PING + b"nonsense\r\n\r\n")
        assert answers(line, 2) == [200, 400]
    with connect(served) as line:
        line.sendall(PING)
        assert answers(line, 1) == [200]
    assert "Traceback" not in served.said
