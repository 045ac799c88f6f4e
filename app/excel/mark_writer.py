"""The process that marks one .xlsx file: a crafted one may take it down, but no worker.

It loads nothing else of the console.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

MEMORY = 1536 * 2**20
"""Bytes of address space: what `scales.py` lets through takes a third of it."""


def limit() -> None:
    """Take no more memory than that, where the system can hold a process to it."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main(path: str) -> int:
    """Read from standard input what to mark, and write the marked workbook to standard output."""
    from openpyxl import load_workbook
    from openpyxl.cell import Cell
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    limit()
    job = json.load(sys.stdin)
    # what openpyxl leaves out of a copy (drawings, some rules) is no matter of the person's rows
    warnings.simplefilter("ignore")
    # as a stream: of a path openpyxl looks at the ending alone
    with Path(path).open("rb") as stream:
        book = load_workbook(stream)
    fills = {colour: PatternFill("solid", fgColor=colour) for colour in {mark[3] for mark in job["marks"]}}
    for title, row, column, colour, text in job["marks"]:
        cell = book[title].cell(row, column)
        # a cell that others are merged over holds nothing of its own
        if isinstance(cell, Cell):
            cell.fill = fills[colour]
            cell.comment = Comment(text, job["author"], width=320, height=120)
    book.active = book.sheetnames.index(job["active"])
    book.save(sys.stdout.buffer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
