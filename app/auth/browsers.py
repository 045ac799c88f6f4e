"""Browsers that somebody has signed in with before: known by a cookie, wherever they are (OWASP: device cookie).

The cookie is 256 random bits and tells nothing. For whom it is known, the database keeps beside the tries.
"""

from __future__ import annotations

import re
import secrets

from flask import Response, after_this_request, current_app, request

from app.store.attempts import KNOWN

NAME = "rainbow-browser"
FORM = re.compile(r"[\w-]{43}", re.ASCII)


def here() -> str:
    """What the browser of this request is known by; empty if it shows nothing, and for programs."""
    found = "" if request.blueprint == "rest" else request.cookies.get(_name(), "")
    return found if FORM.fullmatch(found) else ""


def remember() -> str:
    """What this browser is known by from now on; empty for programs, which keep no cookies."""
    if request.blueprint == "rest":
        return ""
    found = here() or secrets.token_urlsafe(32)
    after_this_request(lambda response: _give(response, found))
    return found


def _give(response: Response, found: str) -> Response:
    secure = current_app.config["SESSION_COOKIE_SECURE"] or request.is_secure
    response.set_cookie(_name(), found, max_age=KNOWN, secure=secure, httponly=True, samesite="Lax")
    return response


def _name() -> str:
    # browsers take a cookie of such a name from this host alone, and by TLS alone
    return f"__Host-{NAME}" if current_app.config["SESSION_COOKIE_SECURE"] else NAME
