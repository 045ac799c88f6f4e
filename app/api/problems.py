"""Problem documents (RFC 9457): every error of REST in words, with the fields and rows at fault."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, json, request
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError

from app.access import Forbidden
from app.auth.limits import TooMany
from app.declare.access import Verb
from app.store.batch import BatchRefused
from app.store.events import note_refusal
from app.store.failures import no_room
from app.store.query import BadQuery
from app.store.save import KeyReused, Missing, Referred, Stale
from app.store.session import db
from app.store.validate import Invalid, Taken

MEDIA = "application/problem+json"


def problem(status: int, name: str, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """An answer that says what is wrong; `name` is for programs, `detail` for people."""
    body = {"type": f"urn:rainbow:problem:{name}", "title": title(status), "status": status, "detail": detail, **more}
    answer = Response(json.dumps(body, ensure_ascii=False), status, mimetype=MEDIA)
    answer.headers.update(headers or {})
    return answer


def title(status: int) -> str:
    """What a status means, in words."""
    texts = {
        400: _("This request cannot be read"),
        401: _("Please sign in"),
        403: _("You have no grant for this"),
        404: _("There is nothing here"),
        405: _("This address does not take that"),
        409: _("This does not go with what is stored"),
        412: _("Somebody saved this row meanwhile"),
        413: _("This is too large"),
        415: _("This is not JSON"),
        422: _("These values cannot be stored"),
        428: _("Say which version you change"),
        429: _("Too many requests"),
        503: _("The database is busy"),
        507: _("There is no room left on the server"),
    }
    return str(texts.get(status) or (texts[400] if status < 500 else _("Something went wrong here")))


class BadBody(ValueError):
    """A body that is not what the address takes; `status` 400, 415, 422 or 428."""

    def __init__(self, status: int, name: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.name = name


def of(error: Exception) -> Response:
    """The problem document of any error."""
    answer = _of_store(error) or _of_request(error)
    if answer is None:
        status = error.code or 500 if isinstance(error, HTTPException) else 500
        text = str(error.description or "") if isinstance(error, HTTPException) and status != 500 else ""
        own = isinstance(error, HTTPException) and error.description != type(error).description
        answer = problem(status, "http", text if own else title(status))
        if isinstance(error, HTTPException):
            kept = {n: v for n, v in error.get_headers() if n.lower() not in ("content-type", "content-length")}
            answer.headers.update(kept)
    return answer


def _of_store(error: Exception) -> Response | None:
    if isinstance(error, (Taken, Invalid)):
        status, name = (409, "duplicate") if isinstance(error, Taken) else (422, "invalid")
        return problem(status, name, title(status), errors=error.errors)
    if isinstance(error, BatchRefused):
        rows = [{"index": one.index, "status": one.status, "errors": one.errors} for one in error.faults]
        return problem(422, "rows-refused", _("Nothing was stored: some rows cannot be."), rows=rows)
    if isinstance(error, Stale):
        now = error.now["version"]
        text = _("Somebody saved this row meanwhile; it stands at version %(version)s.", version=now)
        return problem(412, "stale", text, {"ETag": f'"{now}"'}, version=now)
    if isinstance(error, Missing):
        return problem(404, "missing", _("The row may have been deleted, or is not among those you may see."))
    if isinstance(error, Forbidden):
        note_refusal(db(), error.entry, f"{request.method} {request.path} ({error.verb.name if error.verb else 'ASK'})")
        verb = {Verb.READ: "read", Verb.ADD: "add", Verb.EDIT: "edit", Verb.DELETE: "delete"}.get(
            error.verb or Verb(0), ""
        )
        text = _("Neither your roles nor this token let you %(verb)s “%(record)s”.", verb=verb, record=error.entry.name)
        return problem(403, "forbidden", text)
    if isinstance(error, Referred):
        by = [{"record": one.field.entry.name, "field": one.field.name, "id": one.id, "label": one.label,
               "trashed": one.trashed} for one in error.by]  # fmt: skip
        text = _("Other rows refer to it. Delete those first, or let them refer to another row.")
        return problem(409, "referred", text, referred_by=by, more=error.more)
    if isinstance(error, KeyReused):
        return problem(422, "key-reused", _("Something else was sent under this Idempotency-Key. Choose another key."))
    return None


def _of_request(error: Exception) -> Response | None:
    if isinstance(error, BadQuery):
        return problem(400, "bad-query", error.text, parameter=error.name, allowed=list(error.allowed))
    if isinstance(error, BadBody):
        return problem(error.status, error.name, str(error))
    if isinstance(error, TooMany):
        text = _("Try again in %(wait)s seconds.", wait=error.wait)
        return problem(429, "too-many", text, {"Retry-After": str(error.wait)})
    if no_room(error):
        current_app.logger.error("%s %s", request.method, request.path, exc_info=error)
        return problem(507, "no-room", _("Nothing was stored. Tell the system administrator, and try again later."))
    if isinstance(error, OperationalError):
        current_app.logger.error("%s %s", request.method, request.path, exc_info=error)
        return problem(503, "busy", _("Nothing was stored. Please try again in a moment."))
    if isinstance(error, InternalServerError):
        if error.original_exception is not None:
            current_app.logger.error("%s %s", request.method, request.path, exc_info=error.original_exception)
        return problem(500, "fault", _("It is not your fault, and nothing was stored. Please try again; "
                                       "if it happens again, tell the system administrator the time."))  # fmt: skip
    return None


KNOWN = (HTTPException, Invalid, BatchRefused, Stale, Missing, Forbidden, Referred, KeyReused, BadQuery, BadBody,
         TooMany, OperationalError)  # fmt: skip


def answer(error: Exception) -> Response:
    """Answer an error of a REST address; whatever was in the transaction is left out."""
    found = of(error)
    db().rollback()
    return found


def install(app: Flask) -> None:
    """Let errors of addresses that lead nowhere below /api/ be answered in the same form."""
    app.extensions["rest_problem"] = answer
