"""Who can see this: the roles that reach a record, the people who can see one of its rows, and why others cannot."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.access import Forbidden, Person, may
from app.access.explain import oversight, standing
from app.access.policy import secrecy
from app.auth.holders import Held, Holder, Stored, holders_of, stored
from app.catalog import Entry, current
from app.declare.access import EVERYWHERE, Oversight, Verb
from app.kinds.link import HIGHEST_ID
from app.screens.common import know_args
from app.screens.frames import render
from app.screens.pages import Link, Page
from app.screens.shell import me
from app.screens.words import GrantLine, fields_words, line_of, role_words, verb_words, via_words, why_not
from app.store.explain import Marks, Question, ask, marks_of, may_verb, reached_by
from app.store.labels import labels, nobody
from app.store.query import BadQuery
from app.store.save import Missing
from app.store.session import db

MOST = 500
"""People looked at for one row; a search for a name finds the others."""
PAGE = 50
ASKED = (Verb.READ, Verb.EDIT, Verb.DELETE, Verb.UNMASK)


@dataclass(frozen=True)
class Told:
    """A labelled line above the tables."""

    label: str
    text: str


@dataclass(frozen=True)
class Seer:
    """Somebody with a role on the record: what they can do to the row, by what, and if they cannot see it, why not."""

    name: str
    url: str
    unit: str
    sees: bool
    changes: str
    deletes: bool
    unmasks: bool
    by: tuple[tuple[str, str], ...]
    why_not: str


@dataclass(frozen=True)
class Seers:
    """A page of people, those who can see the row first."""

    lines: tuple[Seer, ...]
    able: int
    of: int
    more: bool
    search: str
    previous_url: str
    next_url: str
    masks: bool


@dataclass(frozen=True)
class AccessPage:
    """Who can see a record, and (with `seers`) one row of it."""

    page: Page
    told: tuple[Told, ...]
    verbs: tuple[str, ...]
    lines: tuple[GrantLine, ...]
    without: str
    masked: str
    links: tuple[Link, ...]
    others: tuple[Link, ...]
    by_number: bool
    seers: Seers | None = None


def route(blueprint: Blueprint) -> None:
    """Add the routes of the question."""
    blueprint.add_url_rule("/records/<record>/access", "access", show_access)
    blueprint.add_url_rule("/records/<record>/<id:pk>/access", "row_access", show_row_access)


def may_ask(entry: Entry) -> bool:
    """Whether the person may ask who can see rows of a record."""
    level = oversight(current(), me())
    return level is Oversight.ALL or (level is Oversight.SEEN and may(me(), entry, Verb.READ))


def asked_entry(record: str) -> Entry:
    """The entry of an address; 403 for those who may not ask about it."""
    entry = current().get(record)
    if entry is None:
        raise NotFound(_("There is no record of this name."))
    if not may_ask(entry):
        raise Forbidden(entry, None)
    return entry


def show_access(record: str) -> ResponseReturnValue:
    """The roles that hold grants on a record."""
    entry = asked_entry(record)
    know_args("row")
    number = request.args.get("row", "").strip()
    if number:
        if not (number.isascii() and number.isdigit() and 0 < int(number[:12]) <= HIGHEST_ID):
            raise BadQuery("row", _("“%(value)s” is no number of a row.", value=number[:20]))
        return redirect(url_for("records.row_access", record=record, pk=int(number)), 303)
    grants = stored(db(), current())
    title = _("Who can see “%(label)s”?", label=entry.title)
    return render("records/access.html", page=_page(entry, title, grants, _record_told(entry)))


def show_row_access(record: str, pk: int) -> ResponseReturnValue:
    """The people who can see a row; of a row the asker could not open only its number, owner and level are told."""
    entry = asked_entry(record)
    know_args("q", "page")
    marks = marks_of(db(), current(), entry, pk)
    label = labels(db(), entry, [pk]).get(pk, "") if may(me(), entry, Verb.READ) else ""
    if marks is None or (not label and oversight(current(), me()) is not Oversight.ALL):
        raise Missing(entry.name, pk)
    grants = stored(db(), current())
    search = " ".join(request.args.get("q", "").replace("\x00", "").split())[:100]
    people, more = holders_of(db(), grants, entry, search, MOST)
    seers, units = _seers(entry, pk, people, marks)
    number = _page_number(len(seers))
    shown = seers[(number - 1) * PAGE : number * PAGE]

    def at(there: int) -> str:
        return url_for("records.row_access", record=record, pk=pk, q=search or None, page=there if there > 1 else None)

    table = Seers(
        lines=shown,
        able=sum(one.sees for one in seers),
        of=len(seers),
        more=more,
        search=search,
        previous_url=at(number - 1) if number > 1 else "",
        next_url=at(number + 1) if number * PAGE < len(seers) else "",
        masks=any(item.masked for item in entry.fields.values()),
    )
    name = label or f"#{pk}"
    title = _("Who can see “%(label)s”?", label=name)
    told = _row_told(entry, pk, marks, units, bool(label))
    crumb = Link(name, url_for("records.show", record=record, pk=pk) if label else "")
    return render("records/access.html", page=_page(entry, title, grants, told, table, crumb))


def _page_number(count: int) -> int:
    text = request.args.get("page", "1")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= max(1, -(-count // PAGE))):
        raise BadQuery("page", _("“%(value)s” is no place in the list.", value=text[:20]))
    return int(text)


def _page(
    entry: Entry, title: str, grants: Stored, told: tuple[Told, ...], seers: Seers | None = None,
    crumb: Link | None = None,
) -> AccessPage:  # fmt: skip
    of_entry = grants.of(entry)
    names = {one.role for one in of_entry}
    here = url_for("records.access", record=entry.name)
    masked = "、".join(item.label for item in entry.fields.values() if item.masked)
    reads = may(me(), entry, Verb.READ)
    if crumb is None:
        links = (Link(_("Back to the list"), url_for("records.list", record=entry.name), "list"),) if reads else ()
    else:
        links = (Link(_("Back to the row"), crumb.url, "arrow-left"),) if crumb.url else ()
    return AccessPage(
        page=page_of(entry, title, *([Link(_("Who can see this?"), "")] if crumb is None else
                     [Link(_("Who can see this?"), here), crumb])),
        told=told,
        verbs=verb_words(),
        lines=tuple(line_of(entry, one, role_words(one.role)) for one in of_entry),
        without="、".join(role_words(name) for name in grants.roles if name not in names),
        masked=masked,
        links=links,
        others=tuple(
            Link(one.title, url_for("records.access", record=one.name), one.screen.icon, one is entry)
            for one in current() if may_ask(one)
        ),
        by_number=seers is None and oversight(current(), me()) is Oversight.ALL,
        seers=seers,
    )  # fmt: skip


def page_of(entry: Entry, title: str, *trail: Link) -> Page:
    """Title and breadcrumbs; the list is a link only for those who may open it."""
    address = url_for("records.list", record=entry.name) if may(me(), entry, Verb.READ) else ""
    crumbs = (Link(str(entry.menu.label), ""), Link(entry.title, address), *trail)
    return Page(title, crumbs, entry.name, entry.singular, entry.screen.icon)


def _record_told(entry: Entry) -> tuple[Told, ...]:
    level = secrecy(entry)
    if level is None:
        words = _("Rows have no level of secrecy")
    else:
        words = _("Rows above a person's clearance do not exist for them, whatever the grant")
    return (Told(_("Owner of a row"), _owner_words(entry)), Told(_("Secrecy"), words))


def _owner_words(entry: Entry) -> str:
    if entry is current().unit:
        return str(_("the unit itself"))
    if entry.owner is not None:
        return entry.owner.label
    if entry.whole is not None and entry.whole.target is not None:
        return str(_("whoever owns the “%(record)s” it is a part of", record=entry.whole.target.singular))
    unit = entry.fields.get("unit")
    return str(_("no unit owns rows")) if unit is None else unit.label


def _row_told(entry: Entry, pk: int, marks: Marks, units: dict[int, str], seen: bool) -> tuple[Told, ...]:
    found = [Told(_("Row number"), f"#{pk}")]
    if not seen:
        found.append(Told(_("Content"), _("not shown: your roles do not let you see this row")))
    if marks.unit_id is not None:
        found.append(Told(_("Owned by"), units.get(marks.unit_id) or nobody()))
    if secrecy(entry) is not None:
        level = _("none set") if marks.level is None else str(marks.level.label)
        found.append(Told(_("Secrecy"), level))
    return tuple(found)


def _seers(entry: Entry, pk: int, people: Sequence[Holder], marks: Marks) -> tuple[tuple[Seer, ...], dict[int, str]]:
    """The people with their answers, those who can see the row first; and the names of all units concerned."""
    catalog = current()
    questions: dict[Hashable, Question] = {}
    for one in people:
        stand = _standing(entry, one.person)
        for verb in ASKED:
            if may(one.person, entry, verb) and (stand, verb) not in questions:
                questions[stand, verb] = may_verb(catalog, entry, one.person, verb)
        for grant in one.person.grants.get(entry.name, ()):
            alone = standing(entry, one.person, [grant])
            if alone not in questions:
                questions[alone] = reached_by(catalog, entry, one.person, grant)
    answers = ask(db(), entry, pk, questions)
    ids = {one.person.unit_id for one in people} | {marks.unit_id}
    wanted = [unit_id for unit_id in ids if unit_id is not None]
    units = labels(db(), catalog.unit, wanted) if catalog.unit is not None else {}
    rights = catalog.account is not None and may_ask(catalog.account) and may(me(), catalog.account, Verb.READ)
    seers = [_seer(entry, one, answers, marks, units, rights) for one in people]
    return tuple(sorted(seers, key=lambda one: not one.sees)), units


def _standing(entry: Entry, person: Person) -> Hashable:
    return standing(entry, person, person.grants.get(entry.name, ()))


def _seer(
    entry: Entry, one: Holder, answers: dict[Hashable, bool], marks: Marks, units: dict[int, str], rights: bool
) -> Seer:
    person, stand = one.person, _standing(entry, one.person)
    sees = answers.get((stand, Verb.READ), False)

    def can(verb: Verb) -> bool:
        # whoever cannot see a row can do nothing to it
        return sees and answers.get((stand, verb), False)

    reaching = [held for held in one.held if _reaches(entry, person, held, answers)]
    account = current().account
    return Seer(
        name=person.name,
        url=url_for("records.rights", record=account.name, pk=person.id) if account is not None and rights else "",
        unit="" if person.unit_id is None else units.get(person.unit_id) or nobody(),
        sees=sees,
        changes=_changes(entry, reaching) if can(Verb.EDIT) else "",
        deletes=can(Verb.DELETE),
        unmasks=can(Verb.UNMASK),
        by=tuple((via_words(held.stored.role, held.group), held.stored.text) for held in (reaching if sees else ())),
        why_not="" if sees else _why_not(entry, one, answers, marks),
    )


def _reaches(entry: Entry, person: Person, held: Held, answers: dict[Hashable, bool]) -> bool:
    grant = held.stored.grant
    if grant is None or held.stored.record != entry.name:
        return False
    return answers.get(standing(entry, person, [grant]), False)


def _changes(entry: Entry, reaching: Sequence[Held]) -> str:
    grants = [held.stored.grant for held in reaching if held.stored.grant and Verb.EDIT in held.stored.grant.verbs]
    if any(not grant.fields for grant in grants):
        return str(_("yes"))
    return "；".join(dict.fromkeys(_("only %(fields)s", fields=fields_words(entry, grant)) for grant in grants))


def _why_not(entry: Entry, one: Holder, answers: dict[Hashable, bool], marks: Marks) -> str:
    """Why somebody with a role on the record cannot see the row: too low a clearance, or no grant that reaches it."""
    grants = [grant for grant in one.person.grants.get(entry.name, ()) if Verb.READ in grant.verbs]
    if not grants:
        return str(_("no grant to see"))
    if any(answers.get(standing(entry, one.person, [grant]), False) for grant in grants) and marks.level is not None:
        return str(_("clearance “%(clearance)s” is below “%(level)s”",
                     clearance=one.person.clearance.label, level=marks.level.label))  # fmt: skip
    has_unit = one.person.unit_id is not None
    scopes = dict.fromkeys(grant.scope for grant in grants if grant.scope != EVERYWHERE)
    return "；".join(why_not(entry, scope, has_unit) for scope in scopes)
