"""Files that take more than they seem to, made by hand."""

import struct
import zipfile
from pathlib import Path

from app.excel import archive
from tests.support.workbooks import raw_xlsx, sheet_xml, table_xml

OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def written(folder: Path, content: bytes, name: str = "a.xlsx") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def good(folder: Path) -> Path:
    return raw_xlsx(folder / "good.xlsx", sheet_xml(table_xml(("姓名", "住址"), ("张三", "海州区"))))


def bomb(folder: Path) -> Path:
    return raw_xlsx(folder / "bomb.xlsx", "", parts={"xl/worksheets/sheet1.xml": bytes(64 * 2**20)})


def overlapping(folder: Path) -> Path:
    """Many parts that are one and the same bytes: only the list of parts grows."""
    path = good(folder)
    content = path.read_bytes()
    place, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    first_length = 46 + struct.unpack("<H", content[place + 28 : place + 30])[0]
    entry = content[place : place + first_length]
    count = 500
    listed = content[place:end] + entry * count
    tail = bytearray(content[end:])
    total = struct.unpack("<H", tail[10:12])[0] + count
    tail[8:12] = struct.pack("<HH", total, total)
    tail[12:16] = struct.pack("<I", len(listed))
    return written(folder, content[:place] + listed + bytes(tail))


def crowded(folder: Path) -> Path:
    path = folder / "crowd.xlsx"
    with zipfile.ZipFile(path, "w") as packed:
        for number in range(archive.MOST_ENTRIES + 1):
            packed.writestr(str(number), b"")
    return path


def boasting(folder: Path) -> Path:
    """A part that says it inflates to almost four gigabytes."""
    content = bytearray(good(folder).read_bytes())
    place = content.index(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 2**32 - 2)
    return written(folder, bytes(content))
