"""Tables of the console itself: files, drafts, views, sessions, tokens, directory, set-up, tries, seals, jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from app.declare.choices import Choices, Tone
from app.declare.event import Door
from app.declare.types import ChoiceText, Moment


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
    """A form or request that has been stored, so that sending it again stores nothing more.

    `fingerprint` is the digest of what was sent; `row_ids` are the rows that one request added together.
    """

    __tablename__ = "rn_submission"
    __table_args__ = (Index("ix_rn_submission_taken_at", "taken_at"),)

    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int]
    record: Mapped[str] = mapped_column(String(64))
    row_id: Mapped[int]
    taken_at: Mapped[datetime] = mapped_column(Moment())
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    row_ids: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))


class SavedView(Model):  # type: ignore[misc]  # FAB's base is untyped
    """A list's filters, columns and order under a name: private, or shared with the owner's unit."""

    __tablename__ = "rn_saved_view"
    __table_args__ = (
        Index("ix_rn_saved_view_account", "account_id", "record"),
        Index("ix_rn_saved_view_unit", "unit_id", "record"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    record: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(64))
    query: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE", name="fk_saved_view_account"))
    unit_id: Mapped[int | None]
    saved_at: Mapped[datetime] = mapped_column(Moment())


class SignedBy(Choices):
    """How somebody proved who they are."""

    PASSWORD = "password", _l("Password")
    DIRECTORY = "directory", _l("Password of the directory")


class LoginSession(Model):  # type: ignore[misc]  # FAB's base is untyped
    """That somebody is signed in, by a browser or with a token of REST: the digest of the secret that it bears.

    `seen_at` is when it last asked for something, to the minute. It is over once it has been idle for too long, at
    `ends_at`, and as soon as it has an `ended_at`.
    """

    __tablename__ = "rn_session"
    __table_args__ = (Index("ix_rn_session_account", "account_id", "id"), Index("ix_rn_session_ends_at", "ends_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE", name="fk_session_account"))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    door: Mapped[Door] = mapped_column(ChoiceText(Door))
    signed_by: Mapped[SignedBy] = mapped_column(ChoiceText(SignedBy))
    address: Mapped[str | None] = mapped_column(String(64))
    agent: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime] = mapped_column(Moment())
    seen_at: Mapped[datetime] = mapped_column(Moment())
    ends_at: Mapped[datetime] = mapped_column(Moment())
    ended_at: Mapped[datetime | None] = mapped_column(Moment())


class AccessToken(Model):  # type: ignore[misc]  # FAB's base is untyped
    """A personal access token: the digest of its secret, what it may do at most, and until when.

    `scopes` maps a record's name, or "*" for all, to the verbs by name; `hint` is how the token begins.
    """

    __tablename__ = "rn_token"
    __table_args__ = (Index("ix_rn_token_account", "account_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE", name="fk_token_account"))
    name: Mapped[str] = mapped_column(String(64))
    hint: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    made_at: Mapped[datetime] = mapped_column(Moment())
    expires_at: Mapped[datetime] = mapped_column(Moment())
    used_at: Mapped[datetime | None] = mapped_column(Moment())
    revoked_at: Mapped[datetime | None] = mapped_column(Moment())


class DirectoryAccount(Model):  # type: ignore[misc]  # FAB's base is untyped
    """Which entry of the directory an account stands for, and what it was given by the rules of the mapping.

    `key` stays the same when the entry is renamed; `given` holds roles by name, unit and clearance, so that they are
    taken back when the directory no longer gives them; `gone_at` is when a synchronisation disabled the account.
    """

    __tablename__ = "rn_directory_account"
    __table_args__ = (Index("ix_rn_directory_account_seen_at", "seen_at"),)

    account_id: Mapped[int] = mapped_column(
        ForeignKey("ab_user.id", ondelete="CASCADE", name="fk_directory_account"), primary_key=True, autoincrement=False
    )
    key: Mapped[str] = mapped_column(String(64), unique=True)
    dn: Mapped[str] = mapped_column(String(1000))
    given: Mapped[dict[str, Any]] = mapped_column(JSON)
    seen_at: Mapped[datetime] = mapped_column(Moment())
    gone_at: Mapped[datetime | None] = mapped_column(Moment())


class DirectoryRun(Model):  # type: ignore[misc]  # FAB's base is untyped
    """A run of the synchronisation with the directory: who began it, what it did or why it failed.

    One without an end is going on, or its process has gone. `held_back` accounts wait for a person's consent.
    """

    __tablename__ = "rn_directory_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(Moment())
    ended_at: Mapped[datetime | None] = mapped_column(Moment())
    actor: Mapped[str] = mapped_column(String(200))
    text: Mapped[str | None] = mapped_column(String(500))
    held_back: Mapped[int] = mapped_column(default=0, server_default="0")
    failed: Mapped[bool] = mapped_column(default=False, server_default=false())


class Setup(Model):  # type: ignore[misc]  # FAB's base is untyped
    """The first set-up of the console, one row: the digest of its token, and whether it has begun and is over."""

    __tablename__ = "rn_setup"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(Moment())
    begun: Mapped[bool]
    closed_at: Mapped[datetime | None] = mapped_column(Moment())


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


class SheetLayout(Model):  # type: ignore[misc]  # FAB's base is untyped
    """What somebody said of the columns of workbooks with these headers: place in the sheet to field, "" to leave out.

    `digest` is that of the headers; what one person says serves colleagues of the same unit too.
    """

    __tablename__ = "rn_layout"
    __table_args__ = (UniqueConstraint("account_id", "record", "digest", name="uq_rn_layout"),
                      Index("ix_rn_layout_digest", "digest", "record"))  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE", name="fk_layout_account"))
    unit_id: Mapped[int | None]
    record: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    columns: Mapped[dict[str, str]] = mapped_column(JSON)
    saved_at: Mapped[datetime] = mapped_column(Moment())


class JobState(Choices):
    """How far a job is; the last three are its end."""

    QUEUED = "queued", _l("Waiting to start")
    RUNNING = "running", _l("Running"), Tone.ACCENT
    DONE = "done", _l("Finished"), Tone.GOOD
    FAILED = "failed", _l("Failed"), Tone.BAD
    CANCELLED = "cancelled", _l("Stopped")


class Job(Model):  # type: ignore[misc]  # FAB's base is untyped
    """A piece of work that outlasts a request: whose, what, how far; this row is the truth about it.

    Whoever runs it holds `token` until `lease_until`; every write of theirs asks for that token. `once` is the digest
    of what makes two requests the same. `told` says that the person has seen its end.
    """

    __tablename__ = "rn_job"
    __table_args__ = (
        UniqueConstraint("account_id", "once", name="uq_rn_job_once"),
        Index("ix_rn_job_account", "account_id", "id"),
        Index("ix_rn_job_untold", "account_id", "told", "id"),
        Index("ix_rn_job_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200))
    args: Mapped[dict[str, Any]] = mapped_column(JSON)
    once: Mapped[str | None] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8))
    door: Mapped[Door] = mapped_column(ChoiceText(Door))
    address: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[JobState] = mapped_column(ChoiceText(JobState))
    cancelling: Mapped[bool]
    told: Mapped[bool]
    done: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int | None] = mapped_column(BigInteger)
    rate: Mapped[float | None]
    note: Mapped[str] = mapped_column(String(500))
    message: Mapped[str | None] = mapped_column(Text)
    log: Mapped[list[list[str]]] = mapped_column(JSON)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    attempts: Mapped[int]
    token: Mapped[str | None] = mapped_column(String(32))
    worker: Mapped[str | None] = mapped_column(String(120))
    lease_until: Mapped[datetime | None] = mapped_column(Moment())
    submitted_at: Mapped[datetime] = mapped_column(Moment())
    started_at: Mapped[datetime | None] = mapped_column(Moment())
    ended_at: Mapped[datetime | None] = mapped_column(Moment())
    expires_at: Mapped[datetime | None] = mapped_column(Moment())


class Lease(Model):  # type: ignore[misc]  # FAB's base is untyped
    """Who of many processes does what only one may do, and until when."""

    __tablename__ = "rn_lease"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120))
    until: Mapped[datetime] = mapped_column(Moment())


class Attempt(Model):  # type: ignore[misc]  # FAB's base is untyped
    """Tries to prove who one is: of a name from an address or with a browser, of a name from anywhere, from an address.

    `level` are those remembered at `at`, one more or less forgotten as time goes by; `known_at` is when a name last
    signed in from an address or with a browser. `digest` is keyed: the table names nobody.
    """

    __tablename__ = "rn_attempt"
    __table_args__ = (Index("ix_rn_attempt_at", "at"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    level: Mapped[float]
    at: Mapped[datetime] = mapped_column(Moment())
    known_at: Mapped[datetime | None] = mapped_column(Moment())


class SecondFactor(Model):  # type: ignore[misc]  # FAB's base is untyped
    """The device whose codes an account signs in with besides its password.

    Its secret comes of `salt` and the console's key; `last_step` is the half minute whose code was used last.
    """

    __tablename__ = "rn_second_factor"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("ab_user.id", ondelete="CASCADE", name="fk_second_factor_account"),
        primary_key=True,
        autoincrement=False,
    )
    salt: Mapped[str] = mapped_column(String(32))
    last_step: Mapped[int] = mapped_column(BigInteger)
    confirmed_at: Mapped[datetime] = mapped_column(Moment())


class RecoveryCode(Model):  # type: ignore[misc]  # FAB's base is untyped
    """A code that is good once instead of the device's; gone when it has been used."""

    __tablename__ = "rn_recovery_code"
    __table_args__ = (Index("ix_rn_recovery_code_account", "account_id"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("ab_user.id", ondelete="CASCADE", name="fk_recovery_code_account")
    )


class FilterUse(Model):  # type: ignore[misc]  # FAB's base is untyped
    """By what a list was filtered and ordered that was slow or had no index, and how long it took.

    `filters` are names and operators, [[field, op]]: never a value, nothing of a row, and not who asked.
    """

    __tablename__ = "rn_filter_use"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    record: Mapped[str] = mapped_column(String(64))
    filters: Mapped[list[list[str]]] = mapped_column(JSON)
    order: Mapped[str] = mapped_column(String(80))
    seen: Mapped[int]
    total_ms: Mapped[float]
    slowest_ms: Mapped[float]
    last_seen: Mapped[datetime] = mapped_column(Moment())
