"""Processes of the project that begin where its code has been loaded: each start by itself takes two seconds of work.

One process of a run loads everything and never makes a console; the others are forked from it. What a program does
begins at its first line, with an environment and output of its own, and differs in nothing else from `python run.py`.
"""

import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import TimeoutExpired

_ROOT = Path(__file__).resolve().parents[2]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.support.loaded"])


class Process:
    """A program of the project, as `python` followed by `program` would run it; what it says goes to the files."""

    def __init__(
        self, program: Sequence[str], env: Mapping[str, str], out: Path, error: Path | None = None, text: str = ""
    ) -> None:
        self._program = tuple(program)
        given = (self._program, dict(env), str(out), str(error or out), text)
        self._process = _context.Process(target=_begin, args=given, daemon=False)
        # the first one brings about the process that all are forked from, which looks for the code where it stands
        before = Path.cwd()
        os.chdir(_ROOT)
        try:
            self._process.start()
        finally:
            os.chdir(before)

    @property
    def pid(self) -> int:
        """Its number, and that of its session and group."""
        found = self._process.pid
        assert found is not None
        return found

    def poll(self) -> int | None:
        """How it ended, or None."""
        return self._process.exitcode

    def wait(self, seconds: float | None = None) -> int:
        """Wait for its end; raises TimeoutExpired."""
        self._process.join(seconds)
        ended = self._process.exitcode
        if ended is None:
            raise TimeoutExpired(self._program, seconds or 0.0)
        return ended

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is there."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def _begin(program: tuple[str, ...], env: dict[str, str], out: str, error: str, text: str) -> None:
    """Be the program: this is the child."""
    os.setsid()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(_ROOT)
    _redirect(out, error, text)
    if program[0] == "-m":
        sys.argv = [*program[1:]]
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [*program]
        runpy.run_path(program[0], run_name="__main__")


def _redirect(out: str, error: str, text: str) -> None:
    said, typed = os.memfd_create("typed"), text.encode()
    os.write(said, typed)
    os.lseek(said, 0, os.SEEK_SET)
    os.dup2(said, 0)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    for number, path in ((1, out), (2, error)):
        file = os.open(path, flags, 0o644)
        os.dup2(file, number)
        os.close(file)
    os.close(said)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # for as long as the process lives
    sys.stdout = open(1, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115  # the same
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115  # the same
