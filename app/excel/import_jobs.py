"""The three steps of an import as jobs: check the file, store what was checked, take it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext

from app.access import Forbidden
from app.excel.book import BadWorkbook
from app.excel.plan import plan_file
from app.store.import_tables import ImportBatch
from app.store.imports.applying import apply as apply_plan
from app.store.imports.batches import Refused, find
from app.store.imports.undoing import ChangedSince
from app.store.imports.undoing import undo as undo_batch
from app.store.jobs import Failed, Outcome, Task
from app.store.save import Rules, make_rules

NAMED = 20
"""Of the rows that stop an undoing, so many are named."""


def plan(task: Task) -> Outcome:
    """Check every row of the file; nothing is stored."""
    batch = _batch(task)
    with _worded():
        counts = plan_file(task.session(), batch.id, _path(batch), _rules(), task.report)
    rows = sum(counts.values())
    return Outcome(ngettext("%(num)s row is checked.", "%(num)s rows are checked.", rows), _page(batch))


def apply(task: Task) -> Outcome:
    """Store what was checked: everything or nothing, or with `good_rows` what nothing stands against."""
    batch = _batch(task)
    with _worded():
        counts = apply_plan(
            task.session(), batch.id, _rules(), good_rows=bool(task.args["good_rows"]),
            report=task.report,
        )  # fmt: skip
    text = _("%(added)s rows are added, %(edited)s changed.", added=counts["added"], edited=counts["edited"])
    return Outcome(str(text), _page(batch))


def undo(task: Task) -> Outcome:
    """Take an import back; with `others`, all rows but those that somebody has changed since."""
    batch = _batch(task)
    with _worded():
        done = undo_batch(task.session(), batch.id, others=bool(task.args["others"]), report=task.report)
    text = _(
        "%(removed)s rows are removed, %(restored)s are as they were before.",
        removed=done.removed, restored=done.restored,
    )  # fmt: skip
    return Outcome(str(text), _page(batch))


def _batch(task: Task) -> ImportBatch:
    batch = find(task.session(), task.args["batch"])
    if batch is None:
        raise Failed(_("There is no such import of yours."))
    if batch.job_id not in (None, task.id):
        raise Failed(_("This step of the import has been begun anew since. Open the import to see how far it is."))
    return batch


def _path(batch: ImportBatch) -> Path:
    folder: Path = current_app.extensions["import_folder"]
    path = folder / (batch.file_id or "none")
    if not path.is_file():
        raise Failed(_("The file is no longer kept. Send it again."))
    return path


def _page(batch: ImportBatch) -> str:
    # a worker knows no host, and addresses of this kind do not change
    return f"/imports/{batch.id}"


def _rules() -> Rules:
    # files and secrets do not come in by workbook, so nothing is to be hashed
    return make_rules(current_app.config["CEILING"], lambda secret: secret)


@contextmanager
def _worded() -> Iterator[None]:
    """What stops an import, in words for the person."""
    try:
        yield
    except ChangedSince as error:
        named = [f"{row.label}（{row.reason}）" for row in error.rows[:NAMED]]
        raise Failed(f"{error.message} {'、'.join(named)}{' …' if error.count > NAMED else ''}") from None
    except (BadWorkbook, Refused) as error:
        raise Failed(str(error.message)) from None
    except Forbidden as error:
        raise Failed(_("You have no grant to do this to “%(title)s”.", title=error.entry.title)) from None
