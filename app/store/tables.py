"""The console's own tables: attached files, kept drafts, submissions taken, saved views, seals of the trail."""

from __future__ import annotations

from datetime import datetime

from flask_appbuilder import Model
from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.declare.types import Moment


class StoredFile(Model):  # type: ignore[misc]  # FAB's base is untyped
    """An attached file: what it is called, what it is, and by its digest where it lies."""

    __tablename__ = "rn_file"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[int | None]
    stored_at: Mapped[datetime] = mapped_column(Moment())


class Draft(Model):  # type: ignore[misc]  # FAB's base is untyped
    """What somebody had typed when their session ended; given back once, to the one who signs in again."""

    __tablename__ = "rn_draft"
    __table_args__ = (Index("ix_rn_draft_kept_at", "kept_at"),)

    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int]
    path: Mapped[str] = mapped_column(String(2000))
    body: Mapped[str] = mapped_column(Text)
    kept_at: Mapped[datetime] = mapped_column(Moment())


class Submission(Model):  # type: ignore[misc]  # FAB's base is untyped
    """A form that has been saved, so that sending it again saves nothing more."""

    __tablename__ = "rn_submission"
    __table_args__ = (Index("ix_rn_submission_taken_at", "taken_at"),)

    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int]
    record: Mapped[str] = mapped_column(String(64))
    row_id: Mapped[int]
    taken_at: Mapped[datetime] = mapped_column(Moment())


class SavedView(Model):  # type: ignore[misc]  # FAB's base is untyped
    """A list's filters, columns and order under a name: private, or shared with the owner's unit."""

    __tablename__ = "rn_saved_view"
    __table_args__ = (Index("ix_rn_saved_view_record", "record", "account_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    record: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(64))
    query: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE", name="fk_saved_view_account"))
    unit_id: Mapped[int | None]
    saved_at: Mapped[datetime] = mapped_column(Moment())


class Seal(Model):  # type: ignore[misc]  # FAB's base is untyped
    """A batch of lines under one digest; numbers run without a gap."""

    __tablename__ = "rn_seal"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed_at: Mapped[datetime] = mapped_column(Moment())
    lines: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))


class Sealed(Model):  # type: ignore[misc]  # FAB's base is untyped
    """Which seal holds a line."""

    __tablename__ = "rn_sealed"

    event_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seal: Mapped[int] = mapped_column(index=True)
