"""What a row must satisfy before it is stored: types, references, rules, uniqueness and the ceiling of secrecy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, cast

from flask_babel import gettext as _
from marshmallow import ValidationError
from sqlalchemy import null, select
from sqlalchemy.orm import Session

from app.access import System, reachable
from app.catalog import Entry, Field
from app.declare.choices import Choices, Classification
from app.declare.fields import name_of
from app.declare.screen import Between, NotAfter, NotFuture, SecrecyTerm
from app.store.session import actor_of
from app.store.tables import StoredFile

Errors = dict[str, list[str]]
"""Messages by field name; those of the whole row under ""."""

WHOLE = ""
LONGEST_SECRECY = {Classification.SECRET: 10, Classification.CONFIDENTIAL: 20, Classification.TOP_SECRET: 30}


class Invalid(Exception):
    """What was typed cannot be stored; `errors` says why, field by field."""

    def __init__(self, errors: Errors) -> None:
        super().__init__("; ".join(f"{name}: {' '.join(texts)}" for name, texts in errors.items()))
        self.errors = errors


class Taken(Invalid):
    """Another row already has the values that may be there only once."""


def read_values(entry: Entry, raw: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """The values of what was typed into these fields; raises Invalid with every fault at once."""
    errors: Errors = {}
    given = {name: raw.get(name) for name in names}
    try:
        loaded = dict(entry.schema.load(given, partial=True))
    except ValidationError as error:
        found = cast("dict[str, list[str]]", error.messages)
        errors.update({name: [str(text) for text in texts] for name, texts in found.items()})
        loaded = dict(error.valid_data) if isinstance(error.valid_data, dict) else {}
    for name in names:
        item = entry.fields[name]
        if item.kind.control == "checkbox" and loaded.get(name) is None and name not in errors:
            loaded[name] = None if item.nullable and name not in raw else False
        if item.required and loaded.get(name) is None and name not in errors:
            errors[name] = [_("Please fill this in.")]
    if errors:
        raise Invalid(errors)
    return loaded


def complete(entry: Entry, values: dict[str, Any]) -> None:
    """Compute the derived fields of a row from its other values."""
    for item in entry.fields.values():
        derived = item.spec.derived
        if derived is not None:
            source = values.get(name_of(derived.source))
            values[item.name] = None if source is None else derived.compute(source)


def check_row(
    session: Session, entry: Entry, values: Mapping[str, Any], *, row_id: int | None, changed: frozenset[str],
    today: date, ceiling: Classification, before: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Check a whole row's values against what is stored; raises Invalid.

    `changed` limits the look-ups; `before` is the row as it stands, None for a new one.
    """
    errors: Errors = defaultdict(list)
    check_alone(session, entry, values, changed=changed, today=today, ceiling=ceiling, before=before, errors=errors)
    _check_references(session, entry, values, before or {}, changed, errors)
    _check_files(session, entry, values, before or {}, changed, errors)
    if errors:
        raise Invalid(dict(errors))
    check_uniques(session, entry, values, row_id, changed, errors)
    if errors:
        raise Taken(dict(errors))


def check_alone(
    session: Session, entry: Entry, values: Mapping[str, Any], *, changed: frozenset[str], today: date,
    ceiling: Classification, before: Mapping[str, Any] | None, errors: Errors,
) -> None:  # fmt: skip
    """What a row's own values say without a look at any other row: its step, its rules, the ceiling of secrecy.

    Faults are added to `errors`, which makes a list for each new name.
    """
    _check_step(session, entry, values, before, errors)
    for rule in entry.screen.rules:
        found = RULES[type(rule)](entry, values, rule, today)
        if found is not None:
            errors[found[0]].append(found[1])
    _check_ceiling(entry, values, changed, ceiling, errors)


def _check_files(
    session: Session, entry: Entry, values: Mapping[str, Any], before: Mapping[str, Any], changed: frozenset[str],
    errors: Errors,
) -> None:  # fmt: skip
    """A row newly holds only files that the person has stored: the id of another's file does not open it."""
    actor = actor_of(session)
    for name in changed:
        if entry.fields[name].kind.control != "files":
            continue
        new = set(values.get(name) or ()) - set(before.get(name) or ())
        if not new or isinstance(actor, System):
            continue
        mine = select(StoredFile.id).where(StoredFile.id.in_(new), StoredFile.account_id == actor.id)
        if new - set(session.scalars(mine)):
            errors[name].append(_("There is no such file of yours. Send the file first."))


def _check_references(
    session: Session,
    entry: Entry,
    values: Mapping[str, Any],
    before: Mapping[str, Any],
    changed: frozenset[str],
    errors: Errors,
) -> None:
    """A row can newly refer only to rows that exist for the person: the policy is in the query."""
    for name in changed:
        item = entry.fields[name]
        value = values.get(name)
        if item.target is None or value in (None, []):
            continue
        wanted = set(value) - set(before.get(name) or ()) if isinstance(value, list) else {value}
        found = set(session.scalars(select(item.target.model.id).where(item.target.model.id.in_(wanted))))
        if wanted - found:
            errors[name].append(_("This row does not exist, or you may not see it. Choose another."))


def _check_step(
    session: Session, entry: Entry, values: Mapping[str, Any], before: Mapping[str, Any] | None, errors: Errors
) -> None:
    """A workflow's state changes along its steps alone."""
    state = entry.state
    if entry.screen.workflow is None or state is None:
        return
    was = None if before is None else before.get(state.name)
    now = values.get(state.name)
    if was == now or (was is not None and not isinstance(was, Choices)):
        return
    allowed = reachable(actor_of(session), entry, was)
    if now not in allowed:
        words = "、".join(str(one.label) for one in allowed)
        errors[state.name].append(_("From here you can only choose: %(allowed)s.", allowed=words))


