"""The workbooks that are imported: the same residents in eight columns, as our people and as Django's users write them.

What is read off the identity number, sex and birth, is no column of ours; the unit and the day of moving in are. Texts
stand in their cells, as openpyxl writes them; Excel and WPS keep each once, and let cells point to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from openpyxl import Workbook

OURS = ("公民身份号码", "姓名", "民族", "区划", "住址", "迁入日期", "核验", "登记单位")
THEIRS = ("citizen_id", "name", "sex", "birth", "ethnicity", "area", "address", "verification")

PEOPLES = {"HA": "汉族", "HU": "回族", "MA": "满族", "MH": "苗族", "TJ": "土家族", "ZH": "壮族", "YI": "彝族"}
STATES = {"pending": "待核验", "verified": "已核验", "doubtful": "存疑"}


def write(url: str, rows: int, ours: Path, theirs: Path | None) -> None:
    """Write so many residents of a database into both workbooks."""
    first, second = Workbook(write_only=True), None if theirs is None else Workbook(write_only=True)
    mine, other = first.create_sheet("人口"), None if second is None else second.create_sheet("resident")
    mine.append(OURS)
    if other is not None:
        other.append(THEIRS)
    names = ", ".join((*THEIRS, "moved_in"))
    with psycopg.connect(url) as connection, connection.cursor("residents") as cursor:
        cursor.itersize = 10_000
        cursor.execute(f"SELECT {names} FROM resident ORDER BY id LIMIT {rows}".encode())
        for row in cursor:
            mine.append(_told(dict(zip((*THEIRS, "moved_in"), row, strict=True))))
            if other is not None:
                other.append(row[: len(THEIRS)])
    first.save(ours)
    if second is not None and theirs is not None:
        second.save(theirs)


def _told(row: Mapping[str, Any]) -> list[Any]:
    return [
        row["citizen_id"], row["name"], PEOPLES[row["ethnicity"]], row["area"], row["address"], row["moved_in"],
        STATES[row["verification"]], "公安局",
    ]  # fmt: skip
