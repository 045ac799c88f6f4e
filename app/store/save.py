"""The one way to write a row: validate, guard, lock, store. Every door saves and deletes through these functions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, case, select, true
from sqlalchemy import delete as delete_from
from sqlalchemy import insert as insert_into
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access import Forbidden, HeldGrant, System, editable, grants_for, may, predicate
from app.catalog import Catalog, Entry, Field
from app.declare.access import Verb
from app.declare.choices import Classification
from app.declare.event import Deed
from app.declare.record import Account
from app.kinds.value import LOCAL
from app.store.account_rows import Refuse, check_secrets, follow
from app.store.apart import check_powers
from app.store.events import Changes, changes_between, note_rows, plain_label
from app.store.labels import labels
from app.store.page import Values, fetch_row
from app.store.session import actor_of, among, ask_by_ids, writing
from app.store.tables import Submission
from app.store.validate import WHOLE, Invalid, Taken, check_row, check_targets, complete, read_values, taken

Hash = Callable[[str], str]
REFERRED_SHOWN = 5


class Missing(LookupError):
    """The row does not exist for the actor; doors answer 404."""


class Stale(Exception):
    """Somebody else saved the row since it was opened; `now` holds what it has become."""

    def __init__(self, now: Values) -> None:
        super().__init__("stale version")
        self.now = now


class Repeated(Exception):
    """The same form was sent twice at once; the first sending stored the row."""


class KeyReused(Exception):
    """What was sent under a key is not what was sent under it before."""


@dataclass(frozen=True)
class Referrer:
    """A row that refers to another by a field; it may lie in the trash, and is still in the way."""

    field: Field
    id: int
    label: str
    trashed: bool = False


class Referred(Exception):
    """Other rows refer to the row, so it stays; `by` names some of them, `more` if there are others."""

    def __init__(self, by: list[Referrer], more: bool) -> None:
        super().__init__("other rows refer to it")
        self.by = by
        self.more = more


@dataclass(frozen=True)
class Rules:
    """What the deployment adds to each write: today, the ceiling of secrecy, how secrets are hashed, which refused."""

    today: date
    ceiling: Classification
    hash: Hash
    refuse: Refuse = lambda _secret, _values: ""


@dataclass(frozen=True)
class Saved:
    """A stored row; `repeated` if this submission had been stored before, not `changed` if there was nothing to do."""

    id: int
    version: int
    values: Values
    repeated: bool = False
    changed: bool = True


def make_rules(ceiling: Classification, hasher: Hash, refuse: Refuse = Rules.refuse) -> Rules:
    """The rules of this moment."""
    return Rules(datetime.now(LOCAL).date(), ceiling, hasher, refuse)


def insert(
    session: Session, entry: Entry, raw: Mapping[str, Any], rules: Rules, once: str = "", fingerprint: str = ""
) -> Saved:
    """Store a new row from what was typed; a field that `raw` leaves out has its default.

    Raises Invalid or Forbidden. What came under the same `once` before is not stored again; KeyReused if it was other.
    """
    before = taken_before(session, entry, once, fingerprint)
    if before:
        return _again(session, entry, before[0])
    try:
        with writing(session), constraints(session, entry):
            taken_now = claim(session, entry, once, fingerprint)
            saved = add_row(session, entry, raw, rules)
            if taken_now is not None:
                taken_now.row_id = saved.id
            session.commit()
    except Repeated:
        before = taken_before(session, entry, once, fingerprint)
        if not before:
            raise Invalid({WHOLE: [_("This form has already been saved.")]}) from None
        return _again(session, entry, before[0])
    return saved


def add_row(session: Session, entry: Entry, raw: Mapping[str, Any], rules: Rules) -> Saved:
    """Check a new row and put it into the transaction at hand, with its line of the trail."""
    actor = actor_of(session)
    if not may(actor, entry, Verb.ADD):
        raise Forbidden(entry, Verb.ADD)
    given = defaults(entry)
    names = editable(actor, entry, new=True)
    values = given | read_values(entry, raw, frozenset(n for n in names if n in raw or n not in given))
    complete(entry, values)
    check_secrets(session, entry, None, values, names, rules.refuse)
    check_row(
        session, entry, values, row_id=None, changed=names, today=rules.today, ceiling=rules.ceiling,
    )  # fmt: skip
    row = entry.model()
    _assign(entry, row, values, rules)
    _stamp(session, entry, row, new=True)
    session.add(row)
    session.flush()
    _relate(session, entry, row.id, {}, values)
    check_targets(session, entry, values, names)
    check_powers(session, entry, row.id, {}, values, [name for name in names if values.get(name)])
    _stay_in_scope(session, entry, row.id, Verb.ADD, _differing(entry, values, names))
    stored = values | {"id": row.id}
    lines = [(row.id, plain_label(entry, stored), changes_between(entry, {}, stored, entry.fields))]
    note_rows(session, entry, Deed.ADDED, lines)
    return Saved(row.id, getattr(row, "version", 0), stored)


def update(
    session: Session, entry: Entry, row_id: int, raw: Mapping[str, Any], rules: Rules, version: int | None
) -> Saved:
    """Store what was typed over a row that stands at `version` (None: whatever it stands at).

    `raw` may leave fields out; they stay. Raises Missing, Forbidden, Stale or Invalid; nothing is stored then.
    """
    with writing(session), constraints(session, entry):
        saved = change_row(session, entry, row_id, raw, rules, version)
        if saved.changed:
            session.commit()
        else:
            # nothing to do, also where the same form was sent twice and its first sending has made the version old
            session.rollback()
    return saved


def change_row(
    session: Session, entry: Entry, row_id: int, raw: Mapping[str, Any], rules: Rules, version: int | None
) -> Saved:
    """Check a row's new values and put them into the transaction at hand, with their line of the trail."""
    now = guard(session, entry, row_id, Verb.EDIT)
    held = editable_in(session, entry, row_id)
    beyond = {name for name in editable(actor_of(session), entry, new=False) if name in raw} - held
    if beyond:
        raise Invalid({name: [_("You may not set this field.")] for name in sorted(beyond)})
    names = frozenset(name for name in held if name in raw)
    typed = read_values(entry, raw, names)
    _keep_secrets(entry, typed)
    # what reads the same in its control was not touched, though a control may show less: a moment without its seconds
    same = [n for n, value in typed.items() if _written(entry.fields[n], value) == _written(entry.fields[n], now[n])]
    values = dict(now) | typed | {name: now[name] for name in same}
    complete(entry, values)
    changed = frozenset(name for name in entry.fields if values.get(name) != now.get(name))
    if not changed:
        return Saved(row_id, now["version"], now, changed=False)
    if version is not None and entry.versioned and now["version"] != version:
        raise Stale(now)
    check_secrets(session, entry, row_id, values, changed, rules.refuse)
    check_row(
        session, entry, values, row_id=row_id, changed=changed, today=rules.today, ceiling=rules.ceiling, before=now,
    )  # fmt: skip
    row = session.get_one(entry.model, row_id, execution_options={"unfiltered": True})
    _assign(entry, row, {name: values[name] for name in changed}, rules)
    _stamp(session, entry, row, new=False)
    session.flush()
    follow(session, entry, [row_id], {name: values[name] for name in changed})
    _relate(session, entry, row_id, now, {name: values[name] for name in changed})
    check_targets(session, entry, values, changed)
    check_powers(session, entry, row_id, now, values, changed)
    _stay_in_scope(session, entry, row_id, Verb.EDIT, changed & names)
    lines = [(row_id, plain_label(entry, values), changes_between(entry, now, values, changed))]
    note_rows(session, entry, Deed.CHANGED, lines)
    return Saved(row_id, getattr(row, "version", 0), values)


