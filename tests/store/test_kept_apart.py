"""The three administrators are kept apart at every door: nobody holds two, promotes themselves, or does business."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from app.catalog import Catalog
from app.declare import DirectoryRule, Record
from app.store.imports.batches import importable
from tests.support import people
from tests.support.places import Place
from tests.support.visitor import Visitor

Signed = Callable[[str], Visitor]
APART = ("sysadmin", "secadmin", "auditor")
ROUNDS = 25
WORDS = "任何人不得兼任其中两种"
OWN = "任何人不得更改自己的权限"


class Office:
    """Who holds what, as it is stored, and ways to change it past the console."""

    def __init__(self, app: Flask) -> None:
        self.engine = app.extensions["engine"]
        with self.engine.connect() as connection:
            rows = connection.execute(text("SELECT name, id FROM ab_role"))
            self.role: dict[str, int] = {row[0]: row[1] for row in rows}
            rows = connection.execute(text("SELECT username, id FROM ab_user"))
            self.account: dict[str, int] = {row[0]: row[1] for row in rows}

    def do(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)

    def scalar(self, statement: str, **values: Any) -> Any:
        with self.engine.connect() as connection:
            return connection.scalar(text(statement), values)

    def held(self, name: str) -> set[str]:
        """The roles of an account, those of its groups too."""
        with self.engine.connect() as connection:
            return set(_held(connection, self.account[name]))

    def give(self, name: str, *roles: str) -> None:
        """Let an account hold exactly these roles, and be in no group."""
        who = self.account[name]
        self.do("DELETE FROM ab_user_role WHERE user_id = :who", who=who)
        self.do("DELETE FROM ab_user_group WHERE user_id = :who", who=who)
        for role in roles:
            self.do("INSERT INTO ab_user_role (user_id, role_id) VALUES (:who, :role)", who=who, role=self.role[role])

    def group(self, name: str, *roles: str, members: tuple[str, ...] = ()) -> int:
        """A group of exactly these roles and members; its id."""
        if self.scalar("SELECT id FROM ab_group WHERE name = :name", name=name) is None:
            self.do("INSERT INTO ab_group (name, label, description) VALUES (:name, :name, '')", name=name)
        group = int(self.scalar("SELECT id FROM ab_group WHERE name = :name", name=name))
        self.do("DELETE FROM ab_group_role WHERE group_id = :group", group=group)
        self.do("DELETE FROM ab_user_group WHERE group_id = :group", group=group)
        for role in roles:
            self.do("INSERT INTO ab_group_role (group_id, role_id) VALUES (:group, :role)",
                    group=group, role=self.role[role])  # fmt: skip
        for member in members:
            self.do("INSERT INTO ab_user_group (user_id, group_id) VALUES (:who, :group)",
                    who=self.account[member], group=group)  # fmt: skip
        return group


def _held(connection: Connection, who: int) -> Iterator[str]:
    yield from connection.scalars(text(
        "SELECT r.name FROM ab_role r JOIN ab_user_role ur ON ur.role_id = r.id WHERE ur.user_id = :who UNION "
        "SELECT r.name FROM ab_role r JOIN ab_group_role gr ON gr.role_id = r.id "
        "JOIN ab_user_group ug ON ug.group_id = gr.group_id WHERE ug.user_id = :who"
    ), {"who": who})  # fmt: skip


@pytest.fixture(scope="module")
def office(app: Flask) -> Office:
    """The stored roles of this module's city."""
    return Office(app)


def form(visitor: Visitor, path: str, **typed: Any) -> dict[str, Any]:
    """What the form of a row sends, with its version."""
    page = visitor.get(f"{path}/edit").text
    version = re.search(r'name="_version" value="(\d+)"', page)
    assert version
    return {"_version": version[1], **typed}


def edited(visitor: Visitor, path: str, **typed: Any) -> Any:
    """The answer to a row's form with this typed in."""
    return visitor.post(f"{path}/edit", form(visitor, path, **typed))


