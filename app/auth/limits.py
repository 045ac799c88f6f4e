"""How often: wrong passwords of a name from an address, and REST requests of a token or account.

Counts are kept in the memory of each serving process.
"""

from __future__ import annotations

import math
import time

from flask import Flask, current_app
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class TooMany(Exception):
    """The limit is reached; `wait` is the seconds until there is room again."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"wait {wait} s")
        self.wait = wait


class Limits:
    """The limits of one application."""

    def __init__(self, sign_in: int, api: int) -> None:
        self.window = MovingWindowRateLimiter(MemoryStorage())
        self.sign_in = RateLimitItemPerMinute(sign_in)
        # one address may hold a whole unit's people behind its gateway
        self.address = RateLimitItemPerMinute(sign_in * 10)
        self.api = RateLimitItemPerMinute(api)

    def check_sign_in(self, address: str, name: str) -> None:
        """Raise TooMany where too many wrong passwords have come of late; a right one has to wait, too."""
        for item, keys in ((self.sign_in, (address, name.casefold())), (self.address, (address,))):
            if not self.window.test(item, "sign-in", *keys):
                raise TooMany(self._wait(item, "sign-in", *keys))

    def count_wrong(self, address: str, name: str) -> None:
        """Count a wrong password."""
        self.window.hit(self.sign_in, "sign-in", address, name.casefold())
        self.window.hit(self.address, "sign-in", address)

    def count_request(self, who: str) -> None:
        """Count a REST request; raises TooMany."""
        if not self.window.hit(self.api, "api", who):
            raise TooMany(self._wait(self.api, "api", who))

    def _wait(self, item: RateLimitItemPerMinute, *keys: str) -> int:
        return max(1, math.ceil(self.window.get_window_stats(item, *keys).reset_time - time.time()))


def install(app: Flask, sign_in: int, api: int) -> None:
    """Give an application its limits."""
    app.extensions["limits"] = Limits(sign_in, api)


def limits() -> Limits:
    """The limits of the running application."""
    found: Limits = current_app.extensions["limits"]
    return found
