"""What tests of signing in share: a clock, and addresses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

_addresses = count(1)


class Clock:
    """A clock that is set forward by hand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def elsewhere() -> dict[str, str]:
    """An address that nobody has tried anything from."""
    number = next(_addresses)
    return {"REMOTE_ADDR": f"10.3.{number // 250}.{number % 250 + 1}"}
