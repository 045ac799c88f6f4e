"""The plan's rows: all of them, each from its sentence, once, and never over what people have changed."""

from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import seeds.plan
from models.construction import FundingSource, Milestone, MilestoneState, System, SystemGroup
from models.organisation import Level, Unit, UnitKind
from models.training import Audience, TrainingCourse
from seeds.plan.text import NotInPlan, annex, passage, plan_text, sentence

SOURCED = (Unit, System, Milestone, TrainingCourse, FundingSource)
ANNEX = (
    "市委办、政府办、东海县、赣榆县、灌云县、灌南县、新浦区、海州区、连云区、开发区、发展计划委、经贸委、教育局、科技局、公安局、财政局、"
    "人事局、劳动局、国土局、规划局、建设局、交通局、水利局、外经局、广电局、卫生局、计生委、统计局、环保局、物价局、人防办、审批办、"
    "旅游局、国税局、地税局、工商局、技术监督局、气象局、信息中心"
)


def unit_named(session: Session, name: str) -> Unit:
    return session.scalars(select(Unit).where(Unit.name == name)).one()


def system_coded(session: Session, code: str) -> System:
    return session.scalars(select(System).where(System.code == code)).one()


def test_the_39_units_of_the_annex_stand_in_its_order(planned: Session) -> None:
    found = planned.scalars(select(Unit.name).where(Unit.phase_one).order_by(Unit.code)).all()
    assert list(found) == ANNEX.split("、")
    assert len(found) == 39


def test_four_bodies_answer_for_something_without_being_networked(planned: Session) -> None:
    found = planned.scalars(select(Unit.name).where(Unit.phase_one.is_(False)).order_by(Unit.code)).all()
    assert list(found) == ["市信息产业局", "市地震局", "市港口管理局", "市国密办"]


def test_31_of_the_units_are_of_the_city(planned: Session) -> None:
    city_level = Unit.phase_one & (Unit.level == Level.CITY)
    assert planned.scalar(select(func.count()).select_from(Unit).where(city_level)) == 31


def test_counties_districts_and_the_zone_are_told_apart(planned: Session) -> None:
    assert unit_named(planned, "东海县").kind is UnitKind.COUNTY
    assert unit_named(planned, "连云区").kind is UnitKind.DISTRICT
    assert unit_named(planned, "开发区").kind is UnitKind.ZONE
    assert unit_named(planned, "市委办").kind is UnitKind.PARTY


@pytest.mark.parametrize(
    ("name", "alias"),
    [
        ("技术监督局", "市质量技术监督局"),
        ("广电局", "市广播电视局"),
        ("国土局", "国土资源局"),
        ("公安局", "市公安局"),
        ("政府办", "市政府办公室"),
    ],
)
def test_names_of_the_text_lead_to_units_of_the_annex(planned: Session, name: str, alias: str) -> None:
    assert alias in (unit_named(planned, name).aliases or "").split("、")


@pytest.mark.parametrize("record", SOURCED)
def test_every_row_keeps_words_that_stand_in_the_plan(planned: Session, record: type[Unit]) -> None:
    for row in planned.scalars(select(record)):
        assert row.source
        assert row.source in plan_text()


def test_there_are_34_systems(planned: Session) -> None:
    found = dict.fromkeys(SystemGroup, 0)
    for system in planned.scalars(select(System)):
        found[system.group] += 1
    assert list(found.values()) == [2, 6, 4, 19, 3]


def test_registries_are_keyed_as_the_plan_says(planned: Session) -> None:
    assert system_coded(planned, "RK").keyed_on == "居民身份标识"
    assert system_coded(planned, "FR").keyed_on == "组织机构代码"


@pytest.mark.parametrize(
    ("code", "units"),
    [
        ("RK", ["公安局"]),
        ("FR", ["技术监督局"]),
        ("ZR", ["发展计划委", "国土局", "信息中心"]),
        ("HG", ["统计局"]),
        ("SP", ["广电局"]),
        ("TF", ["公安局", "水利局", "广电局", "气象局", "市地震局"]),
        ("KA", ["市港口管理局"]),
        ("LY", ["旅游局"]),
        ("CA", ["市国密办"]),
        ("MH", ["信息中心"]),
        ("GX", []),
        ("ZY-07", []),
    ],
)
def test_each_system_has_the_units_that_the_plan_names(planned: Session, code: str, units: list[str]) -> None:
    system = system_coded(planned, code)
    assert sorted(unit.name for unit in system.responsible) == sorted(units)
    assert (system.lead.name if system.lead else "") in (units or [""])


