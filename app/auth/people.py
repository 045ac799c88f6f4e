"""Loads a person with roles, unit, clearance and grants: one statement, once a request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    ViewMenu,
    assoc_group_role,
    assoc_permissionview_role,
    assoc_user_group,
    assoc_user_role,
)
from sqlalchemy import Integer, Select, String, bindparam, case, cast, func, select, union
from sqlalchemy.orm import Session

from app.access import HeldGrant, Person
from app.access.grants import read_grant
from app.catalog import Catalog, Entry
from app.declare.event import Door
from app.declare.record import Account
from app.declare.types import Moment
from app.store.jobs import JOB
from app.store.tables import LoginSession

OPTIONS = {"unfiltered": True}
"""The person's own grants are read before any policy is known."""
MOST_JOBS = 50
MOST_KNOWN = 2000
_known: dict[int, tuple[Catalog, tuple[Any, ...], Person]] = {}
"""Whom each account was the last time, with the rows that said so: as long as these stay, so does the person."""


def load_person(session: Session, catalog: Catalog, account_id: int) -> Person | None:
    """The person of an account; None if there is none or it is not active."""
    rows = session.execute(_asking(), {"account": account_id}, execution_options=OPTIONS).all()
    # plain tuples, which are compared far faster than rows
    return _of_rows(catalog, account_id, rows, tuple(map(tuple, rows)))


def load_bearer(
    session: Session, catalog: Catalog, account_id: int, digest: str, *, door: Door, now: datetime, idle: timedelta,
    fresh: datetime,
) -> tuple[Person, int, bool] | None:  # fmt: skip
    """The person who bears the secret of a session, its number, and whether it was last seen before `fresh`.

    None if there is no such session of the account or it is over, or the account is not active.
    """
    asked = {"account": account_id, "digest": digest, "door": door, "now": now, "used": now - idle, "fresh": fresh}
    rows = session.execute(_asking_for_bearer(), asked, execution_options=OPTIONS).all()
    # what stands of the session in each row changes by the minute, and is nothing of the person
    person = _of_rows(catalog, account_id, rows, tuple(row[:-2] for row in rows))
    return None if person is None else (person, rows[0].session, bool(rows[0].stale))


def _of_rows(catalog: Catalog, account_id: int, rows: Sequence[Any], found: tuple[Any, ...]) -> Person | None:
    """The person that rows speak of: the same object as long as what they say of the person, `found`, is the same."""
    if not rows or not rows[0].active:
        return None
    known = _known.get(account_id)
    if known is not None and known[0] is catalog and known[1] == found:
        return known[2]
    made = _person(catalog, account_id, rows)
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    _known[account_id] = (catalog, found, made)
    return made


@cache
def _asking_for_bearer() -> Select[Any]:
    """The same by the secret of a session, which is looked up by the way."""
    login: Any = LoginSession.__table__
    return (
        _asking()
        .join(login, login.c.account_id == Account.id)
        .where(
            login.c.digest == bindparam("digest", type_=String),
            login.c.door == bindparam("door", type_=login.c.door.type),
            login.c.ended_at.is_(None),
            login.c.ends_at > bindparam("now", type_=Moment()),
            login.c.seen_at > bindparam("used", type_=Moment()),
        )
        .add_columns(
            login.c.id.label("session"),
            case((login.c.seen_at < bindparam("fresh", type_=Moment()), 1), else_=0).label("stale"),
        )
    )


@cache
def _asking() -> Select[Any]:
    """The account, its roles and what they hold: asked for every page, so put together once."""
    account_id = bindparam("account", type_=Integer)
    # so that the bell of every page costs no statement of its own
    news = (
        select(JOB.c.id, cast(JOB.c.state, String).label("state"))
        .where(JOB.c.account_id == account_id, JOB.c.told.is_(False))
        .order_by(JOB.c.id.desc()).limit(MOST_JOBS).subquery()
    )  # fmt: skip
    told = func.aggregate_strings(cast(news.c.id, String) + ":" + news.c.state, ",")
    member = union(
        select(assoc_user_role.c.user_id, assoc_user_role.c.role_id).where(assoc_user_role.c.user_id == account_id),
        select(assoc_user_group.c.user_id, assoc_group_role.c.role_id)
        .join(assoc_group_role, assoc_group_role.c.group_id == assoc_user_group.c.group_id)
        .where(assoc_user_group.c.user_id == account_id),
    ).subquery()
    unit, held = getattr(Account, "unit_id", None), assoc_permissionview_role
    return (
        select(
            Account.username, Account.first_name, Account.last_name, Account.active, Account.clearance,
            Account.password_given,
            Role.name.label("role"), ViewMenu.name.label("record"), Permission.name.label("grant"),
            select(told).scalar_subquery().label("jobs"),
            *([] if unit is None else [unit]),
        )
        .select_from(Account)
        .outerjoin(member, member.c.user_id == Account.id)
        .outerjoin(Role, Role.id == member.c.role_id)
        .outerjoin(held, held.c.role_id == Role.id)
        .outerjoin(PermissionView, PermissionView.id == held.c.permission_view_id)
        .outerjoin(Permission, Permission.id == PermissionView.permission_id)
        .outerjoin(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
        .where(Account.id == account_id)
    )  # fmt: skip


def _person(catalog: Catalog, account_id: int, rows: Sequence[Any]) -> Person:
    first = rows[0]
    return Person(
        id=account_id,
        username=first.username,
        name=full_name(first.last_name, first.first_name) or first.username,
        roles=tuple(sorted({row.role for row in rows if row.role is not None})),
        unit_id=getattr(first, "unit_id", None),
        clearance=first.clearance,
        must_change=first.password_given,
        jobs=tuple((int(number), state) for number, _, state in (part.partition(":") for part in _parts(first.jobs))),
        grants=_grants(catalog, {(row.record, row.grant) for row in rows if row.grant is not None}),
    )


def _parts(text: str | None) -> list[str]:
    return text.split(",") if text else []


def full_name(family: str, given: str) -> str:
    """A name as it is written: family name first in Chinese, last elsewhere."""
    if family.isascii() and given.isascii():
        return f"{given} {family}".strip()
    return f"{family}{given}"


def _grants(catalog: Catalog, texts: set[tuple[str, str]]) -> dict[str, tuple[HeldGrant, ...]]:
    """The grants that (record, text) pairs mean; those of records that no longer exist are left out."""
    found: dict[str, list[HeldGrant]] = defaultdict(list)
    for record, text in sorted(texts):
        entry = catalog.get(record)
        grant = None if entry is None else _read(entry, text)
        if grant is not None:
            found[record].append(grant)
    return {record: tuple(grants) for record, grants in found.items()}


@lru_cache(maxsize=4096)
def _read(entry: Entry, text: str) -> HeldGrant | None:
    return read_grant(entry, text)


def find_account(session: Session, username: str) -> Any:
    """(id, stored hash, active) of a user name, or None."""
    statement = select(Account.id, Account.password, Account.active).where(Account.username == username)
    return session.execute(statement, execution_options=OPTIONS).first()
