"""One's personal access tokens: what each may do at most, until when, when last used; made, shown once, revoked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.access import may
from app.auth import login
from app.auth.limits import TooMany
from app.auth.second_factor import has_factor
from app.auth.second_step import WrongCode
from app.auth.tokens import DAYS, MOST, SCOPED, make_personal, read_scopes, revoke, tokens_of
from app.catalog import current
from app.declare.access import Verb
from app.kinds.value import MomentKind
from app.screens.common import know_args
from app.screens.frames import Drawn, render
from app.screens.pages import Link, Page
from app.screens.shell import fragment, me, readable_entries
from app.store.session import db

MOMENT: Any = MomentKind()
NAME_LENGTH = 64


@dataclass(frozen=True)
class Scope:
    """A record of the form: for each verb its name, whether it can be had, and whether it is ticked."""

    record: str
    label: str
    verbs: tuple[tuple[str, str, bool, bool], ...]


@dataclass(frozen=True)
class TokenLine:
    """A token that is there."""

    name: str
    hint: str
    scopes: str
    made: str
    expires: str
    used: str
    expired: bool
    revoke_url: str


@dataclass(frozen=True)
class TokensPage:
    """The page: the tokens, the form for a new one, and once the text of the token just made.

    `coded` says that a code of the second factor is asked for.
    """

    page: Page
    tokens: tuple[TokenLine, ...]
    scopes: tuple[Scope, ...]
    verbs: tuple[str, ...]
    days: tuple[int, ...]
    name: str = ""
    chosen: int = 90
    made: str = ""
    error: str = ""
    coded: bool = False


def route(blueprint: Blueprint) -> None:
    """Add the routes of access tokens."""
    blueprint.add_url_rule("/tokens/", "tokens", tokens, methods=["GET", "POST"])
    blueprint.add_url_rule("/tokens/<id:token_id>/revoke", "revoke_token", revoke_token, methods=["POST"])
    blueprint.add_url_rule("/api/docs", "api_docs", api_docs)


def api_docs() -> ResponseReturnValue:
    """The description of REST to read and try, drawn from the OpenAPI document."""
    know_args()
    return fragment("api_docs.html")


def tokens() -> ResponseReturnValue:
    """The page of one's tokens; a new one is shown in the answer to making it and never again."""
    know_args()
    if request.method == "GET":
        return _show()
    name = " ".join(request.form.get("name", "").replace("\x00", "").split())
    days = request.form.get("days", "")
    scopes = _asked()
    if not name or len(name) > NAME_LENGTH:
        return _show(error=_("Give the token a name of at most %(limit)s characters.", limit=NAME_LENGTH), name=name)
    if days not in map(str, DAYS):
        return _show(error=_("Choose how long the token holds."), name=name)
    if not scopes:
        return _show(error=_("Tick at least one thing that the token may do."), name=name)
    if len(tokens_of(db(), me())) >= MOST:
        return _show(error=_("You have %(most)s tokens already. Revoke one first.", most=MOST), name=name)
    try:
        # a token outlasts the session: whoever finds one open makes none
        login.prove_fully(me(), request.form.get("password", ""), request.form.get("code", "").strip())
    except (login.Refused, login.Unavailable, WrongCode) as refused:
        return _show(error=str(refused), name=name)
    except TooMany as many:
        text = _("Too many wrong tries. Try again in %(wait)s seconds.", wait=many.wait)
        return *_show(error=text, name=name, status=429), {"Retry-After": str(many.wait)}
    return _show(made=make_personal(db(), me(), name, scopes, int(days)), status=201)


def _asked() -> dict[str, list[str]]:
    """The ticked scopes, of those the person holds."""
    found: dict[str, list[str]] = {}
    for entry in readable_entries(current(), me()):
        names = [v for v in _names() if request.form.get(f"{entry.name}:{v}") and may(me(), entry, Verb[v.upper()])]
        if names:
            found[entry.name] = names
    return found


def _names() -> list[str]:
    return [str(verb.name).lower() for verb in SCOPED]


def _verb_labels() -> dict[Verb, str]:
    return {
        Verb.READ: _("See it"), Verb.ADD: _("Add"), Verb.EDIT: _("Change it"), Verb.DELETE: _("Delete it"),
    }  # fmt: skip


def _show(error: str = "", name: str = "", made: str = "", status: int = 0) -> Drawn:
    labels = _verb_labels()
    scopes = tuple(
        Scope(
            entry.name,
            entry.title,
            tuple(
                (word, labels[verb], may(me(), entry, verb), bool(error) and f"{entry.name}:{word}" in request.form)
                for verb, word in zip(SCOPED, _names(), strict=True)
            ),
        )
        for entry in readable_entries(current(), me())
    )
    days = request.form.get("days", "")
    page = TokensPage(
        page=Page(_("Access tokens"), (Link(_("Access tokens"), ""),), icon="key"),
        tokens=tuple(
            token_line(token, url_for("records.revoke_token", token_id=token.id)) for token in tokens_of(db(), me())
        ),
        scopes=scopes,
        verbs=tuple(labels[verb] for verb in SCOPED),
        days=DAYS,
        name=name,
        chosen=int(days) if days in map(str, DAYS) else 90,
        made=made,
        error=error,
        coded=has_factor(db(), me().id),
    )
    return render("tokens.html", status or (422 if error else 200), page=page)


def token_line(token: Any, revoke_url: str) -> TokenLine:
    """A stored token in words."""
    labels = _verb_labels()
    parts = []
    for record, verbs in read_scopes(token.scopes).items():
        entry = current().get(record)
        words = "、".join(labels[verb] for verb in SCOPED if verb in verbs)
        parts.append(f"{entry.title if entry else record}（{words}）")
    return TokenLine(
        name=token.name,
        hint=f"{token.hint}…",
        scopes="；".join(parts),
        made=MOMENT.show(None, token.made_at).text,
        expires=MOMENT.show(None, token.expires_at).text,
        used=_("never") if token.used_at is None else MOMENT.show(None, token.used_at).text,
        expired=token.expires_at <= datetime.now(UTC),
        revoke_url=revoke_url,
    )


def revoke_token(token_id: int) -> ResponseReturnValue:
    """End a token of one's own at once."""
    if not revoke(db(), me(), token_id):
        raise NotFound(_("There is no such token of yours."))
    flash(_("The token is revoked."), "success")
    return redirect(url_for("records.tokens"), 303)
