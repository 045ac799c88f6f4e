"""Cells as what a field's kind reads: dates in every Chinese form, numbers as text, ids that were no numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from marshmallow import ValidationError

from app.catalog import Field
from app.excel.amounts import PLAIN, Measure, by_measure, measure_of, to_yuan
from app.excel.book import NOT_CALCULATED, Cell, CellError, Share, Shown
from app.excel.dates import to_date, to_moment
from app.excel.layout import ROW_ID
from app.excel.words import forms, languages, pinyins
from app.kinds import Kind
from app.kinds.base import narrow
from app.kinds.link import FilesKind, ManyKind, OneKind
from app.kinds.text import (
    AreaKind,
    CitizenIdKind,
    CodeKind,
    CreditCodeKind,
    MailAddressKind,
    OrgCodeKind,
    PhoneKind,
    ProseKind,
    SecretKind,
)
from app.kinds.value import (
    ChoiceKind,
    DateKind,
    DecimalKind,
    FlagKind,
    IntegerKind,
    MomentKind,
    MoneyKind,
    PercentKind,
    YearKind,
)
from app.store.labels import NOBODY, nobody

EXACT = 10**15
"""Excel keeps 15 significant digits of a number."""
LENGTHS: dict[type[Kind], int] = {CitizenIdKind: 18, CreditCodeKind: 18, OrgCodeKind: 9, AreaKind: 6}
"""Digits of identifiers; a number with fewer of them has lost zeros at its beginning."""
SIGNS = (*LENGTHS, CodeKind, MailAddressKind, PhoneKind)
"""Kinds of text that hold no sign which one does not see."""
UNSEEN = re.compile(r"[\u200b\u200c\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Signs without width, and those that turn the direction of writing: pasted along, and seen by nobody."""

SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?E\+[0-9]{2}", re.IGNORECASE)
"""How Excel writes a long number; 3E01 may be the code of a room."""
YES = frozenset("是有对√✓✔☑yt1") | {"yes", "true", "on"}
NO = frozenset("否无错×✗✘☐xnf0") | {"no", "false", "off", "没有"}

Way = Callable[[Field, Cell], Any]


def to_raw(item: Field, cell: Cell) -> Any:
    """What `item.kind.parse` takes, made of a cell; raises ValidationError with what to do about the cell."""
    if cell.__class__ is CellError:
        raise ValidationError(_shown_error(cell))
    return WAY_OF[item.kind.__class__](item, cell)


def converter(headers: Mapping[str, str], system: int = 1900, measure: str = "") -> Way:
    """`to_raw` for columns under these headers by field name: an amount under “资本（万元）” counts ten thousands.

    So it does where such a `measure` stands above the header, unless the column's own says otherwise; of one in another
    currency nothing is taken. Not so in a returned export, which has a column for the row's id, nor where the field's
    own label has the word. `system` is the year from which the workbook counts days.
    """
    plain = to_raw if system == 1900 else partial(_counted_from, system)
    if ROW_ID in headers:
        return plain
    every = measure_of(measure)
    said = {name: found for name, text in headers.items() if (found := measure_of(text) or every) not in (None, PLAIN)}
    return partial(_measured, headers, said, plain) if said else plain


def _counted_from(system: int, item: Field, cell: Cell) -> Any:
    way = WAY_OF[item.kind.__class__]
    if way in (to_date, to_moment) and isinstance(cell, (int, float, str)):
        return (to_date if way is to_date else to_moment)(item, cell, system)
    return to_raw(item, cell)


def _measured(
    headers: Mapping[str, str], said: Mapping[str, Measure | None], plain: Way, item: Field, cell: Cell
) -> Any:  # fmt: skip
    raw, measure = plain(item, cell), said.get(item.name)
    if measure is None or not isinstance(item.kind, MoneyKind) or measure_of(item.label) not in (None, PLAIN):
        return raw
    return by_measure(measure, headers[item.name], cell.text if isinstance(cell, Shown) else cell, raw)


def _shown_error(cell: Any) -> str:
    if cell.code == NOT_CALCULATED:
        return str(_("This formula has no result yet. Open the workbook in Excel or WPS, save it, and send it again."))
    return str(_("The cell shows the error %(code)s. Mend its formula, or type the value.", code=cell.code))


def _rounded() -> ValidationError:
    return ValidationError(
        _("Excel keeps 15 digits of a number, so the last ones are lost here. Format the column as text, and enter "
          "the number again.")
    )  # fmt: skip


def _text(item: Field, cell: Cell) -> Any:
    """A text; numbers as they are shown, where all their digits are there."""
    if cell.__class__ is str:
        return cell
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, (int, float)):
        return _digits(cell)
    return str(cell)


def _digits(cell: Any) -> str:
    if abs(cell) >= EXACT:
        text = str(int(cell))
        if isinstance(cell, float) or not text[15 + (cell < 0) :].strip("0"):
            raise _rounded()
        return text
    if isinstance(cell, int):
        return str(cell)
    return _plain(cell)


