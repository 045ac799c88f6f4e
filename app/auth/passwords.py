"""Passwords: Argon2id hashes, and a check that takes the same time for an unknown name."""

from __future__ import annotations

import os
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER = PasswordHasher()
AT_ONCE = min(4, os.cpu_count() or 1)
"""Passwords that a process works on at the same time: each takes 64 MB, and more at once are no faster."""
_room = BoundedSemaphore(AT_ONCE)


def hash_password(password: str) -> str:
    """The Argon2id hash to store."""
    with _room:
        return HASHER.hash(password)


def fits(stored: str | None, password: str) -> bool:
    """Whether a password is the one stored; with nothing stored, the same work is done and the answer is no."""
    against = stored or _nobodys_hash()
    try:
        with _room:
            HASHER.verify(against, password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@cache
def _nobodys_hash() -> str:
    return HASHER.hash("nobody has this password")
