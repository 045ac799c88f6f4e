"""Documents, news and projects that are deleted lie in a trash

Revision: 0005, after 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("incoming_document", "outgoing_document", "news_item", "project")
INSIDE = sa.text("deleted_at IS NOT NULL")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("deleted_at", sa.DateTime(), nullable=True))
        op.add_column(table, sa.Column("deleted_by", sa.String(200), nullable=True))
        op.create_index(
            f"ix_{table}_deleted_at", table, ["deleted_at", "id"], sqlite_where=INSIDE, postgresql_where=INSIDE
        )


def downgrade() -> None:
    # without the columns these rows would stand in every list again, and to delete them is not for a migration to decide
    for table in TABLES:
        inside = op.get_bind().scalar(sa.text(f"SELECT count(*) FROM {table} WHERE {INSIDE.text}"))  # noqa: S608
        if inside:
            raise RuntimeError(f"{table} has {inside} rows in the trash: restore them or delete them for good first.")
    for table in TABLES:
        op.drop_index(f"ix_{table}_deleted_at", table)
        op.drop_column(table, "deleted_by")
        op.drop_column(table, "deleted_at")
