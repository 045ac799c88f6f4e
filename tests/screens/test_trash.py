"""The trash at every door: what lies in it is out of sight, and comes back only for those who could delete it."""

import html
import re
from collections.abc import Callable

import pytest
from flask import Flask

from tests.screens.test_forms import scalar
from tests.support import people
from tests.support.statements import counted
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]
MOST_STATEMENTS = 12


def unit_of(app: Flask, name: str) -> int:
    found: int = scalar(app, "SELECT id FROM unit WHERE name = :n", n=name)
    return found


def news(visitor: Visitor, app: Flask, title: str, unit: str = "公安局") -> str:
    """The address of a new piece of news."""
    data = {"title": title, "column": "today", "unit": str(unit_of(app, unit))}
    answer = visitor.post("/records/news_item/new", data)
    assert answer.status_code == 303, answer.text[:1000]
    return str(answer.headers["Location"])


def project(visitor: Visitor, app: Flask, code: str, **more: str) -> str:
    data = {"code": code, "title": f"项目 {code}", "unit": str(unit_of(app, "公安局")), "kind": "network",
            "classification": "internal", **more}  # fmt: skip
    answer = visitor.post("/records/project/new", data)
    assert answer.status_code == 303, answer.text[:1000]
    return str(answer.headers["Location"])


def trashed(visitor: Visitor, path: str) -> str:
    """Put a row into the trash; the address below which the trash has it."""
    assert visitor.post(f"{path}/delete").status_code == 303
    record, row_id = path.rsplit("/", 2)[1:]
    return f"/records/{record}/trash/{row_id}"


def number(path: str) -> int:
    return int(path.rsplit("/", 1)[1])


def deeds(app: Flask, path: str) -> list[str]:
    from sqlalchemy import text

    record, row_id = path.rsplit("/", 2)[1:]
    statement = text("SELECT deed FROM rn_event WHERE record = :r AND row_id = :i ORDER BY id")
    with app.extensions["engine"].connect() as connection:
        return list(connection.scalars(statement, {"r": record, "i": int(row_id)}))


def test_a_deleted_row_lies_in_the_trash_and_comes_back_as_it_was(visitor: Signed, app: Flask) -> None:
    police = visitor(people.POLICE)
    path = news(police, app, "误删的动态")
    before = police.get(path).text
    page = police.get("/records/news_item/")
    assert "/records/news_item/trash" in page.text
    inside = trashed(police, path)
    listing = police.get("/records/news_item/trash")
    assert listing.status_code == 200
    assert "误删的动态" in listing.text
    row = listing.text.split("误删的动态", 1)[1].split("</tr>")[0]
    assert scalar(app, "SELECT deleted_by FROM news_item WHERE id = :i", i=number(path)) in row
    told = police.get(f"{inside}/history")
    assert told.status_code == 200
    assert "/revert" not in told.text
    version = scalar(app, "SELECT version FROM news_item WHERE id = :i", i=number(path))
    answer = police.post(f"{inside}/restore")
    assert answer.status_code == 303
    assert answer.headers["Location"] == path
    facts = re.compile(r'data-rn-fact="(\w+)".*?<dd>(.*?)</dd>', re.DOTALL)
    assert facts.findall(police.get(path).text) == facts.findall(before)
    assert scalar(app, "SELECT version FROM news_item WHERE id = :i", i=number(path)) == version + 1 == 3
    assert deeds(app, path)[-3:] == ["added", "deleted", "restored"]
    assert "误删的动态" not in police.get("/records/news_item/trash").text


