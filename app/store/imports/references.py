"""References in a file, by key or by name, found for a whole chunk at once: only rows that exist for the person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from marshmallow import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import readable
from app.catalog import Entry, Field
from app.declare.fields import Use
from app.store.imports.columns import BLANK, KEPT, KNOWN_MOST, Fault, ToRaw
from app.store.imports.partly import Partly
from app.store.labels import nobody
from app.store.session import actor_of

ASKED = 2_000


class Resolver:
    """Turns the cells of one reference column into ids; each text is looked up once."""

    def __init__(self, session: Session, item: Field, target: Entry, to_raw: ToRaw) -> None:
        self._session = session
        self._item = item
        self._target = target
        self._to_raw = to_raw
        self._known: dict[str, Any] = {}
        actor = actor_of(session)
        ways = (*self._target.having(Use.KEY)[:1], *_name(self._target))
        self._ways = tuple(way for way in dict.fromkeys(ways) if readable(actor, way))

    def read(self, cells: Iterable[Any]) -> list[Any]:
        """The values of the cells: an id, or ids for many; BLANK; KEPT where the export showed nothing; or a Fault.

        Of many, of which the export showed some, it is Partly.
        """
        if len(self._known) > KNOWN_MOST:
            self._known.clear()
        texts = [self._text(cell) for cell in cells]
        hidden = nobody()
        parts = {
            part for text in texts if text.__class__ is str for part in self._parts(text) if part not in self._known
        }
        self._learn(sorted(parts - {hidden}))
        self._known[hidden] = KEPT
        return [self._value(text) if text.__class__ is str else text for text in texts]

    def _text(self, cell: Any) -> Any:
        if cell is None or cell == "":
            return BLANK
        try:
            raw = self._to_raw(self._item, cell)
        except ValidationError as error:
            return Fault(" ".join(str(text) for text in error.messages))
        text = "、".join(raw) if isinstance(raw, list) else "" if raw is None else str(raw).strip()
        return text or BLANK

    def _parts(self, text: str) -> list[str]:
        """The single references of a cell: one, or those between separators."""
        if not self._item.many:
            return [text]
        for mark in ("；", ";", "，", ",", "\n"):
            text = text.replace(mark, "、")
        return [part.strip() for part in text.split("、") if part.strip()]

    def _value(self, text: str) -> Any:
        if not self._item.many:
            return self._known[text]
        found = [self._known[part] for part in self._parts(text)]
        wrong = next((one for one in found if one.__class__ is Fault), None)
        if wrong is not None:
            return wrong
        ids = list(dict.fromkeys(one for one in found if one is not KEPT))
        marks = found.count(KEPT)
        return Partly(ids, marks) if marks else ids

    def _learn(self, texts: list[str]) -> None:
        for start in range(0, len(texts), ASKED):
            asked = texts[start : start + ASKED]
            for way in self._ways:
                asked = self._ask(way, asked)
            self._known.update(dict.fromkeys(asked, Fault(self._missing())))

    def _missing(self) -> str:
        if self._target is self._item.entry:
            text = _("This row does not exist, or you may not see it. If it stands in this file, import that row "
                     "first (the good rows now), then this one.")  # fmt: skip
            return str(text)
        return str(_("This row does not exist, or you may not see it. Choose another."))

    def _ask(self, way: Field, texts: list[str]) -> list[str]:
        """Look texts up in one field of the target; returns those that it does not know."""
        values: dict[Any, list[str]] = defaultdict(list)
        for text in texts:
            try:
                values[way.kind.parse(way, text)].append(text)
            except ValidationError:
                continue
        if not values:
            return texts
        model = self._target.model
        rows = self._session.execute(select(model.id, way.column).where(way.column.in_(list(values))))
        found: dict[Any, list[int]] = defaultdict(list)
        for row_id, value in rows:
            found[value].append(row_id)
        for value, ids in found.items():
            one = ids[0] if len(ids) == 1 else Fault(_("Several rows are called so."), frozenset(ids))
            self._known.update(dict.fromkeys(values[value], one))
        return [text for text in texts if text not in self._known]


def _name(target: Entry) -> tuple[Field, ...]:
    """The field by which an export names a row that has no key, if one field alone does."""
    own = tuple(item for item in target.labelled if item.relation is None and not item.masked)
    return own if len(own) == 1 == len(target.labelled) else ()
