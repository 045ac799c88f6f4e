"""Some 60 projects with their steps, and budgets from 2003 to 2005."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from models.construction import BudgetCategory, BudgetLine, FundingSource, Project, ProjectKind, ProjectStep, Stage
from models.organisation import Level
from seeds.demo.city import LAST_DAY, City
from seeds.demo.construction import COUNTY_LEVEL
from seeds.plan.text import sentence

FIRST_CODE = "XM-2003-001"
MODEL_CODE = "XM-2004-017"
"""The project of the pictures, with its exact figures."""

NETWORK, BUSINESS, DATABASE, CENTRE = (
    ProjectKind.NETWORK, ProjectKind.BUSINESS, ProjectKind.DATABASE, ProjectKind.CENTRE,
)  # fmt: skip
KINDS = {"网": NETWORK, "业": BUSINESS, "库": DATABASE, "心": CENTRE}

PROJECTS = {
    2003: """网 政府办 - 市电子政务内网平台（一期） 680
业 政府办 YJ 电子邮件系统 86
业 政府办 GW 公文处理系统（一期） 145
心 政府办 SJ 网络数据服务中心（一期） 420
心 市国密办 CA CA认证中心连云港市分中心 260
心 信息中心 MH 门户网站运营管理中心 190
库 公安局 RK 人口基础数据库（一期） 380
业 公安局 ZY-08 金盾工程一期连云港分项 560
业 国税局 ZY-05 金税二期扩容 310
业 劳动局 ZY-03 社会保障信息系统 450
网 教育局 ZY-16 教育城域网（一期） 390
网 东海县 - 东海县内网接入 118
网 新浦区 - 新浦区内网接入 76""",
    2004: """业 政府办 GW 公文处理系统（二期） 160
业 政府办 GX 共享信息系统 128
网 政府办 - 市电子政务内网平台（二期） 520
库 技术监督局 FR 法人单位基础数据库（一期） 172
库 国土局 ZR 国土资源基础信息库 240
库 发展计划委 ZR 自然资源和空间地理库总体设计 95
库 统计局 HG 宏观经济数据库（一期） 136
业 广电局 SP 视频资料系统 285
业 旅游局 LY 旅游信息业务系统（一期） 148
业 市港口管理局 KA 口岸信息业务系统 360
业 工商局 ZY-14 工商行政管理信息系统 215
业 交通局 ZY-13 交通运政管理信息系统 198
业 地税局 ZY-05 地税征管数据集中 330
网 赣榆县 - 赣榆县内网接入 110
网 灌云县 - 灌云县内网接入 98
网 海州区 - 海州区内网接入 64
业 财政局 ZY-07 政府采购管理系统（一期） 286
业 财政局 ZY-07 国库集中支付系统 265
库 公安局 RK 人口基础数据库（二期） 298
业 水利局 ZY-12 防汛防旱指挥系统 342
业 审批办 - 行政审批网上办理系统 88
业 信息中心 MH 门户网站改版 56
业 人事局 - 人事信息管理系统 72
网 连云区 - 连云区内网接入 68""",
    2005: """业 政府办 HY 视频会议系统 480
