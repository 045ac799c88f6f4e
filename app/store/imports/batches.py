"""The batch records of imports: begun, found again, listed, forgotten."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, delete, func, select
from sqlalchemy.orm import Session

from app.access import Forbidden, Person, System, may
from app.access.grants import write_grant
from app.catalog import Entry
from app.declare.access import Verb
from app.declare.choices import Classification
from app.declare.event import Event
from app.declare.record import Record
from app.store import jobs
from app.store.import_tables import ImportBatch, ImportRow, Mode, Outcome, State
from app.store.session import actor_of

ROW_ID = "rn:id"
ROW_VERSION = "rn:version"
"""What a mapping calls the hidden columns of a returned export."""

ROWS_A_SHEET = 2**20
"""The most rows that a sheet has."""
OPEN = (State.WAITING, State.PLANNED, State.APPLIED)


class Refused(Exception):
    """The import as a whole cannot go on; `message` says why, for the person."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Upload:
    """A file as it came in: its name, the SHA-256 of its bytes, their number, and where it is kept."""

    name: str
    digest: str
    size: int
    file_id: str | None = None


@dataclass(frozen=True)
class Layout:
    """Where in the file the rows stand: the sheet, the number of its header row, and which column is which field.

    `mapping` leads from a column's place (from 0) to a field's name, ROW_ID or ROW_VERSION. With `clear`, an empty cell
    empties the field of a row that is there; a returned export always does so.
    """

    sheet: str
    sheet_place: int
    header_row: int
    mapping: Mapping[int, str]
    mode: Mode = Mode.BOTH
    clear: bool = False

    @property
    def returned(self) -> bool:
        """Whether the file is an export that came back: its rows are known by their ids."""
        return ROW_ID in self.mapping.values()


def importable(entry: Entry) -> bool:
    """Whether rows of a record come in by workbook; accounts, roles and the trail do not."""
    return issubclass(entry.model, Record)


def start(session: Session, entry: Entry, upload: Upload, layout: Layout) -> int:
    """Begin an import, in the caller's transaction; returns the batch's id. Raises Forbidden or Refused."""
    actor = actor_of(session)
    if not importable(entry):
        raise Refused(_("Rows of “%(title)s” do not come in by workbook.", title=entry.title))
    if not (may(actor, entry, Verb.ADD) or may(actor, entry, Verb.EDIT)):
        raise Forbidden(entry, Verb.ADD)
    batch = ImportBatch(
        record=entry.name, account_id=None if isinstance(actor, System) else actor.id, actor=actor.name,
        made_at=datetime.now(UTC), file_name=upload.name[:255], file_id=upload.file_id, digest=upload.digest,
        size=upload.size, state=State.WAITING, counts={}, notices=[], written=[],
        **_columns(layout),
    )  # fmt: skip
    session.add(batch)
    session.flush()
    return int(batch.id)


def change_layout(session: Session, batch_id: int, layout: Layout) -> None:
    """Read the same file another way; what was planned is forgotten. Raises Refused once it is applied."""
    batch = take(session, batch_id)
    _let_change(session, batch)
    for name, value in _columns(layout).items():
        setattr(batch, name, value)
    batch.state, batch.counts, batch.notices = State.WAITING, {}, []
    clear_rows(session, batch_id)


def _columns(layout: Layout) -> dict[str, Any]:
    return {
        "sheet": layout.sheet[:255], "sheet_place": layout.sheet_place, "header_row": layout.header_row,
        "mapping": {str(place): name for place, name in layout.mapping.items()}, "mode": layout.mode,
        "clear": layout.clear,
    }  # fmt: skip


def layout_of(batch: ImportBatch) -> Layout:
    """How a batch reads its file."""
    mapping = {int(place): name for place, name in batch.mapping.items()}
    return Layout(batch.sheet, batch.sheet_place, batch.header_row, mapping, batch.mode, batch.clear)


