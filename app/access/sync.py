"""Roles and grants written into the identity library's tables; a step of migrating, never of serving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    ViewMenu,
    assoc_permissionview_role,
)
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.access.grants import write_declared
from app.catalog import Catalog


class Trail(Protocol):
    """Where changes are told as they are made, in the same transaction."""

    def role(self, row_id: int, name: str) -> None:
        """A role was made."""

    def grant(self, given: bool, record: str, role: str, text: str) -> None:
        """A role was given a grant on a record, or lost it."""


@dataclass(frozen=True)
class Synced:
    """How many roles and grants were added, and how many grants were taken back."""

    roles: int
    granted: int
    withdrawn: int


def sync(session: Session, catalog: Catalog, trail: Trail) -> Synced:
    """Make each declared role hold exactly its declared grants; roles made by an administrator are left alone.

    Each change is told to the trail before all of them are stored at once.
    """
    declared = list(catalog.roles.values())
    role_ids: dict[str, int] = dict(session.execute(select(Role.name, Role.id)).all())
    new = [role for role in declared if role.value not in role_ids]
    for role in new:
        row = Role(name=role.value)
        session.add(row)
        session.flush()
        role_ids[role.value] = row.id
        trail.role(row.id, role.value)
    wanted = {
        (role_ids[grant.role.value], write_declared(grant), entry.name)
        for entry in catalog
        for grant in entry.screen.grants
    }
    pairs = _pairs(session, {(text, name) for _, text, name in wanted})
    held = {
        (role_id, pair_id)
        for role_id, pair_id in session.execute(
            select(assoc_permissionview_role.c.role_id, assoc_permissionview_role.c.permission_view_id).where(
                assoc_permissionview_role.c.role_id.in_([role_ids[role.value] for role in declared])
            )
        )
    }
    due = {(role_id, pairs[text, name]) for role_id, text, name in wanted}
    for role_id, pair_id in held - due:
        session.execute(delete(assoc_permissionview_role).where(
            assoc_permissionview_role.c.role_id == role_id,
            assoc_permissionview_role.c.permission_view_id == pair_id,
        ))  # fmt: skip
    if due - held:
        session.execute(
            insert(assoc_permissionview_role),
            [{"role_id": role_id, "permission_view_id": pair_id} for role_id, pair_id in sorted(due - held)],
        )
    _tell(session, trail, {role_ids[role.value]: role.value for role in declared}, due - held, held - due)
    session.commit()
    return Synced(len(new), len(due - held), len(held - due))


def _tell(
    session: Session, trail: Trail, roles: dict[int, str], given: set[tuple[int, int]], withdrawn: set[tuple[int, int]]
) -> None:
    """Tell each grant given and withdrawn, with what the pair of ids means."""
    statement = (
        select(PermissionView.id, ViewMenu.name, Permission.name)
        .join(Permission, PermissionView.permission_id == Permission.id)
        .join(ViewMenu, PermissionView.view_menu_id == ViewMenu.id)
    )
    means = {pair_id: (record, text) for pair_id, record, text in session.execute(statement)}
    for changed, is_given in ((withdrawn, False), (given, True)):
        for record, role, text in sorted((means[pair][0], roles[role], means[pair][1]) for role, pair in changed):
            trail.grant(is_given, record, role, text)


def _pairs(session: Session, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The id of each (grant's text, record) pair, made where it is missing."""
    permissions = _named(session, Permission, {text for text, _ in wanted})
    menus = _named(session, ViewMenu, {name for _, name in wanted})
    found: dict[tuple[str, str], int] = {
        (text, name): pair_id
        for pair_id, text, name in session.execute(
            select(PermissionView.id, Permission.name, ViewMenu.name)
            .join(Permission, PermissionView.permission_id == Permission.id)
            .join(ViewMenu, PermissionView.view_menu_id == ViewMenu.id)
        )
    }
    for text, name in sorted(wanted - set(found)):
        row = PermissionView(permission_id=permissions[text], view_menu_id=menus[name])
        session.add(row)
        session.flush()
        found[text, name] = row.id
    return found


def _named(session: Session, model: type[Permission | ViewMenu], names: set[str]) -> dict[str, int]:
    """The id of each named row of a table of names, made where it is missing."""
    found: dict[str, int] = dict(session.execute(select(model.name, model.id)).all())
    for name in sorted(names - set(found)):
        row = model(name=name)
        session.add(row)
        session.flush()
        found[name] = row.id
    return found
