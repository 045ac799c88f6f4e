"""What a file is decides its content: a page or a program is refused, whatever it is called."""

import pytest

from app.store.files import TYPES, BadFile, check_content

PAGE = b"<!doctype html><script>alert(1)</script>"
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00"
SCRIPTED = ("text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/javascript")


@pytest.mark.parametrize("content", [PAGE, PICTURE, PROGRAM], ids=["page", "picture", "program"])
@pytest.mark.parametrize(
    "name", ["图.png", "图.jpg", "图.gif", "文.pdf", "文.docx", "表.xlsx", "文.ofd", "文.doc", "片.mp4"]
)
def test_under_another_name_it_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(BadFile):
        check_content(name, content, 1)


@pytest.mark.parametrize(
    "name", ["页.html", "页.htm", "图.svg", "页.xml", "页.js", "页.exe", "页", "页.pdf.html", "页.txt.svg"]
)
def test_a_kind_that_browsers_run_is_not_taken(name: str) -> None:
    with pytest.raises(BadFile):
        check_content(name, PAGE, 1)


def test_a_page_called_a_text_is_given_back_as_a_text() -> None:
    assert TYPES[check_content("页.txt", PAGE, 1)] == "text/plain"
    with pytest.raises(BadFile):
        check_content("页.txt", PROGRAM, 1)


def test_no_file_is_given_back_as_what_a_browser_runs() -> None:
    assert set(TYPES.values()).isdisjoint(SCRIPTED)
