"""A list as a workbook or as comma-separated values: written while it is read, in memory that does not grow."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any

from sqlalchemy.orm import Session

from app.catalog import Entry
from app.declare.event import Deed
from app.excel import celltext as text
from app.excel import columns, layout
from app.excel.book import column_letters as letters
from app.excel.package import STYLE, Package
from app.store.events import note
from app.store.page import stream_rows
from app.store.query import Query

AT_ONCE = 2_000
SAMPLE = 200
ROWS_A_SHEET = 1_048_575
"""The rows of a sheet below its header."""
BYTES_A_SHEET = 1_900_000_000
"""Above 2 GiB a part of the package needs a form that not every program reads."""
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Written:
    """What came of it: rows and sheets written, and cells that were cut at the limit of their length."""

    rows: int
    sheets: int = 1
    cut: int = 0


def write(
    session: Session, query: Query, file: IO[bytes], form: str, progress: Progress = lambda rows: None
) -> Written:
    """Write the whole list of a query as the session's actor sees it, and note that in the trail; the caller commits.

    `form` is a key of FORMS; `progress` is told how many rows have been written, and may raise to stop.
    """
    done = FORMS[form](session, query, file, progress)
    # what was read is let go first: the line is a write, and SQLite takes its lock at the start of a transaction
    session.rollback()
    tell(session, query, form, done)
    return done


def tell(session: Session, query: Query, form: str, done: Written) -> None:
    """Note in the trail what was given out."""
    about = f"{form}, {done.rows} rows: {query.address(limit=None)}".rstrip(": ")
    note(session, Deed.EXPORTED, entry=query.entry, text=about)


def _xlsx(session: Session, query: Query, file: IO[bytes], progress: Progress) -> Written:
    shared: dict[str, int] = {}
    made = [columns.column(session, item, letters(i), shared) for i, item in enumerate(query.shown)]
    writer = _Sheets(query.entry, made, shared)
    rows = 0
    with Package(file, shared) as package:
        for chunk in stream_rows(session, query, AT_ONCE):
            writer.add(package, chunk)
            rows += len(chunk[0])
            progress(rows)
        writer.end(package)
    return Written(rows, package.sheets, sum(one.cut for one in made))


class _Sheets:
    """The sheets of one list: as many as its rows need, each with its header."""

    def __init__(self, entry: Entry, made: Sequence[columns.Column], shared: dict[str, int]) -> None:
        self._entry, self._made = entry, made
        self._line = 0
        self._widths: list[float] = []
        first = len(made)
        self._id, self._version, self._stamp = (letters(first + i) for i in range(3))

    def add(self, package: Package, chunk: Sequence[Sequence[Any]]) -> None:
        """Write rows, on the sheet that was begun and on others once it is full."""
        self._widths = self._widths or [
            one.width(values[:SAMPLE]) for one, values in zip(self._made, chunk[2:], strict=True)
        ]
        begin, count = 0, len(chunk[0])
        while begin < count:
            if self._line and (self._line > ROWS_A_SHEET or package.size > BYTES_A_SHEET):
                self.end(package)
            self._begin(package)
            end = min(count, begin + ROWS_A_SHEET + 1 - self._line)
            part = chunk if end - begin == count else [values[begin:end] for values in chunk]
            self._write(package, part)
            begin = end

    def end(self, package: Package) -> None:
        """End the sheet: its filter row, and numbers as text told to be meant so."""
        self._begin(package)
        last = letters(len(self._made) - 1)
        # sorting moves only what the filter covers, and the hidden columns must move with their rows
        package.end(
            f'</sheetData><autoFilter ref="A1:{self._stamp}{self._line}"/><ignoredErrors>'
            f'<ignoredError sqref="A1:{last}{self._line}" numberStoredAsText="1"/></ignoredErrors>'
        )
        self._line = 0

    def _begin(self, package: Package) -> None:
        """Begin a sheet unless one was: frozen header, widths, hidden columns."""
        if self._line:
            return
        made, widths = self._made, self._widths or [one.width(()) for one in self._made]
        cols = "".join(
            f'<col min="{i}" max="{i}" width="{width:.2f}" style="{one.style}" customWidth="1"/>'
            for i, (one, width) in enumerate(zip(made, widths, strict=True), 1)
        )
        hidden = f'<col min="{len(made) + 1}" max="{len(made) + 3}" width="9" hidden="1"/>'
        selected = "" if package.sheets else ' tabSelected="1"'
        heads = [*(one.label for one in made), *layout.hidden_headers(self._entry)]
        cells = "".join(
            f'<c r="{letters(i)}1" s="{STYLE["head"]}" t="inlineStr"><is><t>{text.for_xml(head).xml}</t></is></c>'
            for i, head in enumerate(heads)
        )
        package.begin(
            self._entry.title,
            f'<sheetViews><sheetView{selected} workbookViewId="0"><pane ySplit="1" topLeftCell="A2"'
            ' activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft" activeCell="A2" sqref="A2"/>'
            f'</sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>{cols}{hidden}</cols>'
            f'<sheetData><row r="1" ht="22" customHeight="1">{cells}</row>',
        )
        self._line = 1

    def _write(self, package: Package, chunk: Sequence[Sequence[Any]]) -> None:
        ids, versions, *values = chunk
        lines = range(self._line + 1, self._line + 1 + len(ids))
        hidden, version = self._id, self._version
        parts = [
            [f'<row r="{line}">' for line in lines],
            *(one.xml(column, lines) for one, column in zip(self._made, values, strict=True)),
            [
                f'<c r="{hidden}{line}"><v>{row_id}</v></c><c r="{version}{line}"><v>{number}</v></c></row>'
                for line, row_id, number in zip(lines, ids, versions, strict=True)
            ],
        ]
        package.write("".join(map("".join, zip(*parts, strict=True))))
        self._line += len(ids)


def _csv(session: Session, query: Query, file: IO[bytes], progress: Progress) -> Written:
    made = [columns.column(session, item, "", {}) for item in query.shown]
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow([text.for_csv(one.label) for one in made])
    file.write((BOM + lines.getvalue()).encode())
    rows = 0
    for chunk in stream_rows(session, query, AT_ONCE):
        lines.seek(0)
        lines.truncate()
        writer.writerows(zip(*(one.csv(values) for one, values in zip(made, chunk[2:], strict=True)), strict=True))
        file.write(lines.getvalue().encode())
        rows += len(chunk[0])
        progress(rows)
    return Written(rows)


FORMS: dict[str, Callable[[Session, Query, IO[bytes], Progress], Written]] = {"xlsx": _xlsx, "csv": _csv}
"""The kinds of file that a list is written to, by their endings."""
