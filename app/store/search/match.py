"""Asks for rows by words, as a condition of any statement about a record: filters and the policy hold with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    cast,
    column,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    table,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from app.access import Person, System, readable
from app.catalog import Entry, Field
from app.store.search.pinyin import LONGEST_FULL
from app.store.search.row import FUNCTION, TIER, kinds_of
from app.store.search.schema import search_table
from app.store.search.tokens import (
    LONGEST_START,
    PINYIN,
    START,
    is_identifier,
    is_pinyin,
    key_of,
    may_begin,
    narrowed,
    plan_of,
    squeezed,
    without_signs,
)

COMMON = 5_000
"""Words that more rows have are asked of each row of the list in turn, which meets enough of them soon."""
MOST_NAMED = 200
MOST_WORDS = 8


def words_of(text: str) -> tuple[str, ...]:
    """The words that rows must all have; what stands beyond the eighth is left out."""
    return tuple(dict.fromkeys(narrowed(text).split()))[:MOST_WORDS]


@dataclass(frozen=True)
class Term:
    """Tokens that must follow one another; `open` if the last may go on; `named` if only what names a row counts."""

    tokens: tuple[str, ...]
    open: bool = False
    named: bool = False


def terms(word: str) -> list[Term]:
    """Any of these is what a word means: text that has it, an identifier or a name in pinyin that begins with it."""
    plain = without_signs(word)
    pairs = tuple(map("".join, pairwise(plain)))
    found = [Term(pairs) if pairs else Term((plain,), open=True)]
    found.append(Term((key_of(plain),), open=True))
    if is_pinyin(word):
        # of a longer name no more is kept
        found.append(Term((PINYIN + word[:LONGEST_FULL],), open=True))
    return found


def in_name(word: str) -> list[Term]:
    """What a word means of a row's name and identifiers alone."""
    first, *rest = terms(word)
    return [Term(first.tokens, first.open, named=True), *rest]


def at_start(word: str) -> list[Term]:
    """What a word means of how a row's name or identifier begins."""
    plain = without_signs(word)
    return [Term((key_of(plain),), open=True), Term((START + plain[:LONGEST_START],), open=True)]


def exactly(word: str) -> list[Term]:
    """What a word means as a whole name or identifier."""
    plain = without_signs(word)
    return [Term((key_of(plain),)), *([Term((START + plain,))] if len(plain) < LONGEST_START else [])]


Meaning = Callable[[str], list[Term]]

TIERS: tuple[tuple[Meaning | None, Meaning | None], ...] = ((exactly, None), (at_start, exactly), (None, at_start))
"""What a list by relevance shows first, next and last: what the whole of the words typed means, and does not mean."""


def _postgresql(words: Sequence[str], meaning: Meaning) -> str:
    return "(" + " & ".join("(" + " | ".join(_phrase(term) for term in meaning(word)) + ")" for word in words) + ")"


def _phrase(term: Term) -> str:
    mark = "A" if term.named else ""
    last = f":{'*' if term.open else ''}{mark}" if term.open or mark else ""
    parts = [f"{token}:{mark}" if mark else token for token in term.tokens[:-1]]
    return "(" + " <-> ".join((*parts, f"{term.tokens[-1]}{last}")) + ")"


def _sqlite(words: Sequence[str], meaning: Meaning) -> str:
    return " AND ".join("(" + " OR ".join(_string(term) for term in meaning(word)) + ")" for word in words)


def _string(term: Term) -> str:
    place = "label : " if term.named else ""
    return f'({place}"{" ".join(term.tokens)}"{" *" if term.open else ""})'


@lru_cache(maxsize=1024)
def tier_questions(text: str) -> Mapping[str, str]:
    """What PostgreSQL is asked for the rows of each of the TIERS, `tier0` and so on.

    Few rows are named so, or begin so, and for those its index is to look for nothing else: that they also have every
    word, `every`, is asked of each of them.
    """
    words, whole = words_of(text), (squeezed(text),)
    every, named, begun = _postgresql(words, terms), _postgresql(whole, exactly), _postgresql(whole, at_start)
    return {"every": every, "tier0": named, "tier1": f"{begun} & ! {named}", "tier2": f"{every} & ! {begun}"}


