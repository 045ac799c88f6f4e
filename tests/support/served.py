"""A console that serves as a process of its own, as people run it."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.patience import PATIENCE
from tests.support.places import ROOT, Place
from tests.support.ports import free_port
from tests.support.processes import Process


class Served:
    """`run.py serve` at a place, or another `program` that does so; leave its `with` block to stop it."""

    def __init__(self, place: Place, *, program: Sequence[str] = ("run.py", "serve"), **env: str) -> None:
        self.place = place
        self.program = program
        self.env = env
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self._log: Path = place.data / f"serve-{self.port}.log"
        self._process: subprocess.Popen[bytes] | Process | None = None

    @property
    def said(self) -> str:
        """Everything the process has printed so far."""
        return self._log.read_text(errors="replace")

    @property
    def processor_seconds(self) -> float:
        """The seconds that processors have worked for the console until now, its serving processes included."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended since the folder was listed
            if self._process is not None and int(fields[3]) == self._process.pid:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Self:
        deadline = time.monotonic() + PATIENCE
        self._process = self._start({**self.place.env, **self.env, "HOST": "127.0.0.1", "PORT": str(self.port)})
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._stop()
                raise RuntimeError(f"The console did not come up:\n{self.said}")
            time.sleep(0.02)
        return self

    def _start(self, env: dict[str, str]) -> subprocess.Popen[bytes] | Process:
        return Process(self.program, env, self._log)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base}/healthz", timeout=20) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(60)  # whoever is ended sooner gives back nothing that it holds
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # its own session: workers included
            self._process.wait(60)


class ServedAlone(Served):
    """The same by a Python of its own, as people start it, instead of where its code has been loaded already."""

    def _start(self, env: dict[str, str]) -> subprocess.Popen[bytes] | Process:
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, *self.program], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
