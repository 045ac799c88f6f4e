"""The grants of every record as the table of docs/access.md: one line a record, one column a role.

`python -m tests.models.access_table` prints it.
"""

import sys

import models  # noqa: F401  # declares the records
from app.catalog import Catalog, Entry, declared_models
from app.declare import ADD, DELETE, EDIT, EVERYWHERE, OWN_TREE, OWN_UNIT, READ, UNMASK, WRITE, Grant, Mine, Only, Verb
from app.declare.access import Scope
from app.declare.fields import name_of
from models.roles import Role

LETTERS = {READ: "R", ADD: "A", EDIT: "E", DELETE: "D"}


def table(catalog: Catalog) -> str:
    """The whole table."""
    head = ["record", *(role.value for role in Role)]
    lines = [head, ["---"] * len(head)]
    lines += [[f"`{entry.name}`", *(cell(entry, role) for role in Role)] for entry in catalog]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cell(entry: Entry, role: Role) -> str:
    """What a role may do to a record, without what another of its grants includes."""
    grants = [grant for grant in entry.screen.grants if grant.role is role]
    told = [grant for grant in grants if not any(_includes(other, grant) for other in grants if other is not grant)]
    return ", ".join(_grant(grant) for grant in told) or "—"


def _includes(wide: Grant, grant: Grant) -> bool:
    return wide.within in (EVERYWHERE, grant.within) and grant.verbs in wide.verbs and not wide.fields


def _grant(grant: Grant) -> str:
    limited = "*" if grant.fields else ""
    return f"{_verbs(grant.verbs)}{limited} {_scope(grant.within)}"


def _verbs(verbs: Verb) -> str:
    whole = "W" if WRITE & verbs == WRITE else "".join(letter for verb, letter in LETTERS.items() if verb in verbs)
    return whole + ("+U" if UNMASK in verbs else "")


def _scope(scope: Scope) -> str:
    if isinstance(scope, Mine):
        return "mine (" + ", ".join(name_of(member) for member in scope.fields) + ")"
    if isinstance(scope, Only):
        return "if " + " or ".join(str(getattr(value, "value", value)) for value in scope.values)
    return {EVERYWHERE: "all", OWN_UNIT: "own", OWN_TREE: "tree"}[scope]


if __name__ == "__main__":
    sys.stdout.write(table(Catalog(declared_models())) + "\n")