def test_the_form_of_an_account_gives_one_of_the_three_and_never_two(visitor: Signed, office: Office) -> None:
    office.give(people.VIEWER, "viewer")
    secadmin, path = visitor(people.SECURITY), f"/records/account/{office.account[people.VIEWER]}"
    both = edited(secadmin, path, roles=[office.role["sysadmin"], office.role["auditor"]], clearance="internal")
    assert (both.status_code, WORDS in both.text) == (422, True)
    assert "“系统管理员”、“审计员”" in both.text
    assert office.held(people.VIEWER) == {"viewer"}
    one = edited(secadmin, path, roles=[office.role["sysadmin"]], clearance="internal")
    assert (one.status_code, office.held(people.VIEWER)) == (303, {"sysadmin"})
    second = edited(secadmin, path, roles=[office.role["sysadmin"], office.role["secadmin"]], clearance="internal")
    assert (second.status_code, office.held(people.VIEWER)) == (422, {"sysadmin"})


def test_groups_give_no_second_one_from_whichever_side_they_are_filled(visitor: Signed, office: Office) -> None:
    office.give(people.VIEWER, "sysadmin")
    auditors = office.group("auditors", "auditor")
    secadmin, who = visitor(people.SECURITY), office.account[people.VIEWER]
    joined = edited(secadmin, f"/records/account/{who}", roles=[office.role["sysadmin"]], groups=[auditors],
                    clearance="internal")  # fmt: skip
    assert (joined.status_code, WORDS in joined.text) == (422, True)
    taken_in = edited(
        secadmin, f"/records/group/{auditors}", label="审计组", roles=[office.role["auditor"]], users=[who]
    )
    assert (taken_in.status_code, WORDS in taken_in.text, f"{people.VIEWER}将会兼任" in taken_in.text) == (
        422,
        True,
        True,
    )
    plain = office.group("plain", members=(people.VIEWER,))
    armed = edited(secadmin, f"/records/group/{plain}", label="普通", roles=[office.role["secadmin"]], users=[who])
    assert (armed.status_code, WORDS in armed.text) == (422, True)
    data = {"name": "both", "label": "两", "roles": [office.role[one] for one in ("secadmin", "auditor")],
            "users": [who]}  # fmt: skip
    assert secadmin.post("/records/group/new", data).status_code == 422
    assert office.held(people.VIEWER) == {"sysadmin"}
    assert office.scalar("SELECT count(*) FROM ab_group WHERE name = 'both'") == 0


def test_rest_refuses_the_same_of_one_row_and_of_many(visitor: Signed, office: Office) -> None:
    office.give(people.VIEWER, "auditor")
    office.give(people.TOURISM, "unit_editor")
    secadmin, who = visitor(people.SECURITY), office.account[people.VIEWER]
    roles = [office.role["auditor"], office.role["secadmin"]]
    one = secadmin.send("PATCH", f"/api/v1/account/{who}", {"roles": roles})
    assert (one.status_code, list(one.get_json()["errors"]), WORDS in one.text) == (422, ["roles"], True)
    other = office.account[people.TOURISM]
    versions = {row: office.scalar("SELECT version FROM ab_user WHERE id = :row", row=row) for row in (who, other)}
    many = secadmin.send("PATCH", "/api/v1/account/", [
        {"id": other, "version": versions[other], "roles": [office.role["viewer"]]},
        {"id": who, "version": versions[who], "roles": roles},
    ])  # fmt: skip
    assert (many.status_code, WORDS in many.text) == (422, True)
    assert (office.held(people.VIEWER), office.held(people.TOURISM)) == ({"auditor"}, {"unit_editor"})


def test_taking_a_change_back_gives_no_second_one(visitor: Signed, office: Office) -> None:
    office.give(people.VIEWER, "sysadmin")
    secadmin, path = visitor(people.SECURITY), f"/records/account/{office.account[people.VIEWER]}"
    edited(secadmin, path, roles=[], clearance="internal")
    groups = office.group("auditors", "auditor", members=(people.VIEWER,))
    page = secadmin.get(f"{path}/history").text
    action = re.search(rf'action="({path}/history/\d+/revert)"', page)
    version = re.search(r'name="_version" value="(\d+)"', page)
    assert action
    assert version
    answer = secadmin.post(action[1], {"_version": version[1]}, follow_redirects=True)
    assert WORDS in answer.text
    assert (groups > 0, office.held(people.VIEWER)) == (True, {"auditor"})


def test_the_command_line_gives_no_two_either(place: Place, office: Office) -> None:
    done = place.run(
        "user", "create", "janus", "--family-name", "双", "--given-name", "面", "--email", "janus@rainbow.gov",
        "--role", "sysadmin", "--role", "auditor", "--password", "a password of its own", check=False,
    )  # fmt: skip
    assert (done.returncode, "kept apart" in done.stderr) == (1, True)
    assert office.scalar("SELECT count(*) FROM ab_user WHERE username = 'janus'") == 0


