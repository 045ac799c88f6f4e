"""Residents, legal entities and natural resources, every identifier with its right checksum."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.declare.identifiers import citizen_check_digit, credit_check_digit, org_check_digit
from models.areas import AREAS
from models.ethnicity import Ethnicity
from models.registries import (
    EntityKind,
    LegalEntity,
    NaturalResource,
    Resident,
    ResourceKind,
    Verification,
    sex_of,
)
from seeds.demo.city import LAST_DAY, City
from seeds.demo.words import SHARES, TOWNS, address, person, words

RESIDENTS, ENTITIES = 20_000, 3_000
ELSEWHERE = ("370302", "320102", "320382", "110105", "310104", "341202", "320799")
"""Areas outside the table that some identity numbers begin with: people moved in, and one area that is nowhere."""
GROUPS = {
    Ethnicity.HAN: 9880, Ethnicity.HUI: 60, Ethnicity.MANCHU: 15, Ethnicity.MIAO: 15, Ethnicity.TUJIA: 12,
    Ethnicity.ZHUANG: 10, Ethnicity.YI: 8,
}  # fmt: skip
"""Ethnic groups, by how many of 10,000 people belong to them."""
FIRST_BIRTH = date(1916, 1, 1)

BODIES = {
    EntityKind.ENTERPRISE: ("{brand}{trade}有限公司", "{brand}{trade}股份有限公司", "{brand}{trade}厂"),
    EntityKind.AGENCY: ("{town}{trade}管理办公室", "{town}财政所"),
    EntityKind.INSTITUTION: ("{town}{brand}小学", "{town}卫生院", "{town}{trade}技术服务站", "{brand}{trade}研究所"),
    EntityKind.SOCIETY: ("{town}{trade}协会", "{town}{trade}商会"),
    EntityKind.OTHER: ("{town}{brand}合作社", "{brand}{trade}事务所"),
}
"""How the bodies of each kind are named, after the name of their area."""

CAPITALS = (10, 30, 50, 50, 100, 200, 500, 1000, 3000)
"""Registered capital in ten thousand yuan."""

RESOURCES: dict[ResourceKind, tuple[str, dict[str, str]]] = {
    ResourceKind.WATER: ("万立方米", {
        "320722": "石梁河水库 安峰山水库 大石埠水库 房山水库 西双湖水库", "320721": "小塔山水库 八条路水库",
        "320705": "蔷薇河", "320723": "新沂河 善后河",
    }),
    ResourceKind.MINERAL: ("万吨", {
        "320722": "东海水晶矿 东海石英砂矿 东海蛇纹石矿 东海金红石矿", "320706": "锦屏磷矿", "320721": "赣榆花岗岩矿",
        "320705": "新浦地热田",
    }),
    ResourceKind.SEA: ("公顷", {
        "320703": "连岛海域 徐圩滩涂 前三岛海域", "320721": "海州湾渔场 秦山岛海域 青口盐场", "320705": "临洪河口湿地",
        "320723": "灌河口海域",
    }),
}  # fmt: skip
"""Named resources: unit of measure, names by area."""
BY_TOWN = {
    ResourceKind.LAND: ("公顷", "建设用地", 4_000),
    ResourceKind.FOREST: ("公顷", "林地", 2_500),
    ResourceKind.FARMLAND: ("亩", "耕地", 90_000),
}
"""Resources of every town: unit of measure, what is added to the town's name, the largest size."""
PLACES = {
    "320703": (119.37, 34.75), "320705": (119.18, 34.60), "320706": (119.13, 34.57), "320721": (119.13, 34.84),
    "320722": (118.77, 34.54), "320723": (119.26, 34.28), "320724": (119.32, 34.09),
}  # fmt: skip
"""About where each area lies: longitude and latitude."""


def fill(city: City) -> None:
    """Add the three registries."""
    city.add(Resident, _residents(city))
    city.add(LegalEntity, _entities(city))
    city.add(NaturalResource, _resources(city))


