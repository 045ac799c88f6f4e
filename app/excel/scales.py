"""How much memory openpyxl would take for a workbook, told before it opens it."""

from __future__ import annotations

import re
from xml.parsers import expat

from app.excel.archive import FAULTS, PIECE, Archive, Depth, local, parser, too_large
from app.excel.book import damaged

MOST = 1_000_000
"""Weight of all parts: openpyxl takes some 500 bytes for each."""
LIGHT = frozenset((
    "c", "v", "f", "is", "t", "si", "r", "rPh", "phoneticPr",
    "rPr", "sz", "color", "rFont", "family", "charset", "scheme",
))  # fmt: skip
"""Elements of which a sheet and its texts have many; they weigh 1."""
HEAVY = 5
"""The weight of any other element, which becomes an object of many attributes, and of a cell in a range."""
SPREAD = frozenset(("mergeCell", "hyperlink", "comment", "table"))
"""Elements for whose range openpyxl makes each cell; those of rules and filters stay a range."""
RANGE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,9})(?::\$?([A-Z]{1,3})\$?(\d{1,9}))?", re.ASCII)
MOST_PAIRS = 1_000_000
"""Of a link and a merged range, as each link is looked for in each range."""


class Scales:
    """Weighs parts with the parser that openpyxl uses; raises BadWorkbook once they are too much."""

    def __init__(self) -> None:
        self._weight = self._merged = self._links = 0
        self._depth = Depth()

    def put(self, archive: Archive, name: str) -> None:
        """Add a part, as far as it is XML; document types are refused."""
        self._depth = Depth()
        made = parser()
        made.StartElementHandler = self._start
        made.EndElementHandler = self._depth.leave
        # its bytes as they stand: the parser finds out their encoding
        with archive.open(name) as stream:
            try:
                while piece := stream.read(PIECE):
                    made.Parse(piece, False)
            except expat.ExpatError:
                # a picture, or a part that openpyxl reads no further either
                return
            except FAULTS as error:
                raise damaged() from error

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth.enter()
        name = local(tag)
        self._weight += 1 if name in LIGHT else HEAVY
        if name in SPREAD and "ref" in attributes:
            self._weight += HEAVY * area(attributes["ref"])
            self._merged += name == "mergeCell"
            self._links += name == "hyperlink"
        if self._weight > MOST or self._merged * self._links > MOST_PAIRS:
            raise too_large()


def area(text: str) -> int:
    """The cells of a range such as B2:D9; of one that is written otherwise, such as a whole column, MOST."""
    found = RANGE.fullmatch(text)
    if found is None:
        return MOST
    left, top, right, bottom = found.groups()
    if right is None:
        return 1
    return max(0, _column(right) - _column(left) + 1) * max(0, int(bottom) - int(top) + 1)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
