"""One's jobs: what goes on and how far it is, what it has brought; stop it, do it again, fetch its file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, flash, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import Gone, NotFound

from app.access import Forbidden, may
from app.access.explain import keeps_console
from app.auth.people import full_name
from app.catalog import current
from app.declare.access import Verb
from app.kinds.value import MomentKind
from app.screens.bell import make_bell, read_watched
from app.screens.common import know_args
from app.screens.frames import render
from app.screens.job_pages import JobLine, JobPage, JobsPage
from app.screens.pages import Link, Page
from app.screens.shell import fragment, me
from app.store import job_list
from app.store.jobs import ENDED, OPEN, cancel, folder_of, retry
from app.store.query import BadQuery
from app.store.session import db
from app.store.tables import Job, JobState

MOMENT: Any = MomentKind()


def route(blueprint: Blueprint) -> None:
    """Add the routes of jobs."""
    blueprint.add_url_rule("/jobs/", "jobs", jobs)
    blueprint.add_url_rule("/jobs/bell", "bell", bell)
    blueprint.add_url_rule("/jobs/<id:job_id>", "job", job)
    blueprint.add_url_rule("/jobs/<id:job_id>/progress", "job_progress", progress)
    blueprint.add_url_rule("/jobs/<id:job_id>/file", "job_file", file)
    blueprint.add_url_rule("/jobs/<id:job_id>/cancel", "cancel_job", cancel_job, methods=["POST"])
    blueprint.add_url_rule("/jobs/<id:job_id>/retry", "retry_job", retry_job, methods=["POST"])


def bell() -> ResponseReturnValue:
    """The bell of an open page drawn anew, and what to say at once."""
    know_args("watched")
    return fragment("jobs/_bell.html", bell=make_bell(me(), read_watched()))


def jobs() -> ResponseReturnValue:
    """One's jobs, newest first; for the keeper of the console everybody's."""
    know_args("all", "before")
    keeper = keeps_console(current(), me())
    everybody = keeper and request.args.get("all") == "1"
    if request.args.get("all", "1") != "1" or ("all" in request.args and not keeper):
        raise BadQuery("all", _("Only the system administrator sees everybody's jobs."))
    found = job_list.jobs_of(db(), None if everybody else me(), _before())
    shown = found[: job_list.PAGE]
    seen = [row[0].id for row in shown if row[0].account_id == me().id and not row[0].told and row[0].state in ENDED]
    older = {"before": shown[-1][0].id, **({"all": "1"} if everybody else {})} if len(found) > len(shown) else {}
    page = JobsPage(
        page=Page(_("Jobs"), (Link(_("Jobs"), ""),), icon="bell"),
        lines=tuple(_line(row[0], full_name(row.last_name or "", row.first_name or "")) for row in shown),
        tabs=(
            Link(_("Mine"), url_for("records.jobs"), active=not everybody),
            Link(_("Everybody's"), url_for("records.jobs", all="1"), active=everybody),
        ) if keeper else (),
        everybody=everybody,
        older_url=url_for("records.jobs", **older) if older else "",
    )  # fmt: skip
    answer = render("jobs/list.html", page=page)
    if seen:
        job_list.tell(db(), seen)
    return answer


def _before() -> int | None:
    text = request.args.get("before")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadQuery("before", _("“before” takes the number of a job."))
    return int(text)


def _found(job_id: int) -> tuple[Job, bool]:
    """A job, and whether it is one's own; raises NotFound for one that is nobody's business but its owner's."""
    found = job_list.find(db(), job_id)
    if found is None or (found.account_id != me().id and not keeps_console(current(), me())):
        raise NotFound(_("There is no such job of yours. Jobs are forgotten after 30 days."))
    return found, found.account_id == me().id


def job(job_id: int) -> ResponseReturnValue:
    """How far a job is, or how it ended."""
    know_args()
    found, own = _found(job_id)
    page = Page(found.title, (Link(_("Jobs"), url_for("records.jobs")), Link(found.title, "")), icon="bell")
    unseen = own and not found.told and found.state in ENDED
    drawn = _drawn(found, own)
    if unseen:
        job_list.tell(db(), [job_id])
    return render("jobs/show.html", page=page, job=drawn)


def progress(job_id: int) -> ResponseReturnValue:
    """The part of a job's page that changes."""
    know_args()
    found, own = _found(job_id)
    drawn = _drawn(found, own)
    if own and not found.told and found.state in ENDED:
        job_list.tell(db(), [job_id])
    return fragment("jobs/_job.html", job=drawn)


