"""docs/declare.md does what it says: its own example, in a copy of the project, on both databases."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.places import ROOT, Filling, Place

PAGE = ROOT / "docs" / "declare.md"
COPIED = (
    "pyproject.toml",
    "app",
    "models",
    "views",
    "commands",
    "seeds",
    "migrations",
    "translations",
    "tests",
    "config.py",
    "run.py",
)

VISIT = """
import re, sys
from config import Settings
from run import make_console
from tests.support.visitor import Visitor

app = make_console(Settings.from_env())
police, coordinator = Visitor(app).sign_in("police"), Visitor(app).sign_in("coordinator")
home = police.get("/").text
assert "/records/server_room/" in home, "not in the menu"
empty = police.get("/records/server_room/")
assert empty.status_code == 200 and "机房" in empty.text
form = police.get("/records/server_room/new").text
for name in ("code", "name", "unit", "double", "checked"):
    assert f'id="f-{name}"' in form, name
unit = re.search(r'<option value="(\\d+)" selected>公安局', form.replace("\\n", ""))[1]
data = {"code": "JF-01", "name": "公安局主机房", "unit": unit, "double": "1", "checked": "2004年3月1日"}
bad = police.post("/records/server_room/new", {**data, "checked": "someday"})
assert bad.status_code == 422 and 'value="公安局主机房"' in bad.text
made = police.post("/records/server_room/new", data)
assert made.status_code == 303, made.text[:2000]
page = made.headers["Location"]
assert "2004-03-01" in police.get(page).text
assert police.post("/records/server_room/new", {**data, "unit": "2", "code": "JF-02"}).status_code == 422
taken = police.post("/records/server_room/new", data)
assert taken.status_code == 422 and "相同的" in taken.text
assert "公安局主机房" in police.get("/records/server_room/?double=1&checked__gte=2004-01-01&order=-checked").text
assert "公安局主机房" not in police.get("/records/server_room/?double=0").text
assert "公安局主机房" in police.get("/records/server_room/options?q=主机房").json["options"][0]["label"]
assert "公安局主机房" in police.get("/palette/?q=主机房").text.replace("<mark>", "").replace("</mark>", "")
assert "机房" in police.get(f"/records/unit/{unit}").text
assert "新增" in police.get(page + "/history").text
assert coordinator.get(page).status_code == 403
assert Visitor(app).sign_in("tourism").get(page).status_code == 404
assert Visitor(app).sign_in("viewer").get("/records/server_room/").status_code == 403
"""


def example() -> str:
    """The page's first block of Python."""
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def files(folder: Path) -> set[str]:
    ignored = ("__pycache__", ".mo")
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and not any(word in str(path) for word in ignored)
    }


@pytest.mark.usefixtures("database")
def test_the_pages_own_example_appears_in_every_screen(new_place: Callable[[Filling], Place], tmp_path: Path) -> None:
    place, project = new_place("city"), tmp_path / "project"
    project.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, project / name, ignore=shutil.ignore_patterns("vendor"))
        else:
            shutil.copy(source, project / name)

    def run(*words: str, fails: bool = False) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=project, env={**place.env, "PYTHONPATH": str(project)}, timeout=600,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    before = files(project)
    (project / "models" / "server_room.py").write_text(example(), encoding="utf-8")
    assert "_server_room.py" in run("run.py", "migrate", "--make", "server_room")
    made = next((project / "migrations" / "versions").glob("*_server_room.py")).name
    run("-c", VISIT)
    required = '    floor: Mapped[int] = field("楼层"{})\n\n    screen ='
    page = project / "models" / "server_room.py"
    page.write_text(example().replace("\n    screen =", required.format("")), encoding="utf-8")
    assert "server_room.floor is required" in run("run.py", "migrate", "--make", "floor", fails=True)
    assert not list((project / "migrations" / "versions").glob("*_floor.py"))
    page.write_text(example().replace("\n    screen =", required.format(", default=3")), encoding="utf-8")
    run("run.py", "migrate", "--make", "floor")
    added = next((project / "migrations" / "versions").glob("*_floor.py"))
    run("-c", "from tests.support.places import ROOT; import sqlalchemy as sa, os; from config import Settings\n"
        "with sa.create_engine(Settings.from_env().database_url).connect() as c:\n"
        "    assert c.execute(sa.text('SELECT code, floor FROM server_room')).all() == [('JF-01', 3)]")  # fmt: skip
    run("-m", "ruff", "check", "--no-cache", "models/server_room.py")
    run("-m", "ruff", "format", "--check", "--no-cache", "models/server_room.py")
    assert files(project) - before == {
        "models/server_room.py",
        f"migrations/versions/{made}",
        f"migrations/versions/{added.name}",
    }


def test_the_example_has_fewer_than_thirty_lines() -> None:
    assert len(example().splitlines()) < 30


def test_every_word_the_page_names_is_there() -> None:
    import app.declare

    text = PAGE.read_text(encoding="utf-8")
    words = set(re.findall(r"`([A-Z][A-Za-z_]+)`", text)) - {"Decimal", "DATABASE_URL", "RAINBOW_DATA", "Mapped"}
    assert {word for word in words if not hasattr(app.declare, word)} == set()
