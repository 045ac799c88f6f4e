"""REST, by the session of a page and by personal access tokens whose scopes leave less than the person holds."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from hypothesis import given
from sqlalchemy import insert
from werkzeug.test import TestResponse

from app.access import may
from app.declare.access import Verb
from app.store.tables import AccessToken
from tests.access.policy.doors import Ask, at_the_door, looked_at, stored_rightly, taken_back
from tests.access.policy.example import NAMES, SEEDS, TRASHES, Example, any_row, examples, records
from tests.support.oracle import narrowed
from tests.support.visitor import Visitor

VERBS = ("read", "add", "edit", "delete")


@given(record=NAMES, seed=SEEDS)
@examples(8)
def test_rest_tells_and_stores_no_more_than_the_grants_and_the_scopes_of_a_token(
    little: Flask, signed: Visitor, record: str, seed: int
) -> None:
    with at_the_door(little, signed, record, seed) as (x, ask):
        tried(x, ask)
        scopes = drawn_scopes(x)
        bearer = x.of(narrowed(x.person, scopes))
        tried(bearer, bear(little, bearer, scopes))


@given(record=TRASHES, seed=SEEDS)
@examples(4)
def test_rest_gives_out_of_the_trash_what_its_bearer_could_delete(
    little: Flask, signed: Visitor, record: str, seed: int
) -> None:
    with at_the_door(little, signed, record, seed) as (x, ask):
        trash(x, ask)
        scopes = drawn_scopes(x)
        bearer = x.of(narrowed(x.person, scopes))
        trash(bearer, bear(little, bearer, scopes))


def drawn_scopes(x: Example) -> dict[str, list[str]]:
    """Some verbs of some records; now and then of all."""
    scopes = {
        name: [verb for verb in VERBS if x.chance.random() < (0.8 if name == x.entry.name else 0.5)]
        for name in records(x.catalog)
        if name == x.entry.name or x.chance.random() < 0.7
    }
    return scopes | ({"*": [x.chance.choice(VERBS)]} if x.chance.random() < 0.2 else {})


def bear(app: Flask, x: Example, scopes: dict[str, list[str]]) -> Ask:
    """A token of the person's with these scopes, and what a program asks with it."""
    text, now = f"rnp_{x.chance.random()}", datetime.now(UTC)
    x.connection.execute(insert(AccessToken.__table__).values(
        account_id=x.person.id, name="x", hint="rnp_", digest=hashlib.sha256(text.encode()).hexdigest(),
        scopes=scopes, made_at=now, expires_at=now + timedelta(days=1),
    ))  # fmt: skip

    def ask(path: str, data: Any = None, method: str = "GET") -> TestResponse:
        headers = {"Authorization": f"Bearer {text}", "If-Match": "*"}
        answer = app.test_client(use_cookies=False).open(path, method=method, json=data, headers=headers)
        return looked_at(x, path, answer, str(data))

    return ask


def tried(x: Example, ask: Ask) -> None:
    read(x, ask)
    write(x, ask)


def read(x: Example, ask: Ask) -> None:
    """The whole list, each row, what is masked as filter, search and order, and the description."""
    record, reads = x.entry.name, may(x.person, x.entry, Verb.READ)
    base, seen = f"/api/v1/{record}/", x.seen()
    page = ask(f"{base}?limit=500&count=exact")
    assert page.status_code == (200 if reads else 403)
    if reads:
        assert ids(page) == seen
        assert page.get_json()["count"] == len(seen)
    rows = sorted(x.world.rows[record])
    for row_id in x.chance.sample(rows, min(3, len(rows))):
        assert ask(f"{base}{row_id}").status_code == (403 if not reads else 200 if row_id in seen else 404)
    whole = seen <= x.world.allowed(x.person, record, Verb.UNMASK)
    for name in [name for name, item in x.entry.fields.items() if item.masked]:
        for row_id in x.chance.sample(rows, min(2, len(rows))):
            value = x.world.rows[record][row_id][name]
            for query in (f"q={value}", f"q={value[:8]}", f"{name}={value}", f"{name}__contains={value[:9]}"):
                found = ask(f"{base}?{query}")
                assert whole or found.status_code != 200 or not ids(found), query
        ordered = ask(f"{base}?order={name}").status_code
        assert ordered in ({403} if not reads else {200, 400} if whole else {400})
    paths = ask("/api/v1/openapi.json").get_json()["paths"]
    described = {path.split("/")[3] for path in paths} - {"security"}
    assert described == {entry.name for entry in x.catalog if may(x.person, entry, Verb.READ)}


def ids(answer: TestResponse) -> set[int]:
    return {row["id"] for row in answer.get_json()["result"]}


def write(x: Example, ask: Ask) -> None:
    """A row added, changed and deleted; many added, and many changed."""
    base, row_id = f"/api/v1/{x.entry.name}/", any_row(x)
    rows = x.world.rows[x.entry.name]
    many = [{"id": one, "version": rows[one].get("version", 1), **body(x)} for one in x.chance.sample(sorted(rows), 2)]
    for method, path, data in (
        ("PATCH", f"{base}{row_id}", body(x)),
        ("DELETE", f"{base}{row_id}", None),
        ("POST", base, body(x)),
        ("POST", base, [body(x), body(x)]),
        ("PATCH", base, many),
        ("PATCH", base, many[:1]),
    ):
        with taken_back(x):
            ask(path, data, method)
            stored_rightly(x, (method, path, data))


def trash(x: Example, ask: Ask) -> None:
    """What lies in the trash: listed, looked at, taken out, deleted for good."""
    record, could = x.entry.name, x.world.restorable(x.person, x.entry.name)
    base, holds = f"/api/v1/{record}/trash", may(x.person, x.entry, Verb.DELETE)
    page = ask(f"{base}?limit=500")
    assert page.status_code == (200 if holds else 403)
    assert not holds or ids(page) == could
    for row_id in x.world.trash[record]:
        there = 403 if not holds else 200 if row_id in could else 404
        assert ask(f"{base}/{row_id}").status_code == there
        for method, path in (("POST", f"{base}/{row_id}/restore"), ("DELETE", f"{base}/{row_id}")):
            with taken_back(x):
                ask(path, None, method)
                stored_rightly(x, (method, path))
    for row_id in x.world.rows[record]:
        assert ask(f"{base}/{row_id}/restore", None, "POST").status_code in {403, 404}


def body(x: Example) -> dict[str, Any]:
    """Some fields as REST takes them: references to any row, texts and choices."""
    body: dict[str, Any] = {}
    for name, item in x.entry.fields.items():
        if not item.typed or x.chance.random() < 0.5:
            continue
        if item.target is not None:
            one = x.chance.choice(sorted(x.world.rows[item.target.name]) or [1])
            body[name] = [one] if item.many else one
        elif getattr(item.type, "choices", None) is not None:
            body[name] = str(x.chance.choice(list(item.choices)).value)
        elif type(item.kind).__name__ in ("TitleKind", "LineKind"):
            body[name] = f"改{x.chance.randrange(1000)}"
    return body
