"""Many rows in one transaction, each with values of its own: all are stored, or none and every fault is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.access import Forbidden, may
from app.catalog import Entry
from app.declare.access import Verb
from app.store.page import fetch_rows
from app.store.save import (
    Missing,
    Repeated,
    Rules,
    Saved,
    Stale,
    add_row,
    change_row,
    claim,
    constraints,
    taken_before,
)
from app.store.session import actor_of, writing
from app.store.validate import WHOLE, Errors, Invalid, Taken

MOST = 1_000


@dataclass(frozen=True)
class Fault:
    """Why a row of a batch cannot be stored; `status` is the one that the row alone would have been answered with."""

    index: int
    status: int
    errors: Errors


class BatchRefused(Exception):
    """Rows of a batch cannot be stored, so none was."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} rows refused")
        self.faults = faults


@dataclass(frozen=True)
class Change:
    """A row to change: what it shall hold, and the version it must stand at (None: any)."""

    row_id: int
    version: int | None
    raw: Mapping[str, Any]


def insert_all(
    session: Session, entry: Entry, raws: Sequence[Mapping[str, Any]], rules: Rules, once: str = "",
    fingerprint: str = "",
) -> tuple[list[int], bool]:  # fmt: skip
    """Store new rows; returns their ids in order, and whether an earlier sending had stored them.

    Raises Forbidden, BatchRefused or KeyReused.
    """
    if not may(actor_of(session), entry, Verb.ADD):
        raise Forbidden(entry, Verb.ADD)
    before = taken_before(session, entry, once, fingerprint)
    if before:
        return before, True
    try:
        with writing(session), constraints(session, entry):
            taken_now = claim(session, entry, once, fingerprint)
            found = _each(session, [lambda raw=raw: add_row(session, entry, raw, rules) for raw in raws])  # type: ignore[misc]  # a default argument binds the row
            ids = [saved.id for saved in found]
            if taken_now is not None:
                taken_now.row_id, taken_now.row_ids = ids[0], ids
            session.commit()
    except Repeated:
        return taken_before(session, entry, once, fingerprint), True
    return ids, False


def update_all(session: Session, entry: Entry, changes: Sequence[Change], rules: Rules) -> list[Saved]:
    """Store changes of rows that stand at the versions given; raises Forbidden or BatchRefused."""
    if not may(actor_of(session), entry, Verb.EDIT):
        raise Forbidden(entry, Verb.EDIT)
    with writing(session), constraints(session, entry):
        # locked in one order, so that two batches of the same rows wait for one another and never for each other
        fetch_rows(session, entry, sorted({change.row_id for change in changes}), lock=True)
        work: list[Callable[[], Saved]] = [
            lambda one=change: change_row(session, entry, one.row_id, one.raw, rules, one.version)  # type: ignore[misc]  # as above
            for change in changes
        ]
        found = _each(session, work)
        session.commit()
    return found


def _each(session: Session, work: Sequence[Callable[[], Saved]]) -> list[Saved]:
    """Do every piece; raises BatchRefused with every fault, after which nothing of them stays."""
    faults: list[Fault] = []
    done: list[Saved] = []
    for index, store in enumerate(work):
        try:
            done.append(store())
        except Taken as error:
            faults.append(Fault(index, 409, error.errors))
        except Invalid as error:
            faults.append(Fault(index, 422, error.errors))
        except Missing:
            text = _("There is no such row, or it is not among those you may see.")
            faults.append(Fault(index, 404, {WHOLE: [text]}))
        except Stale as error:
            now = error.now["version"]
            text = _("Somebody saved this row meanwhile; it stands at version %(version)s.", version=now)
            faults.append(Fault(index, 412, {WHOLE: [text]}))
        except Forbidden:
            faults.append(Fault(index, 403, {WHOLE: [_("You may not change this row.")]}))
    if faults:
        session.rollback()
        raise BatchRefused(faults)
    return done
