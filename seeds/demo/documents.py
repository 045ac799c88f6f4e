"""Documents received and sent, at every step."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

from app.declare import Classification
from models.documents import (
    DocumentKind,
    IncomingDocument,
    IncomingState,
    OutgoingDocument,
    OutgoingState,
    Urgency,
)
from seeds.demo.city import FIRST_DAY, LAST_DAY, City

SENDERS = (
    ("省政府办公厅", "苏政办发"), ("省委办公厅", "苏办发"), ("省信息产业厅", "苏信发"), ("省发展计划委", "苏计高技发"),
    ("省人事厅", "苏人发"), ("国务院信息化工作办公室", "国信办"), ("市委办", "连委办发"), ("市政府", "连政发"),
    ("市电子政务建设协调指导小组", "连电政发"), ("省保密局", "苏密发"),
)  # fmt: skip
SUBJECTS = (
    "加强电子政务网络建设", "电子政务内网接入", "做好公文处理系统推广应用", "信息安全保密检查",
    "规范动态信息报送", "机关工作人员计算机应用能力考核", "电子政务项目概算标准", "人口基础数据库数据核对",
    "法人单位数据交换", "政府门户网站内容保障", "视频会议系统联调", "网络与信息安全应急预案",
    "软件正版化", "数据备份和灾难恢复", "行政审批网上办理", "防汛防旱信息采集",
    "口岸信息业务系统建设", "旅游信息资源整合", "统计数据月度上报", "电子政务建设资金管理",
)  # fmt: skip
ENDINGS = {
    DocumentKind.NOTICE: "的通知", DocumentKind.OPINION: "的意见", DocumentKind.CIRCULAR: "情况的通报",
    DocumentKind.REPORT: "情况的报告", DocumentKind.REQUEST: "的请示", DocumentKind.REPLY: "的批复",
    DocumentKind.LETTER: "有关事项的函", DocumentKind.MINUTES: "专题会议纪要", DocumentKind.DECISION: "的决定",
    DocumentKind.PUBLIC_NOTICE: "的通告", DocumentKind.ANNOUNCEMENT: "的公告", DocumentKind.RESOLUTION: "的决议",
    DocumentKind.DECREE: "的命令", DocumentKind.COMMUNIQUE: "的公报", DocumentKind.MOTION: "的议案",
}  # fmt: skip
COMMON = (40, 9, 8, 10, 12, 7, 10, 6, 2, 1, 1, 1, 1, 1, 1)
INCOMING, OUTGOING = 420, 330
INCOMING_STATES = (4, 5, 5, 9, 7, 4, 8, 58)
OUTGOING_STATES = (14, 12, 10, 10, 10, 9, 9, 13, 13)
"""How the documents spread over their steps, in the order of the steps."""
SIGNED = list(OutgoingState).index(OutgoingState.RECHECK)
NUMBERED = list(OutgoingState).index(OutgoingState.REGISTERED)
ORDINARY_DAYS, URGENT_DAYS = 15, 3
FINISHED_DAYS = 120
"""A document that was drafted longer ago is in the archive."""
OPEN_DAYS = 25
"""A document that is not dealt with came in at most so many days ago, or it is late."""


STEMS = {
    "政府办": "连政办", "市委办": "连委办", "灌云县": "灌云政", "灌南县": "灌南政", "开发区": "连开管",
    "连云区": "连区政", "信息中心": "连信中",
}  # fmt: skip
"""The letters of document numbers that do not follow from the unit's name."""
SHARED_LETTERS = "国人地"
"""Characters that more than one unit's name begins with."""


def fill(city: City) -> None:
    """Add both kinds, the older ones further on."""
    city.add(IncomingDocument, [_incoming(city) for _ in range(INCOMING)])
    # The circular below has a number of its own.
    numbers = Counter({("政府办", 2004): 60})
    days = sorted(city.day() for _ in range(OUTGOING))
    city.add(OutgoingDocument, [_circular(city), *(_outgoing(city, day, numbers) for day in days)])


def _unit(city: City) -> str:
    """A unit; the government office has more papers than the others."""
    return "政府办" if city.rng.random() < 0.25 else city.rng.choice(list(city.units))


