"""Many people at once: every answer is the one that the same request gets alone.

The console is served by two processes with threads. Eight people of different units, roles and languages ask for
lists, rows, choices, the palette, REST and files, each with filters of their own: first one after another, then all at
once in an order of chance.
"""

import random
import re
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from json import dumps, loads
from typing import NamedTuple
from urllib.parse import quote, urlencode

import pytest

from tests.support import people
from tests.support.patience import PATIENCE
from tests.support.places import Database, Filling, Place
from tests.support.served import Served
from tests.support.visitor import form_token

REQUESTS = {"postgresql": 2000, "sqlite": 600}
CLIENTS = (
    (people.COORDINATOR, "zh", "网络"), (people.POLICE, "zh", "王"), (people.POLICE, "en", "李"),
    (people.TOURISM, "zh", "旅游"), (people.STATISTICS, "en", "统计"), (people.LEADER, "en", "系统"),
    (people.VIEWER, "zh", "工程"), (people.TRAINER, "zh", "培训"),
)  # fmt: skip
RECORDS = ("project", "milestone", "news_item", "legal_entity", "training_course", "incoming_document", "resident")
# A form token is signed with the second it was made in, and what names a sending is new on every form: both are made
# of chance, and say nothing of rows.
OF_CHANCE = re.compile(r'(name="(?:csrf[_-]token|_once)" (?:value|content)=")[^"]*')


class Answer(NamedTuple):
    """What came back, without what is of chance."""

    status: int
    kind: str
    etag: str
    body: str


class Client:
    """Somebody with a session and a token of REST, of one language."""

    def __init__(self, base: str, name: str, language: str, word: str) -> None:
        self.address = base.removeprefix("http://")
        self.name, self.word = name, word
        self.headers = {"Accept-Language": language}
        self.cookies: dict[str, str] = {}
        self.bearer = ""
        typed = {"username": name, "password": people.PASSWORD, "csrf_token": form_token(self.ask("/login/").body)}
        assert self.ask("/login/", typed).status == 303
        token = form_token(self.ask("/records/unit/").body)
        assert self.ask(f"/language/{language}", {"csrf_token": token}).status in {302, 303}
        given = self.ask("/api/v1/security/login", {"username": name, "password": people.PASSWORD}, json=True)
        self.bearer = f"Bearer {loads(given.body)['access_token']}"

    def ask(self, path: str, sent: dict[str, str] | None = None, *, json: bool = False) -> Answer:
        """Ask on a connection of its own, so that any process may answer."""
        headers, body = dict(self.headers), None
        if path.startswith("/api/v1/"):
            headers = {"Accept-Language": headers["Accept-Language"], "Authorization": self.bearer}
            headers = {name: value for name, value in headers.items() if value}
        if sent is not None:
            body = dumps(sent) if json else urlencode(sent)
            headers["Content-Type"] = "application/json" if json else "application/x-www-form-urlencoded"
        connection = HTTPConnection(self.address, timeout=PATIENCE)
        try:
            connection.request("GET" if sent is None else "POST", quote(path, safe="/?=&%~,"), body, headers)
            found = connection.getresponse()
            if not self.bearer and not json:  # while signing in; later nothing of the session changes
                for cookie in found.headers.get_all("Set-Cookie", []):
                    key, _, value = cookie.partition(";")[0].partition("=")
                    self.cookies[key] = value
                self.headers["Cookie"] = "; ".join(map("=".join, self.cookies.items()))
            kind, etag = found.headers["Content-Type"] or "", found.headers["ETag"] or ""
            return Answer(found.status, kind, etag, found.read().decode())
        finally:
            connection.close()

    def heard(self, path: str) -> Answer:
        """The answer without what is made of chance."""
        answer = self.ask(path)
        return answer._replace(body=OF_CHANCE.sub(r"\1", answer.body))

    def paths(self) -> list[str]:
        """What this person asks for: addresses with their own word in them, and the rows of their own lists."""
        found = ["/records/unit/options?q=局", f"/palette/?q={self.word}", "/records/project/export.csv",
                 "/records/staff/?limit=20"]  # fmt: skip
        for record in RECORDS:
            found += [
                f"/records/{record}/?q={self.word}", f"/records/{record}/?limit=20&last=1", f"/records/{record}/count",
                f"/records/{record}/options?q={self.word}", f"/api/v1/{record}/?limit=10&count=exact",
                f"/api/v1/{record}/?q={self.word}&limit=5",
            ]  # fmt: skip
            listed = self.ask(f"/records/{record}/?limit=20").body
            for row_id in re.findall(r'data-pk="(\d+)"', listed)[:2]:
                found += [f"/records/{record}/{row_id}", f"/api/v1/{record}/{row_id}"]
        return found


@pytest.mark.served
def test_no_answer_differs_from_that_of_the_same_request_alone(
    new_place: Callable[[Filling], Place], database: Database
) -> None:
    place = new_place("city")
    patient = ("-m", "tests.support.patient")  # or a count that takes too long would be answered otherwise
    many = {"RAINBOW_WORKERS": "2", "RAINBOW_THREADS": "4", "RAINBOW_API_LIMIT": "1000000"}
    with Served(place, program=patient, **many) as served:
        clients = [Client(served.base, *who) for who in CLIENTS]
        alone = [{path: client.heard(path) for path in client.paths()} for client in clients]
        statuses = {answer.status for answers in alone for answer in answers.values()}
        assert statuses <= {200, 403, 404}, statuses
        # the people do see different things at the same address
        for path in (
            "/records/project/export.csv",
            "/records/news_item/?limit=20&last=1",
            "/api/v1/news_item/?limit=10&count=exact",
        ):
            assert len({answers[path] for answers in alone}) > 2, path

        other: list[tuple[str, str, Answer, Answer]] = []
        start = threading.Barrier(len(clients))

        def work(client: Client, expected: dict[str, Answer], seed: int) -> None:
            chance = random.Random(seed)
            start.wait()
            for path in chance.choices(sorted(expected), k=REQUESTS[database] // len(clients)):
                answer = client.heard(path)
                if answer != expected[path]:
                    other.append((client.name, path, expected[path], answer))

        threads = [threading.Thread(target=work, args=(client, expected, seed))
                   for seed, (client, expected) in enumerate(zip(clients, alone, strict=True))]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert other == [], (len(other), other[0])
        assert "Traceback" not in served.said
