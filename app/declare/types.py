"""Column types that carry a domain's meaning, and the annotations that declarations are written with.

Each annotation (`Code`, `Title`, `Money` …) is a Python type plus a SQLAlchemy type; what a type can do (parse, check,
show, filter) is looked up in `app.kinds` along the SQLAlchemy type's MRO, so a new type inherits what it does not say.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Numeric, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.declare.choices import Choices


class CodeText(String):
    """A short identifier that people type: letters, digits and hyphens."""


class TitleText(String):
    """What a row is called."""


class PhoneText(String):
    """A telephone number."""


class MailAddressText(String):
    """An electronic mail address."""


class AreaCodeText(String):
    """An administrative area by GB/T 2260: six digits."""


class CitizenIdText(String):
    """A citizen's identity number by GB 11643: 18 characters, the last a checksum."""


class OrgCodeText(String):
    """An organisation code by GB 11714: eight characters, a hyphen and a checksum."""


class CreditCodeText(String):
    """A unified social credit code by GB 32100: 18 characters, the last a checksum."""


class SecretText(String):
    """A secret that is stored hashed and never shown."""


class ProseText(Text):
    """Text of several paragraphs."""


class SourceText(ProseText):
    """The sentence of a document that a row comes from."""


class YearNumber(Integer):
    """A calendar year."""


class ScaledNumber(TypeDecorator[Decimal]):
    """An exact decimal: NUMERIC where the database has it, a scaled integer on SQLite (which would store a float)."""

    impl = Numeric
    cache_ok = True

    def __init__(self, digits: int = 16, scale: int = 2) -> None:
        super().__init__()
        self.digits = digits
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(Numeric(self.digits, self.scale))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return int((Decimal(value) * 10**self.scale).to_integral_value())

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None or dialect.name != "sqlite":
            return value  # type: ignore[no-any-return]  # the driver's Decimal
        return Decimal(value).scaleb(-self.scale)


class MoneyNumber(ScaledNumber):
    """An amount of money in yuan, to the fen."""

    cache_ok = True


class PercentNumber(ScaledNumber):
    """A share, 50 meaning 50 %."""

    cache_ok = True


class Moment(TypeDecorator[datetime]):
    """A point in time: aware UTC in Python, naive UTC in the store."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a point in time needs its time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        # long lists have hundreds of them: nothing is called for each but this
        read = self.impl_instance.result_processor(dialect, coltype)
        if read is None:
            return _in_utc
        return lambda value: _in_utc(read(value))


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)


class _Known(dict[Any, Any]):
    def __missing__(self, value: Any) -> Any:
        return value


class ChoiceText(TypeDecorator[Choices]):
    """One of a closed list; a stored value that the list no longer has is shown as it stands."""

    impl = String(32)
    cache_ok = True

    def __init__(self, choices: type[Choices]) -> None:
        super().__init__()
        self.choices = choices

    def process_bind_param(self, value: Choices | str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return str(value.value) if isinstance(value, Choices) else str(self.choices(value).value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        # long lists have thousands of them: nothing is called for each but this
        return _Known(self.choices._value2member_map_).__getitem__


class FileList(TypeDecorator[list[str]]):
    """Attached files, by their ids; the files themselves are kept by `app.store.files`."""

    impl = JSON(none_as_null=True)
    cache_ok = True


Code = Annotated[str, CodeText(64)]
Title = Annotated[str, TitleText(200)]
Line = Annotated[str, String(200)]
Prose = Annotated[str, ProseText()]
Source = Annotated[str, SourceText()]
Phone = Annotated[str, PhoneText(40)]
MailAddress = Annotated[str, MailAddressText(254)]
AreaCode = Annotated[str, AreaCodeText(6)]
CitizenId = Annotated[str, CitizenIdText(18)]
OrgCode = Annotated[str, OrgCodeText(10)]
CreditCode = Annotated[str, CreditCodeText(18)]
Money = Annotated[Decimal, MoneyNumber(16, 2)]
Percent = Annotated[Decimal, PercentNumber(7, 2)]
Quantity = Annotated[Decimal, ScaledNumber(18, 4)]
Degrees = Annotated[Decimal, ScaledNumber(9, 6)]
Year = Annotated[int, YearNumber()]
Attachment = Annotated[list[str], FileList()]
Secret = Annotated[str, SecretText(256)]
