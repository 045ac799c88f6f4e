"""The three jobs, done in a real browser as people do them."""

import re
from pathlib import Path

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.support import people
from tests.support.browser import Window

pytestmark = pytest.mark.browser


def ready(window: Window) -> None:
    """Wait until the page's scripts have started."""
    window.until(lambda: window.all("html[data-rn-ready]"), "the scripts did not start")


def go(window: Window, path: str) -> None:
    window.open(path)
    ready(window)


def control(window: Window, name: str) -> WebElement:
    return window.one(f"#f-{name}")


def type_over(field: WebElement, text: str) -> None:
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(Keys.DELETE)
    field.send_keys(text)


def choose(window: Window, name: str, text: str, prefix: str = "") -> None:
    """Search in a reference field and take the first that is found."""
    box = window.one(f"[data-rn-field={name}] .ts-control")
    box.click()
    typed = window.one(f"[data-rn-field={name}] .ts-control input, [data-rn-field={name}] .dropdown-input")
    typed.send_keys(text)

    def taken() -> bool:
        return any(text in item.text for item in window.all(f"[data-rn-field={name}] .ts-control .item"))

    def click() -> bool:
        # the options may be drawn anew, as an answer comes, between finding one and clicking it: then again
        found = next((one for one in window.all(".ts-dropdown .option[data-selectable]") if text in one.text), None)
        if found is not None and not taken():
            found.click()
        return taken()

    window.until(click, f"nothing found for {text}{prefix}")


def save(window: Window) -> None:
    window.one("[data-rn-save]").click()


def toast(window: Window, words: str) -> None:
    def said() -> str:
        return window.driver.find_element(By.TAG_NAME, "body").text

    try:
        window.until(lambda: words in said())
    except TimeoutException as late:
        raise AssertionError(f"no word of {words} on {window.path}:\n{said()[:3000]}") from late


def test_the_coordinator_finds_a_milestone_and_changes_it(window: Window) -> None:
    window.sign_in(people.COORDINATOR)
    go(window, "/records/milestone/")
    search = window.one("[data-rn-quick]")
    search.send_keys("门户", Keys.ENTER)
    window.until(lambda: "q=" in window.driver.current_url)
    window.one("td.rn-main-cell a").click()
    window.until(lambda: re.fullmatch(r"/records/milestone/\d+", window.path))
    ready(window)
    window.one("[data-rn-edit]").click()
    window.until(lambda: window.path.endswith("/edit"))
    ready(window)
    type_over(control(window, "title"), "门户网站运营管理中心正式组建")
    type_over(control(window, "due"), "不是日期")
    choose(window, "unit", "信息中心")
    save(window)
    window.until(lambda: window.all("#f-due-e"), "no message beside the date")
    ready(window)
    assert "2004-06-30" in window.one("#f-due-e").text
    assert control(window, "title").get_attribute("value") == "门户网站运营管理中心正式组建"
    type_over(control(window, "due"), "2004年3月31日")
    window.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.CONTROL, "s")
    toast(window, "已保存")
    assert "2004-03-31" in window.one("[data-rn-fact=due]").text


def test_leaving_unsaved_work_is_asked_about(window: Window) -> None:
    window.sign_in(people.COORDINATOR)
    go(window, "/records/milestone/2/edit")
    type_over(control(window, "title"), "还没有保存")
    assert "1" in window.one("[data-rn-dirty]").text
    # the driver answers the browser's own question by itself, so the page is asked whether it would put it
    asks = """const leaving = new Event("beforeunload", {cancelable: true});
              window.dispatchEvent(leaving); return leaving.defaultPrevented"""
    assert window.driver.execute_script(asks)
    go(window, "/records/milestone/2/edit")
    assert not window.driver.execute_script(asks)


def test_a_units_editor_keeps_their_own_rows_and_finds_no_others(window: Window, tmp_path: Path) -> None:
    evidence = tmp_path / "佐证材料.pdf"
    evidence.write_bytes(b"%PDF-1.4\n%%EOF\n")
    window.sign_in(people.POLICE)
    go(window, "/records/milestone/new")
    control(window, "code").send_keys("GA-2005-9")
    control(window, "title").send_keys("人口库与法人库对接")
    choose(window, "system", "人口库")
    control(window, "due").send_keys("2005-11-30")
    window.driver.find_element(By.CSS_SELECTOR, "#f-evidence").send_keys(str(evidence))
    save(window)
    toast(window, "已保存")
    assert "佐证材料.pdf" in window.one("[data-rn-fact=evidence]").text
    own = window.path
    window.one("[data-rn-edit]").click()
    window.until(lambda: window.path.endswith("/edit"))
    ready(window)
    window.one("#f-state option[value=submitted]").click()
    save(window)
    toast(window, "待验收")
    # another unit's rows: not in the list, not by their address, not in the options
    go(window, "/records/milestone/")
    assert "旅游" not in window.one("[data-rn-table] tbody").text
    window.problems()
    window.open("/records/milestone/1")
    assert "404" in window.driver.page_source
    go(window, own)
    window.one("[aria-label='更多']").click()
    window.one("[data-rn-open=rn-delete]").click()
    window.one("#rn-delete button[type=submit]").click()
    toast(window, "记录已删除")