def test_a_row_in_the_trash_is_out_of_sight_at_every_door(visitor: Signed, app: Flask) -> None:
    coordinator, title = visitor(people.COORDINATOR), "无影项目"
    path = project(coordinator, app, "WY-1", title=title, system="1")
    pk, unit = number(path), unit_of(app, "公安局")
    total = int(coordinator.get("/records/project/count").text.replace(",", ""))
    tab = f"/records/unit/{unit}/related/project-unit"
    doors = (
        f"/records/project/?q={title}", f"/records/project/options?q={title}", f"/palette/?q={title}", tab,
        "/records/system/1/related/project-system",
    )  # fmt: skip

    def answers() -> list[str]:
        texts = [coordinator.get(door).text.replace("<mark>", "").replace("</mark>", "") for door in doors]
        return [html.unescape(text.encode().decode("unicode_escape") if "\\u" in text else text) for text in texts]

    assert all(f"/records/project/{pk}" in text or f'"{pk}"' in text for text in answers())
    inside = trashed(coordinator, path)
    assert not any(f"/records/project/{pk}" in text or f'"{pk}"' in text for text in answers())
    assert int(coordinator.get("/records/project/count").text.replace(",", "")) == total - 1
    for below in ("", "/edit", "/history", "?print=1", "/related/budget_line-project", "/files/" + "0" * 32):
        assert coordinator.get(path + below).status_code == 404, below
    assert coordinator.get(f"/records/project/new?copy={pk}").status_code == 404
    for below, data in (("/edit", {"title": "x", "_version": "2"}), ("/delete", {}), ("/history/1/revert", {})):
        assert coordinator.post(path + below, data).status_code == 404, below
    # referring to it
    line = {"project": str(pk), "year": "2004", "category": "software", "level": "city",
            "source": "1", "planned": "1"}  # fmt: skip
    refused = coordinator.post("/records/budget_line/new", line)
    assert refused.status_code == 422
    assert title not in refused.text
    # on many rows at once
    for verb in ("delete", "set"):
        told = coordinator.post("/records/project/bulk", {"verb": verb, "ids": [str(pk)], "step": "preview"}).text
        assert re.search(r'rn-kpi">0<', told), verb
        assert title not in told
    done = coordinator.post("/records/project/bulk", {"verb": "set", "ids": [str(pk)], "step": "apply",
                                                      "field": "kind", "value": "centre"})  # fmt: skip
    assert done.status_code == 303
    assert scalar(app, "SELECT kind FROM project WHERE id = :i", i=pk) == "network"
    assert title not in coordinator.get("/").text
    assert coordinator.post(f"{inside}/restore").status_code == 303
    assert all(f"/records/project/{pk}" in text or f'"{pk}"' in text for text in answers())


def test_the_trash_is_closed_to_whoever_could_not_delete(visitor: Signed, stranger: Visitor, app: Flask) -> None:
    police = visitor(people.POLICE)
    path = news(police, app, "外人看不见")
    inside = trashed(police, path)
    listing = "/records/news_item/trash"
    assert stranger.get(listing).headers["Location"].startswith("/login/")
    for below in ("/restore", "/purge"):
        assert stranger.post(inside + below).status_code in (303, 401)
    # a reader without DELETE
    for name in (people.LEADER, people.VIEWER, people.COORDINATOR):
        assert visitor(name).get(listing).status_code == 403, name
        assert "/trash" not in visitor(name).get("/records/news_item/").text
        assert visitor(name).get(f"{inside}/history").status_code == 403
        for below in ("/restore", "/purge"):
            assert visitor(name).post(inside + below).status_code == 403, name
    # another unit's editor, who has a trash of their own
    tourism = visitor(people.TOURISM)
    assert "外人看不见" not in tourism.get(listing).text
    assert tourism.get(f"{inside}/history").status_code == 404
    for below in ("/restore", "/purge"):
        assert tourism.post(inside + below).status_code == 404
    assert scalar(app, "SELECT deleted_at FROM news_item WHERE id = :i", i=number(path)) is not None
    assert police.get(f"/records/news_item/trash/{number(path)}/restore").status_code == 405


@pytest.mark.parametrize("record", ["milestone", "unit", "no_such_record"])
def test_a_record_without_a_trash_has_none(visitor: Signed, record: str) -> None:
    coordinator = visitor(people.COORDINATOR)
    assert coordinator.get(f"/records/{record}/trash").status_code in (403, 404)
    assert coordinator.post(f"/records/{record}/trash/1/restore").status_code in (403, 404)


