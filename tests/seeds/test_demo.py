"""The demo city: valid in every row, the same every time, and believable in its figures."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

import seeds.demo
import seeds.plan
from app.catalog import Catalog, Entry, declared_models
from app.declare import Account, birth_date
from app.declare.identifiers import check_citizen_id, check_credit_code, check_org_code
from app.store.validate import RULES
from models.areas import AREAS
from models.construction import (
    BudgetLine,
    Deployment,
    Milestone,
    MilestoneState,
    Project,
    ProjectStep,
    Stage,
    System,
)
from models.documents import IncomingDocument, IncomingState, OutgoingDocument, OutgoingState
from models.mail import Mail, MailReading
from models.news import NewsColumn, NewsItem, NewsState
from models.organisation import Level, Staff, Unit
from models.registries import IndicatorValue, LegalEntity, NaturalResource, Resident, ResourceKind, sex_of
from models.roles import Role
from models.training import Audience, TrainingRecord
from models.video import VideoAsset, VideoColumn
from seeds.demo.people import ACCOUNTS

TODAY = date(2006, 1, 1)
EVERY = 7
"""Of records with thousands of rows, one in so many is looked at closely."""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog(declared_models())


def number(session: Session, statement: Select[int]) -> int:
    return session.scalar(statement) or 0


def rows_of(session: Session, entry: Entry) -> Iterator[dict[str, object]]:
    """Some rows of a record, as the store's checks take them: references by id."""
    columns = [item for item in entry.fields.values() if not item.many]
    found = session.execute(select(*(item.column for item in columns))).all()
    for row in found[:: EVERY if len(found) > 2_000 else 1]:
        yield dict(zip((item.name for item in columns), row, strict=True))


def test_every_row_could_have_been_typed_into_its_form(city: Session, catalog: Catalog) -> None:
    for entry in catalog:
        typed = [item for item in entry.fields.values() if item.typed and not item.many and not item.refers]
        for row in rows_of(city, entry):
            for item in typed:
                value = row[item.name]
                assert value is not None or not item.required, (entry.name, item.name)
                if value is not None and item.kind.control != "secret":
                    assert item.kind.parse(item, item.kind.write(item, value)) == value, (entry.name, item.name)


def test_every_row_keeps_the_rules_of_its_record(city: Session, catalog: Catalog) -> None:
    for entry in catalog:
        for row in rows_of(city, entry) if entry.screen.rules else ():
            for rule in entry.screen.rules:
                assert RULES[type(rule)](entry, row, rule, TODAY) is None, (entry.name, row)


def test_every_citizen_id_is_valid_and_agrees_with_its_row(city: Session) -> None:
    found = city.execute(select(Resident.citizen_id, Resident.birth, Resident.sex)).all()
    assert len(found) == 20_000
    for citizen_id, birth, sex in found:
        assert check_citizen_id(citizen_id) is None
        assert (birth_date(citizen_id), sex_of(citizen_id)) == (birth, sex)


def test_a_few_citizen_ids_begin_with_an_area_that_is_not_in_the_table(city: Session) -> None:
    areas = {citizen_id[:6] for citizen_id in city.scalars(select(Resident.citizen_id))}
    assert "320799" in areas - set(AREAS)


def test_every_code_of_a_legal_entity_is_valid(city: Session) -> None:
    found = city.execute(select(LegalEntity.org_code, LegalEntity.credit_code)).all()
    assert len(found) == 3_000
    assert all(check_org_code(org_code) is None for org_code, _ in found)
    credited = [(org_code, credit) for org_code, credit in found if credit]
    assert credited
    assert all(check_credit_code(credit) is None for _, credit in credited)
    assert all(credit[8:17] == org_code.replace("-", "") for org_code, credit in credited)


@pytest.mark.parametrize(
    ("as_of", "live"),
    [(date(2003, 12, 31), 1), (date(2004, 6, 30), 11), (date(2004, 12, 31), 16), (date(2005, 12, 31), 31)],
)
def test_document_processing_reaches_half_of_the_city_in_2004_and_all_of_it_in_2005(
    city: Session, as_of: date, live: int
) -> None:
    of_city = (
        select(func.count(Deployment.id))
        .join(System, Deployment.system)
        .join(Unit, Deployment.unit)
        .where(System.code == "GW", Unit.level == Level.CITY)
    )
    assert number(city, of_city) == 31
    assert number(city, of_city.where(Deployment.live <= as_of)) == live


def test_some_deployments_are_late(city: Session) -> None:
    late = (Deployment.planned < TODAY) & Deployment.live.is_(None)
    assert number(city, select(func.count(Deployment.id)).where(late)) >= 3


def test_milestones_are_in_every_state_and_some_are_late(city: Session) -> None:
    assert set(city.scalars(select(Milestone.state))) == set(MilestoneState)
    late = (Milestone.due < TODAY) & Milestone.done.is_(None)
    assert number(city, select(func.count(Milestone.id)).where(late)) >= 2


def test_by_the_middle_of_2004_four_of_six_due_milestones_of_the_plan_were_accepted(city: Session) -> None:
    due = [row for row in city.scalars(select(Milestone).where(Milestone.due <= date(2004, 6, 30))) if row.source]
    assert len(due) == 6
    assert sum(row.accepted is not None and row.accepted <= date(2004, 6, 30) for row in due) == 4


def test_some_60_projects_are_spread_over_the_stages(city: Session) -> None:
    stages = list(city.scalars(select(Project.stage)))
    assert 55 <= len(stages) <= 65
    assert set(stages) == set(Stage)


