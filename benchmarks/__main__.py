"""`make bench`: sets everything up, measures, prints the table of claims and writes it to var/bench."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import books, report, workbooks
from benchmarks.pages import MEASURES, Found, throughput, visits
from benchmarks.setting import Setting
from benchmarks.systems import OURS, PEERS, WORKERS, ours, rest, served_peer

PARTS = ("lists", "load", "rest", "growth", "exports", "imports", "sqlite")


def read_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """What to measure, and how large."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="residents that all consoles list")
    parser.add_argument("--large", type=int, default=5_000_000, help="residents of the large table, ours alone")
    parser.add_argument("--small", type=int, default=100_000, help="residents of the small one to compare it with")
    parser.add_argument("--rounds", type=int, default=15, help="visits of which the median is taken")
    parser.add_argument("--seconds", type=float, default=8, help="how long each load lasts")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="the parts to measure")
    parser.add_argument("--no-peers", action="store_true", help="our own console alone")
    parser.add_argument("--peers-python", default=".bench/bin/python", help="the interpreter of the peers' environment")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="where the results are written")
    return parser.parse_args(arguments)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run the parts that were asked for; the figures and the claims they bear out or not."""
    lines: list[report.Line] = []
    tables: dict[str, Any] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rn-bench-")))
        setting = stack.enter_context(Setting(folder))
        peers = () if options.no_peers else PEERS
        if {"lists", "load"} & set(options.only):
            for given in (False, True) if peers and "lists" in options.only else (False,):
                _lists(setting, options, peers, given, lines, tables)
        if "rest" in options.only:
            with rest(setting.console(options.rows)) as console:
                tables["rest"] = visits([console], ["rest"], options.rounds)
            took = next(iter(tables["rest"]["rest"].values()))
            lines.append(report.faster("REST list of 100 rows", took, report.DIRECTUS_LIST, "Directus, published", 5))
        if "growth" in options.only:
            _growth(setting, options, lines, tables)
        if "exports" in options.only:
            _exports(setting, options, lines, tables)
        if "imports" in options.only:
            _imports(setting, options, lines, tables)
        if "sqlite" in options.only:
            _sqlite(setting, options, lines, tables)
    return {"lines": lines, "tables": tables}


def _lists(
    setting: Setting, options: argparse.Namespace, peers: Any, given: bool, lines: list[report.Line], tables: Any
) -> None:
    """Lists, forms and load at one size: the peers as they come, or with our indexes."""
    where = "peers given our indexes" if given else "peers as they come" if peers else "ours alone"
    python = Path(options.peers_python).absolute()
    with ExitStack() as stack:
        consoles = [stack.enter_context(ours(setting.console(options.rows)))]
        for peer in peers:
            url = setting.peer(peer.module, options.rows, given=given)
            consoles.append(stack.enter_context(served_peer(peer, python, url, options.rows, setting.folder)))
        if "lists" in options.only:
            found = tables[where] = visits(consoles, MEASURES, options.rounds)
            lines += report.against_peers(found, 3 if given else 6, where)
        if "load" in options.only and not given:
            each = tables["pages a second"] = throughput(consoles, 3, options.seconds)
            others = {name: value for name, value in each.items() if name != OURS}
            if others:
                name = max(others, key=lambda key: others[key])
                lines.append(report.Line(
                    f"first pages a second, 8 clients, {WORKERS} workers", f"{each[OURS]:.0f}",
                    f"{others[name]:.0f} ({name})", each[OURS] / others[name], 8,
                ))  # fmt: skip


def _growth(setting: Setting, options: argparse.Namespace, lines: list[report.Line], tables: Any) -> None:
    """Our pages at the large size against the small one, and the large search against the peers' at theirs."""
    with ExitStack() as stack:
        small = stack.enter_context(ours(setting.console(options.small), "small"))
        large = stack.enter_context(ours(setting.console(options.large), "large"))
        found = tables["growth"] = visits([small, large], MEASURES, options.rounds)
    lines += _grown(found, f"{options.large:,} rows against {options.small:,}", ("first", "last", "filter", "order"))
    for measure in ("rarer", "rarer_anybody", "search", "anybody"):
        searched = tables.get("peers as they come", {}).get(measure, {})
        others = {name: value for name, value in searched.items() if name != OURS}
        if others:
            name = min(others, key=lambda key: others[key])
            work = f"two-character {report.TITLES[measure]}, {options.large:,} rows"
            lines.append(report.faster(work, found[measure]["large"], others[name], name, 20))


