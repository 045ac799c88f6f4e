"""What people said of the columns of workbooks

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

import app.declare.types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rn_layout",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("record", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("saved_at", app.declare.types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["ab_user.id"], name="fk_layout_account", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "record", "digest", name="uq_rn_layout"),
    )
    op.create_index("ix_rn_layout_digest", "rn_layout", ["digest", "record"])


def downgrade() -> None:
    op.drop_index("ix_rn_layout_digest", table_name="rn_layout")
    op.drop_table("rn_layout")
