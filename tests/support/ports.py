"""Ports of the loopback address that stay free until a server of the tests takes them."""

import itertools
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

EACH: Final = 100
"""So many ports a process chooses from, apart from those of the processes started beside it."""
LOWEST: Final = 20_000


def _below() -> int:
    """The port from which on the system gives them to whoever connects to somebody."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768


def _own() -> Iterator[int]:
    blocks = max(1, (_below() - LOWEST) // EACH)
    first = LOWEST + os.getpid() % blocks * EACH
    return itertools.cycle(range(first, first + EACH))


_ports = _own()


def free_port() -> int:
    """Return a TCP port on which nobody listens.

    A port that the system proposes may be that of another process' connection before a server has taken it; one of
    those it never proposes may not.
    """
    for _try in range(EACH):
        port = next(_ports)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError("no port of the loopback address is free")
