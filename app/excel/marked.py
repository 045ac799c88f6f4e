"""A workbook of the rows that did not go in, as they stood in the file, with what is wrong said in the cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import IO, Any

from flask_babel import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from app.excel import celltext
from app.excel.book import Cell, CellError, Share, Shown
from app.excel.package import sheet_name
from app.store.imports.batches import Note, Planned, line_text

BAD = PatternFill("solid", fgColor="FBDADA")
ODD = PatternFill("solid", fgColor="FFF1CC")
HEAD = PatternFill("solid", fgColor="E3EBF4")
BOLD = Font(bold=True)
MOST_COMMENTS = 5_000
"""Excel takes long to open a sheet with more; the last column says the same."""


class Marked:
    """The workbook in the making: rows are added in the order of the file."""

    def __init__(self, title: str, texts: Sequence[str], system: int = 1900) -> None:
        self._book = Workbook(write_only=True)
        if system == 1904:
            # numbers that are not shown as dates may be some all the same, and go on counting from where they did
            self._book.epoch = CALENDAR_MAC_1904
        self._sheet = self._book.create_sheet(sheet_name(title))
        self._width = len(texts)
        self._comments = 0
        self._sheet.freeze_panes = "A2"
        for number, text in enumerate(texts, 1):
            letters = get_column_letter(number)
            self._sheet.column_dimensions[letters].width = max(12, celltext.width(text) + 4)
            self._sheet.column_dimensions[letters].hidden = text.startswith("rn:")
        self._sheet.column_dimensions[get_column_letter(self._width + 1)].width = 70
        heads = [*texts, str(_("What is wrong"))]
        self._sheet.append([self._cell(text, HEAD, bold=True) for text in heads])

    def _cell(self, value: Cell, fill: PatternFill | None = None, *, bold: bool = False) -> Any:
        shown = _error(value) if isinstance(value, CellError) else value.text if isinstance(value, Shown) else value
        if isinstance(shown, str):
            shown = celltext.UNWRITABLE.sub("", shown)[: celltext.LONGEST]
        cell = WriteOnlyCell(self._sheet, value=shown)  # type: ignore[arg-type]  # a date is taken too
        if isinstance(shown, str):
            cell.data_type, cell.number_format = "e" if isinstance(value, CellError) else "s", "@"
        if isinstance(value, Share):
            # as a plain number a half would be half a per cent when it comes back
            cell.number_format = "0.00%"
        if fill is not None:
            cell.fill = fill
        if bold:
            cell.font = BOLD
        return cell

    def add(self, cells: Sequence[Cell], row: Planned) -> None:
        """Add a row with what stands against it."""
        notes: dict[int, list[Note]] = defaultdict(list)
        for note in row.notes:
            if note.place is not None:
                notes[note.place].append(note)
        written = []
        for place in range(self._width):
            said = notes.get(place, [])
            fill = None if not said else ODD if all(note.odd for note in said) else BAD
            cell = self._cell(cells[place] if place < len(cells) else None, fill)
            if said and self._comments < MOST_COMMENTS:
                cell.comment = Comment("\n".join(note.message for note in said), "rn", width=260, height=80)
                self._comments += 1
            written.append(cell)
        messages = "；".join(dict.fromkeys(note.message for note in row.notes))
        text = _("Row %(line)s: %(text)s", line=line_text(row.line), text=messages or str(row.outcome.label))
        self._sheet.append([*written, self._cell(str(text), BAD)])

    def save(self, file: IO[bytes]) -> None:
        """Write the workbook."""
        self._book.save(file)


def _error(cell: CellError) -> str:
    """The error as Excel has it: the cell is one still when the workbook comes back, and no text."""
    return cell.code if cell.code in ERROR_CODES else "#N/A"
