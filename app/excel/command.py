"""The export of a list for the command line; faults are ValueErrors in words."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from flask_babel import force_locale
from werkzeug.datastructures import MultiDict

from app.access import Person, System, may
from app.catalog import current
from app.declare.access import Verb
from app.excel.write import FORMS, Progress, Written, write
from app.store.page import count
from app.store.query import BadQuery, Query, read_query
from app.store.session import act_as, db


@dataclass(frozen=True)
class Export:
    """An export that can be done: `total` rows are to be written."""

    query: Query
    path: Path
    form: str
    total: int
    language: str

    def run(self, progress: Progress) -> Written:
        """Write the file beside its place, and put it there when it is whole."""
        part = self.path.with_name(f"{self.path.name}.part")
        try:
            with force_locale(self.language), part.open("wb") as file:
                done = write(db(), self.query, file, self.form, progress)
            db().commit()
            part.replace(self.path)
        except OSError as error:
            raise ValueError(f"{self.path} cannot be written: {error.strerror}.") from None
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        return done


def prepare(actor: Person | System, record: str, pairs: Sequence[tuple[str, str]], path: Path, language: str) -> Export:
    """The export of a record's list by its address's parameters; raises ValueError for what cannot be done."""
    entry = current().get(record)
    if entry is None:
        raise ValueError(f"There is no record {record!r}. Known are: {', '.join(one.name for one in current())}.")
    if not may(actor, entry, Verb.READ):
        raise ValueError(f"{actor.name} has no grant to read {record}.")
    form = path.suffix.lstrip(".").lower()
    if form not in FORMS:
        raise ValueError(f"The file's name ends with one of: {', '.join(f'.{one}' for one in FORMS)}.")
    act_as(db(), actor)
    with force_locale(language):
        try:
            query = read_query(entry, MultiDict(pairs), actor)
        except BadQuery as error:
            allowed = f" Known are: {', '.join(error.allowed)}." if error.allowed else ""
            raise ValueError(f"{error.text}{allowed}") from None
    return Export(query, path, form, count(db(), query, None).number, language)
