"""Large pieces of data by which what was drawn of them is looked up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def hashed_once(made: type[T]) -> type[T]:
    """Let a large piece of data, by which what was drawn of it is looked up, work out its hash but once."""
    work_out: Callable[[Any], int] = made.__hash__

    def look_up(self: Any) -> int:
        known: int | None = self.__dict__.get("_hash")
        if known is None:
            known = self.__dict__["_hash"] = work_out(self)
        return known

    made.__hash__ = look_up  # type: ignore[method-assign]  # dataclass would else put its own there
    return made
