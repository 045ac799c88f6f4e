"""Names of people are only ever names: whatever is in them, filters and distinguished names stay what they are."""

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.operation.search import parse_filter

from app.auth.directory.people import by_pattern, usable
from app.auth.directory.text import escaped, lies_below, name_in, organisational_units, parts_of, read_dn

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(TEXTS)
def test_any_text_is_one_value_of_a_filter_and_comes_back_whole(text: str) -> None:
    read: Any = parse_filter
    plain, parsed = (read(f"(uid={one})", None, True, True, None, False) for one in ("a", escaped(text)))
    assert [one.tag for one in parsed.elements] == [one.tag for one in plain.elements]  # one test, of equality
    value = parsed.elements[0].assertion["value"]
    assert re.sub(rb"\\(..)", lambda found: bytes.fromhex(found[1].decode()), value) == text.encode()


@given(TEXTS)
def test_any_text_is_one_value_of_a_distinguished_name_and_comes_back_whole(text: str) -> None:
    dn = f"uid={escaped(text)},ou={escaped(text)},dc=lyg"
    assert parts_of(dn) == [("uid", text), ("ou", text), ("dc", "lyg")]
    assert name_in(dn) == text.strip() or not text.strip()
    assert organisational_units(dn) == [text.strip()]


@pytest.mark.parametrize(
    "written",
    [
        r"CN=Zhang\, Wei \"A\", OU=\e5\b1\80 , dc=LYG",
        r"cn=zhang\2C wei \22a\22,ou=局,dc=lyg",
        r"cn= Zhang\2c  Wei \22A\22 ,ou=局,DC=lyg",
    ],
)
def test_the_same_name_written_otherwise_is_the_same(written: str) -> None:
    assert read_dn(written) == (("cn", 'zhang, wei "a"'), ("ou", "局"), ("dc", "lyg"))


@pytest.mark.parametrize("text", ["", "no name at all", "cn=a,b", "cn=a\\", ",", "=,="])
def test_what_is_no_distinguished_name_is_compared_as_it_stands(text: str) -> None:
    assert organisational_units(text) == []
    assert read_dn(text) == read_dn(text.upper())


def test_a_level_of_two_pairs_is_not_two_levels() -> None:
    assert lies_below("cn=a,OU=Groups, dc=lyg", "ou=groups,dc=lyg")
    assert not lies_below("cn=a+ou=groups,dc=lyg", "ou=groups,dc=lyg")
    assert not lies_below("ou=groups,dc=lyg,dc=other", "ou=groups,dc=lyg")
    assert read_dn("cn=a+ou=b,dc=lyg") != read_dn("cn=a,ou=b,dc=lyg")


def test_a_name_written_to_waste_time_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    started = time.thread_time()
    parts_of("cn=" + "\\aa" * 5_000 + "\\")
    assert time.thread_time() - started < 1


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "a\nb", "a\x00", "a\u202eb", "x" * 65])
def test_what_cannot_be_a_user_name_is_not_looked_for(name: str) -> None:
    assert not usable(name)


def test_a_name_stays_within_its_place_in_a_pattern() -> None:
    assert by_pattern("uid={},ou=x", "a,ou=y+b") == r"uid=a\2cou\3dy\2bb,ou=x"
    assert by_pattern("{}@city.gov", "zhang") == "zhang@city.gov"
    assert by_pattern("{}@city.gov", "zhang@other.gov") == ""
