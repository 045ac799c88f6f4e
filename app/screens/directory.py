"""Try the mapping: what the directory says of a user name and what the rules make of it, without anybody signing in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from app.access import Forbidden, may
from app.auth.directory.errors import Down
from app.auth.directory.sign_in import directory
from app.auth.people import find_account
from app.catalog import Entry, current
from app.declare.access import Verb
from app.declare.choices import Classification
from app.declare.event import Deed
from app.screens.common import head, know_args
from app.screens.explain import Told
from app.screens.frames import render
from app.screens.pages import Link, Page
from app.screens.shell import me
from app.screens.words import role_words
from app.store.apart import apart_of, holders_among, words_for
from app.store.events import note
from app.store.labels import labels, nobody
from app.store.session import db
from app.store.tables import DirectoryAccount

if TYPE_CHECKING:
    from app.auth.directory.groups import Group
    from app.auth.directory.people import Answer, DirectoryPerson
    from app.auth.directory.rules import Given, Mapping

LONGEST = 128


@dataclass(frozen=True)
class GroupLine:
    """A group of the person: by which other it holds them, and what the rules give for it."""

    name: str
    dn: str
    via: str
    gives: str


@dataclass(frozen=True)
class Tried:
    """What was found: whether the person may sign in, in words, what they would get, and by which groups."""

    name: str
    good: bool
    verdict: str
    entry: tuple[Told, ...] = ()
    result: tuple[Told, ...] = ()
    groups: tuple[GroupLine, ...] = ()


@dataclass(frozen=True)
class TryPage:
    """The question and its answer; `closed` says why nothing can be asked at all."""

    page: Page
    action: str
    rules_url: str
    name: str = ""
    error: str = ""
    closed: str = ""
    about: tuple[Told, ...] = ()
    tried: Tried | None = None


def route(blueprint: Blueprint) -> None:
    """Add the route."""
    blueprint.add_url_rule("/directory/try", "try_directory", try_directory, methods=["GET", "POST"])


def may_try(entry: Entry) -> bool:
    """Whether the person may try a record that is the mapping: whoever may change its rules."""
    return entry is current().directory_rules and may(me(), entry, Verb.EDIT)


def try_directory() -> ResponseReturnValue:
    """Ask for a user name, and tell what the directory and the mapping make of it; each question is noted."""
    entry = current().directory_rules
    if entry is None:
        raise NotFound(_("This console has no mapping."))
    if not may_try(entry):
        raise Forbidden(entry, Verb.EDIT)
    know_args()
    if request.method == "GET":
        return _show(entry)
    name = request.form.get("name", "").replace("\x00", "").strip()[:LONGEST]
    if not name:
        return _show(entry, error=_("Give the user name of somebody in the directory."), status=422)
    place = directory()
    if place is None:
        return _show(entry, name=name, status=422)
    note(db(), Deed.LOOKED_UP, entry=entry, text=name)
    # nothing of the database is held while the directory is waited for
    db().commit()
    try:
        answer = place.look_up(name)
    except Down as down:
        reasons = "；".join(f"{url}: {text}" for url, text in down.reasons)
        return _show(
            entry, name=name, error=_("The directory does not answer: %(reasons)s", reasons=reasons), status=503
        )
    return _show(entry, name=name, tried=_tried(name, answer))


def _show(
    entry: Entry, name: str = "", error: str = "", tried: Tried | None = None, status: int = 200
) -> ResponseReturnValue:
    place, closed = directory(), ""
    about: tuple[Told, ...] = ()
    if place is None:
        closed = _(
            "This console has no directory. The system administrator sets one up; the rules can be written before."
        )
    elif not place.settings.bind_dn:
        closed = _("The console has no account that searches in the directory, so nobody can be looked up.")
    if place is not None:
        about = (
            Told(_("Servers"), "、".join(place.settings.urls)),
            Told(_("Unit by"), _("organisational unit") if place.settings.unit == "ou" else place.settings.unit),
            Told(_("Clearance by"), place.settings.clearance or _("nothing")),
        )
    page = TryPage(
        page=head(entry, _("Try the mapping"), Link(_("Try the mapping"), "")),
        action=url_for("records.try_directory"),
        rules_url=url_for("records.list", record=entry.name),
        name=name,
        error=error,
        closed=closed,
        about=about,
        tried=tried,
    )
    return render("directory.html", status, page=page)


def _tried(name: str, answer: Answer) -> Tried:
    from app.auth.directory.rules import load_mapping

    person = answer.person
    if person is None:
        return Tried(name, False, _why_not(answer.why_not))
    ceiling: Classification = current_app.config["CEILING"]
    mapping = load_mapping(db(), current(), ceiling)
    given = _beside(mapping.give(db(), person), person)
    account, why_not = _account(person)
    why_not = answer.why_not or why_not
    return Tried(
        name=name,
        good=not why_not,
        verdict=_why_not(why_not) if why_not else _("This person may sign in."),
        entry=_entry(person, account),
        result=_result(given, person),
        groups=tuple(_group(mapping, one) for one in person.groups),
    )


def _beside(given: Given, person: DirectoryPerson) -> Given:
    """What is left of it for somebody whose account has roles already."""
    link = db().scalars(
        select(DirectoryAccount).where(DirectoryAccount.key == person.key), execution_options={"unfiltered": True}
    ).first()  # fmt: skip
    if link is None:
        return given
    if holders_among(db(), current().keepers, [link.account_id]):
        given = given.to_keeper()
    held = apart_of(db(), current(), [link.account_id]).get(link.account_id, set())
    return given.beside(held.difference(link.given.get("roles", ())), current().apart)


def _entry(person: DirectoryPerson, account: str) -> tuple[Told, ...]:
    return (
        Told(_("Full name"), f"{person.family}{person.given}"),
        Told(_("User name"), person.username),
        Told(_("Mail address"), person.mail or _("none")),
        Told(_("Entry"), person.dn),
        Told(_("Unit in the directory"), "、".join(person.units) or _("none")),
        Told(_("Clearance in the directory"), person.clearance or _("none")),
        Told(_("Account here"), account),
    )


def _result(given: Given, person: DirectoryPerson) -> tuple[Told, ...]:
    unit, name = current().unit, ""
    if unit is not None and given.unit_id is not None:
        name = labels(db(), unit, [given.unit_id]).get(given.unit_id) or nobody()
    level = given.clearance or Classification.INTERNAL
    withheld = _("%(roles)s are kept apart: nobody may hold two of them, so none is given.",
                 roles=words_for(current(), given.apart))  # fmt: skip
    kept = _("%(roles)s: no rule gives a role that writes the mapping, nor anything to whoever holds one.",
             roles="、".join(role_words(role) for role in given.withheld))  # fmt: skip
    return (
        Told(_("Roles"), "、".join(role_words(role) for role in given.roles) or _("none")),
        *((Told(_("Not given"), withheld),) if given.apart else ()),
        *((Told(_("Not given"), kept),) if given.withheld else ()),
        Told(_("Unit"), name or _("none: no rule, and no unit of this code or name")),
        Told(
            _("Clearance"),
            str(level.label) if given.clearance else _("%(level)s, as no rule says more", level=level.label),
        ),
    )


def _group(mapping: Mapping, group: Group) -> GroupLine:
    found: list[Any] = [rule for rule in mapping.groups if rule.means(group)]
    gives = [role_words(rule.role) for rule in found if rule.role]
    gives += [str(rule.clearance.label) for rule in found if rule.clearance]
    units = [rule.unit_id for rule in found if rule.unit_id is not None]
    if units and current().unit is not None:
        gives += list(labels(db(), current().unit, units).values())  # type: ignore[arg-type]  # there is one here
    if any(rule.unclear(group) for rule in mapping.groups):
        gives.append(_("nothing by its name, which another group has too"))
    return GroupLine(group.name, group.dn, group.via, "、".join(gives))


def _account(person: DirectoryPerson) -> tuple[str, str]:
    """What stands here for the entry, in words; and why it keeps the person out, if it does."""
    place, catalog = directory(), current()
    linked = db().execute(
        select(DirectoryAccount.account_id).where(DirectoryAccount.key == person.key),
        execution_options={"unfiltered": True},
    ).scalar()  # fmt: skip
    if linked is not None and catalog.account is not None:
        row = db().get(catalog.account.model, linked)
        if row is not None and not row.active and not _gone(linked):
            return _("there is one, and it is switched off"), "inactive"
        return _("there is one"), ""
    local = place is not None and person.username.casefold() == place.settings.local.casefold()
    found = find_account(db(), person.username)
    if local or (found is not None and found.password):
        return _("another one has this user name, with a password of its own"), "local"
    if found is not None and db().get(DirectoryAccount, found.id) is not None:
        return _("the one of this user name belongs to another entry"), "name"
    return _("will be made at the first sign-in"), ""


def _gone(account_id: int) -> bool:
    """Whether a synchronisation disabled the account, which signing in undoes."""
    link = db().get(DirectoryAccount, account_id)
    return link is not None and link.gone_at is not None


def _why_not(reason: str) -> str:
    texts = {
        "unknown": _("Nobody in the directory has this user name."),
        "several": _("Several entries of the directory have this user name, so nobody can sign in with it."),
        "locked": _("The entry is locked in the directory."),
        "disabled": _("The entry is disabled in the directory."),
        "expired": _("The entry has expired in the directory."),
        "inactive": _("The account here is switched off."),
        "local": _(
            "An account with a password of its own has this user name; the system administrator can hand it over."
        ),
        "name": _("The account of this user name belongs to another entry of the directory."),
    }
    return str(texts.get(reason, texts["unknown"]))