def find(session: Session, batch_id: int) -> ImportBatch | None:
    """A batch, if it is the actor's own; to anybody else it does not exist."""
    batch = session.get(ImportBatch, batch_id, populate_existing=True)
    return batch if batch is not None and _own(actor_of(session), batch) else None


def take(session: Session, batch_id: int) -> ImportBatch:
    """The actor's own batch, locked until the transaction ends; raises Refused if there is none."""
    batch = session.get(ImportBatch, batch_id, populate_existing=True, with_for_update=True)
    if batch is None or not _own(actor_of(session), batch):
        raise Refused(_("There is no such import of yours."))
    return batch


def _own(actor: Person | System, batch: ImportBatch) -> bool:
    return isinstance(actor, System) or batch.account_id == actor.id


def list_batches(session: Session, entry: Entry | None = None, before: int = 0, limit: int = 30) -> list[ImportBatch]:
    """The actor's imports, newest first, those with ids below `before`."""
    statement = select(ImportBatch).where(*_mine(session))
    if entry is not None:
        statement = statement.where(ImportBatch.record == entry.name)
    if before:
        statement = statement.where(ImportBatch.id < before)
    return list(session.scalars(statement.order_by(ImportBatch.id.desc()).limit(limit)))


def _mine(session: Session) -> list[Any]:
    actor = actor_of(session)
    return [] if isinstance(actor, System) else [ImportBatch.account_id == actor.id]


def same_file(session: Session, entry: Entry, digest: str, but: int = 0) -> list[ImportBatch]:
    """The imports of the same file into the same record that are under way or went in, by anybody, newest first.

    Whoever has the file may know that it came in; only their own batches open for them (`find`).
    """
    statement = select(ImportBatch).where(
        ImportBatch.digest == digest, ImportBatch.record == entry.name, ImportBatch.state.in_(OPEN),
        ImportBatch.undo_of.is_(None), ImportBatch.id != but,
    )  # fmt: skip
    return list(session.scalars(statement.order_by(ImportBatch.id.desc()).limit(5)))