def test_the_trainer_logs_a_record_and_creates_the_course_in_place(window: Window) -> None:
    window.sign_in(people.TRAINER)
    go(window, "/records/training_record/new")
    choose(window, "staff", "许红梅")
    window.one("[data-rn-field=course] .ts-control").click()
    window.one("[data-rn-field=course] .ts-control input, [data-rn-field=course] .dropdown-input").send_keys(
        "电子政务安全保密培训"
    )
    window.one(".ts-dropdown .create").click()
    title = window.one("#rn-create #i-f-title")
    assert title.get_attribute("value") == "电子政务安全保密培训"
    window.one("#rn-create [type=submit]").click()
    window.until(lambda: window.all("#rn-create .invalid-feedback"), "the dialog did not say what is missing")
    window.one("#rn-create #i-f-code").send_keys("PX-2005-99")
    window.one("#rn-create #i-f-audience option[value=administrators]").click()
    window.one("#rn-create [type=submit]").click()
    # the browser says that a dialog has closed after it has closed: only then is the new course chosen
    window.until(lambda: "电子政务安全保密培训" in window.one("[data-rn-field=course] .ts-control").text)
    assert not window.all("#rn-create[open]")
    control(window, "score").send_keys("92")
    window.one("button[name=_then][value=new]").click()
    window.until(lambda: window.path.endswith("/new") and "已保存" in window.one("body").text)
    go(window, "/records/training_record/?order=-updated_at")
    assert "电子政务安全保密培训" in window.one("[data-rn-table] tbody tr").text


def test_a_list_is_filtered_kept_as_a_view_and_changed_in_bulk(window: Window) -> None:
    window.sign_in(people.COORDINATOR)
    go(window, "/records/system/")
    window.one("[data-bs-target='#rn-filters']").click()
    window.one("#rn-filters.show input[name=status][value=building]").click()
    window.one("#rn-filters button[type=submit]").click()
    window.until(lambda: "status=building" in window.driver.current_url)
    ready(window)
    assert "建设中" in window.one(".rn-chip").text
    window.one(".rn-viewacts [data-rn-open=rn-view-save]").click()
    window.one("#rn-view-name").send_keys("建设中的系统", Keys.ENTER)
    window.until(lambda: "view=" in window.driver.current_url)
    ready(window)
    assert "建设中的系统" in window.one(".rn-tabs").text
    window.one("[data-rn-all]").click()
    window.one("[data-rn-bulk] button[value=set]").click()
    window.until(lambda: window.path.endswith("/bulk"))
    window.one("#rn-field option[value=status]").click()
    window.one(".rn-savebar button.btn-primary").click()
    window.until(lambda: window.all("[name=value]"))
    window.one("[name=value] option[value=trial]").click()
    window.one("button[name=step][value=apply]").click()
    toast(window, "已修改")


def test_the_palette_and_the_keys_lead_everywhere(window: Window) -> None:
    window.sign_in(people.COORDINATOR)
    ready(window)
    body = window.driver.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.CONTROL, "k")
    typed = window.one("dialog[open] input")
    typed.send_keys("公文处理")
    window.until(lambda: any("公文处理" in one.text for one in window.all(".rn-palette-item")))
    typed.send_keys(Keys.CONTROL, "a")
    typed.send_keys("建设节点")
    window.until(lambda: window.all(".rn-palette-item")[0].text.startswith("建设节点"))
    typed.send_keys(Keys.ENTER)
    window.until(lambda: window.path.startswith("/records/milestone"))
    ready(window)
    body = window.driver.find_element(By.TAG_NAME, "body")
    body.send_keys("j", "j", Keys.ENTER)
    window.until(lambda: re.fullmatch(r"/records/milestone/\d+", window.path))
    ready(window)
    window.driver.find_element(By.TAG_NAME, "body").send_keys("e")
    window.until(lambda: window.path.endswith("/edit"))


def test_language_and_theme_are_chosen_and_kept(window: Window) -> None:
    window.sign_in(people.LEADER)
    ready(window)
    window.one("[data-rn-theme]").click()
    dark = window.driver.execute_script("return document.documentElement.dataset.bsTheme")
    assert dark == "dark"
    go(window, "/records/unit/")
    assert window.driver.execute_script("return document.documentElement.dataset.bsTheme") == "dark"
    window.one(".rn-person").click()
    window.one("button[lang=en]").click()
    window.until(lambda: "Units" in window.one("h1").text)


def test_a_double_click_on_save_saves_once(window: Window) -> None:
    window.sign_in(people.COORDINATOR)
    go(window, "/records/milestone/new")
    control(window, "code").send_keys("DBL-1")
    control(window, "title").send_keys("双击保存")
    choose(window, "system", "电子邮件")
    control(window, "due").send_keys("2005-11-30")
    window.driver.execute_script("const b = document.querySelector('[data-rn-save]'); b.click(); b.click();")
    toast(window, "已保存")
    go(window, "/records/milestone/?code=DBL-1")
    assert len(window.all("tr[data-pk]")) == 1


def test_an_ended_session_gives_the_typed_form_back_after_signing_in(window: Window) -> None:
    window.sign_in(people.COORDINATOR)
    go(window, "/records/milestone/3/edit")
    type_over(control(window, "title"), "登录过期也不丢")
    window.driver.delete_all_cookies()
    save(window)
    window.one("[name=username]").send_keys(people.COORDINATOR)
    window.one("[name=password]").send_keys(people.PASSWORD, Keys.ENTER)
    window.until(lambda: window.path.endswith("/edit"))
    assert control(window, "title").get_attribute("value") == "登录过期也不丢"


def test_an_eye_shows_one_masked_number_and_hides_it_again(window: Window) -> None:
    window.sign_in(people.POLICE)
    go(window, "/records/resident/")
    eye = window.one("[data-rn-reveal]")
    shown = eye.find_element(By.XPATH, "preceding-sibling::span")
    assert "***" in shown.text
    eye.click()
    window.until(lambda: "*" not in shown.text, "the number was not shown")
    eye.click()
    window.until(lambda: "***" in shown.text, "the number was not hidden")
