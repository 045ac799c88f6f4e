"""What the OpenAPI document is put together from: references, bodies, answers, parameters."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.api import values
from app.api.problems import MEDIA, title

Part = dict[str, Any]


def ref(name: str) -> Part:
    """A schema of the document by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def answers(*statuses: int) -> Part:
    """The problem documents that a route may answer with."""
    return {
        str(status): {
            "description": title(status),
            "content": {MEDIA: {"schema": ref("Problem")}},
            **({"headers": {"WWW-Authenticate": {"schema": {"type": "string"}, "required": True}}}
               if status == 401 else {}),
            **({"headers": {"Retry-After": {"schema": {"type": "string"}, "required": True}}}
               if status == 429 else {}),
        }
        for status in statuses
    }  # fmt: skip


def sends(schema: Part) -> Part:
    """The body of a request."""
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def gives(schema: Part, **headers: str) -> Part:
    """An answer as asked; `_` in the names of headers stands for `-`."""
    found: Part = {"description": _("As asked"), "content": {"application/json": {"schema": schema}}}
    if headers:
        found["headers"] = {
            name.replace("_", "-"): {"schema": {"type": "string"}, "description": text, "required": name == "ETag"}
            for name, text in headers.items()
        }
    return found


def match() -> Part:
    """The header that says which version is meant."""
    return {
        "name": "If-Match", "in": "header", "required": True, "example": '"1"',
        "schema": {"type": "string", "pattern": '^(\\*|"[0-9]{1,9}")$'},
        "description": _("The version you have seen (the ETag); * for whatever it is."),
    }  # fmt: skip


ONE = [{"name": "id", "in": "path", "required": True, "schema": values.ID}]


def query(name: str, schema: Part, text: str) -> Part:
    """A parameter of an address."""
    return {"name": name, "in": "query", "schema": schema} | ({"description": text} if text else {})