def _check_ceiling(
    entry: Entry, values: Mapping[str, Any], changed: frozenset[str], ceiling: Classification, errors: Errors
) -> None:
    level = entry.classification
    if level is None or level.name not in changed:
        return
    value = values.get(level.name)
    if not isinstance(value, Classification):
        return
    if value.rank > ceiling.rank:
        errors[level.name].append(
            _("This console may hold nothing above “%(ceiling)s”. Keep such a document out of it.", ceiling=ceiling)
        )


def check_uniques(
    session: Session, entry: Entry, values: Mapping[str, Any], row_id: int | None, changed: frozenset[str],
    errors: Errors,
) -> None:  # fmt: skip
    """Say which value is taken; the database's own constraint stands behind this for two people at once."""
    for group in entry.uniques:
        names = [item.name for item in group]
        if not changed.intersection(names) or any(values.get(name) is None for name in names):
            continue
        trashed = entry.model.deleted_at if entry.trash else null()
        statement = select(entry.model.id, trashed).where(*(item.column == values[item.name] for item in group))
        if row_id is not None:
            statement = statement.where(entry.model.id != row_id)
        # A value is taken also by a row that the person may not see: the look-up passes the policy by
        found = session.execute(statement.limit(1), execution_options={"unfiltered": True}).first()
        if found is not None:
            errors.setdefault(names[-1], []).append(taken(group, trashed=found[1] is not None))


def check_targets(session: Session, entry: Entry, values: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise Invalid if a row referred to lies in the trash; asked once the row is written, and holds what it cites."""
    errors: Errors = {}
    for name in names:
        item = entry.fields[name]
        value = values.get(name)
        if item.target is None or not item.target.trash or value in (None, []):
            continue
        model = item.target.model
        gone = select(model.id).where(model.id.in_(value if isinstance(value, list) else [value]))
        gone = gone.where(model.deleted_at.is_not(None)).limit(1)
        if session.execute(gone, execution_options={"unfiltered": True}).first() is not None:
            errors[name] = [_("“%(label)s” refers to a row in the trash.", label=item.label)]
    if errors:
        raise Invalid(errors)


def taken(group: tuple[Field, ...], trashed: bool = False) -> str:
    """The message for values that another row already has."""
    if trashed:
        labels = "、".join(item.label for item in group)
        return str(_("A row in the trash has this %(labels)s. Restore it, or delete it for good.", labels=labels))
    if len(group) == 1:
        return str(_("Another row already has this %(label)s.", label=group[0].label))
    return str(_("There is already a row with the same %(labels)s.", labels="、".join(item.label for item in group)))


def _not_after(entry: Entry, values: Mapping[str, Any], rule: NotAfter, today: date) -> tuple[str, str] | None:
    first, second = name_of(rule.first), name_of(rule.second)
    if values.get(first) is None or values.get(second) is None or values[first] <= values[second]:
        return None
    item = entry.fields[first]
    shown = item.kind.show(item, values[first]).text
    return second, _("This must not come before “%(label)s” (%(value)s).", label=item.label, value=shown)


def _not_future(entry: Entry, values: Mapping[str, Any], rule: NotFuture, today: date) -> tuple[str, str] | None:
    name = name_of(rule.field)
    value = values.get(name)
    if value is None or value <= today:
        return None
    return name, _("This is later than today, %(today)s. Leave it empty if it has not happened yet.", today=today)


def _secrecy_term(entry: Entry, values: Mapping[str, Any], rule: SecrecyTerm, today: date) -> tuple[str, str] | None:
    level, name = values.get(name_of(rule.level)), name_of(rule.years)
    years = values.get(name)
    if years is None:
        return None
    if years < 1:
        return name, _("Give a number of years from 1.")
    longest = LONGEST_SECRECY.get(level) if isinstance(level, Classification) else None
    if longest is None:
        return name, _("Only what is secret or above has a term. Leave this empty.")
    if years > longest:
        return name, _("At most %(years)s years for “%(level)s”.", years=longest, level=level)
    return None


def _between(entry: Entry, values: Mapping[str, Any], rule: Between, today: date) -> tuple[str, str] | None:
    name = name_of(rule.field)
    value, lowest, highest = values.get(name), _bound(values, rule.lowest), _bound(values, rule.highest)
    if value is None:
        return None
    item = entry.fields[name]
    if lowest is not None and value < lowest:
        return name, _("Give at least %(lowest)s.", lowest=item.kind.show(item, lowest).text)
    if highest is not None and value > highest:
        return name, _("Give at most %(highest)s.", highest=item.kind.show(item, highest).text)
    return None


def _bound(values: Mapping[str, Any], bound: Any) -> Any:
    return bound if bound is None or isinstance(bound, int) else values.get(name_of(bound))


RULES: dict[type[Any], Callable[[Entry, Mapping[str, Any], Any, date], tuple[str, str] | None]] = {
    NotAfter: _not_after,
    NotFuture: _not_future,
    SecrecyTerm: _secrecy_term,
    Between: _between,
}


def warnings(entry: Entry, values: Mapping[str, Any]) -> list[str]:
    """What is odd about a row that may be stored all the same."""
    found = ((item, values.get(item.name)) for item in entry.fields.values())
    texts = [item.kind.warn(item, value) for item, value in found if value is not None]
    return [text for text in texts if text]
