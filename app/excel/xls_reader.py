"""The process that reads one .xls file: its sheets and rows as lines of JSON. It loads nothing else of the console."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

MEMORY = 1536 * 2**20
"""Bytes of address space: a full sheet of 65,536 rows and 256 columns."""


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


def main(path: str) -> int:
    """Write the sheets, then each with its rows."""
    import python_calamine as calamine

    limit()
    write = sys.stdout.write
    try:
        book = calamine.CalamineWorkbook.from_path(path)
    except calamine.PasswordError:
        write('{"password": true}\n')
        return 0
    kinds = [meta for meta in book.sheets_metadata if meta.typ == calamine.SheetTypeEnum.WorkSheet]
    sheets = [book.get_sheet_by_name(meta.name) for meta in kinds]
    listed = [
        [meta.name, meta.visible != calamine.SheetVisibleEnum.Visible, sheet.total_height]
        for meta, sheet in zip(kinds, sheets, strict=True)
    ]
    write(json.dumps({"sheets": listed}) + "\n")
    for place, sheet in enumerate(sheets):
        write(json.dumps({"sheet": place}) + "\n")
        margin = [None] * (sheet.start or (0, 0))[1]
        for number, row in enumerate(sheet.iter_rows(), 1):
            cells = margin + [plain(value) for value in row]
            if any(cell is not None for cell in cells):
                write(json.dumps([number, *cells]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
