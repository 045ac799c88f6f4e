"""Identifiers with check digits: citizen ids, organisation codes and credit codes, checked by their standards.

Each `check_*` function takes the identifier in its normal form and returns None, or what is wrong in words.
"""

from __future__ import annotations

from datetime import date
from operator import mul

from flask_babel import lazy_gettext as _l

from app.declare.choices import Words

CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def citizen_check_digit(first17: str) -> str:
    """The last character of a citizen id, from the first 17 digits (GB 11643-1999)."""
    total = sum(map(mul, first17.encode("ascii"), CITIZEN_WEIGHTS))
    return "10X98765432"[(total - ord("0") * sum(CITIZEN_WEIGHTS)) % 11]


def org_check_digit(first8: str) -> str:
    """The check character of an organisation code (GB 11714-1997); letters count from A = 10."""
    total = sum(ORG_ALPHABET.index(char) * weight for char, weight in zip(first8, ORG_WEIGHTS, strict=True))
    check = 11 - total % 11
    return "X" if check == 10 else "0" if check == 11 else str(check)


def credit_check_digit(first17: str) -> str:
    """The check character of a unified social credit code (GB 32100-2015), modulo 31."""
    total = sum(CREDIT_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(first17))
    return CREDIT_ALPHABET[(31 - total % 31) % 31]


def birth_date(citizen_id: str) -> date | None:
    """The date of birth inside a citizen id, or None if its digits are no date."""
    digits = citizen_id[6:14]
    try:
        # which reads weeks, too
        return date.fromisoformat(digits) if digits.isascii() and digits.isdecimal() else None
    except ValueError:
        return None


def is_female(citizen_id: str) -> bool:
    """Whether a citizen id's sequence number is even, which marks a woman."""
    return int(citizen_id[16]) % 2 == 0


def check_citizen_id(text: str) -> Words | None:
    """What is wrong with a citizen id of 18 characters, or None."""
    if len(text) != 18 or not (text[:17].isascii() and text[:17].isdigit()) or text[17] not in "0123456789X":
        return _l("Give 17 digits and a digit or X.")
    if birth_date(text) is None:
        return _l("Digits 7 to 14 are no date of birth.")
    if citizen_check_digit(text[:17]) != text[17]:
        return _l("The last character does not fit the other 17: please check the number.")
    return None


def check_org_code(text: str) -> Words | None:
    """What is wrong with an organisation code such as D2143569-X, or None."""
    if len(text) != 10 or text[8] != "-" or any(char not in ORG_ALPHABET for char in text[:8]):
        return _l("Give eight digits or capital letters, a hyphen and the check character.")
    if org_check_digit(text[:8]) != text[9]:
        return _l("The check character after the hyphen does not fit: please check the code.")
    return None


def check_credit_code(text: str) -> Words | None:
    """What is wrong with a unified social credit code of 18 characters, or None."""
    if len(text) != 18 or any(char not in CREDIT_ALPHABET for char in text):
        return _l("Give 18 digits or capital letters, without I, O, S, V, Z.")
    if credit_check_digit(text[:17]) != text[17]:
        return _l("The last character does not fit the other 17: please check the code.")
    return None
