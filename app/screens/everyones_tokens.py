"""Everybody's personal access tokens, for who keeps accounts: whose, what they may do, when last used; ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import ColumnElement
from werkzeug.exceptions import NotFound

from app.access import Forbidden, may
from app.auth import tokens
from app.auth.people import full_name
from app.catalog import Entry, current
from app.declare.access import Verb
from app.declare.event import Deed
from app.screens.common import head, know_args, number
from app.screens.frames import render
from app.screens.pages import Link, Page
from app.screens.shell import me
from app.screens.tokens import TokenLine, token_line
from app.store.events import note_rows
from app.store.query import BadQuery
from app.store.session import db, reach

SIZE = 50


@dataclass(frozen=True)
class OwnedToken:
    """A token that opens something, whose it is, and the page of their account."""

    token: TokenLine
    owner: str
    username: str
    url: str


@dataclass(frozen=True)
class EveryonesPage:
    """The tokens, the newest first: of everybody, or of the one called `only`."""

    page: Page
    lines: tuple[OwnedToken, ...]
    only: str
    all_url: str
    older_url: str


def route(blueprint: Blueprint) -> None:
    """Add the routes of everybody's tokens."""
    blueprint.add_url_rule("/tokens/everyone", "everyones_tokens", show)
    blueprint.add_url_rule("/tokens/everyone/<id:token_id>/revoke", "revoke_anyones", revoke, methods=["POST"])


def keeps_tokens() -> bool:
    """Whether the person sees and ends the tokens of others: whoever keeps accounts."""
    entry = current().account
    return entry is not None and may(me(), entry, Verb.EDIT)


def show() -> ResponseReturnValue:
    """The tokens that open something, of the people whose accounts the person keeps."""
    entry, within = _accounts()
    know_args("account", "before")
    account_id, before = _number("account"), _number("before")
    rows = tokens.of_everyone(db(), within, account_id=account_id, before=before, most=SIZE + 1)
    lines = tuple(_line(entry, row) for row in rows[:SIZE])
    more = len(rows) > SIZE
    older = url_for("records.everyones_tokens", account=account_id, before=rows[SIZE - 1].id) if more else ""
    page = EveryonesPage(
        page=head(entry, _("Everybody’s access tokens"), Link(_("Access tokens"), "")),
        lines=lines,
        only=lines[0].owner if account_id is not None and lines else "",
        all_url=url_for("records.everyones_tokens") if account_id is not None else "",
        older_url=older,
    )
    return render("admin/tokens.html", page=page)


def revoke(token_id: int) -> ResponseReturnValue:
    """End a token at once, whosever it is."""
    entry, within = _accounts()
    again = _number("account")
    row = tokens.revoke_anyones(db(), within, token_id)
    if row is None:
        raise NotFound(_("There is no such token; it may have ended already."))
    note_rows(db(), entry, Deed.TOKEN_REVOKED, [(row.account_id, f"{row.username} · {row.name} ({row.hint}…)", {})])
    db().commit()
    flash(_("The token is revoked."), "success")
    return redirect(url_for("records.everyones_tokens", account=again), 303)


def _accounts() -> tuple[Entry, ColumnElement[bool]]:
    """The entry of accounts, and those whose tokens the person keeps; raises Forbidden or NotFound."""
    entry = current().account
    if entry is None:
        raise NotFound(_("There is no record of this name."))
    within = reach(db(), entry, Verb.EDIT)
    if within is None:
        raise Forbidden(entry, Verb.EDIT)
    return entry, within


def _number(name: str) -> int | None:
    """A number of the address, if there is one; raises BadQuery."""
    text = request.args.get(name, "")
    found = number(text)
    if text and found is None:
        raise BadQuery(name, _("“%(name)s” takes a number.", name=name), (_("a number"),))
    return found


def _line(entry: Entry, row: Any) -> OwnedToken:
    again = request.args.get("account") or None
    return OwnedToken(
        token=token_line(row, url_for("records.revoke_anyones", token_id=row.id, account=again)),
        owner=full_name(row.last_name, row.first_name) or row.username,
        username=row.username,
        url=url_for("records.show", record=entry.name, pk=row.account_id),
    )
