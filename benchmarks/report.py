"""What was measured, held against what the console must reach: a table in Markdown."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.pages import Found
from benchmarks.systems import OURS

TITLES = {
    "first": "first page", "last": "last page", "filter": "filter by area",
    "search": "search of a given name, at peers of the name alone",
    "anybody": "search of a given name in number, name and address",
    "rarer": "search of a surname with what follows, at peers of the name alone",
    "rarer_anybody": "search of a surname with what follows in number, name and address",
    "order": "order by name", "edit": "edit form",
}  # fmt: skip
DIRECTUS_LIST = 36.0
"""Milliseconds of a list of 100 rows at Directus, as measured for the requirement; it is not measured again here."""


@dataclass(frozen=True)
class Line:
    """One claim: our figure, the best other, how many times better it is, and how many times it must be."""

    work: str
    ours: str
    best: str
    ratio: float
    required: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        return self.ratio <= self.required if self.at_most else self.ratio >= self.required

    def markdown(self) -> str:
        sign = "≤" if self.at_most else "≥"
        return (
            f"| {self.work} | {self.ours} | {self.best} | {self.ratio:.2f} × | {sign} {self.required:g} × | "
            f"{'yes' if self.met else '**no**'} |"
        )


def against_peers(found: Found, required: float, where: str) -> list[Line]:
    """Each page against the best peer's."""
    lines = []
    for measure, by_name in found.items():
        others = {name: value for name, value in by_name.items() if name != OURS}
        if OURS in by_name and others and measure in ("first", "last", "filter", "order"):
            name = min(others, key=lambda key: others[key])
            lines.append(faster(f"{TITLES[measure]}, {where}", by_name[OURS], others[name], name, required))
    return lines


def faster(work: str, ours: float, best: float, name: str, required: float, unit: str = "ms") -> Line:
    """A claim that ours takes less time than the best other."""
    return Line(work, f"{ours:.1f} {unit}", f"{best:.1f} {unit} ({name})", best / ours, required)


def grows(work: str, small: float, large: float, most: float, unit: str = "ms") -> Line:
    """A claim that a measure hardly grows with the table."""
    return Line(work, f"{large:.1f} {unit}", f"{small:.1f} {unit} (ours, small)", large / small, most, at_most=True)


def fits(work: str, megabytes: float, most: float) -> Line:
    """A claim that a command's memory beyond idle stays below a limit."""
    said = f"{megabytes:.0f} MB above idle"
    return Line(f"memory of {work}", said, f"{most:.0f} MB", megabytes / most, 1, at_most=True)


def table(lines: list[Line]) -> str:
    """All claims as a table."""
    head = "| work | ours | held against | ratio | required | met |\n| --- | --- | --- | --- | --- | --- |"
    return "\n".join((head, *(line.markdown() for line in lines)))


def figures(found: Found) -> str:
    """Every figure, in milliseconds, as a table."""
    names = list(dict.fromkeys(name for by_name in found.values() for name in by_name))
    lines = ["| ms | " + " | ".join(names) + " |", "| --- |" + " --- |" * len(names)]
    for measure, by_name in found.items():
        cells = (f"{by_name[name]:.1f}" if name in by_name else "" for name in names)
        lines.append(f"| {TITLES.get(measure, measure)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
