"""The OpenAPI document is true: schemathesis sends what it allows and what it forbids, for three roles.

The examples are always the same ones, of three records a role, on SQLite of one. For every record, with the requests
that follow from one another, half an hour each role: `RAINBOW_EXAMPLES=20 python -m pytest tests/api/test_openapi.py`.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from app.access import Person
from app.auth.tokens import make_personal
from app.catalog import Catalog
from app.store.session import actor_of
from tests.api.test_rows import Client, sign_in
from tests.jobs.workers import acting
from tests.support import people
from tests.support.patience import PATIENCE
from tests.support.places import Filling, Place
from tests.support.served import Served

CONFIG = """
# A shape allows what the rules behind it refuse (checksums, references, keys that are taken), in words: 409 and 422.
[checks]
positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409, 412, 422]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 414, 415, 422, 428]
missing_required_header.expected-statuses = [400, 401, 403, 404, 428]
"""
RECORDS = {
    people.COORDINATOR: "project|milestone|deployment",
    people.POLICE: "resident|video_asset|outgoing_document",
    people.SECURITY: "account|role|group",
}
ASKED = os.environ.get("RAINBOW_EXAMPLES", "")


@dataclass(frozen=True)
class Running:
    """A console served without a limit on requests."""

    served: Served
    place: Place


@pytest.fixture
def running(new_place: Callable[[Filling], Place]) -> Iterator[Running]:
    place = new_place("city")
    with Served(place, RAINBOW_API_LIMIT="1000000") as served:
        yield Running(served, place)


def test_the_document_describes_every_record_that_one_may_read_and_no_other(app: Flask) -> None:
    catalog: Catalog = app.extensions["catalog"]
    for name in people.CAST:
        client = sign_in(app, name)
        paths = client("GET", "/openapi.json").get_json()["paths"]
        described = {path.split("/")[3] for path in paths} - {"security"}
        opened = {e.name for e in catalog if client("GET", f"/{e.name}/?limit=1").status_code == 200}
        assert described == opened, name
    assert Client(app)("GET", "/openapi.json").status_code == 401


def _lasting(app: Flask, name: str) -> str:
    """A token that holds for as long as a run over every record takes; one from signing in lasts half an hour."""
    verbs = ["read", "add", "edit", "delete"]
    with acting(app, name) as session:
        person = actor_of(session)
        assert isinstance(person, Person)
        return f"Bearer {make_personal(session, person, 'schemathesis', {'*': verbs}, 30)}"


@pytest.mark.served
def test_schemathesis_finds_nothing_wrong_for_three_roles(running: Running, database: str, tmp_path: Path) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG, encoding="utf-8")
    from tests.support.console import console

    for name, records in RECORDS.items():
        some = records if database == "postgresql" else records.partition("|")[0]
        chosen = ["--exclude-path-regex", "/security/"] if ASKED else ["--include-path-regex", f"/({some})/"]
        phases = "examples,coverage,fuzzing,stateful" if ASKED else "examples,coverage,fuzzing"
        with console(running.place.settings) as app:
            token = _lasting(app, name) if ASKED else sign_in(app, name).headers["Authorization"]
        done = subprocess.run(
            [
                sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run",
                f"{running.served.base}/api/v1/openapi.json", "-H", f"Authorization: {token}", "--checks", "all",
                *chosen, "--phases", phases, "--max-examples", ASKED or "3", "--generation-deterministic",
                "--continue-on-failure", "--no-color", "--request-timeout", str(PATIENCE),
                "--suppress-health-check", "all",
            ],
            cwd=tmp_path, capture_output=True, text=True, timeout=7200 if ASKED else 1800, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{name}:\n{done.stdout[-8000:]}\n{done.stderr[-2000:]}"
    assert "Traceback" not in running.served.said
