"""Check the templates against the page policy and the visual standard: nothing inline, no colours, no hosts."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "app" / "templates"

COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\sstyle\s*=", re.IGNORECASE), "inline style: the policy blocks it, write a class"),
    (re.compile(r"\s(?:on[a-z]{3,}|hx-on[:\w-]*)\s*=\s*[\"']", re.IGNORECASE), "inline handler: write it in static/js"),
    (re.compile(r"<script(?![^>]*\ssrc=)", re.IGNORECASE), "inline script: the policy blocks it, put it in static/js"),
    (re.compile(r"<style\b", re.IGNORECASE), "inline sheet: the policy blocks it, put it in static/css"),
    (re.compile(r"javascript:", re.IGNORECASE), "javascript: address"),
    (re.compile(r"(?<![\w&/-])#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\b(?![\w-])", re.IGNORECASE), "hex colour"),
    (re.compile(r"[\"'(](?:https?:)?//[\w.-]+", re.IGNORECASE), "address of another host"),
    (re.compile(r"\|\s*safe\b"), "unescaped output"),
)


def faults(path: Path) -> list[str]:
    """Return a line for each place of a template that breaks a rule."""
    text = COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), path.read_text(encoding="utf-8"))
    found = []
    for pattern, reason in RULES:
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{path.relative_to(ROOT)}:{line}: {reason}: {match.group().strip()}")
    return found


def main() -> int:
    """Print every fault; the status is 1 if there is one."""
    lines = [line for path in sorted(TEMPLATES.rglob("*.html")) for line in faults(path)]
    print("\n".join(lines), file=sys.stderr, end="\n" if lines else "")
    return int(bool(lines))


if __name__ == "__main__":
    raise SystemExit(main())
