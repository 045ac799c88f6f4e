"""Jobs and leases

Revision: 0007, after 0006
"""

import sqlalchemy as sa
from alembic import op

import app.declare.types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rn_job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("once", sa.String(length=64), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("door", sa.String(32), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("cancelling", sa.Boolean(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("rate", sa.Double(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("log", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=True),
        sa.Column("worker", sa.String(length=120), nullable=True),
        sa.Column("lease_until", app.declare.types.Moment(), nullable=True),
        sa.Column("submitted_at", app.declare.types.Moment(), nullable=False),
        sa.Column("started_at", app.declare.types.Moment(), nullable=True),
        sa.Column("ended_at", app.declare.types.Moment(), nullable=True),
        sa.Column("expires_at", app.declare.types.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "once", name="uq_rn_job_once"),
    )
    op.create_index("ix_rn_job_account", "rn_job", ["account_id", "id"])
    op.create_index("ix_rn_job_untold", "rn_job", ["account_id", "told", "id"])
    op.create_index("ix_rn_job_state", "rn_job", ["state", "id"])
    op.create_table(
        "rn_lease",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("until", app.declare.types.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    op.drop_table("rn_lease")
    op.drop_index("ix_rn_job_state", table_name="rn_job")
    op.drop_index("ix_rn_job_untold", table_name="rn_job")
    op.drop_index("ix_rn_job_account", table_name="rn_job")
    op.drop_table("rn_job")
