"""The text of the plan, and finding in it the words that a row comes from."""

import re
from functools import cache
from pathlib import Path

PLAN = Path(__file__).with_name("plan.zh.txt")
ANNEX = "第一期市电子政务内网联网单位名单"


class NotInPlan(LookupError):
    """Words that a seed claims to come from the plan do not stand there, or stand there more than once."""


@cache
def plan_text() -> str:
    """The whole plan."""
    return PLAN.read_text(encoding="utf-8")


def sentence(words: str) -> str:
    """The one sentence of the plan that holds these words; raises NotInPlan."""
    sentences = [part[0].strip() for part in re.finditer(r"[^。\n]+。?", plan_text())]
    found = [part for part in sentences if words in part]
    if len(found) != 1:
        raise NotInPlan(f"{len(found)} sentences hold {words!r}")
    return found[0]


def passage(first: str, last: str) -> str:
    """The plan from the sentence with the `first` words through the next `last` words; raises NotInPlan."""
    text = plan_text()
    start = text.index(sentence(first))
    end = text.find(last, start)
    if end < 0:
        raise NotInPlan(f"{last!r} does not follow {first!r}")
    return text[start : end + len(last)]


def annex() -> str:
    """The line of the annex that lists the units of phase one."""
    lines = [line.strip() for line in plan_text().splitlines() if line.strip()]
    return lines[max(number for number, line in enumerate(lines) if line == ANNEX) + 1]
