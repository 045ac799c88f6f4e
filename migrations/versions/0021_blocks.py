"""On PostgreSQL the index of tokens knows the block of a row's id

Revision: 0021, after 0020
"""

from alembic import op
from sqlalchemy import inspect


revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in _made():
        op.execute(f"CREATE INDEX ix_{name} ON {name} USING gin (tokens, (ARRAY[id / 1024]))")
        op.execute(f"ALTER INDEX ix_{name} ALTER COLUMN 2 SET STATISTICS 0")


def downgrade() -> None:
    for name in _made():
        op.execute(f"CREATE INDEX ix_{name} ON {name} USING gin (tokens)")


def _made() -> list[str]:
    """The tables of tokens, whose index is gone; those of SQLite have none."""
    bind = op.get_bind()
    if bind.dialect.name != 'postgresql':
        return []
    names = [name for name in inspect(bind).get_table_names() if name.startswith('rn_search_')]
    for name in names:
        op.execute(f"DROP INDEX ix_{name}")
    return names
