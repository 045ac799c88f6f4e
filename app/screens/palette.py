"""The command palette: pages, actions and rows by a few typed letters."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.access import may
from app.catalog import Entry, current
from app.declare.access import Verb
from app.screens.common import know_args
from app.screens.pages import PaletteGroup, PaletteItem
from app.screens.shell import fragment, me, readable_entries
from app.store.labels import search_all
from app.store.query import BadQuery
from app.store.search.match import words_of
from app.store.search.spans import spans
from app.store.search.tokens import narrowed
from app.store.session import db

MOST_PAGES = 6
ROWS_EACH = 3


def route(blueprint: Blueprint) -> None:
    """Add the palette's route."""
    blueprint.add_url_rule("/palette/", "palette", show_palette)


def show_palette() -> ResponseReturnValue:
    """What matches the typed text; `>` at its head looks for commands alone."""
    know_args("q")
    text = " ".join(request.args.get("q", "").replace("\x00", "").split())
    if len(text) > 100:
        raise BadQuery("q", _("Search for at most %(limit)s characters.", limit=100))
    commands_only, text = text.startswith(">"), text.removeprefix(">").strip()
    entries = readable_entries(current(), me())
    groups = [] if commands_only else [_pages(entries, text)]
    if text and not commands_only:
        groups += _rows(entries, text)
    groups.append(_commands(entries, text))
    return fragment("palette/_results.html", groups=tuple(g for g in groups if g.items), query=text)


def _marked(label: str, text: str) -> tuple[str, str, str] | None:
    """The label split around the typed text or what it is pinyin of, or None if it is not in it."""
    start = label.lower().find(text.lower())
    end = start + len(text)
    if start < 0:
        found = spans(label, [narrowed(text)], name=True) if text else ()
        if not found:
            return None
        start, end = found[0]
    return label[:start], label[start:end], label[end:]


def _pages(entries: list[Entry], text: str) -> PaletteGroup:
    home = (_("Home"), url_for("home.home"), "layout-dashboard", "")
    pages = [
        home,
        (_("Jobs"), url_for("records.jobs"), "bell", ""),
        *((e.title, url_for("records.list", record=e.name), e.screen.icon, str(e.menu.label)) for e in entries),
    ]
    return PaletteGroup(_("Pages"), _items(pages, text))


def _commands(entries: list[Entry], text: str) -> PaletteGroup:
    found = [
        (_("New: %(record)s", record=entry.singular), url_for("records.new", record=entry.name), "plus", entry.title)
        for entry in entries
        if may(me(), entry, Verb.ADD)
    ]
    if text:
        found += [
            (_("Search “%(text)s” in %(record)s", text=text, record=entry.title),
             url_for("records.list", record=entry.name, q=text), "search", str(entry.menu.label))
            for entry in entries if _marked(entry.title, text)
        ]  # fmt: skip
    return PaletteGroup(_("Commands"), _items(found, text))


def _items(found: list[tuple[str, str, str, str]], text: str) -> tuple[PaletteItem, ...]:
    items = []
    for label, url, icon, hint in found:
        marked = _marked(label, text)
        if marked is not None:
            items.append(PaletteItem(*marked, url, icon, hint))
    return tuple(items[:MOST_PAGES])


def _rows(entries: list[Entry], text: str) -> list[PaletteGroup]:
    """Rows of every record that match, a group a record, all found in one statement."""
    groups, words = [], words_of(text)
    for entry, rows in search_all(db(), entries, text, ROWS_EACH):
        items = []
        for row_id, label in rows:
            start, end = (*spans(label, words, name=True), (len(label), len(label)))[0]
            before, marked, after = label[:start], label[start:end], label[end:]
            url = url_for("records.show", record=entry.name, pk=row_id)
            items.append(PaletteItem(before, marked, after, url, entry.screen.icon, entry.singular))
        groups.append(PaletteGroup(entry.title, tuple(items)))
    return groups