def test_a_live_row_is_not_restored_and_not_deleted_for_good(visitor: Signed, app: Flask) -> None:
    police = visitor(people.POLICE)
    path = news(police, app, "好好的动态")
    pk = number(path)
    assert police.post(f"/records/news_item/trash/{pk}/purge").status_code == 404
    assert police.get(f"/records/news_item/trash/{pk}/history").status_code == 404
    assert police.post("/records/news_item/trash/2147483647/restore").status_code == 404
    assert police.get(path).status_code == 200
    assert deeds(app, path)[-1:] == ["added"]


def test_a_double_click_restores_once(visitor: Signed, app: Flask) -> None:
    police = visitor(people.POLICE)
    path = news(police, app, "双击")
    inside = trashed(police, path)
    answers = [police.post(f"{inside}/restore") for _ in range(2)]
    assert [answer.headers["Location"] for answer in answers] == [path, path]
    assert deeds(app, path)[-3:] == ["added", "deleted", "restored"]
    assert police.post(f"{path}/delete").status_code == 303
    assert police.post(f"{path}/delete").status_code == 404
    assert deeds(app, path)[-2:] == ["restored", "deleted"]


def test_a_form_open_while_the_row_was_away_meets_a_conflict(visitor: Signed, app: Flask) -> None:
    police = visitor(people.POLICE)
    path = news(police, app, "来回")
    page = police.get(f"{path}/edit").text
    hidden = dict(re.findall(r'name="(_version|_seen)" value="([^"]*)"', page))
    police.post(f"{trashed(police, path)}/restore")
    data = {"title": "来回改", "column": "today", "unit": str(unit_of(app, "公安局")), "state": "draft"}
    answer = police.post(f"{path}/edit", data | {name: html.unescape(value) for name, value in hidden.items()})
    assert answer.status_code == 409


def test_what_is_unique_stays_taken_and_the_answer_says_where(visitor: Signed, app: Flask) -> None:
    coordinator = visitor(people.COORDINATOR)
    path = project(coordinator, app, "HSZ-1")
    inside = trashed(coordinator, path)
    data = {"code": "HSZ-1", "title": "抢编码", "unit": "2", "kind": "network", "classification": "internal"}
    refused = coordinator.post("/records/project/new", data)
    assert refused.status_code == 422
    assert "回收站" in refused.text or "in the trash" in refused.text
    assert scalar(app, "SELECT count(*) FROM project WHERE code = 'HSZ-1'") == 1
    assert coordinator.post(f"{inside}/restore").headers["Location"] == path
    assert coordinator.get(path).status_code == 200


def test_a_row_that_is_needed_does_not_go_and_one_in_the_trash_is_named_as_in_the_way(
    visitor: Signed, app: Flask
) -> None:
    coordinator = visitor(people.COORDINATOR)
    needed = scalar(app, "SELECT project_id FROM budget_line LIMIT 1")
    assert coordinator.post(f"/records/project/{needed}/delete").status_code == 409
    assert scalar(app, "SELECT deleted_at FROM project WHERE id = :i", i=needed) is None
    refused = coordinator.post("/records/project/bulk", {"verb": "delete", "ids": [str(needed)], "step": "apply"})
    assert refused.status_code == 409
    assert scalar(app, "SELECT deleted_at FROM project WHERE id = :i", i=needed) is None
    made = coordinator.post("/records/system/new", {"name": "将撤的系统", "code": "JCXT", "group": "office",
                                                    "status": "planned"})  # fmt: skip
    assert made.status_code == 303
    system = made.headers["Location"]
    inside = trashed(coordinator, project(coordinator, app, "HSZ-2", title="挡路的", system=str(number(system))))
    answer = coordinator.post(f"{system}/delete")
    assert answer.status_code == 409
    assert "挡路的" in answer.text
    assert "/records/project/trash" in answer.text
    assert f"/records/project/{number(inside)}" not in answer.text.replace("/trash", "")
    assert coordinator.post(f"{inside}/purge").status_code == 303
    assert coordinator.post(f"{system}/delete").status_code == 303


