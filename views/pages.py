"""What the home page shows, as data: beside what `app.screens.pages` has for every page."""

from __future__ import annotations

from dataclasses import dataclass

from app.screens.pages import Cell, Link, Page


@dataclass(frozen=True)
class Figure:
    """A figure at the top of the home page; `percent` draws a bar, `aims` are marks on it, in percent too."""

    label: str
    value: str
    unit: str = ""
    beside: str = ""
    note: str = ""
    percent: float | None = None
    aims: tuple[float, ...] = ()
    badge: Cell | None = None
    url: str = ""


@dataclass(frozen=True)
class Line:
    """One line of a card of the home page."""

    text: str
    url: str
    hint: str = ""
    icon: str = ""
    badge: Cell | None = None


@dataclass(frozen=True)
class Block:
    """A card of the home page: lines to go to; `width` counts columns of a 12-column grid."""

    title: str
    lines: tuple[Line, ...]
    count: str = ""
    all_url: str = ""
    empty_text: str = ""
    width: int = 6


@dataclass(frozen=True)
class HomePage:
    """What a person does most: a word of who they are here, figures, and what waits for them."""

    page: Page
    subtitle: str
    figures: tuple[Figure, ...]
    blocks: tuple[Block, ...]
    actions: tuple[Link, ...] = ()
