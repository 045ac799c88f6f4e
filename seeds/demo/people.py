"""Accounts for each role, and the staff of all units."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.declare import Account, Classification
from app.declare import Role as StoredRole
from models.organisation import Proficiency, Staff
from models.roles import Role
from seeds.demo.city import City, Colleague
from seeds.demo.words import INITIALS, person

DOMAIN = "caihong.lyg"


@dataclass(frozen=True)
class Cast:
    """An account of the demo; with a position its person is also on the staff of the unit."""

    username: str
    family: str
    given: str
    unit: str
    roles: tuple[Role, ...]
    position: str = ""
    clearance: Classification = Classification.INTERNAL

    @property
    def name(self) -> str:
        """The full name."""
        return self.family + self.given


ACCOUNTS = (
    Cast("admin", "梁", "国栋", "信息中心", (Role.SYSADMIN,)),
    Cast("secadmin", "郑", "雅琴", "信息中心", (Role.SECADMIN,)),
    Cast("auditor", "严", "正明", "信息中心", (Role.AUDITOR,)),
    Cast("coordinator", "周", "海峰", "政府办", (Role.COORDINATION,), "协调指导小组办公室主任", Classification.SECRET),
    Cast("leader", "陈", "建国", "政府办", (Role.LEADER,), "副市长", Classification.CONFIDENTIAL),
    Cast("trainer", "许", "红梅", "市信息产业局", (Role.TRAINER,), "培训科科长"),
    Cast("police", "孙", "立新", "公安局", (Role.UNIT_EDITOR, Role.REGISTRAR), "户政处信息科科长"),
    Cast("statistics", "何", "敏", "统计局", (Role.UNIT_EDITOR, Role.REGISTRAR), "综合处信息员"),
    Cast("tourism", "顾", "晓燕", "旅游局", (Role.UNIT_EDITOR,), "办公室副主任"),
    Cast("viewer", "赵", "文静", "教育局", (Role.VIEWER,), "科员"),
)

HEADS = {"县": "县长", "区": "区长", "局": "局长", "委": "主任", "办": "主任", "心": "主任"}
SECTIONS = ("办公室", "综合科", "业务一科", "业务二科", "法规科", "计划财务科", "人事科", "信息科")
LEVELS = (Proficiency.BASIC, Proficiency.INTERMEDIATE, Proficiency.ADVANCED, Proficiency.UNTESTED, Proficiency.FAILED)
LEADERS = 4
COUNTIES = 120
"""About how many people of a county government are on the network; departments have fewer."""


def accounts(session: Session, hash_password: Callable[[str], str], password: str, units: dict[str, int]) -> int:
    """Add the accounts that are missing, and the roles they need; answers how many."""
    stored_roles = {row.name: row for row in session.scalars(select(StoredRole))}
    for role in Role:
        if role.value not in stored_roles:
            stored_roles[role.value] = StoredRole(name=role.value)
            session.add(stored_roles[role.value])
    known = set(session.scalars(select(Account.username)))
    missing = [cast for cast in ACCOUNTS if cast.username not in known]
    for cast in missing:
        session.add(Account(
            username=cast.username, first_name=cast.given, last_name=cast.family, active=True,
            email=f"{cast.username}@{DOMAIN}", password=hash_password(password), unit_id=units[cast.unit],
            clearance=cast.clearance, roles=[stored_roles[role.value] for role in cast.roles],
        ))  # fmt: skip
    session.flush()
    return len(missing)


def staff(city: City) -> None:
    """Add some 4,000 people: heads, their deputies, administrators, and everybody else."""
    rows = [row for unit, unit_id in city.units.items() for row in _unit_staff(city, unit, unit_id)]
    _place_the_cast(city, rows)
    city.add(Staff, rows)
    names = {unit_id: unit for unit, unit_id in city.units.items()}
    people = select(Staff.id, Staff.unit_id, Staff.name, Staff.position, Staff.leader, Staff.administrator)
    for row in city.session.execute(people.order_by(Staff.code)):
        city.staff[names[row.unit_id]].append(
            Colleague(row.id, row.name, row.position or "", row.leader, row.administrator)
        )


def _unit_staff(city: City, unit: str, unit_id: int) -> list[dict[str, Any]]:
    rng, letters = city.rng, INITIALS[unit]
    rows = []
    for number, position in enumerate(_positions(rng, unit), 1):
        administrator = position == "系统管理员"
        rows.append({
            "code": f"{letters.upper()}-{number:03}", "name": person(rng), "unit_id": unit_id, "position": position,
            "mail": f"{letters}{number:03}@{DOMAIN}", "leader": number <= LEADERS, "administrator": administrator,
            "phone": None if rng.random() < 0.08 else f"0518-5{rng.randrange(400000, 999999)}",
            "proficiency": Proficiency.ADVANCED if administrator else rng.choices(LEVELS, (46, 26, 8, 15, 5))[0],
            "account_id": None,
        })  # fmt: skip
    return rows


def _positions(rng: Random, unit: str) -> list[str]:
    """The positions of a unit, its head first."""
    head = HEADS["县" if unit.endswith("县") else unit[-1]]
    head = "管委会主任" if unit == "开发区" else head
    county = unit[-1] in "县区"
    size = rng.randrange(COUNTIES - 30, COUNTIES + 40) if county else rng.randrange(45, 95)
    heads = [head, *(f"副{head}" for _ in range(LEADERS - 1))]
    chiefs = [f"{section}{'科长' if section.endswith('科') else '主任'}" for section in SECTIONS]
    others = [f"{rng.choice(SECTIONS)}{rng.choice(('科员', '科员', '副主任科员', '主任科员'))}" for _ in range(size)]
    return [*heads, *chiefs, "系统管理员", "系统管理员", *others]


def _place_the_cast(city: City, rows: list[dict[str, Any]]) -> None:
    """Give the people of the accounts a place in their units; leaders among the leaders."""
    account_ids = city.ids(Account.username)
    taken: set[int] = set()
    for cast in ACCOUNTS:
        if not cast.position:
            continue
        leads = Role.LEADER in cast.roles
        place = next(
            number
            for number, row in enumerate(rows)
            if row["unit_id"] == city.units[cast.unit]
            and row["leader"] == leads
            and not row["administrator"]
            and number not in taken
        )
        taken.add(place)
        rows[place].update(name=cast.name, position=cast.position, account_id=account_ids.get(cast.username))
