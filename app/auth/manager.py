"""Flask-AppBuilder held thin: its identity tables and plumbing, none of its screens, no writes while serving."""

from __future__ import annotations

from functools import cache
from typing import Any

from babel import Locale
from flask import Flask, current_app, has_request_context, request, session
from flask_appbuilder import AppBuilder
from flask_appbuilder.security.sqla.manager import SecurityManager

from app.access import Person
from app.auth.sessions import of_cookie
from app.declare.record import Account


class Identity(SecurityManager):  # type: ignore[misc]  # FAB is untyped
    """FAB's security manager, loading people by the console's own policy."""

    user_model = Account

    def register_views(self) -> None:
        """Nothing: users, roles and groups have generated screens, sign-in its own page."""

    def create_db(self) -> None:
        """Nothing: tables and roles are made by `run.py migrate`."""

    def load_user(self, pk: Any) -> Person | None:
        """The person of what the cookie says of its session."""
        return of_cookie(str(pk))


class Builder(AppBuilder):  # type: ignore[misc]  # FAB is untyped
    """FAB's application, without its views and its writing of permissions at every start."""

    def _add_admin_views(self) -> None:
        """Nothing: the console brings its own pages."""

    def _add_menu_permissions(self, update_perms: bool = False) -> None:
        """Nothing: permissions are written by `run.py migrate`."""

    def _add_global_static(self) -> None:
        """Nothing: the console serves its own files."""


def install(app: Flask, sessions: Any) -> None:
    """Tie the identity library to an application."""
    app.config.update(FAB_UPDATE_PERMS=False, FAB_CREATE_DB=False, RATELIMIT_ENABLED=False)
    with app.app_context():
        Builder(app, sessions, security_manager_class=Identity, update_perms=False)
    app.extensions["babel"].locale_selector = _language


@cache
def _locale(language: str) -> Locale:
    """What Babel knows of a language: it would look for the language's file on every page."""
    return Locale.parse(language)


def _language() -> Locale:
    """The language of an answer: chosen in the session; of REST what the request accepts; else the console's own."""
    usual: str = current_app.config["BABEL_DEFAULT_LOCALE"]
    if not has_request_context():
        return _locale(usual)
    if request.path.startswith("/api/v1/"):
        return _locale(request.accept_languages.best_match(("zh", "en"), usual) or usual)
    return _locale(str(session.get("locale") or usual))
