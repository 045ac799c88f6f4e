"""What a row is found by, as tokens: pairs of characters in their order, identifiers whole, names in pinyin.

A run of text without spaces, `连云港`, becomes `连云 云港 港`: a word of two characters or more is found as the phrase
of its pairs, one character as the beginning of a token. Tokens have no ASCII sign that a database would read as its
own: signs are written by their wide forms, which the narrowing of all text has made free.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import add
from typing import Any, NamedTuple

from sqlalchemy import String, Text

from app.catalog import Entry, Field
from app.declare.event import Event
from app.declare.types import AreaCodeText, CitizenIdText, CodeText, CreditCodeText, OrgCodeText, TitleText
from app.store.search.pinyin import typed

IDENTIFIERS = (CodeText, CitizenIdText, OrgCodeText, CreditCodeText, AreaCodeText)
MADE_OF = {CitizenIdText: re.compile("[0-9]{1,17}[0-9x]?"), AreaCodeText: re.compile("[0-9]{1,6}")}
"""What the beginning of an identifier looks like, where not every letter may stand in it."""
KEY, PINYIN, START = "Ｋ", "Ｐ", "Ｓ"
"""What a token of an identifier, of pinyin and of a name's beginning starts with: no narrowed text has these."""
MOST_CHARACTERS = 4_000
"""Of a longer text only its beginning is searched."""
SHORT = 40
"""Names and addresses recur, so that their tokens are kept; longer texts seldom do, and would fill the memory."""
MOST_PARTS = 6
LONGEST_START = 24
LONGEST_KEY = 200
"""No identifier is so long; what is typed may be, and PostgreSQL refuses a token of more than 2,046 bytes."""

SIGNS = {code: chr(code + 0xFEE0) if 0x20 < code < 0x7F else chr(code + 0xE000) for code in range(128)}
for _letter in "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
    del SIGNS[ord(_letter)]
"""Characters that databases would read as signs of their own, by what stands for them."""
SPACED = {code: sign for code, sign in SIGNS.items() if not chr(code).isspace()}
SIGN = re.compile(r"[\x00-\x08\x0e-\x1b!-/:-@\[-`{-\x7f]")


class Tokens(NamedTuple):
    """A row's tokens: the pairs of what names it and of its other texts, in order, and those that have no order."""

    label: Sequence[str]
    rest: Sequence[str]
    marks: Sequence[str]


@dataclass(frozen=True)
class Plan:
    """The fields of a record that its tokens are made of, by what they are: names, other texts, identifiers."""

    names: tuple[str, ...]
    texts: tuple[str, ...]
    identifiers: tuple[str, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys((*self.names, *self.texts, *self.identifiers)))


@lru_cache(maxsize=512)
def plan_of(entry: Entry) -> Plan:
    """What the record's rows are found by. A masked field is never among it: its tokens would be everybody's."""
    if entry.model is Event:
        return Plan((), (), ())
    found = [item for item in entry.searched if not item.masked and isinstance(item.type, (String, Text))]
    codes = tuple(item.name for item in found if is_identifier(item))
    names = tuple(
        item.name
        for item in found
        if item.name not in codes and (item in entry.labelled or isinstance(item.type, TitleText))
    )
    rest = tuple(item.name for item in found if item.name not in codes and item.name not in names)
    return Plan(names, rest, codes)


def is_identifier(item: Field) -> bool:
    """Whether the field is found by the beginning of its value alone."""
    return isinstance(item.spec.stands_for() if item.spec.stands_for else item.type, IDENTIFIERS)


def may_begin(item: Field, word: str) -> bool:
    """Whether a stored identifier of this field may begin with a narrowed word, by what it is made of."""
    kind = item.spec.stands_for() if item.spec.stands_for else item.type
    made_of = next((known for base, known in MADE_OF.items() if isinstance(kind, base)), None)
    return word.isascii() and (made_of is None or made_of.fullmatch(word) is not None)


def narrowed(text: str) -> str:
    """Text as it is compared: full-width as plain, capitals as small letters."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def without_signs(text: str) -> str:
    """Narrowed text with nothing in it that a database would read as a sign of its own; spaces stay."""
    return text.translate(SPACED) if SIGN.search(text) else text


def pairs(text: str) -> Sequence[str]:
    """The tokens of a text, in order."""
    return _known_pairs(text) if len(text) <= SHORT else cut(text)


def cut(text: str) -> Sequence[str]:
    """The same, worked out anew."""
    found: list[str] = []
    for run in without_signs(narrowed(text[:MOST_CHARACTERS])).split():
        found += map(add, run, run[1:])
        found.append(run[-1])
    return found


_known_pairs = lru_cache(maxsize=20_000)(cut)


def search_tokens(entry: Entry, values: Mapping[Any, Any]) -> Tokens:
    """The tokens of a row whose values are at hand, by field name."""
    plan = plan_of(entry)
    label: list[str] = []
    rest: list[str] = []
    marks: list[str] = []
    for name in plan.names:
        value = values.get(name)
        if value:
            label += pairs(value)
            marks += name_marks(value)
    for name in plan.texts:
        value = values.get(name)
        if value:
            rest += pairs(value)
    for name in plan.identifiers:
        value = values.get(name)
        if value:
            marks += parts(value)
    return Tokens(label, rest, tuple(dict.fromkeys(marks)))


@lru_cache(maxsize=50_000)
def name_marks(value: str) -> tuple[str, ...]:
    """The pinyin of a name, and how it begins; names recur, so they are worked out once."""
    text = squeezed(value)
    return (START + without_signs(text[:LONGEST_START]), *[PINYIN + one for one in typed(text)])


def key_of(plain: str) -> str:
    """The token of an identifier, or of its beginning, as somebody types it."""
    return KEY + plain[:LONGEST_KEY]


def is_pinyin(word: str) -> bool:
    """Whether a word may be pinyin; one letter says too little."""
    return len(word) > 1 and word.isascii() and word.isalnum()


def squeezed(value: str) -> str:
    """Narrowed text without its spaces."""
    return "".join(narrowed(value[:MOST_CHARACTERS]).split())


def parts(value: str) -> list[str]:
    """An identifier, and what is left of it after each of its signs: 2004-013 finds XM-2004-013."""
    text = squeezed(value)
    starts = [0, *(place for place in range(1, len(text)) if text[place].isalnum() and not text[place - 1].isalnum())]
    return [KEY + without_signs(text[place:]) for place in starts[:MOST_PARTS]]
