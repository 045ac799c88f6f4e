"""The lines of a list as HTML, drawn once for the same values.

The key is made of all that a line shows: another value, right or language is another line, and none can be stale.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from flask import current_app, request
from flask_babel import get_locale

from app.access import readable
from app.catalog import Entry, Field
from app.screens import cells
from app.screens.draw import draw_lines
from app.screens.pages import Column
from app.screens.shell import me
from app.store.labels import Labels, labels_for
from app.store.page import Values
from app.store.session import db

KEPT = 4_000
"""Lines that one process keeps, of some two kilobytes each."""


def lines(
    entry: Entry, columns: Sequence[Column], fields: tuple[Field, ...], found: Sequence[Values],
    *, edit: Collection[int], query: str, words: tuple[str, ...], selectable: bool, fragment: bool,
) -> bytes:  # fmt: skip
    """The lines of these rows; `edit` are the ids that may be edited, `query` is the list one comes from.

    `words` are marked where they stand. As they are sent: to encode them anew would take longer than to find them.
    """
    if not found:
        return b""
    used = tuple(dict.fromkeys((*fields, *entry.labelled)))
    known = labels_for(db(), used, found)
    whole = tuple(item.masked and readable(me(), item) for item in fields)
    editing = any(values["id"] in edit for values in found)
    around = (
        entry, fields, whole, editing, query, words, selectable, fragment, str(get_locale()), request.script_root,
    )  # fmt: skip
    parts = [(item.name, known.get(item.target.name, {}) if item.target is not None else None) for item in used]
    every: dict[Any, dict[Any, bytes]] = current_app.extensions.setdefault("lines", {})
    # by what the lines of a list have in common, so that this is hashed once; a line's own key is hashed once too
    drawn = every.setdefault(around, {})
    keys = [(values["id"], values["id"] in edit, *[_seen(values.get(n), names) for n, names in parts])
            for values in found]  # fmt: skip
    here = [drawn.get(key) for key in keys]
    missing = [place for place, html in enumerate(here) if html is None]
    if missing:
        values = [found[place] for place in missing]
        rows = cells.rows(entry, fields, values, known, edit=edit, query=query, words=words)
        drawn_now = draw_lines(columns, rows, selectable=selectable, editing=editing, fragment=fragment)
        if sum(map(len, list(every.values()))) + len(missing) > KEPT:
            every.clear()
        for place, line in zip(missing, drawn_now, strict=True):
            here[place] = drawn[keys[place]] = line.encode()
    return b"".join([html for html in here if html is not None])


def _seen(value: Any, names: Labels | None) -> Any:
    """What a line shows of a value: of rows referred to also their names."""
    if isinstance(value, list):
        return tuple(value) if names is None else tuple([(one, names.get(one)) for one in value])
    return value if names is None else (value, names.get(value))
