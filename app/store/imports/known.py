"""Rows of a file that are there already: compared cell by cell, three ways where the file is an export come back."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.access import System
from app.catalog import Entry, Field
from app.declare.access import Verb
from app.store.events import changes_between, own_label, written
from app.store.import_tables import Outcome
from app.store.imports.batches import Layout
from app.store.imports.clashes import Clashes, show
from app.store.imports.columns import BLANK, KEPT, Fault, Masked, quote, storage
from app.store.imports.lookup import Now, Scope, bases, deleted, holders, in_trash
from app.store.imports.partly import Partly, Sight, other_sight, stay
from app.store.imports.passing import Claim, Claims
from app.store.imports.staging import Staged
from app.store.save import Rules
from app.store.session import actor_of
from app.store.validate import WHOLE, Errors, check_alone, complete

Known3 = tuple[int, Now, int | None]
"""A row of a chunk by its index, what stands for it, and the version it was exported at."""


class Weighed:
    """What a row comes to while it is being looked at."""

    __slots__ = ("clash", "line", "notes", "now", "outside", "values", "wrong")

    def __init__(self, line: int, now: Now) -> None:
        self.line = line
        self.now = now
        self.values: dict[str, Any] = {}
        self.notes: list[dict[str, Any]] = []
        self.wrong = self.clash = self.outside = False


class Known:
    """Plans the rows of one file that are there already."""

    def __init__(
        self, session: Session, entry: Entry, places: Mapping[str, int], rules: Rules, layout: Layout, claims: Claims
    ) -> None:
        self._session = session
        self._claims = claims
        self._clashes = Clashes(session)
        self._entry = entry
        self._places = places
        self._rules = rules
        self._returned = layout.returned
        self._clears = layout.clear or layout.returned
        self._items = tuple(entry.fields[name] for name in places)
        self._sights = {item.name: Sight(session, item.target) for item in self._items if item.many and item.target}
        self._scope = Scope(session, entry, Verb.EDIT)
        self._free = isinstance(actor_of(session), System)
        dialect = session.get_bind().dialect
        derived = [item for item in entry.fields.values() if item.spec.derived is not None]
        # what is unique together is compared as a whole, though the file may give a part of it alone
        whole = [item for group in entry.uniques if {*group} & {*self._items} for item in group]
        kept = dict.fromkeys(item for item in (*self._items, *derived, *whole) if not item.many)
        self.moved: set[tuple[Field, ...]] = set()
        """The sets of unique fields that a changed row holds new values of."""
        self._stored = {item.name: (item.storage, storage(item, dialect)) for item in kept}

    @property
    def written(self) -> list[str]:
        """The fields that changed rows hold new values of."""
        many = (item.name for item in self._items if item.many)
        return [*self._stored, *many]

    def plan(self, lines: Sequence[int], columns: Mapping[str, list[Any]], chosen: Sequence[Known3]) -> list[Staged]:
        """What these rows of a chunk come to."""
        old = {
            now.id: (version, now.version) for _index, now, version in chosen
            if version is not None and version != now.version
        }  # fmt: skip
        since = bases(self._session, self._entry, old) if old else {}
        self._look(columns, chosen, since)
        weighed = []
        for index, now, _version in chosen:
            one = Weighed(lines[index], now)
            base = since.get(now.id, {})
            for item in self._items:
                self._weigh(one, item, columns[item.name][index], base)
            if one.values and not (one.wrong or one.clash):
                self._check(one)
            weighed.append(one)
        self._clashes.tell()
        self._check_scope(weighed)
        self._check_uniques(weighed)
        return [self._staged(one) for one in weighed]

    def _weigh(self, one: Weighed, item: Field, cell: Any, base: Mapping[str, Any] | None) -> None:
        """Take a cell into the row's new values if it changes something that may be changed."""
        present = one.now.values[item.name]
        value = self._value(one, item, cell, present)
        if value is KEPT or value == present:
            return
        if item.many:
            self._weigh_many(one, item, value, base)
            return
        mine, theirs = written(item, value), written(item, present)
        if mine == theirs or (base and item.name in base and mine == base[item.name]):
            return
        if item.spec.derived is not None:
            text = _("“%(label)s” follows from other fields; what the file says is left out.", label=item.label)
            one.notes.append(self._note(item.name, text) | {"odd": True})
        elif base is None or (item.name in base and base[item.name] != theirs):
            self._clash(one, item, present, value)
        else:
            self._take(one, item, present, value)

    def _look(
        self, columns: Mapping[str, list[Any]], chosen: Sequence[Known3], since: Mapping[int, Mapping[str, Any] | None]
    ) -> None:  # fmt: skip
        """Find out which of the rows that these refer to, or did, the person sees, where the file says otherwise."""
        for name, sight in self._sights.items():
            ids: set[int] = set()
            for index, now, _version in chosen:
                if columns[name][index] != now.values[name]:
                    ids.update(now.values[name], _ids((since.get(now.id) or {}).get(name)))
            sight.look(ids)

    def _weigh_many(self, one: Weighed, item: Field, value: list[int], base: Mapping[str, Any] | None) -> None:
        """The same of references to many, of which the person may see some: only those are what the file speaks of."""
        sight, present = self._sights[item.name], one.now.values[item.name]
        mine, theirs, beyond = set(value), sight.of(present), sight.beyond(present)
        marks = value.marks if isinstance(value, Partly) else 0
        if beyond and not marks:
            one.notes.append(self._note(item.name, stay()) | {"odd": True})
        before = sight.of(_ids(base[item.name])) if base and item.name in base else theirs
        if mine == theirs or (before != theirs and mine == before):
            return
        if base is None or before != theirs:
            self._clash(one, item, sorted(theirs), value)
        elif marks > len(beyond):
            one.clash = True
            one.notes.append(self._note(item.name, other_sight()))
        else:
            self._take(one, item, sorted(theirs), [*value, *beyond])

    def _value(self, one: Weighed, item: Field, cell: Any, present: Any) -> Any:
        """What a cell means for a row that is there; KEPT if nothing."""
        if cell is BLANK:
            if not self._clears:
                return KEPT
            return [] if item.many else False if item.kind.control == "checkbox" and not item.nullable else None
        if cell.__class__ is Masked:
            if present is not None and cell.text != item.kind.mask(item.kind.show(item, present).text):
                self._fault(one, item, _("A masked text is no value. Give the whole text, or leave it as exported."))
            return KEPT
        if cell.__class__ is Fault:
            if item.many or present not in cell.could_be:
                self._fault(one, item, cell.message)
            return KEPT
        return cell

    def _take(self, one: Weighed, item: Field, present: Any, value: Any) -> None:
        """Put a changed value into the row, if the person may change it."""
        if item.fixed:
            now = show(item, present)
            self._fault(one, item, _("This cannot be changed once it is saved; it is “%(now)s”.", now=now))
        elif item.name not in one.now.open:
            one.outside = True
            one.notes.append(self._note(item.name, _("You may not set this field.")))
        elif value is None and item.required:
            self._fault(one, item, _("Please fill this in."))
        else:
            one.values[item.name] = value

    def _clash(self, one: Weighed, item: Field, theirs: Any, mine: Any) -> None:
        one.clash = True
        note = self._note(item.name, "")
        one.notes.append(note)
        self._clashes.add(note, item, theirs, mine)

    def _fault(self, one: Weighed, item: Field, text: str) -> None:
        one.wrong = True
        one.notes.append(self._note(item.name, text))

    def _check(self, one: Weighed) -> None:
        """Complete the row, and hear what its values say together."""
        entry, now = self._entry, one.now.values
        values = dict(now) | one.values
        complete(entry, values)
        changed = frozenset(name for name in now if values[name] != now[name])
        errors: Errors = defaultdict(list)
        check_alone(
            self._session, entry, values, changed=changed, today=self._rules.today, ceiling=self._rules.ceiling,
            before=now, errors=errors,
        )  # fmt: skip
        for name, texts in errors.items():
            one.wrong = True
            one.notes += [self._note(name, text) for text in texts]
        one.values = {name: values[name] for name in entry.fields if name in changed}
        for name, value in one.values.items():
            item = entry.fields[name]
            if value is not None and not item.many and (text := item.kind.warn(item, value)):
                one.notes.append(self._note(name, text) | {"odd": True})

    def _check_scope(self, weighed: Sequence[Weighed]) -> None:
        """A row must stay where the person may maintain it."""
        moved = [one for one in weighed if any(item.name in one.values for item in self._scope.items)]
        if not moved or self._free:
            return
        asked = [
            (
                frozenset(one.values.keys() & one.now.open),
                tuple([one.values.get(item.name, one.now.values[item.name]) for item in self._scope.items]),
            )
            for one in moved
        ]
        field = self._entry.owner or self._entry.whole
        for one, yes in zip(moved, self._scope.reaches(asked), strict=True):
            if not yes:
                one.outside = True
                text = _("You may not put a row here. Choose what you may maintain.")
                one.notes.append(self._note(field.name if field else WHOLE, text))

    def _check_uniques(self, weighed: Sequence[Weighed]) -> None:
        """What may be there only once must not be another row's, unless that gives it up in this file."""
        for group in self._entry.uniques:
            asked: dict[tuple[Any, ...], list[Weighed]] = defaultdict(list)
            for one in weighed:
                if any(item.name in one.values for item in group):
                    values = tuple(one.values.get(item.name, one.now.values[item.name]) for item in group)
                    if None not in values:
                        asked[values].append(one)
            if asked:
                self.moved.add(group)
                self._check_numbers(group, asked)
            held = holders(self._session, self._entry, group, asked) if asked else {}
            gone = in_trash(self._session, self._entry, held.values())
            for values, holder in held.items():
                for one in asked[values]:
                    if one.now.id != holder:
                        self._claims.add(group, Claim(one.line, holder, holder in gone))

    def _check_numbers(self, group: Sequence[Field], asked: Mapping[tuple[Any, ...], Sequence[Weighed]]) -> None:
        """Tell of rows that are not those exported: SQLite gives the id of a deleted row to a new one.

        Such a row seems to change its key, back to the one that the deleted row had.
        """
        if not self._returned:
            return
        ids = {one.now.id: (one, values) for values, some in asked.items() for one in some}
        for row_id, last in deleted(self._session, self._entry, ids):
            one, values = ids[row_id]
            said = zip(group, values, strict=True)
            if all(item.name in last and last[item.name][0] == written(item, value) for item, value in said):
                one.clash = True
                text = _("The row that was exported is deleted, and this is another one. Export the rows again.")
                one.notes.append(self._note(group[-1].name, text))

    def _staged(self, one: Weighed) -> Staged:
        entry, now = self._entry, one.now
        label = own_label(entry, dict(now.values) | one.values)[:300] or None
        notes = json.dumps(one.notes, ensure_ascii=False) if one.notes else None
        told: dict[str, Any] = {"target_id": now.id, "version": now.version, "key": f"\x1f{now.id}", "label": label}
        bad = (
            Outcome.CONFLICT if one.clash else Outcome.ERROR if one.wrong else Outcome.OUTSIDE if one.outside else None
        )  # fmt: skip
        if bad is not None:
            return Staged(one.line, bad.value, notes=notes, **told)
        if not one.values:
            return Staged(one.line, Outcome.SAME.value, notes=notes, **told)
        after = dict(now.values) | one.values
        changes = changes_between(entry, now.values, after, one.values)
        many = {name: [now.values[name], value] for name, value in one.values.items() if entry.fields[name].many}
        return Staged(
            one.line, Outcome.CHANGED.value, notes=notes, **told,
            fields="、".join(entry.fields[name].label for name in changes)[:1000],
            new_values=self._kept(after), old_values=self._kept(now.values),
            many=json.dumps(many) if many else None, changes=json.dumps(changes, ensure_ascii=False),
        )  # fmt: skip

    def _kept(self, values: Mapping[str, Any]) -> str:
        """What the database keeps of every column that the file may change, as JSON."""
        return "{" + ",".join([
            f"{quote(column)}:{'null' if values[name] is None else stored(values[name])}"
            for name, (column, stored) in self._stored.items()
        ]) + "}"  # fmt: skip

    def _note(self, name: str, text: Any) -> dict[str, Any]:
        return {"field": name, "place": self._places.get(name), "message": str(text)}


def _ids(texts: Any) -> list[int]:
    """The rows that a line of the trail says a row referred to."""
    return [int(one) for one in texts if one.isdecimal()] if isinstance(texts, list) else []
