"""Every record through every screen, for everybody of the cast, on both databases."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from flask import Flask

from app.access import Person, may
from app.auth.people import load_person
from app.catalog import Catalog, Entry
from app.declare.access import Verb
from app.store.session import db
from tests.support import people
from tests.support.statements import counted
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]
MOST_STATEMENTS = 12
GRANT_TABLES = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM)\s+\"?ab_", re.IGNORECASE)


@pytest.fixture(scope="module")
def catalog(app: Flask) -> Catalog:
    found: Catalog = app.extensions["catalog"]
    return found


@pytest.fixture(scope="module")
def persons(app: Flask, catalog: Catalog) -> dict[str, Person]:
    """The cast as the policy sees them."""
    from sqlalchemy import text

    with app.app_context():
        ids: dict[str, int] = dict(db().connection().execute(text("SELECT username, id FROM ab_user")).all())
        found = {name: load_person(db(), catalog, ids[name]) for name in people.CAST}
    return {name: person for name, person in found.items() if person is not None}


def first_row(visitor: Visitor, entry: Entry) -> str | None:
    found = re.search(rf'data-url="(/records/{entry.name}/\d+)', visitor.get(f"/records/{entry.name}/").text)
    return found[1] if found else None


def everybody(persons: dict[str, Person], catalog: Catalog) -> Iterator[tuple[str, Person, Entry]]:
    for name in people.CAST:
        for entry in catalog:
            yield name, persons[name], entry


def test_each_screen_opens_for_those_with_a_grant_and_for_nobody_else(
    visitor: Signed, catalog: Catalog, persons: dict[str, Person]
) -> None:
    for name, person, entry in everybody(persons, catalog):
        someone = visitor(name)
        reads = may(person, entry, Verb.READ)
        for path, allowed in (
            ("", reads),
            ("count", reads),
            ("options?q=a", reads),
            ("new", reads and may(person, entry, Verb.ADD)),
        ):
            status = someone.get(f"/records/{entry.name}/{path}").status_code
            assert status == (200 if allowed else 403), (name, entry.name, path, status)
        assert someone.get(f"/records/{entry.name}/2147483647").status_code == (404 if reads else 403)
        row = first_row(someone, entry) if reads else None
        if row:
            assert someone.get(row).status_code == 200, (name, row)
            assert someone.get(f"{row}?print=1").status_code == 200
            assert someone.get(f"{row}/history").status_code == 200
            edits = someone.get(f"{row}/edit").status_code
            assert edits in ({200, 403} if may(person, entry, Verb.EDIT) else {403}), (name, row, edits)
            for tab in set(re.findall(rf'hx-get="({row}/related/[\w-]+)"', someone.get(row).text)):
                assert someone.get(tab).status_code == 200, tab


def test_a_list_or_show_page_takes_at_most_twelve_statements(
    visitor: Signed, catalog: Catalog, persons: dict[str, Person]
) -> None:
    for name, person, entry in everybody(persons, catalog):
        if not may(person, entry, Verb.READ):
            continue
        someone = visitor(name)
        listing = f"/records/{entry.name}/"
        every = ",".join(item.name for item in entry.columns)
        searched = f"{listing}?q=a&limit=200"
        references = [
            item for item in entry.filtered if item.target is not None and may(person, item.target, Verb.READ)
        ]
        filtered = f"{listing}?{'&'.join(f'{item.name}=1' for item in references[:2])}"
        pages = [listing, f"{listing}?cols={every}&limit=200", searched, filtered, f"{listing}?last=1"]
        row = first_row(someone, entry)
        if row:
            pages += [row, f"{row}?list={quote('order=' + entry.order[0].name) if not entry.order[0].masked else ''}"]
        for page in pages:
            with counted() as said:
                answer = someone.get(page)
            assert answer.status_code == 200, (name, page, answer.text[-1500:])
            assert len(said) <= MOST_STATEMENTS, (name, page, len(said), said)


def test_a_persons_grants_are_loaded_once_a_request(visitor: Signed) -> None:
    police = visitor(people.POLICE)
    with counted() as said:
        police.get("/records/milestone/")
    assert sum("ab_permission_view_role" in statement for statement in said) == 1


def test_no_permission_is_written_while_serving(visitor: Signed, catalog: Catalog, persons: dict[str, Person]) -> None:
    with counted() as said:
        for name in people.CAST:
            someone = visitor(name)
            someone.get("/")
            for entry in catalog:
                someone.get(f"/records/{entry.name}/")
    assert [statement for statement in said if GRANT_TABLES.search(statement)] == []


def test_a_stranger_is_led_to_the_sign_in_page_from_everywhere(stranger: Visitor, catalog: Catalog) -> None:
    for entry in catalog:
        for path in ("", "new", "1", "1/edit", "count", "options", "1/history"):
            answer = stranger.get(f"/records/{entry.name}/{path}")
            assert answer.status_code == 303, (entry.name, path)
            assert answer.headers["Location"].startswith("/login/")
    assert stranger.get("/palette/?q=a", headers={"HX-Request": "true"}).status_code == 401


def test_wrong_methods_are_answered_in_words(visitor: Signed) -> None:
    coordinator = visitor(people.COORDINATOR)
    for path in ("/records/milestone/1/delete", "/records/milestone/bulk", "/records/milestone/views", "/logout/"):
        answer = coordinator.get(path)
        assert answer.status_code == 405, path
        assert "此地址不支持这种操作" in answer.text
    assert coordinator.post("/records/milestone/").status_code == 405


def test_every_answer_carries_the_strict_headers(visitor: Signed, stranger: Visitor) -> None:
    answers = [stranger.get("/login/"), stranger.get("/static/css/console.css"), stranger.get("/healthz")]
    answers += [visitor(people.LEADER).get(path) for path in ("/", "/records/unit/", "/records/nothing/", "/palette/")]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "'unsafe" not in policy
        assert "default-src 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        answer.close()


def test_every_page_speaks_the_chosen_language(app: Flask) -> None:
    someone = Visitor(app).sign_in(people.LEADER)
    assert "建设节点" in someone.get("/records/milestone/").text
    assert someone.post("/language/en", {"next": "/records/milestone/"}).headers["Location"] == "/records/milestone/"
    page = someone.get("/records/milestone/").text
    assert "Milestones" in page
    assert 'lang="en"' in page
    assert someone.post("/language/xx").status_code == 404
    assert someone.post("/language/zh", {"next": "https://elsewhere.example/"}).headers["Location"] == "/"
