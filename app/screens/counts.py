"""The exact count of a list: the figure where it is quick, else the offer to count as a job."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.catalog import Entry
from app.screens.common import entry_of, with_query
from app.screens.lists import without_place
from app.screens.shell import fragment, me
from app.store.exact import count_within, submit_count
from app.store.query import Query, read_query
from app.store.session import db

IN_PLACE = {"HX-Retarget": "[data-rn-exact]", "HX-Reswap": "outerHTML"}
"""Puts the answer where the link to count stands, not where the figure does."""


def route(blueprint: Blueprint) -> None:
    """Add the routes of counts."""
    blueprint.add_url_rule("/records/<record>/count", "count", show_count)
    blueprint.add_url_rule("/records/<record>/count", "count_job", ask_count, methods=["POST"])


def _asked(record: str) -> tuple[Entry, Query]:
    entry = entry_of(record)
    return entry, read_query(entry, without_place(request.args), me())


def show_count(record: str) -> ResponseReturnValue:
    """The exact count, as text to put in the place of the capped one, or the offer of a job."""
    entry, query = _asked(record)
    number = count_within(db(), query, current_app.config["COUNT_SECONDS"])
    if number is not None:
        return f"{number:,}"
    offer = with_query(url_for("records.count_job", record=entry.name), query.params())
    return *fragment("records/_count.html", offer_url=offer), IN_PLACE


def ask_count(record: str) -> ResponseReturnValue:
    """Count as a job, and lead to it."""
    _entry, query = _asked(record)
    job_id = submit_count(db(), query)
    db().commit()
    address = url_for("records.job", job_id=job_id)
    if request.headers.get("HX-Request"):
        return *fragment("records/_count.html", job_url=address), IN_PLACE
    return redirect(address, 303)
