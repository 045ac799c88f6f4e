"""Grants as text, the form in which the identity library's tables keep them: `read+edit@own_unit`."""

from __future__ import annotations

from app.access.person import HeldGrant
from app.catalog import Entry
from app.declare.access import EVERYWHERE, OWN_TREE, OWN_UNIT, Grant, Mine, Only, Scope, Verb
from app.declare.choices import Choices
from app.declare.fields import name_of

PLAIN_SCOPES: dict[str, Scope] = {"everywhere": EVERYWHERE, "own_unit": OWN_UNIT, "own_tree": OWN_TREE}


def write_grant(verbs: Verb, scope: Scope, fields: frozenset[str] = frozenset()) -> str:
    """The text of a grant, such as `read+edit@state=published[title,body]`."""
    names = "+".join(str(verb.name).lower() for verb in Verb if verb in verbs)
    only = f"[{','.join(sorted(fields))}]" if fields else ""
    return f"{names}@{_write_scope(scope)}{only}"


def write_declared(grant: Grant) -> str:
    """The text of a declared grant."""
    return write_grant(grant.verbs, grant.within, frozenset(name_of(member) for member in grant.fields))


def _write_scope(scope: Scope) -> str:
    if isinstance(scope, Mine):
        return "mine(" + ",".join(name_of(member) for member in scope.fields) + ")"
    if isinstance(scope, Only):
        values = ",".join(str(v.value) if isinstance(v, Choices) else str(v) for v in scope.values)
        return f"{name_of(scope.field)}={values}"
    return next(text for text, known in PLAIN_SCOPES.items() if known == scope)


def read_grant(entry: Entry, text: str) -> HeldGrant | None:
    """The grant that a text means for an entry; None if the entry no longer has what it names."""
    names, _, rest = text.partition("@")
    scope_text, _, only = rest.partition("[")
    try:
        verbs = Verb(0)
        for name in names.split("+"):
            verbs |= Verb[name.upper()]
        scope = _read_scope(entry, scope_text)
    except (KeyError, ValueError):
        return None
    return HeldGrant(verbs, scope, frozenset(only.rstrip("]").split(",")) if only else frozenset())


def _read_scope(entry: Entry, text: str) -> Scope:
    if text in PLAIN_SCOPES:
        return PLAIN_SCOPES[text]
    if text.startswith("mine("):
        return Mine(*(entry.fields[name].spec for name in text[5:-1].split(",")))  # type: ignore[arg-type]
    name, _, values = text.partition("=")
    item = entry.fields[name]
    return Only(item.spec, *(_read_value(item.type, value) for value in values.split(",")))  # type: ignore[arg-type]


def _read_value(kind: object, value: str) -> Choices | bool:
    choices = getattr(kind, "choices", None)
    return choices(value) if choices is not None else value == "True"
