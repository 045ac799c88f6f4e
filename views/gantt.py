"""The systems' milestones along a time axis, drawn by the server as percentages of the axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import url_for
from flask_babel import gettext as _

from views.board import Target

FIRST, LAST = date(2003, 7, 1), date(2006, 3, 31)
"""The span of the plan's targets, with a margin."""


@dataclass(frozen=True)
class Mark:
    """A milestone on its lane: `x` in percent of the axis; `text` says what it is."""

    x: float
    state: str
    text: str
    url: str


@dataclass(frozen=True)
class Lane:
    """A system: its bar from `start` to `end`, done until `until`, all in percent of the axis."""

    name: str
    start: float
    end: float
    until: float
    marks: tuple[Mark, ...]
    words: str


@dataclass(frozen=True)
class Gantt:
    """The lanes, the quarters of the axis as (x, label), and where the day stands; outside the axis it is None."""

    lanes: tuple[Lane, ...]
    quarters: tuple[tuple[float, str], ...]
    today: float | None
    as_of: str


def draw(found: Sequence[Target], as_of: date) -> Gantt:
    """A lane for each system that has milestones, in the order of its first."""
    names = list(dict.fromkeys(one.system for one in found))
    lanes = tuple(_lane(name, [one for one in found if one.system == name], as_of) for name in names)
    today = _x(as_of) if FIRST <= as_of <= LAST else None
    return Gantt(lanes, tuple(_quarters()), today, as_of.isoformat())


def _lane(name: str, marks: Sequence[Target], as_of: date) -> Lane:
    states = {
        "done": _("accepted"), "wait": _("awaits acceptance"), "late": _("late"), "plan": _("planned"),
    }  # fmt: skip
    drawn = tuple(
        Mark(_x(one.due), one.state(as_of), f"{one.title}，{one.due}，{states[one.state(as_of)]}",
             url_for("records.show", record="milestone", pk=one.id))
        for one in marks
    )  # fmt: skip
    # work on a system begins half a year before its first date: the plan gives ends, not beginnings
    start = max(0.0, _x(marks[0].due - timedelta(days=183)))
    end = _x(marks[-1].due)
    return Lane(name, start, end, max(start, min(end, _x(as_of))), drawn, "；".join(mark.text for mark in drawn))


def _x(day: date) -> float:
    share = (day - FIRST).days / (LAST - FIRST).days * 100
    return round(max(0.0, min(100.0, share)), 2)


def _quarters() -> list[tuple[float, str]]:
    days = [date(year, month, 1) for year in (2003, 2004, 2005, 2006) for month in (1, 7)]
    return [(_x(day), day.strftime("%Y-%m")) for day in days if FIRST <= day <= LAST]
