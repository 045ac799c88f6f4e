"""Commands under measurement: how long one takes, and how much memory beyond what it needs to do nothing."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LAUNCH = Path(__file__).with_name("launch.py")


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
    launched = [sys.executable, "-I", "-S", str(LAUNCH), *command]
    done = subprocess.run(launched, env=env, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr[-3000:]}")
    seconds, megabytes = json.loads(done.stdout)
    return Cost(seconds, megabytes)


def median(costs: Sequence[Cost]) -> Cost:
    """The median of the seconds, and the largest memory."""
    return Cost(statistics.median(one.seconds for one in costs), max(one.megabytes for one in costs))
