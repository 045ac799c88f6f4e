"""Adding what is missing of the plan's rows, and nothing else."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from seeds.counts import Counts
from seeds.plan.systems import systems
from seeds.plan.targets import courses, funding, milestones
from seeds.plan.text import NotInPlan, plan_text
from seeds.plan.units import units

AUTHOR = "《彩虹网》方案"
"""Who is said to have made these rows."""


def load(session: Session) -> Counts:
    """Add the plan's rows that are not there, matched by their code, and commit.

    Raises NotInPlan, with nothing added, if a row's source does not stand in the plan.
    """
    added: dict[str, int] = {}
    planned = units()
    unit_rows = _add_missing(session, planned, added)
    by_name = {unit.name: unit_rows[unit.code] for unit in planned}
    by_code = _add_missing(session, systems(by_name), added)
    _add_missing(session, milestones(by_name, by_code), added)
    _add_missing(session, courses(by_name), added)
    _add_missing(session, funding(), added)
    session.commit()
    return Counts(added)


def _add_missing(session: Session, planned: Sequence[Any], added: dict[str, int]) -> dict[str, Any]:
    """The stored rows of the planned ones' record by code, after adding those that were missing."""
    record = type(planned[0])
    stored: dict[str, Any] = {row.code: row for row in session.scalars(select(record))}
    missing = [row for row in planned if row.code not in stored]
    for row in missing:
        if row.source not in plan_text():
            raise NotInPlan(f"{record.__tablename__} {row.code}: {row.source!r}")
        row.created_by = row.updated_by = AUTHOR
        session.add(row)
        session.flush()
        stored[row.code] = row
    if missing:
        added[record.__tablename__] = len(missing)
    return stored
