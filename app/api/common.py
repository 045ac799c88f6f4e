"""What every route of REST begins and ends with: who asks, which record, which row; the answer as JSON."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, current_app, request
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.access import Forbidden, Person, may
from app.auth.passwords import hash_password, refuse
from app.catalog import Entry, current
from app.declare.access import Verb
from app.kinds.link import HIGHEST_ID
from app.store.query import BadQuery
from app.store.save import Missing, Rules, make_rules
from app.store.session import actor_of, db

UTC = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
"""Moments are sent as those of UTC, `2004-06-30T01:30:00Z`."""


def me() -> Person:
    """Who asks."""
    actor = actor_of(db())
    if not isinstance(actor, Person):
        raise TypeError("behind the gate there is always a person")
    return actor


def rules() -> Rules:
    """The rules of writing in this console."""
    return make_rules(current_app.config["CEILING"], hash_password, refuse)


def entry_of(record: str, verb: Verb) -> Entry:
    """The record of an address; raises NotFound, or Forbidden for whom no grant lets do this to any of its rows."""
    entry = current().get(record)
    if entry is None:
        raise NotFound(_("There is no record of this name."))
    if not may(me(), entry, verb):
        raise Forbidden(entry, verb)
    return entry


def id_of(entry: Entry, text: str) -> int:
    """The id in an address; one that no row can have leads nowhere."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 11 else 0
    if not 1 <= number <= HIGHEST_ID:
        raise Missing(entry.name, text[:20])
    return number


def know_nothing() -> None:
    """Refuse any parameter: this address takes none."""
    for name in request.args:
        raise BadQuery(name, _("This page takes no “%(name)s”.", name=name[:100]), (_("no parameter at all"),))


def conditional(answer: Response) -> Response:
    """The answer, or that it has not changed since the caller saw it, or that it has; `If-Match: *` is met by any."""
    asked = dict(request.environ)
    if asked.get("HTTP_IF_MATCH", "").strip() == "*":
        del asked["HTTP_IF_MATCH"]
    answer.make_conditional(asked)
    return answer


def as_json(data: Any, status: int = 200, **headers: str) -> Response:
    """An answer; `_` in the names of headers stands for `-`."""
    answer = Response(orjson.dumps(data, option=UTC), status, mimetype="application/json")
    answer.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return answer
