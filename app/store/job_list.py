"""Jobs as people see them: their own with all they brought, and for the keeper of the console everybody's, without."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from app.access import Person
from app.declare.record import Account
from app.store.jobs import ENDED, JOB
from app.store.session import WRITING
from app.store.tables import Job

PAGE = 30


def find(session: Session, job_id: int) -> Job | None:
    """A job by its id, whoever's."""
    return session.scalar(select(Job).where(Job.id == job_id).execution_options(populate_existing=True))


def jobs_of(session: Session, person: Person | None, before: int | None) -> Sequence[Row[Any]]:
    """A page of a person's jobs, or with None of everybody's: (job, first name, last name), newest first, and one more.

    `before` is the id at which the page before it ended.
    """
    found = select(Job, Account.first_name, Account.last_name).outerjoin(Account, Account.id == Job.account_id)
    if person is not None:
        found = found.where(Job.account_id == person.id)
    if before is not None:
        found = found.where(Job.id < before)
    unfiltered = {"unfiltered": True}
    return session.execute(found.order_by(Job.id.desc()).limit(PAGE + 1), execution_options=unfiltered).all()


def titles(session: Session, job_ids: Collection[int]) -> Sequence[Row[Any]]:
    """(id, title, state) of these jobs."""
    return session.execute(select(JOB.c.id, JOB.c.title, JOB.c.state).where(JOB.c.id.in_(job_ids))).all()


def tell(session: Session, job_ids: Collection[int]) -> None:
    """Note that a person has seen the end of these jobs, in a transaction of its own."""
    session.rollback()
    WRITING.set(True)
    session.execute(update(JOB).where(JOB.c.id.in_(job_ids), JOB.c.state.in_(ENDED)).values(told=True))
    session.commit()


def expired(job: Job) -> bool:
    """Whether the files of a job are no longer kept."""
    return job.expires_at is not None and job.expires_at < datetime.now(UTC)
