"""Which column of a sheet is which field: by label in either language, name, alias, pinyin, or a slip away from one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache

from flask import has_app_context
from flask_babel import gettext as _

from app.catalog import Catalog, Entry, Field
from app.declare.choices import Words
from app.excel.book import BadWorkbook, column_letters
from app.excel.layout import PREFIX, ROW_ID, ROW_VERSION, Stamp, fingerprint, read_stamp
from app.excel.words import alike, forms, languages, pinyins

MOST_SLIPS = 300
"""Unknown headers up to which slips are looked for; a sheet with more was not written by hand."""
SAME_RECORD = 0.6
"""The share of headers from which a sheet is taken for another record's."""


class How(IntEnum):
    """How a column was recognised, the surest first."""

    CHOSEN = 0
    LABEL = 1
    NAME = 2
    ALIAS = 3
    PINYIN = 4
    SLIP = 5


@dataclass(frozen=True)
class Matching:
    """What the columns of a sheet are, counted from 0.

    `mapping` leads to a field's name, or to "rn:id" and "rn:version" for the hidden columns of a returned export;
    `how` says how sure that is. `computed` are columns of fields that nobody types, `doubled` those of a field that an
    earlier column has already, `unknown` the rest that has a header; `missing` are fields a new row needs. `stamp` is
    what a returned export says of its origin, `outdated` whether the record has been declared anew since.
    """

    mapping: Mapping[int, str]
    how: Mapping[int, How] = field(default_factory=dict)
    computed: Mapping[int, str] = field(default_factory=dict)
    doubled: Mapping[int, str] = field(default_factory=dict)
    unknown: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()
    stamp: Stamp | None = None
    outdated: bool = False

    def problems(self, entry: Entry, texts: Sequence[str]) -> list[Words]:
        """What a person should settle before the rows are read."""
        found: list[Words] = [
            _("Columns %(one)s and %(other)s both seem to be “%(label)s”. Choose which one is to be read.",
              one=column_letters(self._first(name)), other=column_letters(column), label=entry.fields[name].label)
            for column, name in self.doubled.items()
        ]  # fmt: skip
        if not set(self.mapping.values()) - {ROW_ID, ROW_VERSION}:
            found.append(_("No column was recognised. Choose for each column which field it is."))
        return found

    def _first(self, name: str) -> int:
        return next(column for column, one in (*self.mapping.items(), *self.computed.items()) if one == name)


def match(entry: Entry, texts: Sequence[str], remembered: Mapping[int, str] | None = None) -> Matching:
    """What the columns under these headers are; `remembered` is what a person chose, "" for a column left out."""
    chosen = {
        column: name
        for column, name in (remembered or {}).items()
        if column < len(texts) and (not name or name in entry.fields or name in (ROW_ID, ROW_VERSION))
    }
    mapping = {column: name for column, name in chosen.items() if name}
    how = dict.fromkeys(mapping, How.CHOSEN)
    stamp = next((found for text in texts if (found := read_stamp(text)) is not None), None)
    for column, text in enumerate(texts):
        if text in (ROW_ID, ROW_VERSION) and column not in chosen and text not in mapping.values():
            mapping[column], how[column] = text, How.NAME
    open_columns = [c for c, text in enumerate(texts) if text and not text.startswith(PREFIX) and c not in chosen]
    computed: dict[int, str] = {}
    doubled: dict[int, str] = {}
    for way, likely in _found(entry, texts, open_columns):
        for column, name in likely.items():
            if column in mapping or column in computed or column in doubled:
                continue
            held = next((c for c, one in (*mapping.items(), *computed.items()) if one == name), None)
            if held is not None:
                # a worse likeness to a field that has its column says nothing
                if how[held] is way:
                    doubled[column] = name
                continue
            how[column] = way
            (mapping if entry.fields[name].typed else computed)[column] = name
    known = {*mapping, *computed, *doubled, *chosen}
    return Matching(
        mapping=dict(sorted(mapping.items())), how=how, computed=computed, doubled=doubled,
        unknown=tuple(column for column in open_columns if column not in known),
        missing=tuple(
            item.name for item in entry.fields.values()
            if item.typed and item.required and item.spec.default is None and item.name not in mapping.values()
        ),
        stamp=stamp, outdated=stamp is not None and stamp.record == entry.name
        and stamp.fingerprint != fingerprint(entry),
    )  # fmt: skip


