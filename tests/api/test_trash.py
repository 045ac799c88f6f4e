"""The trash over REST: listed, restored, emptied by those who could delete its rows, at the version they have seen."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.api.test_rows import Client, project, scalar, sign_in
from tests.support import people

Signed = Callable[[str], Client]


@pytest.fixture(scope="module")
def api(app: Flask) -> Signed:
    known: dict[str, Client] = {}
    return lambda name: known.setdefault(name, sign_in(app, name))


def thrown_away(app: Flask, client: Client, code: str, **more: Any) -> int:
    """The id of a project that has just been put into the trash."""
    made = client("POST", "/project/", project(app, code) | more)
    assert made.status_code == 201, made.text
    row_id = int(made.get_json()["id"])
    assert client("DELETE", f"/project/{row_id}", If_Match='"1"').status_code == 204
    return row_id


def test_a_row_comes_back_as_it_was_at_the_version_that_was_seen(app: Flask, api: Signed) -> None:
    client = api(people.COORDINATOR)
    row_id = thrown_away(app, client, "BACK-1", title="误删的项目")
    page = client("GET", "/project/trash?limit=1").get_json()
    row = page["result"][0]
    assert (row["id"], row["title"], row["version"]) == (row_id, "误删的项目", 2)
    assert row["deleted_by"] == scalar_text(app, "SELECT deleted_by FROM project WHERE id = :id", row_id)
    assert row["deleted_at"].endswith("Z")
    inside = f"/project/trash/{row_id}"
    shown = client("GET", inside)
    assert shown.headers["ETag"] == '"2"'
    assert client("POST", f"{inside}/restore").status_code == 428
    stale = client("POST", f"{inside}/restore", If_Match='"1"')
    assert (stale.status_code, stale.get_json()["version"]) == (412, 2)
    back = client("POST", f"{inside}/restore", If_Match=shown.headers["ETag"])
    assert (back.status_code, back.headers["ETag"]) == (200, '"3"')
    assert {**back.get_json(), "version": 2} == {n: v for n, v in row.items() if not n.startswith("deleted")}
    assert client("GET", f"/project/{row_id}").status_code == 200
    assert client("GET", inside).status_code == 404
    assert client("POST", f"{inside}/restore", If_Match="*").status_code == 404
    deeds = "SELECT count(*) FROM rn_event WHERE record = 'project' AND row_id = :id AND deed = 'restored'"
    assert scalar(app, f"{deeds} AND door = 'rest'", id=row_id) == 1


def test_a_row_is_deleted_for_good_at_the_version_that_was_seen(app: Flask, api: Signed) -> None:
    client = api(people.COORDINATOR)
    row_id = thrown_away(app, client, "GONE-1")
    inside = f"/project/trash/{row_id}"
    assert client("DELETE", inside, If_Match='"1"').status_code == 412
    assert client("DELETE", inside, If_Match='"2"').status_code == 204
    assert client("GET", inside).status_code == 404
    assert scalar(app, "SELECT count(*) FROM project WHERE id = :id", id=row_id) == 0


def test_pages_of_the_trash_meet_without_a_gap(app: Flask, api: Signed) -> None:
    client = api(people.COORDINATOR)
    thrown = [thrown_away(app, client, f"PAGE-{number}") for number in range(3)]
    seen: list[int] = []
    page = client("GET", "/project/trash?limit=2").get_json()
    while True:
        seen += [row["id"] for row in page["result"]]
        if page["next"] is None:
            break
        page = client("GET", f"/project/trash?limit=2&after={page['next']}").get_json()
    assert seen[:3] == thrown[::-1]
    assert len(seen) == len(set(seen)) == len(client("GET", "/project/trash?limit=500").get_json()["result"])


def test_the_trash_is_for_those_who_could_delete(app: Flask, api: Signed) -> None:
    row_id = thrown_away(app, api(people.COORDINATOR), "MINE-1")
    unit = scalar(app, "SELECT unit_id FROM project WHERE id = :id", id=row_id)
    tourism = api(people.TOURISM)
    assert unit != scalar(app, "SELECT unit_id FROM ab_user WHERE username = 'tourism'")
    assert row_id not in [row["id"] for row in tourism("GET", "/project/trash").get_json()["result"]]
    for method, path in (("GET", ""), ("POST", "/restore"), ("DELETE", "")):
        assert tourism(method, f"/project/trash/{row_id}{path}", If_Match="*").status_code == 404
        assert api(people.VIEWER)(method, f"/project/trash/{row_id}{path}", If_Match="*").status_code == 403
        assert Client(app)(method, f"/project/trash/{row_id}{path}", If_Match="*").status_code == 401
    assert api(people.VIEWER)("GET", "/project/trash").status_code == 403
    assert "/api/v1/project/trash" not in api(people.VIEWER)("GET", "/openapi.json").get_json()["paths"]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "after=", "after=x", "after=1~2", "q=a"])
def test_an_address_that_says_something_unknown_is_refused(api: Signed, query: str) -> None:
    answer = api(people.COORDINATOR)("GET", f"/project/trash?{query}")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


def test_a_record_without_trash_has_none_here_either(api: Signed) -> None:
    client = api(people.COORDINATOR)
    assert client("GET", "/milestone/trash").status_code == 404
    assert client("POST", "/milestone/trash/1/restore", If_Match="*").status_code == 404
    assert not [path for path in client("GET", "/openapi.json").get_json()["paths"] if "milestone/trash" in path]
    assert client("GET", "/project/trash/99999999999999999999").status_code == 404


def scalar_text(app: Flask, statement: str, row_id: int) -> str:
    from sqlalchemy import text

    with app.extensions["engine"].connect() as connection:
        return str(connection.execute(text(statement), {"id": row_id}).scalar())
