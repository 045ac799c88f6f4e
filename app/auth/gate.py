"""The gate before every page: who asks, what needs no sign-in, form tokens, and forms whose session ended."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect

from app.access import Person
from app.auth import login, setup, setup_page
from app.catalog import current
from app.declare.event import Door
from app.store.drafts import Typed, keep_draft
from app.store.session import WRITING, act_as, db, only_reading

OPEN = frozenset({
    "static", "auth.login", "auth.code", "auth.code_again", "auth.set_up", "auth.set_up_again", "auth.language",
    "setup.page", "health.alive", "health.ready", None,
})  # fmt: skip
"""Endpoints that need no sign-in; None is an address that does not exist."""
READING = frozenset({
    "records.list", "records.related", "records.options", "records.palette", "records.show", "records.edit",
})  # fmt: skip
"""Endpoints that only read, a few statements each."""
FREE = frozenset({"records.password", "records.recovery_codes", "auth.logout", "auth.language", None})
"""Endpoints for people who have to choose another password before anything else."""
FREE_OF_FACTOR = frozenset({"records.second_factor", "records.set_up_factor", "auth.logout", "auth.language", None})
"""The same for people who have to set up a second factor."""
UNSENT = frozenset({"csrf_token", "password", "present", "chosen", "again"})
csrf = CSRFProtect()


def install(app: Flask) -> None:
    """Put the gate before every request of an application."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    app.config["WTF_CSRF_SSL_STRICT"] = False
    csrf.init_app(app)
    app.register_blueprint(login.blueprint)
    app.register_blueprint(setup_page.blueprint)
    app.before_request(_pass_gate)
    app.teardown_request(_forget)


def person() -> Person:
    """Who is signed in; behind the gate there is always somebody."""
    return current_user._get_current_object()  # type: ignore[no-any-return]  # noqa: SLF001  # Flask-Login's proxy


def _pass_gate() -> ResponseReturnValue | None:
    if request.endpoint == "static":
        return None
    if request.blueprint == "rest":
        return None  # it has a gate of its own
    WRITING.set(request.method not in ("GET", "HEAD", "OPTIONS"))
    g.pop("person", None)
    if request.method == "GET" and request.endpoint in READING and "count" not in request.args:
        only_reading(db())
    if current_user.is_authenticated:
        g.person = person()
        act_as(db(), g.person)
        db().info.update(door=Door.FORM, address=request.remote_addr)
        return _check_token() or _detour(g.person)
    if request.endpoint == "auth.login" and setup.due(db(), current()) is not None:
        return redirect(url_for("setup.page"), 303)
    if request.endpoint in OPEN:
        return None if request.endpoint is None else _check_token()
    if request.method == "GET":
        return _to_login()
    # What was typed goes with the person through the sign-in page
    return login.page(draft=login.seal(request.path, typed()), target=request.path, status=401)


def _check_token() -> ResponseReturnValue | None:
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    try:
        csrf.protect()
    except CSRFError:
        if not current_user.is_authenticated:
            return login.page(error=_("The page had been open for too long. Please try again."), status=400)
        token = keep_draft(db(), person().id, request.path, typed())
        if request.path.endswith(("/new", "/edit")):
            login.tell(_("The page had been open for too long. What you typed is kept: please check and save again."))
            return redirect(f"{request.path}?{urlencode({'draft': token})}", 303)
        login.tell(_("The page had been open for too long. Please try again."))
        return redirect(url_for("home.home"), 303)
    return None


def _detour(one: Person) -> ResponseReturnValue | None:
    """Lead people who must choose another password, or set up a second factor, to where they do."""
    if not one.held_up or request.endpoint in (FREE if one.must_change else FREE_OF_FACTOR):
        return None
    if request.endpoint == "records.bell":
        return "", 204
    target = request.full_path.rstrip("?") if request.method == "GET" else "/"
    if one.must_change:
        address = url_for("records.password", next=None if target == "/" else target)
    else:
        address = url_for("records.second_factor")
    if request.headers.get("HX-Request"):
        return "", 403, {"HX-Redirect": address}
    return redirect(address, 303)


def _to_login() -> ResponseReturnValue:
    if request.endpoint == "records.bell":
        return "", 204  # a page that asks by itself must not take away what is typed into it
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": url_for("auth.login")}
    target = request.full_path.rstrip("?")
    return redirect(url_for("auth.login", next=None if target == "/" else target), 303)


def typed() -> Typed:
    """What a form sent, without its token and without secrets."""
    return [(name, value) for name, value in request.form.items(multi=True) if name not in UNSENT]


def _forget(error: BaseException | None) -> None:
    WRITING.set(False)
