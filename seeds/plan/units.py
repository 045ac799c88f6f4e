"""The units of the annex in its order, and the bodies that the plan charges without networking them in phase one."""

from models.organisation import Level, Unit, UnitKind
from seeds.plan.text import annex, plan_text, sentence

ALIASES = {
    "政府办": ("市政府办公室",),
    "发展计划委": ("市发展计划委",),
    "公安局": ("市公安局",),
    "财政局": ("市财政",),
    "人事局": ("市人事局",),
    "国土局": ("国土资源局",),
    "广电局": ("市广播电视局",),
    "统计局": ("市统计局",),
    "旅游局": ("市旅游局",),
    "技术监督局": ("市质量技术监督局",),
    "信息中心": ("市信息中心",),
    "市地震局": ("地震局",),
}
"""What the plan's text calls a unit, by the name in its annex."""

KINDS = {
    "市委办": UnitKind.PARTY,
    "开发区": UnitKind.ZONE,
    "审批办": UnitKind.AFFILIATED,
    "信息中心": UnitKind.AFFILIATED,
}
"""Kinds that the name's last character does not tell."""

NOT_NETWORKED = {
    "41": ("市信息产业局", "主管领导同志的业务培训和应用系统管理员的技术培训由市信息产业局负责"),
    "42": ("市地震局", "责任主体:市公安局、广电局、水利局、气象局、地震局"),
    "43": ("市港口管理局", "由市港口管理局牵头实施"),
    "44": ("市国密办", "由市国密办牵头组建"),
}
"""Bodies with a duty in the plan and no place in the annex: name, and words of the sentence that names them."""


def phase_one() -> tuple[str, ...]:
    """The names of the annex, in its order."""
    return tuple(annex().split("、"))


def _kind(name: str) -> UnitKind:
    by_ending = {"县": UnitKind.COUNTY, "区": UnitKind.DISTRICT}
    return KINDS.get(name) or by_ending.get(name[-1], UnitKind.DEPARTMENT)


def _aliases(name: str) -> str | None:
    known = ALIASES.get(name, ())
    if missing := [alias for alias in known if alias not in plan_text()]:
        raise LookupError(f"the plan does not hold {missing}")
    return "、".join(known) or None


def units() -> list[Unit]:
    """Every unit of the plan."""
    found = []
    for place, name in enumerate(phase_one(), 1):
        kind = _kind(name)
        county = kind in (UnitKind.COUNTY, UnitKind.DISTRICT, UnitKind.ZONE)
        found.append(Unit(
            code=f"{place:02}", name=name, kind=kind, level=Level.COUNTY if county else Level.CITY, phase_one=True,
            aliases=_aliases(name), source=annex(),
        ))  # fmt: skip
    for code, (name, words) in NOT_NETWORKED.items():
        found.append(Unit(
            code=code, name=name, kind=UnitKind.DEPARTMENT, level=Level.CITY, phase_one=False,
            aliases=_aliases(name), source=sentence(words),
        ))  # fmt: skip
    return found
