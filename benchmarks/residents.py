"""Any number of believable residents, made by the database itself: the same ones wherever they are made."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import psycopg

from app.declare.identifiers import CITIZEN_WEIGHTS
from seeds.demo.words import FEMALE, MALE, ROADS, SHARES, SURNAMES, TOWNS, VILLAGES

COLUMNS = (
    "citizen_id", "name", "sex", "birth", "ethnicity", "area", "address", "moved_in", "verification", "unit_id",
    "version", "created_at", "created_by", "updated_at", "updated_by",
)  # fmt: skip
TABLE = """
CREATE TABLE unit (id integer PRIMARY KEY, name varchar(200) NOT NULL);
INSERT INTO unit VALUES (1, '公安局');
CREATE TABLE resident (
    citizen_id varchar(18) NOT NULL UNIQUE, name varchar(200) NOT NULL, sex varchar(32) NOT NULL, birth date NOT NULL,
    ethnicity varchar(32) NOT NULL, area varchar(6) NOT NULL, address varchar(200), moved_in date,
    verification varchar(32) NOT NULL, unit_id integer NOT NULL REFERENCES unit, id serial PRIMARY KEY,
    version integer NOT NULL DEFAULT 1, created_at timestamp NOT NULL, created_by varchar(200),
    updated_at timestamp NOT NULL, updated_by varchar(200)
);
CREATE INDEX ON resident (unit_id);
"""
"""The same table as the console's, with the indexes that any framework makes: of keys and references alone."""

# Days are told apart by a prime, so that day and sequence number never meet again below 16 million people.
_INSERT = """
INSERT INTO resident ({columns})
SELECT first || substr('10X98765432', 1 + (({checksum}) %% 11), 1),
    (%(surnames)s::text[])[1 + h1 %% array_length(%(surnames)s::text[], 1)] || CASE WHEN woman
        THEN (%(female)s::text[])[1 + h2 %% array_length(%(female)s::text[], 1)]
        ELSE (%(male)s::text[])[1 + h2 %% array_length(%(male)s::text[], 1)] END,
    CASE WHEN woman THEN 'female' ELSE 'male' END, born,
    CASE WHEN h3 %% 1000 < 988 THEN 'HA' ELSE (ARRAY['HU','MA','MH','TJ','ZH','YI'])[1 + h3 %% 6] END, area,
    town || CASE WHEN town LIKE '%%街道'
        THEN (%(roads)s::text[])[1 + h4 %% array_length(%(roads)s::text[], 1)] || ' ' || (1 + h3 %% 220) || ' 号'
        ELSE (%(villages)s::text[])[1 + h4 %% array_length(%(villages)s::text[], 1)] || '村 ' || (1 + h3 %% 12) || ' 组'
    END,
    CASE WHEN h4 %% 1000 < 35 THEN born + ((h1 %% 1000))::int END,
    CASE WHEN h2 %% 100 < 6 THEN 'pending' WHEN h2 %% 1000 = 99 THEN 'doubtful' ELSE 'verified' END,
    %(unit)s, 1, timestamp '2003-11-01' + n * interval '1 second', '户籍科',
    timestamp '2003-11-01' + n * interval '1 second', '户籍科'
FROM (
    SELECT *, area || to_char(born, 'YYYYMMDD') || lpad((n / 32749 * 2 + h3 %% 2)::text, 3, '0') AS first,
        h3 %% 2 = 0 AS woman,
        (%(towns)s::text[])[1 + h2 %% array_length(%(towns)s::text[], 1)] AS town
    FROM (
        SELECT n, date '1916-01-01' + ((n * 7919) %% 32749)::int AS born,
            (%(areas)s::text[])[1 + h1 %% 100] AS area, h1, h2, h3, h4
        FROM (
            SELECT n, abs(hashint8extended(n, 1)) %% 1000003 AS h1, abs(hashint8extended(n, 2)) %% 1000003 AS h2,
                abs(hashint8extended(n, 3)) %% 1000003 AS h3, abs(hashint8extended(n, 4)) %% 1000003 AS h4
            FROM generate_series(%(from)s::bigint, %(to)s::bigint - 1) AS n
        ) AS hashed
    ) AS placed
) AS known
"""


def insert(url: str, start: int, end: int, unit: int) -> None:
    """Add the residents of these numbers, below 16 million, as the unit's own; then let the planner look at them."""
    checksum = " + ".join(f"substr(first, {i}, 1)::int * {weight}" for i, weight in enumerate(CITIZEN_WEIGHTS, 1))
    statement = _INSERT.format(columns=", ".join(COLUMNS), checksum=checksum)
    values = {
        "surnames": list(SURNAMES), "male": list(MALE), "female": list(FEMALE), "roads": list(ROADS),
        "villages": list(VILLAGES), "towns": [town for towns in TOWNS.values() for town in towns],
        "areas": [area for area, share in SHARES.items() for _ in range(share)], "unit": unit,
    }  # fmt: skip
    with psycopg.connect(url, autocommit=True) as connection:
        for first in range(start, end, 500_000):
            connection.execute(statement.encode(), {**values, "from": first, "to": min(first + 500_000, end)})
        connection.execute("VACUUM ANALYZE resident")


def indexes(url: str) -> list[str]:
    """The definitions of all indexes of the table of residents."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'resident' ORDER BY indexname")
        return [row[0] for row in found]


def add_indexes(url: str, definitions: list[str]) -> list[str]:
    """Make the indexes that a table of plain residents can carry; return those it cannot."""
    refused = []
    with psycopg.connect(url, autocommit=True) as connection:
        for definition in definitions:
            name = definition.split(" INDEX ")[1].split(" ON ")[0]
            named = definition.replace(f" INDEX {name} ON", f" INDEX IF NOT EXISTS given_{name} ON")
            try:
                connection.execute(named.encode())
            except psycopg.Error:
                refused.append(definition)
        connection.execute("ANALYZE resident")
    return refused


def copy_to_sqlite(source: str, path: str, most: int) -> None:
    """The first residents of a console's PostgreSQL database in the SQLite file of another."""
    names = ", ".join(COLUMNS)
    marks = ", ".join("?" * len(COLUMNS))
    with psycopg.connect(source) as connection, closing(sqlite3.connect(path)) as target:
        target.execute("DELETE FROM resident")
        with connection.cursor("residents") as cursor:
            cursor.itersize = 20_000
            cursor.execute(f"SELECT {names} FROM resident ORDER BY id LIMIT {most}".encode())
            rows = (tuple(map(_plain, row)) for row in cursor)
            target.executemany(f"INSERT INTO resident ({names}) VALUES ({marks})", rows)
        target.commit()
        target.execute("ANALYZE")


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (str, int)) else str(value)
