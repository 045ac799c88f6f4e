"""Files written by a command: how long it takes, and how much memory beyond what it needs to do nothing."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.systems import HERE, peer_env
from tests.support.people import POLICE
from tests.support.places import ROOT, Place


@dataclass(frozen=True)
class Cost:
    """Seconds, and megabytes of the process at its largest."""

    seconds: float
    megabytes: float

    def beyond(self, idle: Cost) -> Cost:
        """What the work itself took: without starting, loading and connecting."""
        return Cost(self.seconds - idle.seconds, self.megabytes - idle.megabytes)


def run(command: Sequence[str], env: Mapping[str, str], folder: Path) -> Cost:
    """Run a command to its end; raises RuntimeError if it fails."""
    began = time.perf_counter()
    with subprocess.Popen(command, env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        said = process.stdout.read() if process.stdout else b""
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{said.decode(errors='replace')[-3000:]}")
    return Cost(time.perf_counter() - began, used.ru_maxrss / 1024)


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(statistics.median(one.seconds for one in costs), max(one.megabytes for one in costs))


def export_ours(place: Place, kind: str, folder: Path, rounds: int) -> Cost:
    """Our whole list of residents as a file, for its registrar, beyond the export of an empty list."""
    command = [sys.executable, "run.py", "export", "resident", str(folder / f"ours.{kind}"), "--as", POLICE]
    idle = run([*command, "--where", "birth__lte=1500-01-01"], place.env, ROOT)
    return _median([run(command, place.env, ROOT) for _ in range(rounds)]).beyond(idle)


def export_django(python: Path, url: str, kind: str, rows: int, folder: Path, rounds: int) -> Cost:
    """So many residents as a file by django-import-export, beyond the export of one."""
    command = [str(python), "django_site.py", "export", kind, str(folder / f"django.{kind}")]
    idle = run([*command, "1"], peer_env(url), HERE / "peers")
    return _median([run([*command, str(rows)], peer_env(url), HERE / "peers") for _ in range(rounds)]).beyond(idle)


EXPORTS = {"xlsx": 8.0, "csv": 4.0}
"""How many times faster than the best peer each must be."""
MOST_MEMORY = 60.0
DJANGO = "django-import-export"
