"""Rows of a file that would be new: checked as a form's are, column by column, and turned into what will be stored."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import compress, repeat
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.access import editable
from app.catalog import STAMPS, Entry, Field
from app.declare.access import Verb
from app.declare.fields import name_of
from app.kinds import Kind
from app.store.events import own_labels
from app.store.import_tables import Outcome
from app.store.imports.columns import BLANK, KEPT, Blank, Encoder, Fault, Kept, Masked, quote, told
from app.store.imports.lookup import Scope, holders, in_trash
from app.store.imports.partly import Partly, left_out
from app.store.imports.passing import Claim, Claims
from app.store.imports.staging import Staged
from app.store.save import Rules, defaults
from app.store.session import actor_of
from app.store.validate import WHOLE, Errors, check_alone

SPECIAL = frozenset({Blank, Kept, Masked, Fault})
Columns = Mapping[str, list[Any]]
Notes = dict[int, list[dict[str, Any]]]


class Draft:
    """New rows of a chunk on their way: their lines, keys and values, and what is said of each, by its number here.

    The values are there twice: `rows` has them by field, `columns` those of each plain field.
    """

    def __init__(
        self, lines: list[int], keys: list[tuple[Any, ...] | None], rows: list[dict[str, Any]],
        columns: list[list[Any]], notes: Notes,
    ) -> None:  # fmt: skip
        self.lines = lines
        self.keys = keys
        self.rows = rows
        self.columns = columns
        self.notes = notes
        self.outside: set[int] = set()

    @property
    def bad(self) -> set[int]:
        """The rows that cannot be stored, whoever asks."""
        faulty = {number for number, said in self.notes.items() if not all("odd" in note for note in said)}
        return faulty - self.outside


class Trail:
    """Puts the lines of the trail together that tell of new rows, from the JSON texts of their fields' values."""

    def __init__(self, items: Sequence[Field]) -> None:
        self._items = items
        self._shapes: dict[tuple[bool, ...], tuple[str, str]] = {}

    def line(self, told: Sequence[str]) -> tuple[str, str]:
        """Of a row the labels of the fields that hold something, and [nothing, what they hold] as JSON."""
        present = tuple([text != "null" for text in told])
        fields, frame = self._shapes.get(present) or self._shape(present)
        return fields, frame % tuple(compress(told, present))

    def _shape(self, present: tuple[bool, ...]) -> tuple[str, str]:
        items = list(compress(self._items, present))
        frame = "{" + ",".join(f"{quote(item.name)}:[null,%s]" for item in items) + "}"
        shape = "、".join(item.label for item in items)[:1000], frame
        self._shapes[present] = shape
        return shape


