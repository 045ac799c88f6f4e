"""One's second factor: set up, moved to another device, given new recovery codes, turned off; and another's reset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.access import Forbidden
from app.auth import login, second_factor, second_step, sessions
from app.auth.limits import TooMany, limits
from app.auth.second_step import Device
from app.auth.signing import opened, serializer
from app.catalog import Entry, current
from app.declare.access import Verb
from app.declare.event import Deed
from app.kinds.value import MomentKind
from app.screens.common import entry_of, know_args
from app.screens.frames import Drawn, render
from app.screens.pages import Link, Page
from app.screens.shell import me
from app.store.events import note, note_rows, plain_label
from app.store.page import Values, fetch_reached
from app.store.save import Missing
from app.store.session import db

MOMENT: Any = MomentKind()
PURPOSE = "device"
SECONDS = 900
"""How long setting a device up may take."""


@dataclass(frozen=True)
class FactorPage:
    """The page: how it stands, a device to set up, or recovery codes that were just made.

    `lacking` says that nothing else opens before; `sealed` is the device or the codes for the browser to send back;
    `proven` says that nothing more is asked than the new device's code.
    """

    page: Page
    since: str = ""
    left: int = 0
    required: bool = False
    lacking: bool = False
    device: Device | None = None
    sealed: str = ""
    proven: bool = False
    codes: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class ResetPage:
    """What resetting somebody's second factor does, before it is done."""

    page: Page
    name: str
    has: bool
    action: str
    back_url: str


def route(blueprint: Blueprint) -> None:
    """Add the routes of the second factor."""
    blueprint.add_url_rule("/second-factor/", "second_factor", show_own)
    blueprint.add_url_rule("/second-factor/", "change_factor", change, methods=["POST"])
    blueprint.add_url_rule("/second-factor/set-up", "set_up_factor", set_up, methods=["POST"])
    blueprint.add_url_rule("/second-factor/codes.txt", "recovery_codes", give_codes, methods=["POST"])
    for name, method in (("reset_factor", "GET"), ("do_reset_factor", "POST")):
        view = ask_reset if method == "GET" else reset
        blueprint.add_url_rule("/records/<record>/<id:pk>/second-factor", name, view, methods=[method])


def show_own() -> ResponseReturnValue:
    """How one's second factor stands; where there is none, a device to set up."""
    know_args()
    return _standing()


def _standing(error: str = "", status: int = 200) -> Drawn:
    found = second_factor.standing(db(), me().id)
    if found is None:
        return _to_set_up(second_factor.new_salt(), error=error, status=status)
    since, left = found
    required = second_factor.required_of(db(), me())
    return _show(FactorPage(_page(), _moment(since), left, required, error=error), status)


def _to_set_up(salt: str, *, proven: bool = False, error: str = "", status: int = 200) -> Drawn:
    sealed = serializer(PURPOSE).dumps([me().id, salt, proven])
    device = second_step.device(me(), salt)
    lacking = me().lacks_factor
    page = FactorPage(_page(), lacking=lacking, device=device, sealed=sealed, proven=proven, error=error)
    return _show(page, status)


def _show_codes(codes: tuple[str, ...]) -> Drawn:
    return _show(FactorPage(_page(), codes=codes, sealed=second_step.seal_codes(me(), codes)), 201)


def _show(page: FactorPage, status: int) -> Drawn:
    return render("second_factor.html", status, page=page)


def _page() -> Page:
    title = _("Second factor")
    return Page(title, (Link(title, ""),), icon="device-mobile")


def _moment(at: datetime) -> str:
    return str(MOMENT.show(None, at).text)


def change() -> ResponseReturnValue:
    """Make the recovery codes anew, move to another device, or turn it off: after the password and a code."""
    know_args()
    what = request.form.get("do", "")
    if what not in ("codes", "move", "off"):
        raise NotFound(_("There is no such thing to do with a second factor."))
    if not second_factor.has_factor(db(), me().id):
        return redirect(url_for("records.second_factor"), 303)
    if what == "off" and second_factor.required_of(db(), me()):
        return _standing(_("One of your roles requires a second factor: it can be moved, but not turned off."), 422)
    try:
        login.prove_fully(me(), request.form.get("password", ""), request.form.get("code", ""))
    except (login.Refused, login.Unavailable, second_step.WrongCode) as refused:
        return _standing(str(refused), 422)
    except TooMany as many:
        return *_standing(_too_many(many), 429), {"Retry-After": str(many.wait)}
    if what == "move":
        return _to_set_up(second_factor.new_salt(), proven=True)
    if what == "off":
        second_factor.remove(db(), me().id)
        note(db(), Deed.FACTOR_REMOVED)
        db().commit()
        flash(_("The second factor is turned off."), "success")
        return redirect(url_for("records.second_factor"), 303)
    codes = second_factor.renew_codes(db(), me().id)
    note(db(), Deed.RECOVERY_MADE)
    db().commit()
    return _show_codes(codes)


