"""What a person may do: every record and verb, how far, and by which role or group."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.access import Forbidden, may
from app.auth.holders import Holder, holder, stored
from app.catalog import Entry, current
from app.declare.access import Verb
from app.screens.common import know_args
from app.screens.explain import Told, asked_entry, page_of
from app.screens.frames import render
from app.screens.pages import Link, Page
from app.screens.shell import me
from app.screens.words import GrantLine, line_of, verb_words, via_words
from app.store.labels import labels, nobody
from app.store.save import Missing
from app.store.session import db


@dataclass(frozen=True)
class RecordRights:
    """A record with the grants that somebody holds on it."""

    title: str
    icon: str
    url: str
    lines: tuple[GrantLine, ...]


@dataclass(frozen=True)
class RightsPage:
    """What a person may do; `without` names the records they may do nothing with."""

    page: Page
    told: tuple[Told, ...]
    verbs: tuple[str, ...]
    records: tuple[RecordRights, ...]
    without: str
    active: bool
    back_url: str


def route(blueprint: Blueprint) -> None:
    """Add the route of the question."""
    blueprint.add_url_rule("/records/<record>/<id:pk>/rights", "rights", show_rights)


def show_rights(record: str, pk: int) -> ResponseReturnValue:
    """What the person of an account may do; only of accounts that the asker may see."""
    entry = asked_entry(record)
    know_args()
    if entry is not current().account:
        raise NotFound(_("This is no account."))
    if not may(me(), entry, Verb.READ):
        raise Forbidden(entry, Verb.READ)
    label = labels(db(), entry, [pk]).get(pk)
    found = holder(db(), stored(db(), current()), pk) if label else None
    if label is None or found is None:
        raise Missing(entry.name, pk)
    back = url_for("records.show", record=record, pk=pk)
    title = _("What may %(name)s do?", name=found.person.name)
    page = RightsPage(
        page=page_of(entry, title, Link(label, back), Link(_("What may this person do?"), "")),
        told=_told(found),
        verbs=verb_words(),
        records=tuple(_record(one, found) for one in current() if one.name in found.person.grants),
        without="、".join(one.title for one in current() if one.name not in found.person.grants),
        active=found.active,
        back_url=back,
    )
    return render("records/rights.html", page=page)


def _told(one: Holder) -> tuple[Told, ...]:
    person, unit = one.person, current().unit
    name = "" if unit is None or person.unit_id is None else labels(db(), unit, [person.unit_id]).get(person.unit_id)
    return (
        Told(_("Unit"), _("none") if person.unit_id is None else name or nobody()),
        Told(_("Clearance"), str(person.clearance.label)),
        Told(_("Roles"), "、".join(via_words(role, group) for role, group in one.roles) or _("none")),
    )


def _record(entry: Entry, one: Holder) -> RecordRights:
    lines = tuple(
        line_of(entry, held.stored, via_words(held.stored.role, held.group))
        for held in one.held
        if held.stored.record == entry.name
    )
    return RecordRights(entry.title, entry.screen.icon, url_for("records.access", record=entry.name), lines)
