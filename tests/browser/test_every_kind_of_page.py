"""Every kind of page in both themes and sizes: nothing leaves the host, no error, no accessibility rule broken."""

import re

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.support import people
from tests.support.browser import SIZES, Window

pytestmark = pytest.mark.browser
THEMES = ("light", "dark")
PAGES = {
    people.COORDINATOR: (
        "/",
        "/?as_of=2004-06-30",
        "/records/milestone/",
        "/records/milestone/?state=planned&due__gte=2004-01-01&q=库",
        "/records/milestone/?q=没有这样的",
        "/records/milestone/new",
        "/records/milestone/1",
        "/records/milestone/1?print=1",
        "/records/milestone/1/edit",
        "/records/milestone/1/history",
        "/records/unit/2",
    ),
    people.POLICE: ("/", "/records/resident/", "/records/mail/", "/records/incoming_document/new"),
    people.TRAINER: ("/", "/records/training_record/new"),
    people.VIEWER: ("/", "/sessions/", "/password/"),
    people.ADMIN: ("/", "/admin/filters", "/tokens/everyone", "/records/account/", "/records/account/1/edit"),
    people.AUDITOR: ("/", "/records/audit/"),
}
REFUSED = ("/records/milestone/?colour=red", "/records/account/", "/records/milestone/999999", "/nowhere")


def looked_at(window: Window, page: str, refused: bool = False) -> None:
    """Open a page in each size and theme and say all that is wrong with it."""
    for size in SIZES:
        for theme in THEMES:
            window.wear(size, theme)
            window.problems()
            window.open(page)
            window.until(lambda: window.all("html[data-rn-ready]"))
            window.until(lambda: not window.all("[role=tabpanel]:not([hidden]) .rn-loading"))
            found = [one for one in window.problems() if not (refused and re.search(r"^4\d\d: |status of 4\d\d", one))]
            wide = "return document.documentElement.scrollWidth > window.innerWidth + 1"
            assert not found, (page, size, theme, found)
            assert not (size == "phone" and window.driver.execute_script(wide)), f"{page} scrolls sideways on a phone"
            assert window.barriers() == [], (page, size, theme)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_leaves_the_host_or_breaks_a_rule(window: Window, name: str) -> None:
    window.sign_in(name)
    for page in PAGES[name]:
        looked_at(window, page)


def test_the_sign_in_page_and_the_errors_keep_the_rules(window: Window) -> None:
    looked_at(window, "/login/")
    window.sign_in(people.COORDINATOR)
    for page in REFUSED:
        looked_at(window, page, refused=True)


def test_open_dialogs_keep_the_rules(window: Window) -> None:
    window.sign_in(people.COORDINATOR)
    for theme in THEMES:
        window.wear("desktop", theme)
        window.open("/records/milestone/")
        window.until(lambda: window.all("html[data-rn-ready]"))
        window.one("[data-bs-target='#rn-filters']").click()
        window.until(lambda: window.all("#rn-filters.show:not(.showing)"))
        assert window.barriers() == [], (theme, "filters")
        window.open("/records/milestone/")
        window.until(lambda: window.all("html[data-rn-ready]"))
        window.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.CONTROL, "k")
        window.one("dialog[open] input").send_keys("电子")
        window.until(lambda: window.all(".rn-palette-item"))
        assert window.barriers() == [], (theme, "palette")


def test_no_list_scrolls_a_phone_sideways(window: Window) -> None:
    window.sign_in(people.LEADER)
    window.wear("phone", "light")
    for record in re.findall(r'href="(/records/\w+/)"', window.driver.page_source):
        window.open(record)
        wide = window.driver.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 1, record
