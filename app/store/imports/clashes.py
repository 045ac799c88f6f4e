"""Fields that both a file and somebody else have changed: told with both values, of which none is decided for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.catalog import Field
from app.store.labels import labels_for, nobody

Note = dict[str, Any]


class Clashes:
    """Tells the clashes of a chunk at once, as the rows that they refer to are looked up together."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: list[tuple[Note, Field, Any, Any]] = []

    def add(self, note: Note, item: Field, theirs: Any, mine: Any) -> None:
        """A field for whose note `tell` finds the words."""
        self._found.append((note, item, theirs, mine))

    def tell(self) -> None:
        """Put the words into the notes."""
        sides: dict[Field, list[dict[str, Any]]] = defaultdict(list)
        for _note, item, theirs, mine in self._found:
            if item.target is not None:
                sides[item] += [{item.name: theirs}, {item.name: mine}]
        known = {item: labels_for(self._session, [item], rows) for item, rows in sides.items()}
        for note, item, theirs, mine in self._found:
            names = known[item].get(item.target.name, {}) if item.target is not None else {}
            note["message"] = str(_(
                "Somebody changed this to “%(theirs)s” since the export; the file says “%(mine)s”.",
                theirs=show(item, theirs, names), mine=show(item, mine, names),
            ))  # fmt: skip
        self._found.clear()


def show(item: Field, value: Any, names: Mapping[int, str] | None = None) -> str:
    """A value as a message says it; `names` are those of referred rows that the person sees."""
    if value is None or value == []:
        return "—"
    if names is not None and item.target is not None:
        return "、".join(names.get(one, nobody()) for one in (value if item.many else [value]))
    text = item.kind.show(item, value).text
    return item.kind.mask(text) if item.masked else text
