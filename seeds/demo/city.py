"""What the demo's parts share: the session, the dice, and the rows made so far that others refer to."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import InstrumentedAttribute, Session

FIRST_DAY = date(2003, 7, 1)
LAST_DAY = date(2005, 12, 31)
"""The demo's present: what lies after it is planned, and has not happened."""


def ids(session: Session, key: InstrumentedAttribute[str]) -> dict[str, int]:
    """The id of every row of a record, by one of its fields."""
    return {row[0]: row[1] for row in session.execute(select(key, key.class_.id))}


@dataclass(frozen=True)
class Colleague:
    """A person of a unit, as other rows refer to them."""

    id: int
    name: str
    position: str
    leader: bool
    administrator: bool


@dataclass
class City:
    """The city under construction; `units` and `systems` hold ids by name and by code."""

    session: Session
    rng: Random
    units: dict[str, int]
    systems: dict[str, int]
    staff: dict[str, list[Colleague]] = field(default_factory=lambda: defaultdict(list))
    added: dict[str, int] = field(default_factory=dict)

    def add(self, record: type[Any], rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows of one record in bulk, each stamped with a working day of its years and its author."""
        for row in rows:
            self._stamp(row)
        self.session.execute(insert(record), rows)
        self.count(record, len(rows))

    def ids(self, key: InstrumentedAttribute[str]) -> dict[str, int]:
        """The id of every row of a record, by one of its fields."""
        return ids(self.session, key)

    def count(self, record: type[Any], number: int) -> None:
        """Note how many rows of a record were added."""
        self.added[record.__tablename__] = self.added.get(record.__tablename__, 0) + number

    def _stamp(self, row: dict[str, Any]) -> None:
        made = row.pop("made", None) or self.day()
        author = row.pop("stamped_by", None) or "数据服务中心"
        created = self.moment(made)
        changed = min(created + timedelta(days=int(self.rng.expovariate(1 / 60))), self.moment(LAST_DAY))
        row.update(created_at=created, created_by=author, updated_at=max(created, changed), updated_by=author)

    def day(self, first: date = FIRST_DAY, last: date = LAST_DAY) -> date:
        """A day within these, both included."""
        return first + timedelta(days=int(self.rng.random() * ((last - first).days + 1)))

    def moment(self, day: date) -> datetime:
        """A moment of that day's office hours, in the store's time."""
        at = time(0, 30) if self.rng.random() < 0.6 else time(6, 0)
        return datetime.combine(day, at, UTC) + timedelta(minutes=int(self.rng.random() * 180))

    def colleague(self, unit: str) -> Colleague:
        """Somebody who works in a unit."""
        return self.rng.choice(self.staff[unit])

    def head(self, unit: str) -> Colleague:
        """Whoever leads a unit."""
        return self.staff[unit][0]

    def administrator(self, unit: str) -> Colleague:
        """Whoever administers a unit's systems."""
        return next(person for person in self.staff[unit] if person.administrator)
