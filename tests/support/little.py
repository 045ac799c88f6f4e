"""A city of a few rows: each record keeps some, each named so that a page that shows it gives itself away."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, scoped_session

from app.access import SYSTEM, HeldGrant
from app.catalog import Catalog, Entry, Field
from app.declare.access import EVERYWHERE, OWN_TREE, OWN_UNIT, Verb
from app.declare.choices import Classification
from app.store.files import FileStore
from app.store.search.index import rebuild
from app.store.session import WRITING, act_as, db, make_sessions
from app.store.tables import StoredFile

KEPT = 8
NOW = datetime(2026, 1, 1, tzinfo=UTC)
UNITS = 8
MARK = re.compile(r"标([a-z_]+)~(\d+)~")
LINK = re.compile(r"/records/([a-z_]+)/(\d+)\b")


def mark(record: str, row_id: int) -> str:
    """The name of a row that gives it away."""
    return f"标{record}~{row_id}~"


def shrink(app: Flask) -> None:
    """Keep a few rows of each record, and those they need; name each by its mark, and hang a file on each that can."""
    catalog: Catalog = app.extensions["catalog"]
    entries = [entry for entry in catalog if entry.name not in ("audit", "account", "role", "group")]
    kept: dict[str, set[int]] = {entry.name: set() for entry in catalog}
    with app.extensions["engine"].begin() as connection:
        waiting: list[tuple[Entry, list[int]]] = [
            (entry, list(connection.scalars(select(entry.model.__table__.c.id).order_by("id").limit(KEPT))))
            for entry in entries
        ]
        used = connection.scalars(select(catalog["account"].model.__table__.c.unit_id)).all()
        waiting.append((catalog["unit"], [one for one in used if one is not None]))
        while waiting:
            entry, ids = waiting.pop()
            new = set(ids) - kept[entry.name]
            kept[entry.name] |= new
            waiting += [
                (item.target, _referred(connection, entry, item, new))
                for item in (entry.fields.values() if new else ())
                if item.target is not None and item.target in entries
            ]
        _cut(connection, entries, kept)
        for entry in entries:
            _name_rows(connection, app, entry)
        _group(connection, catalog)
        _rules(connection, catalog)
    with app.app_context():
        act_as(db(), SYSTEM)
        for entry in catalog:
            rebuild(db(), entry)


def _referred(connection: Connection, entry: Entry, item: Field, ids: set[int]) -> list[int]:
    if item.many:
        row, referred = item.secondary_columns
        return list(connection.scalars(select(referred).where(row.in_(ids))))
    table = entry.model.__table__
    found = connection.scalars(select(table.c[item.storage]).where(table.c.id.in_(ids)))
    return [one for one in found if one is not None]


def _cut(connection: Connection, entries: list[Entry], kept: dict[str, set[int]]) -> None:
    tables = {entry.model.__table__: entry for entry in entries}
    unit = next(entry for entry in entries if entry.name == "unit").model.__table__
    connection.execute(update(unit).values(parent_id=None))
    for table in reversed(unit.metadata.sorted_tables):
        entry = tables.get(table)
        if entry is not None:
            for item in entry.fields.values():
                if item.many:
                    row = item.secondary_columns[0]
                    connection.execute(delete(item.secondary).where(row.not_in(kept[entry.name])))
            connection.execute(delete(table).where(table.c.id.not_in(kept[entry.name])))


def _name_rows(connection: Connection, app: Flask, entry: Entry) -> None:
    table, store = entry.model.__table__, app.extensions["files"]
    titles = [item.storage for item in entry.fields.values() if type(item.kind).__name__ == "TitleKind"]
    attached = [item.storage for item in entry.fields.values() if item.kind.control == "files"]
    for row_id in connection.scalars(select(table.c.id)).all() if titles or attached else ():
        values: dict[str, Any] = dict.fromkeys(titles, mark(entry.name, row_id))
        if attached:
            kept = _keep(connection, store, mark(entry.name, row_id))
            values |= {name: [kept] for name in attached}
        connection.execute(update(table).where(table.c.id == row_id).values(values))


def _group(connection: Connection, catalog: Catalog) -> None:
    """Groups with members and roles, of which a fresh city has none."""
    group = catalog["group"]
    for number in (1, 2, 3):
        values = {"id": number, "name": f"g{number}", "label": mark("group", number)}
        connection.execute(insert(group.model.__table__).values(values))
        for name in ("users", "roles"):
            row, referred = group.fields[name].secondary_columns
            connection.execute(insert(group.fields[name].secondary).values({row.name: number, referred.name: number}))


def _rules(connection: Connection, catalog: Catalog) -> None:
    """Rules of the directory's mapping, of which a city without a directory has none."""
    rule = catalog["directory_rule"]
    bases = list(rule.fields["basis"].choices)
    for number in range(1, 5):
        values = {"id": number, "basis": bases[number % len(bases)], "value": mark("directory_rule", number)}
        connection.execute(insert(rule.model.__table__).values(values | {"created_at": NOW, "updated_at": NOW}))


