"""Texts as pictures that a camera reads."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr_code(text: str) -> Markup:
    """A QR code as an svg element without inline style, black on white in the dark as well."""
    made = segno.make(text, error="m", micro=False)
    return Markup(made.svg_inline(border=4, dark="#000", light="#fff", svgclass="rn-qr", lineclass=None, omitsize=True))  # noqa: S704  # segno draws numbers alone
