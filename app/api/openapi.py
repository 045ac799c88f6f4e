"""The OpenAPI 3.1 document: every record that a person may read, its fields, filters, errors and examples."""

from __future__ import annotations

from flask_babel import gettext as _

from app.access import Person, editable, may, readable
from app.api import trash, values
from app.api.body import KEY
from app.api.parts import ONE, Part, answers, gives, match, query, ref, sends
from app.api.rows import MOST_ROWS, TEXTS
from app.catalog import Catalog, Entry, Field
from app.declare.access import Verb
from app.store.batch import MOST
from app.store.query import MAX_VALUES, MOST_CONTAINED

VERSION = "1.0.0"
RANGE = ("gte", "lte")


def describe(catalog: Catalog, person: Person) -> Part:
    """The document for a person."""
    entries = [entry for entry in catalog if may(person, entry, Verb.READ)]
    paths: Part = {"/api/v1/security/login": {"post": _login()}}
    schemas: Part = {"Problem": _problem()}
    for entry in entries:
        paths[f"/api/v1/{entry.name}/"] = _rows(entry, person)
        paths[f"/api/v1/{entry.name}/{{id}}"] = _row(entry, person)
        schemas |= _schemas(entry, person)
        if entry.trash and may(person, entry, Verb.DELETE):
            paths |= trash.describe(entry)
            schemas[f"{entry.name}_trash"] = trash.describe_page(schemas[entry.name])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": _("Rainbow Net console"), "version": VERSION,
            "description": _("Every record that your roles let you read, as JSON. Errors are problem documents."),
        },
        "security": [{"bearer": []}],
        "tags": [{"name": entry.name, "description": entry.title} for entry in entries],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {
                "type": "http", "scheme": "bearer",
                "description": _("A personal access token, or the one that /api/v1/security/login gives."),
            }},
        },
    }  # fmt: skip


def _problem() -> Part:
    errors = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
            "detail": {"type": "string"}, "errors": errors, "version": {"type": "integer"},
            "parameter": {"type": "string"}, "allowed": {"type": "array", "items": {"type": "string"}},
            "rows": {"type": "array", "items": {
                "type": "object", "required": ["index", "status", "errors"],
                "properties": {"index": {"type": "integer"}, "status": {"type": "integer"}, "errors": errors},
            }},
            "referred_by": {"type": "array", "items": {
                "type": "object", "required": ["record", "field", "id", "label", "trashed"],
                "properties": {"record": {"type": "string"}, "field": {"type": "string"}, "id": {"type": "integer"},
                               "label": {"type": "string"}, "trashed": {"type": "boolean"}},
            }},
            "more": {"type": "boolean"},
        },
        "description": _("RFC 9457: what is wrong, in words; errors by field, of many rows by their index."),
    }  # fmt: skip


def _login() -> Part:
    return {
        "operationId": "sign_in", "summary": _("Sign in"), "tags": ["security"], "security": [],
        "requestBody": sends({
            "type": "object", "required": ["username", "password"], "additionalProperties": False,
            "properties": {
                "username": {"type": "string"}, "password": {"type": "string", "format": "password"},
                "code": {"type": "string", "description": _("Of the second factor, if the account has one")},
            },
        }),
        "responses": {"200": gives({
            "type": "object", "required": ["access_token", "token_type", "expires_in"],
            "properties": {"access_token": {"type": "string"}, "token_type": {"const": "Bearer"},
                           "expires_in": {"type": "integer", "description": _("Seconds")}},
        }), **answers(400, 401, 413, 415, 422, 429, 503, 507)},
    }  # fmt: skip


def _schemas(entry: Entry, person: Person) -> Part:
    """The schemas of a record: a row as sent, a new one and a change as taken, a page."""
    shown = values.visible(entry)
    fixed = {"id": {"type": "integer"}, "version": {"type": "integer"}}
    row = {
        "type": "object", "title": entry.singular, "required": ["id"], "additionalProperties": False,
        "properties": fixed | {item.name: values.describe(item, sent=True) for item in shown},
    }  # fmt: skip
    new = [entry.fields[name] for name in entry.fields if name in _names(entry, person, new=True)]
    edited = [entry.fields[name] for name in entry.fields if name in _names(entry, person, new=False)]
    needed = [item.name for item in new if item.required and item.spec.default is None]
    added = _input(new) | ({"required": needed} if needed else {})
    changed = _input(edited)
    many = _input(edited)
    many["properties"] = {"id": values.ID, "version": values.ID} | many["properties"]
    many["required"] = ["id", "version"]
    page = {
        "type": "object", "required": ["result", "next", "count", "count_is"], "additionalProperties": False,
        "properties": {
            "result": {"type": "array", "items": ref(entry.name)},
            "next": {"type": ["string", "null"], "description": _("Send it as “after” for the next page")},
            "count": {"type": ["integer", "null"]},
            "count_is": {"enum": ["exact", "capped", None], "description": _("Capped: there are more than “count”")},
        },
    }  # fmt: skip
    return {
        entry.name: row,
        f"{entry.name}_new": added | {"example": {item.name: values.example(item) for item in new if item.required}},
        f"{entry.name}_change": changed,
        f"{entry.name}_change_many": many,
        f"{entry.name}_page": page,
    }


def _names(entry: Entry, person: Person, *, new: bool) -> frozenset[str]:
    """The fields a person may send; where they may send none, those that others may."""
    found = editable(person, entry, new=new)
    return found or frozenset(name for name, item in entry.fields.items() if item.typed and (new or not item.fixed))