def test_bulk_actions_workbooks_and_the_trash_give_no_roles_at_all(app: Flask, visitor: Signed, office: Office) -> None:
    catalog: Catalog = app.extensions["catalog"]
    for name in ("account", "role", "group"):
        assert not importable(catalog[name]), name
        assert not catalog[name].trash, name
        for field in ("roles", "groups", "users"):
            data = {"verb": "set", "ids": "1", "field": field, "value": str(office.role["auditor"]), "step": "apply"}
            assert visitor(people.SECURITY).post(f"/records/{name}/bulk", data).status_code == 400, (name, field)
        assert visitor(people.SECURITY).get(f"/records/{name}/import").status_code in {403, 404}, name


def test_nobody_changes_what_they_may_do_themselves(visitor: Signed, office: Office) -> None:
    secadmin, me = visitor(people.SECURITY), office.account[people.SECURITY]
    mine, path = [office.role["secadmin"]], f"/records/account/{me}"
    more = edited(secadmin, path, roles=[*mine, office.role["leader"]], clearance="internal")
    assert (more.status_code, OWN in more.text) == (422, True)
    none = edited(secadmin, path, roles=[], clearance="internal")
    assert (none.status_code, OWN in none.text) == (422, True)
    group = office.group("leaders", "leader")
    assert edited(secadmin, path, roles=mine, groups=[group], clearance="internal").status_code == 422
    cleared = edited(secadmin, path, roles=mine, clearance="public")
    assert (cleared.status_code, OWN in cleared.text) == (422, True)
    many = secadmin.post(
        "/records/account/bulk",
        {"verb": "set", "ids": str(me), "field": "clearance", "value": "public", "step": "apply"},
    )
    assert (many.status_code, OWN in many.text) == (422, True)
    assert secadmin.send("PATCH", f"/api/v1/account/{me}", {"roles": []}).status_code == 422
    joined = edited(secadmin, f"/records/group/{group}", label="领导", roles=[office.role["leader"]], users=[me])
    assert (joined.status_code, OWN in joined.text) == (422, True)
    data = {"name": "mine", "label": "我", "roles": [office.role["leader"]], "users": [me]}
    assert secadmin.post("/records/group/new", data).status_code == 422
    assert office.held(people.SECURITY) == {"secadmin"}


def test_nobody_moves_themselves_to_another_unit(visitor: Signed, office: Office) -> None:
    admin, me = visitor(people.ADMIN), office.account[people.ADMIN]
    units = "SELECT min(id) FROM unit WHERE id != coalesce((SELECT unit_id FROM ab_user WHERE id = :me), 0)"
    other, mine = office.scalar(units, me=me), "SELECT unit_id FROM ab_user WHERE id = :me"
    before = office.scalar(mine, me=me)
    one = admin.send("PATCH", f"/api/v1/account/{me}", {"unit": other})
    assert (one.status_code, list(one.get_json()["errors"]), OWN in one.text) == (422, ["unit"], True)
    many = {"verb": "set", "ids": str(me), "field": "unit", "value": str(other), "step": "apply"}
    assert admin.post("/records/account/bulk", many).status_code == 422
    assert office.scalar(mine, me=me) == before
    who = office.account[people.VIEWER]
    assert admin.send("PATCH", f"/api/v1/account/{who}", {"unit": other}).status_code == 200


@pytest.fixture
def required(visitor: Signed, office: Office) -> Iterator[str]:
    """The security administrator's own role requires a second factor, which this one, being signed in, has."""
    visitor(people.SECURITY)
    now = "2026-01-01 00:00:00"
    office.do("INSERT INTO rn_second_factor (account_id, salt, last_step, confirmed_at) VALUES (:who, '0', 0, :now)",
              who=office.account[people.SECURITY], now=now)  # fmt: skip
    office.do("UPDATE ab_role SET second_factor = :yes WHERE name IN ('secadmin', 'leader')", yes=True)
    yield "SELECT second_factor FROM ab_role WHERE id = :role"
    office.do("DELETE FROM rn_second_factor")
    office.do("UPDATE ab_role SET second_factor = :no", no=False)