def test_every_unit_of_phase_one_answers_for_document_processing(planned: Session) -> None:
    assert len(system_coded(planned, "GW").responsible) == 39


@pytest.mark.parametrize(
    ("code", "due", "share", "unit"),
    [
        ("YJ-2003", date(2003, 12, 31), None, "政府办"),
        ("YJ-2004", date(2004, 2, 29), None, "政府办"),
        ("GW-2003", date(2003, 12, 31), None, "政府办"),
        ("GW-2004-50", date(2004, 12, 31), 50, "政府办"),
        ("GW-2005-100", date(2005, 12, 31), 100, "政府办"),
        ("TF-2005", date(2005, 12, 31), None, "公安局"),
        ("HY-2005", date(2005, 12, 31), None, "政府办"),
        ("DH-2005", date(2005, 12, 31), None, "政府办"),
        ("CA-2003", date(2003, 12, 31), None, "市国密办"),
        ("SJ-2003", date(2003, 12, 31), None, "政府办"),
        ("MH-2003", date(2003, 12, 31), None, "信息中心"),
    ],
)
def test_every_milestone_has_the_plans_date(
    planned: Session, code: str, due: date, share: int | None, unit: str
) -> None:
    row = planned.scalars(select(Milestone).where(Milestone.code == code)).one()
    assert (row.due, row.target_share, row.unit.name) == (due, share, unit)
    assert row.state is MilestoneState.PLANNED
    assert row.system.code == code.split("-", maxsplit=1)[0]


def test_there_are_no_other_milestones(planned: Session) -> None:
    assert planned.scalar(select(func.count(Milestone.id))) == 11


def test_training_is_organised_as_the_plan_says(planned: Session) -> None:
    found = {row.audience: row.organiser.name for row in planned.scalars(select(TrainingCourse)) if row.organiser}
    assert found == {
        Audience.LEADERS: "市信息产业局",
        Audience.ADMINISTRATORS: "市信息产业局",
        Audience.OTHERS: "人事局",
    }


def test_money_comes_from_five_sources(planned: Session) -> None:
    found = {row.name: row.level for row in planned.scalars(select(FundingSource))}
    assert found == {
        "基本建设专项资金": Level.CITY,
        "运营商启动资金": Level.CITY,
        "财政运行经费": Level.CITY,
        "县区自筹": Level.COUNTY,
        "社会资金": None,
    }


def test_loading_again_adds_nothing(session: Session) -> None:
    first = seeds.plan.load(session)
    assert first.total == 43 + 34 + 11 + 3 + 5
    assert seeds.plan.load(session).total == 0


def test_what_people_have_changed_stays(session: Session) -> None:
    seeds.plan.load(session)
    unit = unit_named(session, "发展计划委")
    unit.name = "发展和改革委"
    milestone = session.scalars(select(Milestone).where(Milestone.code == "CA-2003")).one()
    milestone.due = date(2004, 6, 30)
    session.commit()
    seeds.plan.load(session)
    assert unit.name == "发展和改革委"
    assert milestone.due == date(2004, 6, 30)


def test_a_required_row_that_was_removed_comes_back_with_its_units_by_code(session: Session) -> None:
    seeds.plan.load(session)
    unit_named(session, "旅游局").name = "文化和旅游局"
    session.delete(system_coded(session, "LY"))
    session.commit()
    assert seeds.plan.load(session).added == {"system": 1}
    assert [unit.name for unit in system_coded(session, "LY").responsible] == ["文化和旅游局"]


def test_words_that_are_not_in_the_plan_are_refused() -> None:
    with pytest.raises(NotInPlan):
        sentence("全市一律使用云计算")
    with pytest.raises(NotInPlan):
        passage("(2)人口基础数据库主要任务", "责任主体:市教育局")


def test_words_that_stand_twice_do_not_tell_a_sentence() -> None:
    with pytest.raises(NotInPlan):
        sentence("该系统2005年底前建成使用")


def test_the_annex_is_the_last_list_of_the_plan() -> None:
    assert annex() == ANNEX
