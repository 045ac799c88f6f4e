"""How the plan went: systems, milestones, and the systems' way into the units."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import update

from models.construction import Deployment, Milestone, MilestoneState, System, SystemStatus
from seeds.demo.city import LAST_DAY, City

COORDINATOR = "周海峰"
"""Who accepts milestones and keeps the systems' status."""

STATUS = {
    SystemStatus.RUNNING: ("YJ", "GW", "GX", "RK", "HG", "SJ", "MH", "SP", "ZY-01", "ZY-05", "ZY-07", "ZY-08", "ZY-16"),
    SystemStatus.TRIAL: ("FR", "LY", "HY", "CA", "ZY-03", "ZY-11", "ZY-14"),
    SystemStatus.BUILDING: ("JC", "ZR", "TF", "DH", "KA", "ZY-02", "ZY-04", "ZY-12", "ZY-13", "ZY-15", "ZY-17"),
}
"""How far each system is at the end of 2005; the others are still planned."""

PLANNED, SUBMITTED = MilestoneState.PLANNED, MilestoneState.SUBMITTED
RETURNED, ACCEPTED = MilestoneState.RETURNED, MilestoneState.ACCEPTED

OUTCOMES: dict[str, tuple[MilestoneState, date | None, date | None, str | None]] = {
    "YJ-2003": (ACCEPTED, date(2003, 12, 29), date(2004, 1, 8), None),
    "YJ-2004": (ACCEPTED, date(2004, 2, 24), date(2004, 3, 5), None),
    "GW-2003": (ACCEPTED, date(2003, 12, 30), date(2004, 1, 8), None),
    "GW-2004-50": (ACCEPTED, date(2004, 12, 22), date(2005, 1, 10), None),
    "GW-2005-100": (SUBMITTED, date(2005, 12, 27), None, None),
    "HY-2005": (ACCEPTED, date(2005, 11, 25), date(2005, 12, 8), None),
    "DH-2005": (RETURNED, date(2005, 12, 20), None, "三部可视电话未通过保密检查，整改后重新提交"),
    "SJ-2003": (ACCEPTED, date(2003, 12, 26), date(2004, 1, 15), None),
    "MH-2003": (ACCEPTED, date(2004, 6, 28), date(2004, 7, 9), None),
    "CA-2003": (ACCEPTED, date(2004, 11, 18), date(2004, 12, 2), None),
}
"""What came of the plan's milestones: state, done, accepted, reason; disaster information is still not done."""

Further = tuple[str, str, str, date, date | None, MilestoneState]
FURTHER: tuple[Further, ...] = (
    ("RK-2004-1", "人口库：市区人口数据入库", "公安局", date(2004, 6, 30), date(2004, 6, 18), ACCEPTED),
    ("RK-2004-2", "人口库：四县人口数据入库", "公安局", date(2004, 12, 31), date(2005, 1, 20), ACCEPTED),
    ("RK-2005-1", "人口库：联机查询服务开通", "公安局", date(2005, 9, 30), date(2005, 12, 16), SUBMITTED),
    ("FR-2004-1", "法人库：机关事业单位入库", "技术监督局", date(2004, 9, 30), date(2004, 9, 24), ACCEPTED),
    ("FR-2005-1", "法人库：企业法人入库", "技术监督局", date(2005, 6, 30), date(2005, 6, 29), ACCEPTED),
    ("FR-2005-2", "法人库：查询服务系统开通", "技术监督局", date(2005, 12, 31), None, PLANNED),
    ("ZR-2005-1", "自然资源库：土地和耕地数据入库", "国土局", date(2005, 6, 30), date(2005, 7, 22), ACCEPTED),
    ("ZR-2005-2", "自然资源库：交换和共享机制形成", "发展计划委", date(2005, 12, 31), None, PLANNED),
    ("HG-2004-1", "宏观经济库：指标体系审定", "统计局", date(2004, 3, 31), date(2004, 3, 26), ACCEPTED),
    ("HG-2005-1", "宏观经济库：十年历史数据入库", "统计局", date(2005, 3, 31), date(2005, 3, 30), ACCEPTED),
    ("HG-2005-2", "宏观经济库：县区指标按月上报", "统计局", date(2005, 10, 31), date(2005, 11, 14), RETURNED),
    ("SP-2004-1", "视频资料：要闻录像点播开通", "广电局", date(2004, 10, 31), date(2004, 10, 12), ACCEPTED),
    ("KA-2005-1", "口岸信息业务系统试运行", "市港口管理局", date(2005, 9, 30), None, PLANNED),
    ("LY-2004-1", "旅游信息业务系统需求审定", "旅游局", date(2004, 8, 31), date(2004, 8, 27), ACCEPTED),
    ("LY-2005-1", "旅游信息业务系统试运行", "旅游局", date(2005, 5, 1), date(2005, 4, 28), ACCEPTED),
    ("LY-2006-1", "旅游信息业务系统正式运行", "旅游局", date(2006, 4, 30), None, PLANNED),
)
"""Milestones that the units set themselves: code, title, unit, due, done, state."""

