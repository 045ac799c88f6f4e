"""How long the tests wait for what must come: far longer than it takes, as the machine may be busy."""

import time
from collections.abc import Callable
from typing import Any, Final

PATIENCE: Final = 240.0
"""Seconds."""


def until(true: Callable[[], Any], otherwise: str, pause: float = 0.02) -> Any:
    """Wait for something to become true, and return it."""
    end = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < end, otherwise
        time.sleep(pause)
    return found
