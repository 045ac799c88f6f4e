"""New and changed rows: the form shown, what was typed read, saved, or shown again with its errors."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, current_app, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.access import Forbidden, editable, may
from app.auth.passwords import hash_password, refuse
from app.catalog import Entry
from app.declare.access import Verb
from app.kinds.value import MomentKind
from app.screens import conflict, forms
from app.screens.common import came_from, entry_of, head, know_args, number
from app.screens.errors import answer
from app.screens.forms import Raw
from app.screens.frames import render
from app.screens.pages import Conflict, ErrorPage, FormPage, Link
from app.screens.shell import fragment, me
from app.screens.source import quote
from app.store.drafts import take_draft
from app.store.files import BadFile, FileStore, find_files
from app.store.labels import label_of, labels_for
from app.store.page import Values, fetch_reached, fetch_row
from app.store.save import Missing, Referred, Rules, Stale, delete, editable_in, insert, make_rules, update
from app.store.session import db
from app.store.validate import Errors, Invalid, warnings

FORM_ARGS = ("list", "draft", "copy", "inline", "label")


def route(blueprint: Blueprint) -> None:
    """Add the routes of forms and of deleting."""
    blueprint.add_url_rule("/records/<record>/new", "new", new, methods=["GET", "POST"])
    blueprint.add_url_rule("/records/<record>/<id:pk>/edit", "edit", edit, methods=["GET", "POST"])
    blueprint.add_url_rule("/records/<record>/<id:pk>/delete", "delete", remove, methods=["POST"])


@dataclass(frozen=True)
class Form:
    """A form about to be shown: what stands in its controls, and what the page says about it.

    `names` are the fields that one may type into, where they have been asked for.
    """

    entry: Entry
    raw: Raw
    row: Values | None = None
    errors: Errors | None = None
    version: int = 0
    seen: str = ""
    once: str = ""
    notice: str = ""
    opened: str = ""
    conflict: Conflict | None = None
    names: frozenset[str] | None = None


def rules() -> Rules:
    """The deployment's rules for a write made now."""
    return make_rules(current_app.config["CEILING"], hash_password, refuse)


def new(record: str) -> ResponseReturnValue:
    """The form for a new row; with `inline`, as a dialog that creates the row a reference needs."""
    entry = entry_of(record, Verb.ADD)
    know_args(*FORM_ARGS, *(name for name, item in entry.fields.items() if item.typed))
    came_from(entry)
    if request.method == "POST":
        return _save_new(entry)
    raw, notice = forms.defaults(entry), ""
    draft = _draft(entry)
    if request.args.get("copy"):
        raw = _copied(entry, request.args["copy"])
        notice = _("A copy: what must be unique has been left empty.")
    raw |= {name: request.args[name] for name in entry.fields if name in request.args and not entry.fields[name].many}
    if request.args.get("label"):
        raw[next((item.name for item in entry.labelled if item.relation is None), "")] = request.args["label"][:200]
    if draft is not None:
        raw, notice = raw | draft, _("What you had typed is here again. Please check it and save.")
    return _show(Form(entry, raw, once=secrets.token_urlsafe(18), notice=notice))


def _save_new(entry: Entry) -> ResponseReturnValue:
    raw, errors = _typed(entry, None)
    once = request.form.get("_once", "")[:64]
    if not errors:
        try:
            saved = insert(db(), entry, raw, rules(), once)
            return _after(entry, saved.id, saved.values)
        except Invalid as error:
            errors = error.errors
    return _show(Form(entry, raw, errors=errors, once=once or secrets.token_urlsafe(18)))


def edit(record: str, pk: int) -> ResponseReturnValue:
    """The form for a row that stands."""
    entry = entry_of(record, Verb.EDIT)
    know_args("list", "draft")
    came_from(entry)
    found = fetch_reached(db(), entry, pk, Verb.EDIT)
    if found is None:
        raise Missing(entry.name, pk)
    row, held = found
    if not held:
        raise Forbidden(entry, Verb.EDIT)
    if request.method == "POST":
        return _save(entry, pk, row)
    raw = forms.raw_of(entry, row)
    draft = _draft(entry)
    if draft is not None:
        notice = _("What you had typed is here again. Please check it and save.")
        known = number(str(draft.get("_version", "")))
        version = row["version"] if known is None else known
        return _show(Form(entry, raw | draft, row, version=version, seen=str(draft.get("_seen", "")), notice=notice))
    names = editable_in(db(), entry, pk)
    return _show(Form(entry, raw, row, version=row["version"], seen=conflict.write_memory(raw, names), names=names))


