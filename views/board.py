"""Figures of the construction board: milestones, adoption, budgets and training, as they stood on a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import and_, case, distinct, func, select

from app.screens.pages import Cell
from app.store.session import db
from models.construction import BudgetCategory, BudgetLine, Deployment, Milestone, System
from models.organisation import Level, Staff, Unit
from models.training import TrainingRecord
from views.pages import Figure, Line

MOST = 500
DOCUMENTS = "公文处理"
"""The system whose adoption the plan gives targets for: 50 % by the end of 2004, 100 % by the end of 2005."""
TARGETS = ((date(2004, 12, 31), 50), (date(2005, 12, 31), 100))


@dataclass(frozen=True)
class Target:
    """A milestone as it stood on the day."""

    id: int
    title: str
    system: str
    unit: str
    due: date
    done: date | None
    accepted: date | None

    def late(self, as_of: date) -> int:
        """Days past its date and not completed by the day; 0 if it is not late."""
        finished = self.done is not None and self.done <= as_of
        return 0 if finished or self.due >= as_of else (as_of - self.due).days

    def state(self, as_of: date) -> str:
        """done, late, wait (completed, not accepted) or plan."""
        if self.accepted is not None and self.accepted <= as_of:
            return "done"
        if self.done is not None and self.done <= as_of:
            return "wait"
        return "late" if self.late(as_of) else "plan"


def targets() -> list[Target]:
    """Every milestone that the person may see, by date."""
    statement = (
        select(Milestone.id, Milestone.title, System.name, Unit.name, Milestone.due, Milestone.done, Milestone.accepted)
        .join(System, Milestone.system_id == System.id)
        .join(Unit, Milestone.unit_id == Unit.id)
        .order_by(Milestone.due, Milestone.id)
        .limit(MOST)
    )
    return [Target(*row) for row in db().execute(statement)]


def milestones(found: Sequence[Target], as_of: date) -> Figure:
    """How many of the milestones that are due have been accepted."""
    due = [one for one in found if one.due <= as_of]
    accepted = [one for one in due if one.state(as_of) == "done"]
    late = [one for one in found if one.late(as_of)]
    waiting = [one for one in found if one.state(as_of) == "wait"]
    badge = Cell(_("%(count)s late", count=len(late)), "badge", tone="red") if late else None
    return Figure(
        _("Milestones"), str(len(accepted)), f"/ {len(due)}", _("of those due are accepted"),
        _("%(waiting)s await acceptance · %(all)s planned in all", waiting=len(waiting), all=len(found)),
        _percent(len(accepted), len(due)), badge=badge, url=url_for("records.list", record="milestone"),
    )  # fmt: skip


def adoption(as_of: date) -> Figure:
    """The share of the city's departments in which document processing is live."""
    live = case((and_(Deployment.live.is_not(None), Deployment.live <= as_of), 1), else_=0)
    statement = (
        select(func.coalesce(func.sum(live), 0))
        .join(System, Deployment.system_id == System.id)
        .join(Unit, Deployment.unit_id == Unit.id)
        .where(System.name == DOCUMENTS, Unit.level == Level.CITY, Unit.phase_one.is_(True))
    )
    units = select(func.count()).select_from(Unit).where(Unit.level == Level.CITY, Unit.phase_one.is_(True))
    number, of = db().execute(select(statement.scalar_subquery(), units.scalar_subquery())).one()
    share = _percent(number, of)
    target = next((target for target in TARGETS if target[0] >= as_of), TARGETS[-1])
    missing = max(0, -(-of * target[1] // 100) - number)
    note = _("%(percent)s %% are due by %(date)s", percent=target[1], date=target[0])
    note += " · " + (_("%(count)s units short", count=missing) if missing else _("reached"))
    return Figure(
        _("Document processing"), f"{share:.1f}", "%", _("%(number)s of %(of)s units", number=number, of=of), note,
        share,
        tuple(float(percent) for _day, percent in TARGETS), url=url_for("records.list", record="deployment"),
    )  # fmt: skip


def budget(year: int) -> Figure:
    """How much of the year's approved money has been spent, and the share that goes into software."""
    software = case((BudgetLine.category == BudgetCategory.SOFTWARE, BudgetLine.approved), else_=0)
    statement = select(
        func.coalesce(func.sum(BudgetLine.approved), 0),
        func.coalesce(func.sum(BudgetLine.spent), 0),
        func.coalesce(func.sum(software), 0),
    ).where(BudgetLine.year == year)
    approved, spent, soft = (Decimal(value or 0) for value in db().execute(statement).one())
    beside = _("%(spent)s of %(approved)s ten thousand yuan", spent=f"{spent / 10_000:,.1f}",
               approved=f"{approved / 10_000:,.1f}")  # fmt: skip
    note = _("%(share)s %% of what is approved goes into software", share=f"{_percent(soft, approved):.1f}")
    return Figure(
        _("Budget of %(year)s", year=year), f"{_percent(spent, approved):.1f}", "%", beside, note,
        _percent(spent, approved), url=url_for("records.list", record="budget_line", year=year),
    )  # fmt: skip


def training(as_of: date) -> Figure:
    """The share of the staff who have passed a course by the day; leaders and system administrators apart."""
    passed = and_(TrainingRecord.passed.is_(True), TrainingRecord.finished <= as_of)
    trained = (
        select(
            func.count(distinct(Staff.id)),
            func.count(distinct(case((Staff.leader.is_(True), Staff.id)))),
            func.count(distinct(case((Staff.administrator.is_(True), Staff.id)))),
        )
        .join(TrainingRecord, TrainingRecord.staff_id == Staff.id)
        .where(passed)
    )
    everyone = select(
        func.count(),
        func.count(case((Staff.leader.is_(True), 1))),
        func.count(case((Staff.administrator.is_(True), 1))),
    ).select_from(Staff)
    done, of = db().execute(trained).one(), db().execute(everyone).one()
    shares = [_percent(one, all_) for one, all_ in zip(done, of, strict=True)]
    note = _("Leaders %(leaders)s %% · system administrators %(administrators)s %%",
             leaders=f"{shares[1]:.1f}", administrators=f"{shares[2]:.1f}")  # fmt: skip
    beside = _("%(number)s of %(of)s people", number=f"{done[0]:,}", of=f"{of[0]:,}")
    return Figure(_("Staff trained"), f"{shares[0]:.1f}", "%", beside, note, shares[0],
                  url=url_for("records.list", record="training_record"))  # fmt: skip


def _percent(part: Any, whole: Any) -> float:
    return float(part) * 100 / float(whole) if whole else 0.0


def overdue(found: Sequence[Target], as_of: date) -> list[Line]:
    """The milestones that are late on the day, the latest first."""
    late = sorted((one for one in found if one.late(as_of)), key=lambda one: one.due)
    return [
        Line(one.title, url_for("records.show", record="milestone", pk=one.id), f"{one.unit} · {one.due}", "flag",
             Cell(_("%(days)s days late", days=one.late(as_of)), "badge", tone="red"))
        for one in late
    ]  # fmt: skip
