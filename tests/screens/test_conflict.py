"""Two people save the same row: each field that both changed is laid side by side and chosen, the others are merged."""

import html
import io
import re
from collections.abc import Callable
from typing import Any

from flask import Flask

from app.catalog import Catalog
from app.screens import conflict
from tests.screens.test_forms import hidden, scalar
from tests.support import people
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]


class Form:
    """A form as a browser sends it: every control as it stands, but what is typed over."""

    def __init__(self, visitor: Visitor, path: str, page: str = "") -> None:
        self.visitor, self.path = visitor, path
        self.page = page or visitor.get(path).text
        assert 'id="rn-form"' in self.page, self.page[:2000]

    def values(self) -> dict[str, Any]:
        body = self.page.split('id="rn-form"', 1)[1].split("</form>", 1)[0]
        found: dict[str, Any] = {}
        for tag in re.findall(r"<input[^>]*>", body):
            attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
            kind, name = attributes.get("type", "text"), attributes.get("name")
            if not name or name == "csrf_token" or (kind in ("checkbox", "radio") and " checked" not in tag):
                continue
            if kind != "file":
                value = html.unescape(attributes.get("value", ""))
                found[name] = [*found.get(name, []), value] if name.endswith("__keep") else value
        for attributes, text in re.findall(r"<textarea([^>]*)>\n?(.*?)</textarea>", body, re.DOTALL):
            found[re.search(r'name="(\w+)"', attributes)[1]] = html.unescape(text)  # type: ignore[index]
        for attributes, text in re.findall(r"<select([^>]*)>(.*?)</select>", body, re.DOTALL):
            chosen = re.findall(r'<option value="([^"]*)"[^>]* selected', text)
            name = re.search(r'name="(\w+)"', attributes)[1]  # type: ignore[index]
            found[name] = chosen if " multiple" in attributes else (chosen or [""])[0]
        return found

    def save(self, **typed: Any) -> Any:
        """Send it; a value of None unticks or leaves out."""
        data = {name: value for name, value in (self.values() | typed).items() if value is not None}
        return self.visitor.post(self.path, data, content_type="multipart/form-data")

    def again(self, answer: Any) -> "Form":
        assert answer.status_code in (409, 422), (answer.status_code, answer.text[:500])
        return Form(self.visitor, self.path, answer.text)


def two(app: Flask, path: str, name: str = people.COORDINATOR, other: str = "") -> tuple[Form, Form]:
    return Form(Visitor(app).sign_in(name), path), Form(Visitor(app).sign_in(other or name), path)


