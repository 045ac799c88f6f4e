"""The best rows for what was typed: whole identifiers and names first, then their beginnings, then the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, literal, select, union_all
from sqlalchemy.orm import Session

from app.access import readable
from app.catalog import Entry
from app.store.search.match import Search, at_start, exactly, in_name, words_of
from app.store.search.tokens import squeezed
from app.store.session import actor_of

LOOKED = 10_000
"""Of what has no tokens, the trail, so many of the newest rows are looked into: this is asked at each key pressed."""


def ranked(session: Session, entries: Iterable[Entry], text: str, each: int) -> list[tuple[Entry, int]]:
    """Up to `each` rows of every record that exist for the actor and have every word, record by record, the best first.

    So are the records, by the best row of each; of those alike the one that stands first among `entries`. One statement
    finds the records that have anything to look at, another their rows.
    """
    words, actor = words_of(text), actor_of(session)
    asked = [entry for entry in entries if any(readable(actor, item) for item in entry.searched)] if words else []
    searches = [Search(session, entry, actor) for entry in asked]
    places = _worth_a_look(session, searches, words)
    parts = [part for place in places for part in _parts(searches[place], place, words, squeezed(text), each)]
    if not parts:
        return []
    best: dict[tuple[int, int], int] = {}
    for place, rank, row_id in session.execute(union_all(*parts)):
        best[place, row_id] = min(rank, best.get((place, row_id), rank))
    first: dict[int, int] = {}
    for (place, _row_id), rank in best.items():
        first[place] = min(rank, first.get(place, rank))
    found: dict[int, list[int]] = {}
    for place, row_id in sorted(best, key=lambda key: (first[key[0]], key[0], best[key], key[1])):
        found.setdefault(place, []).append(row_id)
    return [(asked[place], row_id) for place, ids in found.items() for row_id in ids[:each]]


def _worth_a_look(session: Session, searches: Sequence[Search], words: Sequence[str]) -> list[int]:
    """The places of those of the searches that may find a row; what they find is for the policy to say."""
    simple = [place for place, search in enumerate(searches) if search.simple(words)]
    rest = [place for place in range(len(searches)) if place not in simple]
    if not simple:
        return rest
    asked = union_all(*(select(literal(place)).where(searches[place].anything(words)) for place in simple))
    return sorted([*rest, *session.scalars(asked, execution_options={"unfiltered": True})])


def _parts(search: Search, place: int, words: Sequence[str], whole: str, each: int) -> list[Select[Any]]:
    """SELECTs of (place, rank, id), each of a few rows, so that a common word costs no more than a rare one."""
    tiers = [search.rows([whole], exactly), search.rows([whole], at_start), search.rows(words, in_name)]
    tiers = [*tiers, search.matching(words)] if search.tokens else [search.lately(words, LOOKED)]
    found = []
    for rank, statement in enumerate(tiers):
        ids = statement.limit(each).subquery()
        found.append(select(literal(place), literal(rank), ids.c.id))
    return found