def by_tokens(entry: Entry, words: Sequence[str], actor: Person | System) -> bool:
    """Whether tokens alone say which of the record's rows have the words."""
    return bool(plan_of(entry).fields) and not any(
        _beside(entry, word, actor) or _named(entry, word, actor) for word in words
    )


class Search:
    """Conditions of a session's database on the rows of one record, for one actor."""

    def __init__(self, session: Session, entry: Entry, actor: Person | System) -> None:
        self._session = session
        self._entry = entry
        self._actor = actor
        self._sqlite = session.get_bind().dialect.name == "sqlite"
        self._name = search_table(entry.model.__tablename__)
        self._table = table(self._name, column("id"), column("rowid"), column("tokens"), column(self._name))
        self.key: Any = self._table.c.rowid if self._sqlite else self._table.c.id
        """The column of the tokens' table that holds the id of the row."""

    @property
    def tokens(self) -> bool:
        """Whether the record's rows have tokens at all."""
        return bool(plan_of(self._entry).fields)

    def simple(self, words: Sequence[str]) -> bool:
        """Whether tokens alone say which rows have the words."""
        return by_tokens(self._entry, words, self._actor)

    def having(self, words: Sequence[str]) -> list[ColumnElement[bool]]:
        """Rows that have every word in a field that is searched and that the actor sees whole."""
        entry = self._entry
        if not self.tokens:
            return [self._slowly(word) for word in words]
        plain = [word for word in words if self.simple([word])]
        found = [self.meaning(plain)] if plain else []
        for word in words:
            if word in plain:
                continue
            ids: Any = self._ids([word], terms)
            beside = _beside(entry, word, self._actor)
            if beside:
                own = entry.model.__table__.alias()
                # identifiers that only some may see whole are no tokens: their own index finds them
                more = [select(own.c.id).where(_begins(own.c[i.storage], word, self._sqlite)) for i in beside]
                ids = union_all(ids, *more)
            known = [item.column.in_(codes) for item, codes in _named(self._entry, word, self._actor)]
            found.append(or_(entry.model.id.in_(ids), *known))
        return found

    def rows(self, words: Sequence[str], meaning: Meaning) -> Select[Any]:
        """SELECT of the rows for which every word has this meaning, in whatever order they are met."""
        model = self._entry.model
        # a sum is no column: SQLite would else search the tokens anew for each row that the policy leaves
        key = self.key + 0 if self._sqlite else self.key
        found = select(model.id.label("id")).select_from(model).join(self._table, key == model.id)
        return found.where(self._matches(words, meaning))

    def matching(self, words: Sequence[str]) -> Select[Any]:
        """SELECT of the rows that have every word, in whatever order they are met."""
        if self.simple(words):
            return self.rows(words, terms)
        model = self._entry.model
        found = select(model.id.label("id")).where(*self.having(words))
        if not self.tokens or any(_named(self._entry, word, self._actor) for word in words):
            return found
        # by the ids that were found: SQLite would look at each row that the policy leaves
        return found.with_hint(model, "NOT INDEXED", "sqlite")

    def lately(self, words: Sequence[str], most: int) -> Select[Any]:
        """SELECT of the rows that have every word among those with the highest ids, the newest first."""
        model = self._entry.model
        newest = select(func.max(model.__table__.c.id)).scalar_subquery()
        return self.matching(words).where(model.id > newest - most).order_by(model.id.desc())

    def every(self, words: Sequence[str]) -> Select[Any]:
        """The same where no policy narrows what the actor sees: the rows themselves need not be asked."""
        return self._ids(words, terms) if self.simple(words) else self.matching(words)

    def anything(self, words: Sequence[str]) -> ColumnElement[bool]:
        """Whether the tokens of any row at all, whoever may see it, have every word: worth a look, no answer."""
        return exists(self._ids(words, terms).limit(1))

    def meaning(self, words: Sequence[str]) -> ColumnElement[bool]:
        """Rows whose tokens have every word."""
        return self._entry.model.id.in_(self._ids(words, terms))  # type: ignore[no-any-return]

    def row_by_row(self, words: Sequence[str]) -> list[ColumnElement[bool]]:
        """The same asked of each row that a list's order comes to: for words that are `common`."""
        if self._sqlite:
            return [getattr(func, FUNCTION)(kinds_of(self._entry), " ".join(words), *self._values()) == literal(1)]
        here = self._ids(words, terms).where(self._table.c.id == self._entry.model.id).correlate(self._entry.model)
        # an offset keeps PostgreSQL from turning the question back into the join that it is there to avoid
        return [exists(here.offset(0))]

    def common(self, words: Sequence[str]) -> bool:
        """Whether so many rows have the words that a list's own order meets enough of them soon.

        PostgreSQL knows how common a pair of characters is, and takes several for unrelated; SQLite knows nothing.
        """
        if not self.simple(words) or not (self._sqlite or len(words) > 1 or len(words[0]) > 2):
            return False
        inner = self._ids(words, terms).limit(COMMON + 1).subquery()
        found = select(func.count()).select_from(inner)
        return (self._session.scalar(found, execution_options={"unfiltered": True}) or 0) > COMMON

    def _ids(self, words: Sequence[str], meaning: Meaning) -> Select[Any]:
        """SELECT of the ids of rows whose tokens say so."""
        return select(self.key).select_from(self._table).where(self._matches(words, meaning))

    def tier(self, text: str, number: int) -> ColumnElement[bool]:
        """Of the rows that have every word of a text those of one of the TIERS, as SQLite is asked for them."""
        whole = (squeezed(text),)
        has, lacks = TIERS[number]
        found = _sqlite(words_of(text), terms)
        if has is not None:
            found = f"({found}) AND ({_sqlite(whole, has)})"
        if lacks is not None:
            found = f"({found}) NOT ({_sqlite(whole, lacks)})"
        return self._holds(found)

    def tier_by_row(self, text: str) -> ColumnElement[Any]:
        """The number of a row's tier as SQLite tells it from the row's own values, where filters leave few rows."""
        return getattr(func, TIER)(kinds_of(self._entry), squeezed(text), *self._values())  # type: ignore[no-any-return]

    def _values(self) -> list[Any]:
        return [self._entry.fields[name].column for name in plan_of(self._entry).fields]

    def _matches(self, words: Sequence[str], meaning: Meaning) -> ColumnElement[bool]:
        return self._holds((_sqlite if self._sqlite else _postgresql)(words, meaning))

    def _holds(self, asked: str) -> ColumnElement[bool]:
        here = self._table.c
        if self._sqlite:
            return here[self._name].op("MATCH", is_comparison=True)(literal(asked))
        return here.tokens.op("@@", is_comparison=True)(cast(literal(asked), TSQUERY))

    def _slowly(self, word: str) -> ColumnElement[bool]:
        """Of what has no tokens, the audit trail: by looking into each row."""
        fields = [item for item in self._entry.searched if readable(self._actor, item)]
        found = [item.column.icontains(word, autoescape=True) for item in fields]
        known = [item.column.in_(codes) for item, codes in _named(self._entry, word, self._actor)]
        return or_(false(), *found, *known)


def _beside(entry: Entry, word: str, actor: Person | System) -> list[Field]:
    """Masked identifiers that the actor may search by this word."""
    return [
        i for i in entry.searched if i.masked and is_identifier(i) and may_begin(i, word) and readable(actor, i)
    ]  # fmt: skip


def _named(entry: Entry, word: str, actor: Person | System) -> list[tuple[Field, list[str]]]:
    """The values of fields that people know by names with the word in them."""
    found = []
    for item in entry.searched:
        codes = [code for code, name in (item.names or {}).items() if word in narrowed(str(name))]
        if codes and readable(actor, item):
            found.append((item, codes[:MOST_NAMED]))
    return found


def _begins(value: Any, word: str, sqlite: bool) -> ColumnElement[bool]:
    """Whether an identifier, which is stored in capitals, begins so; in a form that its index answers."""
    start = squeezed(word).upper()
    if sqlite:
        return (value >= start) & (value < f"{start}\U0010ffff")  # type: ignore[no-any-return]
    return value.startswith(start, autoescape=True)  # type: ignore[no-any-return]
