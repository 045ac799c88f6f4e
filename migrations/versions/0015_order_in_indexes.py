"""Indexes of filters go on with the list's own order

Revision: 0015, after 0014
"""

import sqlalchemy as sa
from alembic import op


revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('budget_line', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_budget_line_category'))
        batch_op.create_index('ix_budget_line_category', ['category', 'year', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_budget_line_level'))
        batch_op.create_index('ix_budget_line_level', ['level', 'year', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_budget_line_project'))
        batch_op.create_index('ix_budget_line_project', ['project_id', 'year', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_budget_line_source'))
        batch_op.create_index('ix_budget_line_source', ['source_id', 'year', 'id'], unique=False)

    with op.batch_alter_table('deployment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_deployment_system'))
        batch_op.create_index('ix_deployment_system', ['system_id', 'planned', 'id'], unique=False)

    with op.batch_alter_table('directory_rule', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_directory_rule_basis'))
        batch_op.create_index('ix_directory_rule_basis', ['basis', 'value', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_directory_rule_clearance'))
        batch_op.create_index('ix_directory_rule_clearance', ['clearance', 'value', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_directory_rule_role'))
        batch_op.create_index('ix_directory_rule_role', ['role_id', 'value', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_directory_rule_unit'))
        batch_op.create_index('ix_directory_rule_unit', ['unit_id', 'value', 'id'], unique=False)

    with op.batch_alter_table('funding_source', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_funding_source_level'))
        batch_op.create_index('ix_funding_source_level', ['level', 'code', 'id'], unique=False)

    with op.batch_alter_table('incoming_document', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_incoming_document_classification'))
        batch_op.create_index('ix_incoming_document_classification', ['classification', 'received', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_incoming_document_handler'))
        batch_op.create_index('ix_incoming_document_handler', ['handler_id', 'received', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_incoming_document_state'))
        batch_op.create_index('ix_incoming_document_state', ['state', 'received', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_incoming_document_urgency'))
        batch_op.create_index('ix_incoming_document_urgency', ['urgency', 'received', 'id'], unique=False)

    with op.batch_alter_table('indicator', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_indicator_direction'))
        batch_op.create_index('ix_indicator_direction', ['direction', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_indicator_period'))
        batch_op.create_index('ix_indicator_period', ['period', 'code', 'id'], unique=False)

    with op.batch_alter_table('indicator_value', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_indicator_value_area'))
        batch_op.create_index('ix_indicator_value_area', ['area', 'period', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_indicator_value_indicator'))
        batch_op.create_index('ix_indicator_value_indicator', ['indicator_id', 'period', 'id'], unique=False)

    with op.batch_alter_table('legal_entity', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_legal_entity_area'))
        batch_op.create_index('ix_legal_entity_area', ['area', 'org_code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_legal_entity_kind'))
        batch_op.create_index('ix_legal_entity_kind', ['kind', 'org_code', 'id'], unique=False)

    with op.batch_alter_table('mail', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_mail_sender'))
        batch_op.create_index('ix_mail_sender', ['sender_id', 'sent', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_mail_urgency'))
        batch_op.create_index('ix_mail_urgency', ['urgency', 'sent', 'id'], unique=False)

    with op.batch_alter_table('mail_reading', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_mail_reading_mail'))
        batch_op.create_index('ix_mail_reading_mail', ['mail_id', 'read', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_mail_reading_reader'))
        batch_op.create_index('ix_mail_reading_reader', ['reader_id', 'read', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_mail_reading_sender'))
        batch_op.create_index('ix_mail_reading_sender', ['sender_id', 'read', 'id'], unique=False)

    with op.batch_alter_table('milestone', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_milestone_state'))
        batch_op.create_index('ix_milestone_state', ['state', 'due', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_milestone_system'))
        batch_op.create_index('ix_milestone_system', ['system_id', 'due', 'id'], unique=False)

    with op.batch_alter_table('natural_resource', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_natural_resource_area'))
        batch_op.create_index('ix_natural_resource_area', ['area', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_natural_resource_kind'))
        batch_op.create_index('ix_natural_resource_kind', ['kind', 'code', 'id'], unique=False)

    with op.batch_alter_table('outgoing_document', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outgoing_document_classification'))
        batch_op.create_index('ix_outgoing_document_classification', ['classification', 'drafted', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_outgoing_document_drafter'))
        batch_op.create_index('ix_outgoing_document_drafter', ['drafter_id', 'drafted', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_outgoing_document_kind'))
        batch_op.create_index('ix_outgoing_document_kind', ['kind', 'drafted', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_outgoing_document_signer'))
        batch_op.create_index('ix_outgoing_document_signer', ['signer_id', 'drafted', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_outgoing_document_state'))
        batch_op.create_index('ix_outgoing_document_state', ['state', 'drafted', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_outgoing_document_urgency'))
        batch_op.create_index('ix_outgoing_document_urgency', ['urgency', 'drafted', 'id'], unique=False)

    with op.batch_alter_table('project', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_project_administrator'))
        batch_op.create_index('ix_project_administrator', ['administrator_id', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_project_classification'))
        batch_op.create_index('ix_project_classification', ['classification', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_project_kind'))
        batch_op.create_index('ix_project_kind', ['kind', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_project_manager'))
        batch_op.create_index('ix_project_manager', ['manager_id', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_project_stage'))
        batch_op.create_index('ix_project_stage', ['stage', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_project_system'))
        batch_op.create_index('ix_project_system', ['system_id', 'code', 'id'], unique=False)

    with op.batch_alter_table('project_step', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_project_step_project'))
        batch_op.create_index('ix_project_step_project', ['project_id', 'taken', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_project_step_stage'))
        batch_op.create_index('ix_project_step_stage', ['stage', 'taken', 'id'], unique=False)

    with op.batch_alter_table('resident', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_resident_area'))
        batch_op.create_index('ix_resident_area', ['area', 'citizen_id', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_resident_ethnicity'))
        batch_op.create_index('ix_resident_ethnicity', ['ethnicity', 'citizen_id', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_resident_sex'))
        batch_op.create_index('ix_resident_sex', ['sex', 'citizen_id', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_resident_verification'))
        batch_op.create_index('ix_resident_verification', ['verification', 'citizen_id', 'id'], unique=False)

    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_staff_account'))
        batch_op.create_index('ix_staff_account', ['account_id', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_staff_administrator'))
        batch_op.create_index('ix_staff_administrator', ['administrator', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_staff_leader'))
        batch_op.create_index('ix_staff_leader', ['leader', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_staff_proficiency'))
        batch_op.create_index('ix_staff_proficiency', ['proficiency', 'code', 'id'], unique=False)

    with op.batch_alter_table('system', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_system_group'))
        batch_op.create_index('ix_system_group', ['group', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_system_lead'))
        batch_op.create_index('ix_system_lead', ['lead_id', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_system_status'))
        batch_op.create_index('ix_system_status', ['status', 'code', 'id'], unique=False)

    with op.batch_alter_table('training_course', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_course_organiser'))
        batch_op.create_index('ix_training_course_organiser', ['organiser_id', 'starts', 'id'], unique=False)

    with op.batch_alter_table('training_record', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_record_course'))
        batch_op.create_index('ix_training_record_course', ['course_id', 'finished', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_training_record_staff'))
        batch_op.create_index('ix_training_record_staff', ['staff_id', 'finished', 'id'], unique=False)

    with op.batch_alter_table('unit', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_unit_kind'))
        batch_op.create_index('ix_unit_kind', ['kind', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_unit_level'))
        batch_op.create_index('ix_unit_level', ['level', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_unit_parent'))
        batch_op.create_index('ix_unit_parent', ['parent_id', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_unit_phase_one'))
        batch_op.create_index('ix_unit_phase_one', ['phase_one', 'code', 'id'], unique=False)

    with op.batch_alter_table('video_asset', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_video_asset_classification'))
        batch_op.create_index('ix_video_asset_classification', ['classification', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_video_asset_column'))
        batch_op.create_index('ix_video_asset_column', ['column', 'code', 'id'], unique=False)
        batch_op.drop_index(batch_op.f('ix_video_asset_state'))
        batch_op.create_index('ix_video_asset_state', ['state', 'code', 'id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('video_asset', schema=None) as batch_op:
        batch_op.drop_index('ix_video_asset_state')
        batch_op.create_index(batch_op.f('ix_video_asset_state'), ['state', 'id'], unique=False)
        batch_op.drop_index('ix_video_asset_column')
        batch_op.create_index(batch_op.f('ix_video_asset_column'), ['column', 'id'], unique=False)
        batch_op.drop_index('ix_video_asset_classification')
        batch_op.create_index(batch_op.f('ix_video_asset_classification'), ['classification', 'id'], unique=False)

    with op.batch_alter_table('unit', schema=None) as batch_op:
        batch_op.drop_index('ix_unit_phase_one')
        batch_op.create_index(batch_op.f('ix_unit_phase_one'), ['phase_one', 'id'], unique=False)
        batch_op.drop_index('ix_unit_parent')
        batch_op.create_index(batch_op.f('ix_unit_parent'), ['parent_id', 'id'], unique=False)
        batch_op.drop_index('ix_unit_level')
        batch_op.create_index(batch_op.f('ix_unit_level'), ['level', 'id'], unique=False)
        batch_op.drop_index('ix_unit_kind')
        batch_op.create_index(batch_op.f('ix_unit_kind'), ['kind', 'id'], unique=False)

    with op.batch_alter_table('training_record', schema=None) as batch_op:
        batch_op.drop_index('ix_training_record_staff')
        batch_op.create_index(batch_op.f('ix_training_record_staff'), ['staff_id', 'id'], unique=False)
        batch_op.drop_index('ix_training_record_course')
        batch_op.create_index(batch_op.f('ix_training_record_course'), ['course_id', 'id'], unique=False)

    with op.batch_alter_table('training_course', schema=None) as batch_op:
        batch_op.drop_index('ix_training_course_organiser')
        batch_op.create_index(batch_op.f('ix_training_course_organiser'), ['organiser_id', 'id'], unique=False)

    with op.batch_alter_table('system', schema=None) as batch_op:
        batch_op.drop_index('ix_system_status')
        batch_op.create_index(batch_op.f('ix_system_status'), ['status', 'id'], unique=False)
        batch_op.drop_index('ix_system_lead')
        batch_op.create_index(batch_op.f('ix_system_lead'), ['lead_id', 'id'], unique=False)
        batch_op.drop_index('ix_system_group')
        batch_op.create_index(batch_op.f('ix_system_group'), ['group', 'id'], unique=False)

    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.drop_index('ix_staff_proficiency')
        batch_op.create_index(batch_op.f('ix_staff_proficiency'), ['proficiency', 'id'], unique=False)
        batch_op.drop_index('ix_staff_leader')
        batch_op.create_index(batch_op.f('ix_staff_leader'), ['leader', 'id'], unique=False)
        batch_op.drop_index('ix_staff_administrator')
        batch_op.create_index(batch_op.f('ix_staff_administrator'), ['administrator', 'id'], unique=False)
        batch_op.drop_index('ix_staff_account')
        batch_op.create_index(batch_op.f('ix_staff_account'), ['account_id', 'id'], unique=False)

    with op.batch_alter_table('resident', schema=None) as batch_op:
        batch_op.drop_index('ix_resident_verification')
        batch_op.create_index(batch_op.f('ix_resident_verification'), ['verification', 'id'], unique=False)
        batch_op.drop_index('ix_resident_sex')
        batch_op.create_index(batch_op.f('ix_resident_sex'), ['sex', 'id'], unique=False)
        batch_op.drop_index('ix_resident_ethnicity')
        batch_op.create_index(batch_op.f('ix_resident_ethnicity'), ['ethnicity', 'id'], unique=False)
        batch_op.drop_index('ix_resident_area')
        batch_op.create_index(batch_op.f('ix_resident_area'), ['area', 'id'], unique=False)

    with op.batch_alter_table('project_step', schema=None) as batch_op:
        batch_op.drop_index('ix_project_step_stage')
        batch_op.create_index(batch_op.f('ix_project_step_stage'), ['stage', 'id'], unique=False)
        batch_op.drop_index('ix_project_step_project')
        batch_op.create_index(batch_op.f('ix_project_step_project'), ['project_id', 'id'], unique=False)

    with op.batch_alter_table('project', schema=None) as batch_op:
        batch_op.drop_index('ix_project_system')
        batch_op.create_index(batch_op.f('ix_project_system'), ['system_id', 'id'], unique=False)
        batch_op.drop_index('ix_project_stage')
        batch_op.create_index(batch_op.f('ix_project_stage'), ['stage', 'id'], unique=False)
        batch_op.drop_index('ix_project_manager')
        batch_op.create_index(batch_op.f('ix_project_manager'), ['manager_id', 'id'], unique=False)
        batch_op.drop_index('ix_project_kind')
        batch_op.create_index(batch_op.f('ix_project_kind'), ['kind', 'id'], unique=False)
        batch_op.drop_index('ix_project_classification')
        batch_op.create_index(batch_op.f('ix_project_classification'), ['classification', 'id'], unique=False)
        batch_op.drop_index('ix_project_administrator')
        batch_op.create_index(batch_op.f('ix_project_administrator'), ['administrator_id', 'id'], unique=False)

    with op.batch_alter_table('outgoing_document', schema=None) as batch_op:
        batch_op.drop_index('ix_outgoing_document_urgency')
        batch_op.create_index(batch_op.f('ix_outgoing_document_urgency'), ['urgency', 'id'], unique=False)
        batch_op.drop_index('ix_outgoing_document_state')
        batch_op.create_index(batch_op.f('ix_outgoing_document_state'), ['state', 'id'], unique=False)
        batch_op.drop_index('ix_outgoing_document_signer')
        batch_op.create_index(batch_op.f('ix_outgoing_document_signer'), ['signer_id', 'id'], unique=False)
        batch_op.drop_index('ix_outgoing_document_kind')
        batch_op.create_index(batch_op.f('ix_outgoing_document_kind'), ['kind', 'id'], unique=False)
        batch_op.drop_index('ix_outgoing_document_drafter')
        batch_op.create_index(batch_op.f('ix_outgoing_document_drafter'), ['drafter_id', 'id'], unique=False)
        batch_op.drop_index('ix_outgoing_document_classification')
        batch_op.create_index(batch_op.f('ix_outgoing_document_classification'), ['classification', 'id'], unique=False)

    with op.batch_alter_table('natural_resource', schema=None) as batch_op:
        batch_op.drop_index('ix_natural_resource_kind')
        batch_op.create_index(batch_op.f('ix_natural_resource_kind'), ['kind', 'id'], unique=False)
        batch_op.drop_index('ix_natural_resource_area')
        batch_op.create_index(batch_op.f('ix_natural_resource_area'), ['area', 'id'], unique=False)

    with op.batch_alter_table('milestone', schema=None) as batch_op:
        batch_op.drop_index('ix_milestone_system')
        batch_op.create_index(batch_op.f('ix_milestone_system'), ['system_id', 'id'], unique=False)
        batch_op.drop_index('ix_milestone_state')
        batch_op.create_index(batch_op.f('ix_milestone_state'), ['state', 'id'], unique=False)

    with op.batch_alter_table('mail_reading', schema=None) as batch_op:
        batch_op.drop_index('ix_mail_reading_sender')
        batch_op.create_index(batch_op.f('ix_mail_reading_sender'), ['sender_id', 'id'], unique=False)
        batch_op.drop_index('ix_mail_reading_reader')
        batch_op.create_index(batch_op.f('ix_mail_reading_reader'), ['reader_id', 'id'], unique=False)
        batch_op.drop_index('ix_mail_reading_mail')
        batch_op.create_index(batch_op.f('ix_mail_reading_mail'), ['mail_id', 'id'], unique=False)

    with op.batch_alter_table('mail', schema=None) as batch_op:
        batch_op.drop_index('ix_mail_urgency')
        batch_op.create_index(batch_op.f('ix_mail_urgency'), ['urgency', 'id'], unique=False)
        batch_op.drop_index('ix_mail_sender')
        batch_op.create_index(batch_op.f('ix_mail_sender'), ['sender_id', 'id'], unique=False)

    with op.batch_alter_table('legal_entity', schema=None) as batch_op:
        batch_op.drop_index('ix_legal_entity_kind')
        batch_op.create_index(batch_op.f('ix_legal_entity_kind'), ['kind', 'id'], unique=False)
        batch_op.drop_index('ix_legal_entity_area')
        batch_op.create_index(batch_op.f('ix_legal_entity_area'), ['area', 'id'], unique=False)

    with op.batch_alter_table('indicator_value', schema=None) as batch_op:
        batch_op.drop_index('ix_indicator_value_indicator')
        batch_op.create_index(batch_op.f('ix_indicator_value_indicator'), ['indicator_id', 'id'], unique=False)
        batch_op.drop_index('ix_indicator_value_area')
        batch_op.create_index(batch_op.f('ix_indicator_value_area'), ['area', 'id'], unique=False)

    with op.batch_alter_table('indicator', schema=None) as batch_op:
        batch_op.drop_index('ix_indicator_period')
        batch_op.create_index(batch_op.f('ix_indicator_period'), ['period', 'id'], unique=False)
        batch_op.drop_index('ix_indicator_direction')
        batch_op.create_index(batch_op.f('ix_indicator_direction'), ['direction', 'id'], unique=False)

    with op.batch_alter_table('incoming_document', schema=None) as batch_op:
        batch_op.drop_index('ix_incoming_document_urgency')
        batch_op.create_index(batch_op.f('ix_incoming_document_urgency'), ['urgency', 'id'], unique=False)
        batch_op.drop_index('ix_incoming_document_state')
        batch_op.create_index(batch_op.f('ix_incoming_document_state'), ['state', 'id'], unique=False)
        batch_op.drop_index('ix_incoming_document_handler')
        batch_op.create_index(batch_op.f('ix_incoming_document_handler'), ['handler_id', 'id'], unique=False)
        batch_op.drop_index('ix_incoming_document_classification')
        batch_op.create_index(batch_op.f('ix_incoming_document_classification'), ['classification', 'id'], unique=False)

    with op.batch_alter_table('funding_source', schema=None) as batch_op:
        batch_op.drop_index('ix_funding_source_level')
        batch_op.create_index(batch_op.f('ix_funding_source_level'), ['level', 'id'], unique=False)

    with op.batch_alter_table('directory_rule', schema=None) as batch_op:
        batch_op.drop_index('ix_directory_rule_unit')
        batch_op.create_index(batch_op.f('ix_directory_rule_unit'), ['unit_id', 'id'], unique=False)
        batch_op.drop_index('ix_directory_rule_role')
        batch_op.create_index(batch_op.f('ix_directory_rule_role'), ['role_id', 'id'], unique=False)
        batch_op.drop_index('ix_directory_rule_clearance')
        batch_op.create_index(batch_op.f('ix_directory_rule_clearance'), ['clearance', 'id'], unique=False)
        batch_op.drop_index('ix_directory_rule_basis')
        batch_op.create_index(batch_op.f('ix_directory_rule_basis'), ['basis', 'id'], unique=False)

    with op.batch_alter_table('deployment', schema=None) as batch_op:
        batch_op.drop_index('ix_deployment_system')
        batch_op.create_index(batch_op.f('ix_deployment_system'), ['system_id', 'id'], unique=False)

    with op.batch_alter_table('budget_line', schema=None) as batch_op:
        batch_op.drop_index('ix_budget_line_source')
        batch_op.create_index(batch_op.f('ix_budget_line_source'), ['source_id', 'id'], unique=False)
        batch_op.drop_index('ix_budget_line_project')
        batch_op.create_index(batch_op.f('ix_budget_line_project'), ['project_id', 'id'], unique=False)
        batch_op.drop_index('ix_budget_line_level')
        batch_op.create_index(batch_op.f('ix_budget_line_level'), ['level', 'id'], unique=False)
        batch_op.drop_index('ix_budget_line_category')
        batch_op.create_index(batch_op.f('ix_budget_line_category'), ['category', 'id'], unique=False)

