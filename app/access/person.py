"""A person as the policy sees them: roles, unit, clearance and grants, loaded once a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.declare.access import Scope, Verb
from app.declare.choices import Classification

MOST_NARROWED = 50
"""How many narrowings of one person are remembered at once."""


@dataclass(frozen=True)
class HeldGrant:
    """A grant somebody holds; with `fields`, EDIT reaches those names alone."""

    verbs: Verb
    scope: Scope
    fields: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Person:
    """Somebody signed in. `grants` maps a record's name to what they hold on it.

    `jobs` are (id, state) of those of theirs that go on, or whose end they have not seen; `viewed` the records of which
    there is a saved view for them.
    """

    id: int
    username: str
    name: str
    roles: tuple[str, ...] = ()
    unit_id: int | None = None
    clearance: Classification = Classification.PUBLIC
    grants: Mapping[str, tuple[HeldGrant, ...]] = field(default_factory=dict)
    jobs: tuple[tuple[int, str], ...] = ()
    viewed: frozenset[str] = frozenset()
    # somebody else has chosen their password: they do nothing before they have chosen another
    must_change: bool = False
    # a role of theirs requires a second factor and they have none: they do nothing before they have set one up
    lacks_factor: bool = False
    # What others have worked out from the above, each under a key of its own: it lasts as long as the person does
    memo: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    # What Flask-Login asks of a user
    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def held_up(self) -> bool:
        """Whether something has to be done before anything else."""
        return self.must_change or self.lacks_factor

    def get_id(self) -> str:
        """The session's key of this person."""
        return str(self.id)

    def __hash__(self) -> int:
        return hash(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Person) and other.id == self.id


def narrow(person: Person, scopes: Mapping[str, Verb]) -> Person:
    """The person with no more than these verbs by record ("*": any record); a record without verbs is out of reach.

    What is left out here does not exist for any door, as every one asks the person's grants. The same person and verbs
    give the same object again, with what it remembers; whoever's rights change is another object, which knows nothing.
    """
    known: dict[Any, Person] = person.memo.setdefault(narrow, {})
    key = frozenset(scopes.items())
    found = known.get(key)
    if found is None:
        if len(known) >= MOST_NARROWED:
            known.clear()
        found = known[key] = _narrowed(person, scopes)
    return found


def _narrowed(person: Person, scopes: Mapping[str, Verb]) -> Person:
    grants = {}
    for record, held in person.grants.items():
        most = scopes.get(record, Verb(0)) | scopes.get("*", Verb(0))
        left = tuple(replace(grant, verbs=grant.verbs & most) for grant in held if grant.verbs & most)
        if left:
            grants[record] = left
    return replace(person, grants=grants)


class System:
    """The console itself, at the command line and while signing somebody in: no policy applies to it."""

    name = "彩虹网"

    def __init__(self) -> None:
        self.memo: dict[Any, Any] = {}


SYSTEM = System()
