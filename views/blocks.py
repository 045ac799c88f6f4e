"""Cards of the home page: the rows of a record that wait for a person, each a line to go to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.access import may
from app.catalog import Entry, Field, current
from app.declare.access import Verb
from app.screens.cells import cell
from app.screens.common import with_query
from app.screens.pages import Cell
from app.screens.shell import me
from app.store.labels import label_of, labels_for
from app.store.page import fetch_page
from app.store.query import Condition, Query
from app.store.session import db
from views.pages import Block, Line

SHOWN = 6


def entry_for(name: str, verb: Verb = Verb.READ) -> Entry | None:
    """The entry of a record if the person may do this in it."""
    entry = current()[name]
    return entry if may(me(), entry, verb) else None


def condition(entry: Entry, name: str, op: str, *values: Any) -> Condition:
    """A filter of a list, as its address would say it."""
    return Condition(entry.fields[name], op, values)


def block(
    entry: Entry,
    title: str,
    conditions: Sequence[Condition] = (),
    *,
    order: str,
    descending: bool = False,
    hints: Sequence[str] = (),
    badge: str = "",
    empty: str = "",
    late: tuple[str, date] | None = None,
    width: int = 6,
) -> Block:
    """A card with the first rows of a list; `late` names the date that turns red once it has passed."""
    fields = [entry.fields[name] for name in dict.fromkeys((*hints, *([badge] if badge else []), *_named(entry)))]
    if late is not None and entry.fields[late[0]] not in fields:
        fields.append(entry.fields[late[0]])
    query = Query(
        entry, entry.fields[order], descending, tuple(conditions), limit=SHOWN, columns=tuple(fields), usual=entry.order
    )
    found = fetch_page(db(), query)
    known = labels_for(db(), [item for item in fields if item.target is not None], found.rows)
    lines = []
    for values in found.rows:
        shown = [
            cell(entry.fields[name], values.get(name), known).text for name in hints if values.get(name) is not None
        ]
        lines.append(Line(
            text=label_of(db(), entry, values, dict(known)),
            url=url_for("records.show", record=entry.name, pk=values["id"]),
            hint=" · ".join(shown),
            icon=entry.screen.icon,
            badge=_badge(entry.fields[badge] if badge else None, values, late),
        ))  # fmt: skip
    address = with_query(url_for("records.list", record=entry.name), _address(query))
    count = f"{SHOWN}+" if found.after else str(len(lines)) if lines else ""
    return Block(title, tuple(lines), count, address, empty or _("Nothing waits here."), width)


def _address(query: Query) -> list[tuple[str, str]]:
    """The list that the card is the head of, with its usual columns and size."""
    return [(name, value) for name, value in query.params() if name not in ("cols", "limit")]


def _named(entry: Entry) -> list[str]:
    return [item.name for item in entry.labelled]


def _badge(item: Field | None, values: Any, late: tuple[str, date] | None) -> Cell | None:
    if late is not None and values.get(late[0]) is not None and values[late[0]] < late[1]:
        days = (late[1] - values[late[0]]).days
        return Cell(_("%(days)s days late", days=days), "badge", tone="red")
    if item is None or values.get(item.name) is None:
        return None
    shown = cell(item, values[item.name], {})
    return shown if shown.kind == "badge" else None
