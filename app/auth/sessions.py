"""Who is signed in: a session is a row that the database keeps, and browsers and programs bear its secret.

The secret is 256 random bits, of which only a digest is stored; it lies in the signed cookie or in a signed token
beside the number of its account, as "account.secret". The row decides on every request, on every node.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Request, Response, current_app, g, has_request_context, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_login import login_user, logout_user
from itsdangerous import BadSignature
from sqlalchemy.orm import Session

from app.access import Person
from app.auth.people import load_bearer
from app.catalog import Catalog, current
from app.declare.event import Door
from app.store import login_sessions
from app.store.session import db
from app.store.tables import SignedBy

POLLED = frozenset({"records.bell", "records.job_progress", "records.import_progress"})
"""What open pages ask for by themselves: it keeps no session from ending for want of use."""
SEEN_EVERY = timedelta(minutes=1)
MOST = 100
MOST_KNOWN = 5_000
"""Cookies whose signature one process remembers to have checked."""
KEY = "_user_id"
"""Where Flask-Login looks in the cookie for who is signed in."""


@dataclass(frozen=True)
class SignedIn:
    """Somebody signed in, and the number of the session by which they are."""

    person: Person
    session_id: int


class Cookies(SecureCookieSessionInterface):
    """The signed cookie; once it has come over TLS it goes by no other way.

    Its signature is checked once, and what it says remembered for as long as it holds.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[datetime, dict[str, Any]]] = {}

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        text = request.cookies.get(self.get_cookie_name(app), "")
        known = self._known.get(text)
        if known is not None and datetime.now(UTC) < known[0]:
            return self.session_class(known[1])
        serializer, life = self.get_signing_serializer(app), app.permanent_session_lifetime
        if serializer is None or not text:
            return self.session_class()
        try:
            found, signed_at = serializer.loads(text, max_age=int(life.total_seconds()), return_timestamp=True)
        except BadSignature:
            return self.session_class()
        # what could be changed in place, as messages to be told are, is read anew each time
        if all(isinstance(value, (str, bool)) for value in found.values()):
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[text] = signed_at + life, found
        return self.session_class(found)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if session and not session.modified:
            # as nothing is refreshed, all that is left of it
            if session.accessed:
                response.vary.add("Cookie")
            return
        super().save_session(app, session, response)

    def get_cookie_secure(self, app: Flask) -> bool:
        return bool(app.config["SESSION_COOKIE_SECURE"]) or (has_request_context() and request.is_secure)


def install(app: Flask, idle: timedelta, life: timedelta, *, tls: bool) -> None:
    """Give an application its sessions: they end when idle for so long, and after so long in any case."""
    app.config.update(
        SESSION_IDLE=idle,
        PERMANENT_SESSION_LIFETIME=life,
        # the row says how long a session holds: the cookie need not be written anew with each answer
        SESSION_REFRESH_EACH_REQUEST=False,
        SESSION_PROTECTION=None,
        # browsers take a cookie of such a name from this host alone, and by TLS alone
        SESSION_COOKIE_NAME="__Host-rainbow" if tls else "rainbow",
        SESSION_COOKIE_SECURE=tls,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.session_interface = Cookies()


def begin(person: Person, signed_by: SignedBy, *, remember: bool = False) -> None:
    """Sign a browser in: the session before it ends, and nothing is kept of its cookie but the language.

    `remember` keeps the cookie when the browser is closed. The caller commits.
    """
    forget()
    login_user(person)
    session[KEY] = make(
        db(), person, Door.FORM, signed_by, current_app.config["PERMANENT_SESSION_LIFETIME"]
    )  # fmt: skip
    session.permanent = remember


def forget() -> None:
    """Sign the browser out: its session ends, and of its cookie the language alone is kept. The caller commits."""
    parts = _parts(str(session.get(KEY, "")))
    if parts is not None:
        login_sessions.end_by_digest(db(), parts[1])
    language = session.get("locale")
    g.pop("signed_in", None)
    logout_user()
    session.clear()
    if language:
        session["locale"] = language


def make(store: Session, person: Person, door: Door, signed_by: SignedBy, life: timedelta) -> str:
    """Put a new session into the transaction at hand; returns what its bearer shows."""
    secret = secrets.token_urlsafe(32)
    login_sessions.add(
        store, person.id, _digest(secret), door=door, signed_by=signed_by, life=life, address=request.remote_addr,
        agent=request.user_agent.string,
    )  # fmt: skip
    return f"{person.id}.{secret}"


def find(store: Session, catalog: Catalog, text: str, door: Door) -> SignedIn | None:
    """Who bears this, if their session is not over and their account is active: one statement."""
    parts = _parts(text)
    if parts is None:
        return None
    now = datetime.now(UTC)
    found = load_bearer(
        store, catalog, *parts, door=door, now=now, idle=idle_limit(), fresh=now - SEEN_EVERY
    )  # fmt: skip
    if found is None:
        return None
    person, session_id, stale = found
    if stale and request.endpoint not in POLLED:
        # what was read until now is no part of the transaction to come
        store.rollback()
        login_sessions.see(current_app.extensions["engine"], session_id, now)
    return SignedIn(person, session_id)


def of_cookie(text: str) -> Person | None:
    """The person of what Flask-Login found in the cookie."""
    found = find(db(), current(), text, Door.FORM)
    if found is None:
        return None
    g.signed_in = found
    return found.person


def here() -> int | None:
    """The number of the session of the running request; None where there is none, as with a personal token."""
    found: SignedIn | None = g.get("signed_in")
    return None if found is None else found.session_id


def renew() -> None:
    """Give this browser's session another secret. The caller commits."""
    session_id, parts = here(), _parts(str(session.get(KEY, "")))
    if session_id is None or parts is None:
        return
    secret = secrets.token_urlsafe(32)
    login_sessions.renew(db(), session_id, _digest(secret))
    session[KEY] = f"{parts[0]}.{secret}"


def sessions_of(account_id: int) -> Sequence[Any]:
    """The rows of an account's sessions that are not over, the last used first."""
    return login_sessions.of_account(db(), account_id, idle_limit(), MOST)


def end(account_id: int, *, only: int | None = None, but: int | None = None) -> int:
    """End sessions of an account: all, `only` one, or all `but` one; answers how many. The caller commits."""
    return login_sessions.end(db(), account_id, only=only, but=but)


def idle_limit() -> timedelta:
    """How long a session may be unused."""
    found: timedelta = current_app.config["SESSION_IDLE"]
    return found


def _parts(text: str) -> tuple[int, str] | None:
    """The account and the digest of the secret."""
    account, _dot, secret = text.partition(".")
    if not (account.isascii() and account.isdigit() and len(account) < 10 and secret):
        return None
    return int(account), _digest(secret)


def _digest(secret: str) -> str:
    # 256 random bits are not guessed, so a fast digest is as safe as a slow one, and is looked up by an index
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
