"""Asks whether a known fault is in what the console is built of: pip-audit and npm audit, over the lock files.

The exit status is 1 if one is. A machine that reaches no registry, or one without advisories, is told so in a line and
passes; what was found good is not asked again on the same day.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
PYTHON_LOCKS: Final = ("requirements.lock",)
LOCKS: Final = (*PYTHON_LOCKS, "package-lock.json")
STAMP: Final = ROOT / ".venv" / ".audited"
SECONDS: Final = 40
Faults = list[str]


class NoAnswer(Exception):
    """Nobody who could tell was reached; the text says why, on one line."""


def ask(command: list[str]) -> Any:
    """What a command says as JSON; raises NoAnswer."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise NoAnswer(f"no answer within {SECONDS} seconds") from None
    except OSError as error:
        raise NoAnswer(str(error)) from None
    try:
        return json.loads(done.stdout)
    except ValueError:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise NoAnswer(said[-1].strip()[:200] if said else f"it ended with {done.returncode}") from None


def python_faults() -> Faults:
    """The known faults of the Python packages that the console runs with."""
    pip_audit = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off",
                 "--timeout", "5", "--format", "json"]  # fmt: skip
    return read_python(ask([*pip_audit, *(part for lock in PYTHON_LOCKS for part in ("-r", lock))]))


def read_python(told: Any) -> Faults:
    """What pip-audit found, a line each; raises NoAnswer."""
    if not isinstance(told, dict) or "dependencies" not in told:
        raise NoAnswer("pip-audit said nothing that can be read")
    return [
        f"{one['name']} {one['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'none yet'}"
        for one in told["dependencies"]
        for fault in one.get("vulns", ())
    ]


def node_faults() -> Faults:
    """The known faults of the packages that the browser's files come from."""
    return read_node(ask(["tools/with-node", "npm", "audit", "--json", "--package-lock-only", "--fetch-retries=0"]))


def read_node(told: Any) -> Faults:
    """What npm audit found, a line each; raises NoAnswer."""
    if not isinstance(told, dict) or not isinstance(told.get("vulnerabilities"), dict):
        error = told.get("error") if isinstance(told, dict) else None
        text = told.get("message") or (error or {}).get("summary") if isinstance(told, dict) else ""
        raise NoAnswer(" ".join(str(text or "the registry has no advisories").split())[:200])
    return [f"{name}: {one.get('severity')}" for name, one in sorted(told["vulnerabilities"].items())]


def audit(name: str, faults: Callable[[], Faults]) -> tuple[bool, bool]:
    """Ask one auditor and say what it told: whether nothing is wrong, and whether it answered at all."""
    try:
        found = faults()
    except NoAnswer as why:
        print(f"{name}: not audited, as no registry with advisories answers ({why})")
        return True, False
    print(f"{name}: {len(found)} known faults" if found else f"{name}: no known fault")
    for line in found:
        print(f"  {line}")
    return not found, True


def main() -> int:
    """Audit both, unless the same was found good today."""
    digest = hashlib.sha256(b"".join((ROOT / lock).read_bytes() for lock in LOCKS)).hexdigest()
    today = f"{datetime.now(UTC):%Y-%m-%d} {digest}\n"
    if STAMP.is_file() and STAMP.read_text(encoding="utf-8") == today:
        print("Dependencies: audited today already, no known fault")
        return 0
    told = [audit("pip-audit", python_faults), audit("npm audit", node_faults)]
    if all(good and answered for good, answered in told):
        STAMP.write_text(today, encoding="utf-8")
    return 0 if all(good for good, _answered in told) else 1


if __name__ == "__main__":
    sys.exit(main())
