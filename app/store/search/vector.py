"""Tokens as PostgreSQL keeps them: the text of a tsvector."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app.store.search.tokens import SHORT, Plan, name_marks, pairs, parts


def vector(plan: Plan, values: Mapping[Any, Any]) -> str:
    """A row's tokens as PostgreSQL reads a tsvector: what names the row has weight A, marks have no place."""
    found: list[str] = []
    marks: list[str] = []
    place = 1
    for name in plan.names:
        value = values.get(name)
        if value:
            text, count = _placed(value, place, "A")
            found.append(text)
            place += count
            marks += name_marks(value)
    # no phrase goes on from the name into what follows
    place += 1
    for name in plan.texts:
        value = values.get(name)
        if value:
            text, count = _placed(value, place, "")
            found.append(text)
            place += count
    for name in plan.identifiers:
        value = values.get(name)
        if value:
            marks += parts(value)
    return " ".join((*found, *dict.fromkeys(marks)))


def _placed(text: str, place: int, weight: str) -> tuple[str, int]:
    """The pairs of a text with their places, from this one on, and how many they are."""
    return _known(text, place, weight) if len(text) <= SHORT else _made(text, place, weight)


def _made(text: str, place: int, weight: str) -> tuple[str, int]:
    found = pairs(text)
    return " ".join([f"{token}:{number}{weight}" for number, token in enumerate(found, place)]), len(found)


_known = lru_cache(maxsize=32_768)(_made)
