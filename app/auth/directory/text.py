"""Names in the directory's notations: escaped for filters and distinguished names, and brought into one form."""

from __future__ import annotations

import re
from functools import lru_cache

Dn = tuple[tuple[str, str], ...]
"""A distinguished name as (attribute, value) pairs, in lower case and without escapes: equal ones compare equal."""

# atomic, so that a name written to waste time is read in one pass
_PART = re.compile(r"((?>\\[0-9A-Fa-f]{2}|\\.|[^\\,;+])*+)([,;+]|$)", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)


def escaped(value: str) -> str:
    r"""A value that stands for itself alone in a filter (RFC 4515) and in a distinguished name (RFC 4514).

    Both notations write any byte as `\xx`, so everything but ASCII letters and digits is written that way.
    """
    return "".join(
        chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f"\\{byte:02x}"
        for byte in value.encode("utf-8", "surrogatepass")
    )


def parts_of(text: str) -> list[tuple[str, str]]:
    """The (attribute, value) pairs of a distinguished name, the entry's own first; none of a text that is no such name.

    ldap3 has a reader of its own, which refuses names that servers give, such as those with an escaped semicolon.
    """
    return [(name, value) for _before, name, value in _read(text)]


def _read(text: str) -> list[tuple[str, str, str]]:
    """The same, each pair with what parts it from the one before."""
    found, place, before = [], 0, ""
    while place < len(text):
        part = _PART.match(text, place)
        if part is None or "=" not in part[1]:
            return []
        name, _equals, value = part[1].partition("=")
        found.append((before, name.strip(), unescaped(value)))
        place, before = part.end(), part[2]
    return found


@lru_cache(maxsize=8192)
def read_dn(text: str) -> Dn:
    """A distinguished name to compare; of a text that is none, the text itself."""
    # a second pair of one level stays apart from a level of its own: cn=a+ou=b does not lie below ou=b
    marks = {"+": "+"}
    found = _read(text)
    return tuple((marks.get(before, "") + name.lower(), plain(value)) for before, name, value in found) or (
        ("", text.casefold()),
    )


def lies_below(text: str, base: str) -> bool:
    """Whether a distinguished name is another, or lies below it."""
    above = read_dn(base)
    return read_dn(text)[-len(above) :] == above


def plain(text: str) -> str:
    """A text to compare by: spaces and capitals make no difference, as to a directory."""
    return " ".join(text.split()).casefold()


def unescaped(value: str) -> str:
    """The text that a value within a distinguished name stands for."""
    # a space at the end belongs to the value only where it is escaped
    bare = value.lstrip(" ")
    while bare.endswith(" ") and not bare.endswith("\\ "):
        bare = bare[:-1]
    return _ESCAPED.sub(_byte, bare.encode("utf-8", "replace")).decode("utf-8", "replace")


def _byte(found: re.Match[bytes]) -> bytes:
    inner = found[1]
    return bytes.fromhex(inner.decode()) if len(inner) == 2 else inner


def organisational_units(text: str) -> list[str]:
    """The organisational units that an entry lies in, the nearest first."""
    return [value.strip() for name, value in parts_of(text)[1:] if name.lower() == "ou"]


def name_in(text: str) -> str:
    """What a distinguished name calls its entry."""
    return next((value.strip() for _name, value in parts_of(text)), text)