def _residents(city: City) -> list[dict[str, Any]]:
    rng, unit = city.rng, city.units["公安局"]
    clerks = [person.name for person in city.staff["公安局"][:12]]
    days = (LAST_DAY - FIRST_BIRTH).days
    areas = rng.choices(list(SHARES), list(SHARES.values()), k=RESIDENTS)
    seen: set[str] = set()
    rows = []
    ethnicities = rng.choices(list(GROUPS), list(GROUPS.values()), k=RESIDENTS)
    for place, area in enumerate(areas):
        moved = rng.random() < 0.035
        origin = rng.choice(ELSEWHERE) if moved else area
        born = FIRST_BIRTH + timedelta(days=int(days * rng.betavariate(2.2, 1.5)))
        while (first := f"{origin}{born:%Y%m%d}{int(rng.random() * 700):03}") in seen:
            continue
        seen.add(first)
        citizen_id = first + citizen_check_digit(first)
        sex = sex_of(citizen_id)
        pending = rng.random()
        rows.append({
            "citizen_id": citizen_id, "name": person(rng, female=sex.value == "female"), "sex": sex, "birth": born,
            "ethnicity": ethnicities[place], "area": area,
            "address": address(rng, area) if rng.random() > 0.01 else None,
            "moved_in": city.day(max(born, date(1985, 1, 1))) if moved else None, "unit_id": unit,
            "verification": Verification.DOUBTFUL if origin == "320799"
            else Verification.PENDING if pending < 0.06 else Verification.VERIFIED,
            "stamped_by": clerks[int(pending * 12)],
        })  # fmt: skip
    return rows


def _entities(city: City) -> list[dict[str, Any]]:
    rng, unit = city.rng, city.units["技术监督局"]
    clerks = [person.name for person in city.staff["技术监督局"][:8]]
    brands, trades = words("brands"), words("trades")
    kinds = rng.choices(list(BODIES), (74, 4, 12, 6, 4), k=ENTITIES)
    rows = []
    for number, kind in zip(rng.sample(range(70_000_000, 79_999_999), ENTITIES), kinds, strict=True):
        area = rng.choices(list(SHARES), list(SHARES.values()))[0]
        code = str(number)
        check = org_check_digit(code)
        credit = f"91{area}{code}{check}"
        enterprise = kind is EntityKind.ENTERPRISE
        place = "连云港市" if enterprise and rng.random() < 0.6 else AREAS[area]
        name = rng.choice(BODIES[kind]).format(
            town=rng.choice(TOWNS[area]), brand=rng.choice(brands), trade=rng.choice(trades)
        )
        rows.append({
            "org_code": f"{code}-{check}",
            # Those that are still there in 2015 were given a credit code around their organisation code
            "credit_code": credit + credit_check_digit(credit) if enterprise and rng.random() < 0.12 else None,
            "name": place + name, "kind": kind,
            "representative": person(rng) if rng.random() > 0.01 else None, "area": area, "unit_id": unit,
            "address": address(rng, area), "registered": city.day(date(1985, 1, 1)),
            "capital": Decimal(rng.choice(CAPITALS) * 10_000) if enterprise else None,
            "stamped_by": rng.choice(clerks),
        })  # fmt: skip
    return rows


def _resources(city: City) -> list[dict[str, Any]]:
    rows = [
        _resource(city, kind, name, area, (measure, 40_000))
        for kind, (measure, places) in RESOURCES.items()
        for area, names in places.items()
        for name in names.split()
    ]
    rows += [
        _resource(city, kind, f"{town}{what}", area, (measure, largest))
        for kind, (measure, what, largest) in BY_TOWN.items()
        for area, towns in TOWNS.items()
        for town in towns[:8]
    ]
    for number, row in enumerate(rows, 1):
        row["code"] = f"ZY{number:04}"
    return rows


def _resource(city: City, kind: ResourceKind, name: str, area: str, measured: tuple[str, int]) -> dict[str, Any]:
    """A resource; `measured` gives the unit of measure and the largest size."""
    measure, largest = measured
    east, north = PLACES[area]
    spread = city.rng.uniform
    known = city.rng.random() > 0.05
    return {
        "name": name, "kind": kind, "area": area, "measure": measure, "unit_id": city.units["国土局"],
        "quantity": Decimal(city.rng.randrange(largest * 2, largest * 100)) / 100,
        "longitude": Decimal(str(round(east + spread(-0.12, 0.12), 6))) if known else None,
        "latitude": Decimal(str(round(north + spread(-0.1, 0.1), 6))) if known else None,
        "surveyed": city.day() if known else None, "remark": None,
        "stamped_by": city.colleague("国土局").name,
    }  # fmt: skip
