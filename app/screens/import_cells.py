"""The rows of a plan as the page of an import shows them, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

from flask import url_for

from app.catalog import Entry
from app.screens.history import cited, told_cell
from app.screens.import_pages import PlannedCell, Value
from app.store.import_tables import Outcome
from app.store.imports.batches import Planned, line_text

LETTERS = 26


def planned_cells(entry: Entry, rows: Sequence[Planned]) -> list[PlannedCell]:
    """A line for each cell that would change, for each thing that stands against a row, and for each new row."""
    known = cited(entry, [row.changes for row in rows])
    found = []
    for row in rows:
        url = url_for("records.show", record=entry.name, pk=row.target_id) if row.target_id else ""
        number = line_text(row.line)
        for note in row.notes:
            item = entry.fields.get(note.field)
            place = "" if note.place is None else _letters(note.place)
            found.append(PlannedCell(
                number, row.label, url, "" if item is None else item.label, place, message=note.message, odd=note.odd,
            ))  # fmt: skip
        if row.outcome in (Outcome.CHANGED, Outcome.CONFLICT):
            for name, (before, after) in row.changes.items():
                if name in entry.fields:
                    item = entry.fields[name]
                    cells = (told_cell(item, before, known), told_cell(item, after, known))
                    found.append(PlannedCell(number, row.label, url, item.label, "", *cells))
        elif row.outcome is Outcome.NEW:
            values = tuple(
                Value(entry.fields[name].label, told_cell(entry.fields[name], pair[1], known))
                for name, pair in row.changes.items() if name in entry.fields
            )  # fmt: skip
            found.append(PlannedCell(number, row.label, url, "", values=values))
        elif not row.notes:
            found.append(PlannedCell(number, row.label, url, ""))
    return found


def _letters(place: int) -> str:
    found, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, LETTERS)
        found = chr(65 + rest) + found
    return found