def _save(entry: Entry, pk: int, row: Values) -> ResponseReturnValue:
    raw, errors = _typed(entry, row)
    known = number(request.form.get("_version", ""))
    version = -1 if known is None else known
    seen = request.form.get("_seen", "")[: conflict.LONGEST_MEMORY]
    chosen = conflict.choices(entry)
    # where theirs was chosen nothing is typed: what stands stays, whatever the field below holds
    given = {name: text for name, text in raw.items() if not chosen.get(name)}
    if not errors:
        try:
            saved = update(db(), entry, pk, given, rules(), version)
            return _after(entry, pk, saved.values)
        except Invalid as error:
            errors = error.errors
        except Stale as stale:
            db().rollback()
            return _conflict(entry, stale.now, given, seen)
    described, opened = _again(entry, row, raw, chosen)
    return _show(Form(
        entry, forms.raw_of(entry, row) | raw, row, errors, version, seen, opened=opened, conflict=described,
    ))  # fmt: skip


def _conflict(entry: Entry, now: Values, raw: Raw, seen: str) -> ResponseReturnValue:
    """Somebody saved in between: what one did not touch takes their value, what both changed is to be chosen."""
    theirs, opened = forms.raw_of(entry, now), conflict.read_memory(entry, seen)
    merged = conflict.merge(entry, opened, theirs, raw)
    described = conflict.describe(entry, now, opened, raw, merged.differing, taken=merged.taken)
    kept = {name: opened[name] for name in merged.differing if name in opened}
    seen = conflict.write_memory(theirs, editable_in(db(), entry, now["id"]))
    return _show(Form(
        entry, theirs | merged.raw, now, version=now["version"], seen=seen,
        opened=conflict.write_memory(kept, kept), conflict=described,
    ), 409)  # fmt: skip


def _again(entry: Entry, row: Values, raw: Raw, chosen: dict[str, bool]) -> tuple[Conflict | None, str]:
    """The choices of a conflict shown again beside a fault elsewhere, and what the form remembers for them."""
    if not chosen:
        return None, ""
    opened = conflict.read_memory(entry, request.form.get("_opened", ""))
    kept = {name: opened[name] for name in chosen if name in opened}
    names = [name for name in chosen if name in raw]
    described = conflict.describe(entry, row, opened, raw, names, chosen=chosen)
    return described, conflict.write_memory(kept, kept)


def _typed(entry: Entry, before: Values | None) -> tuple[Raw, Errors]:
    """What the form sent for the fields one may type into; files are kept at once, so that an error loses none."""
    raw: Raw = {}
    errors: Errors = {}
    for name in _names(entry, before):
        item = entry.fields[name]
        if item.kind.control == "files":
            raw[name] = _kept(name, before)
            errors |= _upload(name, raw[name])
        elif item.many:
            raw[name] = [text for text in request.form.getlist(name) if text]
        elif item.kind.control == "checkbox":
            raw[name] = request.form.get(name, "0")
        elif name in request.form or before is None:
            raw[name] = request.form.get(name, "")
    return raw, errors


def _names(entry: Entry, row: Values | None) -> frozenset[str]:
    """The names of the fields that one may type into."""
    return editable(me(), entry, new=True) if row is None else editable_in(db(), entry, row["id"])


def _kept(name: str, before: Values | None) -> list[str]:
    """The files that stay: those the row has, or that the person has just put there."""
    asked = list(dict.fromkeys(request.form.getlist(f"{name}__keep")))[:50]
    had = set((before or {}).get(name) or ())
    known = find_files(db(), [one for one in asked if one not in had])
    return [one for one in asked if one in had or (one in known and known[one].account_id == me().id)]


def _upload(name: str, kept: list[str]) -> Errors:
    files: FileStore = current_app.extensions["files"]
    faults = []
    for upload in request.files.getlist(name):
        if not upload.filename:
            continue
        try:
            kept.append(files.put(db(), upload.filename, upload.stream).id)  # type: ignore[arg-type]  # a binary stream
        except BadFile as error:
            faults.append(str(error))
    db().commit()
    return {name: faults} if faults else {}


def _draft(entry: Entry) -> Raw | None:
    """What had been typed before the session ended, by the token in the address."""
    token = request.args.get("draft", "")
    typed = take_draft(db(), me(), token, request.path) if token else None
    if typed is None:
        return None
    raw: Raw = {}
    for name, value in typed:
        item = entry.fields.get(name.removesuffix("__keep"))
        if item is not None and (item.many or item.kind.control == "files"):
            raw.setdefault(item.name, []).append(value)
        elif name in entry.fields or name in ("_version", "_seen"):
            raw[name] = value
    for item in entry.fields.values():
        if item.kind.control == "checkbox":
            raw.setdefault(item.name, "0")
    return raw


def _copied(entry: Entry, text: str) -> Raw:
    """The texts of an existing row without what must be unique."""
    row_id = number(text)
    row = None if row_id is None else fetch_row(db(), entry, row_id)
    if row is None:
        raise NotFound(_("The row to copy does not exist, or you may not see it."))
    raw = forms.raw_of(entry, row)
    unique = {item.name for group in entry.uniques if len(group) == 1 for item in group}
    for name in (*unique, *(n for n, item in entry.fields.items() if item.kind.control == "files")):
        raw[name] = [] if isinstance(raw[name], list) else ""
    return raw


