"""A console killed in the middle of its writes: each batch is there whole or not at all, and the trail agrees.

For more: `RAINBOW_EXAMPLES=200 python -m pytest tests/store/test_killed.py`.
"""

import http.client
import os
import random
import re
import signal
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping
from http.cookiejar import CookieJar
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.store.session import make_engine
from tests.support import people
from tests.support.patience import PATIENCE, until
from tests.support.places import Filling, Place
from tests.support.served import Served
from tests.support.visitor import form_token

pytestmark = pytest.mark.served

CLIENTS = 4
WRITES = int(os.environ.get("RAINBOW_EXAMPLES", "60"))
KILLS = 5
ROWS = 100


class Staying(urllib.request.HTTPRedirectHandler):
    """Follows no redirection after a bulk action: the list it leads to is of no interest here."""

    def redirect_request(self, req: urllib.request.Request, *rest: Any) -> urllib.request.Request | None:
        return None if req.full_url.endswith("/bulk") else super().redirect_request(req, *rest)


class Client:
    """Somebody with a browser's cookies at a served console; the cookies outlive it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), Staying())
        self.token = ""

    def sign_in(self, base: str) -> None:
        self.token = form_token(self.read(f"{base}/login/"))
        self.read(f"{base}/login/", {"username": self.name, "password": people.PASSWORD, "csrf_token": self.token})
        self.token = form_token(self.read(f"{base}/"))

    def read(self, url: str, data: Mapping[str, object] | None = None) -> str:
        sent = None if data is None else urllib.parse.urlencode(data, doseq=True).encode()
        with self.opener.open(url, sent, timeout=PATIENCE) as answer:
            return str(answer.read().decode())


def write(client: Client, base: str, number: int, ids: list[int]) -> bool:
    """Set one value on all rows of a batch; whether the console said that it is stored."""
    data = {"csrf_token": client.token, "verb": "set", "step": "apply", "field": "address", "value": f"第 {number} 次",
            "ids": ids}  # fmt: skip
    try:
        client.read(f"{base}/records/resident/bulk", data)
    except urllib.error.HTTPError as answer:
        return answer.code == 303
    except (urllib.error.URLError, OSError, http.client.HTTPException):
        return False
    return False


def kill(served: Served) -> None:
    """End the console and its workers at once, as a power cut does."""
    process = served._process
    assert process is not None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)


def batches(engine: Engine) -> list[list[int]]:
    with engine.connect() as connection:
        found = list(connection.scalars(text(
            "SELECT r.id FROM resident r JOIN unit u ON u.id = r.unit_id WHERE u.name = '公安局' ORDER BY r.id LIMIT :n"
        ), {"n": CLIENTS * ROWS}))  # fmt: skip
    assert len(found) == CLIENTS * ROWS
    return [found[start : start + ROWS] for start in range(0, len(found), ROWS)]


def check(engine: Engine, groups: list[list[int]], done: Counter[int], asked: Counter[int]) -> None:
    """Every batch has one value and one version, as many lines of the trail as writes, none lost that was confirmed."""
    with engine.connect() as connection:
        rows = {
            row.id: row for row in connection.execute(text("SELECT id, address, version FROM resident WHERE id <= :n"),
                                                      {"n": max(max(group) for group in groups)})
        }  # fmt: skip
        lines: Counter[int] = Counter(connection.scalars(
            text("SELECT row_id FROM rn_event WHERE record = 'resident' AND deed = 'changed'")
        ))  # fmt: skip
    for number, group in enumerate(groups):
        assert len({rows[one].address for one in group}) == 1, number
        assert len({rows[one].version for one in group}) == 1, number
        assert {lines[one] for one in group} == {rows[group[0]].version - 1}, number
        assert done[number] <= rows[group[0]].version - 1 <= asked[number], number


def test_batches_cut_off_by_a_kill_are_whole_or_absent(new_place: Callable[[Filling], Place]) -> None:
    place = new_place("city")
    engine = make_engine(place.database_url)
    groups = batches(engine)
    with engine.begin() as connection:  # so that every batch begins alike
        ids = ",".join(str(one) for group in groups for one in group)
        connection.execute(text(f"UPDATE resident SET address = '', version = 1 WHERE id IN ({ids})"))
    chance, numbers = random.Random(7), iter(range(WRITES))
    lock, done, asked = threading.Lock(), Counter[int](), Counter[int]()
    clients = [Client(people.POLICE) for _ in range(CLIENTS)]
    for round_ in range(KILLS + 1):
        with Served(place) as served:
            for client in clients:
                client.sign_in(served.base)

            def work(who: int, base: str = served.base) -> None:
                while True:
                    with lock:
                        number = next(numbers, None)
                    if number is None:
                        return
                    asked[who] += 1
                    if not write(clients[who], base, number, groups[who]):
                        return
                    done[who] += 1

            threads = [threading.Thread(target=work, args=(who,)) for who in range(CLIENTS)]
            for thread in threads:
                thread.start()
            if round_ < KILLS:
                time.sleep(chance.uniform(0.3, 1.6))
                kill(served)
            for thread in threads:
                thread.join()
        check(engine, groups, done, asked)
    sealed_on(place, engine)
    assert sum(asked.values()) == WRITES
    assert sum(done.values()) >= WRITES - KILLS * CLIENTS
    engine.dispose()


def unsealed(engine: Engine) -> int:
    with engine.connect() as connection:
        left = text("SELECT count(*) FROM rn_event WHERE id NOT IN (SELECT event_id FROM rn_sealed)")
        return int(connection.scalar(left) or 0)


def sealed_on(place: Place, engine: Engine) -> None:
    """After all, a console started again seals what is left, and the chain verifies."""
    with Served(place):
        until(lambda: unsealed(engine) == 0, "lines were left unsealed", pause=0.5)
    told = place.run("audit", "verify").stdout
    found = re.search(r"Whole: (\d+) lines in (\d+) seals, 0 not sealed yet", told)
    assert found, told
    assert int(found[1]) > WRITES * ROWS / 2
    assert int(found[2]) >= 1