def _incoming(city: City) -> dict[str, Any]:
    rng, unit = city.rng, _unit(city)
    sender, letters = rng.choice(SENDERS)
    state = rng.choices(list(IncomingState), INCOMING_STATES)[0]
    finished = state in (IncomingState.ANSWERED, IncomingState.ARCHIVED)
    overdue = state is IncomingState.URGED or rng.random() < 0.05
    first = FIRST_DAY if finished or overdue else LAST_DAY - timedelta(days=OPEN_DAYS)
    received = city.day(first, LAST_DAY - timedelta(days=40) if finished or overdue else LAST_DAY)
    urgency = rng.choices(list(Urgency), (78, 17, 5))[0]
    subject = rng.choice(SUBJECTS)
    started = state not in (IncomingState.SIGNED_FOR, IncomingState.REGISTERED)
    return {
        "title": f"关于{subject}{ENDINGS[rng.choices(list(ENDINGS), COMMON)[0]]}", "sender": sender,
        "number": None if rng.random() < 0.04 else f"{letters}〔{received.year}〕{rng.randrange(1, 180)}号",
        "unit_id": city.units[unit], "state": state, "urgency": urgency, "received": received,
        "deadline": None if rng.random() < 0.1
        else received + timedelta(days=ORDINARY_DAYS if urgency is Urgency.PLAIN else URGENT_DAYS),
        "handler_id": city.colleague(unit).id if started else None,
        "classification": rng.choices((Classification.PUBLIC, Classification.INTERNAL), (45, 55))[0],
        "secrecy_years": None, "body": f"请各单位结合实际，认真做好{subject}工作，并将落实情况按时报送。",
        "answer": f"我单位已按要求完成{subject}有关工作，情况属实。" if finished else None,
        "made": received, "stamped_by": city.administrator(unit).name,
    }  # fmt: skip


def _outgoing(city: City, drafted: date, numbers: Counter[tuple[str, int]]) -> dict[str, Any]:
    rng, unit = city.rng, _unit(city)
    old = drafted < LAST_DAY - timedelta(days=FINISHED_DAYS)
    state = OutgoingState.ARCHIVED if old else rng.choices(list(OutgoingState), OUTGOING_STATES)[0]
    place = list(OutgoingState).index(state)
    kind = rng.choices(list(ENDINGS), COMMON)[0]
    subject = rng.choice(SUBJECTS)
    number = None
    if place >= NUMBERED:
        numbers[unit, drafted.year] += 1
        number = f"{_letters(unit)}发〔{drafted.year}〕{numbers[unit, drafted.year]}号"
    upward = kind in (DocumentKind.REPORT, DocumentKind.REQUEST)
    return {
        "title": f"关于{subject}{ENDINGS[kind]}", "kind": kind, "number": number, "unit_id": city.units[unit],
        "state": state, "urgency": rng.choices(list(Urgency), (80, 15, 5))[0], "drafted": drafted,
        "to": "市政府" if upward else "各县区人民政府，市各委办局",
        "copies": rng.choice((None, "市委办", "市人大办、市政协办")),
        "drafter_id": city.colleague(unit).id, "signer_id": city.head(unit).id if place >= SIGNED else None,
        "signed": min(drafted + timedelta(days=rng.randrange(2, 9)), LAST_DAY) if place >= SIGNED else None,
        "classification": rng.choices((Classification.PUBLIC, Classification.INTERNAL), (60, 40))[0],
        "secrecy_years": None, "body": f"为进一步推进{subject}工作，现将有关事项明确如下，请遵照执行。",
        "made": drafted, "stamped_by": city.colleague(unit).name,
    }  # fmt: skip


def _letters(unit: str) -> str:
    """The letters that a unit's document numbers begin with."""
    name = unit.removeprefix("市")
    if unit in STEMS or name[-1] in "县区":
        return STEMS.get(unit, f"{name[0]}政")
    return f"连{name[:2] if len(name) > 3 or name[0] in SHARED_LETTERS else name[0]}"


def _circular(city: City) -> dict[str, Any]:
    """The notice that connected the units to the network."""
    signed = date(2004, 5, 12)
    return {
        "title": "关于连云港市电子政务内网接入的通知", "kind": DocumentKind.NOTICE, "number": "连政办发〔2004〕52号",
        "unit_id": city.units["政府办"], "state": OutgoingState.ARCHIVED, "urgency": Urgency.PLAIN,
        "drafted": date(2004, 5, 8), "to": "各县区人民政府，市各委办局，市各直属单位", "copies": "市委办",
        "drafter_id": city.colleague("政府办").id, "signer_id": city.head("政府办").id, "signed": signed,
        "classification": Classification.INTERNAL, "secrecy_years": None,
        "body": "第一期联网的 39 个单位应于今年 6 月底前完成内网接入，接入经费按各级政府分别负担的方式解决。",
        "made": signed, "stamped_by": city.administrator("政府办").name,
    }  # fmt: skip
