"""REST: each record by the contract, through the same policy and the same saves as the screens."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.catalog import Catalog
from tests.support import people
from tests.support.statements import counted

Api = Callable[..., TestResponse]


class Client:
    """A program that bears a token."""

    def __init__(self, app: Flask, token: str = "") -> None:
        self.app = app
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        # a client of its own for each request, so that no cookie helps
        return self.app.test_client(use_cookies=False).open(
            f"/api/v1{path}", method=method, json=body, headers={**self.headers, **named}
        )


def sign_in(app: Flask, name: str) -> Client:
    sent = {"username": name, "password": people.PASSWORD}
    answer = Client(app)("POST", "/security/login", sent)
    assert answer.status_code == 200, answer.text
    return Client(app, answer.get_json()["access_token"])


@pytest.fixture(scope="module")
def api(app: Flask) -> Callable[[str], Client]:
    known: dict[str, Client] = {}

    def signed_in(name: str) -> Client:
        if name not in known:
            known[name] = sign_in(app, name)
        return known[name]

    return signed_in


Signed = Callable[[str], Client]


def scalar(app: Flask, statement: str, **values: object) -> int:
    with app.extensions["engine"].connect() as connection:
        return int(connection.execute(text(statement), values).scalar() or 0)


def project(app: Flask, code: str) -> dict[str, Any]:
    unit = scalar(app, "SELECT unit_id FROM project ORDER BY id LIMIT 1")
    return {"code": code, "title": "测试项目", "unit": unit, "kind": "network", "classification": "public"}


def test_every_readable_record_is_listed_and_shown_and_pages_meet_without_a_gap(app: Flask, api: Signed) -> None:
    client = api(people.COORDINATOR)
    catalog: Catalog = app.extensions["catalog"]
    opened = 0
    for entry in catalog:
        first = client("GET", f"/{entry.name}/?limit=3&count=exact")
        assert first.status_code in {200, 403}, entry.name
        if first.status_code == 403:
            continue
        opened += 1
        page = first.get_json()
        seen = [row["id"] for row in page["result"]]
        while page["next"] and len(seen) < 12:
            page = client("GET", f"/{entry.name}/?limit=3&after={page['next']}").get_json()
            seen += [row["id"] for row in page["result"]]
        assert len(seen) == len(set(seen))
        total = first.get_json()["count"]
        assert len(seen) == total or len(seen) >= 12
        if seen:
            row = client("GET", f"/{entry.name}/{seen[0]}")
            assert row.status_code == 200
            assert row.headers["ETag"] == f'"{row.get_json()["version"]}"'
    assert opened >= 8


def test_a_list_takes_few_statements(app: Flask, api: Signed) -> None:
    client = api(people.COORDINATOR)
    for record in ("project", "milestone", "staff", "account"):
        with counted() as said:
            client("GET", f"/{record}/?limit=100&count=capped")
        assert len(said) <= 6, (record, said)


def test_a_row_is_added_changed_and_deleted_and_its_history_names_the_door(app: Flask, api: Signed) -> None:
    client = api(people.COORDINATOR)
    added = client("POST", "/project/", project(app, "REST-1"))
    assert added.status_code == 201, added.text
    row = added.get_json()
    path = f"/project/{row['id']}"
    assert added.headers["Location"].endswith(f"/api/v1{path}")
    assert client("PATCH", path, {"title": "改"}).status_code == 428
    changed = client("PATCH", path, {"title": "改"}, If_Match=added.headers["ETag"])
    assert (changed.status_code, changed.get_json()["title"], changed.headers["ETag"]) == (200, "改", '"2"')
    stale = client("PATCH", path, {"title": "旧"}, If_Match='"1"')
    assert (stale.status_code, stale.get_json()["version"]) == (412, 2)
    assert client("GET", path, If_None_Match='"2"').status_code == 304
    assert client("DELETE", path, If_Match='"1"').status_code == 412
    assert client("DELETE", path, If_Match='"2"').status_code == 204
    assert client("GET", path).status_code == 404
    doors = scalar(app, "SELECT count(*) FROM rn_event WHERE record = 'project' AND row_id = :id AND door = 'rest'",
                   id=row["id"])  # fmt: skip
    assert doors == 3


def test_what_is_wrong_is_said_by_field_in_the_language_asked_for(app: Flask, api: Signed) -> None:
    client = api(people.COORDINATOR)
    body = project(app, "REST-2") | {"starts": "2004.3.1", "investment": 12.345, "nonsense": 1, "unit": "3", "title": 5}
    answer = client("POST", "/project/", body, Accept_Language="en")
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert set(answer.get_json()["errors"]) == {"starts", "investment", "nonsense", "unit", "title"}
    assert "There is no such field." in answer.text
    assert "没有这个字段" in client("POST", "/project/", body).text
    taken = client("POST", "/project/", project(app, "XM-2003-001"))
    assert taken.status_code == 409, taken.text
    assert list(taken.get_json()["errors"]) == ["code"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"title": NaN}', "application/json", 400),
        (b'{"unit": ' + b"9" * 5000 + b"}", "application/json", 400),
        (b'{"title": "\\ud800"}', "application/json", 422),
        (b'{"title": "\\u0000"}', "application/json", 422),
        (b'"x"', "application/json", 422),
        (b"[]", "application/json", 422),
        (b"[1]", "application/json", 422),
        (b"{}", "text/plain", 415),
    ],
)
def test_a_body_that_cannot_be_read_is_answered_in_words(
    app: Flask, api: Signed, content: bytes, kind: str, status: int
) -> None:
    headers = api(people.COORDINATOR).headers
    answer = app.test_client(use_cookies=False).post(
        "/api/v1/project/", data=content, content_type=kind, headers=headers
    )
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "limit=", "order=nothing", "nonsense=1", "after=x", "count=all", "unit=x",
     "due__gte=x", "title__contains=%00", "before=x", "view=1", "cols=nothing"],
)  # fmt: skip
def test_an_address_that_says_something_unknown_is_refused(api: Signed, query: str) -> None:
    answer = api(people.COORDINATOR)("GET", f"/milestone/?{query}")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


def test_a_filter_by_none_of_many_rows_is_refused_too(api: Signed) -> None:
    assert api(people.COORDINATOR)("GET", "/mail/?to=").status_code == 400


def test_strangers_read_only_roles_and_other_units_are_refused(app: Flask, api: Signed) -> None:
    stranger = Client(app)("GET", "/project/")
    assert (stranger.status_code, stranger.headers["WWW-Authenticate"]) == (401, 'Bearer realm="rainbow"')
    assert Client(app, "forged")("GET", "/project/").status_code == 401
    assert Client(app, "rnp_forged")("GET", "/project/").status_code == 401
    assert api(people.VIEWER)("POST", "/project/", {}).status_code == 403
    assert api(people.ADMIN)("GET", "/project/").status_code == 403
    police = scalar(app, "SELECT id FROM unit WHERE name = '公安局'")
    foreign = scalar(app, "SELECT id FROM milestone WHERE unit_id = :unit ORDER BY id LIMIT 1", unit=police)
    tourism = api(people.TOURISM)
    assert tourism("GET", f"/milestone/{foreign}").status_code == 404
    assert tourism("PATCH", f"/milestone/{foreign}", {"title": "x"}, If_Match="*").status_code == 404
    assert foreign not in [row["id"] for row in tourism("GET", "/milestone/?limit=500").get_json()["result"]]
    many = tourism("PATCH", "/milestone/", [{"id": foreign, "version": 1, "title": "x"}])
    assert (many.status_code, many.get_json()["rows"][0]["status"]) == (422, 404)


def test_masked_values_stay_masked_and_are_no_filter(api: Signed) -> None:
    police = api(people.POLICE)
    for row in police("GET", "/resident/?limit=20").get_json()["result"]:
        assert "***********" in row["citizen_id"]
    assert "password" not in api(people.ADMIN)("GET", "/account/?limit=1").get_json()["result"][0]
    assert "••" not in api(people.ADMIN)("GET", "/account/?limit=1").text


def test_a_list_of_rows_is_stored_whole_or_not_at_all(app: Flask, api: Signed) -> None:
    client = api(people.COORDINATOR)
    before = scalar(app, "SELECT count(*) FROM project")
    rows = [project(app, f"MANY-{number}") for number in range(50)]
    rows[7] = rows[7] | {"code": "MANY-6"}
    rows[9] = rows[9] | {"unit": 999_999}
    refused = client("POST", "/project/", rows)
    assert refused.status_code == 422, refused.text
    assert [(row["index"], row["status"], list(row["errors"])) for row in refused.get_json()["rows"]] == [
        (7, 409, ["code"]), (9, 422, ["unit"]),
    ]  # fmt: skip
    assert scalar(app, "SELECT count(*) FROM project") == before
    stored = client("POST", "/project/", [project(app, f"MANY-{number}") for number in range(50)])
    assert (stored.status_code, scalar(app, "SELECT count(*) FROM project")) == (201, before + 50)
    ids = [row["id"] for row in stored.get_json()["result"]]
    changes = [{"id": one, "version": 1, "title": f"成批改{one}"} for one in ids]
    stale = client("PATCH", "/project/", [*changes[:-1], {"id": ids[-1], "version": 9, "title": "x"}])
    assert [(row["index"], row["status"]) for row in stale.get_json()["rows"]] == [(49, 412)]
    assert scalar(app, "SELECT count(*) FROM project WHERE title LIKE '成批改%'") == 0
    assert client("PATCH", "/project/", changes).status_code == 200
    assert scalar(app, "SELECT count(*) FROM project WHERE title LIKE '成批改%' AND version = 2") == 50
    assert client("POST", "/project/", [{}] * 1001).status_code == 422


def test_the_same_key_stores_once_even_when_it_comes_twice_at_the_same_time(app: Flask, api: Signed) -> None:
    client = api(people.COORDINATOR)
    body = project(app, "ONCE-1")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _n: client("POST", "/project/", body, Idempotency_Key="k-1"), range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.get_json()["id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 3
    assert scalar(app, "SELECT count(*) FROM project WHERE code = 'ONCE-1'") == 1
    other = client("POST", "/project/", project(app, "ONCE-2"), Idempotency_Key="k-1")
    assert (other.status_code, other.get_json()["type"]) == (422, "urn:rainbow:problem:key-reused")
    # another person's key of the same name is another key
    assert sign_in(app, people.COORDINATOR)("POST", "/project/", body, Idempotency_Key="k-1").status_code == 201
    rows = [project(app, "ONCE-3"), project(app, "ONCE-4")]
    first, second = (client("POST", "/project/", rows, Idempotency_Key="k-2") for _n in range(2))
    assert first.get_json() == second.get_json()


def test_a_row_that_others_refer_to_stays_and_names_them(app: Flask, api: Signed) -> None:
    system = scalar(app, "SELECT system_id FROM milestone WHERE system_id IS NOT NULL ORDER BY id LIMIT 1")
    answer = api(people.COORDINATOR)("DELETE", f"/system/{system}", If_Match="*")
    assert answer.status_code == 409
    assert answer.get_json()["referred_by"][0]["label"]


def test_a_deleted_row_lies_in_the_trash_and_is_nowhere_else(app: Flask, api: Signed) -> None:
    client = api(people.COORDINATOR)
    made = client("POST", "/system/", {"name": "暂存系统", "code": "ZCXT", "group": "office", "status": "planned"})
    system = made.get_json()["id"]
    body = project(app, "BIN-1") | {"title": "扔掉的项目", "system": system}
    row = client("POST", "/project/", body).get_json()
    path = f"/project/{row['id']}"
    assert client("DELETE", path, If_Match='"1"').status_code == 204
    statement = "SELECT count(*) FROM project WHERE id = :id AND deleted_at IS NOT NULL AND version = 2"
    assert scalar(app, statement, id=row["id"]) == 1
    assert client("GET", "/project/?q=扔掉的项目&count=exact").get_json()["count"] == 0
    answers = [client("GET", path), client("PATCH", path, {"title": "x"}, If_Match="*"),
               client("DELETE", path, If_Match="*")]  # fmt: skip
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    many = client("PATCH", "/project/", [{"id": row["id"], "version": 2, "title": "x"}])
    assert [fault["status"] for fault in many.get_json()["rows"]] == [404]
    line = {"project": row["id"], "year": 2004, "category": "software", "level": "city", "source": 1, "planned": "1"}
    assert list(client("POST", "/budget_line/", line).get_json()["errors"]) == ["project"]
    taken = client("POST", "/project/", body)
    assert taken.status_code == 409
    assert "回收站" in taken.text
    needed = client("DELETE", f"/system/{system}", If_Match="*")
    assert needed.status_code == 409
    assert [(one["id"], one["trashed"]) for one in needed.get_json()["referred_by"]] == [(row["id"], True)]
    deeds = "SELECT count(*) FROM rn_event WHERE record = 'project' AND row_id = :id AND deed = 'deleted'"
    assert scalar(app, f"{deeds} AND door = 'rest'", id=row["id"]) == 1


def test_addresses_that_lead_nowhere_and_wrong_methods_are_problem_documents(app: Flask, api: Signed) -> None:
    client = api(people.COORDINATOR)
    for method, path, status in (("GET", "/nothing/", 404), ("PUT", "/project/1", 405), ("GET", "/a/b/c", 404),
                                 ("DELETE", "/project/", 405)):  # fmt: skip
        answer = client(method, path)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), (method, path)
    assert "GET" in client("PUT", "/project/1").headers["Allow"]
