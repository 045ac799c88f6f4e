"""Registries as workbooks: written, read, planned and applied."""

from typing import IO

from sqlalchemy.orm import Session

from app.catalog import Entry


def write_template(session: Session, entry: Entry, file: IO[bytes]) -> None:
    """Write an empty workbook of a record to fill in."""
    # openpyxl takes longer to load than the console to start
    from app.excel.template import template

    template(session, entry, file)
