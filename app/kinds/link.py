"""Kinds of references to rows, and of attached files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from flask_babel import gettext as _

from app.declare.types import FileList
from app.kinds.base import CHOICE_FILTERS, Kind, Shown, fail, kind_for, narrow

if TYPE_CHECKING:
    from app.catalog import Field

HIGHEST_ID = 2**31 - 1


class One:
    """Stands for a reference to one row, which has no column type of its own meaning."""


class Many:
    """Stands for references to any number of rows."""


def row_id(raw: Any) -> int:
    """The id of a referred row; raises ValidationError for anything else."""
    text = narrow(str(raw))
    if isinstance(raw, bool) or not re.fullmatch(r"\d{1,10}", text, re.ASCII) or not 0 < int(text) <= HIGHEST_ID:
        raise fail(_("Choose a row from the list."))
    return int(text)


@kind_for(One)
class OneKind(Kind):
    """A reference; the value is the referred row's id, its label comes from `app.store.labels`."""

    control: ClassVar[str] = "ref"
    filter: ClassVar[str] = "ref"
    operators: ClassVar[tuple[str, ...]] = CHOICE_FILTERS
    searchable: ClassVar[bool] = False

    def parse(self, field: Field, raw: Any) -> Any:
        return row_id(raw)

    def show(self, field: Field, value: Any) -> Shown:
        return Shown(f"#{value}", "ref")


@kind_for(Many)
class ManyKind(Kind):
    """References to many rows; the value is a list of ids, without repeats."""

    control: ClassVar[str] = "refs"
    filter: ClassVar[str] = "ref"
    operators: ClassVar[tuple[str, ...]] = CHOICE_FILTERS
    searchable: ClassVar[bool] = False
    sortable: ClassVar[bool] = False
    width: ClassVar[int] = 12

    def parse(self, field: Field, raw: Any) -> Any:
        items = [] if raw is None else raw if isinstance(raw, (list, tuple)) else [raw]
        ids = list(dict.fromkeys(row_id(item) for item in items if str(item).strip()))
        if len(ids) > 1000:
            raise fail(_("At most %(limit)s rows can be chosen.", limit=1000))
        return ids

    def show(self, field: Field, value: Any) -> Shown:
        return Shown("、".join(f"#{item}" for item in value), "refs")


@kind_for(FileList)
class FilesKind(Kind):
    """Attached files, by id."""

    control: ClassVar[str] = "files"
    filter: ClassVar[str] = "none"
    operators: ClassVar[tuple[str, ...]] = ("empty",)
    sortable: ClassVar[bool] = False
    searchable: ClassVar[bool] = False
    wide: ClassVar[bool] = True
    width: ClassVar[int] = 12

    def parse(self, field: Field, raw: Any) -> Any:
        items = raw if isinstance(raw, (list, tuple)) else [raw]
        if any(not re.fullmatch(r"[0-9a-f]{32}", str(item), re.ASCII) for item in items):
            raise fail(_("Choose the file again."))
        if len(items) > 50:
            raise fail(_("At most %(limit)s files.", limit=50))
        return list(dict.fromkeys(str(item) for item in items)) or None

    def show(self, field: Field, value: Any) -> Shown:
        return Shown(_("%(count)s files", count=len(value)), "files")
