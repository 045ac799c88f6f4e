"""Pages whose rows differ and whose rest does not: the rest is drawn once for the same data, with holes to fill.

What a page shows is data that never changes, so the data itself is the key: another person, language, filter or unread
message is other data, and nothing can be stale.
"""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any, NamedTuple

from flask import Flask, current_app, render_template, session
from flask_babel import get_locale
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from app.screens.shell import here, make_shell

Drawn = tuple[bytes | str, int]
"""A page as it is sent, and its status."""
KEPT = 256
"""Frames that one process keeps; each is some tens of kilobytes."""
MOST_TOKENS = 2_000
FLASHES, FIELD = "_flashes", "csrf_token"
"""Where the session has what is told once, and the secret of form tokens."""
BLOCKS = ("title", "bodyattrs", "content", "dialogs")
"""What a page is made of beside its shell, in the order of _blocks.html."""


class Frame(NamedTuple):
    """A page as it is sent, in pieces, and the names of the holes between them."""

    texts: tuple[bytes, ...]
    holes: tuple[str, ...]


class Frames:
    """The frames of one application, the least used ones forgotten first."""

    def __init__(self) -> None:
        # nobody can type what is not known before the process starts
        self._mark = secrets.token_hex(8)
        self._splits = re.compile(f"{self._mark}:([a-z]+);")
        self._known: OrderedDict[Any, Frame] = OrderedDict()
        self._tokens: dict[str, bytes] = {}
        self._lock = Lock()

    def hole(self, name: str) -> Markup:
        """What stands in a frame for a part that is filled in each time."""
        return Markup(f"{self._mark}:{name};")  # noqa: S704  # made of digits and a name of ours

    def get(self, key: Any) -> Frame | None:
        """The frame that was drawn of the same data, or None."""
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
            return found

    def keep(self, key: Any, html: str) -> Frame:
        """Remember a drawn frame."""
        texts = self._splits.split(html)
        parts = Frame(tuple(text.encode() for text in texts[::2]), tuple(texts[1::2]))
        with self._lock:
            self._known[key] = parts
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return parts

    def token(self) -> bytes:
        """The form token of the browser's session, signed once for as long as the session has it."""
        secret = session.get(FIELD)
        found = self._tokens.get(secret) if secret else None
        if found is None:
            found = generate_csrf().encode()
            if len(self._tokens) >= MOST_TOKENS:
                self._tokens.clear()
            self._tokens[session[FIELD]] = found
        return found


def install(app: Flask) -> None:
    """Give an application its frames."""
    app.extensions["frames"] = Frames()


def render(template: str, status: int = 200, **values: Any) -> Drawn:
    """A page with its shell: only the page's own blocks are drawn each time. Its template extends `layout`."""
    frames: Frames = current_app.extensions["frames"]
    border = frames.hole("border")
    drawn = render_template(
        template, layout="_blocks.html", border=border, lang=get_locale().language, here=here(),
        csrf_token=lambda: frames.token().decode(), **values,
    )  # fmt: skip
    blocks = (block.encode() for block in drawn.split(border))
    return render_framed("_framed.html", dict(zip(BLOCKS, blocks, strict=True))), status


def render_framed(template: str, parts: Mapping[str, bytes], **values: Any) -> bytes | str:
    """A page with its shell; `values` are data that can be hashed, `parts` the HTML that differs each time.

    In the template each part stands under its own name, as do `csrf_token` and `here`, the address of the page.
    """
    frames: Frames = current_app.extensions["frames"]
    shell, language = make_shell(), get_locale().language
    values |= {"shell": shell, "lang": language}
    if session.get(FLASHES):
        # what is told once is in no frame
        filled = {name: Markup(html.decode()) for name, html in parts.items()}  # noqa: S704  # drawn by our templates
        return render_template(template, **values, **filled, here=here())
    key = (template, *values.items())
    found = frames.get(key)
    if found is None:
        holes = {name: frames.hole(name) for name in (*parts, "token", "here")}
        token = holes.pop("token")
        found = frames.keep(key, render_template(template, **values, **holes, csrf_token=lambda: token))
    filling = {**parts, "token": frames.token(), "here": Markup.escape(here()).encode()}
    pieces = [found.texts[0]]
    for hole, text in zip(found.holes, found.texts[1:], strict=True):
        pieces += (filling[hole], text)
    return b"".join(pieces)
