"""The home page: what each of a person's roles does most, and where they go from there."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app.catalog import current
from app.declare.access import Verb
from app.kinds.value import LOCAL
from app.screens.frames import render
from app.screens.pages import Link, Page
from app.screens.shell import me, readable_entries, role_labels, unit_label
from app.store.page import count
from app.store.query import BadQuery, plain_query
from app.store.session import db
from models.construction import MilestoneState
from models.documents import IncomingState, OutgoingState
from models.menus import REGISTRIES
from models.news import NewsState
from models.organisation import Unit
from models.roles import Role
from views import board, gantt
from views.blocks import SHOWN, block, condition, entry_for
from views.pages import Block, Figure, HomePage, Line

blueprint = Blueprint("home", __name__)
DAYS = ("2003-12-31", "2004-06-30", "2004-12-31", "2005-12-31")
"""Days of the plan worth looking back to."""


def networked() -> int:
    """How many units are networked in phase one; 0 before the tables are there."""
    statement = select(func.count()).select_from(Unit).where(Unit.phase_one.is_(True))
    try:
        # asked for the sign-in page, where nobody is signed in yet; a count of units is no secret
        return db().scalar(statement, execution_options={"unfiltered": True}) or 0
    except SQLAlchemyError:
        db().rollback()
        return 0


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """The page one lands on after signing in."""
    as_of = _as_of()
    roles = set(me().roles)
    leading = bool(roles & {Role.COORDINATION.value, Role.LEADER.value})
    found = board.targets() if leading else []
    figures: list[Figure] = []
    blocks: list[Block] = []
    if leading:
        figures += [
            board.milestones(found, as_of),
            board.adoption(as_of),
            board.budget(as_of.year),
            board.training(as_of),
        ]
        blocks += _waiting(roles)
        late = board.overdue(found, as_of)
        blocks.append(Block(
            _("Units with overdue milestones"), tuple(late[:SHOWN]), str(len(late)) if late else "",
            url_for("records.list", record="milestone", done__empty="1"), _("No milestone is late on this day."),
        ))  # fmt: skip
    if Role.TRAINER.value in roles:
        figures.append(board.training(as_of))
        blocks += _training()
    if Role.UNIT_EDITOR.value in roles:
        blocks += _own_unit(as_of)
    if Role.REGISTRAR.value in roles:
        blocks += _registries()
    if Role.SYSADMIN.value in roles or Role.SECADMIN.value in roles or Role.AUDITOR.value in roles:
        blocks += _accounts()
    if not leading:
        blocks += _news()
    unit, names = unit_label(me()), "、".join(role_labels(me()))
    page = HomePage(
        page=Page(_("Construction overview") if leading else _("Home"), (Link(_("Home"), ""), Link(unit or names, ""))),
        subtitle=_("As of %(date)s", date=as_of) if leading else names,
        figures=tuple(dict.fromkeys(figures)),
        blocks=tuple(blocks) or (_nothing(),),
        actions=_actions(roles),
    )
    drawn = gantt.draw(found, as_of) if leading else None
    days = [Link(day, url_for("home.home", as_of=day), active=day == as_of.isoformat()) for day in DAYS]
    return render("home.html", page=page, gantt=drawn, days=days if leading else [], as_of=as_of.isoformat())


def _as_of() -> date:
    """The day that the address asks for, today if it asks for none; raises BadQuery."""
    for name in request.args:
        if name != "as_of":
            raise BadQuery(name, _("This page takes no “%(name)s”.", name=name[:100]), ("as_of",))
    text = request.args.get("as_of", "")
    if not text:
        return datetime.now(LOCAL).date()
    try:
        day = date.fromisoformat(text)
        if len(text) != 10 or not 1990 <= day.year <= 2100:
            raise ValueError(text)
    except ValueError:
        allowed = (_("a day from 1990 to 2100, such as %(example)s", example="2004-06-30"),)
        raise BadQuery("as_of", _("“%(value)s” is no day.", value=text[:20]), allowed) from None
    return day


def _waiting(roles: set[str]) -> list[Block]:
    """What waits for the coordination group's acceptance, and for a leader's signature."""
    found = []
    milestone = entry_for("milestone")
    if Role.COORDINATION.value in roles and milestone is not None:
        chosen = [condition(milestone, "state", "", MilestoneState.SUBMITTED)]
        found.append(block(milestone, _("Awaiting my acceptance"), chosen, order="due", hints=("unit", "due"),
                           badge="state", empty=_("No milestone awaits acceptance.")))  # fmt: skip
    outgoing = entry_for("outgoing_document")
    if Role.LEADER.value in roles and outgoing is not None:
        chosen = [condition(outgoing, "state", "", OutgoingState.SIGNING)]
        found.append(block(outgoing, _("Awaiting signature"), chosen, order="drafted", descending=True,
                           hints=("unit", "drafted"), badge="urgency"))  # fmt: skip
    return found


def _training() -> list[Block]:
    course, record = entry_for("training_course"), entry_for("training_record")
    found = []
    if course is not None:
        found.append(block(course, _("Courses, newest first"), order="starts", descending=True,
                           hints=("audience", "starts", "seats")))  # fmt: skip
    if record is not None:
        found.append(block(record, _("Training records, newest first"), order="updated_at", descending=True,
                           hints=("unit", "finished")))  # fmt: skip
    return found


def _own_unit(as_of: date) -> list[Block]:
    """What a unit's editor keeps: milestones not yet accepted, documents in hand, projects."""
    mine = me().unit_id
    if mine is None:
        return []
    found = []
    milestone, incoming, project = entry_for("milestone"), entry_for("incoming_document"), entry_for("project")
    if milestone is not None:
        states = (MilestoneState.PLANNED, MilestoneState.RETURNED, MilestoneState.SUBMITTED)
        chosen = [condition(milestone, "unit", "", mine), condition(milestone, "state", "", *states)]
        found.append(block(milestone, _("My unit's milestones"), chosen, order="due", hints=("due",), badge="state",
                           late=("due", as_of), empty=_("Every milestone of your unit is accepted.")))  # fmt: skip
    if incoming is not None:
        open_states = [state for state in IncomingState if state is not IncomingState.ARCHIVED]
        chosen = [condition(incoming, "state", "", *open_states)]
        found.append(block(incoming, _("Documents in hand"), chosen, order="received", descending=True,
                           hints=("sender", "deadline"), badge="state"))  # fmt: skip
    if project is not None:
        chosen = [condition(project, "unit", "", mine)]
        found.append(block(project, _("My unit's projects"), chosen, order="updated_at", descending=True,
                           hints=("acceptance",), badge="stage"))  # fmt: skip
    return found


