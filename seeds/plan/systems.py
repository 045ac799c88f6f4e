"""The 34 systems of the plan, with the units that it names for each."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.construction import System, SystemGroup
from models.organisation import Unit
from seeds.plan.text import passage, sentence
from seeds.plan.units import phase_one

OFFICE, INFORMATION, VIDEO = SystemGroup.OFFICE, SystemGroup.INFORMATION, SystemGroup.VIDEO
BUSINESS, SECURITY = SystemGroup.BUSINESS, SystemGroup.SECURITY


@dataclass(frozen=True)
class Planned:
    """A system: words of the sentence that describes it, and the words with which its passage ends, if it is longer.

    The first of `units` leads; without any, the plan leaves the responsibility to the state and the province.
    """

    code: str
    name: str
    group: SystemGroup
    words: str
    until: str = ""
    units: tuple[str, ...] = ()
    keyed_on: str | None = None


ALL = ("政府办", *(name for name in phase_one() if name != "政府办"))

DESCRIBED = (
    Planned("YJ", "电子邮件", OFFICE, "(1)电子邮件系统是", "责任主体:市政府办公室", ("政府办",)),
    Planned("GW", "公文处理", OFFICE, "(2)公文处理系统主要", "责任主体:市政府办公室、各县(区)政府及各有关单位", ALL),
    Planned("GX", "共享信息", INFORMATION, "(1)共享信息系统主要"),
    Planned("JC", "决策支持", INFORMATION, "由共享信息系统、决策支持系统构成"),
    Planned(
        "RK", "人口库", INFORMATION, "(2)人口基础数据库主要任务", "责任主体:市公安局", ("公安局",), "居民身份标识"
    ),
    Planned(
        "FR", "法人库", INFORMATION, "(3)法人单位基础数据库主要任务", "责任主体:市质量技术监督局", ("技术监督局",),
        "组织机构代码",
    ),
    Planned(
        "ZR", "自然资源和空间地理库", INFORMATION, "(4)自然资源和空间地理基础数据库主要任务",
        "责任主体:市发展计划委、国土资源局、市信息中心", ("发展计划委", "国土局", "信息中心"),
    ),
    Planned("HG", "宏观经济库", INFORMATION, "(5)宏观经济数据库主要任务", "责任主体:市统计局", ("统计局",)),
    Planned("SP", "视频资料", VIDEO, "(1)视频资料系统", "责任主体:市广播电视局", ("广电局",)),
    Planned(
        "TF", "突发事件和重大灾害信息采集", VIDEO, "(2)突发事件和重大灾害信息采集系统",
        "责任主体:市公安局、广电局、水利局、气象局、地震局", ("公安局", "广电局", "水利局", "气象局", "市地震局"),
    ),
    Planned("HY", "视频会议", VIDEO, "(3)视频会议系统", "责任主体:市政府办公室", ("政府办",)),
    Planned("DH", "可视电话和网络电话", VIDEO, "(4)可视电话和网络电话系统", "责任主体:市政府办公室", ("政府办",)),
)  # fmt: skip

IMPORTANT = (
    "办公业务资源", "宏观经济管理", "社会保障", "金关", "金税", "金卡", "金财", "金盾", "金审", "金农", "金质", "金水",
    "交通", "工商", "外经贸", "教育", "科技",
)  # fmt: skip
"""The 17 important business systems, in the plan's order."""

LED = (
    Planned("KA", "口岸", BUSINESS, "由市港口管理局牵头实施", units=("市港口管理局",)),
    Planned("LY", "旅游", BUSINESS, "由市旅游局牵头实施", units=("旅游局",)),
    Planned("CA", "CA认证中心", SECURITY, "由市国密办牵头组建", units=("市国密办",)),
    Planned("SJ", "网络数据服务中心", SECURITY, "网络数据服务中心由市政府办公室牵头组建", units=("政府办",)),
    Planned("MH", "门户网站运营管理中心", SECURITY, "门户网站运营管理中心由市信息中心牵头组建", units=("信息中心",)),
)


def planned_systems() -> tuple[Planned, ...]:
    """Every system of the plan, in its order."""
    important = tuple(
        Planned(f"ZY-{place:02}", name, BUSINESS, "若干重要业务系统是为提高") for place, name in enumerate(IMPORTANT, 1)
    )
    return (*DESCRIBED, *important, *LED)


def systems(units: Mapping[str, Unit]) -> list[System]:
    """Every system of the plan; `units` by name."""
    return [
        System(
            code=item.code,
            name=item.name,
            group=item.group,
            lead=units[item.units[0]] if item.units else None,
            responsible=[units[name] for name in item.units],
            keyed_on=item.keyed_on,
            source=passage(item.words, item.until) if item.until else sentence(item.words),
        )
        for item in planned_systems()
    ]
