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
from typing import Any

from flask import Flask, current_app, render_template, session
from flask_babel import get_locale
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from app.screens.shell import here, make_shell

KEPT = 128
"""Frames that one process keeps; each is some tens of kilobytes."""
FLASHES = "_flashes"


class Frames:
    """The frames of one application, the least used ones forgotten first."""

    def __init__(self) -> None:
        # nobody can type what is not known before the process starts
        self._mark = secrets.token_hex(8)
        self._splits = re.compile(f"{self._mark}:([a-z]+);")
        self._known: OrderedDict[Any, list[str]] = OrderedDict()
        self._lock = Lock()

    def hole(self, name: str) -> Markup:
        """What stands in a frame for a part that is filled in each time."""
        return Markup(f"{self._mark}:{name};")  # noqa: S704  # made of digits and a name of ours

    def get(self, key: Any) -> list[str] | None:
        """Texts and names of holes by turns, or None."""
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
            return found

    def keep(self, key: Any, html: str) -> list[str]:
        """Remember a drawn frame."""
        parts = self._splits.split(html)
        with self._lock:
            self._known[key] = parts
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return parts


def install(app: Flask) -> None:
    """Give an application its frames."""
    app.extensions["frames"] = Frames()


def render_framed(template: str, parts: Mapping[str, str], **values: Any) -> str:
    """A page with its shell; `values` are data that can be hashed, `parts` the HTML that differs each time.

    In the template each part stands under its own name, as do `csrf_token` and `here`, the address of the page.
    """
    frames: Frames = current_app.extensions["frames"]
    shell, language = make_shell(), get_locale().language
    values |= {"shell": shell, "lang": language}
    if session.get(FLASHES):
        # what is told once is in no frame
        filled = {name: Markup(text) for name, text in parts.items()}  # noqa: S704  # drawn by our templates
        return render_template(template, **values, **filled, here=here())
    key = (template, *values.items())
    found = frames.get(key)
    if found is None:
        holes = {name: frames.hole(name) for name in (*parts, "token", "here")}
        token = holes.pop("token")
        found = frames.keep(key, render_template(template, **values, **holes, csrf_token=lambda: token))
    filling = {**parts, "token": generate_csrf(), "here": str(Markup.escape(here()))}
    return "".join([filling[part] if place % 2 else part for place, part in enumerate(found)])
