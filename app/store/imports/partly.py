"""References to many rows of which the person sees only some: what a file says is of those, and the others stay."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog import Entry
from app.store.imports.columns import KNOWN_MOST
from app.store.imports.lookup import parts
from app.store.labels import nobody


class Partly(list[int]):
    """The rows that a cell names, where it says of `marks` others that they are not visible to the person."""

    def __init__(self, ids: Iterable[int], marks: int) -> None:
        super().__init__(ids)
        self.marks = marks


class Sight:
    """Which rows of a record exist for the person; each is asked for once."""

    def __init__(self, session: Session, target: Entry) -> None:
        self._session = session
        self._target = target
        self._known: dict[int, bool] = {}

    def look(self, ids: Iterable[int]) -> None:
        """Find out about all of these rows."""
        if len(self._known) > KNOWN_MOST:
            self._known.clear()
        wanted = set(ids) - self._known.keys()
        self._known.update(dict.fromkeys(wanted, False))
        for some in parts(sorted(wanted)):
            model = self._target.model
            found = self._session.scalars(select(model.id).where(model.id.in_(some)))
            self._known.update(dict.fromkeys(found, True))

    def of(self, ids: Iterable[int]) -> set[int]:
        """Those of the rows that the person sees."""
        return {one for one in ids if self._known.get(one)}

    def beyond(self, ids: Iterable[int]) -> list[int]:
        """Those that they do not see, in the same order."""
        return [one for one in ids if not self._known.get(one)]


def left_out() -> str:
    """What is told of a new row whose file says of a referred row that it is not visible."""
    return str(_("“%(mark)s” stands for rows that you may not see, and is left out.", mark=nobody()))


def stay() -> str:
    """What is told of a row that keeps references which its cell does not speak of."""
    return str(_("What this refers to out of your sight stays as it is."))


def other_sight() -> str:
    """What is told of a cell that speaks of more unseen rows than there are."""
    return str(_("You see more of what this refers to than when the workbook was exported. Export the rows again."))
