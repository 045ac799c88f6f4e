"""Personal access tokens, and requests that are stored once

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op

import app.declare.types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rn_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("made_at", app.declare.types.Moment(), nullable=False),
        sa.Column("expires_at", app.declare.types.Moment(), nullable=False),
        sa.Column("used_at", app.declare.types.Moment(), nullable=True),
        sa.Column("revoked_at", app.declare.types.Moment(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["ab_user.id"], name="fk_token_account", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_rn_token_account", "rn_token", ["account_id", "id"])
    with op.batch_alter_table("rn_submission") as batch:
        batch.add_column(sa.Column("fingerprint", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("row_ids", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("rn_submission") as batch:
        batch.drop_column("row_ids")
        batch.drop_column("fingerprint")
    op.drop_index("ix_rn_token_account", table_name="rn_token")
    op.drop_table("rn_token")
