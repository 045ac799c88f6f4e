"""Checks of a resolved declaration, made at boot: each fault has an id, the field and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from app.declare.access import Mine, Only, OwnTree, OwnUnit, Verb
from app.declare.checks import Problem
from app.declare.fields import Use, name_of
from app.declare.types import ChoiceText

if TYPE_CHECKING:
    from app.catalog import Catalog, Entry

RESERVED = frozenset({"q", "order", "limit", "after", "before", "last", "cols", "view", "count", "id", "version",
                      "screen", "unique", "metadata", "registry", "ids", "all", "query"})  # fmt: skip

Found = Iterator[tuple[str, str, str, str]]
"""(id, field, fault, remedy)."""


def check(entry: Entry, catalog: Catalog) -> list[Problem]:
    """Every fault of one entry."""
    return [Problem(code, entry.model.__name__, where, fault, remedy)
            for test in TESTS for code, where, fault, remedy in test(entry, catalog)]  # fmt: skip


def _names(entry: Entry, catalog: Catalog) -> Found:
    for name in entry.fields:
        if name in RESERVED or "__" in name:
            yield "RN110", name, "has a name that addresses need", "Choose another name, without two underscores."
    if _added(entry) and not [name for name in entry.fields.values() if name.typed]:
        yield "RN111", "", "has no field that people type", "Declare at least one field without READONLY."


def _trash(entry: Entry, catalog: Catalog) -> Found:
    own = {"deleted_at", "deleted_by"} & set(entry.fields)
    if entry.trash and (own or not hasattr(entry.model, "deleted_at")):
        where = min(own, default="")
        fault = "is a field, and the trash needs the name" if own else "has a trash and is no Record"
        yield "RN112", where, fault, "Rename the field." if own else "Drop `trash=True`: adopted tables have none."


def _added(entry: Entry) -> bool:
    """Whether anybody may add rows; the console itself writes the others."""
    return any(Verb.ADD in grant.verbs for grant in entry.screen.grants)


def _markers(entry: Entry, catalog: Catalog) -> Found:
    for item in entry.fields.values():
        uses = item.spec.uses
        if Use.KEY in uses and item.nullable:
            yield "RN120", item.name, "is a KEY and may be empty", "Drop `| None` from its annotation."
        if Use.SEARCH in uses and not item.kind.searchable:
            yield "RN121", item.name, "is marked SEARCH and is no text", "Mark it FILTER instead."
        if Use.KEY in uses and item.relation:
            yield "RN122", item.name, "is a KEY and a reference", "Use `unique = Unique(...)` for references."
        if item.spec.derived is not None and Use.READONLY not in uses:
            yield "RN123", item.name, "is derived and can be typed", "Mark it READONLY."
        if Use.MASKED in uses and item.typed and not item.fixed:
            yield "RN127", item.name, "is MASKED and its form would show it", "Mark it KEY, FIXED or READONLY."
        if _added(entry) and Use.READONLY in uses and not item.column_accepts_nothing and item.spec.derived is None:
            yield "RN124", item.name, "is READONLY, required and has no default", "Give a default, or `| None`."


def _owners(entry: Entry, catalog: Catalog) -> Found:
    owners = [item for item in entry.fields.values() if item.relation and item.relation.name == "OWNER"]
    if len(owners) > 1:
        yield "RN125", owners[1].name, "is a second owner", "Keep one owner(); make the others ref()."
    for owner in owners:
        if catalog.unit is not None and owner.target is not catalog.unit:
            yield "RN126", owner.name, "is owned by another kind of unit", f"Own it by {catalog.unit.model.__name__}."


def _sections(entry: Entry, catalog: Catalog) -> Found:
    if not entry.screen.form:
        return
    placed: list[str] = [name_of(member) for section in entry.screen.form for member in section.fields]
    for name in placed:
        if name not in entry.fields:
            yield "RN130", name, "stands in a section and is no field of the record", "Name a field of this class."
    for name in {name for name in placed if placed.count(name) > 1}:
        yield "RN131", name, "stands in two sections", "Keep it in one."
    for item in entry.fields.values():
        if item.typed and item.name not in placed:
            yield "RN132", item.name, "stands in no section", "Add it to one, or mark it READONLY."


def _grants(entry: Entry, catalog: Catalog) -> Found:
    if not entry.screen.grants:
        yield "RN140", "", "has no grant, so nobody can see it", "Add grants=(Grant(...),) to its screen."
    for grant in entry.screen.grants:
        scope = grant.within
        unit = entry.owner or entry.whole or entry is catalog.unit
        if grant.role.apart and entry.menu.business:
            fault = f"is business, and lets {grant.role.name} reach it, which is kept apart from business"
            yield "RN146", "", fault, "Take the grant back, or put the record under a menu with business=False."
        if isinstance(scope, (OwnUnit, OwnTree)) and not unit and "unit" not in entry.fields:
            yield "RN141", "", f"grants {grant.role.name} its own unit's rows and has no owner", "Declare an owner()."
        if isinstance(scope, Mine):
            yield from _mine(entry, catalog, scope)
        if isinstance(scope, Only):
            yield from _only(entry, scope)
        for member in grant.fields:
            if name_of(member) not in entry.fields:
                yield (
                    "RN145",
                    name_of(member),
                    "is granted and is no field of the record",
                    "Name a field of this class.",
                )


def _mine(entry: Entry, catalog: Catalog, scope: Mine) -> Found:
    for member in scope.fields:
        item = entry.fields.get(name_of(member))
        if item is None or item.target is None or account_path(item.target, catalog) is None:
            yield ("RN142", name_of(member), "says whose the row is and leads to no account",
                   "Refer to Account, or to a record with one reference to it.")  # fmt: skip


def _only(entry: Entry, scope: Only) -> Found:
    item = entry.fields.get(name_of(scope.field))
    if item is None or not scope.values:
        yield (
            "RN143",
            name_of(scope.field),
            "limits a grant and is no field with values",
            "Name a choice and its values.",
        )
    elif isinstance(item.type, ChoiceText) and any(value not in item.choices for value in scope.values):
        yield "RN144", item.name, "limits a grant by a value it cannot have", "Use a value of its choices."


def _screen(entry: Entry, catalog: Catalog) -> Found:
    screen = entry.screen
    named: list[tuple[str, Any]] = [("order", screen.order.by)] if screen.order else []
    named += [("a chart", chart.by) for chart in screen.charts]
    named += [("a chart", chart.of) for chart in screen.charts if chart.of is not None]
    for rule in screen.rules:
        members = [member for member in vars(rule).values() if member is not None and not isinstance(member, int)]
        named += [("a rule", member) for member in members]
    for what, member in named:
        if name_of(member) not in entry.fields:
            yield "RN150", name_of(member), f"is named by {what} and is no field", "Name a field of this class."
    flow = screen.workflow
    if flow is None:
        return
    state = entry.fields.get(name_of(flow.state))
    if state is None or not isinstance(state.type, ChoiceText):
        yield "RN151", name_of(flow.state), "is a workflow's state and no choice", "Give it a Choices type."
        return
    for step in flow.steps:
        if step.before not in state.choices or step.after not in state.choices:
            yield "RN152", state.name, f"has a step {step.label!r} outside its choices", "Use its own choices."


TESTS: tuple[Callable[[Entry, Catalog], Found], ...] = (_names, _trash, _markers, _owners, _sections, _grants, _screen)


def account_path(entry: Entry, catalog: Catalog) -> str | None:
    """How a row leads to an account: "" if it is one, else the one field that refers to it; None if it does not."""
    if catalog.account is None:
        return None
    if entry is catalog.account:
        return ""
    found = [item.name for item in entry.fields.values() if item.refers and item.target is catalog.account]
    return found[0] if len(found) == 1 else None
