"""What is drawn once for the same data: nobody sees another's part of it, and nothing of it is ever old."""

import re
from collections.abc import Callable

from flask import Flask

from tests.screens.test_forms import hidden, scalar
from tests.screens.test_trash import news
from tests.support import people
from tests.support.visitor import Visitor, form_token

Signed = Callable[[str], Visitor]
LIST = "/records/news_item/"


def test_the_frame_of_a_list_is_drawn_once_and_carries_each_sessions_own_token(app: Flask, visitor: Signed) -> None:
    one, other = Visitor(app).sign_in(people.POLICE), Visitor(app).sign_in(people.POLICE)
    pages: list[str] = []
    for _ in range(2):
        pages = [who.get(LIST).text for who in (one, other)]
    for who, page in zip((one, other), pages, strict=True):
        tokens = set(re.findall(r'(?:name="csrf_token" value|name="csrf-token" content)="([^"]+)"', page))
        assert len(tokens) == 1
        answer = who.client.post("/language/en", data={"csrf_token": tokens.pop(), "next": LIST})
        assert answer.headers["Location"] == LIST
    strip = re.compile(r'(?<=value=")[^"]{60,}(?=")|(?<=content=")[^"]{60,}(?=")')
    assert strip.sub("", pages[0]) == strip.sub("", pages[1])
    assert form_token(pages[0]) != form_token(pages[1])


def test_a_language_chosen_is_that_of_the_next_page_with_its_rows(app: Flask) -> None:
    who = Visitor(app).sign_in(people.POLICE)
    assert "新建" in who.get(LIST).text
    who.post("/language/en", {"next": "/"})
    page = who.get(LIST).text
    assert ">New</a>" in page
    assert "新建" not in page


def test_where_one_came_from_is_in_the_language_switch_of_each_page(app: Flask) -> None:
    who = Visitor(app).sign_in(people.POLICE)
    who.get(f"{LIST}?limit=20")
    page = who.get(f'{LIST}?limit=20&q="%3C').text
    assert 'name="next" value="/records/news_item/?limit=20&amp;q=&#34;%3C"' in page


def test_a_message_is_told_once(app: Flask) -> None:
    who = Visitor(app).sign_in(people.POLICE)
    who.get(LIST)
    path = news(who, app, "只说一次的动态")
    assert who.post(f"{path}/delete").status_code == 303
    assert 'data-rn-toast="success"' in who.get(LIST).text
    assert 'data-rn-toast="success"' not in who.get(LIST).text


def test_a_row_and_the_rows_it_names_are_shown_as_they_are_now(app: Flask, visitor: Signed) -> None:
    who = Visitor(app).sign_in(people.POLICE)
    path = news(who, app, "改名之前的动态")
    assert "改名之前的动态" in who.get(LIST).text
    form = who.get(f"{path}/edit").text
    kept = {name: hidden(form, name) for name in ("_version", "_seen")}
    unit = scalar(app, "SELECT id FROM unit WHERE name = '公安局'")
    data = {"title": "改名之后的动态", "column": "today", "unit": str(unit), **kept}
    assert who.post(f"{path}/edit", data).status_code == 303
    page = who.get(LIST).text
    assert "改名之后的动态" in page
    assert "改名之前的动态" not in page

    with app.extensions["engine"].begin() as connection:
        connection.exec_driver_sql(f"UPDATE unit SET name = '公安局（新址）' WHERE id = {unit}")
    try:
        listed = who.get(f"{LIST}?cols=title,unit").text
        assert "公安局（新址）" in listed
    finally:
        with app.extensions["engine"].begin() as connection:
            connection.exec_driver_sql(f"UPDATE unit SET name = '公安局' WHERE id = {unit}")


def test_a_right_that_is_taken_takes_its_buttons_from_the_next_page(app: Flask) -> None:
    who, reader = Visitor(app).sign_in(people.POLICE), Visitor(app).sign_in(people.VIEWER)
    for _ in range(2):
        assert "data-edit-url" in who.get(LIST).text
        page = reader.get(LIST)
        assert page.status_code == 200
        assert "data-edit-url" not in page.text
        assert f"{LIST}new" not in page.text
