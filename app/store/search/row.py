"""Whether one row has the words, told from its values: what SQLite asks where a word is too common for its tokens."""

from __future__ import annotations

import sqlite3

from app.catalog import Entry
from app.store.search.pinyin import LONGEST_FULL
from app.store.search.tokens import (
    KEY,
    LONGEST_KEY,
    LONGEST_START,
    MOST_CHARACTERS,
    PINYIN,
    START,
    is_pinyin,
    key_of,
    name_marks,
    narrowed,
    parts,
    plan_of,
    without_signs,
)

FUNCTION = "rn_has"
TIER = "rn_tier"


def install(connection: sqlite3.Connection) -> None:
    """Let the connection's statements ask it."""
    connection.create_function(FUNCTION, -1, has, deterministic=True)
    connection.create_function(TIER, -1, tier, deterministic=True)


def kinds_of(entry: Entry) -> str:
    """What the values given to `has` are, a letter each: of a name, a text, an identifier."""
    plan = plan_of(entry)
    return "n" * len(plan.names) + "t" * len(plan.texts) + "i" * len(plan.identifiers)


def has(kinds: str, words: str, *values: str | None) -> bool:
    """Whether each of the words, narrowed and parted by spaces, is in one of the values as tokens would find it."""
    texts = [narrowed(value[:MOST_CHARACTERS]) if value else "" for value in values]
    return all(
        any(
            _begins(word, KEY, tuple(parts(value)), LONGEST_KEY)
            if kind == "i"
            else word in text or _typed(kind, word, value)
            for kind, text, value in zip(kinds, texts, values, strict=True)
            if value
        )
        for word in words.split()
    )


def tier(kinds: str, whole: str, *values: str | None) -> int:
    """Which of the tiers of relevance a row is in, of which `has` is true; `whole` is what was typed, squeezed."""
    plain = without_signs(whole)
    names = {START + plain} if len(plain) < LONGEST_START else set()
    marks = {
        mark
        for kind, value in zip(kinds, values, strict=True)
        if value and kind != "t"
        for mark in (parts(value) if kind == "i" else name_marks(value)[:1])
    }
    if not marks.isdisjoint({key_of(plain), *names}):
        return 0
    starts = (key_of(plain), START + plain[:LONGEST_START])
    return 1 if any(mark.startswith(starts) for mark in marks) else 2


def _typed(kind: str, word: str, value: str) -> bool:
    return kind == "n" and is_pinyin(word) and _begins(word, PINYIN, name_marks(value), LONGEST_FULL)


def _begins(word: str, mark: str, marks: tuple[str, ...], longest: int) -> bool:
    start = mark + without_signs(word)[:longest]
    return any(one.startswith(start) for one in marks)