def _exports(setting: Setting, options: argparse.Namespace, lines: list[report.Line], tables: Any) -> None:
    """Files of the small table against django-import-export's, and our memory at that size and at the common one."""
    python = Path(options.peers_python).absolute()
    for kind, required in books.EXPORTS.items():
        cost = books.export_ours(setting.console(options.small), kind, setting.folder, 3)
        found = tables[f"export {kind}"] = {OURS: vars(cost)}
        work = f"export of {options.small:,} rows to {kind}"
        if not options.no_peers:
            url = setting.peer("export", options.small, given=False)
            other = books.export_django(python, url, kind, options.small, setting.folder, 1)
            found[books.DJANGO] = vars(other)
            lines.append(report.faster(work, cost.seconds, other.seconds, books.DJANGO, required, "s"))
        lines.append(report.fits(f"an export to {kind}, {options.small:,} rows", cost.megabytes, books.MOST_MEMORY))
        if options.rows != options.small:
            large = books.export_ours(setting.console(options.rows), kind, setting.folder, 1)
            found[f"{options.rows:,} rows"] = vars(large)
            lines.append(report.fits(f"an export to {kind}, {options.rows:,} rows", large.megabytes, books.MOST_MEMORY))


def _imports(setting: Setting, options: argparse.Namespace, lines: list[report.Line], tables: Any) -> None:
    """Workbooks into an empty register and out again, against django-import-export, and our memory at both sizes."""
    python = Path(options.peers_python).absolute()
    folder = setting.folder
    single, their_single = folder / "single.xlsx", folder / "their-single.xlsx"
    workbooks.write(setting.source(options.small), 1, single, their_single)
    found = tables["import"] = {}
    for rows in dict.fromkeys((options.small, options.rows)):
        book, theirs = folder / f"import{rows}.xlsx", folder / f"their-import{rows}.xlsx"
        against = rows == options.small and not options.no_peers
        workbooks.write(setting.source(rows), rows, book, theirs if against else None)
        cost = books.import_ours(setting.console(0), book, single)
        work = f"import of {rows:,} × 8 from xlsx"
        found[f"{OURS}, {rows:,} rows"] = {"import": vars(cost.imported), "undo": vars(cost.undone)}
        if against:
            other = books.import_django(python, setting.peer("import", 0, given=False), theirs, their_single)
            found[books.DJANGO] = vars(other)
            taken = cost.imported.seconds
            lines.append(
                report.faster(f"{work}, dry run and apply", taken, other.seconds, books.DJANGO, books.IMPORTS, "s")
            )
        lines.append(report.fits(work, cost.imported.megabytes, books.MOST_IMPORT_MEMORY))
        undone, imported = cost.undone.seconds, cost.imported.seconds
        lines.append(report.Line(
            f"undoing the {work}", f"{undone:.1f} s", f"{imported:.1f} s (the import)", undone / imported, 1,
            at_most=True,
        ))  # fmt: skip


def _grown(found: Found, where: str, measures: tuple[str, ...]) -> list[report.Line]:
    return [
        report.grows(f"{report.TITLES[one]}, {where}", found[one]["small"], found[one]["large"], 1.3)
        for one in measures
    ]


def _sqlite(setting: Setting, options: argparse.Namespace, lines: list[report.Line], tables: Any) -> None:
    with ExitStack() as stack:
        small = stack.enter_context(ours(setting.sqlite(options.small), "small"))
        large = stack.enter_context(ours(setting.sqlite(options.rows), "large"))
        found = tables["sqlite"] = visits([small, large], MEASURES, options.rounds)
    where = f"SQLite, {options.rows:,} rows against {options.small:,}"
    lines += _grown(found, where, ("first", "last", "filter", "order", "search"))


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.machine()}, Python {platform.python_version()}"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; the exit code does not depend on the figures."""
    options = read_arguments(arguments)
    began = datetime.now(UTC)
    found = measure(options)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    where = f"Measured {began:%Y-%m-%d %H:%M} UTC on {_machine()}; load at the end {load}"
    said = [f"{where}; {options.rows:,} rows, medians of {options.rounds}.", report.table(found["lines"])]
    said += [
        f"{name}\n\n{report.figures(one)}"
        for name, one in found["tables"].items()
        if name != "pages a second" and not name.startswith(("export", "import"))
    ]
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.md").write_text("\n\n".join(said) + "\n", encoding="utf-8")
    lines = [{**vars(line), "met": line.met} for line in found["lines"]]
    results = {"measured": began.isoformat(), "machine": _machine(), "lines": lines, "figures": found["tables"]}
    (options.out / "results.json").write_text(json.dumps(results, ensure_ascii=False, indent=1), encoding="utf-8")
    print("\n\n".join(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
