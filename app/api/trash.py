"""The trash of a record over REST: who could delete its rows lists, restores, or deletes them for good."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.api import body, values
from app.api.common import as_json, conditional, entry_of, id_of, know_nothing
from app.api.parts import ONE, Part, answers, gives, match, query, ref
from app.catalog import Entry
from app.declare.access import Verb
from app.store.page import fetch_row
from app.store.query import BadQuery
from app.store.session import db
from app.store.trash import Trashed, fetch_trash, purge, read_place, restore, trashed_row, write_place

MOST_ROWS = 500
LONGEST_PLACE = 60
FEW = 50


def route(blueprint: Blueprint) -> None:
    """Add the routes."""
    rows, one = "/<record>/trash", "/<record>/trash/<digits:pk>"
    blueprint.add_url_rule(rows, "trash", show_list, methods=["GET"])
    blueprint.add_url_rule(one, "trashed", show, methods=["GET"])
    blueprint.add_url_rule(one, "purge", remove, methods=["DELETE"])
    blueprint.add_url_rule(f"{one}/restore", "restore", take_out, methods=["POST"])


def _entry(record: str) -> Entry:
    entry = entry_of(record, Verb.DELETE)
    if not entry.trash:
        raise NotFound(_("There is no trash here: what is deleted is gone."))
    return entry


def show_list(record: str) -> Response:
    """A page of the rows in the trash that the person could delete, newest first, and the cursor of the next."""
    entry = _entry(record)
    for name in request.args:
        if name not in ("limit", "after"):
            raise BadQuery(name, _("This page takes no “%(name)s”.", name=name[:100]), ("limit", "after"))
    found, more = fetch_trash(db(), entry, _limit(), read_place(_after()))
    result = [_thrown_away(entry, one) for one in found]
    return as_json({"result": result, "next": write_place(found[-1]) if more else None})


def _limit() -> int:
    text = request.args.get("limit", str(FEW))
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST_ROWS):
        raise BadQuery("limit", _("A page cannot have %(count)s rows.", count=text[:20]), (f"1–{MOST_ROWS}",))
    return int(text)


def _after() -> str:
    text = request.args.get("after")
    if text is not None and not 0 < len(text) <= LONGEST_PLACE:
        raise BadQuery("after", _("“%(value)s” is no place in the list.", value=text[:40]))
    return text or ""


def _thrown_away(entry: Entry, one: Trashed) -> dict[str, Any]:
    when = one.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return values.row(entry, one.values) | {"deleted_at": when, "deleted_by": one.by}


def show(record: str, pk: str) -> Response:
    """A row in the trash, with its version as ETag."""
    entry = _entry(record)
    know_nothing()
    row = trashed_row(db(), entry, id_of(entry, pk))
    return conditional(as_json(values.row(entry, row), ETag=f'"{row["version"]}"'))


def take_out(record: str, pk: str) -> Response:
    """Restore a row that stands in the trash at the version of If-Match."""
    entry = _entry(record)
    know_nothing()
    number = id_of(entry, pk)
    restore(db(), entry, number, body.read_version())
    row = fetch_row(db(), entry, number)
    if row is None:
        raise RuntimeError("whoever may restore a row may read it")
    return as_json(values.row(entry, row), ETag=f'"{row["version"]}"')


def remove(record: str, pk: str) -> Response:
    """Delete a row in the trash for good that stands at the version of If-Match."""
    entry = _entry(record)
    know_nothing()
    purge(db(), entry, id_of(entry, pk), body.read_version())
    return Response(status=204)


def describe(entry: Entry) -> Part:
    """The routes as the OpenAPI document has them: the rows, one of them, the way back, and the end."""
    etag = {"ETag": _("The version")}
    limit = query("limit", {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": FEW}, "")
    place = {"type": "string", "minLength": 1, "maxLength": LONGEST_PLACE}
    after = query("after", place, _("The “next” of the page before"))
    here = f"/api/v1/{entry.name}/trash"
    return {
        here: {"get": {
            "operationId": f"{entry.name}_trash_list", "summary": _("The rows in the trash, newest first"),
            "tags": [entry.name], "parameters": [limit, after],
            "responses": {"200": gives(ref(f"{entry.name}_trash")), **answers(400, 401, 403, 429, 503)},
        }},
        f"{here}/{{id}}": {
            "parameters": ONE,
            "get": {
                "operationId": f"{entry.name}_trash_show", "summary": _("One row in the trash"), "tags": [entry.name],
                "responses": {"200": gives(ref(entry.name), **etag), **answers(400, 401, 403, 404, 429, 503)},
            },
            "delete": {
                "operationId": f"{entry.name}_purge", "summary": _("Delete the row for good"), "tags": [entry.name],
                "parameters": [match()],
                "responses": {"204": {"description": _("Deleted")},
                              **answers(400, 401, 403, 404, 409, 412, 428, 429, 503, 507)},
            },
        },
        f"{here}/{{id}}/restore": {
            "parameters": ONE,
            "post": {
                "operationId": f"{entry.name}_restore", "summary": _("Take the row out of the trash as it was"),
                "tags": [entry.name], "parameters": [match()],
                "responses": {"200": gives(ref(entry.name), **etag),
                              **answers(400, 401, 403, 404, 409, 412, 422, 428, 429, 503, 507)},
            },
        },
    }  # fmt: skip


def describe_page(row: Part) -> Part:
    """The schema of a page: rows that also say when they were deleted, and by whom."""
    told = {"deleted_at": {"type": "string"}, "deleted_by": {"type": "string"}}
    return {
        "type": "object", "required": ["result", "next"], "additionalProperties": False,
        "properties": {
            "result": {"type": "array", "items": row | {
                "required": ["id", "version", *told], "properties": row["properties"] | told,
            }},
            "next": {"type": ["string", "null"], "description": _("Send it as “after” for the next page")},
        },
    }  # fmt: skip
