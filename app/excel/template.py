"""An empty workbook of a record to fill in: drop-downs, rules beside the cells, an example, each column explained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from flask_babel import gettext as _
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import System, editable, grants_for
from app.catalog import Entry, Field
from app.declare.access import OWN_UNIT, Verb
from app.excel import celltext
from app.excel.layout import stamp
from app.excel.package import sheet_name
from app.store.labels import keys
from app.store.session import actor_of

MOST_OFFERED = 500
"""The rows that a reference's drop-down offers; of a record with more it offers none."""
LINES = 10_000
"""The rows below the header that drop-downs and rules reach."""
LISTS = "rn.lists"
FORMATS = {"text": "@", "number": "General", "money": "#,##0.00", "date": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm"}
HEAD = PatternFill("solid", fgColor="E3EBF4")
NEEDED = PatternFill("solid", fgColor="FBE5D6")
INK = Font(name="宋体", size=11, bold=True, color="1F3A5F")
LINE = Border(bottom=Side(style="thin", color="8AA0BC"))
NO_CONTROL = frozenset({"files", "secret"})


@dataclass(frozen=True)
class Explained:
    """A column of the template: what it takes in words, what it offers, and an example."""

    item: Field
    rules: tuple[str, ...]
    offered: tuple[str, ...]
    example: str

    @property
    def needed(self) -> bool:
        return self.item.required and self.item.spec.default is None


def explain(session: Session, entry: Entry) -> list[Explained]:
    """The columns that the actor may type into a new row, in the order of the declaration."""
    open_ = editable(actor_of(session), entry, new=True)
    found = (item for name, item in entry.fields.items() if name in open_ and item.kind.control not in NO_CONTROL)
    return [_explained(session, item) for item in found]


def _explained(session: Session, item: Field) -> Explained:
    offered = tuple(_offered(session, item))
    rules = [_("Required") if item.required and item.spec.default is None else _("May be left empty")]
    rules.append(_what(item, offered))
    if item.length and item.kind.sheet == "text" and not offered:
        rules.append(_("At most %(limit)s characters", limit=item.length))
    if any(item in group and len(group) == 1 for group in item.entry.uniques):
        rules.append(_("No two rows may have the same"))
    if item.fixed:
        rules.append(_("Cannot be changed once it is saved"))
    if str(item.spec.help):
        rules.append(str(item.spec.help))
    return Explained(item, tuple(rules), offered, _example(item, offered))


def _offered(session: Session, item: Field) -> Sequence[str]:
    """What may stand in the cell, if it is a list that is not too long."""
    if item.many:
        return ()
    if item.target is not None:
        model = item.target.model
        chosen = select(model.id).order_by(model.id).limit(MOST_OFFERED + 1)
        own = _own_unit(session, item)
        ids = session.scalars(chosen if own is None else chosen.where(model.id == own)).all()
        return () if len(ids) > MOST_OFFERED else sorted(keys(session, item.target, ids).values())
    value = item.kind.sheet_value(item)
    return list(value.values()) if isinstance(value, Mapping) and len(value) <= MOST_OFFERED else ()


def _own_unit(session: Session, item: Field) -> int | None:
    """The one unit whose rows the actor may add, if it is the owner that is asked for and they may add no other's."""
    actor = actor_of(session)
    if item is not item.entry.owner or isinstance(actor, System):
        return None
    scopes = {grant.scope for grant in grants_for(actor, item.entry, Verb.ADD)}
    return actor.unit_id if scopes == {OWN_UNIT} else None


def _what(item: Field, offered: Sequence[str]) -> str:
    if item.target is not None:
        if item.many:
            return str(_("Keys of rows of “%(record)s”, or their names, with 、 between", record=item.target.title))
        return str(_("The key of a row of “%(record)s”, or its name", record=item.target.title))
    if offered:
        return str(_("One of the list"))
    return str(WORDS[item.kind.sheet](item))


WORDS: dict[str, Callable[[Field], Any]] = {
    "text": lambda item: _("Text"),
    "number": lambda item: _("A number, in %(unit)s", unit=item.unit) if str(item.unit) else _("A number"),
    "money": lambda item: _("An amount in yuan"),
    "date": lambda item: _("A date, such as 2004-06-30 or 2004年6月30日"),
    "moment": lambda item: _("Date and time, such as 2004-06-30 09:30"),
}
"""What a cell takes, by what the kind says it is."""


def _example(item: Field, offered: Sequence[str]) -> str:
    default = item.default
    if default is not None:
        value = item.kind.sheet_value(item)
        stored = getattr(default, "value", default)
        return str(value[stored]) if isinstance(value, Mapping) else item.kind.write(item, default)
    if offered:
        return offered[0]
    return item.kind.example or (item.label if item.target is None and item.required else "")


def template(session: Session, entry: Entry, file: IO[bytes]) -> None:
    """Write the workbook: the sheet to fill in, an example, the columns explained, and the lists behind drop-downs."""
    columns = explain(session, entry)
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101  # a new workbook has one
    sheet.title = sheet_name(entry.title)
    _head(sheet, columns)
    lists = book.create_sheet(LISTS)
    lists.sheet_state = "hidden"
    for number, one in enumerate(columns, 1):
        letters = get_column_letter(number)
        sheet.column_dimensions[letters].number_format = FORMATS[one.item.kind.sheet]
        comment = Comment("\n".join(one.rules), "rn", height=28 + 18 * len(one.rules), width=280)
        sheet.cell(1, number).comment = comment
        rule = _rule(lists, number, one)
        rule.add(f"{letters}2:{letters}{LINES + 1}")
        sheet.add_data_validation(rule)
    # the record is known by its stamp when the workbook comes back; it names no rows, as those of an export do
    stamped = len(columns) + 1
    sheet.cell(1, stamped, stamp(entry))
    sheet.column_dimensions[get_column_letter(stamped)].hidden = True
    _write_example(book.create_sheet(sheet_name(_("Example"))), columns)
    _write_guide(book.create_sheet(sheet_name(_("Columns explained"))), entry, columns)
    book.move_sheet(lists, 2)
    book.save(file)


def _put(sheet: Worksheet, line: int, number: int, text: str) -> Any:
    """A cell of text, whatever it looks like."""
    cell = sheet.cell(line, number)
    cell.value, cell.data_type, cell.number_format = text, "s", "@"
    return cell


def _head(sheet: Worksheet, columns: Sequence[Explained]) -> None:
    for number, one in enumerate(columns, 1):
        cell = sheet.cell(1, number, one.item.label)
        cell.font, cell.border = INK, LINE
        cell.fill = NEEDED if one.needed else HEAD
        widest = max(celltext.width(one.item.label) + 4, celltext.width(one.example) + 2, 10)
        sheet.column_dimensions[get_column_letter(number)].width = min(40, widest)
    sheet.row_dimensions[1].height = 22
    sheet.freeze_panes = "A2"


def _rule(lists: Worksheet, number: int, one: Explained) -> DataValidation:
    """What the cells below a header accept, and what they say when one enters them."""
    item = one.item
    if one.offered:
        for line, text in enumerate(one.offered, 1):
            _put(lists, line, number, text)
        letters = get_column_letter(number)
        area = f"{quote_sheetname(LISTS)}!${letters}$1:${letters}${len(one.offered)}"
        rule = DataValidation(type="list", formula1=area, allow_blank=True)
    elif item.kind.sheet == "date":
        # a date may also be typed in words that Excel takes for text
        rule = DataValidation(
            type="date", operator="greaterThan", formula1="61", allow_blank=True, errorStyle="warning"
        )
    elif item.kind.sheet in ("number", "money"):
        rule = DataValidation(
            type="decimal", operator="between", formula1="-1E15", formula2="1E15", allow_blank=True,
            errorStyle="warning",
        )  # fmt: skip
    elif item.length and item.target is None:
        rule = DataValidation(
            type="textLength", operator="lessThanOrEqual", formula1=str(item.length), allow_blank=True
        )
    else:
        rule = DataValidation(allow_blank=True)
    rule.promptTitle, rule.prompt = item.label[:32], "\n".join(one.rules)[:255]
    rule.errorTitle, rule.error = item.label[:32], "\n".join(one.rules)[:255]
    rule.showInputMessage, rule.showErrorMessage = True, rule.type is not None
    return rule


def _write_example(sheet: Worksheet, columns: Sequence[Explained]) -> None:
    """A filled-in row, on a sheet of its own so that it is never taken for one to import."""
    _head(sheet, columns)
    for number, one in enumerate(columns, 1):
        _put(sheet, 2, number, one.example).font = Font(name="宋体", size=11, italic=True, color="5B6B7F")


def _write_guide(sheet: Worksheet, entry: Entry, columns: Sequence[Explained]) -> None:
    heads = (_("Column"), _("Required"), _("What it takes"), _("Example"), _("Choices"))
    for number, (text, width) in enumerate(zip(heads, (20, 8, 60, 24, 60), strict=True), 1):
        cell = sheet.cell(1, number, str(text))
        cell.font, cell.border, cell.fill = INK, LINE, HEAD
        sheet.column_dimensions[get_column_letter(number)].width = width
    for line, one in enumerate(columns, 2):
        listed = "、".join(one.offered[:30]) + (" …" if len(one.offered) > 30 else "")
        needed = str(_("Yes")) if one.needed else ""
        for number, text in enumerate((one.item.label, needed, "\n".join(one.rules[1:]), one.example, listed), 1):
            _put(sheet, line, number, text).alignment = Alignment(wrap_text=True, vertical="top")
    line = len(columns) + 3
    for text in (
        _("Fill in the first sheet, one row each, below the header; then choose it at “%(title)s”, Import.",
          title=entry.title),
        _("The shaded headers are required. Columns that you do not need may be left out or stand in another order."),
    ):  # fmt: skip
        sheet.cell(line, 1, str(text))
        line += 1
    sheet.freeze_panes = "A2"
