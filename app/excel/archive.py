"""Zip files whose size is judged before anything in them is inflated, and read in pieces."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from flask_babel import lazy_gettext as _l

from app.excel.book import BadWorkbook, damaged

MOST_ENTRIES = 10_000
"""Parts of one file: a workbook of 255 sheets with pictures stays far below."""
MOST_BYTES = 4 * 2**30
"""All parts inflated: a full sheet of 1,048,576 rows and 16 columns takes about one GiB."""
MOST_SMALL = 32 * 2**20
"""A part that is read as a whole: the list of sheets, the styles."""
HIGHEST_RATIO = 200
"""Inflated to packed. Sheets come to 10 or 20, of nothing but empty formatted rows to 60; bombs to 1,000."""
RATIO_FROM = 8 * 2**20
"""Parts that inflate to less than this may have any ratio."""
DEEPEST = 200
"""Elements within one another: a parser keeps each until it ends, and no part of a workbook has twenty."""
PIECE = 2**18

FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, struct.error, NotImplementedError, RuntimeError,
          UnicodeError, ValueError, KeyError, IndexError, OverflowError, expat.ExpatError)  # fmt: skip
"""What the standard library raises for a file that is not as it should be."""


def too_large() -> BadWorkbook:
    """The refusal of a file that would inflate to more than the console takes."""
    return BadWorkbook(
        _l("Unpacked, this file is far larger than a workbook needs to be, so it was not opened. "
           "Copy the rows that you need into a new workbook, and send that.")
    )  # fmt: skip


class Archive:
    """The parts of a zip file by name; raises BadWorkbook for one that is damaged, encrypted or a bomb."""

    def __init__(self, path: Path) -> None:
        if _count_headers(path) > MOST_ENTRIES:
            raise too_large()
        try:
            self._zip = zipfile.ZipFile(path)
        except FAULTS as error:
            raise damaged() from error
        try:
            self.parts = {info.filename: info for info in self._zip.infolist()}
            self._judge()
        except BadWorkbook:
            self._zip.close()
            raise

    def _judge(self) -> None:
        infos = self._zip.infolist()
        if any(info.flag_bits & 0x1 for info in infos):
            raise encrypted()
        if sum(info.file_size for info in infos) > MOST_BYTES:
            raise too_large()
        end = 0
        for info in sorted(infos, key=lambda info: info.header_offset):
            if info.file_size > RATIO_FROM and info.file_size > HIGHEST_RATIO * max(1, info.compress_size):
                raise too_large()
            # parts that lie over one another inflate the same bytes again and again
            if info.header_offset < end:
                raise too_large()
            end = info.header_offset + info.compress_size

    def __contains__(self, name: str) -> bool:
        return name in self.parts

    def close(self) -> None:
        """Let the file go."""
        self._zip.close()

    def open(self, name: str) -> IO[bytes]:
        """A part, to be read in pieces; raises BadWorkbook if it is not there."""
        try:
            return self._zip.open(self.parts[name])
        except FAULTS as error:
            raise damaged() from error

    def pieces(self, name: str, size: int = PIECE) -> Iterator[bytes]:
        """The bytes of a part, piece by piece, as UTF-8 without a mark at the beginning."""
        with self.open(name) as stream:
            try:
                first = stream.read(size)
                if first[:2] in (b"\xff\xfe", b"\xfe\xff"):
                    # the rest of the workbook's parts is small, or UTF-8, or both
                    text = (first + stream.read(MOST_SMALL)).decode("utf-16").encode()
                    yield from (text[place : place + size] for place in range(0, len(text), size))
                    return
                yield first.removeprefix(b"\xef\xbb\xbf")
                while piece := stream.read(size):
                    yield piece
            except FAULTS as error:
                raise damaged() from error

    def small(self, name: str) -> bytes:
        """A part as a whole; raises BadWorkbook if it is larger than such a part ever is."""
        self._must_be_small(name)
        return b"".join(self.pieces(name))

    def walk(self, name: str, take: Callable[[str, dict[str, str]], None]) -> None:
        """Give `take` the elements of a small part in order: local name and attributes, these too without prefix.

        None of them is kept, as a part of many megabytes may consist of nothing but elements of four bytes.
        """
        self._must_be_small(name)
        depth = Depth()

        def start(tag: str, attributes: dict[str, str]) -> None:
            depth.enter()
            take(local(tag), {local(key): value for key, value in attributes.items()})

        made = parser()
        made.StartElementHandler = start
        made.EndElementHandler = depth.leave
        try:
            for piece in self.pieces(name):
                made.Parse(piece, False)
            made.Parse(b"", True)
        except FAULTS as error:
            raise damaged() from error

    def _must_be_small(self, name: str) -> None:
        if name in self.parts and self.parts[name].file_size > MOST_SMALL:
            raise too_large()


class Depth:
    """How many elements are open; raises BadWorkbook when there are more than any part has."""

    def __init__(self) -> None:
        self._open = 0

    def enter(self) -> None:
        """An element begins."""
        self._open += 1
        if self._open > DEEPEST:
            raise damaged()

    def leave(self, _tag: str) -> None:
        """An element ends."""
        self._open -= 1


def encrypted() -> BadWorkbook:
    """The refusal of a file that opens with a password."""
    return BadWorkbook(_l("The workbook is protected by a password. Open it, remove the password, and send it again."))


def local(name: str) -> str:
    """A name without its namespace's prefix."""
    return name.rpartition(":")[2]


def parser() -> expat.XMLParserType:
    """An XML parser that refuses document types: no entity can multiply, none can reach outside."""
    made = expat.ParserCreate()
    made.buffer_text = True

    def refuse(*_args: Any) -> None:
        raise damaged()

    made.StartDoctypeDeclHandler = refuse
    made.EntityDeclHandler = refuse
    return made


def parse(text: bytes, start: Any = None, end: Any = None, data: Any = None) -> None:
    """Walk over a whole small document; raises BadWorkbook if it is not well formed."""
    made = parser()
    made.StartElementHandler = start
    made.EndElementHandler = end
    made.CharacterDataHandler = data
    try:
        made.Parse(text, True)
    except FAULTS as error:
        raise damaged() from error


def _count_headers(path: Path) -> int:
    """How many parts the file lists, counted in its bytes, as reading a list of millions takes gigabytes."""
    mark, count, tail = b"PK\x01\x02", 0, b""
    with path.open("rb") as stream:
        while piece := stream.read(2**20):
            count += (tail + piece).count(mark)
            tail = piece[-3:]
    return count
