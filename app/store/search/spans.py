"""Where the words of a search stand in a text that it found, to be marked for the reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.store.search.pinyin import SURNAMES, read
from app.store.search.tokens import is_pinyin, narrowed

Span = tuple[int, int]


def spans(text: str, words: Sequence[str], *, name: bool = False) -> tuple[Span, ...]:
    """The places (start, end) of the words in a text, in order and apart; of a `name` also those typed in pinyin."""
    folded, places = _folded(text)
    found: list[Span] = []
    for word in words:
        here = [(places[start], places[start + len(word) - 1] + 1) for start in _starts(folded, word)]
        if not here and name and is_pinyin(word) and not text.isascii():
            here = list(_typed(text, word))
        found += here
    joined: list[Span] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """The text as it is compared, and for each character of it the place of the one it comes from."""
    folded = narrowed(text)
    if len(folded) == len(text):
        return folded, range(len(text))
    parts = [narrowed(one) for one in text]
    return "".join(parts), [place for place, part in enumerate(parts) for _one in part]


def _starts(folded: str, word: str) -> Iterator[int]:
    start = folded.find(word)
    while start >= 0:
        yield start
        start = folded.find(word, start + len(word))


def _typed(text: str, word: str) -> Iterator[Span]:
    """The first characters whose pinyin or initials begin with the word."""
    if len(narrowed(text)) != len(text):
        return
    syllables = read(narrowed(text))
    other = SURNAMES.get(text[0])
    for start in range(len(syllables)):
        rest = [other, *syllables[1:]] if start == 0 and other and word[0] == other[0] else syllables[start:]
        end = _reached(rest, word)
        if end:
            yield start, start + end
            return


def _reached(syllables: Sequence[str], word: str) -> int:
    """How many of the characters the word spells from the first of them on; 0 if it spells something else."""
    full = initials = ""
    for number, syllable in enumerate(syllables, 1):
        if not syllable:
            return 0
        full, initials = full + syllable, initials + syllable[0]
        if full.startswith(word) or initials == word:
            return number
        if not word.startswith(full) and not word.startswith(initials):
            return 0
    return 0
