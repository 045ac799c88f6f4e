"""Importing a workbook: choose the file, settle its columns, look at what it comes to, store it, take it back."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequest, NotFound

from app.access import Forbidden, may
from app.catalog import Entry, current
from app.declare.access import Verb
from app.screens import import_draw as draw
from app.screens.common import entry_of, head, know_args
from app.screens.export import sent
from app.screens.frames import render
from app.screens.import_pages import ImportsPage, UploadPage
from app.screens.pages import Link, Page
from app.screens.shell import fragment, me
from app.store import job_list
from app.store.failures import no_room
from app.store.files import clean_name
from app.store.import_tables import ImportBatch, Mode, State
from app.store.imports.batches import (
    ROW_ID,
    ROW_VERSION,
    Layout,
    Refused,
    busy,
    change_layout,
    drop,
    find,
    importable,
    list_batches,
    same_file,
    start,
    take,
)
from app.store.jobs import OPEN, submit
from app.store.layouts import remember
from app.store.query import BadQuery
from app.store.session import db, writing_now
from app.store.tables import Job

PAGE = 30


def route(blueprint: Blueprint) -> None:
    """Add the routes of imports."""
    post = {"methods": ["POST"]}
    blueprint.add_url_rule("/records/<record>/import", "import", upload, methods=["GET", "POST"])
    blueprint.add_url_rule("/imports/", "imports", imports)
    blueprint.add_url_rule("/imports/<id:batch_id>", "import_batch", show)
    blueprint.add_url_rule("/imports/<id:batch_id>/progress", "import_progress", progress)
    blueprint.add_url_rule("/imports/<id:batch_id>/layout", "import_layout", layout, **post)  # type: ignore[arg-type]
    blueprint.add_url_rule("/imports/<id:batch_id>/apply", "import_apply", apply, **post)  # type: ignore[arg-type]
    blueprint.add_url_rule("/imports/<id:batch_id>/undo", "import_undo", undo, **post)  # type: ignore[arg-type]
    blueprint.add_url_rule("/imports/<id:batch_id>/drop", "import_drop", give_up, **post)  # type: ignore[arg-type]
    blueprint.add_url_rule("/imports/<id:batch_id>/rest.xlsx", "import_rest", rest)


def may_import(entry: Entry) -> bool:
    """Whether the person may bring rows of a record in by workbook."""
    return importable(entry) and (may(me(), entry, Verb.ADD) or may(me(), entry, Verb.EDIT))


def _entry(record: str) -> Entry:
    entry = entry_of(record)
    if not importable(entry):
        raise NotFound(_("Rows of “%(title)s” do not come in by workbook.", title=entry.title))
    if not may_import(entry):
        raise Forbidden(entry, Verb.ADD)
    return entry


def _batch(batch_id: int) -> tuple[ImportBatch, Entry]:
    """One's own import, and its record; NotFound for any other's."""
    batch = find(db(), batch_id)
    entry = None if batch is None else current().get(batch.record)
    if batch is None or entry is None or batch.undo_of is not None:
        raise NotFound(_("There is no such import of yours."))
    return batch, entry


def _folder() -> Path:
    folder: Path = current_app.extensions["import_folder"]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _file(batch: ImportBatch) -> Path:
    return _folder() / (batch.file_id or "none")


def upload(record: str) -> ResponseReturnValue:
    """Choose a file; a bad one is answered beside the field."""
    entry = _entry(record)
    know_args()
    if request.method == "GET":
        return _upload_page(entry)
    given = [one for one in request.files.getlist("file") if one.filename]
    if not given:
        return _upload_page(entry, _("Choose a file first."), 422)
    file_id, name = secrets.token_hex(16), clean_name(given[-1].filename or "")
    path = _folder() / file_id
    desk = current_app.extensions["workbooks"]
    try:
        _keep(given[-1], path)
        seen = desk.look(db(), entry, path, name)
        about = desk.upload(path, name, file_id)
        # what was read is let go first, as SQLite takes its lock at the start of a transaction
        db().rollback()
        with writing_now():
            batch_id = start(db(), entry, about, seen.layout)
            db().commit()
    except Refused as error:
        db().rollback()
        path.unlink(missing_ok=True)
        return _upload_page(entry, error.message, 422)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if not no_room(error):
            raise
        db().rollback()
        text = _("The server has no room for the file. Tell your administrator, and send it again later.")
        return _upload_page(entry, text, 507)
    return redirect(url_for("records.import_batch", batch_id=batch_id), 303)


def _keep(given: FileStorage, path: Path) -> None:
    try:
        given.save(path)
    finally:
        given.close()


def _upload_page(entry: Entry, error: str = "", status: int = 200) -> ResponseReturnValue:
    title = _("Import into “%(title)s”", title=entry.title)
    page = UploadPage(
        page=head(entry, title, Link(_("Import"), "")),
        steps=draw.steps(0),
        action=url_for("records.import", record=entry.name),
        template_url=url_for("records.template", record=entry.name) if may(me(), entry, Verb.ADD) else "",
        most=current_app.extensions["files"].most,
        error=error,
        lines=tuple(draw.line(one) for one in list_batches(db(), entry, limit=10) if one.undo_of is None),
    )
    return render("imports/upload.html", status, page=page)


def imports() -> ResponseReturnValue:
    """One's own imports, newest first."""
    know_args("before")
    text = request.args.get("before", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadQuery("before", _("“before” takes the number of an import."))
    found = list_batches(db(), before=int(text), limit=PAGE + 1)
    shown = [one for one in found[:PAGE] if one.undo_of is None]
    older = url_for("records.imports", before=found[PAGE - 1].id) if len(found) > PAGE else ""
    page = Page(_("My imports"), (Link(_("My imports"), ""),), icon="table-import")
    return render("imports/list.html", page=ImportsPage(page, tuple(draw.line(one) for one in shown), older))


def show(batch_id: int) -> ResponseReturnValue:
    """Where an import stands: its columns to be settled, what it comes to, or what came of it."""
    batch, entry = _batch(batch_id)
    know_args("show", "after")
    job = _job(batch)
    if batch.state is State.WAITING and not _goes_on(job):
        return _match_page(batch, entry, error="" if job is None else job.message or "")
    return render("imports/plan.html", page=draw.plan_page(batch, entry, job, _file(batch).is_file()))


def progress(batch_id: int) -> ResponseReturnValue:
    """How far the step under way is; when it is over the page is asked for anew."""
    batch, _entry_of_it = _batch(batch_id)
    know_args()
    job = _job(batch)
    if job is None or not _goes_on(job):
        return Response(headers={"HX-Refresh": "true"})
    return fragment("imports/_running.html", running=draw.running(batch, job))


def _job(batch: ImportBatch) -> Job | None:
    return None if batch.job_id is None else job_list.find(db(), batch.job_id)


def _goes_on(job: Job | None) -> bool:
    return job is not None and job.state in OPEN


def _match_page(
    batch: ImportBatch, entry: Entry, *, error: str = "", chosen: Mapping[int, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    desk = current_app.extensions["workbooks"]
    try:
        seen = desk.look(
            db(), entry, _file(batch), batch.file_name, sheet=batch.sheet, header_row=batch.header_row, chosen=chosen
        )
    except (Refused, FileNotFoundError) as refused:
        text = refused.message if isinstance(refused, Refused) else _("The file is no longer kept. Send it again.")
        return _upload_page(entry, text, 422)
    earlier = [one for one in same_file(db(), entry, batch.digest, but=batch.id) if one.state is State.APPLIED]
    page = draw.match_page(batch, entry, seen, error, earlier)
    return render("imports/match.html", status, page=page)


def layout(batch_id: int) -> ResponseReturnValue:
    """Read the file another way, or check it as its columns are settled now."""
    batch, entry = _batch(batch_id)
    if _goes_on(_job(batch)):
        return redirect(url_for("records.import_batch", batch_id=batch_id), 303)
    form, desk = request.form, current_app.extensions["workbooks"]
    row = form.get("header_row", "")
    if row and not (row.isascii() and row.isdecimal() and len(row) < 8 and 0 < int(row) < 2**20):
        return _match_page(batch, entry, error=_("The header stands in a row from 1 to 1,048,575."), status=422)
    sheet, chosen = form.get("sheet", batch.sheet), _chosen(entry)
    moved = sheet != batch.sheet or (row and int(row) != batch.header_row)
    try:
        seen = desk.look(
            db(), entry, _file(batch), batch.file_name, sheet=sheet,
            header_row=0 if sheet != batch.sheet else int(row or batch.header_row), chosen=None if moved else chosen,
        )  # fmt: skip
    except Refused as error:
        return _match_page(batch, entry, error=error.message, status=422)
    except FileNotFoundError:
        return _upload_page(entry, _("The file is no longer kept. Send it again."), 422)
    mode = Mode(form["mode"]) if form.get("mode") in {one.value for one in Mode} else batch.mode
    plain = seen.layout if moved else _as_chosen(seen.layout, chosen)
    # who comes back from the plan sends none of the form, and finds it as it was
    clear = form.get("clear") == "1" if "mode" in form else batch.clear
    wanted = Layout(plain.sheet, plain.sheet_place, plain.header_row, plain.mapping, mode, clear)
    names = [name for name in wanted.mapping.values() if name not in (ROW_ID, ROW_VERSION)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None and not moved:
        text = _(
            "“%(label)s” is chosen for two columns. Choose which one is to be read.", label=entry.fields[twice].label
        )
        return _match_page(batch, entry, error=text, chosen=chosen, status=422)
    corrected = {} if moved else _corrected(entry, batch, seen, chosen)
    try:
        db().rollback()
        with writing_now():
            change_layout(db(), batch_id, wanted)
            if form.get("step") == "check" and not moved:
                remember(db(), entry, seen.texts, corrected)
                _submit(batch, "import-plan", _("Check of “%(name)s”", name=batch.file_name))
            else:
                batch.job_id = None
            db().commit()
    except Refused as error:
        db().rollback()
        flash(error.message, "error")
    return redirect(url_for("records.import_batch", batch_id=batch_id), 303)


def _chosen(entry: Entry) -> dict[int, str]:
    """What the form says of each column, "" for one that is left out; raises BadRequest for what is no field."""
    found = {}
    for name, value in request.form.items():
        place = name.removeprefix("col-")
        if name == place:
            continue
        if not (place.isascii() and place.isdecimal() and len(place) < 6) or (value and value not in entry.fields):
            raise BadRequest(_("There is no field “%(name)s”.", name=value[:60]))
        found[int(place)] = value
    return found


def _corrected(entry: Entry, batch: ImportBatch, seen: Any, chosen: Mapping[int, str]) -> dict[int, str]:
    """What the person chose otherwise than it would have been recognised."""
    look, place = current_app.extensions["workbooks"].look, seen.layout
    plain = look(
        db(), entry, _file(batch), batch.file_name, sheet=place.sheet, header_row=place.header_row, chosen={}
    )  # fmt: skip
    return {column: name for column, name in chosen.items() if plain.layout.mapping.get(column, "") != name}


def _as_chosen(read: Layout, chosen: Mapping[int, str]) -> Layout:
    """The layout as the person settled it: their columns, and the hidden ones of a returned export."""
    hidden = {place: name for place, name in read.mapping.items() if name in (ROW_ID, ROW_VERSION)}
    mapping = {place: name for place, name in sorted(chosen.items()) if name} | hidden
    return Layout(read.sheet, read.sheet_place, read.header_row, mapping, read.mode, read.clear)


def _submit(batch: ImportBatch, kind: str, title: str, **args: Any) -> None:
    """Have a worker take the next step, in the caller's transaction."""
    batch.job_id = submit(db(), kind, title, {"batch": batch.id, **args})


def _step(batch: ImportBatch, kind: str, title: str, **args: Any) -> ResponseReturnValue:
    batch_id = batch.id
    if not _goes_on(_job(batch)):
        db().rollback()
        with writing_now():
            # locked, so that of two requests at once the second finds the job of the first
            held = take(db(), batch_id)
            if not busy(db(), held):
                _submit(held, kind, title, **args)
            db().commit()
    return redirect(url_for("records.import_batch", batch_id=batch_id), 303)


def apply(batch_id: int) -> ResponseReturnValue:
    """Store what was checked: everything or nothing, or the good rows now."""
    batch, _entry_of_it = _batch(batch_id)
    choice = request.form.get("choice", "")
    if choice not in ("all", "good"):
        raise BadRequest(_("Choose one of: %(allowed)s.", allowed="all, good"))
    title = _("Import of “%(name)s”", name=batch.file_name)
    return _step(batch, "import-apply", title, good_rows=choice == "good")


def undo(batch_id: int) -> ResponseReturnValue:
    """Take an import back; with `others`, all rows but those that were changed since."""
    batch, _entry_of_it = _batch(batch_id)
    title = _("Undoing the import of “%(name)s”", name=batch.file_name)
    return _step(batch, "import-undo", title, others=request.form.get("others") == "1")


def give_up(batch_id: int) -> ResponseReturnValue:
    """Drop an import that was not stored."""
    batch, entry = _batch(batch_id)
    try:
        if _goes_on(_job(batch)):
            raise Refused(_("The file is being read. Stop that first."))
        db().rollback()
        with writing_now():
            drop(db(), batch_id)
            db().commit()
        _file(batch).unlink(missing_ok=True)
    except Refused as error:
        db().rollback()
        flash(error.message, "error")
        return redirect(url_for("records.import_batch", batch_id=batch_id), 303)
    return redirect(url_for("records.import", record=entry.name), 303)


def rest(batch_id: int) -> ResponseReturnValue:
    """What is to be mended, marked: before anything is stored in the whole workbook, afterwards what did not go in."""
    batch, _entry_of_it = _batch(batch_id)
    know_args()
    if not _file(batch).is_file() or batch.state is State.WAITING:
        raise NotFound(_("The file is no longer kept. Send it again."))

    desk, whole = current_app.extensions["workbooks"], batch.state is State.PLANNED

    def write(file: Any) -> None:
        try:
            desk.rest(db(), batch, _file(batch), file, whole=whole)
        except Refused as error:
            raise NotFound(error.message) from None

    stem = batch.file_name.rpartition(".")[0] or batch.file_name
    name = _("%(name)s - marked", name=stem) if whole else _("%(name)s - rows to mend", name=stem)
    return sent(write, name, "marked" if whole else "rows-to-mend", "xlsx")
