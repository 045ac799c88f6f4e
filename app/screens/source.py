"""The sentence of a document that a row comes from."""

from __future__ import annotations

from app.catalog import Entry
from app.screens.pages import Source
from app.store.page import Values


def quote(entry: Entry, row: Values) -> Source | None:
    """The row's source as a quotation; a second line names the place in the document."""
    value = row.get(entry.source.name) if entry.source is not None else None
    if not value:
        return None
    sentence, _break, where = str(value).partition("\n")
    return Source(sentence, "", "", where)