def columns(page: str, name: str) -> list[str]:
    """The texts of a field's row of the conflict table."""
    rows = [row for row in re.findall(r"<tr>(<th scope=\"row\">.*?)</tr>", page, re.DOTALL) if f"#f-{name}" in row]
    assert rows, f"{name} does not stand in the table"
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", rows[0], re.DOTALL)
    return [html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", cell))).strip() for cell in cells]


def said(page: str) -> str:
    """The warning above the form."""
    found = re.search(r'class="alert alert-warning".*?</div></div>', page, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", found[0])) if found else ""


def test_three_columns_stand_side_by_side_and_ones_own_is_chosen_at_first(app: Flask) -> None:
    one, other = two(app, "/records/milestone/1/edit")
    opened = other.values()["title"]
    assert one.save(title="甲的名称", criteria="甲的标准").status_code == 303
    answer = other.save(title="乙的名称")
    assert answer.status_code == 409
    label, before, now, mine = columns(answer.text, "title")
    assert label == "名称"
    assert before == opened
    assert "甲的名称" in now
    assert "周海峰" in now
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", now)
    assert "乙的名称" in mine
    again = other.again(answer)
    assert again.values()["title__choice"] == "mine"
    assert again.values()["title"] == "乙的名称"
    assert "criteria__choice" not in again.values()
    assert again.values()["criteria"] == "甲的标准"
    assert "周海峰" in said(answer.text)
    assert "验收标准" in said(answer.text)
    assert again.save(title="乙改过的名称").status_code == 303
    assert scalar(app, "SELECT title FROM milestone WHERE id = 1") == "乙改过的名称"
    assert scalar(app, "SELECT criteria FROM milestone WHERE id = 1") == "甲的标准"


def test_theirs_is_taken_on_the_server_whatever_the_field_below_says(app: Flask) -> None:
    one, other = two(app, "/records/milestone/2/edit")
    assert one.save(title="甲二", due="2005-03-01").status_code == 303
    again = other.again(other.save(title="乙二", due="2005-04-01"))
    assert again.save(title__choice="theirs").status_code == 303
    assert scalar(app, "SELECT title FROM milestone WHERE id = 2") == "甲二"
    assert str(scalar(app, "SELECT due FROM milestone WHERE id = 2")) == "2005-04-01"


def test_theirs_in_every_field_changes_nothing(app: Flask) -> None:
    one, other = two(app, "/records/milestone/3/edit")
    assert one.save(title="甲三").status_code == 303
    again = other.again(other.save(title="乙三"))
    version = scalar(app, "SELECT version FROM milestone WHERE id = 3")
    assert again.save(title__choice="theirs").status_code == 303
    assert scalar(app, "SELECT version FROM milestone WHERE id = 3") == version
    assert scalar(app, "SELECT title FROM milestone WHERE id = 3") == "甲三"


def test_a_third_save_in_between_is_a_new_conflict(app: Flask) -> None:
    one, other = two(app, "/records/milestone/4/edit")
    assert one.save(title="甲四").status_code == 303
    again = other.again(other.save(title="乙四"))
    assert Form(one.visitor, one.path).save(title="丙四").status_code == 303
    third = again.save()
    assert third.status_code == 409
    _label, before, now, mine = columns(third.text, "title")
    assert before == "甲四"
    assert "丙四" in now
    assert "乙四" in mine
    assert scalar(app, "SELECT title FROM milestone WHERE id = 4") == "丙四"
    assert again.again(third).save().status_code == 303
    assert scalar(app, "SELECT title FROM milestone WHERE id = 4") == "乙四"


def test_theirs_chosen_and_changed_again_is_taken_over_and_said(app: Flask) -> None:
    one, other = two(app, "/records/milestone/5/edit")
    assert one.save(title="甲五").status_code == 303
    again = other.again(other.save(title="乙五"))
    assert Form(one.visitor, one.path).save(title="丙五").status_code == 303
    third = again.save(title__choice="theirs", due="2005-07-01")
    assert third.status_code == 409
    assert "名称" in said(third.text)
    assert again.again(third).values()["title"] == "丙五"


def test_a_fault_elsewhere_keeps_the_choices_and_what_was_typed(app: Flask) -> None:
    one, other = two(app, "/records/milestone/6/edit")
    opened = other.values()["title"]
    assert one.save(title="甲六").status_code == 303
    again = other.again(other.save(title="乙六"))
    faulty = again.save(title__choice="theirs", due="someday")
    assert faulty.status_code == 422
    assert columns(faulty.text, "title")[1] == opened
    values = again.again(faulty).values()
    assert values["title__choice"] == "theirs"
    assert values["title"] == "乙六"
    assert values["due"] == "someday"
    assert again.again(faulty).save(due="2005-06-01").status_code == 303
    assert scalar(app, "SELECT title FROM milestone WHERE id = 6") == "甲六"


def test_references_are_labels_and_files_are_names(app: Flask) -> None:
    one, other = two(app, "/records/milestone/7/edit")
    opened, target = one.values()["system"], "3" if one.values()["system"] != "3" else "4"
    names = {key: scalar(app, "SELECT name FROM system WHERE id = :i", i=int(key)) for key in (opened, target, "5")}
    paper = (io.BytesIO(b"%PDF-1.7 a"), "甲的佐证.pdf")
    assert one.save(system=target, evidence=paper).status_code == 303
    answer = other.save(system="5", evidence=(io.BytesIO(b"%PDF-1.7 b"), "乙的佐证.pdf"))
    _label, before, now, mine = columns(answer.text, "system")
    assert before == names[opened]
    assert names[target] in now
    assert names["5"] in mine
    _label, _before, now, mine = columns(answer.text, "evidence")
    assert "甲的佐证.pdf" in now
    assert "乙的佐证.pdf" in mine
    assert other.again(answer).save(system__choice="theirs").status_code == 303
    assert str(scalar(app, "SELECT system_id FROM milestone WHERE id = 7")) == target


def test_checkboxes_choices_and_many_references_are_chosen_alike(app: Flask) -> None:
    one, other = two(app, "/records/account/10/edit", people.ADMIN)
    active = "1" if one.values().get("active") else None
    flipped = None if active else "1"
    assert one.save(active=flipped).status_code == 303
    # the other did not touch the tick: theirs is taken over without a question
    answer = other.save(last_name="钱")
    assert answer.status_code == 409
    assert "active__choice" not in answer.text
    assert "last_name__choice" not in answer.text
    assert other.again(answer).values().get("active") == flipped


def test_choices_and_lists_of_rows_are_laid_side_by_side_by_their_labels(app: Flask) -> None:
    one, other = two(app, "/records/system/9/edit")
    opened = one.values()
    states = [value for value in ("planned", "building", "trial", "live") if value != opened["status"]]
    names = {key: scalar(app, "SELECT name FROM unit WHERE id = :i", i=key) for key in (3, 4, 5)}
    assert one.save(status=states[0], responsible=["3", "4"]).status_code == 303
    answer = other.save(status=states[1], responsible=["5"])
    assert answer.status_code == 409, answer.text[:300]
    _label, _before, now, mine = columns(answer.text, "responsible")
    assert names[3] in now
    assert names[4] in now
    assert names[5] in mine
    assert states[1] not in columns(answer.text, "status")[3]
    assert other.again(answer).save(responsible__choice="theirs").status_code == 303
    found = "SELECT count(*) FROM system__responsible WHERE row_id = 9 AND target_id IN (3, 4)"
    assert scalar(app, found) == 2
    assert scalar(app, "SELECT status FROM system WHERE id = 9") == states[1]


def test_a_tick_that_both_moved_and_lists_of_rows(app: Flask) -> None:
    catalog: Catalog = app.extensions["catalog"]
    entry = catalog["mail"]
    theirs = {"urgency": "plain", "to": ["3", "4"], "subject": "甲"}
    opened = {"urgency": "plain", "to": ["1", "2"], "subject": "题"}
    with app.test_request_context():
        same = conflict.merge(entry, opened, theirs, {"to": ["2", "1"], "subject": "题", "urgency": "urgent"})
        assert same.taken == ("to", "subject")
        assert same.differing == ()
        assert same.raw == {"to": ["3", "4"], "subject": "甲", "urgency": "urgent"}
        both = conflict.merge(entry, opened, theirs, {"to": ["1", "5"], "subject": "题"})
        assert both.differing == ("to",)
        agreed = conflict.merge(entry, opened, theirs, {"to": ["4", "3"], "subject": "甲 "})
        assert agreed.differing == ()
        assert agreed.taken == ()
        unknown = conflict.merge(entry, {}, theirs, {"to": ["1"], "subject": "甲"})
        assert unknown.differing == ("to",)


def test_the_same_day_written_otherwise_is_no_change(app: Flask) -> None:
    one, other = two(app, "/records/milestone/8/edit")
    year, month, day = other.values()["due"].split("-")
    assert one.save(title="甲八").status_code == 303
    answer = other.save(criteria="乙的标准", due=f"{year}年{int(month)}月{int(day)}日")
    assert answer.status_code == 409
    assert "__choice" not in answer.text


def test_who_may_edit_one_field_is_asked_about_that_one_alone(app: Flask) -> None:
    staff = scalar(app, "SELECT s.id FROM staff s JOIN unit u ON u.id = s.unit_id WHERE u.name = '公安局' "
                        "AND s.account_id IS NULL")  # fmt: skip
    path = f"/records/staff/{staff}/edit"
    editor, admin = two(app, path, people.POLICE, people.ADMIN)
    late = Form(Visitor(app).sign_in(people.ADMIN), path)
    assert set(admin.values()) <= {"account", "_version", "_seen"}
    assert editor.save(name="改了姓名", leader="1").status_code == 303
    answer = admin.save(account="9")
    assert answer.status_code == 409
    assert "__choice" not in answer.text
    assert "没有改动相同" in said(answer.text) or "same fields" in said(answer.text)
    again = admin.again(answer)
    # what one may not edit cannot be put back by choosing it
    assert again.save(name="冒充", name__choice="mine").status_code == 303
    assert scalar(app, "SELECT name FROM staff WHERE id = :i", i=staff) == "改了姓名"
    assert scalar(app, "SELECT account_id FROM staff WHERE id = :i", i=staff) == 9
    # two in a row: the next administrator meets the change of the one before
    answer = late.save(account="8")
    assert answer.status_code == 409
    assert len(columns(answer.text, "account")) == 4
    assert late.again(answer).save().status_code == 303
    assert scalar(app, "SELECT account_id FROM staff WHERE id = :i", i=staff) == 8


def test_a_row_that_the_reader_may_not_see_has_no_name_in_the_table(app: Flask) -> None:
    catalog: Catalog = app.extensions["catalog"]
    item = catalog["milestone"].fields["unit"]
    with app.test_request_context():
        shown = conflict._cell(item, "999999", {"unit": {1: "看不见的单位"}}, {})
        masked = catalog["resident"].fields["citizen_id"]
        hidden_ = conflict._cell(masked, "110105194912310020", {}, {})
        broken = conflict._cell(masked, "no number at all", {}, {})
    assert shown.text in ("(not visible to you)", "（不在您可见范围内）")
    assert "19491231" not in hidden_.text
    assert "no number at all" not in broken.text


def test_hidden_memory_names_what_was_opened(visitor: Signed) -> None:
    page = visitor(people.COORDINATOR).get("/records/milestone/9/edit").text
    assert '"title"' in hidden(page, "_seen")
