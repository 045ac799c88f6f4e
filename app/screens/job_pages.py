"""What the pages of jobs show, as data; see `pages`."""

from __future__ import annotations

from dataclasses import dataclass

from app.declare.choices import Words
from app.screens.pages import Link, Page


@dataclass(frozen=True)
class JobLine:
    """A job in the list; `percent` is None where nobody knows how much there is to do."""

    url: str
    title: str
    state: Words
    tone: str
    percent: int | None
    person: str
    asked: str
    ended: str
    took: str


@dataclass(frozen=True)
class JobsPage:
    """One's jobs, or everybody's."""

    page: Page
    lines: tuple[JobLine, ...]
    tabs: tuple[Link, ...]
    everybody: bool
    older_url: str


@dataclass(frozen=True)
class JobPage:
    """What changes on the page of a job: how far it is while it goes on, then what it has brought."""

    id: int
    state: Words
    tone: str
    going_on: bool
    own: bool
    percent: int | None
    done: str
    total: str
    rate: str
    left: str
    note: str
    stopping: bool
    message: str
    text: str
    url: str
    file_name: str
    file_size: str
    file_url: str
    expires: str
    asked: str
    started: str
    ended: str
    took: str
    attempts: int
    log: tuple[tuple[str, str], ...]
    poll_url: str
    cancel_url: str
    retry_url: str
