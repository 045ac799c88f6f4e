"""Kinds of numbers, dates, times, flags and choices."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, ClassVar, cast
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import Boolean, Date, Integer, String, type_coerce

from app.declare.choices import Choices
from app.declare.types import ChoiceText, Moment, MoneyNumber, PercentNumber, ScaledNumber, YearNumber
from app.kinds.base import CHOICE_FILTERS, RANGE_FILTERS, Kind, Named, SheetValue, Shown, fail, kind_for, narrow

if TYPE_CHECKING:
    from app.catalog import Field


class LocalZone(tzinfo):
    """The zone of every screen: one for the whole process, chosen when it starts."""

    def __init__(self, name: str) -> None:
        self.choose(name)

    def choose(self, name: str) -> None:
        """Take another zone, by its name."""
        self._zone = ZoneInfo(name)

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return self._zone.utcoffset(moment)

    def dst(self, moment: datetime | None) -> timedelta | None:
        return self._zone.dst(moment)

    def tzname(self, moment: datetime | None) -> str | None:
        return self._zone.tzname(moment)

    def fromutc(self, moment: datetime) -> datetime:
        return self._zone.fromutc(moment.replace(tzinfo=self._zone)).replace(tzinfo=self)


LOCAL = LocalZone("Asia/Shanghai")
"""The time zone in which moments are typed and shown (RAINBOW_TIME_ZONE)."""
MOST_TOLD = 10
"""Of the choices that there are, so many are named to whoever chose another."""


@kind_for(Integer)
class IntegerKind(Kind):
    """A whole number."""

    example: ClassVar[str] = "100"
    control: ClassVar[str] = "number"
    filter: ClassVar[str] = "range"
    input: ClassVar[str] = "number"
    operators: ClassVar[tuple[str, ...]] = RANGE_FILTERS
    numeric: ClassVar[bool] = True
    searchable: ClassVar[bool] = False
    width: ClassVar[int] = 4
    inputmode: ClassVar[str] = "numeric"
    sheet: ClassVar[str] = "number"
    lowest: ClassVar[int] = -(2**31)
    highest: ClassVar[int] = 2**31 - 1

    def parse(self, field: Field, raw: Any) -> Any:
        text = narrow(str(raw)).replace(",", "")
        if isinstance(raw, bool) or not re.fullmatch(r"[+-]?\d{1,12}", text, re.ASCII):
            raise fail(_("Give a whole number."))
        value = int(text)
        if not self.lowest <= value <= self.highest:
            raise fail(_("Give a number from %(lowest)s to %(highest)s.", lowest=self.lowest, highest=self.highest))
        return value

    def show(self, field: Field, value: Any) -> Shown:
        return Shown(_with_unit(f"{value:,}", field), "number")

    def sheet_value(self, field: Field) -> SheetValue:
        return None


@kind_for(YearNumber)
class YearKind(IntegerKind):
    """A calendar year, written without a separator."""

    example: ClassVar[str] = "2004"
    lowest: ClassVar[int] = 1900
    highest: ClassVar[int] = 2100

    def show(self, field: Field, value: Any) -> Shown:
        return Shown(str(value), "number")


@kind_for(ScaledNumber)
class DecimalKind(Kind):
    """An exact decimal with a fixed number of places."""

    example: ClassVar[str] = "12.5"
    control: ClassVar[str] = "number"
    filter: ClassVar[str] = "range"
    input: ClassVar[str] = "number"
    operators: ClassVar[tuple[str, ...]] = RANGE_FILTERS
    numeric: ClassVar[bool] = True
    searchable: ClassVar[bool] = False
    width: ClassVar[int] = 4
    inputmode: ClassVar[str] = "decimal"
    sheet: ClassVar[str] = "number"
    trim: ClassVar[bool] = True

    def parse(self, field: Field, raw: Any) -> Any:
        text = narrow(str(raw)).replace(",", "").removesuffix("%").strip()
        try:
            if isinstance(raw, bool) or not re.fullmatch(r"[+-]?\d{1,20}(\.\d{1,20})?", text, re.ASCII):
                raise InvalidOperation
            value = Decimal(text)
        except InvalidOperation:
            raise fail(_("Give a number.")) from None
        digits, scale = field.precision
        if value != round(value, scale):
            raise fail(_("At most %(places)s decimal places.", places=scale))
        if abs(value) >= Decimal(10) ** (digits - scale):
            raise fail(_("The number is too large."))
        return self.check(value)

    def check(self, value: Decimal) -> Decimal:
        """The value, or ValidationError where the type has bounds of its own."""
        return value

    def write(self, field: Field, value: Any) -> str:
        return "" if value is None else _plain(value)

    def show(self, field: Field, value: Any) -> Shown:
        return Shown(_with_unit(_plain(value, grouped=True), field), "number")

    def sheet_value(self, field: Field) -> SheetValue:
        return None


@kind_for(MoneyNumber)
class MoneyKind(DecimalKind):
    """Yuan; ten thousand and more are shown in 万元, as the plan's tables do."""

    example: ClassVar[str] = "500000"
    sheet: ClassVar[str] = "money"

    def show(self, field: Field, value: Any) -> Shown:
        if abs(value) >= 10_000:
            return Shown(_("%(amount)s ten thousand yuan", amount=f"{value / 10_000:,.2f}"), "number")
        return Shown(_("%(amount)s yuan", amount=f"{value:,.2f}"), "number")


