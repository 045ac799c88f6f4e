"""Lines of the audit trail say what was done by an administrator as such

Revision: 0017, after 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rn_event", sa.Column("office", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_rn_event_office", "rn_event", ["at", "id"], sqlite_where=sa.text("office"), postgresql_where=sa.text("office")
    )


def downgrade() -> None:
    op.drop_index("ix_rn_event_office", table_name="rn_event")
    op.drop_column("rn_event", "office")
