"""Translated texts: the reader's language is found once a request, not once a text."""

from __future__ import annotations

from typing import Any

from babel.support import NullTranslations
from flask import Flask, g
from flask_babel import Domain
from markupsafe import Markup

KEPT = "_flask_babel"
"""Where Flask-Babel keeps what it knows of the reader; `force_locale` puts the language away there, and back."""


class Marked(dict[str, Markup]):
    """The texts of one language as templates write them: their own markup stays."""

    def __init__(self, translations: NullTranslations) -> None:
        super().__init__()
        self.translations = translations

    def __missing__(self, text: str) -> Markup:
        found = self[text] = Markup(self.translations.ugettext(text))  # noqa: S704  # ours, as templates are
        return found


class Texts(Domain):  # type: ignore[misc]  # Flask-Babel is untyped
    """Flask-Babel's texts; a page has some hundreds, all in one language."""

    def __init__(self) -> None:
        super().__init__()
        self._marked: dict[int, Marked] = {}

    def get_translations(self) -> NullTranslations:
        """The translations of the reader's language."""
        try:
            kept = g.get(KEPT)
        except RuntimeError:
            return NullTranslations()
        found: NullTranslations | None = getattr(kept, "babel_translations", None)
        if found is None:
            found = super().get_translations()
            g.get(KEPT).babel_translations = found
        return found

    def marked(self) -> Marked:
        """The texts of the reader's language for templates."""
        translations = self.get_translations()
        found = self._marked.get(id(translations))
        if found is None:
            # the translations of a language are kept by the domain for good, so its id stays its own
            found = self._marked[id(translations)] = Marked(translations)
        return found


def install(app: Flask) -> None:
    """Let an application, and its templates, look texts up this way."""
    texts = Texts()
    app.extensions["babel"].instance.domain_instance = texts

    def written(text: str, /, **values: Any) -> Markup:
        """A text of a template, with its values escaped."""
        found = texts.marked()[text]
        return found % values if values or "%" in found else found

    app.jinja_env.globals["_"] = written