def file(job_id: int) -> ResponseReturnValue:
    """The file that a job has made, for its owner, until it expires."""
    found, own = _found(job_id)
    made = (found.outcome or {}).get("file") if own else None
    if made is None:
        raise NotFound(_("This job has no file."))
    entry = current().get(str(found.args.get("record")))
    if entry is not None and not may(me(), entry, Verb.READ):
        # it was theirs to have when it was written
        raise Forbidden(entry, Verb.READ)
    folder: Path = folder_of(current_app.extensions["job_folder"], job_id).resolve()
    path = (folder / made).resolve()
    if job_list.expired(found) or not path.is_file() or not path.is_relative_to(folder):
        raise Gone(_("This file is no longer kept. Do the job again to have a new one."))
    outcome: dict[str, Any] = found.outcome or {}
    answer = send_file(path, mimetype=outcome["media_type"], as_attachment=True, download_name=outcome["file_name"])
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


def cancel_job(job_id: int) -> ResponseReturnValue:
    """Stop a job: one's own, or as the keeper of the console anybody's."""
    _found(job_id)
    if cancel(db(), job_id):
        db().commit()
        flash(_("The job is being stopped."), "info")
    else:
        flash(_("The job had already ended."), "info")
    return redirect(url_for("records.job", job_id=job_id), 303)


def retry_job(job_id: int) -> ResponseReturnValue:
    """Do one's own job again that failed or was stopped."""
    found, own = _found(job_id)
    if own and (retry(db(), job_id) or found.state in OPEN):
        # a second click finds it waiting already
        db().commit()
        flash(_("The job waits to be done again."), "success")
    elif own:
        flash(_("This job cannot be done again: it has not failed, or what it needs is no longer kept."), "error")
    else:
        flash(_("Only whoever asked for a job can have it done again."), "error")
    return redirect(url_for("records.job", job_id=job_id), 303)


def _line(found: Job, person: str) -> JobLine:
    return JobLine(
        url=url_for("records.job", job_id=found.id),
        title=found.title,
        state=found.state.label,
        tone=found.state.tone.value,
        percent=_percent(found),
        person=person,
        asked=_when(found.submitted_at),
        ended=_when(found.ended_at),
        took=_took(found),
    )


def _drawn(found: Job, own: bool) -> JobPage:
    """What is drawn of a job; of other people's neither what it says nor what it has brought."""
    going_on, outcome = found.state in OPEN, (found.outcome or {}) if own else {}
    expired = job_list.expired(found)
    again = own and found.state in (JobState.FAILED, JobState.CANCELLED) and not expired
    return JobPage(
        id=found.id,
        state=found.state.label,
        tone=found.state.tone.value,
        going_on=going_on,
        own=own,
        percent=_percent(found),
        done=f"{found.done:,}",
        total="" if found.total is None else f"{found.total:,}",
        rate=f"{found.rate:,.0f}" if found.rate and found.state is JobState.RUNNING else "",
        left=time_left(found),
        note=found.note if own else "",
        stopping=found.cancelling and going_on,
        message=(found.message or "") if own else "",
        text=outcome.get("text", ""),
        url=outcome.get("url", ""),
        file_name=outcome.get("file_name", ""),
        file_size=_size(outcome.get("size", 0)),
        file_url=url_for("records.job_file", job_id=found.id) if outcome.get("file") and not expired else "",
        expires=_when(found.expires_at) if outcome.get("file") else "",
        asked=_when(found.submitted_at),
        started=_when(found.started_at),
        ended=_when(found.ended_at),
        took=_took(found),
        attempts=found.attempts,
        log=tuple((_when(datetime.fromisoformat(at)), text) for at, text in found.log) if own else (),
        poll_url=url_for("records.job_progress", job_id=found.id) if going_on else "",
        cancel_url=url_for("records.cancel_job", job_id=found.id) if going_on and not found.cancelling else "",
        retry_url=url_for("records.retry_job", job_id=found.id) if again else "",
    )


def _percent(found: Job) -> int | None:
    if found.state is JobState.DONE:
        return 100
    return None if not found.total else max(0, min(99, found.done * 100 // found.total))


def time_left(found: Job) -> str:
    """How long a job will go on, by how fast it has been; empty if nobody knows."""
    if found.state is not JobState.RUNNING or not found.rate or not found.total or found.done >= found.total:
        return ""
    return _span((found.total - found.done) / found.rate)


def _took(found: Job) -> str:
    if found.started_at is None:
        return ""
    return _span(((found.ended_at or datetime.now(UTC)) - found.started_at).total_seconds())


def _span(seconds: float) -> str:
    """A length of time, as exact as one cares for."""
    whole = max(1, round(seconds))
    if whole < 60:
        return str(_("%(seconds)s s", seconds=whole))
    if whole < 3600:
        return str(_("%(minutes)s min %(seconds)s s", minutes=whole // 60, seconds=whole % 60))
    return str(_("%(hours)s h %(minutes)s min", hours=whole // 3600, minutes=whole % 3600 // 60))


def _size(count: int) -> str:
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:,.0f} KB" if count < 1024 * 1024 else f"{count / 1024 / 1024:,.1f} MB"


def _when(at: datetime | None) -> str:
    return "" if at is None else str(MOMENT.show(None, at).text)