def _input(fields: list[Field]) -> Part:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {item.name: values.describe(item, sent=False) for item in fields},
    }


def _rows(entry: Entry, person: Person) -> Part:
    once = {
        "name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "pattern": KEY},
        "description": _("What is sent again under the same key within a day is not stored again."),
    }  # fmt: skip
    many = {"type": "array", "minItems": 1, "maxItems": MOST}
    stored: Part = {"type": "object", "required": ["result"],
                    "properties": {"result": {"type": "array", "items": ref(entry.name)}}}  # fmt: skip
    return {
        "get": {
            "operationId": f"{entry.name}_list", "summary": _("List: %(record)s", record=entry.title),
            "tags": [entry.name], "parameters": _parameters(entry, person),
            "responses": {"200": gives(ref(f"{entry.name}_page")), **answers(400, 401, 403, 429, 503),
                          "414": {"description": _("The address is too long"), "content": {"text/html": {}}}},
        },
        "post": {
            "operationId": f"{entry.name}_add", "summary": _("Add one row, or up to %(most)s: all or none", most=MOST),
            "tags": [entry.name], "parameters": [once], "x-granted": may(person, entry, Verb.ADD),
            "requestBody": sends({"oneOf": [ref(f"{entry.name}_new"),
                                             many | {"items": ref(f"{entry.name}_new")}]}),
            "responses": {
                "201": gives({"anyOf": [ref(entry.name), stored]}, Location=_("The new row"),
                              Idempotency_Replayed=_("Stored by an earlier request")),
                **answers(400, 401, 403, 409, 413, 415, 422, 429, 503, 507),
            },
        },
        "patch": {
            "operationId": f"{entry.name}_change_many",
            "summary": _("Change up to %(most)s rows: all or none", most=MOST), "tags": [entry.name],
            "x-granted": may(person, entry, Verb.EDIT),
            "requestBody": sends(many | {"items": ref(f"{entry.name}_change_many")}),
            "responses": {"200": gives(stored), **answers(400, 401, 403, 409, 413, 415, 422, 429, 503, 507)},
        },
    }  # fmt: skip


def _row(entry: Entry, person: Person) -> Part:
    version, etag = match(), {"ETag": _("The version")}
    return {
        "parameters": ONE,
        "get": {
            "operationId": f"{entry.name}_show", "summary": _("One row"), "tags": [entry.name],
            "responses": {"200": gives(ref(entry.name), **etag), **answers(400, 401, 403, 404, 429, 503)},
        },
        "patch": {
            "operationId": f"{entry.name}_change", "summary": _("Change the fields sent"), "tags": [entry.name],
            "parameters": [version], "x-granted": may(person, entry, Verb.EDIT),
            "requestBody": sends(ref(f"{entry.name}_change")),
            "responses": {"200": gives(ref(entry.name)),
                          **answers(400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 503, 507)},
        },
        "delete": {
            "operationId": f"{entry.name}_delete", "tags": [entry.name],
            "summary": _("Put the row into the trash") if entry.trash else _("Delete the row"),
            "parameters": [version], "x-granted": may(person, entry, Verb.DELETE),
            "responses": {"204": {"description": _("Deleted")},
                          **answers(400, 401, 403, 404, 409, 412, 428, 429, 503, 507)},
        },
    }  # fmt: skip


def _parameters(entry: Entry, person: Person) -> list[Part]:
    """Search, order, size, place, count and every filter of a list."""
    orders = [n for i in entry.fields.values() if i.sortable and readable(person, i) for n in (i.name, f"-{i.name}")]
    found = [
        query("q", {"type": "string", "maxLength": TEXTS["q"]}, _("Rows that have every word in a searched field")),
        query("order", {"type": "string", "enum": orders}, _("A field; with - from the last to the first")),
        query("limit", {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": 50}, ""),
        query(
            "after", {"type": "string", "minLength": 1, "maxLength": TEXTS["after"]}, _("The “next” of the page before")
        ),
        query(
            "count",
            {"type": "string", "enum": ["exact", "capped"]},
            _("Count the rows to 10,000; if that is quick, to the end"),
        ),
        query(
            "cols",
            {"type": "string", "minLength": 1, "maxLength": TEXTS["cols"]},
            _("Names of fields, with commas between them"),
        ),
    ]
    for item in entry.filtered:
        if readable(person, item):
            found += [_filter(item, op) for op in item.kind.operators]
    return found


def _filter(item: Field, op: str) -> Part:
    name = f"{item.name}__{op}" if op else item.name
    if op == "empty":
        return query(name, {"type": "string", "enum": ["0", "1"]}, "")
    if op == "contains":
        return query(name, {"type": "string", "maxLength": MOST_CONTAINED}, "")
    schema = values.describe(item, sent=False)
    schema = schema.get("items", schema)
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    plain = {"type": next(one for one in types if one != "null")}
    if "enum" in schema:
        plain["enum"] = [one for one in schema["enum"] if one is not None]
    plain |= {bound: schema[bound] for bound in ("minimum", "maximum", "maxLength", "pattern") if bound in schema}
    if item.kind.input == "date":
        plain = {"type": "string", "format": "date"}
    if op in RANGE:
        return query(name, plain, "")
    return query(name, {"type": "array", "items": plain, "minItems": 1, "maxItems": MAX_VALUES}, _("Any of these"))
