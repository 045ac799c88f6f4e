"""Slow filters: what lists were filtered by that took long or has no index, and the index that would help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import Forbidden

from app.access.explain import keeps_console
from app.catalog import Entry, current
from app.kinds.value import MomentKind
from app.screens.common import know_args
from app.screens.frames import render
from app.screens.pages import Link, Page
from app.screens.shell import me
from app.store.advice import Advice, Help, advise
from app.store.filter_use import ORDERS, SEARCH, SLOW, uses
from app.store.query import BadQuery
from app.store.session import db
from app.store.tables import FilterUse

MOMENT: Any = MomentKind()


@dataclass(frozen=True)
class UseLine:
    """A use of a list and what would help; `statement` is the index as SQL."""

    record: str
    url: str
    filters: tuple[str, ...]
    order: str
    total: str
    mean: str
    slowest: str
    seen: str
    last: str
    advice: str
    statement: str


@dataclass(frozen=True)
class UseHead:
    """A column that the lines are sorted by."""

    label: str
    url: str
    sorted: bool


@dataclass(frozen=True)
class UsePage:
    """The page: its lines, the greatest first."""

    page: Page
    about: str
    heads: tuple[UseHead, ...]
    lines: tuple[UseLine, ...]


def route(blueprint: Blueprint) -> None:
    """Add the route."""
    blueprint.add_url_rule("/admin/filters", "filter_use", filter_use)


def filter_use() -> ResponseReturnValue:
    """What was noted of lists, for the keeper of the console."""
    if not keeps_console(current(), me()):
        raise Forbidden(_("Only the system administrator sees which filters are slow."))
    know_args("order")
    order = request.args.get("order", "total")
    if order not in ORDERS:
        raise BadQuery("order", _("The list cannot be ordered by “%(name)s”.", name=order[:100]), ORDERS)
    found = uses(db(), order)
    advice = advise(current_app.extensions["engine"], current(), found)
    labels = {
        "total": _("Total"), "mean": _("Mean"), "slowest": _("Slowest"), "seen": _("Times seen"),
        "last": _("Last seen"),
    }  # fmt: skip
    page = UsePage(
        page=Page(_("Slow filters"), (Link(_("Slow filters"), ""),), icon="gauge"),
        about=_(
            "Lists that took %(limit)s ms or longer, or were filtered by what no index leads with. Only the names of "
            "the filters are kept, never what was looked for, by whom or what was found; for 90 days.",
            limit=round(SLOW * 1000),
        ),
        heads=tuple(
            UseHead(label, url_for("records.filter_use", order=name), name == order) for name, label in labels.items()
        ),
        lines=tuple(_line(use, one) for use, one in zip(found, advice, strict=True)),
    )
    return render("admin/filters.html", page=page)


def _line(use: FilterUse, advice: Advice) -> UseLine:
    entry = current().get(use.record)
    return UseLine(
        record=entry.title if entry is not None else use.record,
        url=url_for("records.list", record=use.record) if entry is not None else "",
        filters=tuple(_filter(entry, name, op) for name, op in use.filters),
        order=_order(entry, use.order),
        total=_time(use.total_ms),
        mean=_time(use.total_ms / use.seen),
        slowest=_time(use.slowest_ms),
        seen=f"{use.seen:,}",
        last=str(MOMENT.show(None, use.last_seen).text),
        advice=_advice(advice.help),
        statement=advice.statement,
    )


def _filter(entry: Entry | None, name: str, op: str) -> str:
    if name == SEARCH:
        return str(_("Search"))
    label = entry.fields[name].label if entry is not None and name in entry.fields else name
    ops = {"gte": _("from"), "lte": _("until"), "contains": _("contains"), "empty": _("empty or not")}
    return f"{label} · {ops[op]}" if op in ops else str(label)


def _order(entry: Entry | None, order: str) -> str:
    if not order:
        return str(_("By relevance"))
    name = order.removeprefix("-")
    label = entry.fields[name].label if entry is not None and name in entry.fields else name
    way = _("descending") if order.startswith("-") else _("ascending")
    return str(_("By %(label)s, %(way)s", label=label, way=way))


def _time(milliseconds: float) -> str:
    if milliseconds >= 10_000:
        return str(_("%(seconds)s s", seconds=f"{milliseconds / 1000:,.0f}"))
    return str(_("%(count)s ms", count=f"{milliseconds:,.0f}" if milliseconds >= 10 else f"{milliseconds:.1f}"))


def _advice(help_: Help) -> str:
    if help_ is Help.INDEX:
        return str(_("This index would help:"))
    if help_ is Help.SEARCH:
        return str(_("No index helps to look into texts. The list’s search does, in fields declared SEARCH."))
    if help_ is Help.THERE:
        return str(_("An index leads with each of these already; another would not help."))
    return str(_("The list or one of its fields no longer exists."))
