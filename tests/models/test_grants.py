"""The declared grants are those of docs/access.md, and keep the three administrators out of business."""

from pathlib import Path

from app.catalog import Catalog
from app.declare import ADD, DELETE, EDIT, EVERYWHERE, READ, UNMASK, Grant, Mine
from app.declare.fields import name_of
from models.roles import EVERYONE, Role
from tests.models.access_table import table

ACCESS = Path(__file__).resolve().parents[2] / "docs" / "access.md"
IDENTITY = {"account", "role", "group", "audit", "directory_rule"}
DIRECTORY = {"unit", "staff"}
ADMINISTRATORS = (Role.SYSADMIN, Role.SECADMIN, Role.AUDITOR)
CHANGES = ADD | EDIT | DELETE


def grants(catalog: Catalog, *roles: Role) -> list[tuple[str, Grant]]:
    """Each grant of these roles, with its record."""
    return [(entry.name, grant) for entry in catalog for grant in entry.screen.grants if grant.role in roles]


def names(grant: Grant) -> set[str]:
    """The fields a grant is limited to."""
    return {name_of(member) for member in grant.fields}


def test_the_table_of_the_documentation_is_what_is_declared(catalog: Catalog) -> None:
    assert table(catalog) in ACCESS.read_text(encoding="utf-8")


def test_no_administrator_reads_a_business_row(catalog: Catalog) -> None:
    assert {name for name, _ in grants(catalog, *ADMINISTRATORS)} == IDENTITY | DIRECTORY
    assert {name for name, _ in grants(catalog, Role.SECADMIN, Role.AUDITOR)} == IDENTITY | {"unit"}


def test_nobody_in_business_reads_accounts(catalog: Catalog) -> None:
    assert {name for name, _ in grants(catalog, *EVERYONE)} & IDENTITY == set()


def test_the_auditor_changes_nothing(catalog: Catalog) -> None:
    assert all(grant.verbs == READ for _, grant in grants(catalog, Role.AUDITOR))


def test_accounts_and_what_they_may_do_are_in_different_hands(catalog: Catalog) -> None:
    of_account = {grant.role: names(grant) for grant in catalog["account"].screen.grants if grant.verbs & CHANGES}
    assert of_account[Role.SECADMIN] == {"roles", "groups", "clearance"}
    assert of_account[Role.SYSADMIN] & of_account[Role.SECADMIN] == set()
    assert Role.SYSADMIN not in {grant.role for name in ("role", "group") for grant in catalog[name].screen.grants}


def test_the_system_administrator_sets_a_persons_account_and_nothing_else_of_them(catalog: Catalog) -> None:
    found = [grant for name, grant in grants(catalog, Role.SYSADMIN) if name == "staff"]
    assert [(grant.verbs, names(grant)) for grant in found] == [(READ | EDIT, {"account"})]


def test_an_editor_and_a_registrar_change_only_what_their_unit_owns(catalog: Catalog) -> None:
    wide = {
        name
        for name, grant in grants(catalog, Role.UNIT_EDITOR, Role.REGISTRAR)
        if grant.verbs & CHANGES and grant.within == EVERYWHERE
    }
    assert wide == set()


def test_a_leader_and_a_viewer_change_nothing_but_their_mail(catalog: Catalog) -> None:
    assert {name for name, grant in grants(catalog, Role.LEADER, Role.VIEWER) if grant.verbs & CHANGES} == {"mail"}


def test_mail_is_nobodys_but_the_people_it_names(catalog: Catalog) -> None:
    assert all(isinstance(grant.within, Mine) for name in ("mail", "mail_reading")
               for grant in catalog[name].screen.grants)  # fmt: skip


def test_only_the_registrar_of_the_unit_that_keeps_them_sees_whole_identity_numbers(catalog: Catalog) -> None:
    found = [(name, grant.role) for name, grant in grants(catalog, *Role) if UNMASK in grant.verbs]
    assert found == [("resident", Role.REGISTRAR)]


def test_whoever_asks_for_money_does_not_approve_it(catalog: Catalog) -> None:
    editing = [grant for grant in catalog["budget_line"].screen.grants if grant.role is Role.UNIT_EDITOR]
    assert all("approved" not in names(grant) and grant.fields for grant in editing)


def test_the_coordination_group_writes_the_whole_construction_menu(catalog: Catalog) -> None:
    written = {name for name, grant in grants(catalog, Role.COORDINATION) if EDIT in grant.verbs}
    assert written == {entry.name for entry in catalog if entry.menu == catalog["system"].menu}


def test_the_trainer_writes_courses_and_records_everywhere(catalog: Catalog) -> None:
    written = {name for name, grant in grants(catalog, Role.TRAINER) if EDIT in grant.verbs}
    assert written == {"training_course", "training_record"}
