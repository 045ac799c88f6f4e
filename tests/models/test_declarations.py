"""The declared records are those of the domain, and complete enough for people to work with."""

from decimal import Decimal
from itertools import groupby

import pytest

from app.catalog import Catalog
from app.declare import Tone, birth_date
from app.declare.identifiers import check_citizen_id, check_credit_code, check_org_code
from models.areas import AREAS
from models.construction import MilestoneState, Stage
from models.documents import DocumentKind, IncomingState, OutgoingState
from models.ethnicity import Ethnicity
from models.menus import ADMINISTRATION, CONSTRUCTION, DOCUMENTS, ORGANISATION, REGISTRIES, TRAINING
from models.registries import Sex, sex_of
from models.roles import Role

DOMAIN = {
    CONSTRUCTION: ["system", "milestone", "project", "funding_source", "budget_line", "deployment", "project_step"],
    TRAINING: ["training_course", "training_record"],
    DOCUMENTS: ["incoming_document", "outgoing_document", "mail", "mail_reading", "news_item"],
    REGISTRIES: ["resident", "legal_entity", "natural_resource", "indicator", "indicator_value", "video_asset"],
    ORGANISATION: ["unit", "staff"],
    ADMINISTRATION: ["directory_rule", "account", "role", "group", "audit"],
}


def test_the_menu_holds_the_records_of_the_domain_in_their_order(catalog: Catalog) -> None:
    entries = sorted(catalog, key=lambda entry: entry.menu.place)
    found = {menu: [entry.name for entry in of] for menu, of in groupby(entries, key=lambda entry: entry.menu)}
    assert found == DOMAIN


def test_every_record_introduces_itself(catalog: Catalog) -> None:
    for entry in catalog:
        assert entry.screen.about, entry.name
        assert entry.screen.singular, entry.name
        assert entry.screen.icon != "table", entry.name
        assert all(section.purpose for section in entry.screen.form), entry.name


def test_a_list_has_few_enough_columns_to_read(catalog: Catalog) -> None:
    assert {entry.name: len(entry.listed) for entry in catalog if len(entry.listed) > 8} == {}


def test_every_record_can_be_searched_by_what_people_know(catalog: Catalog) -> None:
    unsearched = {entry.name for entry in catalog if not entry.searched}
    assert unsearched <= {"deployment", "mail_reading", "budget_line"}  # told by what they refer to


def test_the_nine_roles_keep_their_names() -> None:
    assert [role.value for role in Role] == [
        "coordination", "unit_editor", "trainer", "leader", "registrar", "viewer", "sysadmin", "secadmin", "auditor",
    ]  # fmt: skip


def test_documents_take_the_steps_of_the_regulation() -> None:
    assert len(DocumentKind) == 15
    assert len(IncomingState) == 8
    assert len(OutgoingState) == 9
    assert len(Stage) == 6


def test_every_choice_of_a_workflow_can_be_reached(catalog: Catalog) -> None:
    for entry in catalog:
        flow = entry.screen.workflow
        if flow is None or entry.state is None:
            continue
        first = next(iter(entry.state.choices))
        assert {step.after for step in flow.steps} | {first} == set(entry.state.choices), entry.name


def test_colours_say_late_waiting_or_done() -> None:
    assert MilestoneState.RETURNED.tone is Tone.BAD
    assert MilestoneState.SUBMITTED.tone is Tone.WAIT
    assert MilestoneState.ACCEPTED.tone is Tone.GOOD


def test_the_standards_tables_are_whole() -> None:
    assert len(Ethnicity) == 56
    assert len({group.value for group in Ethnicity}) == 56
    assert AREAS["320705"] == "新浦区"
    assert AREAS["320721"] == "赣榆县"
    assert AREAS["320707"] == "赣榆区"


@pytest.mark.parametrize("citizen_id", ["11010519491231002X", "34052419800101001X"])
def test_the_published_citizen_ids_are_valid(citizen_id: str) -> None:
    assert check_citizen_id(citizen_id) is None


def test_the_published_codes_are_valid() -> None:
    assert check_org_code("D2143569-X") is None
    assert check_credit_code("91350100M000100Y43") is None


def test_birth_and_sex_follow_from_the_citizen_id() -> None:
    assert str(birth_date("11010519491231002X")) == "1949-12-31"
    assert sex_of("11010519491231002X") is Sex.FEMALE
    assert sex_of("34052419800101001X") is Sex.MALE


def test_a_residents_number_is_masked_and_their_birth_cannot_be_typed(catalog: Catalog) -> None:
    fields = catalog["resident"].fields
    assert fields["citizen_id"].masked
    assert not fields["birth"].typed
    assert not fields["sex"].typed


def test_amounts_are_exact(catalog: Catalog) -> None:
    item = catalog["budget_line"].fields["planned"]
    assert item.kind.parse(item, "1234567.89") == Decimal("1234567.89")
