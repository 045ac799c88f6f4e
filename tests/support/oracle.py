"""A second reading of the grants, over rows as dictionaries: what the console's own policy is held against.

It shares no code with the console's policy and asks no database: grants are read as their declaration's words say,
one row at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from app.access import Person
from app.catalog import Catalog, Entry
from app.declare.access import Everywhere, Mine, Only, OwnTree, OwnUnit, Verb
from app.declare.choices import Classification
from app.declare.fields import Relation, name_of

Row = dict[str, Any]
LEVELS = ("public", "internal", "secret", "confidential", "top_secret")


@dataclass(frozen=True)
class Shape:
    """What of a record's declaration its grants depend on; the names are of fields."""

    owner: str
    whole: str
    level: str
    targets: Mapping[str, str]

    @classmethod
    def of(cls, entry: Entry) -> Shape:
        """The shape of a declared record."""
        by_relation = {item.relation: name for name, item in entry.fields.items()}
        owner = by_relation.get(Relation.OWNER, "")
        whole = by_relation.get(Relation.PART, "")
        if not owner and not whole and entry.name != "unit":
            owner = "unit" if "unit" in entry.fields else ""
        level = next((n for n, item in entry.fields.items() if getattr(item.type, "choices", None) is Classification
                      and n != "clearance"), "")  # fmt: skip
        targets = {name: item.target.name for name, item in entry.fields.items() if item.target is not None}
        return cls(owner, whole, level, targets)


class World:
    """Every row of every record as it stands in a database now."""

    def __init__(self, catalog: Catalog, connection: Connection, only: Iterable[str] | None = None) -> None:
        names = [entry.name for entry in catalog if entry.name != "audit"] if only is None else list(only)
        self.shapes = {entry.name: Shape.of(entry) for entry in catalog}
        self.rows = {name: read_rows(catalog[name], connection) for name in names}
        self.rows.setdefault("audit", {})
        self.trash = {name: read_rows(catalog[name], connection, trashed=True) for name in names}

    def with_rows(self, record: str, rows: dict[int, Row]) -> World:
        """The same world in which a record has other rows."""
        other = object.__new__(World)
        other.shapes, other.rows, other.trash = self.shapes, {**self.rows, record: rows}, self.trash
        return other

    def unit_of(self, record: str, row: Row) -> int | None:
        """The unit a row belongs to: its owner, or that of the whole it is a part of."""
        shape = self.shapes[record]
        if record == "unit":
            return int(row["id"])
        if shape.owner:
            found: int | None = row[shape.owner]
            return found
        if shape.whole:
            whole = shape.targets[shape.whole]
            above = self.rows[whole].get(row[shape.whole])
            return None if above is None else self.unit_of(whole, above)
        return None

    def above(self, unit: int) -> set[int]:
        """A unit and all those it stands below."""
        found: set[int] = set()
        at: int | None = unit
        while at is not None and at not in found:
            found.add(at)
            at = self.rows["unit"][at]["parent"]
        return found

    def holds(self, person: Person, record: str, row: Row, scope: object) -> bool:
        """Whether a row lies within a scope, for this person."""
        match scope:
            case Everywhere():
                return True
            case OwnUnit():
                return person.unit_id is not None and self.unit_of(record, row) == person.unit_id
            case OwnTree():
                unit = self.unit_of(record, row)
                return person.unit_id is not None and unit is not None and person.unit_id in self.above(unit)
            case Only():
                return row[name_of(scope.field)] in scope.values
            case Mine():
                return any(self._names(person, record, row, name_of(member)) for member in scope.fields)
        raise TypeError(scope)

    def _names(self, person: Person, record: str, row: Row, name: str) -> bool:
        """Whether a reference of the row is the person's account, or a row that refers to it."""
        target, value = self.shapes[record].targets[name], row[name]
        for one in value if isinstance(value, list) else [value]:
            if target == "account" and one == person.id:
                return True
            accounts = [field for field, to in self.shapes[target].targets.items() if to == "account"]
            if one is not None and any(self.rows[target][one][field] == person.id for field in accounts):
                return True
        return False

    def cleared(self, person: Person, record: str, row: Row) -> bool:
        """Whether a row is no more secret than the person may know."""
        name = self.shapes[record].level
        level = row[name] if name else None
        return level is None or LEVELS.index(level.value) <= LEVELS.index(person.clearance.value)

    def lets(self, person: Person, verb: Verb, record: str, row: Row, name: str = "") -> bool:
        """Whether a person may do this to a row (with `name`, to this field of it); nothing is done to what is unseen.

        A grant with fields says that EDIT and ADD reach those alone.
        """
        asked = [Verb.READ] if verb is Verb.READ else [Verb.READ, verb]
        return self.cleared(person, record, row) and all(
            any(
                one in grant.verbs
                and (one not in (Verb.EDIT, Verb.ADD) or not name or not grant.fields or name in grant.fields)
                and self.holds(person, record, row, grant.scope)
                for grant in person.grants.get(record, ())
            )
            for one in asked
        )

    def seen(self, person: Person, record: str) -> set[int]:
        """The ids of a record's rows that exist for the person."""
        return {row_id for row_id, row in self.rows[record].items() if self.lets(person, Verb.READ, record, row)}

    def restorable(self, person: Person, record: str) -> set[int]:
        """The ids of the rows in a record's trash that the person could see and delete if they were not there."""
        return {row_id for row_id, row in self.trash[record].items() if self.lets(person, Verb.DELETE, record, row)}

    def allowed(self, person: Person, record: str, verb: Verb) -> set[int]:
        """The ids of a record's rows that the person may do this to."""
        return {row_id for row_id, row in self.rows[record].items() if self.lets(person, verb, record, row)}