def test_nobody_lifts_the_second_factor_that_a_role_of_their_own_requires(
    visitor: Signed, office: Office, place: Place, required: str
) -> None:
    secadmin, own = visitor(people.SECURITY), office.role["secadmin"]
    form_ = edited(secadmin, f"/records/role/{own}", second_factor="0")
    assert (form_.status_code, "任何人不得取消" in form_.text) == (422, True)
    rest = secadmin.send("PATCH", f"/api/v1/role/{own}", {"second_factor": False})
    assert (rest.status_code, list(rest.get_json()["errors"])) == (422, ["second_factor"])
    both = [own, office.role["leader"]]
    many = {"verb": "set", "ids": both, "field": "second_factor", "value": "0", "step": "apply"}
    assert secadmin.post("/records/role/bulk", many).status_code == 422
    group = office.group("ours", "leader", members=(people.SECURITY,))  # nor of one that a group of theirs has
    assert secadmin.send("PATCH", f"/api/v1/role/{office.role['leader']}", {"second_factor": False}).status_code == 422
    office.group("ours")
    assert group
    assert office.scalar(required, role=own)
    assert secadmin.send("PATCH", f"/api/v1/role/{office.role['leader']}", {"second_factor": False}).status_code == 200
    done = place.run("user", "second-factor", "secadmin", "--not-required")
    assert ("does not require" in done.stdout, office.scalar(required, role=own)) == (True, False)
    assert secadmin.send("PATCH", f"/api/v1/role/{own}", {"second_factor": True}).status_code == 200
    assert place.run("user", "second-factor", "nobody", "--required", check=False).returncode == 1


def test_nobody_changes_what_a_group_of_theirs_may_do_nor_leaves_it(visitor: Signed, office: Office) -> None:
    secadmin, me = visitor(people.SECURITY), office.account[people.SECURITY]
    group = office.group("ours", members=(people.SECURITY, people.VIEWER))
    path, others = f"/records/group/{group}", office.account[people.VIEWER]
    armed = edited(secadmin, path, label="我们", roles=[office.role["leader"]], users=[me, others])
    assert (armed.status_code, OWN in armed.text) == (422, True)
    left = edited(secadmin, path, label="我们", users=[others])
    assert (left.status_code, OWN in left.text) == (422, True)
    assert edited(secadmin, path, label="我们的", users=[me]).status_code == 303
    office.group("ours")


def test_the_password_of_an_administrator_is_not_the_system_administrators_to_give(
    visitor: Signed, office: Office
) -> None:
    admin = visitor(people.ADMIN)
    for name in (people.SECURITY, people.AUDITOR):
        answer = admin.send("PATCH", f"/api/v1/account/{office.account[name]}", {"password": "known to sysadmin 1!"})
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["password"])
        Visitor(admin.app).sign_in(name)


def _at_once(*deeds: Callable[[], Any]) -> list[int]:
    """Do these at the same moment; the statuses of the answers."""
    barrier, statuses = threading.Barrier(len(deeds)), []

    def run(deed: Callable[[], Any]) -> None:
        barrier.wait()
        statuses.append(deed().status_code)

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def test_of_two_gifts_at_once_by_different_ways_one_is_refused(app: Flask, office: Office) -> None:
    first, second = (Visitor(app).sign_in(people.SECURITY) for _ in range(2))
    for visitor in (first, second):
        visitor.get("/")
    who = office.account[people.VIEWER]
    for number in range(ROUNDS):
        office.give(people.VIEWER)
        group = office.group("auditors", "auditor")
        plain = office.group("plain", members=(people.VIEWER,)) if number % 2 else 0
        by_group = (f"/api/v1/group/{plain}", {"roles": [office.role["secadmin"]]}) if plain else (
            f"/api/v1/group/{group}", {"users": [who]})  # fmt: skip
        statuses = _at_once(
            lambda: first.send("PATCH", f"/api/v1/account/{who}", {"roles": [office.role["sysadmin"]]}),
            lambda by_group=by_group: second.send("PATCH", *by_group),  # type: ignore[misc]  # a default argument binds it
        )
        held = office.held(people.VIEWER).intersection(APART)
        # 503: each waited for the other, and the database sent one away
        assert len(held) == 1, (number, statuses, held)
        assert 200 in statuses, (number, statuses)
        assert set(statuses) <= {200, 422, 503}, (number, statuses)
    office.give(people.VIEWER, "viewer")


