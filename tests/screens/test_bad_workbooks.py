"""Bad workbooks at the door: each is answered in words beside the field, or told before anything is stored."""

import io
import os
import re
import resource
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.jobs.worker import Worker
from app.store.import_tables import ImportBatch, State
from tests.screens.test_imports import check, columns, counts, send
from tests.support import people
from tests.support.bad_workbooks import OLE, boasting, bomb, crowded, overlapping, written
from tests.support.office import convert, protect
from tests.support.places import Place
from tests.support.visitor import Visitor
from tests.support.workbooks import raw_xlsx, sheet_xml, table_xml

Signed = Callable[[str], Visitor]
Make = Callable[[Path], Path]
HEADS = ("编码", "名称", "计量单位", "管理单位")
ROOM = 64 * 1024
"""Bytes that a file may have where the disk is full."""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real files of LibreOffice: a.xls, and locked.xlsx and locked.xls, which ask for a password."""
    folder = tmp_path_factory.mktemp("office")
    source = raw_xlsx(folder / "a.xlsx", sheet_xml(table_xml(HEADS, ("B-1", "一", "吨", "x"))))
    convert(source, "xls")
    protect(source, "rainbow", folder / "locked.xlsx", folder / "locked.xls")
    return folder


def sheet(*rows: tuple[str, ...], folder: Path, name: str = "a.xlsx") -> Path:
    return raw_xlsx(folder / name, sheet_xml(table_xml(*rows)))


REFUSED: dict[str, tuple[Make, str]] = {
    "a picture": (lambda folder: written(folder, b"\x89PNG\r\n\x1a\n" + bytes(range(256))), "不是工作簿"),
    "nothing": (lambda folder: written(folder, b""), "空的"),
    "a PDF": (lambda folder: written(folder, b"%PDF-1.4\n"), "PDF"),
    "a web page": (lambda folder: written(folder, b"<html><table></table></html>", "a.xls"), "网页"),
    "cut short": (lambda folder: written(folder, sheet(HEADS, folder=folder, name="b").read_bytes()[:-300]), "损坏"),
    "an old one of nothing": (lambda folder: written(folder, OLE + bytes(600), "a.xls"), "损坏"),
    "a bomb by ratio": (bomb, "远远大于"),
    "a bomb by size": (boasting, "远远大于"),
    "a bomb of parts that overlap": (overlapping, "远远大于"),
    "too many parts": (crowded, "远远大于"),
    "wrong encoding": (lambda folder: written(folder, "编码,名称\n".encode() + b"\xe5\xff,1\n", "a.csv"), "第 2 行"),
    "an empty sheet": (lambda folder: sheet(folder=folder), "空的"),
    "another record": (lambda folder: sheet(("时期", "指标", "区划", "数值"), folder=folder), "指标数值"),
}


def kept(app: Flask) -> tuple[int, list[str]]:
    """How many imports there are, and the files that are kept of them."""
    with app.extensions["engine"].connect() as connection:
        table = ImportBatch.__table__
        count = connection.scalar(select(func.count()).select_from(table).where(table.c.state != State.DROPPED.value))
    folder: Path = app.extensions["import_folder"]
    return int(count or 0), sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []


def posted(person: Visitor, path: Path) -> TestResponse:
    answer = send(person, "indicator", io.BytesIO(path.read_bytes()), path.name)
    # the client leaves the temporary file open in which it sends a large form
    answer.request.environ["wsgi.input"].close()
    return answer


def beside(answer: TestResponse) -> str:
    """What is said beside the field of the file."""
    found = re.search(r'id="rn-file-e".*?<span>(.*?)</span>', answer.text, re.DOTALL)
    return found[1] if found else ""


def is_refused(app: Flask, person: Visitor, path: Path) -> str:
    before = kept(app)
    answer = posted(person, path)
    assert answer.status_code == 422
    assert kept(app) == before
    return beside(answer)


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_beside_the_field(
    app: Flask, visitor: Signed, tmp_path: Path, case: str
) -> None:
    make, words = REFUSED[case]
    assert words in is_refused(app, visitor(people.STATISTICS), make(tmp_path))


@pytest.mark.parametrize("name", ["locked.xlsx", "locked.xls"])
def test_a_workbook_with_a_password_is_refused_as_one(app: Flask, visitor: Signed, old: Path, name: str) -> None:
    assert "密码" in is_refused(app, visitor(people.STATISTICS), old / name)


def test_an_old_workbook_cut_short_is_refused(app: Flask, visitor: Signed, old: Path, tmp_path: Path) -> None:
    whole = (old / "a.xls").read_bytes()
    half = written(tmp_path, whole[: len(whole) // 2], "a.xls")
    assert "损坏" in is_refused(app, visitor(people.STATISTICS), half)


def wide(folder: Path) -> Path:
    book = openpyxl.Workbook(write_only=True)
    made = book.create_sheet()
    made.append([*HEADS, *(f"第{number}列" for number in range(16_380))])
    made.append(["W-1", "一", "吨", "x"])
    path = folder / "a.xlsx"
    book.save(path)
    return path


def tall(folder: Path) -> Path:
    rows = "".join(f'<row r="{number}" s="1" customFormat="1"/>' for number in range(3, 1_048_577))
    return raw_xlsx(folder / "a.xlsx", sheet_xml(table_xml(HEADS, ("W-1", "一", "吨", "x")) + rows))


def programmed(folder: Path) -> Path:
    parts = {"xl/vbaProject.bin": OLE, "xl/externalLinks/externalLink1.xml": b"<externalLink/>"}
    return raw_xlsx(folder / "a.xlsm", sheet_xml(table_xml(HEADS, ("W-1", "一", "吨", "x"))), parts=parts)


def computed(folder: Path) -> Path:
    row = '<row r="2"><c r="A2" t="str"><f>A1</f><v>W-1</v></c></row>'
    return raw_xlsx(folder / "a.xlsx", sheet_xml(table_xml(HEADS) + row))


TOLD: dict[str, tuple[Make, tuple[str, ...]]] = {
    "16,384 columns": (wide, ("另有 16080 列",)),
    "1,048,576 empty rows": (tall, ("名称",)),
    "macros and links": (programmed, ("工作簿含有宏", "工作簿链接了其他文件")),
    "formulas": (computed, ("有些单元格是公式",)),
    "duplicate headers": (lambda folder: sheet((*HEADS, "名称"), ("W-1", "一", "吨", "x"), folder=folder), ("都像是",)),
}


@pytest.mark.parametrize("case", TOLD)
def test_what_is_odd_about_a_file_is_told_before_its_rows_are_checked(
    app: Flask, visitor: Signed, tmp_path: Path, case: str
) -> None:
    make, words = TOLD[case]
    person, (number, files) = visitor(people.STATISTICS), kept(app)
    answer = posted(person, make(tmp_path))
    assert answer.status_code == 303, beside(answer)
    page = person.get(answer.location)
    assert page.status_code == 200
    assert all(word in page.text for word in words)
    assert len(page.text) < 2**20
    assert {"code", "measure"} <= set(columns(page.text).values())
    assert person.post(f"{answer.location}/drop", {}).status_code == 303
    assert kept(app) == (number, files)


def test_a_header_of_two_rows_is_read_as_one(app: Flask, visitor: Signed, tmp_path: Path) -> None:
    person = visitor(people.STATISTICS)
    path = sheet(("指标", "", "单位", ""), HEADS, ("W-1", "一", "吨", "x"), folder=tmp_path)
    answer = posted(person, path)
    assert {*columns(person.get(answer.location).text).values()} >= {"code", "name", "measure", "unit"}
    person.post(f"{answer.location}/drop", {})


def test_cells_with_errors_and_odd_dates_are_told_one_by_one(
    app: Flask, place: Place, visitor: Signed, tmp_path: Path
) -> None:
    person, work = visitor(people.POLICE), Worker(app, place.settings, "in-process").drain
    heads = table_xml(("姓名", "公民身份号码", "迁入日期"), ("甲", "1", "二〇〇四年三月十十日"), ("乙", "2", "，"))
    failed = '<row r="4"><c r="A4" t="e"><v>#DIV/0!</v></c></row>'
    path = raw_xlsx(tmp_path / "a.xlsx", sheet_xml(heads + failed))
    answer = send(person, "resident", io.BytesIO(path.read_bytes()))
    page = check(person, answer.location, work)
    assert counts(page) == [0, 0, 0, 3, 0]
    page = person.get(f"{answer.location}?show=error").text
    assert "#DIV/0!" in page
    assert page.count("2004-06-30") >= 2
    person.post(f"{answer.location}/drop", {})


def test_a_full_disk_is_told_and_no_part_of_the_file_is_kept(app: Flask, visitor: Signed, tmp_path: Path) -> None:
    person = visitor(people.STATISTICS)
    assert person.get("/records/indicator/import").status_code == 200
    path, before = written(tmp_path, b"\0" * 4 * ROOM), kept(app)
    app.extensions["engine"].dispose()
    child = os.fork()
    if child == 0:
        told = ""
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
            answer = posted(person, path)
            told = beside(answer) if answer.status_code == 507 else ""
        finally:
            os._exit(0 if "服务器存储空间不足" in told else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    app.extensions["engine"].dispose()
    assert kept(app) == before
