"""The rows of a file that say anything, and the numbers in its hidden columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from app.store.imports.batches import ROW_VERSION

Row = tuple[int, Sequence[Any]]


class Filled:
    """The rows that hold anything in the columns that are read: forms have numbered lines that nobody filled in."""

    def __init__(self, places: Iterable[int]) -> None:
        self._places = sorted(places)
        self._left_out = 0

    def rows(self, chunk: Sequence[Row]) -> list[Row]:
        """Those of these rows; others that are not quite empty are counted."""
        places = self._places
        found = [
            row for row in chunk
            if any(place < len(row[1]) and not is_empty(row[1][place]) for place in places)
        ]  # fmt: skip
        if len(found) < len(chunk):
            self._left_out += sum(not all(map(is_empty, cells)) for _line, cells in chunk) - len(found)
        return found

    def told(self) -> list[str]:
        """How many rows were left out, if any were."""
        if not self._left_out:
            return []
        return [ngettext(
            "%(num)s row holds nothing in the columns that are read, and is left out.",
            "%(num)s rows hold nothing in the columns that are read, and are left out.", self._left_out,
        )]  # fmt: skip


def is_empty(cell: Any) -> bool:
    """Whether a cell holds nothing that one sees."""
    return cell is None or (cell.__class__ is str and not cell.strip())


def whole(cell: Any) -> int | None:
    """The number in a hidden column; None for anything else."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return int(cell) if cell == cell // 1 and 0 < cell < 2**31 else None
    text = str(cell).strip() if cell is not None else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def no_versions() -> str:
    """What is told of an export whose rows do not say any more which version of them it was."""
    text = _("The hidden column %(column)s is missing: what others changed since the export cannot be told from what "
             "you changed.", column=ROW_VERSION)  # fmt: skip
    return str(text)
