"""Passwords: Argon2id hashes, and a check that takes the same time for an unknown name."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER = PasswordHasher()


def hash_password(password: str) -> str:
    """The Argon2id hash to store."""
    return HASHER.hash(password)


def fits(stored: str | None, password: str) -> bool:
    """Whether a password is the one stored; with nothing stored, the same work is done and the answer is no."""
    try:
        HASHER.verify(stored or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@cache
def _nobodys_hash() -> str:
    return HASHER.hash("nobody has this password")
