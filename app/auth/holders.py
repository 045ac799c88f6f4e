"""What roles hold and who holds the roles, as stored: for those who ask who can see what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import (
    Group,
    Permission,
    PermissionView,
    Role,
    ViewMenu,
    assoc_group_role,
    assoc_permissionview_role,
    assoc_user_group,
    assoc_user_role,
)
from sqlalchemy import ColumnElement, String, and_, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from app.access import HeldGrant, Person
from app.access.grants import read_grant
from app.auth.people import OPTIONS, full_name
from app.catalog import Catalog, Entry
from app.declare.record import Account


@dataclass(frozen=True)
class StoredGrant:
    """A grant of a role as it is stored; `grant` is None if it names what no longer exists."""

    role: str
    record: str
    text: str
    grant: HeldGrant | None


@dataclass(frozen=True)
class Stored:
    """Every role by name, declared ones in their order first, and every grant."""

    roles: tuple[str, ...]
    grants: tuple[StoredGrant, ...]

    def of(self, entry: Entry) -> tuple[StoredGrant, ...]:
        """The grants on one record, in the order of the roles."""
        return tuple(sorted(
            (one for one in self.grants if one.record == entry.name),
            key=lambda one: (self.roles.index(one.role), one.text),
        ))  # fmt: skip


@dataclass(frozen=True)
class Held:
    """A stored grant that a person holds, by the role itself or by a group that has it."""

    stored: StoredGrant
    group: str = ""


@dataclass(frozen=True)
class Holder:
    """Somebody with an account: as the policy sees them, and where each grant comes from."""

    person: Person
    active: bool
    roles: tuple[tuple[str, str], ...]
    held: tuple[Held, ...]


def stored(session: Session, catalog: Catalog) -> Stored:
    """What all roles hold, in one statement."""
    held = assoc_permissionview_role
    statement = (
        select(Role.name, ViewMenu.name, Permission.name)
        .select_from(Role)
        .outerjoin(held, held.c.role_id == Role.id)
        .outerjoin(PermissionView, PermissionView.id == held.c.permission_view_id)
        .outerjoin(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
        .outerjoin(Permission, Permission.id == PermissionView.permission_id)
    )
    rows = session.execute(statement, execution_options=OPTIONS).all()
    names = {row[0] for row in rows}
    declared = [name for name in catalog.roles if name in names]
    return Stored(
        (*declared, *sorted(names - set(declared))),
        tuple(StoredGrant(role, record, text, _read(catalog, record, text)) for role, record, text in rows if text),
    )


def _read(catalog: Catalog, record: str, text: str) -> HeldGrant | None:
    entry = catalog.get(record)
    return None if entry is None else read_grant(entry, text)


def holders_of(session: Session, grants: Stored, entry: Entry, search: str, most: int) -> tuple[list[Holder], bool]:
    """The active people who hold any grant on a record and have all words in their name; and whether there are more."""
    of_entry = grants.of(entry)
    members = _members()
    names = sorted({one.role for one in of_entry})
    holding = select(members.c.user_id).join(Role, Role.id == members.c.role_id).where(Role.name.in_(names))
    found = _people(session, of_entry, [
        Account.active.is_(True), Account.id.in_(holding), *(_named(word) for word in search.split()),
    ], most + 1)  # fmt: skip
    return found[:most], len(found) > most


def holder(session: Session, grants: Stored, account_id: int) -> Holder | None:
    """One account with all it holds, active or not."""
    return next(iter(_people(session, grants.grants, [Account.id == account_id], 1)), None)


def _members() -> Any:
    """Who has which role: directly, or by a group."""
    group = func.coalesce(func.nullif(Group.label, ""), Group.name)
    return union_all(
        select(assoc_user_role.c.user_id, assoc_user_role.c.role_id, literal("", String(1)).label("via")),
        select(assoc_user_group.c.user_id, assoc_group_role.c.role_id, group.label("via"))
        .join(assoc_group_role, assoc_group_role.c.group_id == assoc_user_group.c.group_id)
        .join(Group, Group.id == assoc_user_group.c.group_id),
    ).subquery()


def _named(word: str) -> ColumnElement[bool]:
    either: tuple[ColumnElement[str], ...] = (
        Account.last_name + Account.first_name, Account.first_name + " " + Account.last_name,
    )  # fmt: skip
    return or_(*(name.icontains(word, autoescape=True) for name in either))


def _people(
    session: Session, grants: Sequence[StoredGrant], conditions: Sequence[ColumnElement[bool]], most: int
) -> list[Holder]:
    """Accounts with their roles and what those hold, in the order of their names, in one statement."""
    unit = getattr(Account, "unit_id", None)
    columns = [Account.id, Account.username, Account.first_name, Account.last_name, Account.active, Account.clearance]
    order = (Account.last_name, Account.first_name, Account.id)
    few = select(*columns, *([] if unit is None else [unit])).where(and_(*conditions)).order_by(*order).limit(most)
    account, members = few.subquery(), _members()
    statement = (
        select(account, Role.name.label("role"), members.c.via)
        .outerjoin(members, members.c.user_id == account.c.id)
        .outerjoin(Role, Role.id == members.c.role_id)
        .order_by(account.c.last_name, account.c.first_name, account.c.id, Role.name, members.c.via)
    )
    rows: dict[int, list[Any]] = {}
    for row in session.execute(statement, execution_options=OPTIONS):
        rows.setdefault(row.id, []).append(row)
    return [_holder(found, grants, unit is not None) for found in rows.values()]


def _holder(rows: Sequence[Any], grants: Sequence[StoredGrant], has_unit: bool) -> Holder:
    first = rows[0]
    roles = tuple((row.role, row.via) for row in rows if row.role is not None)
    held = tuple(Held(one, via) for role, via in roles for one in grants if one.role == role)
    by_record: dict[str, dict[HeldGrant, None]] = {}
    for one in held:
        if one.stored.grant is not None:
            by_record.setdefault(one.stored.record, {})[one.stored.grant] = None
    person = Person(
        id=first.id,
        username=first.username,
        name=full_name(first.last_name, first.first_name) or first.username,
        roles=tuple(sorted({role for role, _via in roles})),
        unit_id=first.unit_id if has_unit else None,
        clearance=first.clearance,
        grants={record: tuple(found) for record, found in by_record.items()},
    )
    return Holder(person, bool(first.active), roles, held)
