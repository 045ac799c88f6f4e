"""What every reader of workbooks answers: a book of sheets, rows of cells, and refusals in words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType
from typing import Self, TypeAlias

from flask_babel import lazy_gettext as _l

from app.declare.choices import Words

MOST_ROWS = 1_048_576
"""The rows of a sheet, as Excel has them."""
MOST_COLUMNS = 16_384
"""The columns of a sheet, as Excel has them."""
MOST_SHEETS = 255
"""The sheets of a workbook that are listed."""


class BadWorkbook(Exception):
    """A file that cannot be read as a workbook; `message` says to the person why, and what to do."""

    def __init__(self, message: Words) -> None:
        super().__init__(str(message))
        self.message = message


@dataclass(frozen=True)
class CellError:
    """A cell that shows an error instead of a value, such as #DIV/0!."""

    code: str


NOT_CALCULATED = "="
"""The code of a cell whose formula has no stored result."""


class Share(float):
    """A number that its cell shows as per cent: 0.5 stands there as 50 %."""


class Shown(float):
    """A number that its cell shows as an amount of something else than yuan: 12 stands there as 12万元, the `text`."""

    text: str

    def __new__(cls, value: float, text: str) -> Self:
        made = super().__new__(cls, value)
        made.text = text
        return made


Cell: TypeAlias = str | int | float | bool | date | datetime | CellError | None


@dataclass(frozen=True)
class SheetInfo:
    """A sheet: its name, whether it is hidden, and about how many rows it says it has."""

    name: str
    hidden: bool = False
    rows: int | None = None


class Book(ABC):
    """An open workbook; close it, or use it in a `with` statement.

    `kind` is the format by content: xlsx, xlsm, xls, ods or csv. `system` is the year from which it counts days, 1900
    or 1904: a number that is not shown as a date may be one all the same. `formulas` counts the cells whose stored
    result was taken in the place of their formula; it is known once the rows have been read, and of several readings it
    is the highest.
    """

    kind: str = ""
    system: int = 1900
    sheets: tuple[SheetInfo, ...] = ()

    def __init__(self) -> None:
        self.told: list[Words] = []
        self.formulas = 0

    @abstractmethod
    def rows(self, sheet: int, width: int = MOST_COLUMNS) -> Iterator[tuple[int, list[Cell]]]:
        """The rows that hold anything, as (number from 1, cells up to the last that is filled).

        In the file's order, at most `width` cells wide. Raises BadWorkbook where the file is damaged.
        """

    @abstractmethod
    def close(self) -> None:
        """Let the file go."""

    def notes(self) -> list[Words]:
        """What the person should know of how the file is read: macros left out, formulas by their results."""
        formulas = [_l("Some cells hold formulas; their last results are taken.")] if self.formulas else []
        return [*self.told, *formulas]

    def counted(self) -> list[Words]:
        """The same of the rows that have been read: how many cells hold formulas."""
        if not self.formulas:
            return []
        return [_l("%(count)s cells hold formulas; their last results were taken.", count=f"{self.formulas:,}")]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def damaged() -> BadWorkbook:
    """The refusal of a file that ends early or contradicts itself."""
    return BadWorkbook(
        _l("The file is damaged or incomplete. Open it in Excel or WPS, save it again as .xlsx, and send that file.")
    )


def no_workbook() -> BadWorkbook:
    """The refusal of a file of another kind."""
    return BadWorkbook(_l("This is no workbook. Send a file of the type .xlsx, .xls, .ods or .csv."))


def column_letters(index: int) -> str:
    """The letters of a column, counted from 0: A, Z, AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