def _stored_grants(office: Office) -> Mapping[str, set[str]]:
    """The records that each role has a grant on, as the database has it."""
    found: dict[str, set[str]] = {}
    with office.engine.connect() as connection:
        for role, record in connection.execute(text(
            "SELECT r.name, v.name FROM ab_role r JOIN ab_permission_view_role pr ON pr.role_id = r.id "
            "JOIN ab_permission_view pv ON pv.id = pr.permission_view_id "
            "JOIN ab_view_menu v ON v.id = pv.view_menu_id"
        )):  # fmt: skip
            found.setdefault(role, set()).add(record)
    return found


def test_none_of_the_three_reaches_a_record_of_business_at_any_door(
    app: Flask, visitor: Signed, office: Office
) -> None:
    catalog: Catalog = app.extensions["catalog"]
    business = {entry.name for entry in catalog if entry.menu.business}
    own = {entry.name for entry in catalog if not issubclass(entry.model, Record)}
    own |= {entry.name for entry in catalog if issubclass(entry.model, DirectoryRule)}
    assert business == set(catalog._entries) - own - {"unit", "staff"}
    granted = _stored_grants(office)
    for role in APART:
        assert granted[role] & business == set(), role
    for name in (people.ADMIN, people.SECURITY, people.AUDITOR):
        someone = visitor(name)
        for record in sorted(business):
            for path in (f"/records/{record}/", f"/records/{record}/1", f"/records/{record}/export.xlsx",
                         f"/records/{record}/1/history", f"/api/v1/{record}/", f"/api/v1/{record}/1"):  # fmt: skip
                assert someone.get(path).status_code in {403, 404}, (name, path)


def _trail(visitor: Visitor, query: str = "") -> list[dict[str, Any]]:
    answer = visitor.get(f"/api/v1/audit/?limit=500&order=-at{query}")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.get_json()["result"]
    return found


def test_each_of_the_three_sees_what_the_others_did_as_such_and_nothing_else(
    app: Flask, visitor: Signed, office: Office
) -> None:
    three = {people.ADMIN: "梁国栋", people.SECURITY: "郑雅琴", people.AUDITOR: "严正明"}
    office.give(people.VIEWER, "viewer")
    who = office.account[people.VIEWER]
    assert visitor(people.ADMIN).send("PATCH", f"/api/v1/account/{who}", {"first_name": "静文"}).status_code == 200
    assert visitor(people.SECURITY).send("PATCH", f"/api/v1/account/{who}", {"clearance": "public"}).status_code == 200
    assert visitor(people.AUDITOR).get("/records/resident/").status_code == 403
    milestone = {"title": "协调小组的事"}
    assert visitor(people.COORDINATOR).send("PATCH", "/api/v1/milestone/1", milestone).status_code == 200
    for name in three:
        seen = {(line["actor"], line["deed"], line["record"]) for line in _trail(visitor(name))}
        assert ("梁国栋", "changed", "account") in seen, name
        assert ("郑雅琴", "changed", "account") in seen, name
        assert ("严正明", "refused", "resident") in seen, name
        assert {(one, "signed_in", None) for one in three.values()} <= seen, name
        others = {line["actor"] for line in _trail(visitor(name))} - set(three.values())
        assert bool(others) == (name == people.AUDITOR), (name, others)


def test_what_an_administrator_does_by_another_role_is_no_concern_of_the_others(
    app: Flask, office: Office, visitor: Signed
) -> None:
    office.give(people.TRAINER, "sysadmin", "coordination")
    both = Visitor(app).sign_in(people.TRAINER)
    assert both.send("PATCH", "/api/v1/milestone/2", {"title": "以协调员身份"}).status_code == 200
    office.give(people.TRAINER, "trainer")
    deed = ("许红梅", "changed", "milestone")

    def seen(name: str) -> bool:
        return deed in {(line["actor"], line["deed"], line["record"]) for line in _trail(visitor(name))}

    assert [seen(name) for name in (people.AUDITOR, people.ADMIN, people.SECURITY)] == [True, False, False]


def test_a_line_outside_that_scope_does_not_exist_for_the_other_two(office: Office, visitor: Signed) -> None:
    foreign = office.scalar("SELECT max(id) FROM rn_event WHERE NOT office")
    assert visitor(people.AUDITOR).get(f"/records/audit/{foreign}").status_code == 200
    for name in (people.ADMIN, people.SECURITY):
        assert visitor(name).get(f"/records/audit/{foreign}").status_code == 404
        assert visitor(name).get(f"/api/v1/audit/{foreign}").status_code == 404
