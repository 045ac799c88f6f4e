"""On PostgreSQL what is unique together can be checked at the end of a transaction

Revision: 0022, after 0021
"""

import re

from alembic import op
from sqlalchemy import inspect


revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_again(deferrable=True)


def downgrade() -> None:
    _make_again(deferrable=None)


def _make_again(deferrable: bool | None) -> None:
    """Make the constraints of what a declaration says to be unique together again; SQLite has no other sort of them."""
    bind = op.get_bind()
    if bind.dialect.name != 'postgresql':
        return
    known = inspect(bind)
    for table in known.get_table_names():
        for one in known.get_unique_constraints(table):
            if re.fullmatch(rf'uq_{table}_[0-9]+', one['name']):
                op.drop_constraint(one['name'], table, type_='unique')
                op.create_unique_constraint(one['name'], table, one['column_names'], deferrable=deferrable)
