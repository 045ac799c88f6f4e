"""Units of the city and the people who work in them."""

from typing import Self

from app.declare import (
    EDIT,
    EVERYWHERE,
    FILTER,
    KEY,
    LABEL,
    LIST,
    OWN_UNIT,
    READ,
    READONLY,
    SEARCH,
    WRITE,
    Account,
    Chart,
    Choices,
    Code,
    Grant,
    Line,
    MailAddress,
    Mapped,
    Order,
    Phone,
    Record,
    Screen,
    Section,
    Source,
    Title,
    Tone,
    _l,
    field,
    owner,
    ref,
)
from models.menus import ORGANISATION
from models.roles import EVERYONE, Role, readers


class UnitKind(Choices):
    """What kind of body a unit is."""

    PARTY = "party", _l("Party committee")
    DEPARTMENT = "department", _l("Government department")
    COUNTY = "county", _l("County")
    DISTRICT = "district", _l("District")
    ZONE = "zone", _l("Development zone")
    AFFILIATED = "affiliated", _l("Directly affiliated body")


class Level(Choices):
    """The level of government that a unit, or a sum of money, belongs to."""

    CITY = "city", _l("City level")
    COUNTY = "county", _l("County and district level")


class Proficiency(Choices):
    """How well a person uses a computer; the plan makes it a condition of office."""

    UNTESTED = "untested", _l("Not yet tested"), Tone.WAIT
    FAILED = "failed", _l("Below the requirement"), Tone.BAD
    BASIC = "basic", _l("Basic")
    INTERMEDIATE = "intermediate", _l("Intermediate")
    ADVANCED = "advanced", _l("Advanced")


class Unit(Record):
    """A body of the city that is on the network or answers for a part of the plan."""

    __tablename__ = "unit"

    code: Mapped[Code] = field(
        _l("Code"), KEY, LIST, SEARCH, help=_l("Two digits; the first 39 follow the plan's annex")
    )
    name: Mapped[Title] = field(_l("Name"), LIST, SEARCH, LABEL)
    kind: Mapped[UnitKind] = field(_l("Kind of unit"), LIST, FILTER)
    level: Mapped[Level] = field(_l("Level"), LIST, FILTER, default=Level.CITY)
    phase_one: Mapped[bool] = field(_l("Networked in phase one"), LIST, FILTER, default=False)
    parent: Mapped["Unit | None"] = ref(Self, _l("Superior unit"), FILTER)
    aliases: Mapped[Line | None] = field(
        _l("Other names"), LIST, SEARCH, help=_l("Names in documents that mean this unit, separated by “、”")
    )
    source: Mapped[Source | None] = field(_l("Source"), READONLY)

    screen = Screen(
        title=_l("Units"), singular=_l("Unit"), menu=ORGANISATION, icon="building",
        about=_l("The units of the city: the 39 of phase one, and those that answer for a part of the plan."),
        form=(
            Section(_l("Identity"), code, name, aliases, purpose=_l("How the unit is called, here and in documents")),
            Section(_l("Place"), kind, level, parent, phase_one, purpose=_l("Where the unit stands in the city")),
        ),
        order=Order(code),
        charts=(Chart(_l("Units by kind"), by=kind), Chart(_l("Units in phase one"), by=phase_one)),
        grants=(
            *readers(EVERYWHERE, *EVERYONE, Role.SECADMIN, Role.AUDITOR),
            Grant(Role.SYSADMIN, WRITE, EVERYWHERE),
        ),
    )  # fmt: skip


class Staff(Record):
    """A person who works in a unit."""

    __tablename__ = "staff"

    code: Mapped[Code] = field(_l("Staff number"), KEY, LIST, SEARCH)
    name: Mapped[Title] = field(_l("Full name"), LIST, SEARCH, LABEL)
    unit: Mapped[Unit] = owner(Unit, _l("Unit"), LIST, FILTER)
    position: Mapped[Line | None] = field(_l("Position"), LIST, SEARCH, LABEL)
    phone: Mapped[Phone | None] = field(_l("Phone"), LIST)
    mail: Mapped[MailAddress | None] = field(_l("Mail address"), SEARCH)
    leader: Mapped[bool] = field(
        _l("Leader in charge"), FILTER, default=False, help=_l("Counts towards the leaders' training")
    )
    administrator: Mapped[bool] = field(
        _l("System administrator"), FILTER, default=False, help=_l("Counts towards the administrators' training")
    )
    proficiency: Mapped[Proficiency] = field(
        _l("Computer proficiency"), LIST, FILTER, default=Proficiency.UNTESTED,
        help=_l("A condition of office: whoever is below the requirement is due for training"),
    )  # fmt: skip
    account: Mapped[Account | None] = ref(
        Account, _l("Account"), help=_l("The account this person signs in with; set by the system administrator")
    )

    screen = Screen(
        title=_l("Staff"), singular=_l("Person"), menu=ORGANISATION, icon="users",
        about=_l("Who works where, how to reach them, and whether they meet the computer requirement."),
        form=(
            Section(_l("Person"), code, name, unit, position, purpose=_l("Who it is and where they work")),
            Section(_l("Contact"), phone, mail, account, purpose=_l("How colleagues reach this person")),
            Section(
                _l("Computer use"), proficiency, leader, administrator,
                purpose=_l("Decides which training this person is due for"),
            ),
        ),
        order=Order(code),
        charts=(Chart(_l("Staff by proficiency"), by=proficiency), Chart(_l("Staff by unit"), by=unit)),
        grants=(
            *readers(EVERYWHERE, *EVERYONE),
            Grant(
                Role.UNIT_EDITOR, WRITE, OWN_UNIT,
                fields=(code, name, unit, position, phone, mail, leader, administrator, proficiency),
            ),
            # An account is opened for a person: its administrator sees the directory, and sets this one field.
            Grant(Role.SYSADMIN, READ | EDIT, EVERYWHERE, fields=(account,)),
        ),
    )  # fmt: skip
