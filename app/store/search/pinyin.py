"""How Chinese names are typed in Latin letters: in full, and by the initial of each character."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

MOST_CHARACTERS = 40
"""Of a longer name only its beginning is found by pinyin."""
LONGEST_FULL = 24
LONGEST_INITIALS = 12
LONGEST_PHRASE = 4

SURNAMES: Mapping[str, str] = {
    "单": "shan", "解": "xie", "仇": "qiu", "查": "zha", "区": "ou", "任": "ren", "曾": "zeng", "翟": "zhai",
    "盖": "ge", "乐": "yue", "尉": "yu", "员": "yun", "朴": "piao", "繁": "po", "种": "chong", "折": "she",
    "黑": "he", "缪": "miao", "覃": "qin", "召": "shao", "洗": "xian", "句": "gou", "能": "nai", "适": "kuo",
    "祭": "zhai", "秘": "bi", "隗": "wei", "佴": "nai", "宓": "mi", "逄": "pang", "谌": "chen", "阚": "kan",
    "晁": "chao", "万": "mo", "澹": "tan", "长": "zhang", "薄": "bo", "车": "che", "阙": "que", "相": "xiang",
}  # fmt: skip
"""How a character is read as the first of a name, where it may also be read otherwise."""


class _Readings(dict[str, str]):
    """The usual reading of each character, without tone; worked out when a character is first met."""

    def __missing__(self, character: str) -> str:
        from pypinyin.pinyin_dict import pinyin_dict

        found = pinyin_dict.get(ord(character), "")
        reading = self[character] = _plain(found.split(",", 1)[0])
        return reading


READINGS = _Readings()


def _plain(reading: str) -> str:
    """A reading without its tone; ü is written v, as it is typed."""
    found = ""
    for one in unicodedata.normalize("NFD", reading):
        if one == "\u0308":
            found = f"{found[:-1]}v"
        elif "a" <= one <= "z":
            found += one
    return found


@cache
def phrases() -> Mapping[str, tuple[str, ...]]:
    """Words in which a character is read otherwise than usual: 重庆, 银行, 尉迟."""
    from pypinyin.phrases_dict import phrases_dict
    from pypinyin.pinyin_dict import pinyin_dict

    found: dict[str, tuple[str, ...]] = {}
    for phrase, readings in phrases_dict.items():
        if not 2 <= len(phrase) <= LONGEST_PHRASE or len(readings) != len(phrase):
            continue
        # most words are read as their characters are: they are passed over before anything is worked out
        if all(pinyin_dict.get(ord(c), "").startswith(r[0]) for c, r in zip(phrase, readings, strict=True)):
            continue
        plain = tuple(_plain(reading[0]) for reading in readings)
        if any(READINGS[one] != reading for one, reading in zip(phrase, plain, strict=True)):
            found[phrase] = plain
    return found


@cache
def _heads() -> frozenset[str]:
    """The first two characters of those words, to pass quickly over text that has none."""
    return frozenset(phrase[:2] for phrase in phrases())


def read(text: str) -> list[str]:
    """A syllable for each character of a name, letters and digits as they stand; "" for what is not typed."""
    found = [READINGS[one] if one > "\u2e80" else one if one.isalnum() else "" for one in text]
    if len(text) < 2:
        return found
    heads = _heads()
    for start in range(len(text) - 1):
        if text[start : start + 2] in heads:
            for length in range(LONGEST_PHRASE, 1, -1):
                known = phrases().get(text[start : start + length])
                if known is not None:
                    found[start : start + length] = known
                    break
    return found


def typed(text: str) -> Iterator[str]:
    """What may be typed for a name, from each of its characters on: every beginning of one of these finds it."""
    text = text[:MOST_CHARACTERS]
    syllables = [one for one in read(text) if one]
    if not syllables or text.isascii():
        return
    yield from _ends(syllables)
    other = SURNAMES.get(text[0])
    if other is not None and other != syllables[0]:
        yield from _ends([other, *syllables[1:]], only_whole=True)


def _ends(syllables: Sequence[str], *, only_whole: bool = False) -> Iterator[str]:
    full, initials = "".join(syllables), "".join([one[0] for one in syllables])
    place = 0
    for number, syllable in enumerate(syllables):
        yield full[place : place + LONGEST_FULL]
        if number + 1 < len(initials):
            yield initials[number : number + LONGEST_INITIALS]
        if only_whole:
            return
        place += len(syllable)
