"""Loads a person with roles, unit, clearance and grants: one statement, once a request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple

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
from sqlalchemy import Integer, Select, String, bindparam, case, cast, func, select, union_all
from sqlalchemy.orm import Session

from app.access import HeldGrant, Person
from app.access.grants import read_grant
from app.catalog import Catalog, Entry
from app.declare.choices import Classification
from app.declare.event import Door
from app.declare.record import Account
from app.declare.types import Moment
from app.store.jobs import JOB
from app.store.session import ask_unfiltered
from app.store.tables import LoginSession, SavedView, SecondFactor

OPTIONS = {"unfiltered": True}
"""The person's own grants are read before any policy is known."""
MOST_JOBS = 50
MOST_KNOWN = 2000


class Found(NamedTuple):
    """What the database says of an account, in the order in which it is asked."""

    username: str
    first_name: str
    last_name: str
    active: bool
    clearance: Classification
    password_given: bool
    grants: str | None
    jobs: str | None
    viewed: str | None
    has_factor: int
    unit_id: int | None = None


_known: dict[int, tuple[Catalog, Found, Person]] = {}
"""Whom each account was the last time, with the row that said so: as long as this stays, so does the person."""
BETWEEN, BREAK, GUARDED = "\x1f", "\x1e", "2"
"""What parts role, record and grant in the text of what a person holds, and one such from the next; and the mark of a
role that asks for a second factor."""


def load_person(session: Session, catalog: Catalog, account_id: int) -> Person | None:
    """The person of an account; None if there is none or it is not active."""
    row = session.connection().execute(_asking(), {"account": account_id}).first()
    return None if row is None else _of_row(catalog, account_id, row)


def load_bearer(
    session: Session, catalog: Catalog, account_id: int, digest: str, *, door: Door, now: datetime, idle: timedelta,
    fresh: datetime,
) -> tuple[Person, int, bool] | None:  # fmt: skip
    """The person who bears the secret of a session, its number, and whether it was last seen before `fresh`.

    None if there is no such session of the account or it is over, or the account is not active.
    """
    asked = {"account": account_id, "digest": digest, "door": door, "now": now, "used": now - idle, "fresh": fresh}
    rows = ask_unfiltered(session, load_bearer, _asking_for_bearer, asked)
    if not rows:
        return None
    # what stands of the session in it changes by the minute, and is nothing of the person
    *found, number, stale = rows[0]
    person = _of_row(catalog, account_id, found)
    return None if person is None else (person, number, bool(stale))


def _of_row(catalog: Catalog, account_id: int, row: Sequence[Any]) -> Person | None:
    """The person that a row speaks of: the same object as long as what it says is the same."""
    found = Found(*row)
    if not found.active:
        return None
    known = _known.get(account_id)
    if known is not None and known[0] is catalog and known[1] == found:
        return known[2]
    made = _person(catalog, account_id, found)
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    _known[account_id] = (catalog, found, made)
    return made


@cache
def _asking_for_bearer() -> Select[Any]:
    """The same by the secret of a session, which is looked up by the way."""
    account, login = _table(Account), _table(LoginSession)
    return (
        _asking()
        .join(login, login.c.account_id == account.c.id)
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
    # so that neither the bell of every page nor the tabs of a list cost a statement of their own
    news = (
        select(JOB.c.id, cast(JOB.c.state, String).label("state"))
        .where(JOB.c.account_id == account_id, JOB.c.told.is_(False))
        .order_by(JOB.c.id.desc()).limit(MOST_JOBS).subquery()
    )  # fmt: skip
    told = func.aggregate_strings(cast(news.c.id, String) + ":" + news.c.state, ",")
    account, view = _table(Account), _table(SavedView)
    unit = account.c.get("unit_id")
    seen = view.c.account_id == account_id
    views = select(func.aggregate_strings(view.c.record, ",")).where(
        seen if unit is None else seen | (view.c.unit_id == unit)
    )
    member = union_all(
        select(assoc_user_role.c.role_id).where(assoc_user_role.c.user_id == account_id),
        select(assoc_group_role.c.role_id)
        .join(assoc_user_group, assoc_group_role.c.group_id == assoc_user_group.c.group_id)
        .where(assoc_user_group.c.user_id == account_id),
    ).subquery()
    # as one text: to make a row of each of some dozens of grants takes longer than to find them
    role, pair, grant, record = (_table(one) for one in (Role, PermissionView, Permission, ViewMenu))
    held = assoc_permissionview_role
    part = func.coalesce(record.c.name, "") + BETWEEN + func.coalesce(grant.c.name, "")
    guarded = case((role.c.second_factor, GUARDED), else_="")
    grants = (
        select(func.aggregate_strings(role.c.name + BETWEEN + guarded + BETWEEN + part, BREAK))
        .select_from(member)
        .join(role, role.c.id == member.c.role_id)
        .outerjoin(held, held.c.role_id == role.c.id)
        .outerjoin(pair, pair.c.id == held.c.permission_view_id)
        .outerjoin(grant, grant.c.id == pair.c.permission_id)
        .outerjoin(record, record.c.id == pair.c.view_menu_id)
    )
    factor = _table(SecondFactor)
    guards = select(factor.c.account_id).where(factor.c.account_id == account_id).exists()
    return select(
        account.c.username, account.c.first_name, account.c.last_name, account.c.active, account.c.clearance,
        account.c.password_given,
        grants.scalar_subquery().label("grants"), select(told).scalar_subquery().label("jobs"),
        views.correlate(account).scalar_subquery().label("viewed"),
        case((guards, 1), else_=0).label("has_factor"),
        *([] if unit is None else [unit]),
    ).where(account.c.id == account_id)  # fmt: skip


def _table(model: type[Any]) -> Any:
    """The table of a model: what is asked of tables alone costs less than what is asked of models."""
    return model.__table__


def _person(catalog: Catalog, account_id: int, row: Found) -> Person:
    held = [part.split(BETWEEN) for part in _parts(row.grants, BREAK)]
    return Person(
        id=account_id,
        username=row.username,
        name=full_name(row.last_name, row.first_name) or row.username,
        roles=tuple(sorted({role for role, _guarded, _record, _grant in held})),
        unit_id=row.unit_id,
        clearance=row.clearance,
        must_change=row.password_given,
        lacks_factor=not row.has_factor and any(guarded for _role, guarded, _record, _grant in held),
        jobs=tuple((int(number), state) for number, _, state in (part.partition(":") for part in _parts(row.jobs))),
        viewed=frozenset(_parts(row.viewed)),
        grants=_grants(catalog, {(record, grant) for _role, _guarded, record, grant in held if grant}),
    )


def _parts(text: str | None, sign: str = ",") -> list[str]:
    return text.split(sign) if text else []


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
