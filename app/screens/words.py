"""Grants in words: what a verb lets one do, and how far a scope reaches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext as _

from app.access import HeldGrant
from app.auth.holders import StoredGrant
from app.catalog import Entry, current
from app.declare.access import Everywhere, Mine, OwnTree, OwnUnit, Scope, Verb
from app.declare.fields import name_of

VERBS = (Verb.READ, Verb.ADD, Verb.EDIT, Verb.DELETE, Verb.UNMASK)


@dataclass(frozen=True)
class GrantLine:
    """A stored grant: its scope in words below each verb it gives, in the order of VERBS, empty below the others."""

    who: str
    scopes: tuple[str, ...]
    fields: str
    text: str
    url: str = ""
    dead: bool = False


def verb_words() -> tuple[str, ...]:
    """The heads of the columns, in the order of VERBS."""
    return (_("See"), _("Add"), _("Change"), _("Delete"), _("Unmask"))


def role_words(name: str) -> str:
    """A role as people call it; one made by an administrator by its name."""
    known = current().roles
    return str(known[name].label) if name in known else name


def via_words(role: str, group: str) -> str:
    """A role, and the group by which somebody has it."""
    return _("%(role)s (by the group %(group)s)", role=role_words(role), group=group) if group else role_words(role)


def scope_words(entry: Entry, scope: Scope) -> str:
    """How far a scope reaches."""
    if isinstance(scope, Everywhere):
        return str(_("everywhere"))
    if isinstance(scope, OwnUnit):
        return str(_("own unit"))
    if isinstance(scope, OwnTree):
        return str(_("own unit and below"))
    if isinstance(scope, Mine):
        return str(_("rows where %(fields)s is oneself", fields=_fields(entry, map(name_of, scope.fields))))
    item = entry.fields[name_of(scope.field)]
    values = "、".join(item.kind.show(item, value).text for value in scope.values)
    return str(_("only %(field)s: %(values)s", field=item.label, values=values))


def _fields(entry: Entry, names: Iterable[str]) -> str:
    wanted = set(names)
    return "、".join(item.label for name, item in entry.fields.items() if name in wanted)


def fields_words(entry: Entry, grant: HeldGrant) -> str:
    """The fields that adding and changing by a grant are limited to; empty if they are not."""
    return _fields(entry, grant.fields)


def line_of(entry: Entry, one: StoredGrant, who: str, url: str = "") -> GrantLine:
    """A stored grant as a line of a table."""
    if one.grant is None:
        return GrantLine(who, ("",) * len(VERBS), "", one.text, url, dead=True)
    words = scope_words(entry, one.grant.scope)
    return GrantLine(
        who,
        tuple(words if verb in one.grant.verbs else "" for verb in VERBS),
        fields_words(entry, one.grant),
        one.text,
        url,
    )


def why_not(entry: Entry, scope: Scope, has_unit: bool) -> str:
    """Why a scope does not reach a row for somebody."""
    if isinstance(scope, OwnUnit | OwnTree):
        return str(_("another unit's row")) if has_unit else str(_("belongs to no unit"))
    if isinstance(scope, Mine):
        return str(_("not named by the row (%(fields)s)", fields=_fields(entry, map(name_of, scope.fields))))
    return str(_("the row is not among: %(scope)s", scope=scope_words(entry, scope)))
