"""Cells and lines of lists as HTML: by the thousand, so in Python; templates would take most of a page's time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from flask import Flask
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.screens.pages import Cell, Column, Link, Pager, Row

TONES = {
    **dict.fromkeys(("red", "danger", "error", "bad", "late"), "red"),
    **dict.fromkeys(("amber", "yellow", "warning", "orange", "wait"), "yellow"),
    **dict.fromkeys(("green", "success", "good", "done"), "green"),
    **dict.fromkeys(("blue", "info", "primary", "accent"), "blue"),
}
"""Signals are three: red is late or wrong, amber waits or warns, green is done; blue is the accent, the rest grey."""
CLIPPED = 24
"""Characters beyond which a column may cut a text short: its whole stands in the title."""
SIGNS = re.compile("[&<>'\"]")
PLACES = {"state": "rn-state", "more": "rn-more"}


def install(app: Flask) -> None:
    """Give the templates what is drawn here."""
    app.jinja_env.globals.update(draw_cell=draw_cell, tone=tone)


def tone(name: str) -> str:
    """The colour of a signal, or of none."""
    return TONES.get(str(name).lower(), "secondary")


def safe(text: str) -> str:
    """A text with what HTML would read as its own written out; most values have no such sign."""
    return text if text.isalnum() or not SIGNS.search(text) else str(escape(text))


def _marked(cell: Cell) -> str:
    """The cell's text with what a search found in it marked."""
    if not cell.marks:
        return safe(cell.text)
    parts, place = [], 0
    for start, end in cell.marks:
        parts.append(f"{safe(cell.text[place:start])}<mark>{safe(cell.text[start:end])}</mark>")
        place = end
    return f"{''.join(parts)}{safe(cell.text[place:])}"


def draw_cell(cell: Cell, full: bool = False, state: bool = False) -> Markup:
    """One value. `full` writes long text out, a list clips it; with `state` any choice is a badge."""
    return Markup(_cell(cell, full, state))  # noqa: S704  # every value in it went through `safe`


def _cell(cell: Cell, full: bool, state: bool) -> str:
    kind, text = cell.kind, _marked(cell)
    if kind == "badge" and text and (state or tone(cell.tone) != "secondary"):
        return f'<span class="badge bg-{tone(cell.tone)}-lt">{text}</span>'
    if kind == "empty" or not (text or cell.links):
        return '<span class="text-secondary">—</span>'
    if kind == "files":
        return _files(cell)
    if kind == "ref" and cell.links:
        return "、".join(_anchor(link) for link in cell.links)
    if kind == "masked":
        return f'<span class="rn-id">{text}</span>{_reveal(cell) if cell.url else ""}'
    if kind == "prose":
        title = safe(_start(cell.text))
        return f'<div class="rn-prose">{text}</div>' if full else f'<span class="rn-clip" title="{title}">{text}</span>'
    if kind in ("date", "number"):
        colour = f" text-{tone(cell.tone)}" if cell.tone else ""
        return f'<span class="rn-when{colour}">{text}</span>'
    if kind == "flag":
        return text
    if cell.url:
        return f'<a{"" if full else CLIP} href="{safe(cell.url)}">{text}</a>'
    return text if full else f"<span{CLIP}{_title(cell.text)}>{text}</span>"


CLIP = ' class="rn-clip"'


def _title(text: str) -> str:
    return f' title="{safe(text)}"' if len(text) > CLIPPED else ""


def _start(text: str) -> str:
    """The beginning of a long text, cut between words where it has any."""
    return text if len(text) <= 405 else f"{text[:397].rsplit(' ', 1)[0]}..."


def _anchor(link: Link) -> str:
    return f'<a href="{safe(link.url)}">{safe(link.label)}</a>' if link.url else safe(link.label)


def _files(cell: Cell) -> str:
    lines = [
        f'<li><a href="{safe(link.url)}"><i class="ti ti-{link.icon or "paperclip"}" aria-hidden="true"></i> '
        f"{safe(link.label)}</a></li>"
        for link in cell.links
    ]
    return f'<ul class="rn-files">{"".join(lines) or f"<li>{safe(cell.text)}</li>"}</ul>'


def _reveal(cell: Cell) -> str:
    hint = safe(cell.hint)
    return (
        f' <button class="rn-iconbtn rn-noprint" type="button" data-rn-reveal="{safe(cell.url)}" aria-pressed="false"'
        f' aria-label="{hint}" title="{hint}"><i class="ti ti-eye" aria-hidden="true"></i></button>'
    )


