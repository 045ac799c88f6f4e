"""Forms sent by something that is no browser: each is answered in words, none breaks the console."""

import json
import re
from collections.abc import Callable

import pytest
from flask import Flask

from tests.screens.test_forms import MILESTONE, beside, hidden
from tests.support import people
from tests.support.visitor import Visitor, form_token

Signed = Callable[[str], Visitor]
DIGITS = "9" * 5000


@pytest.mark.parametrize("typed", [DIGITS, "٣", "-1", "1" * 10])
def test_a_reference_that_is_no_id_is_refused_beside_its_field(visitor: Signed, typed: str) -> None:
    answer = visitor(people.COORDINATOR).post("/records/milestone/new", {**MILESTONE, "code": "T-H", "system": typed})
    assert answer.status_code == 422
    assert beside(answer.text, "system")
    assert 'value="测试节点"' in answer.text


def test_references_to_many_that_are_no_ids_are_refused_beside_their_field(visitor: Signed) -> None:
    data = {"subject": "题", "sender": DIGITS, "to": [DIGITS, "²", "1"]}
    answer = visitor(people.POLICE).post("/records/mail/new", data)
    assert answer.status_code == 422
    assert beside(answer.text, "to")


@pytest.mark.parametrize("version", ["²", DIGITS, "", "-3", "1e3"])
def test_a_kept_draft_with_an_odd_version_opens_as_a_form(app: Flask, version: str) -> None:
    someone = Visitor(app).sign_in(people.COORDINATOR)
    page = someone.get("/records/milestone/2/edit").text
    typed = {"title": "草稿里的标题", "_version": version, "_seen": "[", "csrf_token": form_token(page)}
    someone.client.delete_cookie("rainbow")
    answer = someone.client.post("/records/milestone/2/edit", data=typed)
    assert answer.status_code == 401
    login = {"username": people.COORDINATOR, "password": people.PASSWORD, "draft": hidden(answer.text, "draft"),
             "next": hidden(answer.text, "next"), "csrf_token": form_token(answer.text)}  # fmt: skip
    again = someone.get(someone.client.post("/login/", data=login).headers["Location"])
    assert again.status_code == 200
    assert 'value="草稿里的标题"' in again.text
    assert re.search(r'name="_version" value="\d+"', again.text)


SEEN = [
    "[" * 100_000,
    '{"a":' * 20_000,
    "[1, 2]",
    "null",
    "{",
    "",
    json.dumps({"name": 5, "group": ["x"], "status": {"deep": [[]]}, "keyed_on": None, "no_such_field": "x"}),
    '{"name": "\\ud800", "keyed_on": "\\u0000"}',
]


@pytest.mark.parametrize("seen", SEEN, ids=range(len(SEEN)))
def test_a_stale_save_whose_memory_is_nonsense_is_a_conflict_in_words(visitor: Signed, seen: str) -> None:
    typed = {"_version": "999", "_seen": seen, "name": "无厘头", "status": "building"}
    answer = visitor(people.COORDINATOR).post("/records/system/9/edit", typed)
    assert answer.status_code == 409
    assert 'value="无厘头"' in answer.text
