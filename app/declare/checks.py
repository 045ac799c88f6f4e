"""Faults of a declaration: an id, the model, the field, what is wrong and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn


@dataclass(frozen=True)
class Problem:
    """One fault of a declaration."""

    id: str
    model: str
    field: str
    fault: Any
    remedy: Any

    def __str__(self) -> str:
        where = f"{self.model}.{self.field}" if self.field else self.model
        return f"{self.id} {where} {self.fault}. {self.remedy}"


class DeclarationError(Exception):
    """Stops the boot; its text lists every problem found, one a line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def stop_for(problems: Sequence[Problem]) -> NoReturn:
    """Raise DeclarationError for these problems."""
    raise DeclarationError(problems)
