"""A list as comma-separated values: filtered, ordered and masked as on the screen, sent page by page as it is read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import replace

from flask import Blueprint, Response, request, stream_with_context
from flask.typing import ResponseReturnValue

from app.access import Person
from app.catalog import Entry
from app.declare.event import Deed, Door
from app.kinds import EMPTY
from app.screens import cells
from app.screens.common import entry_of
from app.screens.lists import without_place
from app.screens.pages import Cell
from app.screens.shell import me
from app.store.events import note
from app.store.labels import labels_for
from app.store.page import fetch_page
from app.store.query import Query, read_cursor, read_query
from app.store.session import act_as, db

AT_ONCE = 500
BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet would run as a formula."""
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


def route(blueprint: Blueprint) -> None:
    """Add the route of the file."""
    blueprint.add_url_rule("/records/<record>/export.csv", "export", export)


def export(record: str) -> ResponseReturnValue:
    """The whole list of an address, from its beginning; noted in the trail when the last row has been sent."""
    entry = entry_of(record)
    query = replace(read_query(entry, without_place(request.args), me()), limit=AT_ONCE)
    return Response(
        stream_with_context(_sent(query, me(), request.remote_addr)),
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename={entry.name}.csv", "X-Accel-Buffering": "no"},
    )


def _sent(query: Query, person: Person, address: str | None) -> Iterator[str]:
    """The file in parts; whatever ends it, what was sent is noted."""
    # the request's session has been closed when the first part is asked for: this is another
    act_as(db(), person)
    db().info.update(door=Door.FORM, address=address)
    rows = 0
    try:
        yield BOM + _written([item.label for item in query.shown])
        for lines in _pages(query):
            rows += len(lines)
            yield "".join(lines)
    finally:
        _note(query.entry, query, rows)


def _pages(query: Query) -> Iterator[list[str]]:
    while True:
        page = fetch_page(db(), query)
        known = labels_for(db(), query.shown, page.rows)
        # a slow reader holds neither a connection nor a state of the database between two pages
        db().rollback()
        if page.rows:
            yield [
                _written(_text(cells.cell(item, row.get(item.name), known)) for item in query.shown)
                for row in page.rows
            ]
        if not page.after:
            return
        query = replace(query, after=read_cursor(query, "after", page.after))


def _text(cell: Cell) -> str:
    if cell.kind == EMPTY.kind:
        return ""
    return cell.text or "、".join(link.label for link in cell.links)


def _written(texts: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([f"'{text}" if text.startswith(BEGINNINGS) else text for text in texts])
    return line.getvalue()


def _note(entry: Entry, query: Query, rows: int) -> None:
    """A line of the trail: how many rows, of which list."""
    session = db()
    # what was read is let go first: the line is a write, and SQLite takes its lock at the start of a transaction
    session.rollback()
    note(session, Deed.EXPORTED, entry=entry, text=f"{rows} rows: {query.address(limit=None)}".rstrip(": "))
    session.commit()
