"""Opening a workbook by what is in it, whatever its name says."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

from flask_babel import lazy_gettext as _l

from app.excel.archive import Archive, encrypted
from app.excel.book import BadWorkbook, Book, Cell, CellError, Share, SheetInfo, column_letters
from app.excel.ods import OdsBook
from app.excel.text import TextBook
from app.excel.xls import XlsBook
from app.excel.xlsx import XlsxBook

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
PAGE = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|table|\?xml|body|style|meta|div)", re.IGNORECASE)
ODS_TYPES = (
    b"application/vnd.oasis.opendocument.spreadsheet",
    b"application/vnd.oasis.opendocument.spreadsheet-template",
)


def open_book(path: Path, name: str) -> Book:
    """The workbook in a file of the person's (`name` as they call it); raises BadWorkbook in words."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    if not head.strip():
        raise BadWorkbook(_l("The file is empty."))
    if head.startswith(OLE):
        return _old(path)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _packed(path)
    if head.startswith(b"%PDF-"):
        raise BadWorkbook(_l("This is a PDF file, not a workbook. Ask for the table that it was made from."))
    if PAGE.match(head.removeprefix(b"\xef\xbb\xbf")):
        raise BadWorkbook(
            _l("This is a web page or XML under the name of a workbook. Open it in Excel or WPS, save it as .xlsx, "
               "and send that file.")
        )  # fmt: skip
    return TextBook(path, PurePath(name).stem)


def _old(path: Path) -> Book:
    """A file of the container that .xls uses, and encrypted .xlsx too."""
    with path.open("rb") as stream:
        tail = b""
        while piece := stream.read(2**20):
            if "EncryptedPackage".encode("utf-16-le") in tail + piece:
                raise encrypted()
            tail = piece[-64:]
    return XlsBook(path)


def _packed(path: Path) -> Book:
    archive = Archive(path)
    try:
        kind = archive.small("mimetype").strip() if "mimetype" in archive else b""
    finally:
        archive.close()
    return OdsBook(path) if kind in ODS_TYPES else XlsxBook(path)


__all__ = ["BadWorkbook", "Book", "Cell", "CellError", "Share", "SheetInfo", "column_letters", "open_book"]
