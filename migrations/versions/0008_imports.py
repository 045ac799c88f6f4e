"""Imports: batches, their planned rows, and the batch on lines of the trail

Revision: 0008, after 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rn_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("file_id", sa.String(length=64), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sheet", sa.String(length=255), nullable=False),
        sa.Column("sheet_place", sa.Integer(), nullable=False),
        sa.Column("header_row", sa.Integer(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("mode", sa.String(32), nullable=False),
        sa.Column("clear", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("notices", sa.JSON(), nullable=False),
        sa.Column("written", sa.JSON(), nullable=False),
        sa.Column("rights", sa.String(length=64), nullable=True),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("planned_at", sa.DateTime(), nullable=True),
        sa.Column("applied_at", sa.DateTime(), nullable=True),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.Column("undo_of", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_rn_import_digest", "rn_import", ["digest", "record"])
    op.create_index("ix_rn_import_account", "rn_import", ["account_id", "id"])
    op.create_index("ix_rn_import_made_at", "rn_import", ["made_at"])
    op.create_table(
        "rn_import_row",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("label", sa.String(length=300), nullable=True),
        sa.Column("fields", sa.String(length=1000), nullable=True),
        sa.Column("new_values", sa.Text(), nullable=True),
        sa.Column("old_values", sa.Text(), nullable=True),
        sa.Column("many", sa.Text(), nullable=True),
        sa.Column("changes", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["rn_import.id"], name="fk_import_row_batch", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("batch_id", "line"),
    )
    untold = sa.text("outcome NOT IN ('new', 'same')")
    op.create_index(
        "ix_rn_import_row_outcome", "rn_import_row", ["batch_id", "outcome", "line"],
        postgresql_where=untold, sqlite_where=untold,
    )
    # plain additions: the trail's triggers stay as they are
    op.add_column("rn_event", sa.Column("batch_id", sa.Integer(), nullable=True))
    op.add_column("rn_event", sa.Column("line", sa.Integer(), nullable=True))
    batched = sa.text("batch_id IS NOT NULL")
    op.create_index(
        "ix_rn_event_batch", "rn_event", ["batch_id", "id"], postgresql_where=batched, sqlite_where=batched
    )


def downgrade() -> None:
    op.drop_index("ix_rn_event_batch", table_name="rn_event")
    op.drop_column("rn_event", "line")
    op.drop_column("rn_event", "batch_id")
    op.drop_index("ix_rn_import_row_outcome", table_name="rn_import_row")
    op.drop_table("rn_import_row")
    for name in ("made_at", "account", "digest"):
        op.drop_index(f"ix_rn_import_{name}", table_name="rn_import")
    op.drop_table("rn_import")