def delete(session: Session, entry: Entry, row_id: int, version: int | None = None) -> Values:
    """Delete a row, or put it into the trash; raises Missing, Forbidden, Stale, or Referred: others refer to it."""
    now = guard(session, entry, row_id, Verb.DELETE)
    if version is not None and entry.versioned and now["version"] != version:
        raise Stale(now)
    refuse_if_referred(session, entry, [row_id])
    with writing(session):
        try:
            row = session.get_one(entry.model, row_id, execution_options={"unfiltered": True})
            if entry.trash:
                row.deleted_at, row.deleted_by = datetime.now(UTC), actor_of(session).name
                row.version += 1
            else:
                session.delete(row)
            note_rows(session, entry, Deed.DELETED, [(row_id, plain_label(entry, now), farewell(entry, now))])
            session.commit()
        except IntegrityError:
            session.rollback()
            raise Referred([], True) from None
    return now


def farewell(entry: Entry, now: Values) -> Changes:
    """What the trail keeps of a deleted row: its values, but of one in the trash, which has them until it is purged."""
    return {} if entry.trash else changes_between(entry, now, {}, entry.fields)


def guard(session: Session, entry: Entry, row_id: int, verb: Verb) -> Values:
    """The row, locked, if the actor may do this to it; raises Missing or Forbidden."""
    now = fetch_row(session, entry, row_id, lock=True)
    if now is None:
        raise Missing(entry.name, row_id)
    if not reaches(session, entry, [row_id], verb):
        raise Forbidden(entry, verb)
    return now


