"""A workbook says which record it is of, and how that was declared when it was written."""

from dataclasses import replace

from app.catalog import Catalog
from app.excel.layout import Stamp, fingerprint, hidden_headers, read_stamp, stamp


def test_every_record_has_a_fingerprint_of_its_own(catalog: Catalog) -> None:
    found = [fingerprint(entry) for entry in catalog]
    assert len(set(found)) == len(found)
    assert all(len(text) == 12 and int(text, 16) >= 0 for text in found)


def test_the_fingerprint_changes_with_the_fields(catalog: Catalog) -> None:
    entry = catalog["resident"]
    fewer = replace(entry, fields=dict(list(entry.fields.items())[1:]))
    assert fingerprint(fewer) != fingerprint(entry)
    assert fingerprint(replace(entry)) == fingerprint(entry)


def test_a_stamp_is_read_back_and_nothing_else_is_one(catalog: Catalog) -> None:
    entry = catalog["resident"]
    assert read_stamp(stamp(entry)) == Stamp("resident", fingerprint(entry))
    assert hidden_headers(entry) == ("rn:id", "rn:version", stamp(entry))
    for text in (None, 1, "", "rn:id", "rn:version", "rn:resident", "rn:resident:short", "姓名", "rn:a:b:c"):
        assert read_stamp(text) is None