@kind_for(PercentNumber)
class PercentKind(DecimalKind):
    """A share from 0 to 100 %."""

    example: ClassVar[str] = "50"

    def check(self, value: Decimal) -> Decimal:
        if not 0 <= value <= 100:
            raise fail(_("Give a share from 0 to 100 per cent."))
        return value

    def show(self, field: Field, value: Any) -> Shown:
        return Shown(f"{_plain(value)} %", "number")


@kind_for(Date)
class DateKind(Kind):
    """A day; also read in the Chinese forms 2004年3月1日, 2004.3.1 and 2004/3/1."""

    example: ClassVar[str] = "2004-06-30"
    control: ClassVar[str] = "date"
    filter: ClassVar[str] = "range"
    input: ClassVar[str] = "date"
    operators: ClassVar[tuple[str, ...]] = RANGE_FILTERS
    searchable: ClassVar[bool] = False
    width: ClassVar[int] = 4
    sheet: ClassVar[str] = "date"

    def parse(self, field: Field, raw: Any) -> Any:
        if isinstance(raw, datetime):
            return raw.date()
        if isinstance(raw, date):
            return raw
        found = re.fullmatch(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?", narrow(str(raw)), re.ASCII)
        try:
            if found is None:
                raise ValueError
            value = date(*(int(part) for part in found.groups()))
        except ValueError:
            raise fail(_("Give a date, such as %(example)s.", example=self.example)) from None
        if value.year < 1000:
            raise fail(_("Give a date, such as %(example)s.", example=self.example))
        return value

    def write(self, field: Field, value: Any) -> str:
        return "" if value is None else cast("date", value).isoformat()

    def show(self, field: Field, value: Any) -> Shown:
        return Shown(value.isoformat(), "date")

    def sheet_value(self, field: Field) -> SheetValue:
        return None


@kind_for(Moment)
class MomentKind(Kind):
    """A point in time: UTC in the store, the city's time on screen."""

    example: ClassVar[str] = "2004-06-30 09:30"
    control: ClassVar[str] = "datetime"
    filter: ClassVar[str] = "range"
    input: ClassVar[str] = "date"
    operators: ClassVar[tuple[str, ...]] = RANGE_FILTERS
    searchable: ClassVar[bool] = False
    width: ClassVar[int] = 4
    sheet: ClassVar[str] = "moment"

    def parse(self, field: Field, raw: Any) -> Any:
        if isinstance(raw, datetime):
            return raw if raw.tzinfo else raw.replace(tzinfo=LOCAL)
        try:
            value = datetime.fromisoformat(narrow(str(raw)).replace("/", "-"))
        except ValueError:
            raise fail(_("Give a date and time, such as %(example)s.", example=self.example)) from None
        value = value if value.tzinfo else value.replace(tzinfo=LOCAL)
        if not 1000 < value.year < 9000:
            raise fail(_("Give a date and time, such as %(example)s.", example=self.example))
        return value.astimezone(UTC)

    def write(self, field: Field, value: Any) -> str:
        if value is None:
            return ""
        return _local(value).strftime("%Y-%m-%d %H:%M")

    def show(self, field: Field, value: Any) -> Shown:
        return Shown(_local(value).strftime("%Y-%m-%d %H:%M"), "date")

    def sheet_value(self, field: Field) -> SheetValue:
        return lambda value: _local(value).replace(tzinfo=None)


@kind_for(Boolean)
class FlagKind(Kind):
    """Yes or no."""

    control: ClassVar[str] = "checkbox"
    filter: ClassVar[str] = "flag"
    operators: ClassVar[tuple[str, ...]] = CHOICE_FILTERS
    searchable: ClassVar[bool] = False
    width: ClassVar[int] = 4

    def parse(self, field: Field, raw: Any) -> Any:
        known = {"1": True, "true": True, "yes": True, "是": True, "on": True}
        known |= {"0": False, "false": False, "no": False, "否": False, "off": False}
        value = known.get(narrow(str(raw)).lower())
        if value is None:
            raise fail(_("Give yes or no."))
        return value

    def write(self, field: Field, value: Any) -> str:
        return "" if value is None else "1" if value else "0"

    def show(self, field: Field, value: Any) -> Shown:
        return Shown(_("Yes") if value else _("No"), "flag", "yes" if value else "no")

    def sheet_value(self, field: Field) -> SheetValue:
        return {True: str(_("Yes")), False: str(_("No"))}


@kind_for(ChoiceText)
class ChoiceKind(Kind):
    """One of a closed list."""

    control: ClassVar[str] = "select"
    filter: ClassVar[str] = "choices"
    operators: ClassVar[tuple[str, ...]] = CHOICE_FILTERS
    searchable: ClassVar[bool] = False
    width: ClassVar[int] = 4

    def parse(self, field: Field, raw: Any) -> Any:
        if isinstance(raw, Choices):
            return raw
        text = narrow(str(raw))
        choices = field.choices
        for choice in choices:
            if text in (choice.value, str(choice.label)):
                return choice
        allowed = "、".join(str(choice.label) for choice in choices[:MOST_TOLD])
        more = len(choices) - MOST_TOLD
        if more > 0:
            raise fail(_("Choose one of: %(allowed)s, and %(count)s more.", allowed=allowed, count=more))
        raise fail(_("Choose one of: %(allowed)s.", allowed=allowed))

    def write(self, field: Field, value: Any) -> str:
        return "" if value is None else str(value.value if isinstance(value, Choices) else value)

    def show(self, field: Field, value: Any) -> Shown:
        if not isinstance(value, Choices):
            return Shown(str(value), "badge", "secondary")
        return Shown(str(value.label), "badge", value.tone.value)

    def sheet_column(self, field: Field) -> Any:
        # of many rows what is stored is read as it stands: a table finds its label faster than its member
        return type_coerce(field.column, String)

    def sheet_value(self, field: Field) -> SheetValue:
        return Named({choice.value: str(choice.label) for choice in field.choices})


def _local(value: datetime) -> datetime:
    """The city's time; FAB's own columns come without a zone, and are written in UTC here."""
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(LOCAL)


def _plain(value: Decimal, grouped: bool = False) -> str:
    """The number without superfluous zeros or an exponent."""
    text = f"{value:,f}" if grouped else f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _with_unit(text: str, field: Field) -> str:
    return f"{text} {field.unit}" if str(field.unit) else text
