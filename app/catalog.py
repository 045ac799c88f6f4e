"""Every record resolved once into a read-only Entry; every door asks the catalog, none reads a declaration itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from functools import cached_property
from typing import Any, cast

from flask import current_app
from marshmallow import Schema
from sqlalchemy import ColumnElement, Index, Table, UniqueConstraint
from sqlalchemy.orm import configure_mappers

from app.catalog_checks import check
from app.declare.access import Roles, Verb
from app.declare.checks import Problem, stop_for
from app.declare.choices import Choices, Classification, Tone, Words
from app.declare.directory import DirectoryRule
from app.declare.fields import FieldSpec, Relation, Use, name_of
from app.declare.record import ADOPTABLE, Account, Record
from app.declare.screen import Menu, Screen, Section
from app.declare.types import ChoiceText, ScaledNumber, SourceText
from app.kinds import Kind, KindField, Many, One, find_kind

STAMPS = ("updated_at", "updated_by", "created_at", "created_by")
LIST_WITHOUT_MARKERS = 6
SIGNALS = frozenset({Tone.GOOD, Tone.WAIT, Tone.BAD})


@dataclass(frozen=True, eq=False)
class Field:
    """One field of an entry. `column` is the attribute queries use: the foreign key of a reference to one row."""

    name: str
    spec: FieldSpec
    kind: Kind
    model: type[Any]
    column: Any
    nullable: bool
    entry: Entry = attribute(init=False)
    target: Entry | None = attribute(init=False, default=None)

    @property
    def label(self) -> str:
        return str(self.spec.label)

    @property
    def relation(self) -> Relation | None:
        return self.spec.relation

    @cached_property
    def many(self) -> bool:
        return self.relation is Relation.MANY

    @property
    def refers(self) -> bool:
        """Whether the value is the id of another row."""
        return self.relation is not None and not self.many

    @cached_property
    def required(self) -> bool:
        return not self.nullable and not self.many and self.kind.control != "checkbox"

    @property
    def typed(self) -> bool:
        """Whether people type it; the others are derived or set by the console."""
        return Use.READONLY not in self.spec.uses and self.spec.derived is None

    @property
    def column_accepts_nothing(self) -> bool:
        """Whether a row can be stored without anybody giving the value."""
        if self.many:
            return True
        column = self.column.property.columns[0]
        return bool(column.nullable or column.default is not None or column.server_default is not None)

    @property
    def unique(self) -> bool:
        """Whether the column itself refuses a value twice, as some of adopted tables do."""
        return not self.many and bool(self.column.property.columns[0].unique)

    @property
    def fixed(self) -> bool:
        """Whether it stays as it was when the row was made."""
        return bool(self.spec.uses & {Use.KEY, Use.FIXED})

    @cached_property
    def masked(self) -> bool:
        return Use.MASKED in self.spec.uses

    @property
    def unit(self) -> Words:
        return self.spec.unit

    @property
    def names(self) -> Mapping[str, str] | None:
        return self.spec.names

    @cached_property
    def type(self) -> Any:
        return None if self.many else self.column.property.columns[0].type

    @property
    def default(self) -> Any:
        """The value a new row begins with; a function is asked for it now."""
        value = self.spec.default
        return value() if callable(value) else value

    @cached_property
    def length(self) -> int:
        return int(getattr(self.type, "length", 0) or 0)

    @property
    def precision(self) -> tuple[int, int]:
        """Digits in all, and after the point."""
        kind = cast("ScaledNumber", self.type)
        return kind.digits, kind.scale

    @property
    def choices(self) -> tuple[Choices, ...]:
        return tuple(cast("ChoiceText", self.type).choices)

    @property
    def storage(self) -> str:
        """The key under which a row holds the value: `unit_id` for the reference `unit`."""
        return self.name if self.relation is None or self.many else f"{self.name}_id"

    @property
    def sortable(self) -> bool:
        """Whether lists are ordered by it: where an index leads with it, or the table declares none and stays small."""
        return self.kind.sortable and not self.many and (not self.indexes or bool(self.leads))

    @cached_property
    def indexes(self) -> tuple[Index, ...]:
        """Those of the record's table."""
        return tuple(self.model.__table__.indexes)

    @cached_property
    def leads(self) -> tuple[str, ...]:
        """The names of the indexes and unique constraints that begin with its column."""
        table: Any = self.model.__table__
        groups: list[Any] = [*self.indexes, *(one for one in table.constraints if isinstance(one, UniqueConstraint))]
        found = [str(group.name) for group in groups if next(iter(group.columns)).key == self.storage]
        return tuple(found)

    @cached_property
    def tie(self) -> Field | None:
        """The field that orders rows in which this one says the same, before their id does, if there is one.

        Where it can be empty it does so for references alone.
        """
        first = self.entry.order[0]
        return None if self.goes_on is None or (first.nullable and not self.refers) else first

    @cached_property
    def goes_on(self) -> str | None:
        """The name of the index that holds the rows of each value of this field in the list's own order."""
        first = self.entry.order[0]
        shape = [self.storage, first.storage, "id"]
        named = (str(one.name) for one in self.indexes if [column.key for column in one.columns] == shape)
        return None if first is self or self.many else next(named, None)

    @property
    def secondary(self) -> Table:
        """The table of a reference to many rows: columns by `secondary_columns`."""
        return cast("Table", getattr(self.model, self.name).property.secondary)

    @property
    def secondary_columns(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """(this row's id, the referred row's id) in the table of a reference to many rows."""
        relation = getattr(self.model, self.name).property
        return relation.synchronize_pairs[0][1], relation.secondary_synchronize_pairs[0][1]


@dataclass(frozen=True, eq=False)
class Entry:
    """A record, resolved. `name` is the name in URLs; `fields` are in the order of the declaration, stamps last."""

    name: str
    model: type[Any]
    screen: Screen
    fields: Mapping[str, Field]
    versioned: bool
    incoming: list[Field] = attribute(default_factory=list)

    @property
    def title(self) -> str:
        return str(self.screen.title)

    @property
    def singular(self) -> str:
        return str(self.screen.singular or self.screen.title)

    @property
    def menu(self) -> Menu:
        return self.screen.menu

    @property
    def trash(self) -> bool:
        """Whether deleted rows lie in the trash, from where they can be restored."""
        return self.screen.trash

    def having(self, use: Use) -> tuple[Field, ...]:
        """The fields with this marker, in order."""
        return tuple(item for item in self.fields.values() if use in item.spec.uses)

    @cached_property
    def listed(self) -> tuple[Field, ...]:
        """The list's columns before anybody chooses others."""
        plain = tuple(item for item in self.fields.values() if not item.kind.wide and item.name not in STAMPS)
        return self.having(Use.LIST) or plain[:LIST_WITHOUT_MARKERS]

    @cached_property
    def columns(self) -> tuple[Field, ...]:
        """Every field that can be a column of a list."""
        return tuple(item for item in self.fields.values() if item.kind.control not in ("secret", "textarea"))

    @cached_property
    def searched(self) -> tuple[Field, ...]:
        found = self.having(Use.SEARCH) or self.labelled
        return tuple(item for item in found if item.kind.searchable and not item.relation)

    @cached_property
    def filtered(self) -> tuple[Field, ...]:
        """The fields a list may be filtered by."""
        return tuple(
            item
            for item in self.fields.values()
            if item.kind.operators and (item.name not in STAMPS or Use.FILTER in item.spec.uses)
        )

    @cached_property
    def labelled(self) -> tuple[Field, ...]:
        """The fields that together name a row."""
        marked = self.having(Use.LABEL)
        if marked:
            return marked
        titles = [item for item in self.fields.values() if type(item.kind).__name__ == "TitleKind"]
        keys = self.having(Use.KEY)
        plain = [item for item in self.fields.values() if item.relation is None]
        return tuple(titles[:1]) or keys[:1] or tuple(plain[:1])

    @cached_property
    def order(self) -> tuple[Field, bool]:
        """The default order: a field, and whether it descends."""
        chosen = self.screen.order
        if chosen is not None:
            return self.fields[name_of(chosen.by)], chosen.descending
        first = next((item for item in (*self.having(Use.KEY), *self.labelled) if item.sortable), None)
        return (first, False) if first else (self.fields["updated_at"], True)

    @cached_property
    def owner(self) -> Field | None:
        return next((item for item in self.fields.values() if item.relation is Relation.OWNER), None)

    @cached_property
    def whole(self) -> Field | None:
        """The reference to the row this one is a part of."""
        return next((item for item in self.fields.values() if item.relation is Relation.PART), None)

    @cached_property
    def classification(self) -> Field | None:
        return next(
            (
                item
                for item in self.fields.values()
                if isinstance(item.type, ChoiceText) and item.type.choices is Classification
            ),
            None,
        )

    @cached_property
    def source(self) -> Field | None:
        return next((item for item in self.fields.values() if isinstance(item.type, SourceText)), None)

    @cached_property
    def state(self) -> Field | None:
        """The field that tells how far the row is: its workflow's, or the first listed choice that gives signals."""
        if self.screen.workflow is not None:
            return self.fields[name_of(self.screen.workflow.state)]
        listed = (item for item in self.listed if isinstance(item.type, ChoiceText))
        return next((item for item in listed if any(one.tone in SIGNALS for one in item.choices)), None)

    @cached_property
    def sections(self) -> tuple[tuple[Section, tuple[Field, ...]], ...]:
        """The declared sections with their fields; one without a title holds all if none is declared."""
        rest = [cast("Any", item.spec) for name, item in self.fields.items() if name not in STAMPS]
        declared = self.screen.form or (Section("", *rest),)
        return tuple(
            (section, tuple(self.fields[name_of(member)] for member in section.fields)) for section in declared
        )

    @cached_property
    def uniques(self) -> tuple[tuple[Field, ...], ...]:
        """The sets of fields that name one row together."""
        found = getattr(self.model, "unique", ())
        groups = found if isinstance(found, tuple) else (found,)
        together = tuple(tuple(self.fields[name_of(member)] for member in group.fields) for group in groups)
        alone = (item for item in self.fields.values() if Use.KEY in item.spec.uses or item.unique)
        return tuple((item,) for item in alone) + together

    @cached_property
    def schema(self) -> Schema:
        """One marshmallow schema for form, REST and workbook: the typed fields, unknown names refused."""
        fields = {name: KindField(item, required=item.required) for name, item in self.fields.items() if item.typed}
        return Schema.from_dict(cast("Any", fields), name=self.model.__name__)()


class Catalog:
    """The entries by name, in menu order. Raises DeclarationError for bad declarations, with every fault found."""

    def __init__(self, models: Sequence[type[Any]]) -> None:
        configure_mappers()
        self._entries: dict[str, Entry] = {}
        self._by_model: dict[type[Any], Entry] = {}
        problems: list[Problem] = []
        for model in models:
            entry = resolve(model, problems)
            if entry.name in self._entries:
                problems.append(Problem(
                    "RN101", model.__name__, "", f"has the name {entry.name!r}, which another record has",
                    "Give each record a table name of its own.",
                ))  # fmt: skip
            self._entries[entry.name] = entry
            self._by_model[model] = entry
        self._link(problems)
        for entry in self._entries.values():
            problems.extend(check(entry, self))
        if problems:
            stop_for(problems)

    def _link(self, problems: list[Problem]) -> None:
        """Tie each reference to the entry it points at, and that entry back to it."""
        for entry in self._entries.values():
            for item in entry.fields.values():
                object.__setattr__(item, "entry", entry)
                if item.relation is None:
                    continue
                target = self._by_model.get(item.spec.target)
                if target is None:
                    problems.append(Problem(
                        "RN102", entry.model.__name__, item.name, f"refers to {item.spec.target!r}, which is no record",
                        "Declare the record it refers to, or adopt the table.",
                    ))  # fmt: skip
                    continue
                object.__setattr__(item, "target", target)
                target.incoming.append(item)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def get(self, name: str) -> Entry | None:
        """The entry of this name, or None."""
        return self._entries.get(name)

    def of(self, model: type[Any]) -> Entry:
        """The entry of a model."""
        return self._by_model[model]

    def find(self, model: type[Any]) -> Entry | None:
        """The entry of a model, or None if it is no record."""
        return self._by_model.get(model)

    @cached_property
    def unit(self) -> Entry | None:
        """The record that owns rows."""
        return next((item.target for entry in self for item in entry.fields.values()
                     if item.relation is Relation.OWNER), None)  # fmt: skip

    @cached_property
    def roles(self) -> dict[str, Roles]:
        """The declared roles by the name the store keeps: all members of the enums that grants name."""
        enums = {type(grant.role) for entry in self for grant in entry.screen.grants}
        return {role.value: role for enum in enums for role in enum}

    @cached_property
    def apart(self) -> dict[str, Roles]:
        """The roles that are kept apart, by name: nobody holds two of them."""
        return {name: role for name, role in self.roles.items() if role.apart}

    @cached_property
    def directory_rules(self) -> Entry | None:
        """The rules by which the directory's people get roles, unit and clearance, if there are such."""
        return next((entry for entry in self if issubclass(entry.model, DirectoryRule)), None)

    @cached_property
    def keepers(self) -> frozenset[str]:
        """The names of the roles that write those rules: what they may do is nothing for the rules to say."""
        grants = () if self.directory_rules is None else self.directory_rules.screen.grants
        return frozenset(grant.role.value for grant in grants if grant.verbs & (Verb.ADD | Verb.EDIT))

    @cached_property
    def account(self) -> Entry | None:
        """The accounts, if they have been adopted."""
        return self._by_model.get(Account)


def resolve(model: type[Any], problems: list[Problem]) -> Entry:
    """The entry of one model, not yet linked to the others."""
    fields: dict[str, Field] = {}
    for name, spec in _specs(model).items():
        item = _field(model, name, spec)
        if item is None:
            problems.append(Problem(
                "RN103", model.__name__, name, "has a type without a kind", "Register one in app.kinds.",
            ))  # fmt: skip
        else:
            fields[name] = item
    return Entry(
        name=getattr(model, "adopted_name", model.__tablename__),
        model=model,
        screen=model.screen,
        fields=fields,
        versioned=hasattr(model, "version"),
    )


def _specs(model: type[Any]) -> dict[str, FieldSpec]:
    """The specs of a model by name: declared lines in order, then the stamps every record has."""
    adopted = getattr(model, "adopted", None)
    if adopted is not None:
        return dict(adopted)
    found: dict[str, FieldSpec] = {}
    for item in (*model.__mapper__.column_attrs, *model.__mapper__.relationships):
        info = item.info if hasattr(item, "direction") else item.columns[0].info
        if "spec" in info:
            spec = info["spec"]
            spec.name = spec.name or item.key
            found[item.key] = spec
    declared = [name for name in model.__declared__ if name in found]
    return {name: found[name] for name in (*declared, *STAMPS)}


def _field(model: type[Any], name: str, spec: FieldSpec) -> Field | None:
    attribute_ = getattr(model, name)
    if spec.relation is Relation.MANY:
        return Field(name, spec, cast("Kind", find_kind(Many)), model, attribute_, True)
    if spec.relation is not None:
        column = getattr(model, f"{name}_id")
        return Field(name, spec, cast("Kind", find_kind(One)), model, column, bool(column.nullable))
    column = attribute_.property.columns[0]
    kind = find_kind(spec.stands_for or type(column.type))
    nullable = bool(column.nullable) or Use.READONLY in spec.uses
    return None if kind is None else Field(name, spec, kind, model, attribute_, nullable)


def declared_models() -> list[type[Any]]:
    """Every record that has been imported, in order of declaration, then the adopted tables."""
    found: list[type[Any]] = []
    waiting = list(Record.__subclasses__())
    while waiting:
        model = waiting.pop(0)
        waiting[:0] = model.__subclasses__()
        if not model.__dict__.get("__abstract__"):
            found.append(model)
    return found + [model for model in ADOPTABLE if "adopted" in vars(model)]


def current() -> Catalog:
    """The catalog of the running console."""
    return cast("Catalog", current_app.extensions["catalog"])