业 政府办 DH 可视电话和网络电话系统 165
业 政府办 JC 决策支持系统 230
业 公安局 TF 突发事件信息采集平台 410
业 水利局 TF 水情雨情信息采集点 125
业 气象局 TF 气象卫星云图接收与发布 96
业 市地震局 TF 地震信息采集点 58
业 广电局 TF 重大新闻信息采集点 74
库 统计局 HG 宏观经济数据库（二期） 118
库 技术监督局 FR 法人单位基础数据库（二期） 140
库 国土局 ZR 海域使用与耕地保护信息库 176
业 科技局 ZY-17 科技计划管理信息系统 62
业 外经局 ZY-15 外经贸综合业务系统 105
业 经贸委 ZY-06 金卡工程公用平台 150
业 旅游局 LY 旅游信息业务系统（二期） 92
业 环保局 - 污染源在线监测系统 215
业 卫生局 - 疫情报告信息系统 184
业 规划局 - 规划审批管理系统 112
业 建设局 - 房地产市场信息系统 134
业 计生委 RK 育龄妇女信息系统 78
业 物价局 - 价格监测信息系统 45
网 灌南县 - 灌南县内网接入 92
网 开发区 - 开发区内网接入 84
心 政府办 SJ 异地数据备份中心 318""",
}
"""By year: kind, unit, system, title, total in ten thousand yuan."""

STAGES = list(Stage)
GROUP = "市电子政务建设协调指导小组"
ACTORS = (GROUP, "市发展计划委", "专家论证组", "市政府采购中心", "监理单位", GROUP)
"""Who takes a project out of each of its stages."""
REMARKS = (
    "符合全市统一部署，没有重复建设。", "可研报告内容完整，同意上报论证。",
    "技术方案可行，软件费用比重适当提高后通过。", "公开招标，三家单位入围。",
    "隐蔽工程和设备到货均已查验。", "试运行满三个月，同意验收。",
)  # fmt: skip
SPLIT = {
    NETWORK: (12, 30, 44, 9, 5),
    BUSINESS: (42, 33, 8, 11, 6),
    DATABASE: (46, 28, 6, 13, 7),
    CENTRE: (26, 44, 12, 12, 6),
}
"""How a project's money is spread over `BudgetCategory`, in per cent."""
TEN_THOUSAND = Decimal(10_000)


def fill(city: City) -> None:
    """Add the projects, the steps they have taken, and their budget lines."""
    rows = _projects(city)
    city.add(Project, rows)
    ids = city.ids(Project.code)
    city.add(ProjectStep, [step for row in rows for step in _steps(city, row, ids[row["code"]])])
    sources = city.ids(FundingSource.code)
    city.add(BudgetLine, [line for row in rows for line in _budget(city, row, ids[row["code"]], sources)])


def _projects(city: City) -> list[dict[str, Any]]:
    unit_names = {unit_id: name for name, unit_id in city.units.items()}
    platform = sentence("电子政务网络平台建设由市电子政务建设协调指导小组牵头")
    rows = []
    for year, text in PROJECTS.items():
        for number, line in enumerate(text.splitlines(), 1):
            kind, unit, system, title, total = line.split()
            starts = date(year, 1, 10) + timedelta(days=9 * number + city.rng.randrange(20))
            rows.append({
                "code": f"XM-{year}-{number:03}", "title": title, "unit_id": city.units[unit], "kind": KINDS[kind],
                "system_id": city.systems.get(system), "investment": int(total) * TEN_THOUSAND, "starts": starts,
                "acceptance": starts + timedelta(days=city.rng.randrange(280, 460)),
                "stage": _stage(city, year, number),
                "manager_id": city.rng.choice(city.staff[unit][:4]).id, "administrator_id": city.administrator(unit).id,
                "summary": f"按照全市统一部署，由{unit}组织实施{title}建设，杜绝重复建设。",
                "source": platform if title.startswith("市电子政务内网平台") else None,
                "made": starts, "stamped_by": city.administrator(unit_names[city.units[unit]]).name,
            })  # fmt: skip
    model = next(row for row in rows if row["code"] == MODEL_CODE)
    model.update(stage=Stage.APPROVAL, starts=date(2004, 3, 8), acceptance=date(2005, 3, 31))
    return rows


def _stage(city: City, year: int, number: int) -> Stage:
    """Older projects are further; a few were held up."""
    furthest = {2003: 5, 2004: 5, 2005: 4}[year] - (number % 4 if year > 2003 else number % 7 == 6)
    return STAGES[max(0, furthest - (2 if city.rng.random() < 0.1 else 0))]


