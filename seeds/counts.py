"""How many rows a loader has added."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Counts:
    """Rows added, by the name of their record; records without any are left out."""

    added: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Rows added in all."""
        return sum(self.added.values())

    def __str__(self) -> str:
        return ", ".join(f"{name} {number:,}" for name, number in self.added.items()) or "nothing new"
