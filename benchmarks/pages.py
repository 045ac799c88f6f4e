"""Pages: one visit at a time, every console in turn, and then many visits at once."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from benchmarks.load import pages_per_second
from benchmarks.systems import Console

Found = dict[str, dict[str, float]]
"""Figures by measure and console."""
MEASURES = ("first", "last", "filter", "search", "anybody", "rarer", "rarer_anybody", "order", "edit")


def visits(consoles: Sequence[Console], measures: Sequence[str], rounds: int) -> Found:
    """The median milliseconds of each page at each console, asked in turn so that what disturbs one disturbs all."""
    times: dict[tuple[str, str], list[float]] = {}
    for turn in range(rounds + 3):
        for measure in measures:
            for console in consoles:
                if measure in console.paths:
                    took = _visit(console, console.paths[measure])
                    if turn >= 3:  # the first three fill caches and prepare statements
                        times.setdefault((measure, console.name), []).append(took)
    found: Found = {}
    for (measure, name), each in times.items():
        found.setdefault(measure, {})[name] = statistics.median(each) * 1000
    return found


def _visit(console: Console, path: str) -> float:
    began = time.perf_counter()
    status, body, _heads = console.visit.ask(path)
    took = time.perf_counter() - began
    if status != 200 or len(body) < 1000:
        raise RuntimeError(f"{console.name}: {path} answered {status}\n{body[:2000].decode(errors='replace')}")
    return took


def throughput(consoles: Sequence[Console], rounds: int, seconds: float, clients: int = 8) -> dict[str, float]:
    """The median first pages a second of each console with so many clients, in turn."""
    each: dict[str, list[float]] = {}
    for _turn in range(rounds):
        for console in consoles:
            each.setdefault(console.name, []).append(
                pages_per_second(console.visit, console.paths["first"], clients, seconds)
            )
    return {name: statistics.median(found) for name, found in each.items()}
