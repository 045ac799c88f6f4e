"""A worker killed in the middle of an import leaves the registry as it was; the next one brings the file in once."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from tests.jobs.workers import Workers, ask, row, wait_for
from tests.screens.test_imports import rows_of, sent, workbook
from tests.support import people
from tests.support.patience import until
from tests.support.places import Place
from tests.support.visitor import Visitor

pytestmark = pytest.mark.served

HEADS = ["编码", "名称", "计量单位", "管理单位"]


def begun_again(app: Flask, job_id: int) -> bool:
    return bool(row(app, job_id).attempts >= 2)


def test_an_import_whose_worker_is_killed_while_it_checks_and_while_it_stores_goes_in_once(
    app: Flask, place: Place, visitor: Callable[[str], Visitor], tmp_path: Path
) -> None:
    table = app.extensions["catalog"]["unit"].model.__table__
    with app.extensions["engine"].connect() as connection:
        unit = connection.scalar(select(table.c.code).where(table.c.name == "统计局"))
    before, rows = rows_of(app, "indicator"), [[f"K-{number}", f"指标 {number}", "吨", unit] for number in range(3)]
    batch = int(sent(visitor(people.STATISTICS), "indicator", workbook(HEADS, *rows)).rpartition("/")[2])
    for step in ("held_plan", "held_apply"):
        reached, gate = tmp_path / f"{step}-reached", tmp_path / f"{step}-gate"
        job_id = ask(app, people.STATISTICS, step, batch=batch, good_rows=False, reached=str(reached), gate=str(gate))
        with Workers(place) as first:
            until(reached.exists, f"{step} did not come to its middle")
            first.kill()
        assert rows_of(app, "indicator") == before
        with Workers(place):
            until(partial(begun_again, app, job_id), "nobody took it up")
            gate.touch()
            wait_for(app, job_id, "done")
    assert rows_of(app, "indicator") == before + len(rows)
    lines = "SELECT count(*) FROM rn_event WHERE record = 'indicator' AND deed = 'added' AND batch_id = :batch"
    with app.extensions["engine"].connect() as connection:
        assert connection.execute(text(lines), {"batch": batch}).scalar() == len(rows)
