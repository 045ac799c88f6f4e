"""Texts as cells hold them: escaped, within the limit, and never run as a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from flask_babel import gettext as _

LONGEST = 32_767
"""Characters of a cell, counted as Excel does: in UTF-16."""
BETWEEN = "\x01"
UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]")
"""What XML cannot hold, and the carriage return, which it would change."""
FORMULA = re.compile("\x01'*[=+\\-@＝＋－＠\t\r\n ]")
BEGINNINGS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet would run as a formula; with Chinese input methods also by the wide signs."""
CODED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""How a spreadsheet writes a character by its number; a text that looks so is written with its own number."""


class Text(NamedTuple):
    """A text ready for XML; `quoted` if it looks like a formula, `kept` if spaces at its ends must be kept."""

    xml: str
    quoted: bool
    kept: bool
    cut: bool


def joined(values: Iterable[str]) -> str:
    """The values with BETWEEN around each, so that one search looks at them all."""
    return BETWEEN.join(("", *values, ""))


def all_plain(values: Sequence[str], together: str) -> bool:
    """Whether none of the values needs a look of its own; `together` is what `joined` made of them."""
    return not (
        together.count(BETWEEN) != len(values) + 1
        or FORMULA.search(together)
        or " \x01" in together
        or "\n\x01" in together
        or "\t\x01" in together
        or "_x" in together
        or UNWRITABLE.search(together.replace(BETWEEN, ""))
    )


def for_xml(value: str) -> Text:
    """A text as a cell of a sheet holds it."""
    text = UNWRITABLE.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    text, cut = within_limit(text)
    kept = text != text.strip(" \t\n")
    return Text(CODED.sub("_x005F_", escape(text)), text.startswith(BEGINNINGS), kept, cut)


def within_limit(text: str) -> tuple[str, bool]:
    """The text, cut where a cell ends and saying so there, and whether it was cut."""
    if len(text) <= LONGEST // 2 or _units(text) <= LONGEST:
        return text, False
    note = str(_("… (cut here: a cell holds %(limit)s characters at most)", limit=f"{LONGEST:,}"))
    room = (LONGEST - len(note)) * 2
    return text.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + note, True


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def for_csv(value: str) -> str:
    """A text as a line of comma-separated values holds it: an apostrophe keeps it from being run as a formula.

    One that begins so by itself gets a second one, as the first is taken away when it comes back.
    """
    return f"'{value}" if value.lstrip("'").startswith(BEGINNINGS) else value


def width(text: str) -> int:
    """How many narrow characters the first line of a text is wide: Chinese ones are two."""
    line = text.partition("\n")[0]
    return len(line) + sum(1 for character in line if character >= "\u1100")