def reaches(session: Session, entry: Entry, ids: list[int], verb: Verb, names: Collection[str] = ()) -> set[int]:
    """Those of the rows that the actor may do this to (to all of these fields, if `names` has any)."""
    actor = actor_of(session)
    if isinstance(actor, System):
        return set(ids)
    if not may(actor, entry, verb):
        return set()
    asked = frozenset(names)

    def make() -> Select[Any]:
        rows = predicate(session.info["catalog"], actor, entry, verb, asked)
        return select(entry.model.id).where(among(session, entry.model.id), rows)

    return {row[0] for row in ask_by_ids(session, (reaches, entry, verb, asked), make, ids)}


def editable_in(session: Session, entry: Entry, row_id: int) -> frozenset[str]:
    """The names of the fields the actor may type into in this row; of a row they may edit."""
    ways = edit_ways(session, entry)
    if len(ways) < 2:
        return ways[0][0] if ways else frozenset()

    def make() -> Select[Any]:
        rows = (case((reached, 1), else_=0) for _names, reached in ways)
        return select(*rows).select_from(entry.model).where(among(session, entry.model.id))

    found = ask_by_ids(session, (editable_in, entry), make, [row_id])
    held = found[0] if found else ()
    return frozenset(name for (names, _), yes in zip(ways, held, strict=False) if yes for name in names)


def edit_ways(session: Session, entry: Entry) -> list[tuple[frozenset[str], ColumnElement[bool]]]:
    """The fields the actor may type into, in groups that the same grants reach, each with the rows it reaches."""
    actor = actor_of(session)
    names = editable(actor, entry, new=False)
    if isinstance(actor, System):
        return [(names, true())]
    ways: dict[tuple[HeldGrant, ...], set[str]] = defaultdict(set)
    for name in names:
        ways[grants_for(actor, entry, Verb.EDIT, name)].add(name)
    catalog: Catalog = session.info["catalog"]
    return [(frozenset(way), predicate(catalog, actor, entry, Verb.EDIT, way)) for way in ways.values()]


def refuse_if_referred(session: Session, entry: Entry, ids: list[int]) -> None:
    """Raise Referred, naming what the actor may see of it, if any row outside refers to one of these."""
    for item in entry.incoming:
        if item.many:
            row, referred = item.secondary_columns
            statement = select(row).where(referred.in_(ids))
        else:
            statement = select(item.model.id).where(item.column.in_(ids))
        if item.entry is entry and not item.many:
            statement = statement.where(item.model.id.not_in(ids))
        found = list(session.scalars(statement.limit(REFERRED_SHOWN + 1), execution_options={"unfiltered": True}))
        if found:
            ids_shown = found[:REFERRED_SHOWN]
            by = [Referrer(item, row_id, text) for row_id, text in labels(session, item.entry, ids_shown).items()]
            if item.entry.trash:
                trashed = labels(session, item.entry, ids_shown, trashed=True)
                by += [Referrer(item, row_id, text, trashed=True) for row_id, text in trashed.items()]
            raise Referred(by, len(found) > len(by))


def _written(item: Field, value: Any) -> Any:
    if item.many:
        return sorted(value or ())
    return value if item.kind.control in ("files", "secret") else item.kind.write(item, value)


def defaults(entry: Entry) -> dict[str, Any]:
    """Values that a new row has before anybody types."""
    return {name: item.default for name, item in entry.fields.items() if item.default is not None}


def _keep_secrets(entry: Entry, typed: dict[str, Any]) -> None:
    """A secret left empty stays as it is."""
    for name in [name for name in typed if entry.fields[name].kind.control == "secret" and typed[name] is None]:
        del typed[name]


def _assign(entry: Entry, row: Any, values: Mapping[str, Any], rules: Rules) -> None:
    """Set the values on the mapped row: of references their ids; references to many are `_relate`'s."""
    for name, value in values.items():
        item = entry.fields.get(name)
        if item is None or item.many:
            continue
        if item.kind.control == "secret":
            setattr(row, item.storage, None if value is None else rules.hash(value))
            if isinstance(row, Account):
                row.password_given = value is not None
        else:
            setattr(row, item.storage, value)


