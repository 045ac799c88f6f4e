"""`make bench` itself: it sets up, asks every page, and writes what it found; how fast is for the benchmarks to say."""

import json
from pathlib import Path

import psycopg
import pytest

from app.declare.identifiers import check_citizen_id
from benchmarks import residents
from benchmarks.__main__ import main
from benchmarks.pages import MEASURES
from benchmarks.report import Line, table
from tests.support.postgres import Postgres


def test_our_own_console_is_measured_and_the_results_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--rows", "200", "--small", "200", "--rounds", "1", "--no-peers", "--only", "lists", "rest", "imports"]

    assert main([*arguments, "--out", str(tmp_path)]) == 0

    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert set(results["figures"]["ours alone"]) == set(MEASURES)
    assert [line["work"] for line in results["lines"] if "REST" in line["work"]] == ["REST list of 100 rows"]
    assert set(results["figures"]["import"]["Rainbow Net, 200 rows"]) == {"import", "undo"}
    assert "| work | ours |" in capsys.readouterr().out


def test_the_residents_of_the_benchmarks_are_believable() -> None:
    with Postgres() as server:
        url = server.create("residents")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(residents.TABLE.encode())
        residents.insert(url, 0, 3000, 1)
        with psycopg.connect(url) as connection:
            found = connection.execute("SELECT citizen_id, name, sex, birth, area FROM resident").fetchall()

    assert len({row[0] for row in found}) == 3000
    assert {check_citizen_id(row[0]) for row in found} == {None}
    assert all(row[0][6:14] == f"{row[3]:%Y%m%d}" and row[0][:6] == row[4] for row in found)
    assert all((int(row[0][16]) % 2 == 0) == (row[2] == "female") for row in found)
    assert len({row[1] for row in found}) > 1000
    assert len({row[4] for row in found}) == 7


def test_a_claim_is_met_or_not_as_its_ratio_says() -> None:
    faster, grown = Line("a", "1 ms", "7 ms", 7.0, 6), Line("b", "2 ms", "1 ms", 2.0, 1.3, at_most=True)

    assert (faster.met, grown.met) == (True, False)
    assert table([grown]).endswith("| b | 2 ms | 1 ms | 2.00 × | ≤ 1.3 × | **no** |")
