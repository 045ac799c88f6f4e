"""Row and field policy: grants turned into one SQL condition per record and verb."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from app.access.person import HeldGrant, Person, System
from app.catalog import Catalog, Entry, Field
from app.catalog_checks import account_path
from app.declare.access import EVERYWHERE, Everywhere, Mine, Only, OwnTree, OwnUnit, Verb
from app.declare.choices import Classification
from app.declare.fields import name_of

ScopeCondition = Callable[[Catalog, Entry, Person, Any], ColumnElement[bool]]


class Forbidden(Exception):
    """The person has no grant for what was asked (no verb: to ask who can see it); doors answer 403."""

    def __init__(self, entry: Entry, verb: Verb | None) -> None:
        super().__init__(f"{verb.name if verb else 'ASK'} {entry.name}")
        self.entry = entry
        self.verb = verb


def grants_for(person: Person, entry: Entry, verb: Verb, name: str = "") -> tuple[HeldGrant, ...]:
    """The grants that let a person do this (with `name`, to this field), each to the rows of its scope."""
    held = (grant for grant in person.grants.get(entry.name, ()) if verb in grant.verbs)
    return tuple(grant for grant in held if not name or not grant.fields or name in grant.fields)


def may(actor: Person | System, entry: Entry, verb: Verb) -> bool:
    """Whether there is any row at all that the actor could do this to."""
    return isinstance(actor, System) or bool(grants_for(actor, entry, verb))


def predicate(
    catalog: Catalog,
    actor: Person | System,
    entry: Entry,
    verb: Verb,
    names: Collection[str] = (),
    *,
    trashed: bool = False,
) -> ColumnElement[bool]:
    """The rows of an entry that the actor may do this to (to all of these fields, if `names` has any).

    `true()` if all, `false()` if none. Rows in the trash are never among them; with `trashed` they alone are.
    """
    if isinstance(actor, System):
        return _kept(entry, true(), trashed)
    # every page asks the same of the same person
    key = (predicate, catalog, entry, verb, frozenset(names), trashed)
    known: ColumnElement[bool] | None = actor.memo.get(key)
    if known is None:
        known = actor.memo[key] = _kept(entry, _held(catalog, actor, entry, verb, names), trashed)
    return known


def _held(
    catalog: Catalog, actor: Person, entry: Entry, verb: Verb, names: Collection[str]
) -> ColumnElement[bool]:  # fmt: skip
    """The rows that the person's grants reach and their clearance allows."""
    # fields that the same grants reach ask the same of a row
    ways = {grants_for(actor, entry, verb, name): None for name in (sorted(names) or [""])}
    found = []
    for way in ways:
        # a scope that two roles give is asked once: a database does not see that both sides of an OR are the same
        scopes = [_scope(catalog, entry, actor, scope) for scope in dict.fromkeys(grant.scope for grant in way)]
        if not scopes:
            return false()
        if not any(scope is TRUE for scope in scopes):
            found.append(or_(*scopes))
    return _cleared(entry, actor, and_(*found) if found else true())


def _kept(entry: Entry, rows: ColumnElement[bool], trashed: bool) -> ColumnElement[bool]:
    """What lies in the trash exists at the trash's own door alone, whoever asks."""
    if not entry.trash:
        return false() if trashed else rows
    gone = entry.model.deleted_at
    return and_(rows, gone.is_not(None) if trashed else gone.is_(None))


def in_trash(catalog: Catalog, actor: Person | System, entry: Entry) -> ColumnElement[bool]:
    """The rows in the trash that the actor could see and delete if they were not there: theirs to restore or purge."""
    return and_(*(predicate(catalog, actor, entry, verb, trashed=True) for verb in (Verb.READ, Verb.DELETE)))


def secrecy(entry: Entry) -> Field | None:
    """The field that says how secret a row is; of an account its clearance says what the person may see instead."""
    level = entry.classification
    return None if level is None or level.name == "clearance" else level


def _cleared(entry: Entry, person: Person, rows: ColumnElement[bool]) -> ColumnElement[bool]:
    """Rows above the person's clearance do not exist for them."""
    level = secrecy(entry)
    if level is None or person.clearance is Classification.TOP_SECRET:
        return rows
    cleared = level.column.in_(person.clearance.up_to())
    if level.nullable:
        cleared = or_(cleared, level.column.is_(None))
    return and_(rows, cleared)


def decided_by(catalog: Catalog, person: Person, entry: Entry, verb: Verb) -> frozenset[str] | None:
    """The fields whose values decide which rows of an entry the person may do this to; None if not these alone do."""
    found: set[str] = set()
    for grant in grants_for(person, entry, verb):
        if isinstance(grant.scope, OwnUnit | OwnTree):
            if entry is catalog.unit:
                return None
            item = entry.owner or entry.whole or entry.fields.get("unit")
            found |= set() if item is None else {item.name}
        elif isinstance(grant.scope, Mine):
            names = {name_of(member) for member in grant.scope.fields}
            if any(entry.fields[name].many for name in names):
                return None
            found |= names
        elif isinstance(grant.scope, Only):
            found.add(name_of(grant.scope.field))
    level = secrecy(entry)
    return frozenset(found if level is None else {*found, level.name})


