"""What rows are called where they are referred to, looked up for many ids at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.access import in_trash
from app.catalog import Entry, Field
from app.declare.fields import Use
from app.store.page import Values
from app.store.query import Query, plain_query
from app.store.search.match import words_of
from app.store.search.rank import ranked
from app.store.session import actor_of, among, ask_by_ids

BETWEEN = " · "
NOBODY = _l("(not visible to you)")
Labels = dict[int, str]


def label_of(session: Session, entry: Entry, values: Values, known: dict[str, Labels] | None = None) -> str:
    """The name of a row whose values are at hand; `known` holds labels of referred rows by record."""
    parts = []
    for item in entry.labelled:
        value = values.get(item.name)
        if value is None or value == []:
            continue
        if item.refers and item.target is not None:
            parts.append((known or {}).get(item.target.name, {}).get(value, ""))
        else:
            text = item.kind.show(item, value).text
            parts.append(item.kind.mask(text) if item.masked else text)
    return BETWEEN.join(part for part in parts if part) or f"#{values['id']}"


def labels(session: Session, entry: Entry, ids: Iterable[int], trashed: bool = False) -> Labels:
    """The names of those of the rows that exist for the actor, by id: one statement, and one per record they cite.

    With `trashed`, of those that lie in the trash and could be restored by the actor.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    named = [item for item in entry.labelled if not item.many]

    def make() -> Select[Any]:
        return select(entry.model.id, *(item.column for item in named)).where(among(session, entry.model.id))

    found: Sequence[Sequence[Any]]
    if trashed:
        within = in_trash(session.info["catalog"], actor_of(session), entry)
        found = session.execute(make().where(within), {"ids": wanted}, execution_options={"unfiltered": True}).all()
    else:
        found = ask_by_ids(session, (labels, entry), make, wanted)
    names = ("id", *(item.name for item in named))
    rows = [dict(zip(names, row, strict=True)) for row in found]
    known = labels_for(session, [item for item in entry.labelled if item.refers], rows)
    return {row["id"]: label_of(session, entry, row, known) for row in rows}


def labels_for(session: Session, fields: Iterable[Field], rows: Sequence[Values]) -> dict[str, Labels]:
    """The names of all rows that these rows refer to by these fields, by record and id: one statement a record."""
    wanted: dict[str, set[int]] = defaultdict(set)
    targets: dict[str, Entry] = {}
    for item in fields:
        if item.target is None:
            continue
        targets[item.target.name] = item.target
        for row in rows:
            value = row.get(item.name)
            wanted[item.target.name].update(value if isinstance(value, list) else [value] if value else [])
    return {name: labels(session, targets[name], ids) for name, ids in wanted.items() if ids}


def keys(session: Session, entry: Entry, ids: Iterable[int]) -> Labels:
    """What tells those of the rows that exist for the actor apart in a workbook, by id: the key, or else the name."""
    key = next((item for item in entry.having(Use.KEY) if item.relation is None and not item.masked), None)
    if key is None:
        return labels(session, entry, ids)
    found = session.execute(select(entry.model.id, key.column).where(entry.model.id.in_(sorted(set(ids)))))
    return {row_id: key.kind.write(key, value) for row_id, value in found}


def options(session: Session, entry: Entry, text: str, limit: int = 20) -> tuple[list[tuple[int, str, str]], bool]:
    """Rows that have every word, the best first: (id, label, hint) each, and whether there are more."""
    query = plain_query(entry, actor_of(session))
    if not words_of(text):
        return _found(session, query, [], limit)
    ids = [row_id for _entry, row_id in ranked(session, [entry], text, limit + 1)]
    found, _more = _found(session, query, [entry.model.id.in_(ids)], limit + 1)
    by_id = {option[0]: option for option in found}
    return [by_id[row_id] for row_id in ids if row_id in by_id][:limit], len(ids) > limit


def _found(
    session: Session, query: Query, conditions: list[Any], limit: int
) -> tuple[list[tuple[int, str, str]], bool]:
    entry = query.entry
    hints = _hints(entry)
    columns = [item for item in dict.fromkeys((*entry.labelled, *hints)) if not item.many]
    by = query.order.column.desc() if query.descending else query.order.column.asc()
    statement = select(entry.model.id, *(item.column.label(f"c{i}") for i, item in enumerate(columns)))
    statement = statement.where(*conditions).order_by(by, entry.model.id)
    found = session.execute(statement.limit(limit + 1)).all()
    rows = [{"id": row[0], **dict(zip((item.name for item in columns), row[1:], strict=True))} for row in found]
    known = labels_for(session, [item for item in columns if item.refers], rows)
    return [
        (row["id"], label_of(session, entry, row, known), _hint(session, hints, row, known)) for row in rows[:limit]
    ], len(rows) > limit


def _hints(entry: Entry) -> tuple[Field, ...]:
    """Up to two listed fields that tell rows of the same name apart."""
    usable = [item for item in entry.listed if item not in entry.labelled and not item.many and not item.masked]
    return tuple(item for item in usable if item.kind.control in ("text", "select", "ref"))[:2]


def _hint(session: Session, hints: Sequence[Field], row: Values, known: dict[str, Labels]) -> str:
    parts = []
    for item in hints:
        value = row.get(item.name)
        if value is None:
            continue
        if item.target is not None:
            parts.append(known.get(item.target.name, {}).get(value, ""))
        else:
            parts.append(item.kind.show(item, value).text)
    return BETWEEN.join(part for part in parts if part)


def nobody() -> str:
    """How a referred row is written that does not exist for the reader."""
    return str(NOBODY)


def search_all(
    session: Session, entries: Sequence[Entry], text: str, each: int
) -> list[tuple[Entry, list[tuple[int, str]]]]:
    """Up to `each` rows of every record that have all words, the best first, as (id, label)."""
    ids: dict[Entry, list[int]] = {}
    for entry, row_id in ranked(session, entries, text, each):
        ids.setdefault(entry, []).append(row_id)
    found = []
    for entry, some in ids.items():
        names = labels(session, entry, some)
        found.append((entry, [(row_id, names[row_id]) for row_id in some if row_id in names]))
    return found