def rights(session: Session, entry: Entry, ceiling: Classification) -> str:
    """A digest of what the actor may do with a record, so that a plan made under other rights is not applied."""
    actor = actor_of(session)
    if isinstance(actor, System):
        told: list[Any] = ["system"]
    else:
        grants = sorted(write_grant(one.verbs, one.scope, one.fields) for one in actor.grants.get(entry.name, ()))
        told = [actor.id, actor.unit_id, actor.clearance.value, sorted(actor.roles), grants]
    fields = [(item.name, type(item.kind).__name__, item.required) for item in entry.fields.values()]
    text = json.dumps([told, ceiling.value, fields], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Note:
    """What is said of a row: about a field ("" for the whole row) in the column at `place` (None: in no column)."""

    field: str
    place: int | None
    message: str
    odd: bool = False


def line_of(sheet: int, row: int) -> int:
    """The line of a row, from 1, in the sheet of this number, from 0, among those that are read one after another."""
    return sheet * ROWS_A_SHEET + row


def place_of(line: int) -> tuple[int, int]:
    """The sheet and the row that a line stands for."""
    sheet, row = divmod(line - 1, ROWS_A_SHEET)
    return sheet, row + 1


def line_text(line: int) -> str:
    """A line as people find it in the file."""
    sheet, row = place_of(line)
    return str(_("%(row)s (sheet %(sheet)s)", row=row, sheet=sheet + 1)) if sheet else str(row)


@dataclass(frozen=True)
class Planned:
    """A row of the plan. `changes` holds [before, after] by field as the trail keeps them: masked as for any reader."""

    line: int
    outcome: Outcome
    target_id: int | None
    label: str
    changes: Mapping[str, Sequence[Any]]
    notes: tuple[Note, ...]


def rows_of(
    session: Session, batch_id: int, outcomes: Sequence[Outcome] = (), after: int = 0, limit: int = 50
) -> list[Planned]:
    """Rows of the actor's own batch in the order of the file, those behind line `after`."""
    batch = find(session, batch_id)
    if batch is None:
        return []
    if batch.straight:
        return [] if outcomes and Outcome.NEW not in outcomes else _told_of(session, batch_id, after, limit)
    statement = select(ImportRow).where(ImportRow.batch_id == batch_id, ImportRow.line > after)
    if outcomes:
        statement = statement.where(ImportRow.outcome.in_(outcomes))
    found = session.scalars(statement.order_by(ImportRow.line).limit(limit)).all()
    return [_planned(row) for row in found]


def _told_of(session: Session, batch_id: int, after: int, limit: int) -> list[Planned]:
    """The rows of a file that was stored while it was checked, as the trail tells of them, and in its order."""
    own = and_(ImportRow.batch_id == batch_id, ImportRow.line == Event.line)
    rows = select(Event.line, Event.row_id, Event.label, Event.changes, ImportRow.notes).outerjoin(ImportRow, own)
    rows = rows.where(Event.batch_id == batch_id, Event.line > after).order_by(Event.id).limit(limit)
    # the trail is everybody's who may see the batch, whatever they see of the trail elsewhere
    found = session.execute(rows, execution_options={"unfiltered": True})
    return [
        Planned(row.line, Outcome.NEW, row.row_id, row.label or "", row.changes or {}, _notes(row.notes))
        for row in found
    ]  # fmt: skip


def _planned(row: ImportRow) -> Planned:
    changes = json.loads(row.changes or "{}")
    return Planned(row.line, row.outcome, row.target_id, row.label or "", changes, _notes(row.notes))


def _notes(text: str | None) -> tuple[Note, ...]:
    said = json.loads(text or "[]")
    return tuple(Note(one["field"], one.get("place"), one["message"], one.get("odd", False)) for one in said)


def refused_rows(session: Session, batch_id: int) -> Iterator[Planned]:
    """Every row of the actor's own batch that did not or would not go in, in the order of the file."""
    bad = [one for one in Outcome if not one.good]
    after = 0
    while found := rows_of(session, batch_id, bad, after, 1_000):
        yield from found
        after = found[-1].line


def refused_among(session: Session, batch_id: int, lines: Sequence[int]) -> dict[int, Planned]:
    """Those of these lines of the actor's own batch that did not or would not go in."""
    if find(session, batch_id) is None:
        return {}
    bad = [one for one in Outcome if not one.good]
    statement = select(ImportRow).where(
        ImportRow.batch_id == batch_id, ImportRow.line.in_(lines), ImportRow.outcome.in_(bad)
    )
    return {row.line: _planned(row) for row in session.scalars(statement)}


def count_rows(session: Session, batch_id: int) -> dict[str, int]:
    """How many rows came to which outcome."""
    statement = select(ImportRow.outcome, func.count()).where(ImportRow.batch_id == batch_id)
    found = session.execute(statement.group_by(ImportRow.outcome)).all()
    return {outcome.value: number for outcome, number in found}


def clear_rows(session: Session, batch_id: int) -> None:
    """Forget the planned rows of a batch."""
    session.execute(delete(ImportRow).where(ImportRow.batch_id == batch_id))


def drop(session: Session, batch_id: int) -> None:
    """Give up an import that was not applied; raises Refused if it was."""
    batch = take(session, batch_id)
    _let_change(session, batch)
    batch.state = State.DROPPED
    clear_rows(session, batch_id)


def _let_change(session: Session, batch: ImportBatch) -> None:
    """Raise Refused where a batch was applied or dropped, or a job is at work on it."""
    if batch.state not in (State.WAITING, State.PLANNED):
        raise Refused(_("This import is over."))
    if busy(session, batch):
        raise Refused(_("The file is being read. Stop that first."))


def busy(session: Session, batch: ImportBatch) -> bool:
    """Whether a job is at work on a batch, or is to be."""
    still = select(jobs.JOB.c.id).where(jobs.JOB.c.id == batch.job_id, jobs.JOB.c.state.in_(jobs.OPEN))
    return batch.job_id is not None and session.scalar(still) is not None