def test_a_projects_steps_are_those_it_has_left(city: Session) -> None:
    for project in city.scalars(select(Project)):
        steps = city.scalars(
            select(ProjectStep).where(ProjectStep.project_id == project.id).order_by(ProjectStep.taken)
        ).all()
        expected = list(Stage)[: list(Stage).index(project.stage)]
        expected += [Stage.ACCEPTANCE] if project.stage is Stage.ACCEPTANCE else []
        assert [step.stage for step in steps] == expected, project.code


def test_budgets_run_from_2003_to_2005_and_the_counties_pay_for_themselves(city: Session) -> None:
    assert set(city.scalars(select(BudgetLine.year))) == {2003, 2004, 2005}
    lines = city.scalars(select(BudgetLine).where(BudgetLine.level == Level.COUNTY))
    assert {line.source.code for line in lines} == {"XQ"}


def test_all_units_have_staff_leaders_and_administrators(city: Session) -> None:
    for flag in (Staff.leader, Staff.administrator):
        assert number(city, select(func.count(func.distinct(Staff.unit_id))).where(flag)) == 43
    assert 3_500 <= number(city, select(func.count(Staff.id))) <= 4_500


def test_people_are_trained_in_the_courses_of_their_audience_and_by_their_own_unit(city: Session) -> None:
    for row in city.scalars(select(TrainingRecord)).all()[::EVERY]:
        assert row.unit_id == row.staff.unit_id
        if row.course.audience is Audience.LEADERS:
            assert row.staff.leader
        assert row.passed == (row.score is not None and row.score >= 60)
        assert (row.certificate is not None) == row.passed


def test_documents_stand_at_every_step(city: Session) -> None:
    assert set(city.scalars(select(IncomingDocument.state))) == set(IncomingState)
    assert set(city.scalars(select(OutgoingDocument.state))) == set(OutgoingState)


def test_document_numbers_are_given_once(city: Session) -> None:
    numbers = [text for text in city.scalars(select(OutgoingDocument.number)) if text]
    assert len(numbers) == len(set(numbers))
    assert "连政办发〔2004〕52号" in numbers


def test_news_video_and_resources_come_in_every_kind(city: Session) -> None:
    assert set(city.scalars(select(NewsItem.column))) == set(NewsColumn)
    assert set(city.scalars(select(NewsItem.state))) == set(NewsState)
    assert set(city.scalars(select(VideoAsset.column))) == set(VideoColumn)
    assert set(city.scalars(select(NaturalResource.kind))) == set(ResourceKind)


def test_indicators_have_ten_years(city: Session) -> None:
    years = {period[:4] for period in city.scalars(select(IndicatorValue.period))}
    assert years == {str(year) for year in range(1996, 2006)}


def test_mail_is_read_by_those_it_was_sent_to(city: Session) -> None:
    assert number(city, select(func.count(Mail.id))) >= 200
    for reading in city.scalars(select(MailReading)).all()[::EVERY]:
        assert reading.reader in (*reading.mail.to, *reading.mail.cc)
        assert reading.sender == reading.mail.sender
        assert reading.read >= reading.mail.sent


def test_each_account_has_its_roles_and_unit(city: Session) -> None:
    found = {
        account.username: (account.unit.name, sorted(role.name for role in account.roles))
        for account in city.scalars(select(Account))
    }
    assert found == {
        "admin": ("信息中心", ["sysadmin"]),
        "secadmin": ("信息中心", ["secadmin"]),
        "auditor": ("信息中心", ["auditor"]),
        "coordinator": ("政府办", ["coordination"]),
        "leader": ("政府办", ["leader"]),
        "trainer": ("市信息产业局", ["trainer"]),
        "police": ("公安局", ["registrar", "unit_editor"]),
        "statistics": ("统计局", ["registrar", "unit_editor"]),
        "tourism": ("旅游局", ["unit_editor"]),
        "viewer": ("教育局", ["viewer"]),
    }
    assert {role for cast in ACCOUNTS for role in cast.roles} == set(Role)


def test_people_of_accounts_are_on_the_staff_and_the_three_administrators_are_not(city: Session) -> None:
    linked = {row.account.username for row in city.scalars(select(Staff)) if row.account is not None}
    assert linked == {cast.username for cast in ACCOUNTS} - {"admin", "secadmin", "auditor"}


def test_passwords_are_hashed_as_asked(city: Session) -> None:
    assert set(city.scalars(select(Account.password))) == {"hashed a demo password"}


def test_every_row_was_made_by_somebody_in_its_own_time(city: Session, catalog: Catalog) -> None:
    for model in (Project, Staff, Resident, IncomingDocument):
        entry = catalog.of(model)
        for row in rows_of(city, entry):
            assert row["created_by"]
            assert "2003" <= str(row["created_at"])[:4] <= str(row["updated_at"])[:4] <= "2005"


def test_loading_again_adds_nothing_and_the_same_dice_fall_the_same_way(session: Session, city: Session) -> None:
    first = seeds.demo.load(session, str.upper, "secret")
    assert first.added["resident"] == 20_000
    assert seeds.demo.load(session, str.upper, "secret").total == 0
    ours, theirs = (list(one.scalars(select(Project.investment).order_by(Project.code))) for one in (session, city))
    assert ours == theirs
    newest = select(Resident.citizen_id).order_by(Resident.id).limit(50)
    assert list(session.scalars(newest)) == list(city.scalars(newest))


def test_the_demo_leaves_alone_what_people_changed_in_the_plan(session: Session) -> None:
    seeds.plan.load(session)
    milestone = session.scalars(select(Milestone).where(Milestone.code == "GW-2003")).one()
    milestone.state, milestone.version = MilestoneState.RETURNED, 2
    session.scalars(select(Unit).where(Unit.name == "旅游局")).one().name = "文化和旅游局"
    session.commit()
    seeds.demo.load(session, str.upper, "secret")
    session.refresh(milestone)
    assert milestone.state is MilestoneState.RETURNED
    assert milestone.done is None
