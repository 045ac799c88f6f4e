"""The routes below /api/v1/, and the gate before them: bearer tokens, or the session of the console's own pages."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, g, json, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.routing import BaseConverter

from app.access import SYSTEM, Person
from app.api import body, openapi, problems, rows, trash
from app.api.common import me
from app.auth import login, second_step, tokens
from app.auth.gate import csrf
from app.auth.limits import limits
from app.catalog import current
from app.declare.event import Door
from app.store.session import WRITING, act_as, db, only_reading

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="rainbow"'}
READING = frozenset({"rest.list", "rest.show"})
"""Endpoints that only read, a few statements each."""
SAFE = ("GET", "HEAD", "OPTIONS")


class DigitsConverter(BaseConverter):
    """Any number of digits: one that no row can have is answered as a row that is not there."""

    regex = "[0-9]+"


def install(app: Flask) -> None:
    """Add REST to an application."""
    problems.install(app)
    app.url_map.converters["digits"] = DigitsConverter
    app.register_blueprint(make_blueprint(), url_prefix="/api/v1")


def make_blueprint() -> Blueprint:
    """Every route of REST."""
    blueprint = Blueprint("rest", __name__)
    blueprint.add_url_rule("/security/login", "login", sign_in, methods=["POST"])
    blueprint.add_url_rule("/openapi.json", "openapi", show_openapi, methods=["GET"])
    rows.route(blueprint)
    trash.route(blueprint)
    blueprint.before_request(_pass_gate)
    blueprint.after_request(_note_use)
    for kind in (*problems.KNOWN, Exception):
        blueprint.register_error_handler(kind, problems.answer)
    return blueprint


def _pass_gate() -> ResponseReturnValue | None:
    """Let in whoever bears a token, or has a session and, to change anything, its form token."""
    WRITING.set(request.method not in SAFE)
    if request.endpoint == "rest.login":
        return None
    if request.method == "GET" and request.endpoint in READING and "count" not in request.args:
        only_reading(db())
    kind, _space, text = request.headers.get("Authorization", "").partition(" ")
    if kind:
        act_as(db(), SYSTEM)
        bearer = tokens.bearer_of(db(), current(), text.strip()) if kind.lower() == "bearer" else None
        if bearer is None:
            return _unknown(_("The token is not valid: it has expired, was revoked, or was never given."))
        g.rest_counted_as = bearer.counted_as
        act_as(db(), bearer.person)
    elif current_user.is_authenticated:
        # the console's own page of the interface uses the session
        g.rest_counted_as = f"account {current_user.id}"
        act_as(db(), current_user._get_current_object())  # noqa: SLF001  # Flask-Login's proxy
        if request.method not in SAFE:
            try:
                csrf.protect()
            except CSRFError:
                return problems.problem(403, "form-token", _("Send the form token as X-CSRFToken, or use a token."))
    else:
        return _unknown(_("Send a token: Authorization: Bearer …"))
    limits().count_request(g.rest_counted_as)
    db().info.update(door=Door.REST, address=request.remote_addr)
    return _first(me())


def _first(person: Person) -> Response | None:
    """What somebody has to do on the console's pages before anything else."""
    if person.must_change:
        return _own_password_first()
    if person.lacks_factor:
        text = _("Your role requires a second factor. Sign in to the console's pages once to set it up.")
        return problems.problem(403, "second-factor", text)
    return None


def _own_password_first() -> Response:
    text = _("Somebody else has chosen this password. Sign in to the console and choose one of your own first.")
    return problems.problem(403, "password-given", text)


def _unknown(text: str) -> Response:
    return problems.problem(401, "unauthenticated", text, CHALLENGE)


def _note_use(response: Response) -> Response:
    counted = g.get("rest_counted_as", "")
    if counted.startswith("token "):
        act_as(db(), SYSTEM)
        tokens.note_use(db(), counted)
    return response


def sign_in() -> ResponseReturnValue:
    """Give a token for a name and a password."""
    sent = body.as_object(body.read_json())
    name, password, code = sent.get("username"), sent.get("password"), sent.get("code", "")
    unknown = set(sent) - {"username", "password", "code"}
    if not (isinstance(name, str) and isinstance(password, str) and isinstance(code, str)) or unknown:
        text = _("Send username and password as texts, for a second factor code as well, and nothing else.")
        raise problems.BadBody(422, "invalid", text)
    act_as(db(), SYSTEM)
    clean = name.encode("utf-8", "replace").decode().replace("\x00", "").strip()
    name = clean[:128]
    try:
        person = login.identify(name, password.encode("utf-8", "replace").decode()[:1024])
        second_step.check_rest(person, code)
    except login.Refused as refused:
        return _unknown(str(refused))
    except login.Unavailable as unavailable:
        return problems.problem(503, "directory", str(unavailable))
    except second_step.WrongCode as wrong:
        return problems.problem(401, "second-factor", str(wrong), CHALLENGE)
    if person.must_change:
        return _own_password_first()
    token = tokens.make_signed(db(), person, login.signed_by(name))
    login.note_sign_in(person)
    seconds = int(tokens.LIFE.total_seconds())
    return jsonify({"access_token": token, "token_type": "Bearer", "expires_in": seconds})


def show_openapi() -> Response:
    """The description of REST, as far as the asking person may use it."""
    document = openapi.describe(current(), me())
    return Response(json.dumps(document, ensure_ascii=False, sort_keys=False), mimetype="application/json")
