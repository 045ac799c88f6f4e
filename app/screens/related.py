"""The rows that refer to a row: tabs of its page, each a list of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from app.access import may
from app.catalog import Entry, Field
from app.declare.access import Verb
from app.screens.common import entry_of, with_query
from app.screens.draw import draw_turns
from app.screens.lists import make_table
from app.screens.pages import RelatedTab
from app.screens.shell import fragment, me
from app.store.page import RELATED_CAP, count_related, fetch_row
from app.store.query import Condition, read_query
from app.store.save import Missing
from app.store.session import db

SIZE = 20


def route(blueprint: Blueprint) -> None:
    """Add the route of a related tab."""
    blueprint.add_url_rule("/records/<record>/<id:pk>/related/<tab>", "related", show_tab)


def _name(item: Field) -> str:
    return f"{item.entry.name}-{item.name}"


def _readable(entry: Entry) -> list[Field]:
    return [item for item in entry.incoming if may(me(), item.entry, Verb.READ)]


def tabs(entry: Entry, row_id: int) -> tuple[RelatedTab, ...]:
    """A tab for each reference to this record from one that the reader may see; all counted in one statement."""
    found = _readable(entry)
    counts = count_related(db(), found, row_id)
    several = [item.entry for item in found]
    return tuple(
        RelatedTab(
            name=_name(item),
            label=_label(item, several),
            count=f"{RELATED_CAP}+" if number > RELATED_CAP else str(number),
            url=url_for("records.related", record=entry.name, pk=row_id, tab=_name(item)),
            active=index == 0,
        )
        for index, (item, number) in enumerate(sorted(zip(found, counts, strict=True), key=lambda pair: pair[1] == 0))
    )


def _label(item: Field, entries: Sequence[Entry]) -> str:
    title = item.entry.title
    return f"{title}({item.label})" if entries.count(item.entry) > 1 else title


def show_tab(record: str, pk: int, tab: str) -> ResponseReturnValue:
    """The list of one related tab."""
    entry = entry_of(record)
    item = next((item for item in _readable(entry) if _name(item) == tab), None)
    if item is None:
        raise NotFound(_("There is no such tab."))
    if fetch_row(db(), entry, pk) is None:
        raise Missing(entry.name, pk)
    query = read_query(item.entry, MultiDict(request.args.items(multi=True)), me())
    query = replace(query, conditions=(Condition(item, "", (pk,)),), limit=SIZE)
    fields = tuple(field for field in query.shown if field is not item) or query.shown
    path = url_for("records.related", record=record, pk=pk, tab=tab)
    table = make_table(replace(query, columns=fields), path, fragment=True)
    all_url = with_query(url_for("records.list", record=item.entry.name), [(item.name, str(pk))])
    new_url = ""
    if may(me(), item.entry, Verb.ADD) and item.typed:
        new_url = with_query(url_for("records.new", record=item.entry.name), [(item.name, str(pk))])
    return fragment(
        "records/_related.html", table=table.frame, rows=table.html, turns=draw_turns(table.pager, True),
        all_url=all_url, new_url=new_url, empty_text="",
    )  # fmt: skip