def narrowed(person: Person, scopes: Mapping[str, list[str]]) -> Person:
    """The person by a token: of each grant what the scopes of its record, or of all records, name too."""
    left = {}
    for record, grants in person.grants.items():
        names = {*scopes.get(record, ()), *scopes.get("*", ())}
        verbs = [verb for verb in Verb if str(verb.name).lower() in names]
        left[record] = tuple(
            replace(one, verbs=Verb(sum(verb.value for verb in verbs if verb in one.verbs))) for one in grants
        )
    return replace(person, grants={record: tuple(g for g in grants if g.verbs) for record, grants in left.items()})


def read_rows(entry: Entry, connection: Connection, trashed: bool = False) -> dict[int, Row]:
    """The rows of a record, or those in its trash, by id; references to many as sorted lists of ids."""
    table = entry.model.__table__
    rows: dict[int, Row] = {}
    for line in connection.execute(select(table)).mappings():
        if (line.get("deleted_at") is not None) != trashed:
            continue
        rows[line["id"]] = {"id": line["id"]} | {
            name: line[item.column.property.columns[0].name] for name, item in entry.fields.items() if not item.many
        }
    for name, item in entry.fields.items():
        if item.many:
            own, referred = item.secondary_columns
            for row in rows.values():
                row[name] = []
            for row_id, target_id in connection.execute(select(own, referred).order_by(referred)):
                if row_id in rows:
                    rows[row_id][name].append(target_id)
    return rows


@dataclass(frozen=True)
class Rules:
    """What of a record's declaration writes depend on: the fields nobody types, and what a new row begins with."""

    untyped: frozenset[str]
    defaults: Mapping[str, Any]

    @classmethod
    def of(cls, entry: Entry) -> Rules:
        """The rules of a declared record."""
        untyped = frozenset(name for name, item in entry.fields.items() if not item.typed)
        flags = {name: False for name, item in entry.fields.items() if item.kind.control == "checkbox"}
        given = {name: item.default for name, item in entry.fields.items() if item.default is not None}
        return cls(untyped, flags | given)


def trespasses(world: World, after: dict[int, Row], person: Person, record: str, rules: Rules) -> list[str]:
    """What was done to a record's rows that no grant of the person allows."""
    before, found = world.rows[record], []
    then = world.with_rows(record, after)
    for row_id in before.keys() | after.keys():
        old, new = before.get(row_id), after.get(row_id)
        if old is None and new is not None and row_id in world.trash[record]:
            kept = {name: value for name, value in new.items() if name != "version"}
            found += [] if row_id in world.restorable(person, record) else ["restored"]
            found += [] if kept.items() <= world.trash[record][row_id].items() else ["changed on the way back"]
        elif old is None and new is not None:
            found += _written(world, then, person, record, rules, dict(rules.defaults), new, Verb.ADD)
        elif old is not None and new is None:
            found += [] if world.lets(person, Verb.DELETE, record, old) else ["deleted"]
        elif old is not None and new is not None and old != new:
            found += [] if world.lets(person, Verb.EDIT, record, old) else ["changed"]
            names = [name for name in old if name not in rules.untyped and name != "id" and old[name] != new[name]]
            found += [f"{name} changed" for name in names if not world.lets(person, Verb.EDIT, record, old, name)]
            found += _written(world, then, person, record, rules, old, new, Verb.EDIT)
    return found


def _written(
    world: World, then: World, person: Person, record: str, rules: Rules, old: Row, new: Row, verb: Verb
) -> list[str]:
    """What is wrong with a row as it was written: where it stands, which fields, and what it refers to."""
    found = [] if then.lets(person, verb, record, new) else [f"{new['id']} put out of reach"]
    for name, value in new.items():
        if name in rules.untyped or name == "id" or (value or None) == (old.get(name) or None):
            continue
        if not then.lets(person, verb, record, new, name):
            found.append(f"{name} typed")
        target = world.shapes[record].targets.get(name)
        if target and (_ids(value) - _ids(old.get(name))) - world.seen(person, target):
            found.append(f"{name} refers to an unseen row")
    return found


def _ids(value: Any) -> set[int]:
    return set(value) if isinstance(value, list) else set() if value is None else {value}
