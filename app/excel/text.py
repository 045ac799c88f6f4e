"""Tables as text, row by row: the encoding and the separator are found by looking."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from flask_babel import lazy_gettext as _l

from app.excel.book import MOST_COLUMNS, MOST_ROWS, BadWorkbook, Book, Cell, SheetInfo, no_workbook

SEPARATORS = (",", "\t", ";", "|")
SAMPLE_LINES = 20
LONGEST_CELL = 131_072
"""Characters of one cell; a quotation mark that is never closed would run to the end of the file."""
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
GUARDED = re.compile(r'="(.*)"|\'(\'*[=+\-@＝＋－＠\t\r\n].*)', re.DOTALL)
"""A text that its writer kept from being read as a number, ="00123", or as a formula, '=1+1."""
BINARY = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class TextBook(Book):
    """A file of separated values: one sheet, every cell a text."""

    kind = "csv"

    def __init__(self, path: Path, name: str) -> None:
        super().__init__()
        self._path = path
        self.encoding = find_encoding(path)
        with self._lines() as lines:
            sample = [line for _, line in zip(range(SAMPLE_LINES), _short(lines), strict=False)]
        self._declared = bool(sample) and re.fullmatch(r"sep=[,;|\t]\s*", sample[0]) is not None
        self.separator = sample[0][4] if self._declared else find_separator(sample)
        self.sheets = (SheetInfo(name),)

    def _lines(self) -> io.TextIOWrapper:
        return self._path.open(encoding=self.encoding, newline="")

    def close(self) -> None:
        """Each reading closes the file by itself."""

    def rows(self, sheet: int, width: int = MOST_COLUMNS) -> Iterator[tuple[int, list[Cell]]]:
        width = min(width, MOST_COLUMNS)
        csv.field_size_limit(LONGEST_CELL)
        with self._lines() as lines:
            reader = csv.reader(lines, delimiter=self.separator, strict=True)
            number = line = 0
            try:
                for number, texts in enumerate(reader, 1):
                    line = reader.line_num
                    if number > MOST_ROWS:
                        raise BadWorkbook(_l(
                            "The file has more than %(limit)s rows. Divide it into several files.", limit=MOST_ROWS
                        ))  # fmt: skip
                    if number == 1 and self._declared:
                        continue
                    cells: list[Cell] = [text or None for text in texts[:width]]
                    while cells and cells[-1] is None:
                        cells.pop()
                    if cells:
                        whole = "".join(texts)
                        guarded = '="' in whole or "'" in whole
                        yield number, [_bare(cell) for cell in cells] if guarded else cells
            except csv.Error as error:
                if "field larger" in str(error):
                    raise BadWorkbook(_l(
                        "Line %(line)s begins a cell of more than %(limit)s characters, or a quotation mark is opened "
                        "there and not closed. Mend the line, or save the table as .xlsx.",
                        line=line + 1, limit=f"{LONGEST_CELL:,}",
                    )) from None  # fmt: skip
                raise BadWorkbook(_l(
                    "Line %(line)s cannot be read: a quotation mark opens a cell and is not closed before the next "
                    "separator. Mend the line, or save the table as .xlsx.",
                    line=line + 1,
                )) from None  # fmt: skip
            except UnicodeError:
                raise unreadable(line + 1) from None


def _bare(cell: Cell) -> Cell:
    found = GUARDED.fullmatch(cell) if isinstance(cell, str) else None
    return cell if found is None else found.group(1) or found.group(2)


def _short(lines: io.TextIOWrapper) -> Iterator[str]:
    """Lines, each cut at a length that is enough to judge by."""
    while line := lines.readline(10_000):
        yield line


def find_encoding(path: Path) -> str:
    """UTF-8 or UTF-16 with or without a mark, or GB18030; raises BadWorkbook with the line that is none of them."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    for mark, name in MARKS:
        if head.startswith(mark):
            _try(path, name)
            return name
    # Latin letters, digits and separators have a zero in UTF-16, wherever the text is Chinese
    zeros = head.count(0)
    if zeros > 1 and not _control(head.replace(b"\x00", b"").decode("ascii", "ignore")):
        name = "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
        _try(path, name)
        return name
    if _control(head.decode("ascii", "ignore")):
        raise no_workbook()
    reached = 0
    for name in ("utf-8", "gb18030"):
        try:
            _try(path, name)
        except _Undecodable as error:
            reached = max(reached, error.line)
            continue
        return name
    raise unreadable(reached)


class _Undecodable(BadWorkbook):
    """A line that is not in the encoding that was tried."""

    def __init__(self, line: int) -> None:
        super().__init__(unreadable(line).message)
        self.line = line


def _try(path: Path, encoding: str) -> None:
    """Decode the whole file in pieces."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as stream:
        while True:
            piece = stream.read(2**18)
            try:
                text = decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                before = bytes(error.object)[: error.start].decode(encoding, "ignore")
                raise _Undecodable(line + before.count("\n")) from None
            if _control(text):
                raise no_workbook()
            if not piece:
                return
            line += text.count("\n")


def _control(text: str) -> bool:
    return BINARY.search(text) is not None


def unreadable(line: int) -> BadWorkbook:
    """The refusal of a text in no encoding that is known."""
    return BadWorkbook(
        _l("Line %(line)s is neither UTF-8 nor GB18030. Open the file in Excel or WPS, save it as .xlsx, and send "
           "that.", line=line)
    )  # fmt: skip


def find_separator(lines: list[str]) -> str:
    """The separator that stands in most lines equally often, the comma if none does."""
    best = (0, 0, SEPARATORS[0])
    for separator in SEPARATORS:
        counts = Counter(re.sub(r'"[^"]*"', "", line).count(separator) for line in lines if line.strip())
        counts.pop(0, None)
        if counts:
            count, often = counts.most_common(1)[0]
            best = max(best, (often, count, separator), key=lambda one: one[:2])
    return best[2]
