"""Tokens as PostgreSQL keeps them: the text of a tsvector."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app.store.search.tokens import SHORT, Plan, cut, name_marks, parts


def vector(plan: Plan, values: Mapping[Any, Any]) -> str:
    """A row's tokens as PostgreSQL reads a tsvector: what names the row has weight A, marks have no place."""
    names = tuple([values.get(name) or "" for name in plan.names])
    label, place, marks = _named(names) if all(len(name) <= SHORT for name in names) else _name(names)
    found = [label] if label else []
    for name in plan.texts:
        value = values.get(name)
        if value:
            text, count = _known(value, place) if len(value) <= SHORT else _placed(value, place)
            found.append(text)
            place += count
    if plan.identifiers:
        keys = [one for name in plan.identifiers if (value := values.get(name)) for one in parts(value)]
        found += dict.fromkeys((*marks.split(), *keys))
    elif marks:
        found.append(marks)
    return " ".join(found)


def _name(names: tuple[str, ...]) -> tuple[str, int, str]:
    """What names a row with its places, the place of what follows, and the marks of the names."""
    found: list[str] = []
    marks: list[str] = []
    place = 1
    for name in names:
        if name:
            text, count = _placed(name, place, "A")
            found.append(text)
            place += count
            marks += name_marks(name)
    # no phrase goes on from the names into what follows
    return " ".join(found), place + 1, " ".join(dict.fromkeys(marks))


def _placed(text: str, place: int, weight: str = "") -> tuple[str, int]:
    """The pairs of a text with their places, from this one on, and how many they are."""
    found = cut(text)
    return " ".join([f"{token}:{number}{weight}" for number, token in enumerate(found, place)]), len(found)


# names and addresses recur
_named = lru_cache(maxsize=32_768)(_name)
_known = lru_cache(maxsize=32_768)(_placed)
