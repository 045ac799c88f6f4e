"""Whether the time of an answer tells an unknown name from a wrong password: `python -m benchmarks.sign_in_timing`.

TRIES (200) of each, in turns, at the sign-in page: with passwords kept here, and with a real slapd. Then how much
memory 64 passwords at once take.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config import Settings

TRIES = int(os.environ.get("TRIES", "200"))
APART = 0.15
"""How far from a half the chance may be that a try with an unknown name takes longer than one with a wrong password."""
AT_ONCE = 64
MOST_GROWTH_MB = 5 * 64


def main() -> int:
    """Measure all; the exit code tells whether they kept to what is claimed."""
    if sys.argv[1:] == ["memory"]:
        return _memory()
    from config import Settings
    from tests.support import people
    from tests.support.city_directory import GROUPS, PEOPLE, city
    from tests.support.places import Places
    from tests.support.postgres import Postgres
    from tests.support.slapd import PASSWORD, SEARCH_DN, Authority, Slapd

    with tempfile.TemporaryDirectory(prefix="rn-bench-") as folder:
        place = Places(Path(folder), Postgres).make("sqlite")
        own = replace(place.settings, sign_in_limit=1000)
        good = _compare("passwords kept here", own, people.CAST)
        authority = Authority(Path(folder))
        with Slapd(city(), authority.certificate("good")) as server:
            directory = Settings.from_env({
                "RAINBOW_LDAP_URLS": server.ldaps, "RAINBOW_LDAP_CA_FILE": str(authority.ca),
                "RAINBOW_LDAP_BASE": PEOPLE, "RAINBOW_LDAP_GROUP_BASE": GROUPS, "RAINBOW_LDAP_BIND_DN": SEARCH_DN,
                "RAINBOW_LDAP_BIND_PASSWORD": PASSWORD,
            }).directory  # fmt: skip
            names = [f"u{number:05}" for number in range(1, 41)]
            good = _compare("passwords of the directory", replace(own, directory=directory), names) and good
    memory = subprocess.run(
        [sys.executable, "-m", "benchmarks.sign_in_timing", "memory"], check=False
    )  # this file itself
    return 0 if good and memory.returncode == 0 else 1


def _compare(what: str, settings: Settings, names: Sequence[str]) -> bool:
    from tests.support.console import console

    taken: dict[str, list[float]] = {"unknown name": [], "wrong password": []}
    with console(settings) as app:
        client = app.test_client()
        token = client.get("/login/").text.partition('name="csrf_token" value="')[2].partition('"')[0]
        for turn in range(TRIES + 5):
            order = list(taken)[:: 1 if turn % 2 else -1]
            for kind in order:
                known = kind == "wrong password"
                # as long as a known one, and different each time
                name = names[turn % len(names)] if known else f"{turn:05}"[: len(names[turn % len(names)])]
                sent = {"username": name, "password": "a wrong password", "csrf_token": token}
                address = {"REMOTE_ADDR": f"10.{turn % 250}.{turn // 250}.{1 + known}"}
                begin = time.perf_counter()
                answer = client.post("/login/", data=sent, environ_base=address)
                seconds = time.perf_counter() - begin
                if answer.status_code != 401:
                    raise SystemExit(f"{kind} was answered {answer.status}")
                if turn >= 5:  # what is made at the first use is made
                    taken[kind].append(seconds * 1000)
    for kind, times in taken.items():
        low, middle, high = statistics.quantiles(times, n=4)
        print(f"{what}, {kind}: median {middle:.1f} ms, quartiles {low:.1f} to {high:.1f} ms, of {len(times)}")
    chance = _chance(taken["unknown name"], taken["wrong password"])
    print(f"{what}: an unknown name takes longer in {chance:.0%} of all pairs (Mann-Whitney; 50% is no difference)")
    return abs(chance - 0.5) <= APART


def _chance(one: Sequence[float], other: Sequence[float]) -> float:
    """The share of pairs in which the one is greater: U of Mann and Whitney, the area under the ROC curve."""
    won = sum((a > b) + (a == b) / 2 for a in one for b in other)
    return won / (len(one) * len(other))


def _memory() -> int:
    """How much memory so many checks at once take, with the bound on those worked on at the same time."""
    from app.auth import passwords

    stored = passwords.hash_password("a right password")
    before, begin = _peak_mb(), time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda _n: passwords.fits(stored, "a wrong password"), range(AT_ONCE)))
    seconds, growth = time.perf_counter() - begin, _peak_mb() - before
    print(f"{AT_ONCE} passwords at once, {passwords.AT_ONCE} worked on at the same time: {seconds:.1f} s, "
          f"memory grew by {growth:.0f} MB at most")  # fmt: skip
    return 0 if not any(found) and growth <= MOST_GROWTH_MB else 1


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