def _too_many(many: TooMany) -> str:
    return str(_("Too many wrong tries. Try again in %(wait)s seconds.", wait=many.wait))


def set_up() -> ResponseReturnValue:
    """Set a device up by a code that it shows, instead of the one there was."""
    know_args()
    found = opened(PURPOSE, request.form.get("device", ""), SECONDS)
    if not isinstance(found, list) or len(found) != 3 or found[0] != me().id:
        return _standing(_("Setting it up took too long. Please begin again."), 422)
    salt, proven = str(found[1]), bool(found[2])
    if not proven and second_factor.has_factor(db(), me().id):
        return redirect(url_for("records.second_factor"), 303)
    try:
        if not proven:
            login.prove_again(me(), request.form.get("password", ""))
    except (login.Refused, login.Unavailable) as refused:
        return _to_set_up(salt, error=str(refused), status=422)
    except TooMany as many:
        return *_to_set_up(salt, error=_too_many(many), status=429), {"Retry-After": str(many.wait)}
    try:
        codes = second_factor.set_up(
            db(), me().id, salt, request.form.get("code", ""), limits().clock(), instead=proven
        )  # fmt: skip
    except second_factor.Overtaken:
        db().rollback()
        return redirect(url_for("records.second_factor"), 303)
    if not codes:
        text = _("That is not the code that the device shows now. Check the device's clock and try the next code.")
        return _to_set_up(salt, proven=proven, error=text, status=422)
    note(db(), Deed.FACTOR_SET_UP)
    db().commit()
    return _show_codes(codes)


def give_codes() -> ResponseReturnValue:
    """The recovery codes that the page shows, as a file."""
    found = opened(second_step.KEPT_CODES, request.form.get("codes", ""), SECONDS)
    if not isinstance(found, list) or len(found) != 2 or found[0] != me().id:
        raise NotFound(_("Recovery codes can be fetched only while they are shown."))
    head = _("Recovery codes of %(name)s for %(console)s", name=me().username, console=_("Rainbow Net"))
    text = "\r\n".join((head, _("Each is good once."), "", *map(str, found[1]), ""))
    # some editors take a text for one of another script without the mark at its beginning
    answer = Response(text.encode("utf-8-sig"), mimetype="text/plain")
    answer.headers.set("Content-Disposition", "attachment", filename="recovery-codes.txt")
    return answer


def ask_reset(record: str, pk: int) -> ResponseReturnValue:
    """What resetting does, and whether there is anything to reset."""
    know_args()
    entry, row = _account(record, pk)
    label, back = plain_label(entry, row), url_for("records.show", record=record, pk=pk)
    title = _("Reset the second factor")
    crumbs = (Link(entry.title, url_for("records.list", record=record)), Link(label, back), Link(title, ""))
    page = Page(title, crumbs, entry.name, entry.title, "device-mobile-off")
    has = second_factor.has_factor(db(), pk)
    action = url_for("records.do_reset_factor", record=record, pk=pk)
    return render("records/reset_factor.html", page=ResetPage(page, label, has, action, back))


def reset(record: str, pk: int) -> ResponseReturnValue:
    """Take somebody's second factor away, and end their sessions: whoever has the device may have those too."""
    know_args()
    entry, row = _account(record, pk)
    if second_factor.remove(db(), pk):
        sessions.end(pk)
        note_rows(db(), entry, Deed.FACTOR_REMOVED, [(pk, plain_label(entry, row), {})])
        db().commit()
        flash(_("The second factor is taken away, and the person's sessions are ended."), "success")
    else:
        flash(_("There was no second factor."), "info")
    return redirect(url_for("records.show", record=record, pk=pk), 303)


def _account(record: str, pk: int) -> tuple[Entry, Values]:
    """Another's account that the person keeps: nobody gets past one's own second factor this way."""
    entry = entry_of(record)
    if entry is not current().account:
        raise NotFound(_("This is no account."))
    found = fetch_reached(db(), entry, pk, Verb.EDIT)
    if found is None:
        raise Missing(entry.name, pk)
    row, held = found
    if pk == me().id or not held:
        raise Forbidden(entry, Verb.EDIT)
    return entry, row
