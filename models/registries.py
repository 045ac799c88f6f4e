"""The four base registries of the shared information system: people, legal entities, resources, indicators."""

from datetime import date

from app.declare import (
    EVERYWHERE,
    FILTER,
    KEY,
    LABEL,
    LIST,
    MASKED,
    OWN_UNIT,
    READONLY,
    SEARCH,
    UNMASK,
    WRITE,
    AreaCode,
    Between,
    Chart,
    Choices,
    CitizenId,
    Code,
    CreditCode,
    Degrees,
    Derived,
    Grant,
    Line,
    Mapped,
    Money,
    NotAfter,
    NotFuture,
    Order,
    OrgCode,
    Prose,
    Quantity,
    Record,
    Screen,
    Section,
    Title,
    Tone,
    Unique,
    _l,
    birth_date,
    field,
    is_female,
    owner,
    part_of,
)
from models.areas import AREAS
from models.ethnicity import Ethnicity
from models.menus import REGISTRIES
from models.organisation import Unit
from models.roles import EVERYONE, Role, readers


class Sex(Choices):
    """The sex that an identity number states."""

    MALE = "male", _l("Male")
    FEMALE = "female", _l("Female")


def sex_of(citizen_id: str) -> Sex:
    """The sex that a citizen id states."""
    return Sex.FEMALE if is_female(citizen_id) else Sex.MALE


class Verification(Choices):
    """Whether a resident's entry has been checked against the papers."""

    PENDING = "pending", _l("To be verified"), Tone.WAIT
    VERIFIED = "verified", _l("Verified"), Tone.GOOD
    DOUBTFUL = "doubtful", _l("In doubt"), Tone.BAD


class EntityKind(Choices):
    """The kinds of legal entity."""

    ENTERPRISE = "enterprise", _l("Enterprise")
    AGENCY = "agency", _l("State organ")
    INSTITUTION = "institution", _l("Public institution")
    SOCIETY = "society", _l("Social organisation")
    OTHER = "other", _l("Other body")


class ResourceKind(Choices):
    """The resources that the plan names."""

    WATER = "water", _l("Hydrology")
    MINERAL = "mineral", _l("Minerals")
    LAND = "land", _l("Land")
    FOREST = "forest", _l("Forest")
    FARMLAND = "farmland", _l("Farmland")
    SEA = "sea", _l("Sea")


class Period(Choices):
    """How often an indicator is surveyed."""

    YEAR = "year", _l("Yearly")
    QUARTER = "quarter", _l("Quarterly")
    MONTH = "month", _l("Monthly")


class Direction(Choices):
    """Which way an indicator ought to move."""

    UP = "up", _l("More is better")
    DOWN = "down", _l("Less is better")
    NONE = "none", _l("Neither")


class Resident(Record):
    """A resident of the city, told apart by the citizen identity number."""

    __tablename__ = "resident"

    citizen_id: Mapped[CitizenId] = field(
        _l("Citizen identity number"),
        KEY,
        LIST,
        SEARCH,
        MASKED,
        help=_l("18 characters; the last one is checked"),
        aliases=("身份证号", "身份证号码", "居民身份证号码", "身份证件号码", "公民身份证号"),
    )
    name: Mapped[Title] = field(_l("Full name"), LIST, SEARCH, LABEL)
    sex: Mapped[Sex] = field(_l("Sex"), LIST, FILTER, READONLY, derived=Derived(citizen_id, sex_of))
    birth: Mapped[date] = field(_l("Date of birth"), LIST, FILTER, READONLY, derived=Derived(citizen_id, birth_date))
    ethnicity: Mapped[Ethnicity] = field(_l("Ethnicity"), LIST, FILTER, default=Ethnicity.HAN)
    area: Mapped[AreaCode] = field(_l("Area"), LIST, FILTER, names=AREAS)
    address: Mapped[Line | None] = field(_l("Address"), LIST, SEARCH)
    moved_in: Mapped[date | None] = field(_l("Moved in on"), FILTER)
    verification: Mapped[Verification] = field(_l("Verification"), LIST, FILTER, default=Verification.PENDING)
    unit: Mapped[Unit] = owner(Unit, _l("Registered by"), FILTER)

    screen = Screen(
        title=_l("Residents"), singular=_l("Resident"), menu=REGISTRIES, icon="users",
        about=_l("The population register, kept by the public security bureau."),
        form=(
            Section(
                _l("Person"), citizen_id, name, ethnicity, sex, birth,
                purpose=_l("Date of birth and sex follow from the number"),
            ),
            Section(_l("Residence"), area, address, moved_in, purpose=_l("Where the person lives")),
            Section(_l("Registration"), unit, verification, purpose=_l("Who keeps the entry, and how sure it is")),
        ),
        order=Order(citizen_id),
        rules=(NotFuture(birth), NotFuture(moved_in), NotAfter(birth, moved_in)),
        charts=(Chart(_l("Residents by area"), by=area), Chart(_l("Residents by ethnicity"), by=ethnicity)),
        grants=(
            *readers(OWN_UNIT, Role.UNIT_EDITOR, Role.VIEWER),
            *readers(EVERYWHERE, Role.LEADER),
            Grant(Role.REGISTRAR, WRITE | UNMASK, OWN_UNIT),
        ),
    )  # fmt: skip


