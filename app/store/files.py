"""Attached files: checked by content, kept by digest below the data folder, given back by id."""

from __future__ import annotations

import hashlib
import io
import re
import secrets
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import System
from app.store.session import actor_of
from app.store.tables import StoredFile

MEGABYTE = 1024 * 1024
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SIGNATURES: Mapping[str, tuple[bytes, ...]] = {
    "pdf": (b"%PDF-",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
    "docx": (b"PK\x03\x04",),
    "xlsx": (b"PK\x03\x04",),
    "pptx": (b"PK\x03\x04",),
    "ofd": (b"PK\x03\x04",),
    "doc": (OLE,),
    "xls": (OLE,),
    "ppt": (OLE,),
    "wps": (OLE,),
    "mp4": (b"ftyp",),
    "txt": (),
    "csv": (),
}
"""How a file of each allowed ending begins (for mp4: from its fifth byte); text has no signature."""
TYPES: Mapping[str, str] = {
    "pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
    "mp4": "video/mp4", "txt": "text/plain", "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}  # fmt: skip
INSIDE: Mapping[str, str] = {"docx": "word/", "xlsx": "xl/", "pptx": "ppt/", "ofd": "OFD.xml"}
"""What an archive of each kind holds, so that any zip is not taken for a document."""


class BadFile(ValueError):
    """A file that is not taken; its text says why and what is."""


@dataclass(frozen=True)
class FileStore:
    """Where files lie, and how large one may be, in megabytes."""

    folder: Path
    most: int

    def put(self, session: Session, name: str, stream: BinaryIO) -> StoredFile:
        """Check and keep a file; the row is stored with whatever the session commits. Raises BadFile."""
        clean = clean_name(name)
        content = stream.read(self.most * MEGABYTE + 1)
        ending = check_content(clean, content, self.most)
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{secrets.token_hex(4)}.part")
            try:
                part.write_bytes(content)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
        actor = actor_of(session)
        stored = StoredFile(
            id=secrets.token_hex(16),
            name=clean,
            media_type=TYPES.get(ending, "application/octet-stream"),
            size=len(content),
            digest=digest,
            account_id=None if isinstance(actor, System) else actor.id,
            stored_at=datetime.now(UTC),
        )
        session.add(stored)
        return stored

    def path(self, digest: str) -> Path:
        """Where the content of a digest lies."""
        return self.folder / digest[:2] / digest


def clean_name(name: str) -> str:
    """The file's own name without folders, control characters or a length that a disk refuses."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    last = "".join(char for char in last if unicodedata.category(char)[0] != "C").strip(". ")
    stem, dot, ending = last.rpartition(".")
    return f"{(stem or ending)[:120]}{dot}{ending[:10] if stem else ''}"


def check_content(name: str, content: bytes, most: int) -> str:
    """The ending of an acceptable file; raises BadFile if it is too large, empty, or not what it is called."""
    ending = name.rpartition(".")[2].lower()
    if ending not in SIGNATURES:
        raise BadFile(_("“%(name)s” is of a kind that is not taken. Taken are: %(kinds)s.",
                        name=name, kinds="、".join(SIGNATURES)))  # fmt: skip
    if len(content) > most * MEGABYTE:
        raise BadFile(_("“%(name)s” is larger than %(most)s MB.", name=name, most=most))
    if not content:
        raise BadFile(_("“%(name)s” is empty.", name=name))
    starts = SIGNATURES[ending]
    head = content[4:16] if ending == "mp4" else content[:16]
    fits = any(head.startswith(start) for start in starts) if starts else _is_text(content)
    if not fits or (ending in INSIDE and not _holds(content, INSIDE[ending])):
        raise BadFile(
            _("The content of “%(name)s” is not what its ending says. Save it again in that format.", name=name)
        )
    return ending


def _is_text(content: bytes) -> bool:
    if b"\x00" in content:
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


def _holds(content: bytes, inside: str) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return any(name.startswith(inside) for name in archive.namelist()[:5000])
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def find_files(session: Session, ids: Iterable[str]) -> dict[str, StoredFile]:
    """The stored files of these ids; whether the person may have them is decided by the row they hang on."""
    wanted = [item for item in ids if re.fullmatch(r"[0-9a-f]{32}", item)]
    if not wanted:
        return {}
    found = session.scalars(select(StoredFile).where(StoredFile.id.in_(wanted)))
    return {item.id: item for item in found}
