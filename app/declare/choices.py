"""Choices: closed lists of values, each with a label and a tone."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Self, TypeAlias

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

Words: TypeAlias = str | LazyString
"""A text for people: plain, or translated when it is shown."""


class Tone(StrEnum):
    """The colour of a state; red, amber and green are signals and always come with the label."""

    NONE = "secondary"
    ACCENT = "blue"
    GOOD = "green"
    WAIT = "yellow"
    BAD = "red"


class Choices(Enum):
    """A closed list of values: `PLANNED = "planned", _l("Planned"), Tone.ACCENT`; the first is what is stored."""

    label: Words
    tone: Tone

    def __new__(cls, value: str, label: Words = "", tone: Tone = Tone.NONE) -> Self:
        member = object.__new__(cls)
        member._value_ = value
        member.label = label or value
        member.tone = tone
        return member

    def __str__(self) -> str:
        return str(self.label)


class Classification(Choices):
    """How secret a row is, from open to top secret; the order of lines is the order of secrecy."""

    PUBLIC = "public", _l("Public"), Tone.NONE
    INTERNAL = "internal", _l("Internal"), Tone.NONE
    SECRET = "secret", _l("Secret"), Tone.WAIT
    CONFIDENTIAL = "confidential", _l("Confidential"), Tone.BAD
    TOP_SECRET = "top_secret", _l("Top secret"), Tone.BAD

    @property
    def rank(self) -> int:
        return list(type(self)).index(self)

    def up_to(self) -> tuple[Classification, ...]:
        """Every level a person cleared for this one may see."""
        return tuple(level for level in type(self) if level.rank <= self.rank)
