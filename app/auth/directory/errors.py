"""What keeps a directory from being asked."""

from __future__ import annotations

from collections.abc import Sequence


class Down(Exception):
    """No server of the directory can be used now; `reasons` says why, (address, text) for each that was asked."""

    def __init__(self, reasons: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{url}: {text}" for url, text in reasons) or "too many at once")
        self.reasons = tuple(reasons)


class Failed(Exception):
    """A server answered, but cannot do what the console needs of it; the text says what."""
