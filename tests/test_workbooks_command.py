"""`run.py export`, `import` and `search`: whatever is wrong is told in words, and by the exit code."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.places import Filling, Place


def said(place: Place, *arguments: str) -> tuple[int, str]:
    """How a command ended, and what it said."""
    done = place.run(*arguments, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("export", "nothing", "a.csv"), 1, "There is no record 'nothing'. Known are: "),
        (("export", "unit", "a.txt"), 1, "ends with one of: .xlsx, .csv"),
        (("export", "unit", "a.csv", "--where", "colour=red"), 1, "Known are: "),
        (("export", "unit", "a.csv", "--where", "colour"), 2, "is not NAME=VALUE"),
        (("export", "unit", "a.csv", "--order", "colour"), 1, "Known are: "),
        (("export", "unit", "a.csv", "--as", "nobody"), 1, "There is no active account 'nobody'"),
        (("export", "resident", "a.csv", "--as", "trainer"), 1, "has no grant to read resident"),
        (("export", "unit", "gone/a.csv"), 1, "cannot be written"),
        (("export", "unit", "file/a.csv"), 1, "cannot be written"),
        (("import", "unit", "gone.xlsx"), 2, "does not exist"),
        (("import", "unit", "file"), 1, "Error: "),
        (("undo-import", "999"), 1, "Error: "),
        (("search", "rebuild", "nothing"), 1, "There is no record nothing"),
    ],
)
def test_a_wrong_argument_is_told_in_words_and_leaves_nothing(
    place: Place, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "file").write_bytes(b"\x00\x01no workbook")
    there = [str(tmp_path / one) if "a." in one or "file" in one or "gone" in one else one for one in arguments]
    ended, text = said(place, *there)
    assert (ended, words in text) == (code, True), text
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_database_without_tables_is_told_how_to_get_them(
    new_place: Callable[[Filling], Place], tmp_path: Path
) -> None:
    place, path = new_place("empty"), tmp_path / "a.csv"
    assert said(place, "export", "unit", str(path)) == (
        1, "Error: The database has not the tables of this release. Run `run.py migrate` first.\n",
    )  # fmt: skip
    assert not path.exists()


def test_a_database_that_cannot_be_reached_is_told_as_such(place: Place, tmp_path: Path) -> None:
    place = replace(place, database_url="postgresql://nobody@127.0.0.1:1/nothing")
    ended, text = said(place, "export", "unit", str(tmp_path / "a.csv"))
    assert ended == 1
    assert text.startswith("Error: The database cannot be used: ")
