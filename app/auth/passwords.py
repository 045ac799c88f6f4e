"""Passwords: what may be one, Argon2id hashes, and a check that takes the same time for an unknown name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from threading import BoundedSemaphore
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, current_app
from flask_babel import gettext as _
from werkzeug.security import check_password_hash

HASHER = PasswordHasher()
AT_ONCE = min(4, os.cpu_count() or 1)
"""Passwords that a process works on at the same time: each takes 64 MB, and more at once are no faster."""
_room = BoundedSemaphore(AT_ONCE)
FORMER = ("pbkdf2:", "scrypt:")
"""How hashes begin that Flask-AppBuilder has stored."""
LONGEST = 256
"""Characters, which are 1,024 bytes at most: nobody makes the console hash a book."""
EASY = 10**9
"""Fewer guesses than this find a password that is easy, by the estimate of zxcvbn."""
MEASURED = 72
"""How much of a password the estimate takes; what follows makes it harder."""


@dataclass(frozen=True)
class PasswordRules:
    """What may be a password: at least so long, none of those that were published, none that is easy to guess."""

    shortest: int
    published: tuple[str, ...] = ()

    def fault(self, password: str, username: str = "") -> str:
        """Why this cannot be the password of somebody, in words; empty if it can."""
        if len(password) < self.shortest:
            return str(_("Use at least %(count)s characters.", count=self.shortest))
        if len(password) > LONGEST:
            return str(_("Use at most %(count)s characters.", count=LONGEST))
        if password in self.published:
            return str(_("This password was published with the console. Choose another."))
        if len(username) > 2 and username.casefold() in password.casefold():
            return str(_("The password must not contain the user name."))
        if _guesses(password) < EASY:
            return str(_("This password is easy to guess: it is common, or repeats itself. Choose another."))
        return ""


def _guesses(password: str) -> int:
    # the lists of words are loaded where a password is chosen, and not when the console starts
    from zxcvbn import zxcvbn

    return int(zxcvbn(password[:MEASURED])["guesses"])


def install(app: Flask, shortest: int, published: tuple[str, ...]) -> None:
    """Give an application its rules of passwords."""
    app.extensions["passwords"] = PasswordRules(shortest, published)


def rules() -> PasswordRules:
    """The rules of the running application."""
    found: PasswordRules = current_app.extensions["passwords"]
    return found


def refuse(password: str, values: Mapping[str, Any]) -> str:
    """Why this cannot be the password of a row with these values; empty if it can."""
    return rules().fault(password, str(values.get("username") or ""))


def hash_password(password: str) -> str:
    """The Argon2id hash to store."""
    with _room:
        return HASHER.hash(password)


def fits(stored: str | None, password: str) -> bool:
    """Whether a password is the one stored; with nothing stored, the same work is done and the answer is no."""
    if stored is not None and stored.startswith(FORMER):
        try:
            with _room:
                return check_password_hash(stored, password)
        except ValueError:
            return False
    against = stored or _nobodys_hash()
    try:
        with _room:
            HASHER.verify(against, password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def outdated(stored: str) -> bool:
    """Whether a hash was made in an older way than one would be today."""
    return stored.startswith(FORMER) or HASHER.check_needs_rehash(stored)


@cache
def _nobodys_hash() -> str:
    return HASHER.hash("nobody has this password")