def draw_lines(
    columns: Sequence[Column], rows: Sequence[Row], *, selectable: bool, editing: bool, fragment: bool
) -> list[str]:
    """The lines of a list; in a fragment without the columns that a phone's card hides.

    With `editing` there is a place for the pencil of those that may be edited.
    """
    has_main = any(column.part == "main" for column in columns)
    places = [
        _Place(index, column, main=column.part == "main" or (not has_main and index == 0))
        for index, column in enumerate(columns)
        if not fragment or column.part != "more"
    ]
    pick = _("Select %(label)s") if selectable else ""
    edit = _("Edit %(label)s") if editing else ""
    return [_row(row, places, pick, edit) for row in rows]


def draw_turns(pager: Pager, fragment: bool = False) -> Markup:
    """The ways to a list's other pages; in a fragment they load into it."""
    if not (pager.previous or pager.next):
        return Markup()
    title, insides = _turns(str(get_locale()))
    urls = (pager.first, pager.previous, pager.next, pager.last)
    rels = ("", "prev", "next", "")
    lines = "".join([_way(*way, fragment) for way in zip(urls, insides, rels, strict=True)])
    return Markup(f'<nav class="ms-auto" aria-label="{title}"><ul>{lines}</ul></nav>')  # noqa: S704  # as above


@lru_cache(maxsize=8)
def _turns(_language: str) -> tuple[str, tuple[str, ...]]:
    """What the ways to other pages are called together, and what stands in each."""
    ways = (
        (_("First"), "chevrons-left", ""),
        (_("Previous"), "chevron-left", ""),
        (_("Next"), "", "chevron-right"),
        (_("Last"), "", "chevrons-right"),
    )
    return safe(_("Pages")), tuple(
        f'{_icon(before)}<span class="p-0">{safe(label)}</span>{_icon(after)}' for label, before, after in ways
    )


def _icon(name: str) -> str:
    return f'<i class="ti ti-{name}" aria-hidden="true"></i>' if name else ""


def _way(url: str, inside: str, rel: str, fragment: bool) -> str:
    if not url:
        return f'<li><span aria-disabled="true">{inside}</span></li>'
    into = f' hx-get="{safe(url)}" hx-target="closest [data-rn-fragment]" hx-swap="innerHTML"' if fragment else ""
    role = f' rel="{rel}"' if rel else ""
    return f'<li><a href="{safe(url)}"{role}{into}>{inside}</a></li>'


class _Place:
    """A column while its cells are drawn: each value that comes again is drawn once."""

    def __init__(self, index: int, column: Column, *, main: bool) -> None:
        self.index = index
        self.main = main
        self.state = column.part == "state"
        self.drawn: dict[int, str] = {}
        label = f' data-label="{safe(column.label)}"' if column.part == "line" else ""
        number = " rn-num" if column.numeric else ""
        self.opening = f'<td class="{PLACES.get(column.part, "rn-line")}{number}"{label}>'

    def draw(self, row: Row) -> str:
        cell = row.cells[self.index]
        if self.main:
            return f'<td class="rn-main-cell">{_main(row, cell)}</td>'
        found = self.drawn.get(id(cell))
        if found is None:
            found = self.drawn[id(cell)] = f"{self.opening}{_cell(cell, False, self.state)}</td>"
        return found


def _main(row: Row, cell: Cell) -> str:
    """The value that opens a row, and leads to its page."""
    if not row.url:
        return _cell(cell, False, False)
    text = _marked(cell)
    return f'<a class="rn-clip" href="{safe(row.url)}"{_title(cell.text)}>{text or safe(row.label) or "—"}</a>'


def _row(row: Row, places: list[_Place], pick: str, edit: str) -> str:
    url, edit_url = safe(row.url), safe(row.edit_url)
    parts = [f'<tr data-pk="{row.pk}" data-url="{url}"', f' data-edit-url="{edit_url}">' if edit_url else ">"]
    if pick:
        hint = safe(pick % {"label": row.label})
        parts.append(
            f'<td class="rn-pick"><input class="form-check-input" type="checkbox" name="ids" value="{row.pk}"'
            f' form="rn-bulk" data-rn-one aria-label="{hint}"></td>'
        )
    parts += [place.draw(row) for place in places]
    if edit and edit_url:
        hint = safe(edit % {"label": row.label})
        parts.append(
            f'<td class="rn-rowact"><a class="rn-iconbtn" href="{edit_url}" aria-label="{hint}">'
            '<i class="ti ti-pencil" aria-hidden="true"></i></a></td>'
        )
    elif edit:
        parts.append('<td class="rn-rowact"></td>')
    parts.append("</tr>\n")
    return "".join(parts)
