"""What a request carries: a JSON body, the version it means, its idempotency key."""

from __future__ import annotations

import hashlib
import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from flask import request
from flask_babel import gettext as _

from app.access import Person
from app.api.problems import BadBody

LONGEST_KEY = 200
KEY = r"^[A-Za-z0-9_-]{1,200}$"


def read_json() -> Any:
    """The body; raises BadBody. Numbers with a point are Decimals, so that none loses a digit."""
    if request.mimetype != "application/json":
        raise BadBody(415, "media-type", _("Send the body as application/json."))
    try:
        return json.loads(request.get_data().decode("utf-8"), parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadBody(400, "malformed", _("The body is not JSON.")) from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def as_object(body: Any) -> dict[str, Any]:
    """The body if it is an object; raises BadBody."""
    if not isinstance(body, dict):
        raise BadBody(422, "not-an-object", _("Send an object of fields."))
    return body


def as_rows(body: list[Any], most: int) -> list[dict[str, Any]]:
    """The objects of a bulk body; raises BadBody."""
    if not 1 <= len(body) <= most or not all(isinstance(item, dict) for item in body):
        raise BadBody(422, "not-rows", _("Send a list of 1 to %(most)s objects.", most=most))
    return body


def read_version() -> int | None:
    """The version that If-Match means; None for "*", which means any. Raises BadBody."""
    text = request.headers.get("If-Match", "").strip()
    if not text:
        message = _('Send If-Match with the version you have seen, such as "3"; or * for whatever it is.')
        raise BadBody(428, "no-version", message)
    if text == "*":
        return None
    digits = text[1:-1] if len(text) > 2 and text[0] == text[-1] == '"' else text
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise BadBody(400, "bad-version", _('If-Match must be a version, such as "3", or *.'))
    return int(digits)


def read_key(person: Person) -> tuple[str, str]:
    """The idempotency key as the store keeps it, each person's own, and the digest of what came under it."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return "", ""
    if not re.fullmatch(KEY, key):
        text = _("An Idempotency-Key has at most %(most)s letters, digits, - and _.", most=LONGEST_KEY)
        raise BadBody(400, "bad-key", text)
    once = hashlib.sha256(f"{person.id}\n{key}".encode()).hexdigest()
    return once, hashlib.sha256(request.path.encode() + b"\n" + request.get_data()).hexdigest()
