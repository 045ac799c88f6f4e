"""A search by relevance as people and programs meet it: what it says, what they may choose instead, and its pages."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from flask import Flask

from tests.support import people
from tests.support.statements import counted
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]
LIST = "/records/resident/"


def ids(page: str) -> list[str]:
    return re.findall(r'<tr data-pk="(\d+)"', page)


def link(page: str, name: str) -> str:
    found = re.search(rf'<a href="([^"]+)"[^>]*>(?:<i[^>]*></i>)?<span class="p-0">{name}</span>', page)
    assert found, name
    return found[1].replace("&amp;", "&")


def test_a_search_says_that_it_is_by_relevance_and_marks_no_column(visitor: Signed) -> None:
    page = visitor(people.POLICE).get(f"{LIST}?q=王").text
    assert "按相关度" in page
    assert "aria-sort" not in page
    assert "aria-sort" in visitor(people.POLICE).get(LIST).text


def test_a_chosen_order_is_kept_on_every_page_of_a_search(visitor: Signed) -> None:
    who = visitor(people.POLICE)
    for order in ("name", "-name", "citizen_id"):
        page = who.get(f"{LIST}?q=王&order={order}&limit=20").text
        assert "按相关度" not in page
        following = link(page, "下一页")
        assert parse_qs(urlsplit(following).query)["order"] == [order]
        assert "按相关度" not in who.get(following).text


def test_pages_of_a_search_are_turned_both_ways(visitor: Signed) -> None:
    who = visitor(people.POLICE)
    first = who.get(f"{LIST}?q=王&limit=20").text
    second = who.get(link(first, "下一页")).text
    assert len(ids(first)) == len(ids(second)) == 20
    assert not set(ids(first)) & set(ids(second))
    assert ids(who.get(link(second, "上一页")).text) == ids(first)
    last = who.get(link(first, "末页")).text
    assert ids(who.get(link(who.get(link(last, "上一页")).text, "下一页")).text) == ids(last)
    came = re.search(rf'href="({LIST}{ids(first)[1]}[^"]*)"', first)
    assert came
    shown = who.get(came[1].replace("&amp;", "&")).text
    for near in (ids(first)[0], ids(first)[2]):
        assert f'href="{LIST}{near}?' in shown


def test_programs_meet_the_same_rows_in_the_same_order(app: Flask, visitor: Signed) -> None:
    sent = {"username": people.POLICE, "password": people.PASSWORD}
    client = app.test_client(use_cookies=False)
    token = client.post("/api/v1/security/login", json=sent).get_json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    begin = client.get("/api/v1/resident/?q=王&limit=10", headers=bearer).get_json()
    more = client.get(f"/api/v1/resident/?q=王&limit=10&after={begin['next']}", headers=bearer).get_json()
    met = [str(row["id"]) for row in (*begin["result"], *more["result"])]
    assert met == ids(visitor(people.POLICE).get(f"{LIST}?q=王&limit=20").text)
    named = client.get("/api/v1/resident/?q=王&limit=10&order=name", headers=bearer).get_json()
    for other in (f"order=name&after={begin['next']}", f"after={named['next']}", "after=nonsense"):
        answer = client.get(f"/api/v1/resident/?q=王&limit=10&{other}", headers=bearer)
        assert answer.status_code == 400, other


def test_a_searched_page_takes_few_statements(visitor: Signed) -> None:
    who = visitor(people.POLICE)
    for address in ("?q=王", "?q=建国", "?q=王建国", "?q=建国&last=1", "?q=建国&area=320703"):
        who.get(LIST + address)
        with counted() as said:
            assert who.get(LIST + address).status_code == 200
        assert len(said) <= 12, (address, said)
