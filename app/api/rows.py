"""The routes of every record: list, row, add, change and delete, one row or many at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, current_app, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.access import editable
from app.api import body, values
from app.api.common import as_json, conditional, entry_of, id_of, know_nothing, me, rules
from app.api.problems import BadBody
from app.catalog import Entry
from app.declare.access import Verb
from app.kinds.link import HIGHEST_ID
from app.store.batch import MOST, BatchRefused, Change, Fault, insert_all, update_all
from app.store.exact import count_within
from app.store.filter_use import noting
from app.store.page import CAP, Counted, count, fetch_page, fetch_row, fetch_rows
from app.store.query import BadQuery, Query, read_query
from app.store.save import Missing, delete, insert, update
from app.store.session import db
from app.store.validate import Invalid

MOST_ROWS = 500
TEXTS = {"q": 100, "order": 100, "count": 10, "cols": 2000, "after": 2000}
"""How long the texts of a list's address may be."""
NOT_HERE = ("before", "last", "view")


def route(blueprint: Blueprint) -> None:
    """Add the routes."""
    rows, one = "/<record>/", "/<record>/<digits:pk>"
    blueprint.add_url_rule(rows, "list", show_list, methods=["GET"])
    blueprint.add_url_rule(rows, "add", add, methods=["POST"])
    blueprint.add_url_rule(rows, "change_many", change_many, methods=["PATCH"])
    blueprint.add_url_rule(one, "show", show, methods=["GET"])
    blueprint.add_url_rule(one, "change", change, methods=["PATCH"])
    blueprint.add_url_rule(one, "delete", remove, methods=["DELETE"])


def show_list(record: str) -> Response:
    """One page of rows, and the cursor of the next."""
    entry = entry_of(record, Verb.READ)
    for name in NOT_HERE:
        if name in request.args:
            raise BadQuery(name, _("There is no filter “%(name)s”.", name=name))
    for name, most in TEXTS.items():
        text = request.args.get(name)
        if (text is not None and not (name == "q" or text)) or len(text or "") > most:
            value = (text or "")[:20]
            raise BadQuery(name, _("“%(value)s” is no value of “%(name)s”.", value=value, name=name))
    query = read_query(entry, MultiDict(request.args.items(multi=True)), me(), most=MOST_ROWS)
    if query.columns is None:
        query = replace(query, columns=values.visible(entry))
    with noting(query):
        found = fetch_page(db(), query)
    asked = request.args.get("count")
    counted = None if asked is None else _count(query, asked)
    return as_json({
        "result": values.rows(entry, found.rows),
        "next": found.after or None,
        "count": None if counted is None else counted.number,
        "count_is": None if counted is None else "exact" if counted.exact else "capped",
    })  # fmt: skip


def _count(query: Query, asked: str) -> Counted:
    """The rows counted to the end if that is asked for and quick, else to the cap."""
    number = count_within(db(), query, current_app.config["COUNT_SECONDS"]) if asked == "exact" else None
    return count(db(), query, CAP) if number is None else Counted(number, True)


def show(record: str, pk: str) -> Response:
    """One row, with its version as ETag."""
    entry = entry_of(record, Verb.READ)
    know_nothing()
    number = id_of(entry, pk)
    answer = _row(entry, number)
    if answer is None:
        raise Missing(entry.name, number)
    return conditional(answer)


def _row(entry: Entry, pk: int, status: int = 200, **headers: str) -> Response | None:
    row = fetch_row(db(), entry, pk)
    if row is None:
        return None
    return as_json(values.row(entry, row), status, ETag=f'"{row["version"]}"', **headers)


def add(record: str) -> Response:
    """Store a new row, or a list of them: all or none."""
    entry = entry_of(record, Verb.ADD)
    know_nothing()
    once, fingerprint = body.read_key(me())
    sent = body.read_json()
    names = editable(me(), entry, new=True)
    if isinstance(sent, list):
        raws = _take_all(entry, body.as_rows(sent, MOST), names)
        ids, repeated = insert_all(db(), entry, raws, rules(), once, fingerprint)
        return _stored(entry, ids, 201, repeated)
    raw, errors = values.take(entry, body.as_object(sent), names)
    if errors:
        raise Invalid(errors)
    saved = insert(db(), entry, raw, rules(), once, fingerprint)
    headers = {"Location": url_for("rest.show", record=entry.name, pk=saved.id)} | _replayed(saved.repeated)
    # what one may add and not read is answered by its number alone
    return _row(entry, saved.id, 201, **headers) or as_json({"id": saved.id, "version": saved.version}, 201, **headers)


def _replayed(repeated: bool) -> dict[str, str]:
    return {"Idempotency-Replayed": "true"} if repeated else {}


def _take_all(entry: Entry, sent: list[dict[str, Any]], names: frozenset[str]) -> list[dict[str, Any]]:
    taken = [values.take(entry, item, names) for item in sent]
    faults = [Fault(index, 422, errors) for index, (_raw, errors) in enumerate(taken) if errors]
    if faults:
        raise BatchRefused(faults)
    return [raw for raw, _errors in taken]


def _stored(entry: Entry, ids: list[int], status: int, repeated: bool = False) -> Response:
    rows = {row["id"]: row for row in values.rows(entry, fetch_rows(db(), entry, ids))}
    return as_json({"result": [rows.get(one, {"id": one}) for one in ids]}, status, **_replayed(repeated))


def change(record: str, pk: str) -> Response:
    """Change the fields sent of a row that stands at the version of If-Match."""
    entry = entry_of(record, Verb.EDIT)
    know_nothing()
    version = body.read_version()
    raw, errors = values.take(entry, body.as_object(body.read_json()), editable(me(), entry, new=False))
    if errors:
        raise Invalid(errors)
    saved = update(db(), entry, id_of(entry, pk), raw, rules(), version)
    return _row(entry, saved.id) or as_json({"id": saved.id, "version": saved.version})


def change_many(record: str) -> Response:
    """Change rows, each `{"id", "version", fields…}`: all or none."""
    entry = entry_of(record, Verb.EDIT)
    know_nothing()
    sent = body.read_json()
    rows = body.as_rows(sent if isinstance(sent, list) else [], MOST)
    names = editable(me(), entry, new=False)
    ids, faults, changes = set(), [], []
    for index, item in enumerate(rows):
        errors = {n: [fault] for n in ("id", "version") if (fault := values.wrong(values.ID, item.get(n)))}
        if not errors and item["id"] in ids:
            errors = {"id": [_("Each may stand here once.")]}
        raw, more = values.take(entry, {n: v for n, v in item.items() if n not in ("id", "version")}, names)
        if errors | more:
            faults.append(Fault(index, 422, errors | more))
            continue
        ids.add(item["id"])
        changes.append(Change(_number(item["id"]), _number(item["version"]), raw))
    if faults:
        raise BatchRefused(faults)
    return _stored(entry, [saved.id for saved in update_all(db(), entry, changes, rules())], 200)


def _number(value: Any) -> int:
    number = int(value)
    if number not in range(1, HIGHEST_ID + 1):
        raise BadBody(422, "not-rows", _("Choose a row from the list."))
    return number


def remove(record: str, pk: str) -> Response:
    """Delete a row that stands at the version of If-Match."""
    entry = entry_of(record, Verb.DELETE)
    know_nothing()
    delete(db(), entry, id_of(entry, pk), body.read_version())
    return Response(status=204)
