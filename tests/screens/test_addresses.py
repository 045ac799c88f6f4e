"""Addresses that say something unknown get a page that says what is allowed."""

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import people
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]


def cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("colour=red", "due__gte"),
        ("due__near=2004-01-01", "due__gte"),
        ("due__gte=someday", "2004-06-30"),
        ("state=finished", "accepted"),
        ("unit=abc", "请从列表中选择"),
        ("unit=99999999999999", "请从列表中选择"),
        ("order=colour", "-due"),
        ("order=evidence", "-due"),
        ("limit=17", "50"),
        ("limit=-1", "50"),
        ("limit=999999999999999999999", "50"),
        ("cols=title,colour", "title"),
        ("cols=,", "title"),
        ("count=roughly", "exact"),
        ("view=12345", "view"),
        ("after=xyz", "第一页"),
        ("after=" + cursor("title", "s", "x", 1), "第一页"),
        ("after=" + cursor("due", "D", "2004-13-45", 1), "第一页"),
        ("after=" + cursor("due", "s", "x", 1), "第一页"),
        ("after=" + cursor("due", "D", "2004-01-01", "1"), "第一页"),
        ("after=" + cursor("due", "D", "2004-01-01", 10**30), "第一页"),
        ("after=" + cursor("due", "D"), "第一页"),
        ("after=" + cursor({}), "第一页"),
        ("after=A&before=B", "after"),
        ("last=yes", "1"),
        ("done__empty=maybe", "0"),
    ],
)
def test_an_unknown_word_is_answered_with_what_is_allowed(visitor: Signed, query: str, words: str) -> None:
    answer = visitor(people.COORDINATOR).get(f"/records/milestone/?{query}")
    assert answer.status_code == 400, query
    assert words in answer.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/records/nothing/", 404),
        ("/records/milestone/999999", 404),
        ("/records/milestone/99999999999999999999", 404),
        ("/records/milestone/abc", 404),
        ("/records/milestone/-1", 404),
        ("/records/milestone/1?colour=red", 400),
        ("/records/milestone/1?list=colour%3Dred", 400),
        ("/records/milestone/1?list=" + "q%3Da%26" * 400, 400),
        ("/records/milestone/new?colour=red", 400),
        ("/records/milestone/new?copy=999999", 404),
        ("/records/milestone/new?copy=abc", 404),
        ("/records/milestone/1/edit?list=order%3Dcolour", 400),
        ("/records/milestone/1/related/nothing-here", 404),
        ("/records/milestone/1/history?before=x", 400),
        ("/records/milestone/options?q=" + "a" * 101, 400),
        ("/palette/?q=" + "a" * 101, 400),
        ("/records/milestone/1/files/0123", 404),
        ("/?as_of=yesterday", 400),
        ("/?as_off=2004-01-01", 400),
        ("/nowhere", 404),
    ],
)
def test_an_unknown_place_is_a_page_in_words(visitor: Signed, path: str, status: int) -> None:
    answer = visitor(people.COORDINATOR).get(path)
    assert answer.status_code == status, answer.text[:500]
    assert "工作台" in answer.text or status == 400


def test_the_new_form_takes_presets_from_its_address(visitor: Signed) -> None:
    page = visitor(people.COORDINATOR).get("/records/milestone/new?title=预填&system=1").text
    assert 'value="预填"' in page


NAMES = st.sampled_from(
    ["q", "order", "limit", "cols", "count", "view", "after", "before", "last", "title__contains", "due__gte",
     "due__lte", "due", "state", "unit", "unit__empty", "target_share__gte", "updated_at__lte", "system", "code"]
)  # fmt: skip


@given(pairs=st.lists(st.tuples(NAMES, st.text(max_size=30)), max_size=5))
@settings(max_examples=110)
def test_no_address_breaks_a_list(visitor: Signed, pairs: list[tuple[str, str]]) -> None:
    answer = visitor(people.COORDINATOR).get("/records/milestone/", query_string=pairs)
    assert answer.status_code in {200, 400}, answer.text[:800]