class Fresh:
    """Checks the new rows of one file; `plain` are the fields that rows have themselves, `many` those that refer."""

    def __init__(
        self, session: Session, entry: Entry, places: Mapping[str, int], rules: Rules, key: tuple[Field, ...],
        claims: Claims,
    ) -> None:  # fmt: skip
        self._session = session
        self._claims = claims
        self._entry = entry
        self._places = places
        self._rules = rules
        self._key = key
        self._open = editable(actor_of(session), entry, new=True)
        self._given = defaults(entry)
        self._scope = Scope(session, entry, Verb.ADD)
        dialect = session.get_bind().dialect
        own = [item for name, item in entry.fields.items() if name not in STAMPS]
        self.plain = tuple(item for item in own if not item.many)
        self.many = tuple(item for item in own if item.many and item.name in places and item.name in self._open)
        self._names = tuple(item.name for item in self.plain)
        self._encoders = [Encoder(item, dialect) for item in self.plain]
        self._told = {item.name: told(item) for item in self.many}
        self._template = "{" + ",".join(f"{quote(item.storage)}:%s" for item in self.plain) + "}"
        self._trail = Trail(self.plain)
        self._read = [item for item in self.plain if item.name in places and item.name in self._open]
        lacking = (item for item in self.plain if item.name in self._open and item.required)
        self._lacking = [item for item in lacking if item.name not in places and self._given.get(item.name) is None]
        self._others = [
            group for group in entry.uniques
            if group != key and any(item.name in places for item in group) and not any(item.many for item in group)
        ]  # fmt: skip
        self._odd = [item for item in self.plain if _warns(item)]

    def plan(
        self, lines: Sequence[int], columns: Columns, chosen: Sequence[int], keys: Sequence[tuple[Any, ...] | None]
    ) -> list[Staged]:
        """What the rows at these indexes of a chunk come to."""
        return self._staged(self.check(lines, columns, chosen, keys)) if chosen else []

    def check(
        self, lines: Sequence[int], columns: Columns, chosen: Sequence[int], keys: Sequence[tuple[Any, ...] | None]
    ) -> Draft:
        """The rows at these indexes of a chunk, with what is to be said of them."""
        notes: Notes = defaultdict(list)
        values = self._values(columns, chosen, notes)
        many = {item.name: self._clean(item, columns[item.name], chosen, notes) for item in self.many}
        rows = [dict(zip(self._names, row, strict=True)) for row in zip(*values, strict=True)]
        self._tell_unseen(columns, chosen, notes)
        for name, lists in many.items():
            for row, ids in zip(rows, lists, strict=True):
                row[name] = ids or []
        draft = Draft([lines[index] for index in chosen], [keys[index] for index in chosen], rows, values, notes)
        self._check(draft)
        self._check_uniques(draft)
        self._check_scope(draft)
        return draft

    def _values(self, columns: Columns, chosen: Sequence[int], notes: Notes) -> list[list[Any]]:
        """The values of every plain field of the new rows, in the order of the fields."""
        count = len(chosen)
        found: dict[str, list[Any]] = {}
        for item in self.plain:
            if item in self._read:
                found[item.name] = self._clean(item, columns[item.name], chosen, notes)
            else:
                found[item.name] = [self._given.get(item.name)] * count
        for item in self._lacking:
            for number in range(count):
                notes[number].append(self._note(item.name, _("Please fill this in.")))
        for item in self.plain:
            derived = item.spec.derived
            if derived is None:
                continue
            compute = derived.compute
            found[item.name] = [
                None if value is None else compute(value) for value in found[name_of(derived.source)]
            ]  # fmt: skip
            if item.name in self._places:
                self._compare(item, columns[item.name], chosen, found[item.name], notes)
        return [found[name] for name in self._names]

    def _clean(
        self, item: Field, cells: Sequence[Any], chosen: Sequence[int], notes: Notes
    ) -> list[Any]:  # fmt: skip
        """The values of a column, with defaults where it is empty; what cannot be stored is noted, and None."""
        found = list(cells) if len(chosen) == len(cells) else [cells[index] for index in chosen]
        if SPECIAL.isdisjoint({value.__class__ for value in found}):
            return found
        start = False if item.kind.control == "checkbox" and not item.nullable else None
        start = self._given.get(item.name, start)
        for number, value in enumerate(found):
            kind = value.__class__
            if kind not in SPECIAL:
                continue
            found[number] = None
            if kind is Fault:
                notes[number].append(self._note(item.name, value.message))
            elif kind is Masked:
                text = _("A masked text is no value. Give the whole text.")
                notes[number].append(self._note(item.name, text))
            elif start is None and item.required:
                notes[number].append(self._note(item.name, _("Please fill this in.")))
            else:
                found[number] = start
        return found

    def _tell_unseen(self, columns: Columns, chosen: Sequence[int], notes: Notes) -> None:
        """Tell where the file says of a referred row that it is not visible, as in a row copied to make a new one."""
        for item in (*self._read, *self.many):
            if item.target is None:
                continue
            cells = columns[item.name]
            for number, index in enumerate(chosen):
                if cells[index].__class__ in (Kept, Partly):
                    notes[number].append(self._note(item.name, left_out(), odd=True))

    def _compare(
        self, item: Field, cells: Sequence[Any], chosen: Sequence[int], values: Sequence[Any],
        notes: Notes,
    ) -> None:  # fmt: skip
        """Tell where the file says another thing than what follows from the row; what follows is stored."""
        for number, index in enumerate(chosen):
            given = cells[index]
            if given is BLANK or given is KEPT or given.__class__ is Masked or given == values[number]:
                continue
            text = _("“%(label)s” follows from other fields; what the file says is left out.", label=item.label)
            notes[number].append(self._note(item.name, text, odd=True))

    def _check(self, draft: Draft) -> None:
        """What each row says of itself: steps, rules, secrecy, and what is odd about it."""
        entry, rules, notes = self._entry, self._rules, draft.notes
        if entry.screen.rules or entry.screen.workflow is not None or entry.classification is not None:
            errors: Errors = defaultdict(list)
            for number, row in enumerate(draft.rows):
                check_alone(
                    self._session, entry, row, changed=self._open, today=rules.today, ceiling=rules.ceiling,
                    before=None, errors=errors,
                )  # fmt: skip
                if errors:
                    notes[number] += [self._note(name, text) for name, texts in errors.items() for text in texts]
                    errors.clear()
        for item in self._odd:
            warn, name = item.kind.warn, item.name
            for number, row in enumerate(draft.rows):
                if row[name] is not None and (text := warn(item, row[name])):
                    notes[number].append(self._note(name, text, odd=True))

    def _check_scope(self, draft: Draft) -> None:
        """The person must be allowed to put each row where it says."""
        scope, none = self._scope, frozenset[str]()
        names = [item.name for item in scope.items]
        set_fields = [self._differing(row) for row in draft.rows] if scope.by_field else repeat(none, len(draft.rows))
        # one empty tuple for each row where no field decides
        given = zip(*([row[name] for row in draft.rows] for name in names), strict=True) if names else repeat(())
        asked = list(zip(set_fields, given, strict=False))
        field, bad = self._entry.owner or self._entry.whole, draft.bad
        for number, yes in enumerate(scope.reaches(asked)):
            if not yes and number not in bad:
                draft.outside.add(number)
                text = _("You may not put a row here. Choose what you may maintain.")
                draft.notes[number].append(self._note(field.name if field else WHOLE, text))

    def _differing(self, row: Mapping[str, Any]) -> frozenset[str]:
        """The fields in which the row says something of its own."""
        return frozenset(name for name in self._open if (row.get(name) or None) != (self._given.get(name) or None))

    def _check_uniques(self, draft: Draft) -> None:
        """What else may be there only once must not be another row's, unless that gives it up in this file.

        The key has been looked up before.
        """
        for group in self._others:
            asked: dict[tuple[Any, ...], list[int]] = defaultdict(list)
            for number, row in enumerate(draft.rows):
                values = tuple(row[item.name] for item in group)
                if None not in values:
                    asked[values].append(number)
            held = holders(self._session, self._entry, group, asked)
            gone = in_trash(self._session, self._entry, held.values())
            for values, holder in held.items():
                for number in asked[values]:
                    self._claims.add(group, Claim(draft.lines[number], holder, holder in gone))

    def _staged(self, draft: Draft) -> list[Staged]:
        """The rows as they are kept until they go in."""
        texts = [encoder.encode(column) for encoder, column in zip(self._encoders, draft.columns, strict=True)]
        stored = zip(*(pair[0] for pair in texts), strict=True)
        said = zip(*(pair[1] for pair in texts), strict=True)
        template, staged, entry, notes = self._template, [], self._entry, draft.notes
        bad = draft.bad
        refused = bad | draft.outside
        labels = own_labels(entry, draft.rows)
        rows = zip(draft.lines, draft.keys, draft.rows, labels, stored, said, strict=True)
        for number, (line, key, row, told_label, kept, telling) in enumerate(rows):
            label = told_label[:300] or None
            told_key = None if key is None else "\x1f".join(map(str, key))
            told_notes = json.dumps(notes[number], ensure_ascii=False) if number in notes else None
            if number in refused:
                outcome = Outcome.ERROR if number in bad else Outcome.OUTSIDE
                staged.append(Staged(line, outcome.value, key=told_key, label=label, notes=told_notes))
                continue
            fields, changes = self._trail.line(telling)
            many = None
            if self.many:
                fields, changes, many = self._with_many(row, fields, changes)
            staged.append(
                Staged(
                    line, "new", None, None, told_key, label, fields, template % kept, None, many, changes, told_notes
                )
            )
        return staged

    def _with_many(self, row: Mapping[str, Any], fields: str, changes: str) -> tuple[str, str, str]:
        """The same with the references to many rows."""
        held = {item.name: row[item.name] for item in self.many if row[item.name]}
        for item in self.many:
            if item.name in held:
                fields = f"{fields}、{item.label}"[:1000]
                mark = "," if len(changes) > 2 else ""
                changes = f"{changes[:-1]}{mark}{quote(item.name)}:[null,{self._told[item.name](held[item.name])}]}}"
        return fields, changes, json.dumps({name: [[], ids] for name, ids in held.items()})

    def _note(self, name: str, text: Any, odd: bool = False) -> dict[str, Any]:
        note = {"field": name, "place": self._places.get(name), "message": str(text)}
        return note | {"odd": True} if odd else note


def _warns(item: Field) -> bool:
    """Whether the field's kind finds anything odd at all."""
    return type(item.kind).warn is not Kind.warn
