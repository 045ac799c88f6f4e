"""On PostgreSQL the indexes of filters carry the row's unit; saved views are found by their owners

Revision: 0020, after 0019
"""

from alembic import op


revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

CARRYING = (
    ('indicator', 'ix_indicator_direction', ['direction', 'code', 'id']),
    ('indicator', 'ix_indicator_period', ['period', 'code', 'id']),
    ('legal_entity', 'ix_legal_entity_area', ['area', 'org_code', 'id']),
    ('legal_entity', 'ix_legal_entity_kind', ['kind', 'org_code', 'id']),
    ('natural_resource', 'ix_natural_resource_area', ['area', 'code', 'id']),
    ('natural_resource', 'ix_natural_resource_kind', ['kind', 'code', 'id']),
    ('news_item', 'ix_news_item_column', ['column', 'id']),
    ('news_item', 'ix_news_item_state', ['state', 'id']),
    ('resident', 'ix_resident_area', ['area', 'citizen_id', 'id']),
    ('resident', 'ix_resident_ethnicity', ['ethnicity', 'citizen_id', 'id']),
    ('resident', 'ix_resident_sex', ['sex', 'citizen_id', 'id']),
    ('resident', 'ix_resident_verification', ['verification', 'citizen_id', 'id']),
    ('video_asset', 'ix_video_asset_classification', ['classification', 'code', 'id']),
    ('video_asset', 'ix_video_asset_column', ['column', 'code', 'id']),
    ('video_asset', 'ix_video_asset_state', ['state', 'code', 'id']),
    ('deployment', 'ix_deployment_system', ['system_id', 'planned', 'id']),
    ('milestone', 'ix_milestone_state', ['state', 'due', 'id']),
    ('milestone', 'ix_milestone_system', ['system_id', 'due', 'id']),
    ('staff', 'ix_staff_account', ['account_id', 'code', 'id']),
    ('staff', 'ix_staff_administrator', ['administrator', 'code', 'id']),
    ('staff', 'ix_staff_leader', ['leader', 'code', 'id']),
    ('staff', 'ix_staff_proficiency', ['proficiency', 'code', 'id']),
    ('incoming_document', 'ix_incoming_document_classification', ['classification', 'received', 'id']),
    ('incoming_document', 'ix_incoming_document_handler', ['handler_id', 'received', 'id']),
    ('incoming_document', 'ix_incoming_document_state', ['state', 'received', 'id']),
    ('incoming_document', 'ix_incoming_document_urgency', ['urgency', 'received', 'id']),
    ('outgoing_document', 'ix_outgoing_document_classification', ['classification', 'drafted', 'id']),
    ('outgoing_document', 'ix_outgoing_document_drafter', ['drafter_id', 'drafted', 'id']),
    ('outgoing_document', 'ix_outgoing_document_kind', ['kind', 'drafted', 'id']),
    ('outgoing_document', 'ix_outgoing_document_signer', ['signer_id', 'drafted', 'id']),
    ('outgoing_document', 'ix_outgoing_document_state', ['state', 'drafted', 'id']),
    ('outgoing_document', 'ix_outgoing_document_urgency', ['urgency', 'drafted', 'id']),
    ('project', 'ix_project_administrator', ['administrator_id', 'code', 'id']),
    ('project', 'ix_project_classification', ['classification', 'code', 'id']),
    ('project', 'ix_project_kind', ['kind', 'code', 'id']),
    ('project', 'ix_project_manager', ['manager_id', 'code', 'id']),
    ('project', 'ix_project_stage', ['stage', 'code', 'id']),
    ('project', 'ix_project_system', ['system_id', 'code', 'id']),
    ('training_record', 'ix_training_record_course', ['course_id', 'finished', 'id']),
    ('training_record', 'ix_training_record_passed', ['passed', 'id']),
    ('training_record', 'ix_training_record_staff', ['staff_id', 'finished', 'id']),
)


def upgrade() -> None:
    with op.batch_alter_table('rn_saved_view', schema=None) as batch_op:
        batch_op.drop_index('ix_rn_saved_view_record')
        batch_op.create_index('ix_rn_saved_view_account', ['account_id', 'record'], unique=False)
        batch_op.create_index('ix_rn_saved_view_unit', ['unit_id', 'record'], unique=False)
    _make_anew(postgresql_include=['unit_id'])


def downgrade() -> None:
    _make_anew()
    with op.batch_alter_table('rn_saved_view', schema=None) as batch_op:
        batch_op.drop_index('ix_rn_saved_view_unit')
        batch_op.drop_index('ix_rn_saved_view_account')
        batch_op.create_index('ix_rn_saved_view_record', ['record', 'account_id'], unique=False)


def _make_anew(**options: list[str]) -> None:
    # SQLite's indexes have nothing beside their columns
    if op.get_bind().dialect.name != 'postgresql':
        return
    for table, name, columns in CARRYING:
        op.drop_index(name, table_name=table)
        op.create_index(name, table, columns, unique=False, **options)
