"""Roles kept apart: nobody comes to hold two of them, by whatever way, and nobody changes what they may do themselves.

What is asked of a write that gives roles is asked after it and before its commit, with all such writes of roles that
are kept apart in a queue: of two at once the second sees what the first did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, exists, false, func, select, true, union
from sqlalchemy.orm import Session

from app.access import Person, System
from app.catalog import Catalog, Entry, Field
from app.declare.record import Account, Group, Role
from app.store.labels import labels
from app.store.session import actor_of
from app.store.validate import Invalid

UNFILTERED = {"unfiltered": True}
GIVING = (Account, Group, Role)
"""The tables of the identity library: a reference between two of them gives, or takes, what people may do."""
NAMED = 5
FACTOR = "second_factor"
"""The field of a role by which it requires a second factor."""
DIRECT, IN_GROUP, OF_GROUP = (
    Account.metadata.tables[name] for name in ("ab_user_role", "ab_user_group", "ab_group_role")
)
HOLDING = union(
    select(DIRECT.c.user_id, DIRECT.c.role_id),
    select(IN_GROUP.c.user_id, OF_GROUP.c.role_id).where(OF_GROUP.c.group_id == IN_GROUP.c.group_id),
).subquery("rn_holding")
"""Who holds which role, by themselves or by a group."""


class KeptApart(Invalid):
    """Somebody would hold two roles that are kept apart."""


def in_office(catalog: Catalog, actor: Person | System) -> bool:
    """Whether somebody holds a role that is kept apart."""
    return isinstance(actor, Person) and any(name in catalog.apart for name in actor.roles)


def office_of(catalog: Catalog, account_id: int | None) -> ColumnElement[bool]:
    """The same of an account, for a statement to ask."""
    if account_id is None or not catalog.apart:
        return false()
    return exists().where(HOLDING.c.user_id == account_id, HOLDING.c.role_id.in_(_ids(catalog)))


def apart_of(session: Session, catalog: Catalog, account_ids: Collection[int]) -> dict[int, set[str]]:
    """The roles kept apart that accounts hold, by themselves or by groups."""
    found: dict[int, set[str]] = {}
    if not account_ids or not catalog.apart:
        return found
    statement = _held(catalog).where(HOLDING.c.user_id.in_(account_ids))
    for account_id, name in session.execute(statement, execution_options=UNFILTERED):
        found.setdefault(account_id, set()).add(name)
    return found


def holders_among(session: Session, roles: Collection[str], account_ids: Collection[int]) -> set[int]:
    """Those of the accounts that hold one of the roles, by themselves or by a group."""
    if not roles or not account_ids:
        return set()
    held = select(HOLDING.c.user_id).join(Role, Role.id == HOLDING.c.role_id)
    some = held.where(HOLDING.c.user_id.in_(account_ids), Role.name.in_(roles))
    return set(session.scalars(some, execution_options=UNFILTERED))


def apart_by_groups(session: Session, catalog: Catalog, account_id: int) -> set[str]:
    """The roles kept apart that an account has by its groups."""
    statement = (
        select(Role.name).join(OF_GROUP, OF_GROUP.c.role_id == Role.id)
        .join(IN_GROUP, IN_GROUP.c.group_id == OF_GROUP.c.group_id)
        .where(IN_GROUP.c.user_id == account_id, Role.name.in_(catalog.apart))
    )  # fmt: skip
    return set(session.scalars(statement, execution_options=UNFILTERED))


def _ids(catalog: Catalog) -> Any:
    return select(Role.id).where(Role.name.in_(catalog.apart))


def _held(catalog: Catalog) -> Any:
    own = and_(Role.id == HOLDING.c.role_id, Role.name.in_(catalog.apart))
    return select(HOLDING.c.user_id, Role.name).join(Role, own).distinct()


def giving(entry: Entry, names: Iterable[str]) -> list[Field]:
    """Those of the fields that give people what they may do."""
    if entry.model not in GIVING:
        return []
    items = [entry.fields[name] for name in names]
    return [item for item in items if item.many and item.target is not None and item.target.model in GIVING]


def check_powers(
    session: Session, entry: Entry, row_id: int, before: Mapping[str, Any], after: Mapping[str, Any],
    changed: Collection[str],
) -> None:  # fmt: skip
    """Raise Invalid if a row that has just been written gives what it may not; asked before the commit."""
    if entry.model not in GIVING:
        return
    check_own(session, entry, row_id, changed, after)
    _check_own_group(session, entry, row_id, before, after, changed)
    _check_secret(session, entry, row_id, changed)
    given = giving(entry, changed)
    if given:
        check_apart(session, entry, row_id, given[0].name)


def check_own(
    session: Session, entry: Entry, row_id: int, changed: Collection[str], after: Mapping[str, Any]
) -> None:  # fmt: skip
    """Nobody says what their own account may do and see, nor lifts what a role of theirs requires of them."""
    actor = actor_of(session)
    if isinstance(actor, System):
        return
    if entry.model is Role:
        _check_own_role(session, actor, row_id, changed, after)
    if entry.model is not Account or row_id != actor.id:
        return
    catalog, level = session.info["catalog"], entry.classification
    names = [item.name for item in giving(entry, changed)]
    names += [level.name] if level is not None and level.name in changed else []
    # what is granted in one's own unit reaches other rows by another unit
    names += [name for name in changed if catalog.unit is not None and entry.fields[name].target is catalog.unit]
    _refuse_own(names)


def _check_own_role(
    session: Session, actor: Person, row_id: int, changed: Collection[str], after: Mapping[str, Any]
) -> None:  # fmt: skip
    if FACTOR not in changed or after.get(FACTOR):
        return
    mine = exists().where(HOLDING.c.user_id == actor.id, HOLDING.c.role_id == row_id)
    if session.scalar(select(mine), execution_options=UNFILTERED):
        text = _("Nobody lifts what a role of their own requires. It is done at the server’s command line.")
        raise Invalid({FACTOR: [text]})


def _refuse_own(names: Iterable[str]) -> None:
    errors = {name: [_("Nobody changes what they may do themselves. Let somebody else do it.")] for name in names}
    if errors:
        raise Invalid(errors)


def _check_own_group(
    session: Session, entry: Entry, row_id: int, before: Mapping[str, Any], after: Mapping[str, Any],
    changed: Collection[str],
) -> None:  # fmt: skip
    """Nobody puts themselves into a group or out of one, nor says what a group of theirs may do."""
    actor = actor_of(session)
    if isinstance(actor, System) or entry.model is Account:
        return
    names = []
    for item in giving(entry, changed):
        if item.target is not None and item.target.model is Account:
            moved = set(before.get(item.name) or ()) ^ set(after.get(item.name) or ())
            names += [item.name] if actor.id in moved else []
        elif entry.model is Group:
            mine = exists().where(IN_GROUP.c.group_id == row_id, IN_GROUP.c.user_id == actor.id)
            names += [item.name] if session.scalar(select(mine), execution_options=UNFILTERED) else []
    _refuse_own(names)


def _check_secret(session: Session, entry: Entry, row_id: int, changed: Collection[str]) -> None:
    """Whoever knows the password of an administrator is one: nobody gives it to another's account in office."""
    actor, catalog = actor_of(session), session.info["catalog"]
    if isinstance(actor, System) or entry.model is not Account or row_id == actor.id:
        return
    names = [name for name in changed if entry.fields[name].kind.control == "secret"]
    if names and apart_of(session, catalog, [row_id]):
        text = _("An administrator changes their password themselves; else it is done at the server’s command line.")
        raise Invalid({name: [text] for name in names})


