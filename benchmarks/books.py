"""Files written and read by commands, ours and django-import-export's: how long it takes, and how much memory."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.commands import Cost, median, run
from benchmarks.systems import HERE, peer_env
from tests.support.people import POLICE
from tests.support.places import ROOT, Place

EXPORTS = {"xlsx": 8.0, "csv": 4.0}
"""How many times faster than the best peer each must be."""
IMPORTS = 10.0
"""The same of an import, dry run and apply."""
MOST_MEMORY = 60.0
"""Megabytes above idle that an export may take, of any size."""
MOST_IMPORT_MEMORY = 150.0
"""The same of an import."""
IDLE = 3
"""How often a command is run to do nothing, so that a busy moment is not taken for its start."""
DJANGO = "django-import-export"


def export_ours(place: Place, kind: str, folder: Path, rounds: int) -> Cost:
    """Our whole list of residents as a file, for its registrar, beyond the export of an empty list."""
    command = [sys.executable, "run.py", "export", "resident", str(folder / f"ours.{kind}"), "--as", POLICE]
    idle = median([run([*command, "--where", "birth__lte=1500-01-01"], place.env, ROOT) for _ in range(IDLE)])
    return median([run(command, place.env, ROOT) for _ in range(rounds)]).beyond(idle)


def export_django(python: Path, url: str, kind: str, rows: int, folder: Path, rounds: int) -> Cost:
    """So many residents as a file by django-import-export, beyond the export of one."""
    command = [str(python), "django_site.py", "export", kind, str(folder / f"django.{kind}")]
    idle = median([run([*command, "1"], peer_env(url), HERE / "peers") for _ in range(IDLE)])
    return median([run([*command, str(rows)], peer_env(url), HERE / "peers") for _ in range(rounds)]).beyond(idle)


@dataclass(frozen=True)
class There:
    """What an import took, and what taking it back did."""

    imported: Cost
    undone: Cost


def import_ours(place: Place, book: Path, single: Path) -> There:
    """A workbook checked and applied for the registrar, then undone, beyond the check of a workbook of one row."""
    command = [sys.executable, "run.py", "import", "resident", "--as", POLICE]
    idle = median([run([*command, str(single)], place.env, ROOT) for _ in range(IDLE)])
    imported = run([*command, str(book), "--apply"], place.env, ROOT)
    undone = run([sys.executable, "-m", "benchmarks.undo", POLICE], place.env, ROOT)
    return There(imported.beyond(idle), undone.beyond(idle))


def import_django(python: Path, url: str, book: Path, single: Path) -> Cost:
    """A workbook through a dry run and then for good, beyond the same with one row, which is there afterwards."""
    command = [str(python), "django_site.py", "load"]
    idle = median([run([*command, str(single)], peer_env(url), HERE / "peers") for _ in range(IDLE)])
    return run([*command, str(book)], peer_env(url), HERE / "peers").beyond(idle)
