"""What a number's format shows beside it: 12 as 12万元, 123456 as 12.3万元, 5 as $5."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from app.excel.amounts import AMOUNT, OTHER
from app.excel.book import Shown
from app.kinds.base import narrow

# ECMA-376 part 1, 18.8.31; `!` before a character is Chinese Excel's `\\`
TOKEN = re.compile(
    r'"([^"]*)"|[\\!](.)|\[\$([^\]\-]*)[^\]]*\]|\[[^\]]*\]|[_*].|([0#?.,]+|General|G/通用格式)|(.)',
    re.DOTALL | re.IGNORECASE,
)
IN_OTHERS = re.compile(r"[万亿千百十]")
NUMBER = re.compile(r"[+-]?[\d,]*\.?\d+", re.ASCII)


@dataclass(frozen=True)
class Unit:
    """What stands before and after a number that is shown divided by ten to the power of `power`."""

    before: str
    after: str
    power: int = 0

    def cell(self, value: float) -> Shown:
        """The number with what its cell shows."""
        there = Decimal(format(value, ".15g")).scaleb(-self.power).normalize()
        return Shown(value, f"{self.before}{there:f}{self.after}")


@lru_cache(maxsize=1024)
def unit_of(code: str) -> Unit | None:
    """What a format code shows beside numbers, where that is a multiple of yuan or another currency."""
    before, after, digits, power = "", "", "", 0
    for quoted, escaped, currency, number, other in TOKEN.findall(code.partition(";")[0]):
        if not number:
            literal = quoted or escaped or currency or other
            before, after = (before, after + literal) if digits else (before + literal, after)
        elif not digits:
            digits = number
        elif after == ".":
            # a point that is but shown, as in 0!.0, for ten thousands
            digits, after, power = digits + number, "", len(re.findall("[0#?]", number))
        else:
            return None
    if not digits or not _counts(before.strip(), after.strip()):
        return None
    # each comma at the end of the whole digits leaves out three of them
    return Unit(before.strip(), after.strip(), power + 3 * sum(map(len, re.findall(r",+(?=\.|$)", digits))))


def shown(value: float, text: str) -> float:
    """A number with what its cell shows, told by the text that stands there."""
    found = NUMBER.search(text)
    if found is None or not _counts(text[: found.start()].strip(), text[found.end() :].strip()):
        return value
    there = Decimal(found.group().replace(",", ""))
    if not there:
        return value
    # it may be rounded, and divided by a power of ten
    power = round((Decimal(format(value, ".15g")) / there).copy_abs().log10()) if value else 0
    return Unit(text[: found.start()].strip(), text[found.end() :].strip(), power).cell(value)


def _counts(before: str, after: str) -> bool:
    """Whether what stands around a number makes it an amount of something else than yuan."""
    if OTHER.search(narrow(f"{before} {after}")):
        return True
    found = AMOUNT.fullmatch(narrow(f"{before}1{after}"))
    return found is not None and IN_OTHERS.search(found.group(2) or "") is not None
