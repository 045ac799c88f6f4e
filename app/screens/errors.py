"""Errors in words: what happened, what is allowed, where to go; and the headers of every answer."""

from __future__ import annotations

from typing import cast

from flask import Flask, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError

from app.access import Forbidden
from app.declare.access import Verb
from app.screens.pages import ErrorPage, Link
from app.screens.shell import here, make_shell
from app.store.events import note_refusal
from app.store.failures import no_room
from app.store.jobs import MOST_OPEN, Crowded
from app.store.query import BadQuery
from app.store.save import Missing
from app.store.session import db

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
NOT_USED = (
    "accelerometer=(), autoplay=(), camera=(), display-capture=(), fullscreen=(self), geolocation=(), gyroscope=(), "
    "hid=(), magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), serial=(), usb=()"
)
"""What of the machine no page of the console asks for."""
A_YEAR = 31_536_000
ALLOWED_SHOWN = 60


def install(app: Flask) -> None:
    """Answer every error in words, and set the headers of every answer."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(BadQuery, _bad_query)
    app.register_error_handler(Missing, _missing)
    app.register_error_handler(Forbidden, _forbidden)
    app.register_error_handler(Crowded, _crowded)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(OSError, _system)
    app.after_request(_headers)


def answer(page: ErrorPage) -> ResponseReturnValue:
    """The page of an error: a line of text where only a part of a page was asked for."""
    if request.headers.get("HX-Request") or request.accept_mimetypes.best == "application/json":
        return Response(f"{page.title} {page.text}", page.status, mimetype="text/plain")
    db().rollback()
    # an error while signed out, or while the person could not be loaded, has no menu around it
    shell = make_shell() if page.status != 500 and current_user and current_user.is_authenticated else None
    html = render_template("error.html", page=page, shell=shell, here=here(), lang=get_locale().language)
    return html, page.status


def _texts() -> dict[int, tuple[str, str]]:
    return {
        400: (_("This request cannot be read"), _("Go back, reload the page and try again.")),
        401: (_("Please sign in"), _("This page is only for people who are signed in.")),
        403: (_("You have no grant for this"), _("Ask the security administrator if your work needs it.")),
        404: (_("There is nothing here"), _("The row may have been deleted, or is not among those you may see.")),
        405: (_("This address does not take that"), _("Use the buttons of the page.")),
        410: (_("This is no longer here"), _("It was kept for a while only.")),
        413: (_("This is too large"), _("At most %(most)s MB can be sent at once.",
                                         most=current_app.extensions["files"].most)),
        500: (_("Something went wrong here"), _("It is not your fault, and nothing was stored. Please try again; "
                                                "if it happens again, tell the system administrator the time.")),
        503: (_("The database is busy"), _("Nothing was stored. Please try again in a moment.")),
        507: (_("There is no room left on the server"), _("Nothing was stored. Tell the system administrator, and try "
                                                          "again later.")),
    }  # fmt: skip


def _http(error: HTTPException) -> ResponseReturnValue:
    if request.path.startswith("/api/v1/"):
        return cast("Response", current_app.extensions["rest_problem"](error))
    status = error.code or 500
    if isinstance(error, InternalServerError) and error.original_exception is not None:
        current_app.logger.error("%s %s", request.method, request.path, exc_info=error.original_exception)
    if status < 400:
        return error.get_response()
    texts = _texts()
    title, text = texts.get(status, texts[400 if status < 500 else 500])
    # a page's own words come as the description that is not werkzeug's
    if error.description and error.description != type(error).description:
        text = str(error.description)
    return answer(ErrorPage(status, title, text))


def _bad_query(error: BadQuery) -> ResponseReturnValue:
    links = (Link(_("The list as it opens"), request.path, "list"),) if request.method == "GET" else ()
    allowed = error.allowed[:ALLOWED_SHOWN]
    return answer(ErrorPage(400, _("This address says something unknown"), error.text, allowed, links))


def _missing(error: Missing) -> ResponseReturnValue:
    title, text = _texts()[404]
    return answer(ErrorPage(404, title, text))


def _forbidden(error: Forbidden) -> ResponseReturnValue:
    note_refusal(db(), error.entry, f"{request.method} {request.path} ({error.verb.name if error.verb else 'ASK'})")
    return answer(ErrorPage(403, _texts()[403][0], refusal(error)))


def refusal(error: Forbidden) -> str:
    """What somebody has no grant for, in words."""
    verbs = {
        Verb.READ: _("see"),
        Verb.ADD: _("add"),
        Verb.EDIT: _("change"),
        Verb.DELETE: _("delete"),
        Verb.UNMASK: _("unmask"),
    }
    return str(_(
        "Your roles do not let you %(verb)s this in “%(record)s”. "
        "Ask the security administrator if your work needs it.",
        verb=verbs.get(error.verb, "") if error.verb else _("ask who can see"), record=error.entry.title,
    ))  # fmt: skip


def _crowded(error: Crowded) -> ResponseReturnValue:
    db().rollback()
    text = _("%(most)s jobs of yours wait or run. Wait until some of them are done, or stop them.", most=MOST_OPEN)
    return answer(ErrorPage(429, _("Too many jobs at once"), text, links=(Link(_("Jobs"), "/jobs/", "bell"),)))


def _database(error: OperationalError) -> ResponseReturnValue:
    current_app.logger.error("%s %s", request.method, request.path, exc_info=error)
    db().rollback()
    status = 507 if no_room(error) else 503
    return answer(ErrorPage(status, *_texts()[status]))


def _system(error: OSError) -> ResponseReturnValue:
    if not no_room(error):
        raise error
    current_app.logger.error("%s %s", request.method, request.path, exc_info=error)
    db().rollback()
    return answer(ErrorPage(507, *_texts()[507]))


def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = NOT_USED
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers["Strict-Transport-Security"] = f"max-age={A_YEAR}"
    if request.endpoint == "static" and "v" in request.args:
        # addresses of files carry their digest, so that a new release is fetched at once and an old one never again
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers["Cache-Control"] = "no-cache" if request.endpoint == "static" else "no-store"
        response.vary.add("HX-Request")
    return response
