"""The process that reads one .xls file: its sheets and rows as lines of JSON. It loads nothing else of the console."""

from __future__ import annotations

import json
import re
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

MEMORY = 1536 * 2**20
"""Bytes of address space: a full sheet of 65,536 rows and 256 columns."""


ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
BOF, EOF, DATEMODE, FILEPASS, BOUNDSHEET, FORMAT, XF = 0x0809, 0x000A, 0x0022, 0x002F, 0x0085, 0x041E, 0x00E0
FORMULA, NUMBER, RK, MULRK, BOOLERR = 0x0006, 0x0203, 0x027E, 0x00BD, 0x0205
SHARE = 0
BESIDE = re.compile(r"[十百千万亿円$＄€£₩₽฿]|[A-Z]{3}")
"""What a format may have that shows what an amount is in."""
NO_SECTOR = 0xFFFFFFF0
"""Numbers of sectors from here on mean that there is none."""


def limit() -> None:
    """Take no more memory than a workbook can need, where the system can hold a process to it."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def plain(value: Any) -> Any:
    """A cell as JSON; days and times are wrapped, so that no text is mistaken for one."""
    if isinstance(value, datetime):
        whole = not (value.hour or value.minute or value.second or value.microsecond)
        return {"at": (value.date() if whole else value.replace(microsecond=0)).isoformat()}
    if isinstance(value, date):
        return {"at": value.isoformat()}
    if isinstance(value, (time, timedelta)):
        return str(value)
    return value if value != "" else None


@dataclass
class Sheet:
    """What the library does not tell of a sheet: cells (row << 8 | column) with errors or formats, and its formulas.

    `formats` gives the digits of a number that is shown with leading zeros, SHARE for one shown as per cent, and the
    code of a format that may show what an amount is in.
    """

    errors: dict[int, str] = field(default_factory=dict)
    formats: dict[int, int | str] = field(default_factory=dict)
    formulas: int = 0


def stream(content: bytes) -> bytes:
    """The workbook's stream inside its container ([MS-CFB])."""
    shift, mini_shift = struct.unpack_from("<HH", content, 30)
    first, cutoff, mini_first = (struct.unpack_from("<I", content, place)[0] for place in (48, 56, 60))

    def sector(number: int) -> bytes:
        return content[(number + 1) << shift : (number + 2) << shift]

    listed = [number for number in struct.unpack_from("<109I", content, 76) if number < NO_SECTOR]
    more, rounds = struct.unpack_from("<I", content, 68)[0], 0
    while more < NO_SECTOR and rounds < len(content) >> shift:
        block = struct.unpack(f"<{1 << shift >> 2}I", sector(more))
        listed += [number for number in block[:-1] if number < NO_SECTOR]
        more, rounds = block[-1], rounds + 1
    table = b"".join(sector(number) for number in listed)
    fat = struct.unpack(f"<{len(table) >> 2}I", table)

    def chain(start: int, links: tuple[int, ...]) -> Iterator[int]:
        for _ in range(len(links) + 1):
            if start >= NO_SECTOR:
                return
            yield start
            start = links[start]

    folder = b"".join(sector(number) for number in chain(first, fat))
    entries = [folder[place : place + 128] for place in range(0, len(folder) - 127, 128)]
    names = ["".join(map(chr, struct.unpack("<32H", entry[:64]))).rstrip("\0") for entry in entries]
    entry = next(entries[names.index(name)] for name in ("Workbook", "Book") if name in names)
    start, size = struct.unpack_from("<II", entry, 116)
    if size >= cutoff:
        return b"".join(sector(number) for number in chain(start, fat))[:size]
    inner = b"".join(sector(number) for number in chain(struct.unpack_from("<I", entries[0], 116)[0], fat))
    links = b"".join(sector(number) for number in chain(mini_first, fat))
    minis = chain(start, struct.unpack(f"<{len(links) >> 2}I", links))
    return b"".join(inner[number << mini_shift : (number + 1) << mini_shift] for number in minis)[:size]


