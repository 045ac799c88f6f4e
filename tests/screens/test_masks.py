"""Masked values: shown with their middle hidden, revealed one at a time to those who may, each time noted."""

import re
from collections.abc import Callable

from flask import Flask
from sqlalchemy import text

from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]
WHOLE = re.compile(r"\b\d{17}[\dX]\b")


def a_resident(app: Flask) -> tuple[int, str]:
    with app.extensions["engine"].connect() as connection:
        row = connection.execute(text("SELECT id, citizen_id FROM resident ORDER BY id LIMIT 1")).one()
    return row.id, row.citizen_id


def test_nobody_sees_whole_identity_numbers_on_a_page(visitor: Signed, app: Flask) -> None:
    row_id, whole = a_resident(app)
    for name in ("police", "leader"):
        for path in ("/records/resident/", f"/records/resident/{row_id}", "/records/resident/options?q=王"):
            page = visitor(name).get(path)
            assert page.status_code == 200
            assert whole not in page.text
            assert not WHOLE.search(page.text), path


def test_a_registrar_reveals_one_and_it_is_noted(visitor: Signed, app: Flask) -> None:
    row_id, whole = a_resident(app)
    answer = visitor("police").post(f"/records/resident/{row_id}/reveal/citizen_id")
    assert answer.status_code == 200
    assert answer.text == whole
    with app.extensions["engine"].connect() as connection:
        line = connection.execute(
            text("SELECT actor, changes FROM rn_event WHERE deed = 'unmasked' AND row_id = :id"), {"id": row_id}
        ).one()
    assert line.actor == "孙立新"
    assert whole not in str(line.changes)


def test_a_leader_sees_no_eye_and_is_refused(visitor: Signed, app: Flask) -> None:
    row_id, whole = a_resident(app)
    assert "data-rn-reveal=" not in visitor("leader").get("/records/resident/").text
    assert "data-rn-reveal=" in visitor("police").get("/records/resident/").text
    answer = visitor("leader").post(f"/records/resident/{row_id}/reveal/citizen_id")
    assert answer.status_code == 403
    assert whole not in answer.text


def test_a_row_out_of_scope_or_a_field_that_is_not_masked_reveals_nothing(visitor: Signed, app: Flask) -> None:
    row_id, _whole = a_resident(app)
    assert visitor("statistics").post(f"/records/resident/{row_id}/reveal/citizen_id").status_code == 404
    assert visitor("police").post(f"/records/resident/{row_id}/reveal/name").status_code == 404
    assert visitor("police").post("/records/resident/999999/reveal/citizen_id").status_code == 404


def test_a_masked_field_orders_filters_and_finds_nothing_for_those_who_see_it_masked(
    visitor: Signed, app: Flask
) -> None:
    _row_id, whole = a_resident(app)
    leader = visitor("leader")
    for query in ("order=citizen_id", f"citizen_id={whole}", f"citizen_id__contains={whole[:8]}"):
        assert leader.get(f"/records/resident/?{query}").status_code == 400
        assert visitor("police").get(f"/records/resident/?{query}").status_code == 200
    assert "data-pk" not in leader.get(f"/records/resident/?q={whole}").text
    assert "data-pk" in visitor("police").get(f"/records/resident/?q={whole}").text
    assert whole not in leader.get(f"/palette/?q={whole}").text.replace(f"“{whole}”", "")


def test_a_reference_does_not_order_by_what_its_rows_show_masked(visitor: Signed, app: Flask) -> None:
    code = app.extensions["catalog"]["unit"].order[0]
    assert visitor("leader").get("/records/project/?order=unit").status_code == 200
    code.__dict__["masked"] = True
    try:
        assert visitor("leader").get("/records/project/?order=unit").status_code == 400
        assert "order=unit" not in visitor("leader").get("/records/project/").text
    finally:
        code.__dict__["masked"] = False
