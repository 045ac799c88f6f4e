"""An .xlsx file written from its first byte to its last: the fixed parts of the package, and its sheets one by one.

The parts are those of ECMA-376. Texts of closed lists stand once in the table of shared strings; all others stand in
their cells, so that nothing grows with the rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import TracebackType
from typing import IO, Self
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

LEVEL = 1
"""Of deflate: a higher one takes several times as long for a file a fifth smaller."""
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"

STYLE = {"general": 0, "text": 1, "head": 2, "date": 3, "moment": 4, "money": 5, "number": 0, "quoted": 6}
"""The cell formats of STYLES by name; `quoted` is text that would otherwise be read as a formula once it is edited."""
STYLES = f"""{DECLARATION}<styleSheet xmlns="{MAIN}">
<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd hh:mm"/></numFmts>
<fonts count="2"><font><sz val="11"/><name val="宋体"/><family val="3"/><charset val="134"/></font><font><b/><sz val="11"/><color rgb="FF1F3A5F"/><name val="宋体"/><family val="3"/><charset val="134"/></font></fonts>
<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFE3EBF4"/><bgColor indexed="64"/></patternFill></fill></fills>
<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border><border><left/><right/><top/><bottom style="thin"><color rgb="FF8AA0BC"/></bottom><diagonal/></border></borders>
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>
<cellXfs count="7">
<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>
<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>
<xf numFmtId="49" fontId="1" fillId="2" borderId="1" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1"><alignment vertical="center"/></xf>
<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>
<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>
<xf numFmtId="4" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>
<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"/>
</cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>
</styleSheet>"""  # noqa: E501  # a part of the package, as it stands in the file
ROOT_RELATIONS = (
    f'{DECLARATION}<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
FORBIDDEN_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
LONGEST_NAME = 31


class Package:
    """A workbook in the making: sheets are begun, written and ended in turn; leaving the `with` block completes it."""

    def __init__(self, file: IO[bytes], shared: Mapping[str, int]) -> None:
        self._zip = ZipFile(file, "w", ZIP_DEFLATED, compresslevel=LEVEL)
        self._shared = shared
        self._names: list[str] = []
        self._part: IO[bytes] | None = None
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._part is not None:
            self._part.close()
            self._part = None
        if kind is None:
            self._complete()
        self._zip.close()

    def begin(self, title: str, head: str) -> None:
        """Begin a sheet with all that stands before its rows."""
        self._names.append(sheet_name(title, len(self._names) + 1))
        info = ZipInfo(f"xl/worksheets/sheet{len(self._names)}.xml")
        info.compress_type = ZIP_DEFLATED
        info._compresslevel = LEVEL  # type: ignore[attr-defined]  # noqa: SLF001  # an open member has no other way
        self._part = self._zip.open(info, "w")
        self.size = 0
        self.write(f'{DECLARATION}<worksheet xmlns="{MAIN}">{head}')

    def write(self, text: str) -> None:
        """Write a piece of the sheet that was begun; `size` tells how many bytes it has."""
        if self._part is None:
            raise ValueError("no sheet was begun")
        self.size += self._part.write(text.encode())

    def end(self, tail: str) -> None:
        """End the sheet with all that stands after its rows."""
        self.write(f"{tail}</worksheet>")
        if self._part is not None:
            self._part.close()
        self._part = None

    @property
    def sheets(self) -> int:
        return len(self._names)

    def _complete(self) -> None:
        numbers = range(1, len(self._names) + 1)
        sheets = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{i}" r:id="rId{i}"/>'
            for i, name in zip(numbers, self._names, strict=True)
        )
        links = "".join(_relation(i, "worksheet", f"worksheets/sheet{i}.xml") for i in numbers)
        links += _relation(len(numbers) + 1, "styles", "styles.xml")
        links += _relation(len(numbers) + 2, "sharedStrings", "sharedStrings.xml")
        parts = [(f"/xl/worksheets/sheet{i}.xml", "worksheet") for i in numbers]
        parts += [("/xl/styles.xml", "styles"), ("/xl/sharedStrings.xml", "sharedStrings")]
        types = f'<Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>' + "".join(
            f'<Override PartName="{part}" ContentType="{TYPES}.{kind}+xml"/>' for part, kind in parts
        )
        default = "application/vnd.openxmlformats-package.relationships+xml"
        texts = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in self._shared)
        for name, content in {
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{sheets}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>',
            "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}" uniqueCount="{len(self._shared)}">{texts}</sst>',
            "[Content_Types].xml": (
                f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="{default}"/>'
                f'<Default Extension="xml" ContentType="application/xml"/>{types}</Types>'
            ),
        }.items():
            self._zip.writestr(name, DECLARATION + content)
        self._zip.writestr("xl/styles.xml", STYLES)
        self._zip.writestr("_rels/.rels", ROOT_RELATIONS)


def _relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'


def sheet_name(title: str, number: int = 1) -> str:
    """The title as a sheet's name may be; those after the first are numbered."""
    suffix = f" ({number})" if number > 1 else ""
    plain = FORBIDDEN_IN_NAMES.sub(" ", title).strip().strip("'") or "Sheet"
    return plain[: LONGEST_NAME - len(suffix)] + suffix
