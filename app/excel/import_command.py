"""The import of a file for the command line; faults are ValueErrors in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from flask_babel import force_locale

from app.access import Forbidden, Person, System, may
from app.catalog import Entry, current
from app.declare.access import Verb
from app.excel.book import BadWorkbook, column_letters
from app.excel.plan import Reading, Report, plan_file, read_layout, remarks, store_file, upload_of
from app.excel.read import open_book
from app.store.import_tables import Mode
from app.store.imports.applying import apply
from app.store.imports.batches import Planned, Refused, find, line_text, refused_rows, same_file, start
from app.store.save import Rules, make_rules
from app.store.session import act_as, db, writing_now


@dataclass(frozen=True)
class Import:
    """An import that is begun: `earlier` are the batches of the same file that are under way or went in.

    `told` is what the person should know of how the file is read.
    """

    batch_id: int
    entry: Entry
    path: Path
    language: str
    earlier: tuple[tuple[int, str, str], ...]
    told: tuple[str, ...] = ()

    def store(self, report: Report) -> dict[str, int] | None:
        """Store the rows while the file is checked, if all are new and good; the counts with `added`, or None."""
        with force_locale(self.language), _worded():
            return store_file(db(), self.batch_id, self.path, _rules(), report)

    def plan(self, report: Report) -> dict[str, int]:
        """Check the whole file; returns the rows by outcome."""
        with force_locale(self.language), _worded():
            return plan_file(db(), self.batch_id, self.path, _rules(), report)

    def apply(self, good_rows: bool, report: Report) -> dict[str, int]:
        """Store what was planned; returns the counts with `added` and `edited`."""
        with force_locale(self.language), _worded():
            return apply(db(), self.batch_id, _rules(), good_rows=good_rows, report=report)

    def notices(self) -> list[str]:
        """What is told once of the whole file."""
        batch = find(db(), self.batch_id)
        told = [] if batch is None else batch.notices
        return [
            f"{self.entry.fields[one['field']].label}: {one['text']}" if one["field"] else one["text"] for one in told
        ]

    def faults(self) -> Iterator[str]:
        """A line for each thing that stands against a row: its place in the sheet, the field, what to do."""
        with force_locale(self.language):
            for row in refused_rows(db(), self.batch_id):
                yield from self._lines(row)

    def _lines(self, row: Planned) -> Iterator[str]:
        for note in row.notes:
            if not note.odd:
                cell = f"{'' if note.place is None else column_letters(note.place)}{line_text(row.line)}"
                field = f"{self.entry.fields[note.field].label}: " if note.field in self.entry.fields else ""
                yield f"{cell} [{row.outcome}] {field}{note.message}"


def prepare(
    actor: Person | System, record: str, path: Path, sheet: str, mode: str, language: str
) -> Import:  # fmt: skip
    """Begin the import of a file into a record; raises ValueError for what cannot be read or is not allowed."""
    catalog = current()
    entry = catalog.get(record)
    if entry is None:
        raise ValueError(f"There is no record {record!r}. Known are: {', '.join(one.name for one in catalog)}.")
    session = db()
    act_as(session, actor)
    visible = [one.name for one in catalog if may(actor, one, Verb.READ)]
    with force_locale(language), _worded():
        with open_book(path, path.name) as book:
            reading = read_layout(book, catalog, entry, visible, sheet=sheet)
            layout = reading.layout(Mode(mode))
            told = (*(str(one) for one in book.notes()), *(str(one) for one in remarks(reading, entry)))
        upload = upload_of(path, path.name)
        known = [(one.id, one.actor, str(one.state)) for one in same_file(session, entry, upload.digest)]
        session.rollback()
        with writing_now():
            batch_id = start(session, entry, upload, layout)
            _settled(reading, entry)
            session.commit()
    return Import(batch_id, entry, path, language, tuple(known), told)


def _settled(reading: Reading, entry: Entry) -> None:
    """Raise ValueError where somebody would have to choose: nobody is there to ask."""
    problems = reading.matching.problems(entry, reading.header.texts)
    if problems:
        raise ValueError(" ".join(str(one) for one in problems))


def _rules() -> Rules:
    return make_rules(current_app.config["CEILING"], lambda secret: secret)


@contextmanager
def _worded() -> Iterator[None]:
    """What stops an import, in words."""
    try:
        yield
    except (BadWorkbook, Refused) as error:
        raise ValueError(str(error.message)) from None
    except Forbidden as error:
        raise ValueError(f"There is no grant to write {error.entry.name}.") from None
    except OSError as error:
        raise ValueError(f"{error.filename} cannot be read: {error.strerror}.") from None
