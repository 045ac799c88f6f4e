"""What stands around every page: menu, person, language; and how a part of a page is rendered."""

from __future__ import annotations

import hashlib
from functools import cache
from itertools import groupby
from pathlib import Path
from time import monotonic
from typing import Any

from flask import Flask, current_app, g, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user

from app.access import Person, may
from app.access.explain import keeps_console
from app.catalog import Catalog, Entry, current
from app.declare.access import Verb
from app.screens.bell import make_bell
from app.screens.pages import Bell, Link, MenuGroup, Shell
from app.store.labels import labels
from app.store.session import db

REMEMBERED = 300.0
"""Seconds for which the name of a person's unit is remembered."""


def install(app: Flask) -> None:
    """Give static files addresses that change with their content."""
    app.url_defaults(lambda endpoint, values: _add_digest(app, endpoint, values))


def _add_digest(app: Flask, endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "filename" in values and app.static_folder:
        values["v"] = _digest(Path(app.static_folder) / values["filename"])


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else ""


def me() -> Person:
    """Who is signed in; pages behind the gate always have somebody."""
    known: Person | None = g.get("person")
    return current_user._get_current_object() if known is None else known  # noqa: SLF001  # Flask-Login's proxy


def here() -> str:
    """The address of the page, to come back to; what a form sent has none."""
    return request.full_path if request.method == "GET" else "/"


def fragment(template: str, status: int = 200, **values: Any) -> tuple[str, int]:
    """A part of a page."""
    return render_template(template, lang=get_locale().language, **values), status


def readable_entries(catalog: Catalog, person: Person) -> list[Entry]:
    """The records in whose lists the person may see rows, in menu order."""
    found = [entry for entry in catalog if may(person, entry, Verb.READ)]
    return sorted(found, key=lambda entry: entry.menu.place)


def make_shell() -> Shell:
    """The shell of the signed-in person."""
    person = me()
    active = (request.view_args or {}).get("record")
    unit = unit_label(person)
    roles = person.memo.get((role_labels, _language()))
    if roles is None:
        roles = person.memo[role_labels, _language()] = "、".join(role_labels(person))
    affiliation = " · ".join(text for text in (unit, roles) if text)
    bell, home = make_bell(person), request.path == "/"
    key = (make_shell, current(), _language(), request.script_root, active, home)
    known: Shell | None = person.memo.get(key)
    if known is None or known.bell != bell or known.affiliation != affiliation:
        known = person.memo[key] = _shell(person, active, home, affiliation, bell)
    return known


def _shell(person: Person, active: str | None, home: bool, affiliation: str, bell: Bell) -> Shell:
    groups = [MenuGroup("", "", (Link(_("Home"), url_for("home.home"), "layout-dashboard", home),))]
    for label, icon, links in _menu(person):
        shown = (link._replace(active=True) if name == active else link for name, link in links)
        groups.append(MenuGroup(label, icon, tuple(shown)))
    keeps, accounts = keeps_console(current(), person), current().account
    return Shell(
        # nothing of it opens before somebody has chosen a password of their own, or set up what their role requires
        menu=() if person.held_up else tuple(groups),
        person=person.name,
        initial=person.name[:1].upper(),
        affiliation=affiliation,
        account_links=()
        if person.held_up
        else (
            Link(_("Jobs"), url_for("records.jobs"), "bell"),
            Link(_("Where I am signed in"), url_for("records.sessions"), "devices"),
            Link(_("Change the password"), url_for("records.password"), "lock-password"),
            Link(_("Second factor"), url_for("records.second_factor"), "device-mobile"),
            Link(_("Access tokens"), url_for("records.tokens"), "key"),
            Link(_("REST interface"), url_for("records.api_docs"), "api"),
            *(
                [Link(_("Everybody’s access tokens"), url_for("records.everyones_tokens"), "users")]
                if accounts is not None and may(person, accounts, Verb.EDIT)
                else []
            ),
            *([Link(_("Slow filters"), url_for("records.filter_use"), "gauge")] if keeps else []),
            *(
                [Link(_("Directory"), url_for("records.directory_sync"), "refresh")]
                if keeps and current_app.extensions["directory"]
                else []
            ),
        ),
        bell=bell,
        ceiling=str(current_app.config["CEILING"].label),
    )


def _menu(person: Person) -> list[tuple[str, str, list[tuple[str, Link]]]]:
    """Each heading with its icon and its records by name: put together once for as long as the person's grants stay."""
    key = (_menu, current(), _language(), request.script_root)
    found: list[tuple[str, str, list[tuple[str, Link]]]] | None = person.memo.get(key)
    if found is None:
        entries = [entry for entry in readable_entries(current(), person) if entry.whole is None]
        found = person.memo[key] = [
            (str(menu.label), menu.icon, [(entry.name, _list_link(entry)) for entry in members])
            for menu, members in groupby(entries, key=lambda entry: entry.menu)
        ]
    return found


def _list_link(entry: Entry) -> Link:
    return Link(entry.title, url_for("records.list", record=entry.name), entry.screen.icon)


def role_labels(person: Person) -> list[str]:
    """The person's roles as people call them; a role made by an administrator by its name."""
    known = current().roles
    return [str(known[name].label) if name in known else name for name in person.roles]


def unit_label(person: Person) -> str:
    """The name of the person's unit; when it changes, the corner of the page follows within REMEMBERED."""
    unit = current().unit
    if unit is None or person.unit_id is None:
        return ""
    known, until = person.memo.get((unit_label, _language()), ("", 0.0))
    if monotonic() > until:
        known = labels(db(), unit, [person.unit_id]).get(person.unit_id, "")
        person.memo[unit_label, _language()] = known, monotonic() + REMEMBERED
    return str(known)


def _language() -> str:
    return str(get_locale().language)
