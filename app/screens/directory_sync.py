"""The synchronisation with the directory: its last runs, a run at once, and consent to disabling what one held back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest, Forbidden, NotFound

from app.access import may
from app.auth.directory import runs
from app.auth.people import full_name
from app.catalog import current
from app.declare.access import Verb
from app.kinds.value import MomentKind
from app.screens.common import know_args
from app.screens.frames import render
from app.screens.pages import Link, Page
from app.screens.shell import me
from app.store.jobs import submit
from app.store.session import db

MOMENT: Any = MomentKind()
MOST = 10


@dataclass(frozen=True)
class RunLine:
    """A run: when, by whom, what it did; its state in words and the tone of them."""

    started: str
    actor: str
    text: str
    state: str
    tone: str


@dataclass(frozen=True)
class Gone:
    """An account whose entry is gone: its page, if the person may see it."""

    name: str
    full: str
    dn: str
    url: str


@dataclass(frozen=True)
class SyncPage:
    """The page; `closed` says why nothing can be synchronised, `held` how many accounts wait for consent."""

    page: Page
    action: str
    rules_url: str
    closed: str
    about: str
    lines: tuple[RunLine, ...]
    held: int
    gone: tuple[Gone, ...]


def route(blueprint: Blueprint) -> None:
    """Add the route."""
    blueprint.add_url_rule("/directory/sync", "directory_sync", directory_sync, methods=["GET", "POST"])


def may_synchronise() -> bool:
    """Whether the person may see and begin runs."""
    return runs.may_synchronise(current(), me())


def directory_sync() -> ResponseReturnValue:
    """Show the runs; begin one, with consent to disabling as many accounts as the page showed."""
    if current().directory_rules is None:
        raise NotFound(_("This console has no mapping."))
    if not may_synchronise():
        raise Forbidden(_("Only the administrators of the mapping and of the console synchronise with the directory."))
    know_args()
    if request.method == "GET":
        return _show()
    agreed = request.form.get("agreed", "0")
    if not (agreed.isascii() and agreed.isdigit() and len(agreed) < 8) or _closed():
        raise BadRequest(_("Go back, reload the page and try again."))
    job_id = submit(db(), runs.KIND, _("Synchronisation with the directory"), {"agreed": int(agreed)})
    db().commit()
    return redirect(url_for("records.job", job_id=job_id), 303)


def _closed() -> str:
    place = current_app.extensions["directory"]
    if place is None:
        return str(_("This console has no directory. The system administrator sets one up by settings of the server."))
    if not place.settings.bind_dn:
        return str(_("The console has no account that searches in the directory, so it cannot be synchronised."))
    return ""


def _show() -> ResponseReturnValue:
    found, rules, closed = runs.runs(db(), MOST), current().directory_rules, _closed()
    last = next((one for one in found if one.ended_at is not None), None)
    gone = runs.held_back(db(), last)
    account = current().account
    opens = account is not None and may(me(), account, Verb.READ)
    hours = 0 if closed else current_app.extensions["directory"].settings.sync_hours
    title = str(_("Synchronisation with the directory"))
    page = SyncPage(
        page=Page(title, (Link(title, ""),), icon="refresh"),
        action=url_for("records.directory_sync"),
        rules_url=url_for("records.list", record=rules.name) if rules and may(me(), rules, Verb.READ) else "",
        closed=closed,
        about=_("Once in %(hours)s hours by itself, and whenever you want.", hours=hours) if hours else _(
            "Not by itself (RAINBOW_LDAP_SYNC_HOURS is 0), but whenever you want."),
        lines=tuple(_line(one) for one in found),
        held=last.held_back if last is not None and gone else 0,
        gone=tuple(
            Gone(
                one.username, full_name(one.last_name, one.first_name), one.dn,
                url_for("records.show", record=account.name, pk=one.id) if opens and account is not None else "",
            )
            for one in gone
        ),
    )  # fmt: skip
    return render("admin/directory_sync.html", page=page)


def _line(one: Any) -> RunLine:
    if one.ended_at is None:
        state, tone = _("going on, or broken off"), "wait"
    elif one.failed:
        state, tone = _("failed"), "bad"
    elif one.held_back:
        state, tone = _("waits for consent"), "wait"
    else:
        state, tone = _("done"), "good"
    return RunLine(str(MOMENT.show(None, one.started_at).text), one.actor, one.text or "", str(state), tone)