def _registries() -> list[Block]:
    """The registries that the person may add to, with honest counts."""
    lines = []
    for entry in current():
        if entry.menu == REGISTRIES and entry.whole is None and entry_for(entry.name, Verb.ADD) is not None:
            counted = count(db(), plain_query(entry, me()))
            number = f"{counted.number:,}" + ("" if counted.exact else "+")
            hint = _("%(count)s rows", count=number)
            lines.append(Line(entry.title, url_for("records.list", record=entry.name), hint, entry.screen.icon))
    return [Block(_("Registries"), tuple(lines[:8]))] if lines else []


def _accounts() -> list[Block]:
    found = []
    account, audit = entry_for("account"), entry_for("audit")
    if account is not None:
        found.append(block(account, _("Accounts, last signed in first"), order="last_login", descending=True,
                           hints=("last_name", "unit", "last_login")))  # fmt: skip
    if audit is not None:
        since = datetime.now(LOCAL) - timedelta(days=7)
        chosen = [condition(audit, "at", "gte", since)]
        found.append(block(audit, _("The trail of the last seven days"), chosen, order="at", descending=True,
                           hints=("record", "label"), badge="deed"))  # fmt: skip
    lines = [
        Line(entry.title, url_for("records.list", record=entry.name), str(entry.screen.about), entry.screen.icon)
        for entry in readable_entries(current(), me())
    ]
    return [*found, Block(_("Kept here"), tuple(lines[:SHOWN]))]


def _news() -> list[Block]:
    found = []
    news, mail = entry_for("news_item"), entry_for("mail")
    if news is not None:
        chosen = [condition(news, "state", "", NewsState.PUBLISHED)]
        found.append(block(news, _("News"), chosen, order="published", descending=True, hints=("unit", "published")))
    if mail is not None:
        found.append(block(mail, _("Mail"), order="sent", descending=True, hints=("sender", "sent"), badge="urgency"))
    return found


def _nothing() -> Block:
    text = _("You have no role yet. Ask the security administrator for one.")
    return Block(_("Nothing to do yet"), (), empty_text=text, width=12)


FIRST_ACTIONS = {
    Role.TRAINER: ("training_record", "training_course"),
    Role.COORDINATION: ("milestone", "project"),
    Role.UNIT_EDITOR: ("milestone", "incoming_document", "news_item"),
    Role.REGISTRAR: ("resident", "legal_entity"),
    Role.SYSADMIN: ("account",),
    Role.SECADMIN: ("group",),
}


def _actions(roles: set[str]) -> tuple[Link, ...]:
    """Up to three rows that the person enters most."""
    names = dict.fromkeys(name for role, of in FIRST_ACTIONS.items() if role.value in roles for name in of)
    entries = [entry for name in names if (entry := entry_for(name, Verb.ADD)) is not None]
    return tuple(
        Link(_("New: %(record)s", record=entry.singular), url_for("records.new", record=entry.name), "plus")
        for entry in entries[:3]
    )
