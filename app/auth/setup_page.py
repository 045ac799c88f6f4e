"""The page of the first set-up: the token, then an account in turn for each role that is kept apart."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from app.access import SYSTEM
from app.auth import login, passwords, setup
from app.auth.directory.sign_in import directory
from app.auth.setup import FIELDS, Due, Over, Overtaken
from app.catalog import current
from app.declare.event import Deed, Door
from app.store.events import note
from app.store.session import act_as, db
from app.store.validate import Errors, Invalid

blueprint = Blueprint("setup", __name__)
LONGEST = 256
KEY = "setup"


@blueprint.route("/setup", methods=["GET", "POST"])
def page() -> ResponseReturnValue:
    """Ask for the token, then for the account that is due; gone once all have been made."""
    act_as(db(), SYSTEM)
    due = setup.due(db(), current())
    if due is None:
        abort(404)
    if request.method == "GET":
        return _show(due, unlocked=not setup.opens(db(), session.get(KEY, "")))
    if "token" in request.form:
        return _unlock(due)
    why_not = setup.opens(db(), session.get(KEY, ""))
    if why_not:
        return _show(due, errors={"token": [why_not]}, status=401)
    return _make(due)


def _unlock(due: Due) -> ResponseReturnValue:
    known = setup.digest(request.form["token"][:LONGEST])
    why_not = setup.opens(db(), known)
    if why_not:
        db().info.update(door=Door.SETUP, address=request.remote_addr)
        note(db(), Deed.SIGN_IN_FAILED, text="setup")
        db().commit()
        return _show(due, errors={"token": [why_not]}, status=401)
    session[KEY] = known
    return redirect(url_for("setup.page"), 303)


def _make(due: Due) -> ResponseReturnValue:
    typed = {name: request.form.get(name, "")[:LONGEST] for name in FIELDS}
    try:
        then = setup.make_account(db(), current(), request.form.get("role", ""), typed, request.remote_addr or "")
    except Over:
        db().rollback()
        abort(404)
    except Overtaken:
        db().rollback()
        login.tell(_("Somebody has just made this account. Go on with the next one."))
        return redirect(url_for("setup.page"), 303)
    except Invalid as error:
        db().rollback()
        return _show(due, unlocked=True, typed=typed, errors=error.errors, status=422)
    role = current().apart[request.form["role"]].label
    if then is None:
        session.pop(KEY, None)
        login.tell(
            _("All accounts are made, and the set-up is closed for good. Each signs in with their own."), "success"
        )
        return redirect(url_for("auth.login"), 303)
    login.tell(_("The account of the %(role)s is made. Now hand over to the next person.", role=role), "success")
    return redirect(url_for("setup.page"), 303)


def _show(
    due: Due, *, unlocked: bool = False, typed: dict[str, str] | None = None, errors: Errors | None = None,
    status: int = 200,
) -> ResponseReturnValue:  # fmt: skip
    given = {name: text for name, text in (typed or {}).items() if name not in ("password", "repeat")}
    html = render_template(
        "setup.html",
        steps=[(str(role.label), name in due.held, role is due.role) for name, role in current().apart.items()],
        role=str(due.role.label),
        role_name=due.role.value,
        unlocked=unlocked,
        typed=given,
        errors={name: " ".join(str(text) for text in texts) for name, texts in (errors or {}).items()},
        directory=directory() is not None,
        shortest=passwords.rules().shortest,
        back=url_for("setup.page"),
        lang=get_locale().language,
    )
    return html, status
