"""The second factor, its recovery codes, and the roles that require it

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op


revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('ab_role', sa.Column('second_factor', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table('rn_second_factor',
    sa.Column('account_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('salt', sa.String(length=32), nullable=False),
    sa.Column('last_step', sa.BigInteger(), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['ab_user.id'], name='fk_second_factor_account', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('account_id')
    )
    op.create_table('rn_recovery_code',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['ab_user.id'], name='fk_recovery_code_account', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('digest')
    )
    op.create_index('ix_rn_recovery_code_account', 'rn_recovery_code', ['account_id'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_rn_recovery_code_account', table_name='rn_recovery_code')
    op.drop_table('rn_recovery_code')
    op.drop_table('rn_second_factor')
    op.drop_column('ab_role', 'second_factor')
