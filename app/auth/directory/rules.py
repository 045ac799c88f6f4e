"""The mapping: what the rules make of a person of the directory."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.directory.groups import Group
from app.auth.directory.people import DirectoryPerson
from app.auth.directory.text import plain, read_dn
from app.catalog import Catalog, Entry
from app.declare.choices import Classification
from app.declare.directory import Basis
from app.declare.fields import Use
from app.declare.record import Role

UNFILTERED = {"unfiltered": True}
REMEMBERED = 1_000
"""Texts of units whose meaning is remembered within a run."""


@dataclass(frozen=True)
class Rule:
    """A rule as stored; `role` is the name of one."""

    id: int
    basis: Basis
    value: str
    role: str | None
    unit_id: int | None
    clearance: Classification | None

    def means(self, group: Group) -> bool:
        """Whether its value names a group: by its whole name, or by a name that no other group has."""
        if "=" in self.value:
            return read_dn(self.value) == read_dn(group.dn)
        return any(_same(self.value, name) for name in group.called)

    def unclear(self, group: Group) -> bool:
        """Whether its value is a name of the group that another has too, so that it means neither."""
        return "=" not in self.value and any(_same(self.value, name) for name in group.shared)


@dataclass(frozen=True)
class Given:
    """What a person gets: roles by name, unit and clearance; `rules` are the ids of those that gave it.

    `apart` are roles that are kept apart, of which the person would hold several: none of them is given. `withheld`
    are roles that no rule gives, or none to this person; `called` is the unit that the directory itself calls by name.
    """

    roles: tuple[str, ...] = ()
    unit_id: int | None = None
    clearance: Classification | None = None
    rules: tuple[int, ...] = ()
    apart: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    called: int | None = None

    def kept(self) -> dict[str, Any]:
        """The same to be stored beside the account."""
        level = self.clearance.value if self.clearance else None
        kept = {"roles": list(self.roles), "unit": self.unit_id, "clearance": level}
        kept |= {"apart": list(self.apart)} if self.apart else {}
        return kept | ({"withheld": list(self.withheld)} if self.withheld else {})

    def to_keeper(self) -> Given:
        """What is given to somebody who writes the rules: nothing that a rule says, so that none favours its writer."""
        withheld = tuple(sorted({*self.roles, *self.withheld}))
        return replace(self, roles=(), unit_id=self.called, clearance=None, withheld=withheld)

    def beside(self, held: Collection[str], apart: Collection[str]) -> Given:
        """What is given to somebody who holds these roles already: of roles kept `apart` none, if that made several."""
        given = set(self.roles).intersection(apart)
        together = given | set(held).intersection(apart)
        if not given or len(together) < 2:
            return self
        return replace(self, roles=tuple(one for one in self.roles if one not in given), apart=tuple(sorted(together)))


@dataclass
class Mapping:
    """All rules of a console, and the units that texts of the directory were found to mean.

    `apart` are the roles kept apart, `keepers` those that write the rules, which no rule gives.
    """

    rules: tuple[Rule, ...]
    units: Entry | None
    ceiling: Classification
    apart: Collection[str] = ()
    keepers: Collection[str] = ()
    _found: dict[str, int | None] = field(default_factory=dict)

    @property
    def groups(self) -> tuple[Rule, ...]:
        """The rules about groups."""
        return tuple(rule for rule in self.rules if rule.basis is Basis.GROUP)

    def give(self, session: Session, person: DirectoryPerson) -> Given:
        """What the rules make of somebody whose groups are known."""
        held = {rule.id for rule in self.groups if any(rule.means(group) for group in person.groups)}
        return self.give_by(session, person, held)

    def give_by(self, session: Session, person: DirectoryPerson, held: Iterable[int]) -> Given:
        """What the rules make of somebody, given the ids of the rules about groups that hold."""
        wanted = set(held)
        units, levels = self._about(Basis.UNIT, person.units), self._about(Basis.CLEARANCE, (person.clearance,))
        # the nearest unit decides; groups only where the unit's own text says nothing
        ordered = (*units, *(rule for rule in self.groups if rule.id in wanted), *levels)
        unit_id = next((rule.unit_id for rule in units if rule.unit_id is not None), None)
        called = self._unit_called(session, person.units)
        if unit_id is None:
            unit_id = called
        if unit_id is None:
            unit_id = next((rule.unit_id for rule in ordered if rule.unit_id is not None), None)
        known = [rule.clearance for rule in ordered if rule.clearance is not None]
        level = max(known, key=lambda one: one.rank, default=None)
        roles = {rule.role for rule in ordered if rule.role is not None}
        given = Given(
            roles=tuple(sorted(roles.difference(self.keepers))),
            unit_id=unit_id,
            # what may not be stored here need not be seen here either
            clearance=level if level is None or level.rank <= self.ceiling.rank else self.ceiling,
            rules=tuple(rule.id for rule in ordered),
            withheld=tuple(sorted(roles.intersection(self.keepers))),
            called=called,
        )
        return given.beside((), self.apart)

    def _about(self, basis: Basis, texts: Iterable[str]) -> tuple[Rule, ...]:
        """The rules that look at this and hold, in the order of the texts."""
        return tuple(
            rule for text in texts if text for rule in self.rules if rule.basis is basis and _same(rule.value, text)
        )

    def _unit_called(self, session: Session, texts: Iterable[str]) -> int | None:
        """The unit whose key or name is one of the texts; each is looked up once."""
        for text in texts:
            if text not in self._found:
                if len(self._found) >= REMEMBERED:
                    self._found.clear()
                self._found[text] = self._look_up(session, text)
            if self._found[text] is not None:
                return self._found[text]
        return None

    def _look_up(self, session: Session, text: str) -> int | None:
        if self.units is None or not text:
            return None
        plain = [item for item in (*self.units.having(Use.KEY), *self.units.labelled) if item.relation is None]
        for item in plain:
            statement = select(self.units.model.id).where(item.column == text).limit(2)
            found = session.scalars(statement, execution_options=UNFILTERED).all()
            if len(found) == 1:
                return int(found[0])
        return None


def _same(one: str, other: str) -> bool:
    return plain(one) == plain(other)


def load_mapping(session: Session, catalog: Catalog, ceiling: Classification) -> Mapping:
    """The rules as they stand."""
    entry = catalog.directory_rules
    if entry is None:
        return Mapping((), catalog.unit, ceiling, catalog.apart, catalog.keepers)
    table, role = entry.model.__table__, Role.__table__
    unit = table.c.get("unit_id")
    statement = (
        select(table.c.id, table.c.basis, table.c.value, role.c.name, table.c.clearance,
               *(() if unit is None else (unit,)))
        .select_from(table.outerjoin(role, role.c.id == table.c.role_id))
        .order_by(table.c.id)
    )  # fmt: skip
    rules = tuple(
        Rule(row.id, row.basis, row.value, row.name, None if unit is None else row.unit_id, row.clearance)
        for row in session.execute(statement, execution_options=UNFILTERED)
    )
    return Mapping(rules, catalog.unit, ceiling, catalog.apart, catalog.keepers)