def _keep(connection: Connection, store: FileStore, name: str) -> str:
    content = name.encode()
    digest = hashlib.sha256(content).hexdigest()
    path = store.path(digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    file_id = digest[:32]
    connection.execute(insert(StoredFile.__table__).values(
        id=file_id, name=f"{name}.txt", media_type="text/plain", size=len(content), digest=digest, account_id=None,
        stored_at=datetime.now(UTC),
    ))  # fmt: skip
    return file_id


@contextmanager
def undone(app: Flask) -> Iterator[tuple[Connection, scoped_session[Session]]]:
    """A transaction of the database and sessions within it, the console's too: all that is done is undone."""
    WRITING.set(True)
    with app.extensions["engine"].connect() as connection:
        transaction = connection.begin()
        own = make_sessions(connection, app.extensions["catalog"])
        own.configure(join_transaction_mode="create_savepoint")
        theirs, app.extensions["sessions"] = app.extensions["sessions"], own
        try:
            yield connection, own
        finally:
            own.remove()
            app.extensions["sessions"] = theirs
            transaction.rollback()
            WRITING.set(False)


def around(entry: Entry) -> set[str]:
    """The names of a record and of those whose rows decide what of it is seen, or are seen beside it."""
    found = [entry, *(item.entry for item in entry.incoming)]
    for one in found:
        found += [item.target for item in one.fields.values() if item.target and item.target not in found]
    return {one.name for one in found[:12]}


def shuffle(connection: Connection, catalog: Catalog, chance: random.Random, names: set[str]) -> list[int]:
    """Give units superiors, and every row another owner, whole, secrecy and references; return the units to be of."""
    unit = catalog["unit"].model.__table__
    units = list(connection.scalars(select(unit.c.id).order_by(unit.c.id).limit(UNITS)))
    for one in units:  # now and then in a circle, as nothing forbids
        parent = chance.choice([None, *units])
        connection.execute(update(unit).where(unit.c.id == one).values(parent_id=parent))
    tables = {entry.name: entry.model.__table__ for entry in catalog if entry.name != "audit"}
    ids = {name: list(connection.scalars(select(table.c.id).order_by("id"))) for name, table in tables.items()}
    ids["account"] = ids["account"][-3:]  # those whose person the tests play
    for entry in catalog:
        if entry.name not in names - {"unit", "audit", "role", "group", "account"}:
            continue
        table = tables[entry.name]
        for row_id in ids[entry.name]:
            values = {
                item.storage: _other(item, units, ids, chance)
                for item in entry.fields.values()
                if (item.refers or _shared(item)) and chance.random() < 0.7
            }
            if not values:
                continue
            point = connection.begin_nested()
            try:
                connection.execute(update(table).where(table.c.id == row_id).values(values))
                point.commit()
            except IntegrityError:  # what names the row together is another row's already
                point.rollback()
    for name in names:
        _throw_away(connection, catalog[name], chance)
    return units


def _throw_away(connection: Connection, entry: Entry, chance: random.Random) -> None:
    """Put some rows that no other refers to into the trash."""
    if not entry.trash:
        return
    table = entry.model.__table__
    needed: set[int] = set()
    for item in entry.incoming:
        referred = item.secondary_columns[1] if item.many else item.model.__table__.c[item.storage]
        needed |= set(connection.scalars(select(referred)))
    ids = connection.scalars(select(table.c.id).order_by(table.c.id)).all()[1:]  # one stays
    gone = [one for one in ids if one not in needed and chance.random() < 0.3]
    connection.execute(update(table).where(table.c.id.in_(gone)).values(deleted_at=datetime.now(UTC), deleted_by="x"))


def _shared(item: Field) -> bool:
    return getattr(item.type, "choices", None) is not None and item.typed


def _other(item: Field, units: list[int], ids: dict[str, list[int]], chance: random.Random) -> Any:
    if item.target is None:
        return chance.choice(list(item.choices))
    return chance.choice(units if item.target.name == "unit" else ids[item.target.name])


def _people(entry: Entry, account: Entry) -> int:
    return sum(item.refers and item.target is account for item in entry.fields.values())


def scopes(entry: Entry, catalog: Catalog) -> list[Any]:
    """Scopes that grants on a record may have, one of each shape and value."""
    from app.declare.access import Mine, Only

    found: list[Any] = [EVERYWHERE]
    if entry.owner or entry.whole or entry is catalog.unit or "unit" in entry.fields:
        found += [OWN_UNIT, OWN_TREE]
    account = catalog["account"]
    mine: list[Any] = [
        item.spec for item in entry.fields.values()
        if item.target is not None
        and (item.target is account or _people(item.target, account) == 1)
    ]  # fmt: skip
    if mine:
        found += [Mine(*mine), Mine(mine[-1])]
    for item in entry.fields.values():
        values: Any = getattr(item.type, "choices", None)
        spec: Any = item.spec
        if values is not None and values is not Classification:
            found += [Only(spec, next(iter(values))), Only(spec, *list(values)[:2])]
        elif item.kind.control == "checkbox":
            found.append(Only(spec, True))
    return found


def held(entry: Entry, catalog: Catalog, chance: random.Random) -> HeldGrant:
    """Some grant on a record: reading more often than not."""
    verbs = Verb.READ if chance.random() < 0.8 else Verb(0)
    for verb in (Verb.ADD, Verb.EDIT, Verb.EDIT, Verb.DELETE, Verb.UNMASK):
        verbs |= verb if chance.random() < 0.35 else Verb(0)
    typed = [name for name, item in entry.fields.items() if item.typed]
    some = frozenset(chance.sample(typed, min(len(typed), 3))) if typed and chance.random() < 0.35 else frozenset()
    return HeldGrant(verbs or Verb.READ, chance.choice(scopes(entry, catalog)), some)
