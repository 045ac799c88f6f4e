"""What amounts are in: multiples of yuan, which are counted, and other currencies, which are refused, never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import prod
from typing import Any

from flask_babel import gettext as _
from marshmallow import ValidationError

from app.excel.book import Cell
from app.kinds.base import narrow

TIMES = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
MULTIPLE = "[十百千]?[万亿]|万亿|[十百千]"
OURS = "人民币|RMB|CNY|[¥￥]"
"""Words for yuan beside 元."""
OTHERS = (
    "美元|美金|美圆|港元|港币|港幣|港圆|欧元|日元|日圆|日币|円|英镑|澳元|澳币|加元|加币|新加坡元|新元|新币|韩元|韩圆|韩币|"
    "新台币|台币|澳门元|澳门币|卢布|瑞士法郎|法郎|瑞郎|泰铢|卢比|林吉特|越南盾|外币|"
    r"US\$|HK\$|NT\$|A\$|C\$|S\$|JP[¥￥]|[$＄€£₩₽฿]|"
    "(?<![A-Z])(?:USD|HKD|EUR|JPY|GBP|AUD|CAD|SGD|KRW|TWD|MOP|RUB|CHF|THB|INR|MYR|VND)(?![A-Z])"
)
OTHER = re.compile(rf"(?:{MULTIPLE})?\s*(?:{OTHERS})", re.IGNORECASE)
"""Another currency, with the multiple of it that is meant."""
CONVERTED = re.compile(rf"折\s*(?:合|成|为|算)?\s*(?:{OURS}|[十百千万亿]*元)|=\s*(?:{OURS})", re.IGNORECASE)
"""Amounts that were in another currency once."""
AMOUNT = re.compile(
    rf"(?:(?:{OURS})\s*){{0,2}}([+-]?\d[\d,]*(?:\.\d+)?)\s*(元|[十百千]元|[十百千万]?[万亿]元?)?\s*整?\s*(?:{OURS})?",
    re.ASCII | re.IGNORECASE,
)
NAMED = re.compile("[元十百千万亿]")
"""A cell that says itself what its amount is in."""
IN_YUAN = re.compile("元|人民币|RMB|CNY", re.IGNORECASE)
"""The same, so that there is no doubt that it is yuan."""
BRACKETS = re.compile(r"[(\[【〔](.*?)[)\]】〕]")
BESIDE = re.compile(rf"金额|货币|单位|[:：,，;；、()\s]|{OURS}|^[以按]|[计整]$|(?<=[元万亿])[/每].*$", re.IGNORECASE)
"""What stands beside a multiple within brackets: （单位：万元人民币）, （万元/年）."""
WITHIN = re.compile(rf"({MULTIPLE})?元|({MULTIPLE})")
AT_END = re.compile(rf"(?:([十百千万]?[万亿]|[十百千](?=元))元?|元)\s*(?:{OURS})?\s*$", re.IGNORECASE)
"""The same at the end of a header without brackets: 百万元, /千元."""
AMONG = re.compile(rf"(?<![\d.])({MULTIPLE})元(?![以级])")
"""The same among other words within brackets: （万元，不含税）, but not （500万元以上）."""
LINE = re.compile(r"(?:单位|币种|币别|货币)\s*[:：]\s*([^\s,，;；。)）\]】]{1,12})")
"""What a line above the header says of all amounts."""


@dataclass(frozen=True)
class Measure:
    """What amounts are in: so many yuan, or another currency in its own words."""

    times: int = 1
    currency: str = ""


PLAIN = Measure()


@lru_cache(maxsize=4096)
def measure_of(text: str) -> Measure | None:
    """What a header, or a line above it, says that amounts are in; None if nothing."""
    plain = narrow(text)
    foreign = OTHER.search(plain)
    if foreign is not None and not CONVERTED.search(plain):
        return Measure(currency=foreign.group().strip())
    for part in reversed(BRACKETS.findall(plain)):
        found = WITHIN.fullmatch(BESIDE.sub("", part))
        if found is not None:
            return Measure(_multiple(found.group(1) or found.group(2) or ""))
    found = AT_END.search(BRACKETS.sub("", plain)) or AMONG.search(" ".join(BRACKETS.findall(plain)))
    return None if found is None else Measure(_multiple(found.group(1) or ""))


def said_above(text: str) -> str:
    """What a line above the header says that all amounts are in, unless that is yuan: 万元 of “单位：万元”."""
    found = [one for one in LINE.findall(text) if OTHER.fullmatch(narrow(one)) or WITHIN.fullmatch(BESIDE.sub("", one))]
    said = [one for one in found if measure_of(one) not in (None, PLAIN)]
    return next((one for one in said if OTHER.search(narrow(one))), said[0] if said else "")


def _multiple(words: str) -> int:
    """What a multiple in Chinese stands for: 百万 is a hundred times ten thousand."""
    return prod(TIMES.get(word, 1) for word in words)


def to_yuan(cell: str) -> Any:
    """The amount of a cell in yuan, or the cell where it is none; raises ValidationError for another currency."""
    plain = narrow(cell)
    found = AMOUNT.fullmatch(plain)
    if found is not None:
        amount, times = found.group(1).replace(",", ""), _multiple(found.group(2) or "")
        return f"{Decimal(amount) * times:f}" if times > 1 else amount
    foreign = OTHER.search(plain)
    if foreign is not None:
        raise ValidationError(
            _("The amount is in “%(currency)s”, and is kept in yuan. Convert it, and enter the yuan.",
              currency=foreign.group().strip())
        )  # fmt: skip
    return cell


def by_measure(said: Measure, header: str, cell: Cell, raw: Any) -> Any:
    """What a cell comes to below a header that says what its amounts are in; `raw` is what it comes to by itself."""
    if raw is None or raw == "":
        return raw
    if said.currency:
        if isinstance(cell, str) and AMOUNT.fullmatch(narrow(cell)) and IN_YUAN.search(cell):
            return raw
        raise ValidationError(
            _("The column “%(header)s” is in “%(currency)s”, and amounts are kept in yuan. Convert them, and say in "
              "the header that they are yuan.", header=header, currency=said.currency)
        )  # fmt: skip
    text = narrow(str(raw)).replace(",", "")
    named = isinstance(cell, str) and NAMED.search(cell)
    if named or not re.fullmatch(r"[+-]?\d{1,20}(\.\d{1,20})?", text, re.ASCII):
        return raw
    return f"{Decimal(text) * said.times:f}"