class LegalEntity(Record):
    """A legal entity, told apart by its organisation code."""

    __tablename__ = "legal_entity"

    org_code: Mapped[OrgCode] = field(
        _l("Organisation code"), KEY, LIST, SEARCH, help=_l("Eight characters, a hyphen, and a check character")
    )
    credit_code: Mapped[CreditCode | None] = field(
        _l("Credit code"), SEARCH, help=_l("18 characters, given since 2015; its middle is the organisation code")
    )
    name: Mapped[Title] = field(_l("Name"), LIST, SEARCH, LABEL)
    kind: Mapped[EntityKind] = field(_l("Kind of entity"), LIST, FILTER)
    representative: Mapped[Line | None] = field(_l("Legal representative"), LIST, SEARCH)
    area: Mapped[AreaCode] = field(_l("Area"), LIST, FILTER, names=AREAS)
    address: Mapped[Line | None] = field(_l("Address"), SEARCH)
    registered: Mapped[date | None] = field(_l("Registered on"), LIST, FILTER)
    capital: Mapped[Money | None] = field(_l("Registered capital"), LIST, aliases=("注册资本",))
    unit: Mapped[Unit] = owner(Unit, _l("Registered by"), FILTER)

    screen = Screen(
        title=_l("Legal entities"), singular=_l("Legal entity"), menu=REGISTRIES, icon="building-store",
        about=_l("The register of legal entities, kept by the quality supervision bureau."),
        form=(
            Section(_l("Entity"), org_code, credit_code, name, kind, purpose=_l("Its codes and its name")),
            Section(
                _l("Particulars"), representative, area, address, registered, capital, unit,
                purpose=_l("Who stands for it, and where it is found"),
            ),
        ),
        order=Order(org_code),
        rules=(NotFuture(registered), Between(capital)),
        charts=(
            Chart(_l("Entities by kind"), by=kind),
            Chart(_l("Capital by area"), by=area, of=capital),
            Chart(_l("Entities by year"), by=registered),
        ),
        grants=(*readers(EVERYWHERE, *EVERYONE), Grant(Role.REGISTRAR, WRITE, OWN_UNIT)),
    )  # fmt: skip


