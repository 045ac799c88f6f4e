"""Values of rows as cells of lists and facts of pages: shown, masked or linked as the reader may see them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import url_for
from flask_babel import gettext as _

from app.access import readable
from app.catalog import Entry, Field
from app.kinds import EMPTY, Shown
from app.screens.pages import Cell, Column, Fact, FactSection, Link, Row
from app.screens.shell import me
from app.store.labels import Labels, label_of, nobody
from app.store.page import Values
from app.store.search.spans import spans
from app.store.search.tokens import plan_of
from app.store.session import db
from app.store.tables import StoredFile

Known = Mapping[str, Labels]


def cell(item: Field, value: Any, known: Known) -> Cell:
    """One value; `known` holds the labels of referred rows by record."""
    if value is None or value == []:
        return Cell(EMPTY.text, EMPTY.kind)
    if item.many:
        return Cell("", "ref", links=tuple(_link(item, one, known) for one in value))
    if item.relation is not None:
        link = _link(item, value, known)
        return Cell(link.label, "ref", link.url)
    shown = item.kind.show(item, value)
    return Cell(item.kind.mask(shown.text), "masked") if item.masked else _plain(shown)


def revealing(entry: Entry, item: Field, value: Any, row_id: int, label: str) -> Cell:
    """A masked value with the address at which it is revealed."""
    url = url_for("records.reveal", record=entry.name, pk=row_id, name=item.name)
    hint = _("Show %(field)s of %(row)s (this is noted in the audit trail)", field=item.label, row=label)
    return cell(item, value, {})._replace(url=url, hint=hint)


def _plain(shown: Shown) -> Cell:
    return Cell(shown.text, shown.kind, tone=shown.tone)


def _link(item: Field, row_id: int, known: Known) -> Link:
    target = item.target
    label = "" if target is None else known.get(target.name, {}).get(row_id, "")
    if target is None or not label:
        return Link(nobody(), "")
    return Link(label, url_for("records.show", record=target.name, pk=row_id))


def file_cell(entry: Entry, row_id: int, value: Sequence[str] | None, files: Mapping[str, StoredFile]) -> Cell:
    """Attached files as links to their downloads."""
    links = tuple(
        Link(files[one].name, url_for("records.download", record=entry.name, pk=row_id, file_id=one), "paperclip")
        for one in value or ()
        if one in files
    )
    return Cell("", "files", links=links) if links else Cell(EMPTY.text, EMPTY.kind)


def size_text(size: int) -> str:
    """A file's size for people."""
    return f"{size / 1024 / 1024:.1f} MB" if size >= 1024 * 1024 else f"{max(1, size // 1024)} KB"


def column(entry: Entry, item: Field, **head: Any) -> Column:
    """The head of a column; its place on a phone's card follows from what the field is."""
    main = main_field(entry)
    part = "main" if item is main else "state" if item is entry.state else "line"
    return Column(item.name, item.label, item.kind.numeric, part=part, **head)


def main_field(entry: Entry) -> Field:
    """The field that opens a row: the first that names it."""
    return entry.labelled[0]


def rows(
    entry: Entry,
    fields: Sequence[Field],
    found: Sequence[Values],
    known: dict[str, Labels],
    *,
    edit: Collection[int],
    query: str,
    words: Sequence[str] = (),
) -> tuple[Row, ...]:
    """The lines of a list; `known` holds the labels of referred rows by record.

    `edit` are the ids that may be edited, `query` is the list one comes from; `words` are marked where they stand.
    """
    plan = plan_of(entry) if words else None
    places = [_Place(item, known, whole=item.masked and readable(me(), item)) for item in fields]
    for place in places:
        if plan is not None and place.item.name in plan.fields:
            place.words, place.named = words, place.item.name in plan.names
    hint = _("Show %(field)s of %(row)s (this is noted in the audit trail)")
    path = url_for("records.list", record=entry.name)
    back = f"?{urlencode({'list': query})}" if query else ""
    lines = []
    for values in found:
        pk, label, here = values["id"], label_of(db(), entry, values, known), f"{path}{values['id']}"
        cells = tuple(
            place.revealing(values, f"{here}/reveal/{place.item.name}", hint, label)
            if place.whole
            else place.cell(values)
            for place in places
        )
        lines.append(Row(pk, label, f"{here}{back}", cells, f"{here}/edit{back}" if pk in edit else ""))
    return tuple(lines)


class _Place:
    """A column while a list is made: each value that comes again is shown once."""

    def __init__(self, item: Field, known: Known, *, whole: bool) -> None:
        self.item = item
        self.whole = whole
        self._known = known
        self._name, self._many, self._label = item.name, item.many, item.label
        self._seen: dict[Any, Cell] = {}
        self.words: Sequence[str] = ()
        self.named = False

    def cell(self, values: Values) -> Cell:
        value = values.get(self._name)
        if self._many or isinstance(value, list):
            return cell(self.item, value, self._known)
        found = self._seen.get(value)
        if found is None:
            found = cell(self.item, value, self._known)
            if self.words and value is not None:
                found = found._replace(marks=spans(found.text, self.words, name=self.named))
            self._seen[value] = found
        return found

    def revealing(self, values: Values, url: str, hint: str, label: str) -> Cell:
        """The value masked, with the address at which it is revealed."""
        shown = self.cell(values)
        if values.get(self._name) is None:
            return shown
        return Cell(shown.text, shown.kind, url, hint=hint % {"field": self._label, "row": label})


def fact_sections(
    entry: Entry, values: Values, known: Known, files: Mapping[str, StoredFile], revealed_as: str = ""
) -> tuple[FactSection, ...]:
    """A row's values in the sections of its form; what no section has follows in the last.

    `revealed_as` is the row's name if the reader may have masked values revealed, else empty.
    """
    placed = {item.name for _section, items in entry.sections for item in items}
    rest = tuple(
        item
        for name, item in entry.fields.items()
        if name not in placed and item is not entry.source and not name.endswith(("_at", "_by"))
    )
    groups = [(str(section.title), items) for section, items in entry.sections]
    if rest:
        title, items = groups.pop()
        groups.append((title, (*items, *rest)))
    return tuple(
        FactSection(title, tuple(_facts(entry, items, values, known, files, revealed_as)))
        for title, items in groups
        if items
    )


def _facts(
    entry: Entry,
    items: Iterable[Field],
    values: Values,
    known: Known,
    files: Mapping[str, StoredFile],
    revealed_as: str,
) -> Iterable[Fact]:
    for item in items:
        if item is entry.source or item.kind.control == "secret":
            continue
        value = values.get(item.name)
        if item.kind.control == "files":
            shown = file_cell(entry, values["id"], value, files)
        elif item.masked and revealed_as and value is not None:
            shown = revealing(entry, item, value, values["id"], revealed_as)
        else:
            shown = cell(item, value, known)
        yield Fact(item.name, item.label, shown, wide=item.kind.wide or item.many)
