"""Event, a line of the audit trail: who did what to which row, when, through which door."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, Index, Integer, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.declare.choices import Choices, Tone
from app.declare.record import ADOPTABLE
from app.declare.screen import Screen
from app.declare.types import ChoiceText, Moment

IN_BATCH = text("batch_id IS NOT NULL")
BY_OFFICE = text("office")


class Deed(Choices):
    """What was done."""

    ADDED = "added", _l("Added"), Tone.GOOD
    CHANGED = "changed", _l("Changed"), Tone.ACCENT
    DELETED = "deleted", _l("Deleted"), Tone.BAD
    RESTORED = "restored", _l("Restored"), Tone.GOOD
    PURGED = "purged", _l("Deleted for good"), Tone.BAD
    SIGNED_IN = "signed_in", _l("Signed in")
    SIGN_IN_FAILED = "sign_in_failed", _l("Sign-in failed"), Tone.WAIT
    SIGNED_OUT = "signed_out", _l("Signed out")
    PASSWORD_CHANGED = "password_changed", _l("Password changed"), Tone.WAIT
    HANDED_OVER = "handed_over", _l("Handed over to the directory"), Tone.WAIT
    SESSION_ENDED = "session_ended", _l("Session ended"), Tone.WAIT
    UNMASKED = "unmasked", _l("Unmasked"), Tone.WAIT
    REFUSED = "refused", _l("Refused"), Tone.WAIT
    FACTOR_SET_UP = "factor_set_up", _l("Second factor set up"), Tone.WAIT
    FACTOR_REMOVED = "factor_removed", _l("Second factor taken away"), Tone.WAIT
    RECOVERY_MADE = "recovery_made", _l("Recovery codes made"), Tone.WAIT
    RECOVERY_USED = "recovery_used", _l("Recovery code used"), Tone.WAIT
    TOKEN_MADE = "token_made", _l("Access token made"), Tone.WAIT
    TOKEN_REVOKED = "token_revoked", _l("Access token revoked"), Tone.WAIT
    GRANTED = "granted", _l("Grant given"), Tone.WAIT
    WITHDRAWN = "withdrawn", _l("Grant withdrawn"), Tone.WAIT
    EXPORTED = "exported", _l("Exported"), Tone.WAIT
    LOOKED_UP = "looked_up", _l("Looked up in the directory"), Tone.WAIT
    SYNCHRONISED = "synchronised", _l("Synchronised with the directory"), Tone.WAIT


class Door(Choices):
    """Through which door it was done."""

    FORM = "form", _l("Form")
    BULK = "bulk", _l("Bulk action")
    REVERT = "revert", _l("Revert")
    SIGN_IN = "sign_in", _l("Sign-in")
    COMMAND = "command", _l("Command line")
    REST = "rest", _l("REST")
    DIRECTORY = "directory", _l("Directory")
    IMPORT = "import", _l("Workbook import")
    SETUP = "setup", _l("First set-up")


class Event(Model):  # type: ignore[misc]  # FAB's base is untyped
    """A line of the audit trail.

    `changes` holds [before, after] by field, as texts of the form's controls; it is shown on the row's history, through
    the policy, and not to those who only read the trail. A line of an import names its batch, and the row of the file
    as `line`. `office` says that whoever did it held a role that is kept apart, and did it by that role: it is no
    business. The database itself refuses to change or delete a line.
    """

    __tablename__ = "rn_event"
    __table_args__ = (
        Index("ix_rn_event_row", "record", "row_id", "id"),
        Index("ix_rn_event_at", "at", "id"),
        Index("ix_rn_event_account", "account_id", "id"),
        Index("ix_rn_event_office", "at", "id", postgresql_where=BY_OFFICE, sqlite_where=BY_OFFICE),
        Index("ix_rn_event_batch", "batch_id", "id", postgresql_where=IN_BATCH, sqlite_where=IN_BATCH),
    )
    screen: ClassVar[Screen]

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment())
    account_id: Mapped[int | None]
    actor: Mapped[str] = mapped_column(String(200))
    door: Mapped[Door] = mapped_column(ChoiceText(Door))
    deed: Mapped[Deed] = mapped_column(ChoiceText(Deed))
    record: Mapped[str | None] = mapped_column(String(64))
    row_id: Mapped[int | None]
    label: Mapped[str | None] = mapped_column(String(300))
    fields: Mapped[str | None] = mapped_column(String(1000))
    address: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(String(500))
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    batch_id: Mapped[int | None]
    line: Mapped[int | None]
    office: Mapped[bool] = mapped_column(default=False, server_default=false())


ADOPTABLE.append(Event)
