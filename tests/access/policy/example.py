"""One drawn city and person, and what is done in it."""

from __future__ import annotations

import os
import random
from copy import copy
from typing import Any

from flask import Flask
from hypothesis import Phase, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from app.access import Forbidden, HeldGrant, Person
from app.catalog import Catalog, Entry
from app.declare.access import Verb
from app.declare.choices import Classification
from app.screens.forms import raw_of
from app.store import bulk, save
from app.store.validate import Invalid
from tests.support.little import MARK, around, held, scopes, shuffle
from tests.support.oracle import World

ASKED = int(os.environ.get("RAINBOW_EXAMPLES", "0"))
REFUSALS = (Forbidden, save.Missing, save.Stale, save.Referred, Invalid, bulk.RowsRefused)
SAMPLE = {"citizen_id": "11010519491231002X", "org_code": "D2143569-X"}
RULES = save.make_rules(Classification.TOP_SECRET, lambda text: "hashed")
SEEDS = st.integers(0, 2**32)
NAMES = st.sampled_from([
    "unit", "staff", "system", "milestone", "project", "funding_source", "budget_line", "deployment", "project_step",
    "incoming_document", "outgoing_document", "mail", "mail_reading", "news_item", "resident", "legal_entity",
    "natural_resource", "indicator", "indicator_value", "training_course", "training_record", "video_asset",
    "account", "role", "group", "directory_rule",
])  # fmt: skip
TRASHES = st.sampled_from(["project", "incoming_document", "outgoing_document", "news_item"])


def examples(number: int) -> settings:
    return settings(max_examples=ASKED or number, phases=(Phase.generate,))


class Example:
    """One drawn city and person."""

    def __init__(self, app: Flask, connection: Connection, record: str, seed: int) -> None:
        self.app = app
        self.chance = chance = random.Random(seed)
        self.connection = connection
        self.catalog: Catalog = app.extensions["catalog"]
        self.entry = self.catalog[record]
        self._seen: dict[str, set[int]] = {}
        self.former: set[str] = set()
        self.everything = False
        self.sessions: Any = None
        units = shuffle(connection, self.catalog, chance, around(self.entry))
        self.world = World(self.catalog, connection)
        self.person = Person(
            id=chance.choice(sorted(self.world.rows["account"])[-3:]), username="x", name="某人",
            roles=tuple(chance.sample(["unit_editor", "coordination", "leader"], chance.randrange(3))),
            unit_id=chance.choice([None, *units, *units]), clearance=chance.choice(list(Classification)),
            grants={entry.name: self._grants(entry) for entry in self.catalog if entry.name != "audit"},
        )  # fmt: skip

    def _grants(self, entry: Entry) -> tuple[HeldGrant, ...]:
        if entry is self.entry:
            return tuple(held(entry, self.catalog, self.chance) for _ in range(self.chance.choice([0, 1, 1, 2, 2, 3])))
        if self.chance.random() < 0.25:
            return ()
        return (HeldGrant(Verb.READ, self.chance.choice(scopes(entry, self.catalog))),)

    def of(self, person: Person) -> Example:
        """The same city for another person."""
        other = copy(self)
        other.person, other._seen = person, {}
        return other

    def seen(self, record: str = "") -> set[int]:
        name = record or self.entry.name
        if name not in self._seen:
            self._seen[name] = self.world.seen(self.person, name)
        return self._seen[name]

    def whole(self) -> set[str]:
        """The masked values of the record's rows as they are stored, and as they were."""
        masked = [name for name, item in self.entry.fields.items() if item.masked]
        rows = (self.world.rows[self.entry.name], self.world.trash[self.entry.name])
        return self.former | {str(row[n]) for some in rows for row in some.values() for n in masked if row[n]}

    def told(self, text: str, trash: bool = False) -> None:
        """Refuse a text with the name of a row that the person does not see (or, with `trash`, could not restore)."""
        for record, row_id in set() if self.everything else set(MARK.findall(text)):
            known = self.seen(record) | (self.world.restorable(self.person, record) if trash else set())
            assert int(row_id) in known, (record, row_id, text[:200])


def records(catalog: Catalog) -> list[str]:
    return [entry.name for entry in catalog if entry.name != "audit"]


def typed(x: Example, row: dict[str, Any]) -> dict[str, Any]:
    """What a form would send for a row, some of it changed: also to what the person does not see."""
    raw = raw_of(x.entry, row)
    for name, item in x.entry.fields.items():
        if not item.typed or x.chance.random() < 0.5:
            continue
        if item.target is not None:
            ids = [str(one) for one in sorted(x.world.rows[item.target.name])]
            raw[name] = x.chance.sample(ids, min(2, len(ids))) if item.many else x.chance.choice([*ids, raw[name]])
        elif getattr(item.type, "choices", None) is not None:
            raw[name] = str(x.chance.choice(list(item.choices)).value)
        elif item.kind.control == "checkbox":
            raw[name] = x.chance.choice(["0", "1"])
        elif type(item.kind).__name__ in ("TitleKind", "LineKind"):
            raw[name] = f"改{x.chance.randrange(1000)}"
    return {name: value for name, value in raw.items() if name != "password"}


def any_row(x: Example) -> int:
    return x.chance.choice(sorted(x.world.rows[x.entry.name]))


def thrown_away(x: Example) -> int:
    """A row of the trash, rather one that can be restored; of a record that has no trash, a row that stands."""
    found = x.world.restorable(x.person, x.entry.name) if x.chance.random() < 0.7 else set()
    return x.chance.choice(sorted(found or x.world.trash[x.entry.name]) or [any_row(x)])
