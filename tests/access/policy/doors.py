"""A drawn person signed in at the console itself, and what no answer of it may show."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from flask import Flask
from flask_appbuilder.security.sqla.models import Permission, PermissionView, ViewMenu, assoc_permissionview_role
from flask_appbuilder.security.sqla.models import Role as StoredRole
from sqlalchemy import Connection, delete, insert, select, update
from werkzeug.test import TestResponse

from app.access.grants import write_grant
from app.declare.record import Account
from tests.access.policy.example import Example
from tests.support import people
from tests.support.little import LINK, MARK, undone
from tests.support.oracle import Rules, World, read_rows, trespasses
from tests.support.visitor import Visitor

Ask = Callable[..., TestResponse]


@contextmanager
def at_the_door(app: Flask, signed: Visitor, record: str, seed: int) -> Iterator[tuple[Example, Ask]]:
    """An example whose person is the one who is signed in, and what they ask with."""
    with undone(app) as (connection, sessions):
        x = Example(app, connection, record, seed)
        x.sessions = sessions
        known = connection.scalar(select(Account.id).where(Account.__table__.c.username == people.VIEWER))
        x.person = replace(x.person, id=int(known or 0), roles=(people.VIEWER,))
        install(x)
        x.world = World(x.catalog, connection)

        def ask(
            path: str, data: dict[str, Any] | None = None, method: str = "", said: str = "", **options: Any
        ) -> TestResponse:
            """What is answered; `said` is what the page may say again, as others have said it to the person."""
            if method:
                answer = signed.send(method, path, data)
            else:
                answer = signed.get(path, **options) if data is None else signed.post(path, data)
            return looked_at(x, path, answer, f"{data} {said}")

        yield x, ask


def looked_at(x: Example, path: str, answer: TestResponse, sent: str) -> TestResponse:
    """An answer that is no failure and shows nothing that it may not."""
    x.sessions.remove()
    assert answer.status_code < 500, (path, sent, answer.text[:2000])
    if answer.status_code != 303 and ("text" in answer.content_type or "json" in answer.content_type):
        shown(x, path, answer.text, sent + unquote(path))
    return answer


def install(x: Example) -> None:
    """Give the signed-in person the drawn unit, clearance and grants, where the identity library keeps them."""
    connection = x.connection
    account, role = Account.__table__, StoredRole.__table__
    connection.execute(update(account).where(account.c.id == x.person.id).values(
        unit_id=x.person.unit_id, clearance=x.person.clearance
    ))  # fmt: skip
    own = connection.scalar(select(role.c.id).where(role.c.name == people.VIEWER))
    connection.execute(delete(assoc_permissionview_role).where(assoc_permissionview_role.c.role_id == own))
    texts: dict[str, int] = {}
    for record, grants in x.person.grants.items():
        menu = connection.scalar(select(ViewMenu.id).where(ViewMenu.name == record))
        for text in {write_grant(grant.verbs, grant.scope, grant.fields) for grant in grants}:
            if text not in texts:
                known = connection.scalar(select(Permission.id).where(Permission.name == text))
                texts[text] = known or key(connection, Permission, name=text)
            pair = select(PermissionView.id).where(
                PermissionView.permission_id == texts[text], PermissionView.view_menu_id == menu
            )
            held_by = connection.scalar(pair) or key(
                connection, PermissionView, permission_id=texts[text], view_menu_id=menu
            )
            key(connection, assoc_permissionview_role, permission_view_id=held_by, role_id=own)


def key(connection: Connection, model: Any, **values: Any) -> int:
    table = getattr(model, "__table__", model)
    made = connection.execute(insert(table).values(**values)).inserted_primary_key
    return int(made[0]) if made else 0


def shown(x: Example, path: str, found: str, sent: str) -> None:
    """No name of an unseen row, no link to one, no whole masked value stands on a page, but what was sent to it."""
    text = html.unescape(found)
    # what stands in the way of a deletion may be named from the trash
    trash_too = "/trash" in path or path.endswith(("/delete", "/bulk"))
    x.told(" ".join(one[0] for one in re.finditer(MARK, text) if one[0] not in sent), trash_too)
    for record, row_id in set() if x.everything else set(LINK.findall(text)):
        asked_for = re.match(rf"/records/{record}/(trash/)?{row_id}\b", path)
        assert int(row_id) in x.seen(record) or asked_for, (path, record, row_id)
    for value in x.whole():
        assert value not in text or value in sent, (path, value)


def stored_rightly(x: Example, what: object) -> None:
    """Refuse what has been stored of the record if no grant of the person allows it."""
    record = x.entry.name
    after = read_rows(x.entry, x.connection)
    assert trespasses(x.world, after, x.person, record, Rules.of(x.entry)) == [], what
    gone = x.world.trash[record].keys() - read_rows(x.entry, x.connection, trashed=True).keys() - after.keys()
    assert gone <= x.world.restorable(x.person, record), what


@contextmanager
def taken_back(x: Example) -> Iterator[None]:
    """What is stored within is undone after it."""
    point = x.connection.begin_nested()
    try:
        yield
    finally:
        x.sessions.remove()
        point.rollback()