def test_deleting_for_good_leaves_the_values_in_the_trail_and_nothing_else(visitor: Signed, app: Flask) -> None:
    police = visitor(people.POLICE)
    path = news(police, app, "永别")
    inside = trashed(police, path)
    assert police.post(f"{inside}/purge").status_code == 303
    assert scalar(app, "SELECT count(*) FROM news_item WHERE id = :i", i=number(path)) == 0
    assert deeds(app, path)[-3:] == ["added", "deleted", "purged"]
    changes = scalar(app, "SELECT changes FROM rn_event WHERE deed = 'purged' AND row_id = :i", i=number(path))
    assert "永别" in str(changes) or "\\u6c38" in str(changes)
    for below in ("/purge", "/restore"):
        assert police.post(inside + below).status_code == 404


def test_many_rows_go_to_the_trash_at_once(visitor: Signed, app: Flask) -> None:
    police = visitor(people.POLICE)
    paths = [news(police, app, f"成批 {n}") for n in range(3)]
    ids = [str(number(path)) for path in paths]
    told = police.post("/records/news_item/bulk", {"verb": "delete", "ids": ids, "step": "preview"})
    assert "回收站" in told.text or "trash" in told.text
    foreign = scalar(app, "SELECT id FROM news_item WHERE unit_id <> :u LIMIT 1", u=unit_of(app, "公安局"))
    data = {"verb": "delete", "ids": [*ids, str(foreign)], "step": "apply"}
    assert police.post("/records/news_item/bulk", data).status_code == 303
    assert scalar(app, "SELECT deleted_at FROM news_item WHERE id = :i", i=foreign) is None
    assert all(police.get(path).status_code == 404 for path in paths)
    listing = police.get("/records/news_item/trash").text
    assert all(f"成批 {n}" in listing for n in range(3))
    assert all(deeds(app, path)[-2:] == ["added", "deleted"] for path in paths)


def test_the_trash_is_paged_newest_first_in_few_statements(visitor: Signed, app: Flask) -> None:
    tourism = visitor(people.TOURISM)
    paths = [news(tourism, app, f"分页 {n}", "旅游局") for n in range(35)]
    for path in paths[:5]:
        trashed(tourism, path)
    rest = [str(number(path)) for path in paths[5:]]
    # all in one statement, so at one moment: the id tells them apart
    tourism.post("/records/news_item/bulk", {"verb": "delete", "ids": rest, "step": "apply"})
    seen: list[int] = []
    address = "/records/news_item/trash"
    while address:
        with counted() as said:
            page = tourism.get(address)
        assert page.status_code == 200
        assert len(said) <= MOST_STATEMENTS, said
        seen += [int(found) for found in re.findall(r"/trash/(\d+)/restore", page.text)]
        older = re.search(r'href="([^"]+)" rel="next"', page.text)
        address = html.unescape(older[1]) if older else ""
    expected = sorted((number(path) for path in paths[5:]), reverse=True)
    assert seen == expected + [number(path) for path in paths[4::-1]]


@pytest.mark.parametrize("after", ["x", "2004-01-01", "~1", "2004-01-01T00:00:00~²", "2004-01-01~" + "9" * 5000,
                                   "2004-01-01T00:00:00+08:00~1", "2004-01-01~9999999999"])  # fmt: skip
def test_an_odd_place_in_the_trash_is_answered_in_words(visitor: Signed, after: str) -> None:
    answer = visitor(people.POLICE).get("/records/news_item/trash", query_string={"after": after})
    assert answer.status_code == 400
    assert visitor(people.POLICE).get("/records/news_item/trash?colour=red").status_code == 400


def test_the_trashs_columns_are_no_fields(visitor: Signed, app: Flask) -> None:
    for entry in app.extensions["catalog"]:
        assert not {"deleted_at", "deleted_by"} & set(entry.fields), entry.name
    police = visitor(people.POLICE)
    assert police.get("/records/news_item/?cols=deleted_by").status_code == 400
    assert police.get("/records/news_item/?deleted_at__empty=0").status_code == 400
    assert police.get("/records/news_item/?order=deleted_at").status_code == 400
    made = police.post("/records/news_item/new", {
        "title": "夹带", "column": "today", "unit": str(unit_of(app, "公安局")), "deleted_at": "2004-01-01T00:00:00",
    })  # fmt: skip
    assert made.status_code == 303
    assert police.get(made.headers["Location"]).status_code == 200
