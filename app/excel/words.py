"""How people write the same word: wide or narrow, with remarks in brackets, in pinyin, with a slip."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from flask_babel import LazyString, force_locale

from app.declare.choices import Words

LANGUAGES = ("zh", "en")
REMARK = re.compile(r"[(\[【〔<《].*?[)\]】〕>》]|[*:：。.,，、;；!！?？\"'“”‘’/\\|_\-—\s]")
SIGNS = re.compile(r"[()\[\]【】〔〕<>《》*:：。.,，、;；!！?？\"'“”‘’/\\|_\-—\s]")
MEASURE = re.compile(
    r"[/,，:：\s](单位)?[:：\s]*[十百千万亿]{0,2}([美港欧日澳加韩]?元|美金|港币|日币|英镑|[人个件亩吨%])$"
)
"""A unit of measure behind a header: 资本/万元."""
HAN = re.compile(r"[\u3400-\u9fff]")


LONGEST = 200
"""Characters of a name; a longer text is none, and brackets in it would be looked for again and again."""


@lru_cache(maxsize=4096)
def forms(text: str) -> tuple[str, ...]:
    """The text without regard to width, case, spaces and signs; then also without what stands in brackets."""
    if len(text) > LONGEST:
        return ()
    plain = unicodedata.normalize("NFKC", text).casefold()
    whole, bare = SIGNS.sub("", plain), REMARK.sub("", plain)
    unmeasured = MEASURE.sub("", plain)
    return tuple(form for form in dict.fromkeys((whole, bare, SIGNS.sub("", unmeasured))) if form)


def languages(words: Words) -> tuple[str, ...]:
    """A text in each of the console's languages, that of the reader first."""
    found = [str(words)]
    if isinstance(words, LazyString):
        for language in LANGUAGES:
            with force_locale(language):
                found.append(str(words))
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=4096)
def pinyins(text: str) -> tuple[str, ...]:
    """A Chinese text in pinyin, and by the initials of it; nothing for other texts."""
    if not HAN.search(text):
        return ()
    # loading its tables takes a good part of a second: only who needs them waits for them
    from pypinyin import Style, lazy_pinyin

    bare = forms(text)[-1] if forms(text) else text
    return "".join(lazy_pinyin(bare)), "".join(lazy_pinyin(bare, style=Style.FIRST_LETTER))


def alike(one: str, other: str) -> bool:
    """Whether two normal forms differ by a slip: one character of three to five, two of more."""
    if min(len(one), len(other)) < 3:
        return False
    most = 1 if max(len(one), len(other)) <= 5 else 2
    return abs(len(one) - len(other)) <= most and _distance(one, other) <= most


def _distance(one: str, other: str) -> int:
    """The characters to add, drop or change; two that changed places count once."""
    before: list[int] = []
    line = list(range(len(other) + 1))
    for row, here in enumerate(one, 1):
        earlier, before, line = before, line, [row]
        for column, there in enumerate(other, 1):
            best = min(before[column] + 1, line[-1] + 1, before[column - 1] + (here != there))
            if row > 1 and column > 1 and here == other[column - 2] and one[row - 2] == there:
                best = min(best, earlier[column - 2] + 1)
            line.append(best)
    return line[-1]
