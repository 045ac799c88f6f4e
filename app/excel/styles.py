"""What number formats say about the numbers they show: a date, a time, a share, an id with zeros, an amount in 万元."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from app.excel.archive import Archive, too_large
from app.excel.book import Cell, Share
from app.excel.units import Unit, unit_of

PLAIN, DATE, TIME, SHARE, ZEROS = range(5)
"""What a format makes of a number; from ZEROS on, the format has that many more digits than ZEROS."""

MOST_FORMATS = 2**16
"""Of cells, and of numbers; Excel has at most 65,490 of the first."""

# ECMA-376 part 1, 18.8.30, with the East Asian dates 27 to 36 and 50 to 58
BUILT_IN = {9: SHARE, 10: SHARE, 18: TIME, 19: TIME, 20: TIME, 21: TIME, 32: TIME, 33: TIME, 34: TIME, 35: TIME,
            45: TIME, 47: TIME, 55: TIME, 56: TIME}  # fmt: skip
BUILT_IN |= dict.fromkeys((14, 15, 16, 17, 22, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), DATE)

QUIET = re.compile(
    r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|上午/下午|AM/PM|A/P|General|G/通用格式', re.IGNORECASE
)


@lru_cache(maxsize=1024)
def meaning(code: str) -> int | Unit:
    """What a format code makes of a number."""
    bare = QUIET.sub("", code.partition(";")[0]).lower()
    if re.fullmatch(r"0{2,30}", bare):
        return ZEROS + len(bare)
    if "%" in bare:
        return SHARE
    if re.search(r"[yd]", bare):
        return DATE
    if re.search(r"[hs]", bare):
        # hours beyond a day are a length of time, not a time of day
        return PLAIN if "[" in bare else TIME
    return DATE if "m" in bare else unit_of(code) or PLAIN


def read_styles(archive: Archive, name: str) -> list[int | Unit]:
    """The meaning of each cell format of a workbook, by its number; raises BadWorkbook if there are too many."""
    own: dict[str, str] = {}
    found: list[int | Unit] = []
    inside = False

    def take(tag: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        if tag == "numFmt":
            own[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif tag == "cellXfs":
            inside = True
        elif tag == "xf" and inside:
            number = attributes.get("numFmtId", "0")
            known = BUILT_IN.get(int(number), PLAIN) if number.isdecimal() else PLAIN
            found.append(meaning(own[number]) if number in own else known)
        elif tag in ("cellStyles", "dxfs"):
            inside = False
        if max(len(own), len(found)) > MOST_FORMATS:
            raise too_large()

    archive.walk(name, take)
    return found


class Numbers:
    """Turns stored numbers into cells by the meaning of their format; `system` is 1900 or 1904."""

    MOST_KNOWN = 50_000

    def __init__(self, meanings: Sequence[int | Unit], system: int = 1900) -> None:
        self.meanings = meanings
        self.system = system
        self._known: dict[tuple[str, str], Cell] = {}

    def cell(self, text: str, style: str) -> Cell:
        """The number as what its format makes of it."""
        known = self._known.get((style, text))
        if known is not None:
            return known
        value = number(text)
        index = int(style)
        sense = self.meanings[index] if index < len(self.meanings) else PLAIN
        if sense == PLAIN or isinstance(value, str):
            return value
        found = self._made(value, sense)
        if len(self._known) < self.MOST_KNOWN:
            self._known[style, text] = found
        return found

    def _made(self, value: float, sense: int | Unit) -> Cell:
        if isinstance(sense, Unit):
            return sense.cell(value)
        if sense == SHARE:
            return Share(value)
        if sense > ZEROS:
            whole = isinstance(value, int) and value >= 0
            return str(value).zfill(sense - ZEROS) if whole else value
        return day(value, self.system, time_alone=sense == TIME)


def number(text: str) -> int | float | str:
    """The number a text stands for, or the text itself."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        return text
    if value - value != 0:
        return text
    # 2.0 and 3.2E+17 are whole; the latter stays a float, as its last digits are lost
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def day(value: float, system: int = 1900, *, time_alone: bool = False) -> Cell:
    """The date, or date and time, that a serial number means; a time alone is given as text, such as 09:30."""
    whole, part = divmod(value, 1)
    seconds = round(part * 86_400)
    if time_alone and whole == 0:
        minutes, second = divmod(min(seconds, 86_399), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}" + (f":{second:02}" if second else "")
    # counted from 1900, Excel has 29 February 1900, which never was
    first = (1904, 1, 1) if system == 1904 else (1899, 12, 31 if value < 60 else 30)
    start = datetime(*first)  # noqa: DTZ001  # a day of the calendar, wherever it is read
    try:
        found = start + timedelta(days=int(whole), seconds=seconds)
    except OverflowError:
        return value
    if whole < 0 or (whole == 0 and system == 1900) or found.year > 9999:
        return value
    return found if seconds % 86_400 else found.date()
