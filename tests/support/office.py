"""A real LibreOffice without a window: opens a workbook, changes cells as a person would, and saves it."""

import atexit
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

_MODULE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" script:language="StarBasic">
{code}
</script:module>
"""

_CODE = """Sub Edit(source As String)
  Dim nothing_special() As New com.sun.star.beans.PropertyValue
  Dim as_workbook({last}) As New com.sun.star.beans.PropertyValue
  book = StarDesktop.loadComponentFromURL(ConvertToURL(source), "_blank", 0, nothing_special())
  sheet = book.Sheets.getByIndex(0)
{changes}
  as_workbook(0).Name = "FilterName"
{stores}
  book.close(True)
End Sub
"""
_PASSWORD = """  Dim secret(1) As New com.sun.star.beans.NamedValue
  secret(0).Name = "OOXPassword"
  secret(0).Value = "{password}"
  secret(1).Name = "CryptoType"
  secret(1).Value = "Standard"
  as_workbook(1).Name = "Password"
  as_workbook(1).Value = "{password}"
  as_workbook(2).Name = "EncryptionData"
  as_workbook(2).Value = secret()
"""
_STORE = """  as_workbook(0).Value = "{filter}"
  book.storeToURL(ConvertToURL("{target}"), as_workbook())"""

_FILTERS = {".xlsx": "Calc MS Excel 2007 XML", ".xls": "MS Excel 97", ".ods": "calc8"}


def edit(source: Path, target: Path, changes: Mapping[str, str] | None = None) -> None:
    """Save a workbook as `target` (.xlsx, .xls or .ods), with cells of its first sheet, such as "B2", typed anew.

    What is typed is taken as LibreOffice takes it: numbers and dates become numbers and dates.
    """
    # keystrokes of a person: "formula" is what LibreOffice calls the text of a cell before it is understood
    typed = [
        f'  sheet.getCellRangeByName("{cell}").setFormula("{text.replace(chr(34), chr(34) * 2)}")'
        for cell, text in (changes or {}).items()
    ]
    _save(source, [target], "\n".join(typed))


def protect(source: Path, password: str, *targets: Path) -> None:
    """Save a workbook as each of the targets (.xlsx, .xls or .ods), to be opened with a password alone."""
    _save(source, targets, "", _PASSWORD.format(password=password))


def _save(source: Path, targets: Sequence[Path], changes: str, password: str = "") -> None:
    stores = [_STORE.format(filter=_FILTERS[one.suffix], target=one.absolute()) for one in targets]
    code = _CODE.format(last=2 if password else 0, changes=changes, stores=password + "\n".join(stores))
    module = _profile() / "user" / "basic" / "Standard" / "Module1.xba"
    module.write_text(_MODULE.format(code=escape(code)), encoding="utf-8")
    _run(f"macro:///Standard.Module1.Edit({source.absolute()})")
    for target in targets:
        if not target.exists():
            raise RuntimeError(f"LibreOffice did not write {target.name}")


def convert(source: Path, *kinds: str) -> list[Path]:
    """The same workbook as LibreOffice saves it in other formats (xlsx, xls, ods), beside the first."""
    for kind in kinds:
        _run("--convert-to", kind, "--outdir", str(source.parent), str(source))
    return [source.with_suffix(f".{kind}") for kind in kinds]


@cache
def _profile() -> Path:
    """The settings of a person, filled by a first start, which would put an empty module in the place of ours."""
    folder = Path(tempfile.mkdtemp(prefix="rn-office-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _start(folder, "--terminate_after_init")
    return folder


def _run(*arguments: str) -> None:
    _start(_profile(), *arguments)


def _start(profile: Path, *arguments: str) -> None:
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--norestore", *arguments],
        check=True, capture_output=True, timeout=600,
    )  # fmt: skip
