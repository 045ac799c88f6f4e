"""One's own password: chosen anew by whoever knows the present one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.auth import login, passwords, sessions
from app.auth.accounts import choose_password, has_password
from app.auth.limits import TooMany
from app.screens.common import know_args
from app.screens.frames import render
from app.screens.pages import Link, Page
from app.screens.shell import me
from app.store.session import db


@dataclass(frozen=True)
class PasswordPage:
    """The form; `kept` says that the password is kept here and not by the directory, `must` that it has to change."""

    page: Page
    kept: bool
    must: bool
    shortest: int
    username: str
    next: str
    errors: Mapping[str, str] = field(default_factory=dict)


def route(blueprint: Blueprint) -> None:
    """Add the route."""
    blueprint.add_url_rule("/password/", "password", password, methods=["GET", "POST"])


def password() -> ResponseReturnValue:
    """The form for another password; once it is stored, nothing that knew the old one is signed in any more."""
    know_args("next")
    person = me()
    if request.method == "GET":
        return _show({}, 200)
    if not has_password(db(), person):
        return _show({}, 403)
    present, chosen, again = (request.form.get(name, "") for name in ("present", "chosen", "again"))
    try:
        known = len(present) <= passwords.LONGEST and login.knows_password(person, present)
    except TooMany as many:
        return _show({"present": _("Too many wrong passwords. Try again in %(wait)s seconds.", wait=many.wait)}, 429)
    errors = {} if known else {"present": _("This is not your present password.")}
    fault = passwords.rules().fault(chosen, person.username)
    if known and not fault and chosen == present:
        fault = _("This is your present password. Choose another.")
    if fault:
        errors["chosen"] = fault
    elif again != chosen:
        errors["again"] = _("This is not what you typed above.")
    if errors:
        return _show(errors, 422)
    choose_password(db(), person, chosen)
    sessions.end(person.id, but=sessions.here())
    sessions.renew()
    db().commit()
    flash(_("Your password is changed, and you are signed out everywhere else."), "success")
    return redirect(login.local_path(request.form.get("next", "")), 303)


def _show(errors: Mapping[str, str], status: int) -> ResponseReturnValue:
    page = PasswordPage(
        page=Page(_("Change the password"), (Link(_("Change the password"), ""),), icon="lock-password"),
        kept=has_password(db(), me()),
        must=me().must_change,
        shortest=passwords.rules().shortest,
        username=me().username,
        next=login.local_path(request.values.get("next", "")),
        errors=errors,
    )
    return render("password.html", status, page=page)
