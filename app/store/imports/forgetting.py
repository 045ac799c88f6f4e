"""Forgetting imports that can no longer be undone: their planned rows, and the files they came in."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from app.store.import_tables import ImportBatch, ImportRow, State
from app.store.jobs import JOB, OPEN

AT_ONCE = 20_000
"""So many rows in a transaction: on SQLite nobody else writes meanwhile."""
FILES = 500


def forget_rows(session: Session, before: datetime) -> int:
    """Remove some planned rows of imports stored, or else begun, before then; returns how many, 0 when none is left.

    In the caller's transaction. An import that was not stored is dropped, so that nobody stores what is left of it.
    One that a job is at work on, or that somebody has locked, is left for the next time.
    """
    held = select(ImportRow.batch_id).where(ImportRow.batch_id == ImportBatch.id).exists()
    stored = ImportBatch.applied_at
    old = or_(stored < before, and_(stored.is_(None), ImportBatch.made_at < before))
    busy = select(JOB.c.id).where(JOB.c.id == ImportBatch.job_id, JOB.c.state.in_(OPEN)).exists()
    oldest = select(ImportBatch).where(old, held, ~busy).order_by(ImportBatch.id).limit(1)
    batch = session.scalars(
        oldest.with_for_update(skip_locked=True), execution_options={"populate_existing": True}
    ).first()
    if batch is None:
        return 0
    if batch.state in (State.WAITING, State.PLANNED):
        batch.state = State.DROPPED
    mine = ImportRow.batch_id == batch.id
    last = select(ImportRow.line).where(mine).order_by(ImportRow.line).offset(AT_ONCE - 1).limit(1)
    line = session.scalar(last)
    gone = delete(ImportRow).where(mine, *([] if line is None else [ImportRow.line <= line]))
    return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]  # a cursor's result


def forget_files(session: Session, folder: Path, before: datetime) -> int:
    """Remove the files that came in before then, but those of imports stored since; returns how many."""
    if not folder.is_dir():
        return 0
    old = [path for path in folder.iterdir() if path.stat().st_mtime < before.timestamp()]
    gone = 0
    for start in range(0, len(old), FILES):
        some = old[start : start + FILES]
        since = select(ImportBatch.file_id).where(
            ImportBatch.file_id.in_([path.name for path in some]), ImportBatch.applied_at >= before
        )
        kept = set(session.scalars(since))
        for path in some:
            if path.name not in kept:
                path.unlink(missing_ok=True)
                gone += 1
    return gone
