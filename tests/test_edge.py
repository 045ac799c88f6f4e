"""The edge: only named proxies are believed, only known names answered, and every answer says what browsers may do."""

import re
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask, request
from sqlalchemy import text

from app.edge import accepted
from tests.support.console import console
from tests.support.places import Place
from tests.support.served import Served
from tests.support.visitor import Visitor, form_token

STRANGER = "203.0.113.9"
PROXY = "10.1.0.7"


@pytest.fixture(scope="module")
def behind(place: Place) -> Iterator[Flask]:
    """The same console with a proxy that is trusted."""
    extra = {"RAINBOW_TRUSTED_PROXIES": "10.1.0.0/24, 127.0.0.9", "RAINBOW_HOSTS": "console.city.gov"}
    with console(replace(place, extra=extra).settings) as app:
        app.add_url_rule("/login/heard", "auth.heard", lambda: f"{request.remote_addr} {request.url_root}")
        yield app


def heard(app: Flask, peer: str, **headers: str) -> str:
    """Who asked, and at which address, as the console has it."""
    from app.auth import gate

    before, gate.OPEN = gate.OPEN, gate.OPEN | {"auth.heard"}
    try:
        named = {"Host": "console.city.gov"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return app.test_client().get("/login/heard", headers=named, environ_base={"REMOTE_ADDR": peer}).text
    finally:
        gate.OPEN = before


def test_what_a_trusted_proxy_says_of_the_browser_is_believed(behind: Flask) -> None:
    said = {"X_Forwarded_For": "198.51.100.4", "X_Forwarded_Proto": "https"}
    assert heard(behind, PROXY, **said) == "198.51.100.4 https://console.city.gov/"
    assert heard(behind, f"::ffff:{PROXY}", **said) == "198.51.100.4 https://console.city.gov/"
    assert heard(behind, PROXY, X_Forwarded_For="[2001:db8::1]:443") == "2001:db8::1 http://console.city.gov/"


def test_what_a_stranger_says_of_themselves_is_not(behind: Flask) -> None:
    said = {"X_Forwarded_For": "127.0.0.1", "X_Forwarded_Proto": "https", "X_Forwarded_Host": "evil.example",
            "X_Real_IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"}  # fmt: skip
    assert heard(behind, STRANGER, **said) == f"{STRANGER} http://console.city.gov/"


def test_of_a_chain_the_nearest_that_is_no_proxy_of_ours_is_the_browser(behind: Flask) -> None:
    chain = f"127.0.0.1, {STRANGER}, 127.0.0.9"
    assert heard(behind, PROXY, X_Forwarded_For=chain).split()[0] == STRANGER
    assert heard(behind, PROXY, X_Forwarded_For="nonsense, 127.0.0.9").split()[0] == "127.0.0.9"
    assert heard(behind, PROXY, X_Forwarded_For="").split()[0] == PROXY
    assert heard(behind, PROXY, X_Forwarded_Proto="ftp", X_Forwarded_Host="").split()[1] == "http://console.city.gov/"


def test_the_trail_keeps_the_address_of_the_stranger_and_not_what_they_say(behind: Flask) -> None:
    client = behind.test_client()
    base = {"environ_base": {"REMOTE_ADDR": STRANGER}, "headers": {"Host": "console.city.gov",
                                                                  "X-Forwarded-For": "127.0.0.1"}}  # fmt: skip
    page = client.get("/login/", **base)
    data = {"username": "nobody", "password": "wrong", "csrf_token": form_token(page.text)}
    assert client.post("/login/", data=data, **base).status_code == 401
    with behind.extensions["engine"].connect() as connection:
        line = connection.scalar(text("SELECT address FROM rn_event WHERE deed = 'sign_in_failed' ORDER BY id DESC"))
    assert line == STRANGER


@pytest.mark.parametrize(
    ("header", "hosts", "good"),
    [
        (None, (), True),
        ("localhost:8080", (), True),
        ("10.2.3.4", (), True),
        ("[2001:db8::1]:80", (), True),
        ("machine", (), True),
        ("evil.example", (), False),
        ("console.city.gov", ("console.city.gov",), True),
        ("CONSOLE.city.gov.:443", ("console.city.gov",), True),
        ("127.0.0.1:8080", ("console.city.gov",), True),
        ("10.2.3.4", ("console.city.gov",), False),
        ("machine", ("console.city.gov",), False),
        ("console.city.gov.evil.example", ("console.city.gov",), False),
        ("console.city.gov@evil.example", ("console.city.gov",), False),
        ("", (), False),
        ("a b", (), False),
        ("localhost:port", (), False),
    ],
)
def test_the_console_answers_to_its_names_alone(header: str | None, hosts: tuple[str, ...], good: bool) -> None:
    assert accepted(header, hosts, "machine") is good


@pytest.mark.parametrize("path", ["/login/", "/records/unit/", "/api/v1/unit/", "/static/css/console.css", "/no-such"])
def test_another_name_is_refused_in_words_at_every_door(behind: Flask, path: str) -> None:
    answer = behind.test_client().get(path, headers={"Host": "evil.example"})
    assert (answer.status_code, "不能用这个名称访问控制台" in answer.text) == (400, True)
    assert "evil.example" not in answer.text
    assert behind.test_client().get("/healthz", headers={"Host": "evil.example"}).status_code == 200


def test_every_answer_says_what_browsers_may_do(app: Flask, visitor: Callable[[str], Visitor]) -> None:
    someone = visitor("viewer")
    pages = [someone.get(path) for path in ("/", "/records/unit/1", "/records/unit/export.csv", "/api/v1/unit/1",
                                            "/no-such", "/records/resident/999999")]  # fmt: skip
    for answer in [*pages, app.test_client().get("/login/"), app.test_client().get("/api/v1/unit/")]:
        headers, path = answer.headers, answer.request.path
        assert "no-store" in headers["Cache-Control"], path
        policy = headers["Content-Security-Policy"]
        assert "'unsafe" not in policy, path
        assert "default-src 'none'" in policy, path
        if path != "/records/unit/export.csv":
            assert "frame-ancestors 'none'" in policy, path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["X-Frame-Options"] == "DENY", path
        assert headers["Referrer-Policy"] == "same-origin", path
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", path
        assert "geolocation=()" in headers["Permissions-Policy"], path
        assert "Strict-Transport-Security" not in headers, path
        answer.close()  # nobody has read the file
    with someone.get("/static/css/console.css") as file:
        assert file.headers["Cache-Control"] == "no-cache"


def test_behind_tls_browsers_are_told_to_come_by_no_other_way(place: Place) -> None:
    with console(replace(place, extra={"RAINBOW_TLS": "1"}).settings) as app:
        answer = app.test_client().get("/login/", base_url="https://localhost")
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert re.search(r"\bSecure\b", answer.headers["Set-Cookie"])


def test_the_server_itself_believes_nobody_either(served: Served) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": STRANGER, "SCRIPT_NAME": "/elsewhere"}
    asked = urllib.request.Request(f"{served.base}/login/", headers=headers)
    with urllib.request.urlopen(asked) as answer:
        page = answer.read().decode()
    assert answer.status == 200
    assert "/elsewhere" not in page