def _found(entry: Entry, texts: Sequence[str], columns: Iterable[int]) -> Iterable[tuple[How, dict[int, str]]]:
    """What each column could be, the surest ways first."""
    columns = list(columns)
    names = names_of(entry)
    for way in (How.LABEL, How.NAME, How.ALIAS, How.PINYIN):
        known = names[way]
        yield way, {c: known[form] for c in columns for form in reversed(forms(texts[c])) if form in known}
    if len(columns) <= MOST_SLIPS:
        yield How.SLIP, {c: name for c in columns if (name := _slip(texts[c], names)) is not None}


def _slip(text: str, names: Mapping[How, Mapping[str, str]]) -> str | None:
    """The one field that a header is a slip away from."""
    near = {
        name
        for way in (How.LABEL, How.ALIAS, How.NAME)
        for form, name in names[way].items()
        if any(alike(one, form) for one in forms(text))
    }
    return near.pop() if len(near) == 1 else None


def names_of(entry: Entry) -> Mapping[How, Mapping[str, str]]:
    """The names of an entry's fields in their normal forms, by how sure they are."""
    # without an app there is one language, which is not to be kept for those who have two
    return _names(entry) if has_app_context() else _names.__wrapped__(entry)


@lru_cache(maxsize=512)
def _names(entry: Entry) -> Mapping[How, Mapping[str, str]]:
    found: dict[How, dict[str, set[str]]] = {way: {} for way in How}
    for item in entry.fields.values():
        for way, texts in _written(item):
            for text in texts:
                found[way].setdefault(text, set()).add(item.name)
    # what could be two fields is neither
    return {way: {text: next(iter(n)) for text, n in known.items() if len(n) == 1} for way, known in found.items()}


def _written(item: Field) -> Iterable[tuple[How, Iterable[str]]]:
    labels = languages(item.spec.label)
    yield How.LABEL, {form for label in labels for form in forms(label)}
    yield How.NAME, {form for name in (item.name, item.storage) for form in forms(name)}
    yield How.ALIAS, {form for alias in item.spec.aliases for form in forms(alias)}
    yield How.PINYIN, {form for label in (*labels, *item.spec.aliases) for form in pinyins(label) if len(form) > 1}


def count(entry: Entry, written: AbstractSet[str]) -> int:
    """How many fields these forms of headers name for sure: by label, name or alias."""
    names = names_of(entry)
    sure = (names[How.LABEL], names[How.NAME], names[How.ALIAS])
    return len({known[form] for known in sure for form in known.keys() & written})


def check_record(catalog: Catalog, entry: Entry, texts: Sequence[str], visible: Iterable[str]) -> None:
    """Raise BadWorkbook if the sheet is of another record: by its stamp, or as its headers fit that one far better.

    `visible` are the names of the records the person knows of; no other is named.
    """
    stamp = next((found for text in texts if (found := read_stamp(text)) is not None), None)
    others = {name: catalog[name] for name in visible if name in catalog and name != entry.name}
    if stamp is not None:
        if stamp.record == entry.name:
            return
        other = others.get(stamp.record)
        raise BadWorkbook(_another(entry, other))
    given = [text for text in texts if text and text.strip()]
    written = {form for text in given for form in forms(text)}
    own = count(entry, written)
    best = max(others.values(), key=lambda other: count(other, written), default=None)
    if best is None:
        return
    fits = count(best, written)
    if fits >= 3 and fits >= SAME_RECORD * len(given) and own * 2 <= fits and not _whole(entry, given):
        raise BadWorkbook(_another(entry, best))


def _whole(entry: Entry, texts: Sequence[str]) -> bool:
    """Whether the sheet has every column that a new row of the entry needs."""
    return not match(entry, texts).missing


def _another(entry: Entry, other: Entry | None) -> str:
    if other is None:
        return str(_("This sheet is of another record, not of “%(title)s”. Choose the sheet or the file again.",
                     title=entry.title))  # fmt: skip
    return str(_("This sheet is of “%(other)s”, not of “%(title)s”. Import it there, or choose another sheet.",
                 other=other.title, title=entry.title))  # fmt: skip
