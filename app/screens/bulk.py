"""One action on many rows: chosen, previewed with how many it reaches, then done whole or not at all."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.exceptions import BadRequest

from app.catalog import Entry, Field
from app.declare.access import Verb
from app.declare.event import Door
from app.kinds.link import HIGHEST_ID
from app.screens import forms
from app.screens.common import entry_of, head, with_query
from app.screens.edit import referred_page, rules
from app.screens.errors import answer
from app.screens.frames import render
from app.screens.lists import read_query_string
from app.screens.pages import BulkPage, Control, Link, Option
from app.store.bulk import RowsRefused, Selection, delete_rows, preview, set_field, settable
from app.store.save import Referred
from app.store.session import db
from app.store.validate import Invalid

VERBS = {"set": Verb.EDIT, "delete": Verb.DELETE}
MOST_TICKED = 1000


def route(blueprint: Blueprint) -> None:
    """Add the route of bulk actions."""
    blueprint.add_url_rule("/records/<record>/bulk", "bulk", bulk, methods=["POST"])


def bulk(record: str) -> ResponseReturnValue:
    """Preview an action on many rows, or do it."""
    verb = VERBS.get(request.form.get("verb", ""))
    if verb is None:
        raise BadRequest(_("Choose one of: %(allowed)s.", allowed="set, delete"))
    entry = entry_of(record, verb)
    db().info["door"] = Door.BULK
    selection = _selection(entry)
    if request.form.get("step") != "apply":
        return _preview(entry, selection, verb)
    return _delete(entry, selection) if verb is Verb.DELETE else _set(entry, selection)


def _selection(entry: Entry) -> Selection:
    query = read_query_string(entry, request.form.get("query", ""))
    if request.form.get("all") == "1":
        return Selection(entry, query=query)
    texts = list(dict.fromkeys(request.form.getlist("ids")))
    wrong = any(not (t.isascii() and t.isdigit() and len(t) < 11 and int(t) <= HIGHEST_ID) for t in texts)
    if not texts or wrong or len(texts) > MOST_TICKED:
        raise BadRequest(_("Select between 1 and %(most)s rows in the list first.", most=MOST_TICKED))
    return Selection(entry, ids=tuple(int(text) for text in texts))


def _back(entry: Entry) -> str:
    query = read_query_string(entry, request.form.get("query", ""))
    return with_query(url_for("records.list", record=entry.name), query.params())


def _field(entry: Entry) -> Field | None:
    name = request.form.get("field", "")
    if not name:
        return None
    found = next((item for item in settable(db(), entry) if item.name == name), None)
    if found is None:
        raise BadRequest(_("This field cannot be set on many rows."))
    return found


def _preview(
    entry: Entry, selection: Selection, verb: Verb, problem: str = "", status: int = 200
) -> ResponseReturnValue:
    item = _field(entry) if verb is Verb.EDIT else None
    seen = preview(db(), selection, verb, item)
    hidden = [("query", request.form.get("query", ""))]
    hidden += [("all", "1")] if selection.query is not None else [("ids", str(one)) for one in selection.ids]
    if item is not None:
        hidden.append(("field", item.name))
    title = _("Delete rows") if verb is Verb.DELETE else _("Change a field of many rows")
    page = BulkPage(
        page=head(entry, title, Link(title, "")),
        matched=f"{seen.selected:,}",
        allowed=seen.allowed,
        refused=seen.selected - seen.allowed,
        samples=seen.samples,
        action=url_for("records.bulk", record=entry.name),
        cancel_url=_back(entry),
        hidden=tuple(hidden),
        verb="delete" if verb is Verb.DELETE else "set",
        fields=tuple(Option(one.name, one.label) for one in settable(db(), entry)) if verb is Verb.EDIT else (),
        control=None if item is None else _control(entry, item, problem),
        problem=problem if item is None else "",
        trash=entry.trash,
    )
    return render("records/bulk.html", status, page=page)


def _control(entry: Entry, item: Field, problem: str) -> Control:
    """The chosen field's control, named as the form sends it."""
    raw = {item.name: request.form.get("value", "")}
    return forms.one_control(item, raw, {item.name: [problem]} if problem else {}, name="value")


def _set(entry: Entry, selection: Selection) -> ResponseReturnValue:
    item = _field(entry)
    if item is None:
        return _preview(entry, selection, Verb.EDIT)
    raw = request.form.get("value", "0" if item.kind.control == "checkbox" else "")
    try:
        changed = set_field(db(), selection, item, raw, rules())
    except Invalid as error:
        return _preview(entry, selection, Verb.EDIT, " ".join(t for texts in error.errors.values() for t in texts), 422)
    except RowsRefused as refused:
        lines = "；".join(f"{label}：{text}" for label, text in refused.rows)
        text = ngettext(
            "Nothing was changed: %(num)s row cannot take this value. %(lines)s",
            "Nothing was changed: %(num)s rows cannot take this value. %(lines)s", refused.total, lines=lines,
        )  # fmt: skip
        return _preview(entry, selection, Verb.EDIT, text, 422)
    flash(ngettext("%(num)s row is changed.", "%(num)s rows are changed.", changed), "success")
    return redirect(_back(entry), 303)


def _delete(entry: Entry, selection: Selection) -> ResponseReturnValue:
    try:
        deleted = delete_rows(db(), selection)
    except Referred as error:
        return answer(referred_page(error, _back(entry)))
    if entry.trash:
        text = ngettext("%(num)s row is in the trash now.", "%(num)s rows are in the trash now.", deleted)
    else:
        text = ngettext("%(num)s row is deleted.", "%(num)s rows are deleted.", deleted)
    flash(text, "success")
    return redirect(_back(entry), 303)