ADOPTION = (
    ("政府办", date(2003, 12, 30)), ("市委办", date(2004, 2, 9)), ("信息中心", date(2004, 2, 16)),
    ("发展计划委", date(2004, 3, 8)), ("财政局", date(2004, 3, 22)), ("公安局", date(2004, 4, 12)),
    ("人事局", date(2004, 4, 26)), ("统计局", date(2004, 5, 17)), ("科技局", date(2004, 5, 31)),
    ("国土局", date(2004, 6, 14)), ("交通局", date(2004, 6, 25)), ("规划局", date(2004, 9, 17)),
    ("教育局", date(2004, 10, 11)), ("地税局", date(2004, 11, 8)), ("物价局", date(2004, 11, 29)),
    ("技术监督局", date(2004, 12, 22)), ("旅游局", date(2005, 1, 17)), ("建设局", date(2005, 2, 21)),
    ("水利局", date(2005, 3, 14)), ("经贸委", date(2005, 3, 28)), ("广电局", date(2005, 4, 18)),
    ("劳动局", date(2005, 5, 16)), ("工商局", date(2005, 6, 6)), ("外经局", date(2005, 6, 27)),
    ("环保局", date(2005, 7, 25)), ("国税局", date(2005, 8, 22)), ("计生委", date(2005, 9, 19)),
    ("审批办", date(2005, 10, 17)), ("卫生局", date(2005, 11, 14)), ("人防办", date(2005, 12, 5)),
    ("气象局", date(2005, 12, 27)),
)  # fmt: skip
"""When document processing came to the 31 bodies of the city: 11 by mid-2004, 16 (51.6 %) by its end, all by 2005."""

LATE = {"规划局": date(2004, 3, 31), "物价局": date(2004, 4, 30), "卫生局": date(2005, 3, 31)}
"""Units that were planned to be in service long before they were."""
COUNTY_LEVEL = ("东海县", "赣榆县", "灌云县", "灌南县", "新浦区", "海州区", "连云区", "开发区")


def fill(city: City) -> None:
    """Let the plan's systems and milestones take their course, and add deployments."""
    for status, codes in STATUS.items():
        city.session.execute(
            update(System)
            .where(System.code.in_(codes), System.status == SystemStatus.PLANNED, System.version == 1)
            .values(status=status, updated_at=city.moment(LAST_DAY), updated_by=COORDINATOR)
        )
    for code, (state, done, accepted, reason) in OUTCOMES.items():
        city.session.execute(
            update(Milestone)
            .where(Milestone.code == code, Milestone.state == PLANNED, Milestone.version == 1)
            .values(
                state=state,
                done=done,
                accepted=accepted,
                reason=reason,
                updated_at=city.moment(accepted or done or LAST_DAY),
                updated_by=COORDINATOR,
            )
        )
    city.add(Milestone, [_further(city, row) for row in FURTHER])
    city.add(Deployment, _deployments(city))


def _further(city: City, planned: Further) -> dict[str, Any]:
    code, title, unit, due, done, state = planned
    return {
        "code": code, "title": title, "system_id": city.systems[code.partition("-")[0]],
        "unit_id": city.units[unit], "due": due, "done": done, "state": state, "made": due - timedelta(days=180),
        "stamped_by": city.administrator(unit).name,
        "accepted": done + timedelta(days=12) if done and state is ACCEPTED else None,
        "reason": "县区数据未覆盖灌南县，请补齐后提交" if state is RETURNED else None,
        "criteria": "数据抽查合格率不低于 98 %，系统连续运行 30 天无重大故障。" if done else None,
    }  # fmt: skip


def _deployments(city: City) -> list[dict[str, Any]]:
    departments = tuple(unit for unit, _ in ADOPTION)
    rows = [_row(city, "GW", unit, live, LATE.get(unit)) for unit, live in ADOPTION]
    for number, unit in enumerate(COUNTY_LEVEL):
        rows.append(_row(city, "GW", unit, date(2004, 10, 15) + timedelta(days=52 * number)))
    for number, unit in enumerate((*departments, *COUNTY_LEVEL)):
        rows.append(_row(city, "YJ", unit, date(2003, 12, 29) + timedelta(days=number * number // 9)))
        shared = date(2004, 5, 10) + timedelta(days=17 * number)
        rows.append(_row(city, "GX", unit, shared if number % 13 != 12 else None, shared))
    for number, unit in enumerate(("政府办", "市委办", *COUNTY_LEVEL)):
        rows.append(_row(city, "HY", unit, date(2005, 9, 5) + timedelta(days=9 * number)))
    for number, unit in enumerate(("政府办", "市委办", "公安局", "水利局", "人防办")):
        rows.append(_row(city, "DH", unit, date(2005, 12, 12) if number < 3 else None, date(2005, 12, 15)))
    disasters = ("公安局", "广电局", "水利局", "气象局", "市地震局")
    return rows + [_row(city, "TF", unit, None, date(2005, 10, 31)) for unit in disasters]


def _row(city: City, system: str, unit: str, live: date | None, planned: date | None = None) -> dict[str, Any]:
    """A deployment; without a plan of its own, it went live within some weeks of it."""
    if live is not None and live > LAST_DAY:
        live, planned = None, planned or live
    target = planned or (live or LAST_DAY) + timedelta(days=city.rng.randrange(-20, 30))
    return {
        "system_id": city.systems[system], "unit_id": city.units[unit], "planned": target, "live": live,
        "users": city.rng.randrange(20, len(city.staff[unit])) if live else None,
        "remark": "等待机房改造完成" if live is None else None,
        "made": min(target - timedelta(days=90), LAST_DAY), "stamped_by": city.administrator(unit).name,
    }  # fmt: skip
