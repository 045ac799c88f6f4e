"""The policy explained: who may ask, and which people stand alike before a row, so that one answer serves them all."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from app.access.person import HeldGrant, Person
from app.access.policy import secrecy
from app.catalog import Catalog, Entry
from app.declare.access import Mine, Oversight, OwnTree, OwnUnit, Upkeep


def oversight(catalog: Catalog, person: Person) -> Oversight:
    """How far a person may ask who can see what: the widest that one of their roles is declared with."""
    held = {catalog.roles[name].oversight for name in person.roles if name in catalog.roles}
    return next((level for level in (Oversight.ALL, Oversight.SEEN) if level in held), Oversight.NONE)


def keeps_console(catalog: Catalog, person: Person) -> bool:
    """Whether one of a person's roles keeps the console itself running."""
    return any(catalog.roles[name].upkeep is Upkeep.CONSOLE for name in person.roles if name in catalog.roles)


def standing(entry: Entry, person: Person, grants: Iterable[HeldGrant]) -> Hashable:
    """All that the policy's answers about a row depend on: people of the same standing get the same answers."""
    held = frozenset((grant.verbs, grant.scope) for grant in grants)
    scopes = [scope for _verbs, scope in held]
    return (
        held,
        person.unit_id if any(isinstance(scope, OwnUnit | OwnTree) for scope in scopes) else None,
        person.id if any(isinstance(scope, Mine) for scope in scopes) else None,
        None if secrecy(entry) is None else person.clearance,
    )
