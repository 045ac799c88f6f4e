"""The tables of imports: a batch for each file that came in, and its rows as they were planned."""

from __future__ import annotations

from datetime import datetime

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.declare.choices import Choices, Tone
from app.declare.types import ChoiceText, Moment

UNTOLD = "outcome NOT IN ('new', 'same')"


class Mode(Choices):
    """What a file may do to the rows of a record."""

    BOTH = "both", _l("Add new rows and change those there are")
    INSERT = "insert", _l("Only add new rows")
    UPDATE = "update", _l("Only change rows there are")


class State(Choices):
    """How far an import is."""

    WAITING = "waiting", _l("Not checked yet"), Tone.WAIT
    PLANNED = "planned", _l("Checked"), Tone.ACCENT
    APPLIED = "applied", _l("Imported"), Tone.GOOD
    UNDONE = "undone", _l("Undone"), Tone.NONE
    DROPPED = "dropped", _l("Dropped"), Tone.NONE


class Outcome(Choices):
    """What a row of the file comes to."""

    NEW = "new", _l("New"), Tone.GOOD
    CHANGED = "changed", _l("Changed"), Tone.ACCENT
    SAME = "same", _l("Unchanged"), Tone.NONE
    ERROR = "error", _l("Faulty"), Tone.BAD
    OUTSIDE = "outside", _l("Outside your scope"), Tone.BAD
    DUPLICATE = "duplicate", _l("Twice in the file"), Tone.BAD
    CONFLICT = "conflict", _l("Changed by somebody else meanwhile"), Tone.WAIT

    @property
    def good(self) -> bool:
        """Whether nothing stands against the row."""
        return self in (Outcome.NEW, Outcome.CHANGED, Outcome.SAME)


class ImportBatch(Model):  # type: ignore[misc]  # FAB's base is untyped
    """A file to be imported, or the undoing of one: by whom, from which sheet, how far it is and what it came to.

    `mapping` leads from a column's place in the sheet (from 0, as text) to a field's name, "rn:id" or "rn:version";
    `counts` holds the rows by outcome, and after applying `added`, `edited`, `removed`; `notices` what is told once:
    [{"field", "text"}]. `written` names the fields that the plan may change in rows there are, `rights` is a digest of
    what the person might do when the plan was made.
    """

    __tablename__ = "rn_import"
    __table_args__ = (
        Index("ix_rn_import_digest", "digest", "record"),
        Index("ix_rn_import_account", "account_id", "id"),
        Index("ix_rn_import_made_at", "made_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    record: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[int | None]
    actor: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime] = mapped_column(Moment())
    file_name: Mapped[str] = mapped_column(String(255))
    file_id: Mapped[str | None] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    sheet: Mapped[str] = mapped_column(String(255))
    sheet_place: Mapped[int]
    header_row: Mapped[int]
    mapping: Mapped[dict[str, str]] = mapped_column(JSON)
    mode: Mapped[Mode] = mapped_column(ChoiceText(Mode))
    clear: Mapped[bool]
    state: Mapped[State] = mapped_column(ChoiceText(State))
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
    notices: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    written: Mapped[list[str]] = mapped_column(JSON)
    rights: Mapped[str | None] = mapped_column(String(64))
    job_id: Mapped[int | None]
    planned_at: Mapped[datetime | None] = mapped_column(Moment())
    applied_at: Mapped[datetime | None] = mapped_column(Moment())
    undone_at: Mapped[datetime | None] = mapped_column(Moment())
    undo_of: Mapped[int | None]

    @property
    def straight(self) -> bool:
        """Whether it was stored while it was checked: of rows that nothing is said of, the trail alone tells."""
        return self.applied_at is not None and self.planned_at is None and self.undo_of is None


class ImportRow(Model):  # type: ignore[misc]  # FAB's base is untyped
    """A row of a file as it was planned; `line` is its number in the sheet, from 1.

    The last five are JSON, kept as text since most of it is only passed on. `new_values` and `old_values` hold what
    the database keeps, by column; `many` the ids of references to many rows, [before, after] by field; `changes` is
    the line of the trail to come. `notes` tells what stands against the row: [{"field", "place", "message"}], with
    "odd" where it may be stored all the same.
    """

    __tablename__ = "rn_import_row"
    __table_args__ = (
        Index(
            "ix_rn_import_row_outcome", "batch_id", "outcome", "line",
            postgresql_where=text(UNTOLD), sqlite_where=text(UNTOLD),
        ),
    )  # fmt: skip

    batch_id: Mapped[int] = mapped_column(
        ForeignKey("rn_import.id", ondelete="CASCADE", name="fk_import_row_batch"), primary_key=True
    )
    line: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[Outcome] = mapped_column(ChoiceText(Outcome))
    target_id: Mapped[int | None]
    version: Mapped[int | None]
    key: Mapped[str | None] = mapped_column(Text)
    label: Mapped[str | None] = mapped_column(String(300))
    fields: Mapped[str | None] = mapped_column(String(1000))
    new_values: Mapped[str | None] = mapped_column(Text)
    old_values: Mapped[str | None] = mapped_column(Text)
    many: Mapped[str | None] = mapped_column(Text)
    changes: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str | None] = mapped_column(Text)
