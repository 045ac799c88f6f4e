"""Days and times in the forms in which they stand in workbooks: serial numbers, digits, Chinese figures."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from marshmallow import ValidationError

from app.catalog import Field
from app.excel.book import Cell
from app.excel.styles import day
from app.kinds.base import narrow

RUN_OF_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
SERIAL = re.compile(r"[1-9]\d{4}(?:\.\d{1,20})?", re.ASCII)
"""A number that counts days, stored as a text: from 1927 on."""
FIGURES = {figure: number for number, figure in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}
LAST_SERIAL = 109_574
"""The last day of 2199 as a number that counts days; a higher one is a slip, such as a month 200403."""
UP_TO_99 = "[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]"
IN_FIGURES = re.compile(f"([〇零○一二三四五六七八九]{{4}})年({UP_TO_99}|[元正])月({UP_TO_99})[日号]?")
DAY_AND_TIME = re.compile(
    r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})[日号]?[T ]*"
    r"(?:(\d{1,2})[:时点](\d{1,2})?[分:]?(?:(\d{1,2})(?:\.\d+)?秒?)?)?",
    re.ASCII,
)


def to_date(item: Field, cell: Cell, system: int = 1900) -> Any:
    """A day, or a text that the kind of dates reads; `system` is the year from which the workbook counts days."""
    if isinstance(cell, (date, datetime)):
        # a day of the first thousand years is a slip, and is answered as one when it comes as a text
        found = cell.date() if isinstance(cell, datetime) else cell
        return found if found.year >= 1000 else found.isoformat()
    if isinstance(cell, str):
        return _date_text(cell, system)
    if isinstance(cell, bool) or cell is None:
        return cell
    return _date_number(cell, system)


def _date_number(cell: Any, system: int) -> Any:
    found = RUN_OF_DIGITS.fullmatch(str(cell))
    if found is not None:
        return "-".join(found.groups())
    if isinstance(cell, int) and 1900 <= cell <= 2100:
        raise ValidationError(_("The cell holds a year alone. Give the whole date, such as %(example)s.",
                                example="2004-06-30"))  # fmt: skip
    serial = day(cell, system) if cell <= LAST_SERIAL else cell
    return serial.date() if isinstance(serial, datetime) else serial


def _date_text(cell: str, system: int) -> Any:
    text = narrow(cell).replace(" ", "") if " " in cell.strip() and "年" in cell else narrow(cell)
    found = RUN_OF_DIGITS.fullmatch(text)
    if found is not None:
        return "-".join(found.groups())
    if SERIAL.fullmatch(text):
        return _date_number(float(text), system)
    spelled = IN_FIGURES.fullmatch(text)
    if spelled is not None:
        year = "".join(str(FIGURES[one]) for one in spelled.group(1))
        return f"{year}-{_figure(spelled.group(2))}-{_figure(spelled.group(3))}"
    with_time = DAY_AND_TIME.fullmatch(text)
    if with_time is not None:
        return "-".join(with_time.groups()[:3])
    return text


def _figure(text: str) -> int:
    """A number in Chinese figures as UP_TO_99 has them: 十一 is 11, 二十 is 20, 元 (the first month) is 1."""
    if text in ("元", "正"):
        return 1
    tens, ten, ones = text.rpartition("十")
    number = FIGURES.get(ones, 0)
    return number + 10 * FIGURES.get(tens, 1) if ten else number


def to_moment(item: Field, cell: Cell, system: int = 1900) -> Any:
    """A point in time as text, in the city's time; `system` as for a day."""
    if isinstance(cell, (datetime, date)):
        return cell.isoformat()
    if isinstance(cell, bool) or cell is None:
        return cell
    if isinstance(cell, (int, float)):
        found = day(cell, system) if cell <= LAST_SERIAL else cell
        return found.isoformat() if isinstance(found, date) else str(found)
    parts = DAY_AND_TIME.fullmatch(narrow(str(cell)))
    if parts is None:
        return cell
    year, month, number, hour, minute, second = parts.groups()
    return f"{year}-{int(month):02}-{int(number):02} {int(hour or 0):02}:{int(minute or 0):02}:{int(second or 0):02}"