def _after(entry: Entry, row_id: int, values: Values) -> ResponseReturnValue:
    """Where one goes after saving: the row, the next new one, or back into the form that needed it."""
    labels = labels_for(db(), [item for item in entry.labelled if item.refers], [values])
    label = label_of(db(), entry, values, dict(labels))
    if request.args.get("inline"):
        return jsonify(value=str(row_id), label=label), 201
    flash(_("“%(label)s” is saved.", label=label), "success")
    for text in warnings(entry, values):
        flash(text, "info")
    came = request.args.get("list") or None
    if request.form.get("_then") == "new" and may(me(), entry, Verb.ADD):
        return redirect(url_for("records.new", record=entry.name, list=came), 303)
    return redirect(url_for("records.show", record=entry.name, pk=row_id, list=came), 303)


def _show(form: Form, status: int | None = None) -> ResponseReturnValue:
    entry, new_ = form.entry, form.row is None
    errors = form.errors or {}
    status = status or (422 if errors else 200)
    inline = bool(request.args.get("inline"))
    row = form.row or {"id": 0}
    names = _names(entry, form.row) if form.names is None else form.names
    known = forms.labels_of(entry.fields.values(), form.raw, form.row)
    built = forms.sections(entry, form.raw, errors, known, names, row=form.row, inline=inline)
    came = request.args.get("list", "")
    passed = {name: request.args[name] for name in ("list", "inline") if request.args.get(name)}
    if new_:
        title = _("New: %(record)s", record=entry.singular)
        trail: tuple[Link, ...] = (Link(_("New"), ""),)
        back = url_for("records.list", record=entry.name) + (f"?{came}" if came else "")
        hidden = [("_once", form.once)]
    else:
        label = label_of(db(), entry, row, known)
        back = url_for("records.show", record=entry.name, pk=row["id"], list=came or None)
        title = _("Edit: %(label)s", label=label)
        trail = (Link(label, back), Link(_("Edit"), ""))
        hidden = [("_version", str(form.version)), ("_seen", form.seen)]
        hidden += [("_opened", form.opened)] if form.conflict is not None else []
    page = FormPage(
        page=head(entry, title, *trail, list_query=came),
        sections=built,
        action=request.path + (f"?{urlencode(passed)}" if passed else ""),
        cancel_url=back,
        hidden=tuple(hidden),
        problems=forms.problems(entry, errors),
        new=new_,
        again=may(me(), entry, Verb.ADD),
        inline=inline,
        multipart=any(item.kind.control == "files" for item in entry.fields.values()),
        notice=form.notice,
        conflict=form.conflict,
        source=quote(entry, row),
        changed=changed_text(row),
    )
    if inline:
        return fragment("records/_inline_form.html", status, page=page)
    return render("records/form.html", status, page=page)


def changed_text(row: Values, what: str = "updated") -> str:
    """Who wrote the row and when, in one line."""
    when, who = row.get(f"{what}_at"), row.get(f"{what}_by")
    if when is None:
        return ""
    moment: Any = MomentKind()
    text = moment.show(None, when).text
    return f"{who} · {text}" if who else str(text)


def remove(record: str, pk: int) -> ResponseReturnValue:
    """Delete a row; one that others refer to stays, and the answer names them."""
    entry = entry_of(record, Verb.DELETE)
    try:
        delete(db(), entry, pk)
    except Referred as error:
        return answer(referred_page(error, url_for("records.show", record=record, pk=pk)))
    done = _("The row is in the trash now; it can be restored from there.") if entry.trash else _("The row is deleted.")
    flash(done, "success")
    return redirect(url_for("records.list", record=record), 303)


def referred_page(error: Referred, back: str) -> ErrorPage:
    """Why a row cannot be deleted, with links to the rows that refer to it."""
    links = [Link(_("Back"), back, "arrow-left")]
    for one in error.by:
        entry, label = one.field.entry, f"{one.field.entry.singular}：{one.label}"
        if not one.trashed:
            links.append(Link(label, url_for("records.show", record=entry.name, pk=one.id)))
        else:
            links.append(Link(_("%(label)s (in the trash)", label=label), url_for("records.trash", record=entry.name)))
    inside = "、".join(one.label for one in error.by if one.trashed)
    text = _("Other rows refer to it. Delete those first, or let them refer to another row.")
    if inside:
        text += " " + _("In the trash, and still in the way: %(labels)s.", labels=inside)
    if error.more:
        text += " " + _("There are more than those named here.")
    return ErrorPage(409, _("This row is still needed"), text, links=tuple(links))
