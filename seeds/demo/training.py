"""Courses held from 2003 to 2005, and who attended them."""

from datetime import date, timedelta
from typing import Any

from models.training import Audience, TrainingCourse, TrainingRecord
from seeds.demo.city import LAST_DAY, City, Colleague

THEMES = {
    Audience.LEADERS: ("电子政务与政府管理", "信息化领导干部研修", "网络与信息安全保密"),
    Audience.ADMINISTRATORS: ("公文处理系统管理", "网络与服务器维护", "数据库管理与备份", "CA证书与安全管理"),
    Audience.OTHERS: ("计算机应用基础", "电子邮件与公文处理操作", "办公软件应用", "信息采编与发布"),
}
ORGANISERS = {Audience.LEADERS: "市信息产业局", Audience.ADMINISTRATORS: "市信息产业局", Audience.OTHERS: "人事局"}
PLACES = ("市委党校", "市行政中心培训教室", "淮海工学院计算机中心", "连云港职业技术学院")
HOURS = {Audience.LEADERS: (8, 16), Audience.ADMINISTRATORS: (40, 64), Audience.OTHERS: (24, 40)}
SEATS = {Audience.LEADERS: 40, Audience.ADMINISTRATORS: 30, Audience.OTHERS: 120}
COURSES = ((Audience.LEADERS, 6), (Audience.ADMINISTRATORS, 7), (Audience.OTHERS, 23))
"""How many courses are held for each audience."""
FIRST = date(2003, 9, 8)


def fill(city: City) -> None:
    """Add the courses and, for those that have ended, their records; two are still to come."""
    rows = [row for audience, number in COURSES for row in _courses(city, audience, number)]
    city.add(TrainingCourse, rows)
    ids = city.ids(TrainingCourse.code)
    attended: dict[str, set[int]] = {}
    records: list[dict[str, Any]] = []
    for row in sorted(rows, key=lambda item: item["starts"]):
        if row["ends"] <= LAST_DAY:
            records.extend(_records(city, row, ids[row["code"]], attended.setdefault(row["audience"].value, set())))
    city.add(TrainingRecord, records)


def _courses(city: City, audience: Audience, number: int) -> list[dict[str, Any]]:
    organiser = ORGANISERS[audience]
    letters = {Audience.LEADERS: "LD", Audience.ADMINISTRATORS: "GL", Audience.OTHERS: "RY"}[audience]
    found = []
    for place in range(number):
        starts = FIRST + timedelta(days=int(870 / number * place) + city.rng.randrange(12))
        hours = city.rng.choice(HOURS[audience])
        theme = THEMES[audience][place % len(THEMES[audience])]
        starts -= timedelta(days=starts.weekday())
        days = hours // 8
        found.append({
            "code": f"PX-{letters}-{starts.year}-{place + 1:02}", "title": f"{theme}培训班（第 {place + 1} 期）",
            "audience": audience, "organiser_id": city.units[organiser], "hours": hours, "starts": starts,
            "ends": starts + timedelta(days=days - 1 + (2 if days > 5 else 0)),
            "seats": SEATS[audience], "place": city.rng.choice(PLACES),
            "outline": f"围绕{theme}，讲授与上机相结合，结业考试合格者发给证书。",
            "made": starts - timedelta(days=30), "stamped_by": city.head(organiser).name,
        })  # fmt: skip
    return found


def _wanted(audience: Audience, person: Colleague) -> bool:
    if audience is Audience.LEADERS:
        return person.leader
    if audience is Audience.ADMINISTRATORS:
        return person.administrator
    return not person.leader and not person.administrator


def _records(city: City, course: dict[str, Any], course_id: int, attended: set[int]) -> list[dict[str, Any]]:
    """Who took part: of the audience, not twice in one theme's audience, at most as many as there are seats."""
    people = [
        (unit, person)
        for unit, members in city.staff.items()
        for person in members
        if _wanted(course["audience"], person) and person.id not in attended
    ]
    chosen = city.rng.sample(people, min(len(people), int(course["seats"] * city.rng.uniform(0.7, 1))))
    rows: list[dict[str, Any]] = []
    for unit, person in chosen:
        attended.add(person.id)
        absent = city.rng.random() < 0.04
        score = None if absent else min(100, max(38, round(city.rng.gauss(78, 11))))
        passed = score is not None and score >= 60
        rows.append({
            "staff_id": person.id, "course_id": course_id, "unit_id": city.units[unit], "score": score,
            "passed": passed,
            "finished": None if absent else course["ends"],
            "certificate": f"LYG-{course['code'][3:]}-{len(rows) + 1:03}" if passed else None,
            "made": min(course["ends"] + timedelta(days=2), LAST_DAY), "stamped_by": course["created_by"],
        })  # fmt: skip
    return rows
