"""Where one is signed in, and where somebody else is for the keeper of accounts: seen, and ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.access import Forbidden
from app.auth import sessions
from app.catalog import Entry, current
from app.declare.access import Verb
from app.declare.event import Deed, Door
from app.kinds.value import MomentKind
from app.screens.common import entry_of, head, know_args
from app.screens.devices import device_words
from app.screens.frames import render
from app.screens.pages import Link, Page
from app.screens.shell import me
from app.store.events import note, note_rows
from app.store.labels import labels
from app.store.save import Missing, editable_in, reaches
from app.store.session import db

MOMENT: Any = MomentKind()


@dataclass(frozen=True)
class SessionLine:
    """A session: with what, from where, since when; `here` is the one that asks, `end_url` where it is ended."""

    device: str
    icon: str
    program: bool
    address: str
    signed_by: str
    made: str
    seen: str
    ends: str
    here: bool
    end_url: str


@dataclass(frozen=True)
class SessionsPage:
    """The sessions of one account; `own` says that it is the reader's."""

    page: Page
    lines: tuple[SessionLine, ...]
    own: bool
    others: bool
    end_url: str
    name: str = ""


def route(blueprint: Blueprint) -> None:
    """Add the routes of sessions."""
    post = {"methods": ["POST"]}
    blueprint.add_url_rule("/sessions/", "sessions", show_own)
    blueprint.add_url_rule("/sessions/<id:session_id>/end", "end_session", end_one, **post)  # type: ignore[arg-type]
    blueprint.add_url_rule("/sessions/end", "end_sessions", end_others, **post)  # type: ignore[arg-type]
    blueprint.add_url_rule("/sessions/end-all", "end_all_sessions", end_all, **post)  # type: ignore[arg-type]
    address = "/records/<record>/<id:pk>/sessions"
    blueprint.add_url_rule(address, "account_sessions", show_account)
    blueprint.add_url_rule(address, "end_account_sessions", end_account, **post)  # type: ignore[arg-type]


def show_own() -> ResponseReturnValue:
    """Where one is signed in."""
    know_args()
    lines = tuple(_line(row, own=True) for row in sessions.sessions_of(me().id))
    page = SessionsPage(
        page=Page(_("Where I am signed in"), (Link(_("Where I am signed in"), ""),), icon="devices"),
        lines=tuple(sorted(lines, key=lambda line: not line.here)),
        own=True,
        others=any(not line.here for line in lines),
        end_url=url_for("records.end_sessions"),
    )
    return render("sessions.html", page=page)


def end_one(session_id: int) -> ResponseReturnValue:
    """End one session of one's own."""
    if not sessions.end(me().id, only=session_id):
        raise NotFound(_("There is no such session of yours; it may have ended already."))
    note(db(), Deed.SESSION_ENDED, text=f"#{session_id}")
    db().commit()
    if session_id == sessions.here():
        return _to_login()
    flash(_("The session has ended."), "success")
    return redirect(url_for("records.sessions"), 303)


def end_others() -> ResponseReturnValue:
    """End one's sessions but this one."""
    count = sessions.end(me().id, but=sessions.here())
    if count:
        note(db(), Deed.SESSION_ENDED, text=f"×{count}")
    db().commit()
    flash(_("Signed out everywhere else."), "success")
    return redirect(url_for("records.sessions"), 303)


def end_all() -> ResponseReturnValue:
    """End all of one's sessions, this one too."""
    note(db(), Deed.SESSION_ENDED, text=f"×{sessions.end(me().id)}")
    db().commit()
    return _to_login()


def _to_login() -> ResponseReturnValue:
    sessions.forget()
    db().commit()
    flash(_("You have signed out."), "success")
    return redirect(url_for("auth.login"), 303)


def keeps_sessions(entry: Entry, pk: int) -> bool:
    """Whether somebody who may edit this row may end its sessions: it is an account, and theirs to switch off."""
    return entry is current().account and "active" in editable_in(db(), entry, pk)


def show_account(record: str, pk: int) -> ResponseReturnValue:
    """Where somebody else is signed in, for who keeps their account."""
    entry, label = _account(record, pk)
    know_args()
    back = Link(label, url_for("records.show", record=record, pk=pk))
    lines = tuple(_line(row, own=False) for row in sessions.sessions_of(pk))
    page = SessionsPage(
        page=head(entry, _("Where %(name)s is signed in", name=label), back, Link(_("Sessions"), "")),
        lines=lines,
        own=False,
        others=bool(lines),
        end_url=url_for("records.end_account_sessions", record=record, pk=pk),
        name=label,
    )
    return render("sessions.html", page=page)


def end_account(record: str, pk: int) -> ResponseReturnValue:
    """End all sessions of an account."""
    entry, label = _account(record, pk)
    if sessions.end(pk):
        note_rows(db(), entry, Deed.SESSION_ENDED, [(pk, label, {})])
    db().commit()
    flash(_("%(name)s is signed out everywhere.", name=label), "success")
    return redirect(url_for("records.show", record=record, pk=pk), 303)


def _account(record: str, pk: int) -> tuple[Entry, str]:
    """The entry of accounts and the name of this one; raises what fits where the person may not end its sessions."""
    entry = entry_of(record)
    if entry is not current().account:
        raise NotFound(_("This is no account."))
    label = labels(db(), entry, [pk]).get(pk)
    if label is None:
        raise Missing(entry.name, pk)
    if not reaches(db(), entry, [pk], Verb.EDIT) or not keeps_sessions(entry, pk):
        raise Forbidden(entry, Verb.EDIT)
    return entry, label


def _line(row: Any, own: bool) -> SessionLine:
    device, handheld = device_words(row.agent)
    program = row.door is Door.REST
    return SessionLine(
        device=device,
        icon="api" if program else "device-mobile" if handheld else "device-desktop",
        program=program,
        address=row.address or _("unknown"),
        signed_by=str(row.signed_by.label),
        made=MOMENT.show(None, row.made_at).text,
        seen=MOMENT.show(None, row.seen_at).text,
        ends=MOMENT.show(None, row.ends_at).text,
        here=own and row.id == sessions.here(),
        end_url=url_for("records.end_session", session_id=row.id) if own else "",
    )
