"""No secret reaches the log or the trail: not at the most talkative level, not of what succeeds, not of what fails."""

import re
from collections.abc import Callable
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from sqlalchemy import create_engine, text

from tests.support import people
from tests.support.patience import PATIENCE
from tests.support.places import Place
from tests.support.served import Served
from tests.support.visitor import form_token

WRONG = "wrong-and-secret-7391"


def ask(browser: OpenerDirector, address: str, data: dict[str, str] | None = None, **headers: str) -> str:
    """What a page says, whatever its status; with `data`, after sending a form."""
    body = None if data is None else urlencode(data).encode()
    asked = Request(address, data=body, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with browser.open(asked, timeout=PATIENCE) as answer:
            return str(answer.read().decode())
    except HTTPError as error:
        with error:
            return error.read().decode()


def test_passwords_tokens_and_keys_are_in_no_log_and_no_line_of_the_trail(new_place: Callable[..., Place]) -> None:
    place = new_place("city")
    with Served(place, RAINBOW_LOG_LEVEL="debug") as served:
        cookies = CookieJar()
        browser = build_opener(HTTPCookieProcessor(cookies))
        login = f"{served.base}/login/"
        for password in (WRONG, people.PASSWORD):
            token = form_token(ask(browser, login))
            ask(browser, login, {"username": people.COORDINATOR, "password": password, "csrf_token": token})
        ask(browser, f"{served.base}/api/v1/security/login", {"username": people.LEADER, "password": WRONG})
        page = ask(browser, f"{served.base}/tokens/")
        form = {"csrf_token": form_token(page), "name": "t", "days": "30", "unit:read": "1"}
        form["password"] = people.PASSWORD
        made = ask(browser, f"{served.base}/tokens/", form)
        personal = re.findall(r"rnp_[\w-]{20,}", made)
        ask(browser, f"{served.base}/api/v1/unit/", Authorization="Bearer rnp_forged-and-secret-5512")
        # a fault of the database with what was typed in it
        ask(browser, f"{served.base}/records/unit/?q=%00{WRONG}")
        session = "".join(cookie.value or "" for cookie in cookies)
        said = served.said
    engine = create_engine(place.database_url)
    with engine.connect() as connection:
        trail = str(connection.execute(text("SELECT * FROM rn_event")).all())
    engine.dispose()
    key = place.env["SECRET_KEY"]
    assert personal
    assert "coordinator" in trail
    assert "Starting gunicorn" in said
    for secret in (WRONG, people.PASSWORD, key, "forged-and-secret-5512", session, *personal):
        assert len(secret) > 8
        assert secret not in said
        assert secret not in trail