class NaturalResource(Record):
    """A natural resource at a place, with its quantity."""

    __tablename__ = "natural_resource"

    code: Mapped[Code] = field(_l("Code"), KEY, LIST, SEARCH)
    name: Mapped[Title] = field(_l("Name"), LIST, SEARCH)
    kind: Mapped[ResourceKind] = field(_l("Kind of resource"), LIST, FILTER)
    area: Mapped[AreaCode] = field(_l("Area"), LIST, FILTER, names=AREAS)
    quantity: Mapped[Quantity | None] = field(_l("Quantity"), LIST)
    measure: Mapped[Line | None] = field(_l("Unit of measure"), LIST)
    longitude: Mapped[Degrees | None] = field(_l("Longitude"), unit="°")
    latitude: Mapped[Degrees | None] = field(_l("Latitude"), unit="°")
    surveyed: Mapped[date | None] = field(_l("Surveyed on"), LIST, FILTER)
    unit: Mapped[Unit] = owner(Unit, _l("Kept by"), FILTER)
    remark: Mapped[Prose | None] = field(_l("Remark"))

    screen = Screen(
        title=_l("Natural resources"), singular=_l("Natural resource"), menu=REGISTRIES, icon="trees",
        about=_l("Water, minerals, land, forest, farmland and sea, by place and quantity."),
        form=(
            Section(_l("Resource"), code, name, kind, unit, purpose=_l("What it is, and who keeps the entry")),
            Section(_l("Place"), area, longitude, latitude, purpose=_l("Where it lies, in degrees")),
            Section(_l("Survey"), quantity, measure, surveyed, remark, purpose=_l("How much there is, and since when")),
        ),
        order=Order(code),
        rules=(NotFuture(surveyed), Between(quantity), Between(longitude, -180, 180), Between(latitude, -90, 90)),
        charts=(Chart(_l("Resources by kind"), by=kind), Chart(_l("Resources by area"), by=area)),
        grants=(*readers(EVERYWHERE, *EVERYONE), Grant(Role.REGISTRAR, WRITE, OWN_UNIT)),
    )  # fmt: skip


class Indicator(Record):
    """A figure of the macroeconomy that is surveyed again and again."""

    __tablename__ = "indicator"

    code: Mapped[Code] = field(_l("Code"), KEY, LIST, SEARCH)
    name: Mapped[Title] = field(_l("Name"), LIST, SEARCH)
    measure: Mapped[Line] = field(_l("Unit of measure"), LIST)
    period: Mapped[Period] = field(_l("Frequency"), LIST, FILTER, default=Period.YEAR)
    direction: Mapped[Direction] = field(_l("Direction"), LIST, FILTER, default=Direction.UP)
    unit: Mapped[Unit] = owner(Unit, _l("Kept by"), LIST, FILTER)
    definition: Mapped[Prose | None] = field(_l("Definition"))

    screen = Screen(
        title=_l("Indicators"), singular=_l("Indicator"), menu=REGISTRIES, icon="chart-line",
        about=_l("The figures of the macroeconomic database, kept by the statistics bureau."),
        form=(
            Section(_l("Indicator"), code, name, definition, unit, purpose=_l("What is counted, and by whom")),
            Section(_l("Measure"), measure, period, direction, purpose=_l("How it is counted, and how to read it")),
        ),
        order=Order(code),
        charts=(Chart(_l("Indicators by period"), by=period),),
        grants=(*readers(EVERYWHERE, *EVERYONE), Grant(Role.REGISTRAR, WRITE, OWN_UNIT)),
    )  # fmt: skip


class IndicatorValue(Record):
    """The value of an indicator in one period and area."""

    __tablename__ = "indicator_value"

    indicator: Mapped[Indicator] = part_of(Indicator, _l("Indicator"), LIST, FILTER, LABEL)
    period: Mapped[Code] = field(
        _l("Period"), LIST, FILTER, LABEL, SEARCH, help=_l("2004, 2004Q1 or 2004-01, as the indicator is surveyed")
    )
    area: Mapped[AreaCode] = field(_l("Area"), LIST, FILTER, LABEL, names=AREAS, default="320700")
    value: Mapped[Quantity] = field(_l("Value"), LIST)
    source_unit: Mapped[Line | None] = field(_l("Source unit"), LIST)
    remark: Mapped[Line | None] = field(_l("Remark"))

    unique = Unique(indicator, period, area)
    screen = Screen(
        title=_l("Indicator values"), singular=_l("Indicator value"), menu=REGISTRIES, icon="chart-dots",
        about=_l("What each indicator came to, by period and area."),
        form=(
            Section(_l("Of what"), indicator, period, area, purpose=_l("One value for each period and area")),
            Section(_l("Value"), value, source_unit, remark, purpose=_l("The figure, and where it comes from")),
        ),
        order=Order(period, descending=True),
        charts=(Chart(_l("Values by period"), by=period, of=value), Chart(_l("Values by area"), by=area, of=value)),
        grants=(*readers(EVERYWHERE, *EVERYONE), Grant(Role.REGISTRAR, WRITE, OWN_UNIT)),
    )  # fmt: skip
