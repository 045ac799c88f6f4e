"""Keeps the translations in step with the sources.

tools/translations.py check     say which texts lack a Chinese form; the exit status is 1 if any does
tools/translations.py missing   print those texts as JSON
tools/translations.py update    take new texts into the catalogues, and drop those no longer used
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parents[1]
CATALOGUES: Final = ROOT / "translations"
COMPLETE: Final = "zh"
SOURCES: Final = ("app", "commands", "models", "views", "seeds", "run.py", "config.py")
METHODS: Final = [("static/**", "ignore"), ("**.py", "python"), ("**.html", "jinja2")]
# Without this a template that does not parse is skipped, and its texts are taken for unused.
OPTIONS: Final = {"**.html": {"silent": "false"}}
KEYWORDS: Final = {
    **DEFAULT_KEYWORDS,
    "_l": None,
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
    "lazy_pgettext": ((1, "c"), 2),
}
CHINESE: Final = re.compile(r"[\u3400-\u9fff]")
PLACEHOLDER: Final = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")


def sources() -> Catalog:
    """Extract every text of the sources."""
    found = Catalog(project="rainbow-net-console", charset="utf-8")
    for name in SOURCES:
        path = ROOT / name
        if path.is_dir():
            texts = extract_from_dir(path, METHODS, OPTIONS, KEYWORDS, ("Translators:",), strip_comment_tags=True)
        elif path.is_file():
            texts = extract_from_dir(ROOT, [(name, "python")], {}, KEYWORDS, directory_filter=lambda _: False)
        else:
            continue
        for file, line, text, comments, context in texts:
            where = f"{name}/{file}" if path.is_dir() else name
            found.add(text, locations=[(where, line)], auto_comments=comments, context=context)
    return found


def catalogue(language: str) -> Catalog:
    """Read the catalogue of a language; an empty one where there is none yet."""
    path = _path(language)
    if not path.exists():
        return _named(Catalog(locale=language))
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def _named(new: Catalog) -> Catalog:
    new.project, new.version, new.charset = "rainbow-net-console", "1", "utf-8"
    new.header_comment = "# Texts of the Rainbow Net console. Renew with `make translations`; edit the msgstr lines."
    new.msgid_bugs_address = new.last_translator = new.language_team = "Rainbow Net console"
    new.fuzzy = False  # a fuzzy header keeps the whole catalogue from being compiled
    new.revision_date = new.creation_date
    return new


def faults(wanted: Catalog, known: Catalog) -> dict[str, str]:
    """Return what is wrong with the translations, by text."""
    found = {}
    for message in wanted:
        source = _first(message.id)
        if not source or CHINESE.search(source):
            continue  # what is Chinese to begin with needs no Chinese form
        match = known.get(message.id, message.context)
        fault = _fault(message, match)
        if fault:
            found[source] = f"{fault} ({':'.join(map(str, message.locations[0]))})"
    return found


def _fault(message: Message, match: Message | None) -> str:
    forms = _forms(match.string) if match else ()
    if not forms or not all(forms):
        return "has no translation"
    if match and match.fuzzy:
        return "is marked fuzzy"
    # The plural form may name more than the singular: Chinese has one form, for both.
    allowed = [Counter(PLACEHOLDER.findall(text)) for text in _forms(message.id)]
    if not all(Counter(PLACEHOLDER.findall(form)) in allowed for form in forms):
        return "differs in its placeholders from its translation"
    return ""


def _forms(text: object) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, list | tuple) else (str(text or ""),)


def _first(text: object) -> str:
    return _forms(text)[0]


def _path(language: str) -> Path:
    return CATALOGUES / language / "LC_MESSAGES" / "messages.po"


def check() -> int:
    """Print the faults of the complete language; return how the process should end."""
    wanted = sources()
    found = faults(wanted, catalogue(COMPLETE))
    for text, fault in found.items():
        print(f"{text!r} {fault}")
    print(f"{len(wanted)} texts, {len(found)} without a sound {COMPLETE} form")
    return int(bool(found))


def missing() -> int:
    """Print the texts that lack a sound form as a JSON list."""
    print(json.dumps(sorted(faults(sources(), catalogue(COMPLETE))), ensure_ascii=False, indent=0))
    return 0


def update() -> int:
    """Write every catalogue anew with the texts of the sources."""
    wanted = sources()
    languages = {COMPLETE, *(path.parent.parent.name for path in CATALOGUES.glob("*/LC_MESSAGES/messages.po"))}
    for language in sorted(languages):
        known = catalogue(language)
        # A guess at a translation passes for one too easily, and dates change at every run.
        known.update(wanted, no_fuzzy_matching=True, update_creation_date=False)
        known.obsolete.clear()
        _path(language).parent.mkdir(parents=True, exist_ok=True)
        with _path(language).open("wb") as file:
            write_po(file, known, width=0, sort_output=True, include_lineno=False)
        print(f"{language}: {len(known)} texts, {len(faults(wanted, known))} open")
    return 0


if __name__ == "__main__":
    tasks = {"check": check, "missing": missing, "update": update}
    task = tasks.get(" ".join(sys.argv[1:]))
    if task is None:
        sys.exit(__doc__)
    sys.exit(task())
