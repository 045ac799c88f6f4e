"""What somebody had typed when their session ended, kept until they have signed in again."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete
from sqlalchemy.orm import Session

from app.access import Person
from app.store.tables import Draft, Submission

KEPT = timedelta(days=1)
Typed = list[tuple[str, str]]


def keep_draft(session: Session, account_id: int, path: str, typed: Typed) -> str:
    """Keep what was typed into the form at `path`; returns the token that gives it back to this account."""
    clear_old(session)
    token = secrets.token_urlsafe(24)
    session.add(Draft(
        token=token, account_id=account_id, path=path[:2000], body=json.dumps(typed, ensure_ascii=False),
        kept_at=datetime.now(UTC),
    ))  # fmt: skip
    session.commit()
    return token


def take_draft(session: Session, person: Person, token: str, path: str) -> Typed | None:
    """What was kept under the token for this person and form; None if there is nothing."""
    draft = session.get(Draft, token)
    if draft is None or draft.account_id != person.id or draft.path != path:
        return None
    return [(str(name), str(value)) for name, value in json.loads(draft.body)]


def clear_old(at: Session | Connection) -> None:
    """Forget drafts and submissions older than a day."""
    before = datetime.now(UTC) - KEPT
    at.execute(delete(Draft).where(Draft.kept_at < before))
    at.execute(delete(Submission).where(Submission.taken_at < before))
