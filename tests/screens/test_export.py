"""A list as comma-separated values: what is on the screen, in constant memory, noted in the trail."""

import csv
import io
import re
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, text

from app.declare.event import Deed, Door, Event
from tests.support import people
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]
LINES = 15_000
MOST_MEMORY = 16 * 1024 * 1024
START = datetime(2001, 1, 1, tzinfo=UTC)


def table(answer_text: str) -> list[list[str]]:
    assert answer_text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(answer_text[1:], newline="")))


def notes(app: Flask, record: str) -> list[str]:
    with app.extensions["engine"].connect() as connection:
        found = connection.scalars(
            text("SELECT note FROM rn_event WHERE deed = 'exported' AND record = :record ORDER BY id"),
            {"record": record},
        )
        return [note or "" for note in found]


def add_lines(app: Flask, actors: Iterator[str] | list[str], start: datetime = START) -> None:
    lines = [
        {"at": start + timedelta(seconds=number // 3), "actor": actor, "door": Door.FORM, "deed": Deed.CHANGED,
         "label": f"第 {number} 行", "note": "x" * 60}
        for number, actor in enumerate(actors)
    ]  # fmt: skip
    with app.extensions["engine"].begin() as connection:
        connection.execute(insert(Event.__table__), lines)


@pytest.fixture(scope="module")
def long_trail(app: Flask) -> None:
    add_lines(app, [f"某人{number}" for number in range(LINES)])


@pytest.mark.usefixtures("long_trail")
def test_a_long_trail_is_sent_whole_in_order_and_in_little_memory(app: Flask, visitor: Signed) -> None:
    auditor = visitor(people.AUDITOR)
    path = "/records/audit/export.csv?q=%E6%9F%90%E4%BA%BA&order=at&cols=at,actor,label,note"
    auditor.get("/records/audit/export.csv?q=none-of-these")
    tracemalloc.start()
    try:
        answer = auditor.get(path)
        assert answer.status_code == 200
        assert answer.content_type == "text/csv; charset=utf-8"
        named = r"attachment; filename=audit\.csv; filename\*=UTF-8''[%\w-]+\.csv"
        assert re.fullmatch(named, answer.headers["Content-Disposition"])
        size = sum(len(part) for part in answer.iter_encoded())
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    answer.close()
    assert size > 1_500_000
    assert peak < MOST_MEMORY, peak
    assert notes(app, "audit")[-1].startswith(f"csv, {LINES} rows: q=")
    assert "order=at" in notes(app, "audit")[-1]
    lines = table(auditor.get(path).text)
    assert len(lines) == LINES + 1
    assert [line[1] for line in lines[1:]] == [f"某人{number}" for number in range(LINES)]


def test_the_file_is_the_list_as_it_is_filtered_and_ordered(app: Flask, visitor: Signed) -> None:
    coordinator = visitor(people.COORDINATOR)
    lines = table(coordinator.get("/records/milestone/export.csv?state=planned&order=-code&cols=code,title,unit").text)
    page = coordinator.get("/records/milestone/?state=planned&order=-code&cols=code,title,unit&limit=200").text
    shown = re.findall(r'<td class="rn-line"[^>]*><span class="rn-clip"[^>]*>([A-Z]+-[\w-]+)</span>', page)
    codes = [line[0] for line in lines[1:]]
    assert codes == sorted(codes, reverse=True)
    assert len(codes) > 1
    assert not shown or shown == codes
    assert notes(app, "milestone")[-1] == f"csv, {len(codes)} rows: state=planned&order=-code&cols=code%2Ctitle%2Cunit"


def test_nobody_gets_more_rows_than_the_list_has_for_them(visitor: Signed) -> None:
    for name in (people.TOURISM, people.POLICE, people.COORDINATOR, people.VIEWER):
        count = visitor(name).get("/records/project/count").text.replace(",", "")
        assert len(table(visitor(name).get("/records/project/export.csv").text)) - 1 == int(count)
    assert visitor(people.TRAINER).get("/records/project/export.csv").status_code == 403
    # the three administrators read the trail, each of them what they may see of it
    for name in set(people.CAST) - {people.AUDITOR, people.ADMIN, people.SECURITY}:
        assert visitor(name).get("/records/audit/export.csv").status_code == 403


def test_masked_values_are_masked_in_the_file_too(app: Flask, visitor: Signed) -> None:
    with app.extensions["engine"].connect() as connection:
        whole = set(connection.scalars(text("SELECT citizen_id FROM resident")))
    for name in (people.POLICE, people.LEADER):
        answer = visitor(name).get("/records/resident/export.csv?cols=citizen_id,name").text
        lines = table(answer)
        assert len(lines) > 1
        assert all("*" in line[0] or "•" in line[0] or "＊" in line[0] for line in lines[1:]), lines[1]
        assert not re.search(r"\d{17}[\dX]", answer)
        assert not whole & {line[0] for line in lines}


def test_a_cell_that_a_spreadsheet_would_run_is_text(app: Flask, visitor: Signed) -> None:
    bad = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "＝1+1",
        "－1",
        "＠SUM(A1)",
        "\tx",
        "\rx",
        '=HYPERLINK("http://x","y")',
        'plain, "quoted"\nand long',
    ]
    add_lines(app, bad, datetime(2002, 6, 1, tzinfo=UTC))
    path = "/records/audit/export.csv?at__gte=2002-06-01&at__lte=2002-06-02&order=at&cols=actor"
    found = [line[0] for line in table(visitor(people.AUDITOR).get(path).text)[1:]]
    assert found == [f"'{value}" for value in bad[:-1]] + bad[-1:]


def test_a_list_offers_the_export_of_what_is_shown(visitor: Signed) -> None:
    page = visitor(people.AUDITOR).get("/records/audit/?deed=refused&order=at").text
    assert 'href="/records/audit/export.csv?deed=refused&amp;order=at"' in page
    assert 'href="/records/audit/export.xlsx?deed=refused&amp;order=at"' in page
    assert visitor(people.AUDITOR).get("/records/audit/export.csv?wrong=1").status_code == 400


def test_a_stranger_is_sent_to_sign_in(stranger: Visitor) -> None:
    assert stranger.get("/records/audit/export.csv").status_code == 303


def test_a_list_that_is_declared_to_stay_is_not_given_out(app: Flask, visitor: Signed) -> None:
    entry = app.extensions["catalog"]["unit"]
    object.__setattr__(entry.screen, "export", False)
    try:
        assert "export." not in visitor(people.VIEWER).get("/records/unit/").text
        for form in ("xlsx", "csv"):
            assert visitor(people.VIEWER).get(f"/records/unit/export.{form}").status_code == 404
    finally:
        object.__setattr__(entry.screen, "export", True)
    assert visitor(people.VIEWER).get("/records/unit/export.xlsx").data[:2] == b"PK"
