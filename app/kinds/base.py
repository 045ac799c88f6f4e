"""What a type can do: parse, check, show, filter and mask; found along the MRO of the column's SQLAlchemy type."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias, TypeVar

from flask_babel import gettext as _
from marshmallow import ValidationError, fields

if TYPE_CHECKING:
    from app.catalog import Field
    from app.declare.choices import Words

K = TypeVar("K", bound="type[Kind]")
REGISTRY: dict[type[Any], Kind] = {}

SheetValue: TypeAlias = "Mapping[Any, str] | Callable[[Any], Any] | None"

TEXT_FILTERS = ("", "contains", "empty")
RANGE_FILTERS = ("", "gte", "lte", "empty")
CHOICE_FILTERS = ("", "empty")


class Shown(NamedTuple):
    """A value as people read it; `kind` says how to draw it, `tone` colours a badge."""

    text: str
    kind: str = "text"
    tone: str = ""


EMPTY = Shown("—", "empty")


class Kind:
    """A type's behaviour; subclasses override what differs. Stateless: the field is always passed in."""

    control: ClassVar[str] = "text"
    input: ClassVar[str] = "text"
    filter: ClassVar[str] = "text"
    operators: ClassVar[tuple[str, ...]] = TEXT_FILTERS
    numeric: ClassVar[bool] = False
    sortable: ClassVar[bool] = True
    searchable: ClassVar[bool] = True
    wide: ClassVar[bool] = False
    width: ClassVar[int] = 6
    inputmode: ClassVar[str] = ""
    sheet: ClassVar[str] = "text"
    """What a workbook's cell is: text, number, money, date or moment."""
    example: ClassVar[str] = ""
    """What somebody who has never seen such a field could type."""

    def parse(self, field: Field, raw: Any) -> Any:
        """The value of what was typed or sent; raises ValidationError in words that say what to do."""
        return one_line(raw)

    def show(self, field: Field, value: Any) -> Shown:
        """The value for people."""
        return Shown(str(value))

    def write(self, field: Field, value: Any) -> str:
        """The value for a form's control or a URL; `parse` reads it back."""
        return "" if value is None else str(value)

    def mask(self, text: str) -> str:
        """The text with its middle hidden."""
        if len(text) <= 2:
            return "*" * len(text)
        head = min(6, len(text) // 3)
        return text[:head] + "*" * (len(text) - head - 1) + text[-1]

    def sheet_column(self, field: Field) -> Any:
        """The column that a workbook is written from; `sheet_value` knows what it gives."""
        return field.column

    def sheet_value(self, field: Field) -> SheetValue:
        """What turns a value into what a workbook's cell holds: a table of all values, a function, or nothing to do."""
        return lambda value: self.show(field, value).text

    def warn(self, field: Field, value: Any) -> str:
        """What is odd about an acceptable value; empty if nothing."""
        return ""


class Named(dict[Any, str]):
    """The texts of known values; any other stands as it is."""

    def __missing__(self, value: Any) -> str:
        return str(value)


def named(names: Mapping[str, Words]) -> Named:
    """The names of codes; a name that several codes have tells nothing, so those stand as they are."""
    texts = {code: str(name) for code, name in names.items()}
    several = Counter(texts.values())
    return Named({code: text for code, text in texts.items() if several[text] == 1})


class KindField(fields.Field[Any]):
    """A marshmallow field that asks the kind: one check for form, REST and workbook."""

    def __init__(self, of: Field, **kwargs: Any) -> None:
        super().__init__(allow_none=True, **kwargs)
        self.of = of

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            value = None
        if value is None or value == []:
            return self.of.kind.parse(self.of, value) if self.of.many else None
        return self.of.kind.parse(self.of, value)


def kind_for(*sql_types: type[Any]) -> Callable[[K], K]:
    """Register a kind for these column types."""

    def register(cls: K) -> K:
        for sql_type in sql_types:
            REGISTRY[sql_type] = cls()
        return cls

    return register


def find_kind(sql_type: type[Any]) -> Kind | None:
    """The kind of a column type: its own, or its nearest ancestor's."""
    return next((REGISTRY[base] for base in sql_type.__mro__ if base in REGISTRY), None)


def narrow(text: str) -> str:
    """Full-width letters, digits and signs as plain ones, as input methods often leave them wide."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()


def one_line(raw: Any) -> str:
    """Text without control characters, on one line; raises ValidationError for anything that is not text."""
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        raise ValidationError(_("Give a text."))
    text = " ".join(str(raw).split())
    if "\x00" in text:
        raise ValidationError(_("The text has a character that cannot be stored."))
    return text


def fail(text: Any) -> ValidationError:
    """A ValidationError with its words settled in the reader's language now."""
    return ValidationError(str(text))
