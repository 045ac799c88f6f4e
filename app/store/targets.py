"""The rows that a list's order refers to, in their own order, a few at a time: those the actor sees, and the others."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from time import monotonic
from typing import Any

from sqlalchemy import Engine, Select, false, func, null, or_, select
from sqlalchemy.orm import Session

from app.access import System, predicate
from app.access.policy import decided_by
from app.catalog import Entry
from app.declare.access import Verb
from app.store.cursor import Cursor, sort_field
from app.store.order import as_stored, ordering, past, plain
from app.store.query import Query
from app.store.session import actor_of, scoped
from app.store.walk import BY_ID, along, more

SMALL = 200
"""So many referred rows are walked whether rows refer to them or not."""
USED = 1_000
"""Where rows refer to no more different ones than these, they alone are walked."""
FOUND_USED = 20_000
"""The same where walking all has met few of them."""
KNOWN_FOR = 300.0
"""Seconds for which it is believed which of both it is: a wrong belief costs time and no row."""

Target = tuple[int, Any]
"""The id of a referred row, and the value that orders it: none where the actor may not see it."""


class Part(Enum):
    """The parts of a list ordered by a reference, as they follow one another going up.

    Rows that refer to what the actor sees, in its order; to what they do not see, or what has no value, by its id; to
    nothing.
    """

    SEEN = "seen"
    UNSEEN = "unseen"
    NONE = "none"

    @classmethod
    def of(cls, cursor: Cursor) -> Part:
        """The part in which a place is."""
        if cursor.target is None:
            return cls.NONE
        return cls.UNSEEN if cursor.value is None else cls.SEEN


class Targets:
    """What a query's rows may refer to by the reference that orders them, as it exists for the session's actor."""

    def __init__(self, session: Session, query: Query) -> None:
        self._session = session
        self._entry = query.entry
        self._item = query.order
        self._target: Entry = query.order.target  # type: ignore[assignment]  # one that is none stops the start
        by = sort_field(self._item)
        self._by = None if by is self._item else by
        self.value: Any = None if self._by is None else by.column
        """The column of the referred record that orders the list: none where the reference itself does."""
        own = [condition for condition in query.conditions if condition.field is self._item]
        self._empty = next((bool(one.values[0]) for one in own if one.op == "empty"), None)
        self._among = next((one.values for one in own if one.op == ""), None)
        self._decided = self._decides()

    def has(self, part: Part) -> bool:
        """Whether the list may have rows in a part."""
        if self._empty is not None and self._empty is not (part is Part.NONE):
            return False
        if part is Part.NONE:
            return self._item.nullable and self._among is None
        if part is Part.SEEN:
            return self._by is not None
        return self._by is None or self._by.nullable or scoped(self._session, self._target)

    def stands(self, part: Part, target: Target) -> bool:
        """Whether a referred row is still where a place says that it is."""
        row_id, value = target
        statement = self._of(part).where(self._target.model.id == row_id)
        if part is Part.SEEN:
            statement = statement.where(self.value == as_stored(value, self.value.type))
        return self._session.execute(statement).first() is not None

    def after(self, part: Part, target: Target | None, down: bool, size: int, vain: bool) -> list[Target]:
        """The next ones of a part in the direction of reading; from its beginning if there is none to go on from.

        `vain` says that those before them had too few rows.
        """
        model = self._target.model
        columns = (self.value, model.id) if part is Part.SEEN else (model.id,)
        statement = self._of(part)
        if target is not None:
            row_id, value = target
            statement = statement.where(past(columns, (value, row_id) if part is Part.SEEN else (row_id,), down))
        narrow = self._narrow(USED) or (vain and self._narrow(FOUND_USED))
        if narrow:
            # an offset keeps a database from walking all the others in the hope of meeting these soon
            found = statement.where(model.id.in_(self._used())).offset(0)
            used = found.with_hint(model, BY_ID, "sqlite").subquery("rn_used")
            columns = (used.c.rn_value, used.c.id) if part is Part.SEEN else (used.c.id,)
            statement = select(used.c.id, used.c.rn_value).execution_options(**statement.get_execution_options())
        statement = statement.order_by(*ordering(columns, [False] * len(columns), down))
        if part is Part.SEEN and self._by is not None and not narrow:
            statement = along(self._session, statement, Query(self._target, self._by, down), True)
        return [(row[0], row[1]) for row in self._session.execute(statement.limit(plain(size)))]

    def _of(self, part: Part) -> Select[Any]:
        """The referred rows that the actor sees, with what orders them; or all others."""
        model = self._target.model
        among = () if self._among is None else (model.id.in_(self._among),)
        if part is Part.SEEN:
            seen = select(model.id, self.value.label("rn_value"))
            return seen.where(self.value.is_not(None), *among)
        statement = select(model.id, null().label("rn_value")).where(*among)
        if self._by is not None:
            reasons = [self.value.is_(None)] if self._by.nullable else []
            if scoped(self._session, self._target):
                rows = predicate(self._session.info["catalog"], actor_of(self._session), self._target, Verb.READ)
                reasons.append(rows.is_not(True))
            statement = statement.where(or_(false(), *reasons))
        # no more than their ids is learned, which the rows that refer to them tell anyway
        return statement.execution_options(unfiltered=True)

    def _decides(self) -> bool:
        """Whether what a row refers to decides alone that the actor sees it: they then see the rows of few."""
        actor = actor_of(self._session)
        if isinstance(actor, System) or not scoped(self._session, self._entry):
            return False
        return decided_by(self._session.info["catalog"], actor, self._entry, Verb.READ) == frozenset({self._item.name})

    def _narrow(self, number: int) -> bool:
        """Whether rows refer to no more different ones than a number, of more than a few."""
        if self._among is not None or self._decided:
            return self._decided
        beliefs, now = _beliefs(self._session.get_bind().engine), monotonic()
        key = self._entry.name, self._item.name, number
        until, narrow = beliefs.get(key, (0.0, False))
        if until < now:
            narrow = more(self._session, select(self._target.model.__table__.c.id), SMALL)
            narrow = narrow and not more(self._session, self._used(), number)
            beliefs[key] = now + KNOWN_FOR, narrow
        return narrow

    def _used(self) -> Select[Any]:
        """The ids referred to, each found by the one before it: rows that refer to the same are leapt over."""
        # in Core no policy is added: of these ids only what the actor may see is shown
        column = self._item.column if self._decided else self._entry.model.__table__.c[self._item.storage]
        used = select(func.min(column).label("id")).cte("rn_leap", recursive=True)
        following = select(func.min(column)).where(column > used.c.id).correlate(used).scalar_subquery()
        used = used.union_all(select(following).where(used.c.id.is_not(None)))
        return select(used.c.id).where(used.c.id.is_not(None))


@lru_cache(maxsize=16)
def _beliefs(engine: Engine) -> dict[tuple[str, str, int], tuple[float, bool]]:
    """By record, reference and number, whether rows refer to no more than that, and until when that is believed."""
    return {}
