"""`make check` fails for a known fault of a dependency, and for nothing else: not where nobody can be asked."""

import sys

import pytest

from tools.audit import NoAnswer, ask, audit, read_node, read_python

FAULTY = {
    "dependencies": [
        {"name": "sound", "version": "1.0", "vulns": []},
        {"name": "ill", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": []}]},
        {"name": "skipped", "skip_reason": "not on the index"},
    ],
    "fixes": [],
}


def test_a_known_fault_fails_and_is_named_with_what_mends_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit("pip-audit", lambda: read_python(FAULTY)) == (False, True)
    assert "ill 2.0: PYSEC-1, mended in 2.1" in capsys.readouterr().out
    told = {"auditReportVersion": 2, "vulnerabilities": {"ill": {"severity": "high"}}, "metadata": {}}
    assert audit("npm audit", lambda: read_node(told)) == (False, True)
    assert "ill: high" in capsys.readouterr().out


def test_nothing_known_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit("npm audit", lambda: read_node({"auditReportVersion": 2, "vulnerabilities": {}})) == (True, True)
    assert audit("pip-audit", lambda: read_python({"dependencies": []})) == (True, True)
    assert capsys.readouterr().out.count("no known fault") == 2


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.exit('ConnectionError: no route to the registry')",
        "print('<html>405 Method Not Allowed</html>')",
        'print(\'{"message": "405 Method Not Allowed", "error": {"summary": ""}}\')',
        "print('[]')",
        "raise SystemExit(1)",
    ],
)
def test_where_nobody_answers_one_line_says_so_and_it_passes(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit("npm audit", lambda: read_node(ask([sys.executable, "-c", code]))) == (True, False)
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "not audited" in said


def test_an_auditor_that_is_not_here_is_no_fault_of_the_dependencies() -> None:
    with pytest.raises(NoAnswer):
        ask(["no-such-command-anywhere"])
