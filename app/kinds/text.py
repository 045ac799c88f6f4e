"""Kinds of text: lines, prose, codes, identifiers, telephone numbers and mail addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from flask_babel import gettext as _
from marshmallow import validate
from sqlalchemy import String, Text

from app.declare.identifiers import check_citizen_id, check_credit_code, check_org_code
from app.declare.types import (
    AreaCodeText,
    CitizenIdText,
    CodeText,
    CreditCodeText,
    MailAddressText,
    OrgCodeText,
    PhoneText,
    ProseText,
    SecretText,
    SourceText,
    TitleText,
)
from app.kinds.base import Kind, SheetValue, Shown, fail, kind_for, named, narrow, one_line

if TYPE_CHECKING:
    from app.catalog import Field


@kind_for(String)
class LineKind(Kind):
    """One line of text, no longer than its column."""

    def parse(self, field: Field, raw: Any) -> Any:
        text = one_line(raw)
        if field.length and len(text) > field.length:
            raise fail(_("At most %(limit)s characters; there are %(count)s.", limit=field.length, count=len(text)))
        if field.names:
            known = field.names
            text = next((code for code, name in known.items() if name == text), text)
        return text

    def show(self, field: Field, value: Any) -> Shown:
        return Shown(str(field.names.get(str(value), value)) if field.names else str(value))

    def sheet_value(self, field: Field) -> SheetValue:
        return named(field.names) if field.names else None


@kind_for(TitleText)
class TitleKind(LineKind):
    """What a row is called; it takes the room of a title."""

    width: ClassVar[int] = 8


@kind_for(Text, ProseText)
class ProseKind(Kind):
    """Paragraphs."""

    control: ClassVar[str] = "textarea"
    wide: ClassVar[bool] = True
    width: ClassVar[int] = 12
    sortable: ClassVar[bool] = False

    def parse(self, field: Field, raw: Any) -> Any:
        if not isinstance(raw, str):
            raise fail(_("Give a text."))
        text = raw.replace("\r\n", "\n").replace("\r", "\n").strip()
        if "\x00" in text:
            raise fail(_("The text has a character that cannot be stored."))
        if len(text) > 100_000:
            raise fail(_("At most %(limit)s characters; there are %(count)s.", limit=100_000, count=len(text)))
        return text

    def show(self, field: Field, value: Any) -> Shown:
        return Shown(str(value), "prose")

    def sheet_value(self, field: Field) -> SheetValue:
        return None


@kind_for(SourceText)
class SourceKind(ProseKind):
    """A quoted sentence; it stands beside the facts."""


@kind_for(CodeText)
class CodeKind(LineKind):
    """A short identifier."""

    example: ClassVar[str] = "A-001"
    width: ClassVar[int] = 4

    def parse(self, field: Field, raw: Any) -> Any:
        text = super().parse(field, narrow(one_line(raw)))
        if not re.fullmatch(r"[\w\-./〔〕()（）·号第#]+", text):
            raise fail(_("Use letters, digits, hyphens and dots, without spaces."))
        return text


class IdentifierKind(LineKind):
    """An identifier with a checksum: narrowed, in capitals, then checked."""

    width: ClassVar[int] = 4

    def parse(self, field: Field, raw: Any) -> Any:
        text = narrow(one_line(raw)).upper().replace(" ", "")
        wrong = self.check(text)
        if wrong is not None:
            raise fail(wrong)
        return text

    def check(self, text: str) -> Any:
        """What is wrong with the identifier, or None."""
        raise TypeError("a kind of identifier says how it is checked")


@kind_for(CitizenIdText)
class CitizenIdKind(IdentifierKind):
    """A citizen's identity number; an unknown area is odd, not wrong."""

    example: ClassVar[str] = "11010519491231002X"

    def check(self, text: str) -> Any:
        return check_citizen_id(text)

    def mask(self, text: str) -> str:
        return text[:6] + "*" * 11 + text[-1:]

    def warn(self, field: Field, value: Any) -> str:
        if field.names and str(value)[:6] not in field.names:
            return str(
                _("The area %(code)s at the head of the number is not in the table of areas.", code=str(value)[:6])
            )
        return ""

    def show(self, field: Field, value: Any) -> Shown:
        return Shown(str(value))

    def sheet_value(self, field: Field) -> SheetValue:
        return None


@kind_for(OrgCodeText)
class OrgCodeKind(IdentifierKind):
    """An organisation code; the hyphen may be left out."""

    example: ClassVar[str] = "D2143569-X"

    def check(self, text: str) -> Any:
        return check_org_code(text)

    def parse(self, field: Field, raw: Any) -> Any:
        text = narrow(one_line(raw)).upper()
        return super().parse(field, f"{text[:8]}-{text[8]}" if len(text) == 9 and "-" not in text else text)


@kind_for(CreditCodeText)
class CreditCodeKind(IdentifierKind):
    """A unified social credit code."""

    example: ClassVar[str] = "91350100M000100Y43"

    def check(self, text: str) -> Any:
        return check_credit_code(text)


@kind_for(AreaCodeText)
class AreaKind(LineKind):
    """An administrative area: six digits, or its name."""

    example: ClassVar[str] = "320700"
    filter: ClassVar[str] = "choices"
    operators: ClassVar[tuple[str, ...]] = ("", "empty")
    width: ClassVar[int] = 4

    def parse(self, field: Field, raw: Any) -> Any:
        text = super().parse(field, narrow(one_line(raw)))
        if not re.fullmatch(r"\d{6}", text, re.ASCII):
            raise fail(_("Give the six digits of the area, such as %(example)s.", example=self.example))
        return text

    def warn(self, field: Field, value: Any) -> str:
        if field.names and value not in field.names:
            return str(_("The area %(code)s is not in the table of areas.", code=value))
        return ""


@kind_for(PhoneText)
class PhoneKind(LineKind):
    """A telephone number: digits, with spaces, hyphens, brackets and an extension."""

    example: ClassVar[str] = "0518-85420000"
    width: ClassVar[int] = 4
    inputmode: ClassVar[str] = "tel"

    def parse(self, field: Field, raw: Any) -> Any:
        text = super().parse(field, narrow(one_line(raw)))
        if not re.fullmatch(r"\+?[\d\-() ]{3,30}((转|x|ext\.?) ?\d{1,6})?", text, re.ASCII):
            raise fail(_("Give a telephone number, such as %(example)s.", example=self.example))
        return text


@kind_for(MailAddressText)
class MailAddressKind(LineKind):
    """A mail address."""

    example: ClassVar[str] = "zhang@rainbow.gov"
    inputmode: ClassVar[str] = "email"

    def parse(self, field: Field, raw: Any) -> Any:
        text = super().parse(field, narrow(one_line(raw)))
        message = _("Give a mail address, such as %(example)s.", example=self.example)
        validate.Email(error=message)(text)
        return text


@kind_for(SecretText)
class SecretKind(Kind):
    """A secret: typed, stored hashed by the store, never shown, filtered or sorted."""

    control: ClassVar[str] = "secret"
    filter: ClassVar[str] = "none"
    operators: ClassVar[tuple[str, ...]] = ()
    sortable: ClassVar[bool] = False
    searchable: ClassVar[bool] = False

    def parse(self, field: Field, raw: Any) -> Any:
        if not isinstance(raw, str) or not 12 <= len(raw) <= 256 or any("\ud800" <= char <= "\udfff" for char in raw):
            raise fail(_("Use 12 to 256 characters."))
        return raw

    def show(self, field: Field, value: Any) -> Shown:
        return Shown("••••••")

    def write(self, field: Field, value: Any) -> str:
        return ""
