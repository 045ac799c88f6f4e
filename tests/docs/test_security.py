"""SECURITY.md names tests that exist, and something is said and shown of each attacker."""

import ast
import re

from tests.support.places import ROOT

TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", TEXT)))


def test_every_test_that_is_named_exists() -> None:
    missing = []
    for path, name in NAMED:
        file = ROOT / path
        tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
        if name not in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}:
            missing.append(f"{path}::{name}")
    assert missing == []


def test_each_line_of_the_model_says_what_holds_and_which_test_shows_it() -> None:
    lines = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith(("| what", "| ---"))]
    assert len(lines) > 25
    assert [line for line in lines if line.count(" | ") != 2 or "::test_" not in line] == []
    assert len(re.findall(r"^### ", TEXT, re.MULTILINE)) == 8
