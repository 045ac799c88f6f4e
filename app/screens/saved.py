"""Saved views of a list: as tabs, opened, kept and deleted."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from app.catalog import Entry
from app.screens.common import entry_of, read_pairs, with_query
from app.screens.pages import ViewTab
from app.screens.shell import me
from app.store.query import BadQuery, Query, plain_query, read_query
from app.store.session import db
from app.store.views import MOST, View, delete_view, save_view, views_for

NAME_LENGTH = 64


def route(blueprint: Blueprint) -> None:
    """Add the routes of saved views."""
    blueprint.add_url_rule("/records/<record>/views", "save_view", keep, methods=["POST"])
    blueprint.add_url_rule("/records/<record>/views/<id:view_id>/delete", "delete_view", drop, methods=["POST"])


def views_of(entry: Entry) -> tuple[View, ...]:
    """The views that the reader may open."""
    return views_for(db(), me(), entry.name)


def opened(entry: Entry, views: Sequence[View], args: MultiDict[str, str]) -> tuple[MultiDict[str, str], int | None]:
    """The parameters of a list: of `view=<id>` the view's own, with the address's place, size and order over them."""
    text = args.get("view")
    if not text:
        return args, None
    view = next((item for item in views if str(item.id) == text), None)
    if view is None:
        allowed = [f"view={item.id} ({item.name})" for item in views]
        raise BadQuery("view", _("There is no saved view “%(id)s” for you.", id=text[:20]), allowed)
    own = MultiDict(parse_qsl(view.query))
    for name in args:
        if name != "view":
            own.setlist(name, args.getlist(name))
    return own, view.id


def tabs(entry: Entry, views: Sequence[View], active: int | None, query: Query) -> tuple[ViewTab, ...]:
    """Everything and the saved views; a list that has been filtered away from them marks none."""
    path = url_for("records.list", record=entry.name)
    here = query.address()
    found = [ViewTab(_("All"), path, active is None and here == plain_query(entry, me()).address())]
    for view in views:
        mine = view.account_id == me().id
        delete_url = url_for("records.delete_view", record=entry.name, view_id=view.id) if mine else ""
        is_active = active == view.id or (active is None and here == view.query and bool(here))
        found.append(ViewTab(view.name, with_query(path, [("view", str(view.id))]), is_active,
                             view.unit_id is not None, delete_url))  # fmt: skip
    return tuple(found)


def keep(record: str) -> ResponseReturnValue:
    """Keep the list as it is under a name."""
    entry = entry_of(record)
    name = " ".join(request.form.get("name", "").split())
    args = MultiDict(read_pairs("query", request.form.get("query", "")))
    query = read_query(
        entry, MultiDict([(n, v) for n, v in args.items(multi=True) if n not in ("view", "count")]), me()
    )
    back = with_query(url_for("records.list", record=record), query.params())
    if not name or len(name) > NAME_LENGTH:
        flash(_("Give the view a name of at most %(limit)s characters.", limit=NAME_LENGTH), "error")
        return redirect(back, 303)
    view = save_view(db(), me(), record, name, query.address(), bool(request.form.get("shared")))
    if view is None:
        flash(_("You have %(most)s views of this list already. Delete one first.", most=MOST), "error")
        return redirect(back, 303)
    flash(_("The view “%(name)s” is kept.", name=name), "success")
    return redirect(url_for("records.list", record=record, view=view.id), 303)


def drop(record: str, view_id: int) -> ResponseReturnValue:
    """Delete one's own view."""
    entry_of(record)
    if not delete_view(db(), me(), record, view_id):
        raise NotFound(_("There is no such view of yours."))
    flash(_("The view is deleted."), "success")
    return redirect(url_for("records.list", record=record), 303)
