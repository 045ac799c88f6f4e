"""Indicators of the macroeconomy with ten years of values, by year, quarter and month."""

from decimal import Decimal
from typing import Any

from models.registries import Direction, Indicator, IndicatorValue, Period
from seeds.demo.city import City
from seeds.demo.words import SHARES

YEARS = range(1996, 2006)
CITY = "320700"

# Code, name, unit of measure, direction, the city's value in 1996, yearly growth in per cent; 1 if areas add up to it
YEARLY = """GDP 地区生产总值 亿元 up 206.5 9.8 1
GDP1 第一产业增加值 亿元 up 58.2 3.9 1
GDP2 第二产业增加值 亿元 up 88.4 12.1 1
GDP3 第三产业增加值 亿元 up 59.9 10.9 1
GDPPC 人均地区生产总值 元 up 4720 9.1 0
POP 年末总人口 万人 none 438.6 0.7 1
REV 财政总收入 亿元 up 12.9 15.2 1
FAI 固定资产投资 亿元 up 62.3 16.4 1
RET 社会消费品零售总额 亿元 up 71.8 11.3 1
INDV 规模以上工业产值 亿元 up 168.0 13.7 1
GRAIN 粮食总产量 万吨 up 298.0 0.9 1
AQUA 水产品产量 万吨 up 38.5 4.2 1
CROP 耕地面积 千公顷 none 388.2 -0.4 1
URBINC 城镇居民人均可支配收入 元 up 4120 8.7 0
RURINC 农民人均纯收入 元 up 2010 6.6 0
UNEMP 城镇登记失业率 % down 3.1 3.2 0
EXP 外贸出口总额 万美元 up 31200 17.5 1
FDI 实际利用外资 万美元 up 14800 11.0 1
TOUR 接待游客人数 万人次 up 212 14.8 1
PHONE 固定电话用户 万户 up 21.4 18.6 1
ENERGY 单位产值能耗 吨标准煤/万元 down 1.92 -3.6 0"""
QUARTERLY = """QGDP 地区生产总值（季度） 亿元 up 48.6 9.8
QREV 财政总收入（季度） 亿元 up 3.1 15.2
QFAI 固定资产投资（季度） 亿元 up 14.2 16.4"""
MONTHLY = """MCARGO 港口货物吞吐量 万吨 up 142 14.6
MBOX 集装箱吞吐量 万标箱 up 0.62 22.0
MCPI 居民消费价格指数 上年同月=100 none 101.5 0.1
MPOWER 全社会用电量 亿千瓦时 up 2.2 12.4"""
SOURCES = {
    "EXP": "外经局", "FDI": "外经局", "TOUR": "旅游局", "REV": "财政局", "QREV": "财政局", "PHONE": "市信息产业局",
}  # fmt: skip
"""Who delivers an indicator's values, if it is not the statistics bureau."""
SEASONS = {
    Period.YEAR: (1.0,),
    Period.QUARTER: (0.86, 1.0, 0.98, 1.16),
    Period.MONTH: (0.9, 0.84, 0.98, 1.0, 1.02, 1.0, 1.01, 1.03, 1.04, 1.02, 1.05, 1.11),
}
NAMES = {Period.YEAR: "{year}", Period.QUARTER: "{year}Q{number}", Period.MONTH: "{year}-{number:02}"}
"""How a period is written."""


def fill(city: City) -> None:
    """Add the indicators and their values; areas carry only the yearly ones that add up."""
    clerk = city.colleague("统计局").name
    lines = [
        (period, line.split())
        for period, text in ((Period.YEAR, YEARLY), (Period.QUARTER, QUARTERLY), (Period.MONTH, MONTHLY))
        for line in text.splitlines()
    ]
    city.add(Indicator, [
        {
            "code": code, "name": name, "measure": measure, "period": period, "direction": Direction(direction),
            "unit_id": city.units["统计局"], "definition": f"{name}，按国家统计制度口径，以{measure}计。",
            "stamped_by": clerk,
        }
        for period, (code, name, measure, direction, *_) in lines
    ])  # fmt: skip
    ids = city.ids(Indicator.code)
    rows: list[dict[str, Any]] = []
    for period, (code, _, _, _, start, growth, *adds_up) in lines:
        shares = {CITY: 100, **SHARES} if adds_up == ["1"] else {CITY: 100}
        for name, value in _series(city, period, float(start), float(growth)):
            rows.extend(
                {
                    "indicator_id": ids[code], "period": name, "area": area,
                    "source_unit": SOURCES.get(code, "统计局"), "value": Decimal(f"{value * share / 100:.2f}"),
                    "remark": "初步数" if name.startswith("2005") else None, "stamped_by": clerk,
                }
                for area, share in shares.items()
            )  # fmt: skip
    city.add(IndicatorValue, rows)


def _series(city: City, period: Period, start: float, growth: float) -> list[tuple[str, float]]:
    """The name of each period and the city's value in it: growth, season and some chance."""
    found = []
    for place, year in enumerate(YEARS):
        level = start * (1 + growth / 100) ** place * city.rng.uniform(0.985, 1.015)
        for number, season in enumerate(SEASONS[period], 1):
            name = NAMES[period].format(year=year, number=number)
            # A price index stays near 100 whatever the season
            found.append((name, level * (1 if growth < 1 and period is Period.MONTH else season)))
    return found
