"""`run.py user`: accounts made, given a password and listed at the command line; faults are told in words."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.places import Place
from tests.support.visitor import Visitor

Create = Callable[..., tuple[int, str]]
PASSWORD = "a password of its own"
OTHER = "and another after it"


@pytest.fixture
def create(place: Place) -> Create:
    """Run `run.py user create`; how it ended and what it said."""

    def run(name: str, *more: str, role: str = "viewer", password: str = PASSWORD) -> tuple[int, str]:
        done = place.run(
            "user", "create", name, "--family-name", "李", "--given-name", "明", "--email", f"{name}@rainbow.gov",
            "--role", role, "--password", password, *more, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return run


def test_an_account_is_made_listed_and_signed_in_to(create: Create, place: Place, app: Flask) -> None:
    assert create("liming", "--unit", "01", "--chosen") == (0, "Created liming.\n")
    line = next(line for line in place.run("user", "list").stdout.splitlines() if line.startswith("liming"))
    assert "李明: viewer" in line
    assert Visitor(app).sign_in("liming", PASSWORD).get("/records/unit/").status_code == 200


def test_another_password_replaces_the_first(create: Create, place: Place, app: Flask) -> None:
    create("wangfang")
    assert "wangfang has a new password." in place.run("user", "password", "wangfang", "--password", OTHER).stdout
    Visitor(app).sign_in("wangfang", OTHER)
    with pytest.raises(AssertionError, match="401"):
        Visitor(app).sign_in("wangfang", PASSWORD)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("police", {}, "already an account"),
        ("short", {"password": "x" * 11}, "Use at least 12 characters"),
        ("lost", {"role": "emperor"}, "There is no role emperor. Known are: auditor,"),
    ],
)
def test_a_fault_is_told_in_words_and_nothing_is_made(
    create: Create, place: Place, name: str, options: dict[str, str], words: str
) -> None:
    before = place.run("user", "list").stdout
    ended, said = create(name, **options)
    assert ended == 1
    assert words in said
    assert "Traceback" not in said
    assert place.run("user", "list").stdout == before


def test_an_unknown_unit_or_account_is_told_in_words(create: Create, place: Place) -> None:
    ended, said = create("nowhere", "--unit", "no such code")
    assert (ended, "There is no unit with the code 'no such code'." in said) == (1, True)
    done = place.run("user", "password", "nobody-at-all", "--password", PASSWORD, check=False)
    assert (done.returncode, "There is no account 'nobody-at-all'." in done.stderr) == (1, True)