def records(book: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """The records of one substream ([MS-XLS]): number and body; those of charts within it are left out."""
    depth = 0
    while place + 4 <= len(book):
        number, length = struct.unpack_from("<HH", book, place)
        depth += (number == BOF) - (number == EOF)
        if depth == 1:
            yield number, book[place + 4 : place + 4 + length]
        if depth <= 0:
            return
        place += 4 + length


def locked(content: bytes) -> bool:
    """Whether the workbook opens with a password; the library tells it of a file with the usual ending alone."""
    try:
        return any(number == FILEPASS for number, _body in records(stream(content), 0))
    except (struct.error, IndexError, ValueError, StopIteration):
        return False


def system(content: bytes) -> int:
    """The year from which the workbook counts days."""
    modes = (body for number, body in records(stream(content), 0) if number == DATEMODE)
    return 1904 if next(modes, b"")[:2] == b"\1\0" else 1900


def untold(content: bytes) -> list[Sheet]:
    """Errors, formats and formulas of every sheet with cells, in the order of the workbook."""
    book = stream(content)
    formats: dict[int, str] = {9: "%", 10: "%"}
    uses: list[int] = []
    places: list[int] = []
    for number, body in records(book, 0):
        if number == FORMAT:
            formats[struct.unpack_from("<H", body)[0]] = _code(body)
        elif number == XF:
            uses.append(struct.unpack_from("<H", body, 2)[0])
        elif number == BOUNDSHEET and body[5] == 0:
            places.append(struct.unpack_from("<I", body)[0])
    senses = {use: sense for use, one in enumerate(uses) if (sense := _sense(formats.get(one, ""))) is not None}
    return [_sheet(book, place, senses) for place in places]


def _code(body: bytes) -> str:
    """The code of a FORMAT record, one byte a character or two."""
    return body[5:].decode("utf-16-le" if body[4:5] > b"\0" else "latin-1", errors="replace")


def _sense(code: str) -> int | str | None:
    """What matters of a number format; None if nothing does."""
    bare = re.sub('"[^"]*"', "", code)
    if "%" in bare:
        return SHARE
    if re.fullmatch("0{2,30}", bare):
        return len(bare)
    return code if BESIDE.search(code) else None


def _sheet(book: bytes, place: int, senses: dict[int, int | str]) -> Sheet:
    found = Sheet()
    for number, body in records(book, place):
        if number not in (FORMULA, NUMBER, RK, MULRK, BOOLERR):
            continue
        row, column, use = struct.unpack_from("<HHH", body)
        cell = row << 8 | column
        if number == MULRK:
            many = (len(body) - 6) // 6
            uses = (struct.unpack_from("<H", body, 4 + 6 * one)[0] for one in range(many))
            found.formats |= {cell + one: senses[use] for one, use in enumerate(uses) if use in senses}
            continue
        if use in senses:
            found.formats[cell] = senses[use]
        failed = body[6] if number == BOOLERR and body[7] else None
        if number == FORMULA:
            found.formulas += 1
            failed = body[8] if body[12:14] == b"\xff\xff" and body[6] == 2 else None
        if failed is not None:
            found.errors[cell] = ERRORS.get(failed, "#N/A")
    return found


def with_untold(cells: list[Any], row: int, sheet: Sheet) -> list[Any]:
    """The cells of a row (from 0) as their formats show them, errors and shares wrapped."""
    for column, value in enumerate(cells):
        cell = row << 8 | column
        if cell in sheet.errors:
            cells[column] = {"error": sheet.errors[cell]}
        elif cell in sheet.formats and isinstance(value, (int, float)) and not isinstance(value, bool):
            cells[column] = _shown(value, sheet.formats[cell])
    return cells


def _shown(value: float, sense: int | str) -> Any:
    if isinstance(sense, str):
        return {"number": value, "code": sense}
    if sense == SHARE:
        return {"share": value}
    return str(int(value)).zfill(sense) if value >= 0 and value == int(value) else value


def main(path: str) -> int:
    """Write the sheets, then each with its rows."""
    import python_calamine as calamine

    limit()
    write = sys.stdout.write
    content = Path(path).read_bytes()
    if locked(content):
        write('{"password": true}\n')
        return 0
    book = calamine.CalamineWorkbook.from_path(path)
    kinds = [meta for meta in book.sheets_metadata if meta.typ == calamine.SheetTypeEnum.WorkSheet]
    sheets = [book.get_sheet_by_name(meta.name) for meta in kinds]
    told = untold(content)
    listed = [
        [meta.name, meta.visible != calamine.SheetVisibleEnum.Visible, sheet.total_height]
        for meta, sheet in zip(kinds, sheets, strict=True)
    ]
    write(json.dumps({"sheets": listed, "system": system(content)}) + "\n")
    for place, (sheet, found) in enumerate(zip(sheets, told, strict=True)):
        write(json.dumps({"sheet": place, "formulas": found.formulas}) + "\n")
        margin = [None] * (sheet.start or (0, 0))[1]
        for number, row in enumerate(sheet.iter_rows(), 1):
            cells = with_untold(margin + [plain(value) for value in row], number - 1, found)
            if any(cell is not None for cell in cells):
                write(json.dumps([number, *cells]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