def _plain(cell: float) -> str:
    """A number without what binary fractions leave behind: 0.1 + 0.2 is 0.3."""
    return f"{Decimal(format(cell, '.15g')):f}"


def _identifier(item: Field, cell: Cell) -> Any:
    if isinstance(cell, str):
        if ("E" in cell or "e" in cell) and SCIENTIFIC.fullmatch(cell.strip()):
            raise _rounded()
        return cell if cell.isascii() or not isinstance(item.kind, SIGNS) else UNSEEN.sub("", cell)
    text = _text(item, cell)
    length = next((LENGTHS[base] for base in type(item.kind).__mro__ if base in LENGTHS), 0)
    if text and isinstance(cell, (int, float)) and len(text) < length and text.isdecimal():
        raise ValidationError(
            _("There are %(count)s digits, %(length)s are needed: zeros at the beginning are lost if the cell holds a "
              "number. Format the column as text, and enter it again.", count=len(text), length=length)
        )  # fmt: skip
    return text


def _whole(item: Field, cell: Cell) -> Any:
    if isinstance(cell, (date, datetime)):
        raise ValidationError(_("The cell holds a date. Format it as a number, and enter the number again."))
    return _text(item, cell)


def _year(item: Field, cell: Cell) -> Any:
    if not isinstance(cell, str):
        return _whole(item, cell)
    return narrow(cell).removesuffix("年度").removesuffix("年") or cell


def _money(item: Field, cell: Cell) -> Any:
    if isinstance(cell, Shown):
        return to_yuan(cell.text)
    return to_yuan(cell) if isinstance(cell, str) else _whole(item, cell)


def _percent(item: Field, cell: Cell) -> Any:
    if isinstance(cell, Share):
        return _plain(cell * 100)
    return cell.replace("％", "%") if isinstance(cell, str) else _whole(item, cell)


def _flag(item: Field, cell: Cell) -> Any:
    if isinstance(cell, bool):
        return "1" if cell else "0"
    text = narrow(str(cell)).lower() if cell is not None else ""
    return "1" if text in YES else "0" if text in NO else cell


def _choice(item: Field, cell: Cell) -> Any:
    text = _text(item, cell)
    if not isinstance(text, str):
        return text
    text = UNSEEN.sub("", text)
    known = _choices(item, str(get_locale()))
    return next((known[form] for form in (text, *forms(text)) if form in known), text)


@lru_cache(maxsize=1024)
def _choices(item: Field, language: str) -> Mapping[str, str]:
    """The values of a choice by what people write for them; what could mean two of them is left out."""
    found: dict[str, set[str]] = {}
    ending = _ending([str(choice.label) for choice in item.choices])
    for choice in item.choices:
        labels = languages(choice.label)
        texts = {str(choice.value), choice.name, *labels, *(form for label in labels for form in forms(label))}
        if ending and str(choice.label).endswith(ending):
            texts.add(str(choice.label)[:-1])
        for text in texts | {form for label in labels for form in pinyins(label)}:
            found.setdefault(text, set()).add(str(choice.value))
    exact = {str(choice.value): str(choice.value) for choice in item.choices}
    return {text: next(iter(values)) for text, values in found.items() if len(values) == 1} | exact


def _ending(labels: Sequence[str]) -> str:
    """The character that most labels end with, such as 族, and that people leave out."""
    counted = Counter(label[-1] for label in labels if len(label) > 1)
    last, often = max(counted.items(), key=lambda one: one[1], default=("", 0))
    return last if often > 2 and often * 3 >= 2 * len(labels) else ""


def _reference(item: Field, cell: Cell) -> Any:
    text = _identifier(item, cell)
    if isinstance(text, str) and ("(" in text or "（" in text):
        # an export in another language than the reader's says so in that one
        for other in languages(NOBODY):
            text = text.replace(other, nobody())
    return text


def _refused(item: Field, cell: Cell) -> Any:
    if cell is None or cell == "":
        return None
    raise ValidationError(_("This cannot be given in a workbook. Leave the column empty, and enter it on the form."))


WAYS: dict[type[Kind], Way] = {
    Kind: _identifier,
    ProseKind: _text,
    IntegerKind: _whole,
    YearKind: _year,
    DecimalKind: _whole,
    MoneyKind: _money,
    PercentKind: _percent,
    DateKind: to_date,
    MomentKind: to_moment,
    FlagKind: _flag,
    ChoiceKind: _choice,
    OneKind: _reference,
    ManyKind: _reference,
    FilesKind: _refused,
    SecretKind: _refused,
}


class _WayOf(dict[type[Kind], Way]):
    """The way of a kind: its own, or that of its nearest ancestor."""

    def __missing__(self, kind: type[Kind]) -> Way:
        self[kind] = found = next(WAYS[base] for base in kind.__mro__ if base in WAYS)
        return found


WAY_OF = _WayOf()
