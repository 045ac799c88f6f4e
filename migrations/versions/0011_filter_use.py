"""What lists were filtered by that was slow

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op


revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('rn_filter_use',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('record', sa.String(length=64), nullable=False),
    sa.Column('filters', sa.JSON(), nullable=False),
    sa.Column('order', sa.String(length=80), nullable=False),
    sa.Column('seen', sa.Integer(), nullable=False),
    sa.Column('total_ms', sa.Double(), nullable=False),
    sa.Column('slowest_ms', sa.Double(), nullable=False),
    sa.Column('last_seen', sa.DateTime(), nullable=False),
    sa.PrimaryKeyConstraint('digest')
    )


def downgrade() -> None:
    op.drop_table('rn_filter_use')
