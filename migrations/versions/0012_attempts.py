"""Tries to prove who one is, counted for all processes together

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op


revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('rn_attempt',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('level', sa.Double(), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('known_at', sa.DateTime(), nullable=True),
    sa.PrimaryKeyConstraint('digest')
    )
    op.create_index('ix_rn_attempt_at', 'rn_attempt', ['at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_rn_attempt_at', table_name='rn_attempt')
    op.drop_table('rn_attempt')
