"""The list of a record: columns, filters, search, order, pages, counts; and the options of a reference field."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from time import monotonic
from typing import Any, TypeVar

from flask import Blueprint, current_app, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.access import may, readable
from app.catalog import Entry, Field
from app.declare.access import Verb
from app.screens import cells, filters, saved, trash
from app.screens.common import entry_of, head, know_args, read_pairs, with_query
from app.screens.directory import may_try
from app.screens.draw import draw_turns, safe
from app.screens.explain import may_ask
from app.screens.frames import render_framed
from app.screens.lines import lines
from app.screens.pages import Column, Count, Link, ListPage, Option, Pager, Table
from app.screens.shell import me
from app.store.exact import count_within
from app.store.filter_use import noting
from app.store.imports.batches import importable
from app.store.labels import options as find_options
from app.store.page import CAP, REACHED, Counted, PageRows, count, estimate, fetch_page
from app.store.query import PAGE_SIZES, PLACES, BadQuery, Query, may_order, read_query
from app.store.search.match import words_of
from app.store.session import db
from app.store.views import View

T = TypeVar("T")
REMEMBERED = 300.0
"""Seconds for which a list that has passed the cap is taken to stay there."""
MOST_REMEMBERED = 100
RANKED_CAP = 300
"""To how many rows a search by relevance is counted: each takes a look at its tokens, and nobody reads so far."""


def route(blueprint: Blueprint) -> None:
    """Add the list's routes."""
    blueprint.add_url_rule("/records/<record>/", "list", show_list)
    blueprint.add_url_rule("/records/<record>/options", "options", show_options)


def show_list(record: str) -> ResponseReturnValue:
    """One page of the list."""
    entry = entry_of(record)
    views = saved.views_of(entry)
    args, view_id = saved.opened(entry, views, request.args)
    query = read_query(entry, args, me())
    path = url_for("records.list", record=record)
    table = make_table(query, path, selectable=may(me(), entry, Verb.EDIT) or may(me(), entry, Verb.DELETE))
    turns, figure = draw_turns(table.pager).encode(), safe(table.count.text).encode()
    page = _remembered(_page, query, path, views, view_id, not table.count.exact)
    parts = {"rows": table.lines, "turns": turns, "figure": figure}
    return render_framed("records/list.html", parts, page=page, table=table.frame)


def _page(query: Query, path: str, views: tuple[View, ...], view_id: int | None, long: bool) -> ListPage:
    """What the list shows beside its rows; of a `long` one nobody has counted the rows."""
    entry, record = query.entry, query.entry.name
    base = query.params()
    plain = [(name, value) for name, value in base if name in ("order", "limit", "cols")]
    controls = filters.controls(query)
    offered = {name for one in controls for name in (one.name, f"{one.name}__gte", f"{one.name}__lte")}
    # a condition that no control shows stays in force when another is added
    kept = [(name, value) for name, value in base if name != "q" and (name, value) not in plain and name not in offered]
    return ListPage(
        page=head(entry, entry.title),
        views=saved.tabs(entry, views, view_id, query),
        chips=filters.chips(query, path),
        filters=controls,
        query=query.search,
        searchable="、".join(item.label for item in entry.searched if readable(me(), item)),
        all_columns=_columns(query),
        hidden_params=tuple(plain + kept),
        clear_url=with_query(path, plain) if query.conditions or query.search else "",
        new_url=url_for("records.new", record=record) if may(me(), entry, Verb.ADD) else "",
        save_view_url=url_for("records.save_view", record=record),
        bulk_url=url_for("records.bulk", record=record),
        may_edit=may(me(), entry, Verb.EDIT),
        may_delete=may(me(), entry, Verb.DELETE),
        may_share_view=me().unit_id is not None,
        filtered=bool(query.conditions),
        query_string=query.address(),
        more=_more(entry, base, long),
        empty_text=str(entry.screen.about),
    )


def _remembered(make: Callable[..., T], query: Query, path: str, *more: Hashable) -> T:
    """What is made of a query whatever page of the list is shown, once for as long as the person's grants stay.

    Not where the names of rows are in it, which others may change.
    """
    if any(condition.field.target is not None for condition in query.conditions):
        return make(query, path, *more)
    known: dict[Any, T] = me().memo.setdefault(_remembered, {})
    key = (make, query.listed, path, str(get_locale()), *more)
    found = known.get(key)
    if found is None:
        if len(known) >= MOST_REMEMBERED:
            known.clear()
        found = known[key] = make(query, path, *more)
    return found


def _more(entry: Entry, params: list[tuple[str, str]], long: bool) -> tuple[Link, ...]:
    """What else one may do with the list; of a long one the export may start a job, so it is sent as a form."""
    found = []
    if may_try(entry):
        found.append(Link(_("Try the mapping"), url_for("records.try_directory"), "user-search"))
        found.append(Link(_("Synchronisation"), url_for("records.directory_sync"), "refresh"))
    if entry.screen.export:
        forms = (("xlsx", _("Export"), "table-export"), ("csv", _("Export as CSV"), "file-type-csv"))
        found += [
            Link(label, with_query(url_for(f"records.export_{form}", record=entry.name), params), icon, post=long)
            for form, label, icon in forms
        ]
    if importable(entry) and (may(me(), entry, Verb.ADD) or may(me(), entry, Verb.EDIT)):
        found.insert(0, Link(_("Import"), url_for("records.import", record=entry.name), "table-import"))
    if importable(entry) and may(me(), entry, Verb.ADD):
        template = Link(_("Workbook to fill in"), url_for("records.template", record=entry.name), "file-spreadsheet")
        found.append(template)
    if may_ask(entry):
        found.append(Link(_("Who can see this?"), url_for("records.access", record=entry.name), "eye-question"))
    return (*found, *trash.link(entry))


