"""Workbooks made by hand, part by part, so that a test may leave out or spoil any of them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"

STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="2"><numFmt numFmtId="164" '
    'formatCode="yyyy&quot;年&quot;m&quot;月&quot;'
    'd&quot;日&quot;"/><numFmt numFmtId="165" formatCode="000000"/></numFmts><cellXfs count="6"><xf numFmtId="0"/>'
    '<xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="9"/><xf numFmtId="165"/><xf numFmtId="20"/></cellXfs>'
    "</styleSheet>"
)
"""Formats by number: 0 general, 1 date, 2 date in Chinese, 3 per cent, 4 six digits, 5 time."""


def sheet_xml(rows: str, before: str = "", after: str = "") -> str:
    """A sheet of these rows."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData>{after}'
        "</worksheet>"
    )


def table_xml(*rows: tuple[str, ...], first: int = 1) -> str:
    """Rows of inline texts, in the usual form."""
    return "".join(
        f'<row r="{number}">'
        + "".join(
            f'<c r="{chr(65 + place)}{number}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
            for place, text in enumerate(row)
            if text
        )
        + "</row>"
        for number, row in enumerate(rows, first)
    )


def raw_xlsx(
    path: Path, sheet: str, *, shared: str = "", styles: str = STYLES, book: str = "", parts: Mapping[str, bytes] = {}
) -> Path:
    """An .xlsx file of one sheet; `parts` are added or take the place of the usual ones."""
    relations = "".join(
        f'<Relationship Id="{name}" Type="{REL}/{kind}" Target="{target}"/>'
        for name, kind, target in (
            ("r1", "worksheet", "worksheets/sheet1.xml"),
            ("r2", "styles", "styles.xml"),
            ("r3", "sharedStrings", "sharedStrings.xml"),
        )
    )
    made = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{REL}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{REL}">{book}<sheets><sheet name="表一" sheetId="1" '
        'r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{relations}</Relationships>',
        "xl/styles.xml": styles,
        "xl/worksheets/sheet1.xml": sheet,
    }
    if shared:
        made["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{shared}</sst>'
    made = {"[Content_Types].xml": _types(made), **made}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, text in made.items():
            if name not in parts:
                packed.writestr(name, text)
        for name, content in parts.items():
            packed.writestr(name, content)
    return path


def _types(parts: Iterable[str]) -> str:
    """What each part is, which openpyxl goes by."""
    kinds = {
        "xl/workbook.xml": "sheet.main", "xl/worksheets/sheet1.xml": "worksheet", "xl/styles.xml": "styles",
        "xl/sharedStrings.xml": "sharedStrings",
    }  # fmt: skip
    told = "".join(
        f'<Override PartName="/{part}" ContentType="{TYPES}.{kinds[part]}+xml"/>' for part in parts if part in kinds
    )
    return (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{told}</Types>'
    )


def raw_ods(path: Path, rows: str, parts: Mapping[str, bytes] = {}) -> Path:
    """An .ods file of one sheet; `parts` are added or take the place of the usual ones."""
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in (("office", "office"), ("table", "table"), ("text", "text"))
    )
    content = (
        f'<office:document-content {names}><office:body><office:spreadsheet><table:table table:name="表一">{rows}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    made = {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": content.encode(), **parts}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, part in made.items():
            packed.writestr(name, part)
    return path
