"""What an import's pages show, made of the batch, its plan and its job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from app.access import editable
from app.catalog import Entry, current
from app.kinds.value import MomentKind
from app.screens.common import head
from app.screens.import_cells import planned_cells
from app.screens.import_pages import (
    BatchLine,
    Choice,
    MatchColumn,
    MatchPage,
    PlanPage,
    Running,
    Step,
    Tile,
)
from app.screens.jobs import time_left
from app.screens.pages import Link, Option, Page
from app.screens.shell import me
from app.store.import_tables import ImportBatch, Mode, Outcome, State
from app.store.imports.batches import rows_of
from app.store.jobs import OPEN
from app.store.query import BadQuery
from app.store.session import db
from app.store.tables import Job, JobState

MOMENT: Any = MomentKind()
ROWS = 50
FILTERS: dict[str, tuple[Outcome, ...]] = {
    "new": (Outcome.NEW,),
    "changed": (Outcome.CHANGED,),
    "same": (Outcome.SAME,),
    "error": (Outcome.ERROR, Outcome.OUTSIDE, Outcome.DUPLICATE),
    "conflict": (Outcome.CONFLICT,),
}
"""The five counts, and the outcomes that each of them counts."""
TONES = {"new": "green", "changed": "blue", "same": "secondary", "error": "red", "conflict": "yellow"}


def steps(at: int, texts: Sequence[str] = ()) -> tuple[Step, ...]:
    """The three steps of an import, the one at `at` being taken."""
    labels = (_("Choose a file"), _("Check"), _("Import"))
    said = [*texts, *[""] * (len(labels) - len(texts))]
    return tuple(
        Step(str(label), text, "done" if place < at else "active" if place == at else "open")
        for place, (label, text) in enumerate(zip(labels, said, strict=True))
    )


def line(batch: ImportBatch) -> BatchLine:
    """An import in a list."""
    entry = current().get(batch.record)
    counts = batch.counts
    if batch.state in (State.APPLIED, State.UNDONE):
        rows = _("%(added)s added, %(edited)s changed", added=f"{counts.get('added', 0):,}",
                 edited=f"{counts.get('edited', 0):,}")  # fmt: skip
    else:
        rows = f"{_total(batch):,}" if counts else ""
    return BatchLine(
        url=url_for("records.import_batch", batch_id=batch.id),
        file_name=batch.file_name,
        record=batch.record if entry is None else entry.title,
        state=str(batch.state.label),
        tone=batch.state.tone.value,
        made=MOMENT.show(None, batch.made_at).text,
        rows=str(rows),
    )


def _total(batch: ImportBatch) -> int:
    return sum(batch.counts.get(one.value, 0) for one in Outcome)


def _page(entry: Entry) -> Page:
    back = Link(_("Import"), url_for("records.import", record=entry.name))
    return head(entry, _("Import into “%(title)s”", title=entry.title), back)


def match_page(
    batch: ImportBatch, entry: Entry, seen: Any, error: str, earlier: Sequence[ImportBatch]
) -> MatchPage:  # fmt: skip
    """Sheet, header and columns as they were read."""
    names = editable(me(), entry, new=True) | editable(me(), entry, new=False)
    offered = [item for name, item in entry.fields.items() if name in names and item.kind.control not in NOT_OFFERED]
    columns = []
    for one in seen.columns:
        options = [Option("", _("(left out)"), not one.name)]
        options += [Option(item.name, item.label, item.name == one.name) for item in offered]
        if one.name and one.name not in {item.name for item in offered}:
            options.append(Option(one.name, entry.fields[one.name].label, True))
        columns.append(
            MatchColumn(one.place, one.letters, one.text, one.samples, one.how, tuple(options), one.computed)
        )
    return MatchPage(
        page=_page(entry),
        steps=steps(1, (batch.file_name, _("columns to be settled"))),
        action=url_for("records.import_layout", batch_id=batch.id),
        sheets=tuple(
            Option(name, name, name == batch.sheet, hint="" if rows is None else _("about %(count)s rows", count=rows))
            for name, rows in seen.sheets
        ),
        header_row=batch.header_row,
        columns=tuple(columns),
        missing=seen.missing,
        problems=seen.problems,
        notes=seen.notes,
        modes=tuple(Option(mode.value, str(mode.label), mode is batch.mode) for mode in Mode),
        clear=batch.clear,
        returned=seen.returned,
        error=error,
        earlier=tuple(
            _("This very file was imported on %(time)s by %(who)s.", time=MOMENT.show(None, one.made_at).text,
              who=one.actor)
            for one in earlier
        ),
        drop_url=url_for("records.import_drop", batch_id=batch.id),
    )  # fmt: skip


NOT_OFFERED = frozenset({"files", "secret"})


def plan_page(batch: ImportBatch, entry: Entry, job: Job | None, kept: bool) -> PlanPage:
    """What the file comes to, and what can be done about it now."""
    going = job if job is not None and job.state in OPEN else None
    shown = _shown(batch)
    rows = rows_of(db(), batch.id, FILTERS[shown], _after(), ROWS + 1) if shown else []
    page_rows = rows[:ROWS]
    here = url_for("records.import_batch", batch_id=batch.id)
    bad = sum(_count(batch, name) for name in ("error", "conflict"))
    more = f"{here}?show={shown}&after={page_rows[-1].line}" if len(rows) > ROWS else ""
    failed = job is not None and job.state is JobState.FAILED
    cells = tuple(planned_cells(entry, page_rows))
    return PlanPage(
        page=_page(entry),
        steps=_steps(batch, going),
        subtitle=_subtitle(batch),
        tiles=tuple(_tile(batch, name, shown, here) for name in FILTERS),
        heading=str(HEADINGS[shown]()) if shown else "",
        cells=cells,
        bare=not any(one.message or one.before or one.values for one in cells),
        more_url=more,
        notices=tuple(
            f"{entry.fields[one['field']].label}: {one['text']}" if one["field"] in entry.fields else one["text"]
            for one in batch.notices
        ),
        error=(job.message or "") if failed and job is not None else "",
        done_text=_done_text(batch),
        running=None if going is None else running(batch, going),
        choices=_choices(batch) if _ready(batch) and going is None else (),
        apply_url=url_for("records.import_apply", batch_id=batch.id),
        undo_url=url_for("records.import_undo", batch_id=batch.id) if _undoable(batch) and going is None else "",
        undo_rest_url=_undo_rest(batch, job),
        rest_url=url_for("records.import_rest", batch_id=batch.id) if bad and kept else "",
        rest_label=str(_("The workbook, marked") if batch.state is State.PLANNED else _("The rest, as a workbook")),
        again_url="" if batch.state is not State.PLANNED or going is not None else f"{here}/layout",
        undoable=str(_("can be undone for %(days)s days", days=_kept().days)),
        actions=(Link(_("Open the list"), url_for("records.list", record=entry.name)),),
    )


def _ready(batch: ImportBatch) -> bool:
    """Whether any row can go in."""
    return batch.state is State.PLANNED and bool(_count(batch, "new") + _count(batch, "changed"))


def _undoable(batch: ImportBatch) -> bool:
    recent = batch.applied_at is not None and batch.applied_at > datetime.now(UTC) - _kept()
    return batch.state is State.APPLIED and recent


def _undo_rest(batch: ImportBatch, job: Job | None) -> str:
    """Where to undo what nobody has changed since, once undoing all was refused."""
    refused = job is not None and job.kind == "import-undo" and job.state is JobState.FAILED
    return url_for("records.import_undo", batch_id=batch.id) if refused and _undoable(batch) else ""


def _shown(batch: ImportBatch) -> str:
    asked = request.args.get("show", "")
    if asked and asked not in FILTERS:
        raise BadQuery("show", _("There is no such count."), FILTERS)
    filled = (name for name in ("error", "conflict", "changed", "new", "same") if _count(batch, name))
    return asked or next(filled, "")


def _after() -> int:
    text = request.args.get("after", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadQuery("after", _("“after” takes the number of a row."))
    return int(text)


def _count(batch: ImportBatch, name: str) -> int:
    return sum(batch.counts.get(one.value, 0) for one in FILTERS[name])


HEADINGS: dict[str, Any] = {
    "new": lambda: _("New rows"),
    "changed": lambda: _("Changed cells"),
    "same": lambda: _("Unchanged rows"),
    "error": lambda: _("Errors"),
    "conflict": lambda: _("Conflicts"),
}
LABELS: dict[str, Any] = {
    "new": lambda: (_("To be added"), _("not there yet")),
    "changed": lambda: (_("To be changed"), _("cells differ")),
    "same": lambda: (_("The same"), _("nothing to store")),
    "error": lambda: (_("Errors"), _("to be mended")),
    "conflict": lambda: (_("Conflicts"), _("changed by others since")),
}


def _tile(batch: ImportBatch, name: str, shown: str, here: str) -> Tile:
    label, hint = LABELS[name]()
    return Tile(str(label), f"{_count(batch, name):,}", str(hint), TONES[name], f"{here}?show={name}", name == shown)


def _steps(batch: ImportBatch, going: Job | None) -> tuple[Step, ...]:
    if batch.state is State.WAITING:
        return steps(1, (batch.file_name, _("being checked")))
    if batch.state is State.PLANNED:
        storing = going is not None and going.kind == "import-apply"
        return steps(2, (batch.file_name, _("checked"), _("going on"))) if storing else steps(
            1, (batch.file_name, _("tried out, nothing stored yet"))
        )  # fmt: skip
    return steps(3, (batch.file_name, _("checked"), str(batch.state.label)))


def _subtitle(batch: ImportBatch) -> str:
    count = _total(batch)
    rows = ngettext("%(count)s row in all", "%(count)s rows in all", count, count=f"{count:,}") if batch.counts else ""
    return " · ".join(one for one in (batch.sheet, rows) if one)


def _done_text(batch: ImportBatch) -> str:
    counts = batch.counts
    added, edited = f"{counts.get('added', 0):,}", f"{counts.get('edited', 0):,}"
    if batch.state is State.APPLIED:
        text = _(
            "%(added)s rows were added and %(edited)s changed. Until %(time)s all of it can be undone at once.",
            added=added, edited=edited, time=_until(batch),
        )  # fmt: skip
        return str(text)
    if batch.state is State.UNDONE and counts.get("kept"):
        return str(ngettext(
            "This import was undone but for %(num)s row, which had been changed since and was left as it is.",
            "This import was undone but for %(num)s rows, which had been changed since and were left as they are.",
            counts["kept"],
        ))  # fmt: skip
    if batch.state is State.UNDONE:
        return str(_("This import was undone: the rows are as they were before it."))
    if batch.state is State.DROPPED:
        return str(_("This import was given up; nothing was stored."))
    if batch.state is not State.PLANNED or _ready(batch):
        return ""
    if not _total(batch):
        return str(_("There are no rows below the header of this sheet. Fill them in, or choose another sheet."))
    if _count(batch, "same") == _total(batch):
        return str(_("Every row is there already as the file has it: there is nothing to store."))
    return str(_("No row can be stored as it is. Mend the rows below in your workbook, and send it again."))


def _kept() -> timedelta:
    """How long an import can be undone."""
    kept: timedelta = current_app.extensions["import_kept"]
    return kept


def _until(batch: ImportBatch) -> str:
    at = (batch.applied_at or datetime.now(UTC)) + _kept()
    return str(MOMENT.show(None, at).text)


def _choices(batch: ImportBatch) -> tuple[Choice, ...]:
    good = _count(batch, "new") + _count(batch, "changed")
    bad = _count(batch, "error") + _count(batch, "conflict")
    whole = _("nothing stands against any row") if not bad else ngettext(
        "not now: %(num)s row has errors or conflicts", "not now: %(num)s rows have errors or conflicts", bad
    )  # fmt: skip
    left = ngettext("%(num)s row is left out", "%(num)s rows are left out", bad)
    return (
        Choice("all", str(_("All rows or none")), str(whole), good, not bad and bool(good), not bad),
        Choice("good", str(_("The good rows now, the rest in a workbook")), str(left), good, bool(good), bool(bad)),
    )


TITLES: dict[str, Any] = {
    "import-plan": lambda: (_("Being checked"), _("Nothing is stored yet. You may leave this page."), _("Stop")),
    "import-apply": lambda: (
        _("Being imported"),
        _("In one transaction: nobody sees any of it before it is whole. You may leave this page."),
        _("Stop and take all back"),
    ),
    "import-undo": lambda: (_("Being undone"), _("All of it or nothing. You may leave this page."), _("Stop")),
}


def running(batch: ImportBatch, job: Job) -> Running:
    """The step that a worker is taking."""
    title, note, stop = TITLES[job.kind]()
    percent = None if not job.total else max(0, min(99, job.done * 100 // job.total))
    parts = [f"{job.done:,} / {job.total:,}" if job.total else f"{job.done:,}"] if job.done else []
    if job.rate:
        parts.append(str(_("%(rate)s rows a second", rate=f"{job.rate:,.0f}")))
        if left := time_left(job):
            parts.append(str(_("about %(time)s left", time=left)))
    if job.state is JobState.QUEUED:
        parts = [str(_("waits for a worker"))]
    return Running(
        title=str(title),
        text=" · ".join(parts),
        percent=percent,
        note=str(note),
        stop_url="" if job.cancelling else url_for("records.cancel_job", job_id=job.id),
        stop_label=str(stop),
        poll_url=url_for("records.import_progress", batch_id=batch.id),
    )
