"""The shared strings of an .xlsx workbook: the first in memory, the rest in a temporary file."""

from __future__ import annotations

import re
import tempfile
from array import array
from collections.abc import Generator, Iterable, Sequence
from itertools import accumulate
from typing import IO

from app.excel.archive import DEEPEST, Archive, parse
from app.excel.book import BadWorkbook, damaged

IN_MEMORY = 150_000
"""Strings kept in memory; those that are used again and again come first."""
MOST_KEPT = 4_000_000
"""Their characters: there are as many of a cell's longest text as a file of a few megabytes can hold."""
LONGEST_STRING = 4 * 2**20
"""Bytes of one entry with its mark-up; a cell of Excel holds at most 32,767 characters."""
WINDOW = 2**16
"""Bytes of the file that are read ahead where strings are asked for in their order, as they mostly are."""

PLAIN = re.compile(r"\s*<si>\s*<t(?: xml:space=\"preserve\")?>([^<]*)</t>\s*")
PLAIN_ENTRY = re.compile(r"<si><t(?: xml:space=\"preserve\")?>([^<]*)</t></si>")
ENTITY = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(\w{1,8}));")
ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


def plain(text: str) -> str:
    """XML text as it reads: entities and the escapes of the format resolved."""
    if "&" in text:
        text = ENTITY.sub(_entity, text)
    if "_x" in text:
        text = ESCAPE.sub(_escape, text)
    return text.replace("\r\n", "\n") if "\r" in text else text


def _entity(found: re.Match[str]) -> str:
    wide, number, name = found.groups()
    if name is not None:
        if name not in NAMED:
            raise damaged()
        return NAMED[name]
    code = int(wide, 16) if wide is not None else int(number)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF or code == 0:
        raise damaged()
    return chr(code)


def _escape(found: re.Match[str]) -> str:
    code = int(found.group(1), 16)
    return found.group(0) if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)


class SharedStrings:
    """The strings by number, read as far as they are asked for: a header needs the first few alone.

    Those past the first take 8 bytes of memory each, wherever they are used.
    """

    def __init__(self) -> None:
        self.head: list[str] = []
        self._kept = 0
        self._ends = array("Q", [0])
        self._file: IO[bytes] | None = None
        self._window = b""
        self._at = 0
        self._more: Generator[None, None, None] | None = None

    def read(self, archive: Archive, name: str) -> None:
        """Take the strings from this part of a workbook."""
        self._more = self._blocks(archive, name)

    def _blocks(self, archive: Archive, name: str) -> Generator[None, None, None]:
        """Take in the table of strings, block by block; raises BadWorkbook where it is damaged."""
        rest = prefix = b""
        for number, piece in enumerate(archive.pieces(name)):
            block = rest + piece
            if number == 0:
                prefix = prefix_of(block)
            if prefix:
                # a prefix cut by the end of the piece is whole with the next one
                block = block.replace(b"</" + prefix, b"</").replace(b"<" + prefix, b"<")
            # an entry without any text closes itself
            cut = max(block.rfind(b"</si>"), block.rfind(b"<si/>"))
            if cut < 0:
                if len(block) > LONGEST_STRING:
                    raise damaged()
                rest = block
                continue
            self._add(_entries(block[: cut + 5]))
            rest = block[cut + 5 :]
            yield

    def _add(self, texts: Iterable[str]) -> None:
        packed = []
        for text in texts:
            if len(self.head) < IN_MEMORY and self._kept < MOST_KEPT:
                self.head.append(text)
                self._kept += len(text)
                continue
            packed.append(text.encode("utf-8", "replace"))
        if not packed:
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="rn-strings-")  # noqa: SIM115  # closed by `close`
        end = self._ends[-1]
        self._file.seek(end)
        self._file.write(b"".join(packed))
        self._ends.extend(accumulate(map(len, packed[1:]), initial=end + len(packed[0])))

    def __len__(self) -> int:
        return len(self.head) + len(self._ends) - 1

    def __getitem__(self, index: int) -> str:
        if 0 <= index < len(self.head):
            return self.head[index]
        while index >= len(self) and self._more is not None and next(self._more, self) is None:
            pass
        if not 0 <= index < len(self):
            raise damaged()
        if index < len(self.head):
            return self.head[index]
        place = index - len(self.head)
        first, end = self._ends[place], self._ends[place + 1]
        ahead = first - self._at
        if not 0 <= ahead <= len(self._window) - (end - first):
            if not 0 <= ahead <= 2 * WINDOW:
                return self._bytes(first, end - first).decode()
            self._window, self._at, ahead = self._bytes(first, max(WINDOW, end - first)), first, 0
        return self._window[ahead : ahead + end - first].decode()

    def several(self, indexes: Sequence[int]) -> list[str]:
        """The strings at these places, in order."""
        head, known = self.head, len(self.head)
        # one after another as they lie in the file, each once
        others = {index: self[index] for index in sorted({one for one in indexes if not 0 <= one < known})}
        return [others[index] if index in others else head[index] for index in indexes]

    def _bytes(self, first: int, count: int) -> bytes:
        if self._file is None:
            return b""
        self._file.seek(first)
        return self._file.read(count)

    def close(self) -> None:
        """Let the part go, and remove the temporary file."""
        if self._more is not None:
            self._more.close()
        if self._file is not None:
            self._file.close()


def prefix_of(head: bytes) -> bytes:
    """The namespace prefix that some writers put before every name, such as `x:`; empty mostly."""
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise damaged()
    found = re.search(rb"<([A-Za-z][\w.-]{0,20}:)(?:worksheet|sst)[\s>]", head)
    return found.group(1) if found else b""


def _entries(block: bytes) -> Iterable[str]:
    text = block.decode()
    found = PLAIN_ENTRY.findall(text)
    if len(found) == text.count("<si"):
        # nothing but plain texts: they need no look one by one
        return map(plain, found) if "&" in text or "_x" in text or "\r" in text else found
    return _one_by_one(text)


def _one_by_one(text: str) -> Iterable[str]:
    pieces = text.split("</si>")
    for piece in pieces[:-1] if not pieces[-1].strip() else pieces:
        found = PLAIN.fullmatch(piece)
        if found is not None:
            yield plain(found.group(1))
        else:
            yield from _rich(piece)


def _rich(piece: str) -> list[str]:
    """The texts of entries with runs of formats, or none; readings in small print above the line are left out."""
    start = piece.find("<si")
    if start < 0:
        if piece.strip():
            raise damaged()
        return []
    body = piece[start:]
    closed = body if body.rstrip().endswith("/>") and body.count("<si") == body.count("<si/>") else body + "</si>"
    return texts_of(f"<a>{closed}</a>", "si")


def texts_of(text: str, unit: str) -> list[str]:
    """The text within each element of this name, without phonetic readings."""
    found: list[str] = []
    parts: list[str] = []
    inside: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        inside.append(tag)
        if len(inside) > DEEPEST:
            raise damaged()
        if tag == unit:
            parts.clear()

    def end(tag: str) -> None:
        inside.pop()
        if tag == unit:
            found.append(ESCAPE.sub(_escape, "".join(parts)))

    def data(words: str) -> None:
        if inside[-1] == "t" and "rPh" not in inside:
            parts.append(words)

    try:
        parse(text.encode(), start, end, data)
    except BadWorkbook:
        raise damaged() from None
    return found