def _steps(city: City, project: dict[str, Any], project_id: int) -> list[dict[str, Any]]:
    """One step for each stage that the project has left, and the last for those that were accepted."""
    if project["code"] == MODEL_CODE:
        dates = [date(2004, 3, 25), date(2004, 6, 25)]
    else:
        passed = STAGES.index(project["stage"]) + (project["stage"] is Stage.ACCEPTANCE)
        gap = (min(project["acceptance"], LAST_DAY) - project["starts"]).days // 6
        dates = [project["starts"] + timedelta(days=gap * number + city.rng.randrange(max(1, gap)))
                 for number in range(passed)]  # fmt: skip
    return [
        {
            "project_id": project_id, "stage": STAGES[number], "taken": min(day, LAST_DAY), "by": ACTORS[number],
            "remark": REMARKS[number] if city.rng.random() < 0.7 else None, "made": min(day, LAST_DAY),
            "stamped_by": project["created_by"],
        }
        for number, day in enumerate(dates)
    ]  # fmt: skip


def _budget(city: City, project: dict[str, Any], project_id: int, sources: dict[str, int]) -> list[dict[str, Any]]:
    """A line for each year and category, from the source that pays for it by the plan."""
    model = project["code"] == MODEL_CODE
    lines = MODEL_LINES if model else _amounts(city, project)
    return [
        {
            "project_id": project_id, "year": year, "category": category, "planned": Decimal(planned),
            "approved": None if approved is None else Decimal(approved),
            "spent": None if spent is None else Decimal(spent),
            "level": Level.COUNTY if _of_a_county(city, project) else Level.CITY,
            "source_id": sources[_source(city, project, category)],
            "made": date(year, 2, 20), "stamped_by": project["created_by"],
        }
        for year, category, planned, approved, spent in lines
    ]  # fmt: skip


Amounts = tuple[int, BudgetCategory, Decimal | int, Decimal | int | None, Decimal | int | None]
"""Year, category, planned, approved, spent, in yuan."""


def _amounts(city: City, project: dict[str, Any]) -> list[Amounts]:
    first = project["starts"].year
    years = [year for year in (first, first + 1) if year <= min(project["acceptance"].year, LAST_DAY.year)]
    decided = STAGES.index(project["stage"]) > STAGES.index(Stage.APPROVAL)
    found: list[Amounts] = []
    for place, year in enumerate(years):
        part = Decimal(100 if len(years) == 1 else (62, 38)[place])
        for category, share in zip(BudgetCategory, SPLIT[project["kind"]], strict=True):
            planned = _hundreds(project["investment"] * part * (share + city.rng.randrange(-3, 4)) / 10_000)
            approved = _hundreds(planned * city.rng.randrange(82, 101) / 100) if decided else None
            spent = _hundreds(approved * city.rng.randrange(35, 101) / 100) if approved else None
            found.append((year, category, planned, approved, spent))
    return found


MODEL_LINES: tuple[Amounts, ...] = (
    (2004, BudgetCategory.SOFTWARE, 1_220_000, 1_025_000, 316_000),
    (2004, BudgetCategory.HARDWARE, 1_080_000, 960_000, 265_000),
    (2004, BudgetCategory.OPERATION, 340_000, 275_000, 0),
    (2004, BudgetCategory.TRAINING, 220_000, 140_000, 0),
)


def _source(city: City, project: dict[str, Any], category: BudgetCategory) -> str:
    """The code of the source that pays by the plan: counties for themselves, the city by purpose."""
    if _of_a_county(city, project):
        return "XQ"
    if category in (BudgetCategory.OPERATION, BudgetCategory.TRAINING):
        return "CZ"
    if category is BudgetCategory.NETWORK and project["kind"] is NETWORK:
        return "YY"
    return "SH" if city.rng.random() < 0.06 else "JB"


def _of_a_county(city: City, project: dict[str, Any]) -> bool:
    return project["unit_id"] in [city.units[unit] for unit in COUNTY_LEVEL]


def _hundreds(amount: Decimal) -> Decimal:
    """The amount rounded to whole hundreds of yuan, as budgets are."""
    return (amount / 100).quantize(Decimal(1)) * 100
