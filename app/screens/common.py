"""What all routes of a record share: the entry of an address, the row's page head, the list one came from."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from app.access import Forbidden, may
from app.catalog import Entry, current
from app.declare.access import Verb
from app.screens.pages import Link, Page
from app.screens.shell import me
from app.store.query import BadQuery, Query, read_query

MOST_PARAMETERS = 300


def entry_of(record: str, verb: Verb = Verb.READ) -> Entry:
    """The entry of an address. 404 for one that does not exist, 403 for one without a grant for the verb."""
    entry = current().get(record)
    if entry is None:
        raise NotFound(_("There is no record of this name."))
    if not may(me(), entry, Verb.READ):
        raise Forbidden(entry, Verb.READ)
    if not may(me(), entry, verb):
        raise Forbidden(entry, verb)
    return entry


def know_args(*allowed: str) -> None:
    """Refuse parameters of an address that the page does not know; raises BadQuery."""
    for name in request.args:
        if name not in allowed:
            text = _("This page takes no “%(name)s”.", name=name[:100])
            raise BadQuery(name, text, allowed or (_("no parameter at all"),))


def read_pairs(name: str, text: str) -> list[tuple[str, str]]:
    """The parameters of a list's query string sent along as `name`; raises BadQuery if there are too many."""
    try:
        return parse_qsl(text, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        message = _("At most %(limit)s values of “%(name)s”.", limit=MOST_PARAMETERS, name=name)
        raise BadQuery(name, message) from None


def came_from(entry: Entry) -> tuple[str, Query | None]:
    """The list that the address says one came from: its query string, checked, and its query."""
    text = request.args.get("list", "")
    if not text:
        return "", None
    pairs = [(name, value) for name, value in read_pairs("list", text) if name != "view"]
    query = read_query(entry, MultiDict(pairs), me())
    return text, query


def head(entry: Entry, title: str, *trail: Link, list_query: str = "") -> Page:
    """Title and breadcrumbs: menu, list, and what follows."""
    address = url_for("records.list", record=entry.name) + (f"?{list_query}" if list_query else "")
    crumbs = (Link(str(entry.menu.label), ""), Link(entry.title, address), *trail)
    return Page(title, crumbs, entry.name, entry.singular, entry.screen.icon)


def number(text: str) -> int | None:
    """The id or version that was sent; None for what is none, also where it has more digits than Python reads."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def with_query(path: str, params: list[tuple[str, str]]) -> str:
    """A path with its parameters."""
    return f"{path}?{urlencode(params)}" if params else path