TRUE = true()


def _everywhere(catalog: Catalog, entry: Entry, person: Person, scope: Everywhere) -> ColumnElement[bool]:
    return TRUE


def _own_unit(catalog: Catalog, entry: Entry, person: Person, scope: OwnUnit) -> ColumnElement[bool]:
    if person.unit_id is None:
        return false()
    return _owned(catalog, entry, lambda column: cast("ColumnElement[bool]", column == person.unit_id))


def _own_tree(catalog: Catalog, entry: Entry, person: Person, scope: OwnTree) -> ColumnElement[bool]:
    if person.unit_id is None or catalog.unit is None:
        return false()
    table = catalog.unit.model.__table__
    parent = next((item for item in catalog.unit.fields.values() if item.refers and item.target is catalog.unit), None)
    if parent is None:
        return _own_unit(catalog, entry, person, OwnUnit())
    tree = select(table.c.id).where(table.c.id == person.unit_id).cte(recursive=True)
    tree = tree.union(select(table.c.id).where(table.c[parent.storage] == tree.c.id))
    return _owned(catalog, entry, lambda column: column.in_(select(tree.c.id)))


def _owned(catalog: Catalog, entry: Entry, test: Callable[[Any], ColumnElement[bool]]) -> ColumnElement[bool]:
    """The test applied to the unit that owns the row, found through the wholes it is a part of."""
    if entry is catalog.unit:
        return test(entry.model.id)
    if entry.owner is not None:
        return test(entry.owner.column)
    if entry.whole is not None and entry.whole.target is not None:
        return cast("ColumnElement[bool]", entry.whole.column.in_(_owned_ids(entry.whole.target, catalog, test)))
    unit = entry.fields.get("unit")
    return false() if unit is None else test(unit.column)


def _owned_ids(entry: Entry, catalog: Catalog, test: Callable[[Any], ColumnElement[bool]]) -> Any:
    """Ids of the rows whose owner passes the test; in Core, so that no further policy is added inside."""
    table = entry.model.__table__
    if entry.owner is not None:
        return select(table.c.id).where(test(table.c[entry.owner.storage]))
    if entry.whole is None or entry.whole.target is None:
        return select(table.c.id).where(false())
    return select(table.c.id).where(table.c[entry.whole.storage].in_(_owned_ids(entry.whole.target, catalog, test)))


def _mine(catalog: Catalog, entry: Entry, person: Person, scope: Mine) -> ColumnElement[bool]:
    found = []
    for member in scope.fields:
        item = entry.fields[name_of(member)]
        if item.target is None:
            continue
        path = account_path(item.target, catalog)
        table = item.target.model.__table__
        ids = select(table.c.id).where((table.c.id if path == "" else table.c[f"{path}_id"]) == person.id)
        if item.many:
            row, referred = item.secondary_columns
            found.append(entry.model.id.in_(select(row).where(referred.in_(ids))))
        else:
            found.append(item.column.in_(ids))
    return or_(false(), *found)


def _only(catalog: Catalog, entry: Entry, person: Person, scope: Only) -> ColumnElement[bool]:
    return cast("ColumnElement[bool]", entry.fields[name_of(scope.field)].column.in_(scope.values))


SCOPES: dict[type[Any], ScopeCondition] = {
    Everywhere: _everywhere,
    OwnUnit: _own_unit,
    OwnTree: _own_tree,
    Mine: _mine,
    Only: _only,
}


def _scope(catalog: Catalog, entry: Entry, person: Person, scope: Any) -> ColumnElement[bool]:
    return SCOPES[type(scope)](catalog, entry, person, scope)


def editable(actor: Person | System, entry: Entry, new: bool) -> frozenset[str]:
    """The names of the fields the actor may type into: by ADD for a new row, by EDIT for one that stands.

    In some row at least: a grant reaches the rows of its scope alone, which `predicate` with names asks for.
    """
    typed = frozenset(name for name, item in entry.fields.items() if item.typed and (new or not item.fixed))
    if isinstance(actor, System):
        return typed
    if new and entry.screen.workflow is not None and entry.state is not None:
        # a row enters its workflow at the beginning
        typed -= {entry.state.name}
    found: frozenset[str] = frozenset()
    for grant in grants_for(actor, entry, Verb.ADD if new else Verb.EDIT):
        found |= typed & grant.fields if grant.fields else typed
    return found


def readable(actor: Person | System, item: Field) -> bool:
    """Whether the actor may search, filter and order by a field.

    By a masked one only if every row they see may be unmasked for them: its order alone would tell it.
    """
    if not item.masked or isinstance(actor, System):
        return True
    seen = {grant.scope for grant in grants_for(actor, item.entry, Verb.READ)}
    whole = {grant.scope for grant in grants_for(actor, item.entry, Verb.UNMASK)}
    return EVERYWHERE in whole or (bool(whole) and seen <= whole)