def _relate(session: Session, entry: Entry, row_id: int, before: Values, values: Mapping[str, Any]) -> None:
    """Bring the tables of references to many from what they held to what they shall hold."""
    for name, value in values.items():
        item = entry.fields.get(name)
        if item is None or not item.many:
            continue
        row, referred = item.secondary_columns
        had, wanted = set(before.get(name) or ()), set(value or ())
        if had - wanted:
            gone = delete_from(item.secondary).where(row == row_id, referred.in_(had - wanted))
            session.execute(gone, execution_options={"unfiltered": True})
        if wanted - had:
            lines = [{row.name: row_id, referred.name: one} for one in sorted(wanted - had)]
            session.execute(insert_into(item.secondary), lines, execution_options={"unfiltered": True})


def _stamp(session: Session, entry: Entry, row: Any, new: bool) -> None:
    """Who wrote the row last, when, and its next version."""
    now, name = datetime.now(UTC), actor_of(session).name
    if entry.versioned and not new:
        row.version = (row.version or 0) + 1
    if hasattr(row, "updated_by"):
        row.updated_at, row.updated_by = now, name
    if new and "created_by" in entry.fields:
        row.created_at, row.created_by = now, name


def _differing(entry: Entry, values: Mapping[str, Any], names: frozenset[str]) -> frozenset[str]:
    """Those of the fields in which a new row has another value than every new row begins with."""
    start = defaults(entry)
    return frozenset(name for name in names if (values.get(name) or None) != (start.get(name) or None))


def _stay_in_scope(session: Session, entry: Entry, row_id: int, verb: Verb, names: frozenset[str]) -> None:
    """A row may not be written to where the writer could not have written it: another's unit, a higher secrecy."""
    if not reaches(session, entry, [row_id], verb, names):
        field = entry.owner or entry.whole
        raise Invalid(
            {field.name if field else WHOLE: [_("You may not put a row here. Choose what you may maintain.")]}
        )


def taken_before(session: Session, entry: Entry, once: str, fingerprint: str = "") -> list[int]:
    """The ids of the rows that an earlier sending of the same form or request stored; raises KeyReused."""
    actor = actor_of(session)
    if not once or isinstance(actor, System):
        return []
    found = session.get(Submission, once, populate_existing=True)
    if found is None or found.account_id != actor.id:
        return []
    if found.record != entry.name or (found.fingerprint or "") != fingerprint:
        raise KeyReused(once)
    return found.row_ids or [found.row_id]


def _again(session: Session, entry: Entry, row_id: int) -> Saved:
    values = fetch_row(session, entry, row_id) or {"id": row_id, "version": 0}
    return Saved(row_id, values["version"], values, repeated=True)


def claim(session: Session, entry: Entry, once: str, fingerprint: str = "") -> Submission | None:
    """Note the submission before its rows: of two sendings at once the second waits here, and finds the first's."""
    actor = actor_of(session)
    if not once or isinstance(actor, System):
        return None
    noted = Submission(
        token=once[:64], account_id=actor.id, record=entry.name, row_id=0, taken_at=datetime.now(UTC),
        fingerprint=fingerprint or None,
    )  # fmt: skip
    session.add(noted)
    session.flush()
    return noted


@contextmanager
def constraints(session: Session, entry: Entry) -> Iterator[None]:
    """Leave nothing behind of a write that fails; turn a broken constraint into words.

    The database refuses where somebody was faster, or a referred row is gone.
    """
    try:
        yield
    except (Invalid, Stale, Missing, Forbidden):
        session.rollback()
        raise
    except IntegrityError as error:
        session.rollback()
        if Submission.__tablename__ in str(error.orig):
            raise Repeated from None
        raise _broken(entry, str(error.orig)) from None


def _broken(entry: Entry, text: str) -> Invalid:
    table = entry.model.__tablename__
    for number, group in enumerate(entry.uniques):
        sqlite = ", ".join(f"{table}.{item.storage}" for item in group)
        names = (f"uq_{table}_{group[0].name}", f"uq_{table}_{number + 1}")
        if f"failed: {sqlite}" in text or any(name in text for name in names if "uq_" in text):
            return Taken({group[-1].name: [taken(group)]})
    message = _("Somebody changed a row that this one needs. Please check the references and save again.")
    return Invalid({WHOLE: [message]})