def make_table(
    query: Query, path: str, selectable: bool = False, fields: tuple[Field, ...] | None = None, fragment: bool = False
) -> Table:
    """The rows of a query with heads, pager and count; used by lists and, as a fragment, by related tabs."""
    entry = query.entry
    shown = fields or query.shown
    with noting(query):
        found = fetch_page(db(), query, Verb.EDIT)
        if not found.rows and (query.after or query.before):
            # what stood beyond the place of an old address is gone: the nearest page that there is
            query = replace(query.listed, last=query.after is not None)
            found = fetch_page(db(), query, Verb.EDIT)
        counted = _count(query, path, found)
    edit = frozenset(values["id"] for values in found.rows if values.get(REACHED))
    columns, words = _remembered(_heads, query, path, shown), words_of(query.search)
    drawn = lines(
        entry, columns, shown, found.rows, edit=edit, query=query.address(), words=words,
        selectable=selectable, fragment=fragment,
    )  # fmt: skip
    return Table(
        columns=columns,
        lines=drawn,
        editable=bool(edit),
        pager=_pager(query, found, path),
        count=counted,
        selectable=selectable,
    )


def _heads(query: Query, path: str, shown: tuple[Field, ...]) -> tuple[Column, ...]:
    return tuple(_head(query, item, path) for item in shown)


def _head(query: Query, item: Field, path: str) -> Column:
    sorted_ = item is query.order and not query.ranked
    url = ""
    if item.sortable and may_order(me(), item):
        back = sorted_ and not query.descending
        url = with_query(path, query.params(order=f"-{item.name}" if back else item.name))
    way = ("descending" if query.descending else "ascending") if sorted_ else ""
    return cells.column(query.entry, item, sort_url=url, sorted=way)


def _pager(query: Query, found: PageRows, path: str) -> Pager:
    def at(**place: str | None) -> str:
        return with_query(path, query.params(**place))

    way = _("descending") if query.descending else _("ascending")
    return Pager(
        first=at() if found.before else "",
        previous=at(before=found.before) if found.before else "",
        next=at(after=found.after) if found.after else "",
        last=at(last="1") if found.after else "",
        size=query.limit,
        sizes=PAGE_SIZES,
        order_text=_("By relevance") if query.ranked else _("By %(label)s, %(way)s", label=query.order.label, way=way),
    )


def _count(query: Query, path: str, found: PageRows) -> Count:
    """The rows of a list that fits on one page are counted by looking; others by the database, up to a cap.

    Pages of a search know by themselves how many rows have rare words. A list that has passed the cap is not counted
    again on every page one turns.
    """
    if not found.before and not found.after:
        return Count(f"{len(found.rows):,}", True)
    if found.number is not None:
        return Count(f"{found.number:,}", True)
    cap = RANKED_CAP if query.ranked else CAP
    known: dict[Any, float] = me().memo.setdefault(_count, {})
    asked = (query.entry.name, query.conditions, query.search, cap)
    if query.exact or monotonic() > known.get(asked, 0):
        number = count_within(db(), query, current_app.config["COUNT_SECONDS"]) if query.exact else None
        counted = count(db(), query, cap) if number is None else Counted(number, True)
        if counted.exact:
            return Count(f"{counted.number:,}", True)
        if len(known) >= MOST_REMEMBERED:
            known.clear()
        known[asked] = monotonic() + REMEMBERED
    exact_url = with_query(f"{path}count", query.params())
    about = estimate(db(), query)
    if about is None or about <= CAP:
        return Count(f"{cap:,}+", False, exact_url)
    # three digits: more would look as if they had been counted
    return Count(_("about %(count)s", count=f"{round(about, 3 - len(str(about))):,}"), False, exact_url)


def _columns(query: Query) -> tuple[Option, ...]:
    """Every possible column: those shown first, in their order, then the others."""
    shown = query.shown
    rest = [item for item in query.entry.columns if item not in shown]
    return tuple(Option(item.name, item.label, item in shown) for item in (*shown, *rest))


def without_place(args: MultiDict[str, str]) -> MultiDict[str, str]:
    """The parameters of a list's address that say what is in it, not which page is shown."""
    return MultiDict([(name, value) for name, value in args.items(multi=True) if name not in PLACES])


def read_query_string(entry: Entry, text: str) -> Query:
    """The query of a list's own query string, as forms send it along; raises BadQuery."""
    return read_query(entry, MultiDict(read_pairs("query", text)), me())


def show_options(record: str) -> ResponseReturnValue:
    """Rows for a reference field, found by what was typed: JSON for the field's own script."""
    entry = entry_of(record)
    know_args("q", "field")
    text = request.args.get("q", "")
    if len(text) > 100:
        raise BadQuery("q", _("Search for at most %(limit)s characters.", limit=100))
    found, more = find_options(db(), entry, text.replace("\x00", ""))
    options: list[dict[str, Any]] = [
        {"value": str(row_id), "label": label, "hint": hint} for row_id, label, hint in found
    ]
    return jsonify(options=options, more=more)
