"""A real directory beside the console: one slapd a module, and a place whose console signs people in with it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.access import SYSTEM
from app.auth.directory.people import Directory
from app.declare import Basis, Classification, Role
from app.store.session import act_as, make_sessions
from config import DirectorySettings, Settings
from tests.support import people
from tests.support.city_directory import GROUPS, PEOPLE, city
from tests.support.places import Database, Place, Places
from tests.support.slapd import PASSWORD, SEARCH_DN, Authority, Slapd
from tests.support.visitor import form_token

Row = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who vouches for the tests' directory servers."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> tuple[Path, Path]:
    """A certificate of localhost that the consoles of the tests trust."""
    return authority.certificate("good")


@pytest.fixture(scope="module")
def slapd(certificate: tuple[Path, Path]) -> Iterator[Slapd]:
    """The city's directory."""
    with Slapd(city(), certificate) as running:
        yield running


def environment(authority: Authority, *urls: str, **more: str) -> dict[str, str]:
    """The settings that lead a console to directory servers."""
    named = {f"RAINBOW_LDAP_{name.upper()}": value for name, value in more.items()}
    return {
        "RAINBOW_LDAP_URLS": " ".join(urls),
        "RAINBOW_LDAP_CA_FILE": str(authority.ca),
        "RAINBOW_LDAP_BASE": PEOPLE,
        "RAINBOW_LDAP_GROUP_BASE": GROUPS,
        "RAINBOW_LDAP_BIND_DN": SEARCH_DN,
        "RAINBOW_LDAP_BIND_PASSWORD": PASSWORD,
        "RAINBOW_LDAP_CLEARANCE": "employeeType",
        "RAINBOW_LDAP_LOCAL": people.SECURITY,
        # on a busy machine an answer may take its time; nor does a run begin by itself in the middle of a test
        "RAINBOW_LDAP_CONNECT_SECONDS": "30",
        "RAINBOW_LDAP_SECONDS": "60",
        "RAINBOW_LDAP_SYNC_HOURS": "0",
        **named,
    }


def settings_of(authority: Authority, *urls: str, **more: str) -> DirectorySettings:
    """The same, as the console reads them."""
    found = Settings.from_env(environment(authority, *urls, **more)).directory
    assert found is not None
    return found


def tried(app: Flask, name: str, password: str = PASSWORD) -> tuple[int, str]:
    """The status and the words that a try to sign in is answered with; other addresses, so that nobody has to wait."""
    client = app.test_client()
    page = client.get("/login/")
    sent = {"username": name, "password": password, "csrf_token": form_token(page.text)}
    answer = client.post("/login/", data=sent, environ_base={"REMOTE_ADDR": f"10.1.{len(name)}.{hash(name) % 250}"})
    said = answer.text.partition('id="login-error">')[2].partition("<")[0]
    return answer.status_code, said


@contextmanager
def silent(slapd: Slapd, app: Flask) -> Iterator[None]:
    """The directory takes connections and answers nothing; the console does not wait for it as long as usual."""
    usual = app.extensions["directory"]
    app.extensions["directory"] = Directory(replace(usual.settings, connect_seconds=1, seconds=1))
    slapd.freeze()
    try:
        yield
    finally:
        slapd.freeze(False)
        app.extensions["directory"] = usual


@pytest.fixture
def ask(authority: Authority) -> Callable[..., Directory]:
    """Make a directory of these servers and settings."""
    return lambda *urls, **more: Directory(settings_of(authority, *urls, **more))


@pytest.fixture(scope="module")
def place(places: Places, database: Database, authority: Authority, slapd: Slapd) -> Iterator[Place]:
    """The plan's units, whose people sign in with the directory, and two administrators with passwords of their own."""
    made = places.make(database, "plan")
    for name in (people.SECURITY, people.ADMIN):
        role = "secadmin" if name == people.SECURITY else "sysadmin"
        made.run("user", "create", name, "--family-name", "郑", "--given-name", name, "--email", f"{name}@caihong.lyg",
                 "--role", role, "--chosen", "--password", people.PASSWORD)  # fmt: skip
    yield replace(made, extra=environment(authority, slapd.ldaps))
    places.remove(made)


@pytest.fixture(scope="module")
def session(app: Flask) -> Iterator[Session]:
    """A session of the console itself beside the requests."""
    own = make_sessions(app.extensions["engine"], app.extensions["catalog"])()
    act_as(own, SYSTEM)
    yield own
    own.close()


@pytest.fixture(scope="module")
def rules(app: Flask, session: Session) -> None:
    """What the security administrator has decided of the directory's people."""
    units = app.extensions["catalog"].unit.model.__table__
    roles = {row.name: row.id for row in session.execute(select(Role.name, Role.id))}
    office = session.scalar(select(units.c.id).where(units.c.name == "市委办"))
    rows: list[dict[str, Any]] = [
        {"basis": Basis.GROUP, "value": "信息员", "role_id": roles["unit_editor"]},
        {"basis": Basis.GROUP, "value": f'CN=Readers\\2C \\"all\\",{GROUPS.upper()}', "role_id": roles["viewer"]},
        {"basis": Basis.UNIT, "value": "市委办公厅（旧）", "unit_id": office},
        {"basis": Basis.CLEARANCE, "value": "internal", "clearance": Classification.INTERNAL},
        {"basis": Basis.CLEARANCE, "value": "secret", "clearance": Classification.SECRET},
    ]
    table = app.extensions["catalog"].directory_rules.model.__table__
    for row in rows:
        session.execute(insert(table).values(**row))
    session.commit()


@pytest.fixture
def account(app: Flask, session: Session) -> Row:
    """The account of a user name as it is stored, with the name of its unit and its roles; empty if there is none."""
    catalog = app.extensions["catalog"]
    model, units = catalog.account.model, catalog.unit.model.__table__

    def read(username: str) -> dict[str, Any]:
        session.rollback()
        found = session.scalars(
            select(model).where(model.username == username).execution_options(populate_existing=True)
        ).first()
        if found is None:
            return {}
        unit = session.scalar(select(units.c.name).where(units.c.id == found.unit_id))
        return {
            "name": found.last_name + found.first_name, "email": found.email, "active": found.active, "unit": unit,
            "clearance": found.clearance, "roles": sorted(role.name for role in found.roles), "id": found.id,
            "password": found.password,
        }  # fmt: skip

    return read
