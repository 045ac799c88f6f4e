"""The plan's dated targets, who trains whom, and where the money comes from."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from models.construction import FundingSource, Milestone, System
from models.organisation import Level, Unit
from models.training import Audience, TrainingCourse
from seeds.plan.text import passage, sentence

MAIL = "该系统2003年底试运行"
DOCUMENTS = "市政府办公室于2003年底率先完成"
IN_USE = "该系统2005年底前建成使用。"
DISASTERS = "(2)突发事件和重大灾害信息采集系统"
CONFERENCES = "(3)视频会议系统"
PHONES = "(4)可视电话和网络电话系统"
CENTRES = "2003年开始组建省电子政务CA认证中心连云港市分中心"

MILESTONES: tuple[tuple[str, str, str, date, int | None, str], ...] = (
    ("YJ-2003", "电子邮件系统试运行", "政府办", date(2003, 12, 31), None, MAIL),
    ("YJ-2004", "电子邮件系统正式运行", "政府办", date(2004, 2, 29), None, MAIL),
    ("GW-2003", "公文处理：市政府办公室率先完成", "政府办", date(2003, 12, 31), None, DOCUMENTS),
    ("GW-2004-50", "公文处理：全市市级机关实现率达到 50 %", "政府办", date(2004, 12, 31), 50, DOCUMENTS),
    ("GW-2005-100", "公文处理：全市市级机关实现率达到 100 %", "政府办", date(2005, 12, 31), 100, DOCUMENTS),
    ("TF-2005", "突发事件和重大灾害信息采集系统建成使用", "公安局", date(2005, 12, 31), None, DISASTERS),
    ("HY-2005", "视频会议系统建成使用", "政府办", date(2005, 12, 31), None, CONFERENCES),
    ("DH-2005", "可视电话和网络电话系统建成使用", "政府办", date(2005, 12, 31), None, PHONES),
    ("CA-2003", "CA认证中心开始组建", "市国密办", date(2003, 12, 31), None, CENTRES),
    ("SJ-2003", "网络数据服务中心开始组建", "政府办", date(2003, 12, 31), None, CENTRES),
    ("MH-2003", "门户网站运营管理中心开始组建", "信息中心", date(2003, 12, 31), None, CENTRES),
)
"""Code (its first part is the system's), title, responsible unit, due, target share, words of the plan."""

COURSES = (
    ("PX-LD", "主管领导业务培训", Audience.LEADERS, "市信息产业局"),
    ("PX-GL", "应用系统管理员技术培训", Audience.ADMINISTRATORS, "市信息产业局"),
    ("PX-RY", "其他工作人员计算机应用培训", Audience.OTHERS, "人事局"),
)
"""Code, title, audience, organiser."""

FUNDING: tuple[tuple[str, str, Level | None, str, str], ...] = (
    ("JB", "基本建设专项资金", Level.CITY, "市级系统建设", "从市预算内的基本专项建设资金中安排"),
    ("YY", "运营商启动资金", Level.CITY, "市电子政务网络建设启动", "由网络服务运营商负责"),
    ("CZ", "财政运行经费", Level.CITY, "市级系统建成后的运行", "由市财政在预算中统一安排并集中支付"),
    ("XQ", "县区自筹", Level.COUNTY, "县（区）级系统的建设和运行", "由各县(区)负责"),
    ("SH", "社会资金", None, "参与电子政务建设", "吸引社会资金参与电子政务建设"),
)
"""Code, name, level, what it covers, words of the plan."""


def milestones(units: Mapping[str, Unit], systems: Mapping[str, System]) -> list[Milestone]:
    """Every dated target; `units` by name, `systems` by code."""
    return [
        Milestone(
            code=code,
            title=title,
            system=systems[code.split("-")[0]],
            unit=units[unit],
            due=due,
            target_share=None if share is None else Decimal(share),
            source=_target_sentence(words),
        )
        for code, title, unit, due, share, words in MILESTONES
    ]


def _target_sentence(words: str) -> str:
    # The plan says the same of three systems: the sentence needs those before it, which say of which.
    return passage(words, IN_USE) if words in (DISASTERS, CONFERENCES, PHONES) else sentence(words)


def courses(units: Mapping[str, Unit]) -> list[TrainingCourse]:
    """One course for each audience, with its organiser."""
    source = sentence("主管领导同志的业务培训和应用系统管理员的技术培训由市信息产业局负责")
    return [
        TrainingCourse(code=code, title=title, audience=audience, organiser=units[organiser], source=source)
        for code, title, audience, organiser in COURSES
    ]


def funding() -> list[FundingSource]:
    """Every source of money."""
    return [
        FundingSource(code=code, name=name, level=level, covers=covers, source=sentence(words))
        for code, name, level, covers, words in FUNDING
    ]