def check_apart(session: Session, entry: Entry, row_id: int, name: str) -> None:
    """Raise KeptApart, at this field, if the row as it is now lets anybody hold two roles that are kept apart."""
    catalog: Catalog = session.info["catalog"]
    if len(catalog.apart) < 2:
        return
    # one after the other; a lock that does not stand in the way of rows that refer to the roles
    queue = _ids(catalog).order_by(Role.id).with_for_update(key_share=True)
    session.execute(queue, execution_options=UNFILTERED)
    several = (
        select(HOLDING.c.user_id).where(_affected(entry, row_id), HOLDING.c.role_id.in_(_ids(catalog)))
        .group_by(HOLDING.c.user_id).having(func.count(HOLDING.c.role_id.distinct()) > 1)
        .order_by(HOLDING.c.user_id).limit(NAMED)
    )  # fmt: skip
    both: dict[int, list[str]] = {}
    statement = _held(catalog).where(HOLDING.c.user_id.in_(several))
    for account_id, role in session.execute(statement, execution_options=UNFILTERED):
        both.setdefault(account_id, []).append(role)
    if both:
        raise KeptApart({name: [_words(session, catalog, entry, both)]})


def _affected(entry: Entry, row_id: int) -> ColumnElement[bool]:
    """The accounts to which a row gives roles."""
    if entry.model is Account:
        return HOLDING.c.user_id == row_id
    if entry.model is Group:
        return HOLDING.c.user_id.in_(select(IN_GROUP.c.user_id).where(IN_GROUP.c.group_id == row_id))
    return true()


def _words(session: Session, catalog: Catalog, entry: Entry, both: Mapping[int, list[str]]) -> str:
    roles = words_for(catalog, {role for held in both.values() for role in held})
    if entry.model is Account:
        return str(_("%(roles)s are kept apart: nobody may hold two of them, be it by a group.", roles=roles))
    names = [] if catalog.account is None else list(labels(session, catalog.account, list(both)).values())
    return str(_(
        "%(roles)s are kept apart: nobody may hold two of them, and %(people)s would.",
        roles=roles, people="、".join(names) or _("somebody"),
    ))  # fmt: skip


def words_for(catalog: Catalog, names: Collection[str]) -> str:
    """Roles kept apart as people call them, in their order."""
    return "、".join(f"“{role.label}”" for name, role in catalog.apart.items() if name in names)
