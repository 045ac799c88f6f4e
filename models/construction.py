"""What the plan builds: systems, their milestones, projects and money, and where each system is in service."""

from datetime import date

from app.declare import (
    EVERYWHERE,
    FILTER,
    KEY,
    LABEL,
    LIST,
    OWN_UNIT,
    READONLY,
    SEARCH,
    WRITE,
    Attachment,
    Between,
    Calendar,
    Chart,
    Choices,
    Classification,
    Code,
    Grant,
    Line,
    Mapped,
    Money,
    NotAfter,
    NotFuture,
    Order,
    Percent,
    Prose,
    Record,
    Screen,
    Section,
    Source,
    Step,
    Timeline,
    Title,
    Tone,
    Unique,
    Workflow,
    Year,
    _l,
    field,
    owner,
    part_of,
    ref,
    refs,
)
from models.menus import CONSTRUCTION
from models.organisation import Level, Staff, Unit
from models.roles import EVERYONE, Role, readers


class SystemGroup(Choices):
    """The plan's headings of systems."""

    OFFICE = "office", _l("Office work")
    INFORMATION = "information", _l("Information service")
    VIDEO = "video", _l("Video applications")
    BUSINESS = "business", _l("Important business")
    SECURITY = "security", _l("Security assurance")


class SystemStatus(Choices):
    """How far a system has come."""

    PLANNED = "planned", _l("Planned")
    BUILDING = "building", _l("Under construction"), Tone.ACCENT
    TRIAL = "trial", _l("On trial"), Tone.WAIT
    RUNNING = "running", _l("In service"), Tone.GOOD


class MilestoneState(Choices):
    """Where a milestone stands between the unit that reaches it and the group that accepts it."""

    PLANNED = "planned", _l("Planned")
    SUBMITTED = "submitted", _l("Awaiting acceptance"), Tone.WAIT
    RETURNED = "returned", _l("Returned"), Tone.BAD
    ACCEPTED = "accepted", _l("Accepted"), Tone.GOOD


class ProjectKind(Choices):
    """What a project builds."""

    NETWORK = "network", _l("Network platform")
    BUSINESS = "business", _l("Business system")
    DATABASE = "database", _l("Information base")
    CENTRE = "centre", _l("Management centre")


class Stage(Choices):
    """The stages of a project by the approval procedure of capital construction (plan, three, 2)."""

    REVIEW = "review", _l("Preliminary review")
    FEASIBILITY = "feasibility", _l("Feasibility study"), Tone.ACCENT
    APPROVAL = "approval", _l("Appraisal and approval"), Tone.WAIT
    PROCUREMENT = "procurement", _l("Procurement and tender"), Tone.ACCENT
    SUPERVISION = "supervision", _l("Supervised construction"), Tone.ACCENT
    ACCEPTANCE = "acceptance", _l("Acceptance"), Tone.GOOD


class BudgetCategory(Choices):
    """What the money of a budget line is spent on."""

    SOFTWARE = "software", _l("Software")
    HARDWARE = "hardware", _l("Hardware")
    NETWORK = "network", _l("Network")
    OPERATION = "operation", _l("Operation")
    TRAINING = "training", _l("Training")


class System(Record):
    """A system of the plan, with the units that answer for it."""

    __tablename__ = "system"

    code: Mapped[Code] = field(_l("Code"), KEY, LIST, SEARCH)
    name: Mapped[Title] = field(_l("Name"), LIST, SEARCH, LABEL)
    group: Mapped[SystemGroup] = field(_l("System group"), LIST, FILTER)
    lead: Mapped[Unit | None] = ref(Unit, _l("Lead unit"), LIST, FILTER)
    responsible: Mapped[list[Unit]] = refs(Unit, _l("Responsible units"), FILTER)
    keyed_on: Mapped[Line | None] = field(
        _l("Keyed on"), LIST, help=_l("The identifier that tells its rows apart, such as the identity number")
    )
    status: Mapped[SystemStatus] = field(_l("Status"), LIST, FILTER, default=SystemStatus.PLANNED)
    source: Mapped[Source | None] = field(_l("Source"), READONLY)

    screen = Screen(
        title=_l("Systems"), singular=_l("System"), menu=CONSTRUCTION, icon="apps",
        about=_l("The systems that the plan asks for, and who builds them."),
        form=(
            Section(_l("System"), code, name, group, keyed_on, status, purpose=_l("What is being built")),
            Section(_l("Responsibility"), lead, responsible, purpose=_l("Who answers for it by the plan")),
        ),
        order=Order(code),
        charts=(Chart(_l("Systems by group"), by=group), Chart(_l("Systems by status"), by=status)),
        grants=(*readers(EVERYWHERE, *EVERYONE), Grant(Role.COORDINATION, WRITE, EVERYWHERE)),
    )  # fmt: skip


class Milestone(Record):
    """A dated target of a planned system, answered for by one unit."""

    __tablename__ = "milestone"

    code: Mapped[Code] = field(_l("Code"), KEY, LIST, SEARCH, help=_l("Workbooks are matched by it; fixed once saved"))
    title: Mapped[Title] = field(_l("Name"), LIST, SEARCH)
    system: Mapped[System] = ref(System, _l("System"), LIST, FILTER)
    unit: Mapped[Unit] = owner(
        Unit, _l("Responsible unit"), LIST, FILTER,
        help=_l("Its editor submits the milestone; the coordination group accepts it"),
    )  # fmt: skip
    state: Mapped[MilestoneState] = field(_l("State"), LIST, FILTER, default=MilestoneState.PLANNED)
    due: Mapped[date] = field(_l("Due"), LIST, FILTER)
    target_share: Mapped[Percent | None] = field(
        _l("Target share"), LIST, unit="%", help=_l("Units in service ÷ units of the city; leave empty if none is set")
    )
    done: Mapped[date | None] = field(_l("Completed on"), LIST, FILTER, help=_l("Leave empty until it is completed"))
    accepted: Mapped[date | None] = field(_l("Accepted on"), FILTER)
    criteria: Mapped[Prose | None] = field(_l("Acceptance criteria"))
    evidence: Mapped[Attachment | None] = field(_l("Evidence"), help=_l("At least one file when it is submitted"))
    reason: Mapped[Line | None] = field(_l("Reason for return"))
    source: Mapped[Source | None] = field(_l("Source"), READONLY)

    screen = Screen(
        title=_l("Milestones"), singular=_l("Milestone"), menu=CONSTRUCTION, icon="flag",
        about=_l("What is to be reached by when, and which unit answers for it."),
        form=(
            Section(
                _l("What"), code, title, system, unit, criteria,
                purpose=_l("What is to be reached, and which unit answers for it"),
            ),
            Section(
                _l("Dates and target"), due, target_share, done, evidence,
                purpose=_l("Without a target share, only completion is checked"),
            ),
            Section(_l("Acceptance"), state, accepted, reason, purpose=_l("Decided by the coordination group")),
        ),
        order=Order(due),
        rules=(NotFuture(done), NotAfter(done, accepted)),
        charts=(Chart(_l("Milestones by state"), by=state), Chart(_l("Milestones by unit"), by=unit)),
        views=(Timeline(start=due, end=done, by=system), Calendar(due)),
        workflow=Workflow(
            state,
            Step(_l("Submit"), MilestoneState.PLANNED, MilestoneState.SUBMITTED, by=Role.UNIT_EDITOR),
            Step(_l("Submit again"), MilestoneState.RETURNED, MilestoneState.SUBMITTED, by=Role.UNIT_EDITOR),
            Step(_l("Accept"), MilestoneState.SUBMITTED, MilestoneState.ACCEPTED, by=Role.COORDINATION),
            Step(_l("Return…"), MilestoneState.SUBMITTED, MilestoneState.RETURNED, by=Role.COORDINATION, reason=True),
        ),
        grants=(
            *readers(OWN_UNIT, Role.VIEWER),
            *readers(EVERYWHERE, Role.LEADER),
            Grant(Role.UNIT_EDITOR, WRITE, OWN_UNIT),
            Grant(Role.COORDINATION, WRITE, EVERYWHERE),
        ),
    )  # fmt: skip


class Project(Record):
    """A project that a unit carries through the stages of approval."""

    __tablename__ = "project"

    code: Mapped[Code] = field(_l("Code"), KEY, LIST, SEARCH)
    title: Mapped[Title] = field(_l("Name"), LIST, SEARCH)
    unit: Mapped[Unit] = owner(Unit, _l("Responsible unit"), LIST, FILTER)
    system: Mapped[System | None] = ref(System, _l("System"), LIST, FILTER)
    kind: Mapped[ProjectKind] = field(_l("Kind of project"), LIST, FILTER)
    stage: Mapped[Stage] = field(_l("Stage"), LIST, FILTER, default=Stage.REVIEW)
    investment: Mapped[Money | None] = field(_l("Total investment"), LIST)
    starts: Mapped[date | None] = field(_l("Start date"), FILTER)
    acceptance: Mapped[date | None] = field(_l("Planned acceptance"), LIST, FILTER)
    manager: Mapped[Staff | None] = ref(Staff, _l("Person in charge"))
    administrator: Mapped[Staff | None] = ref(Staff, _l("System administrator"))
    classification: Mapped[Classification] = field(_l("Classification"), FILTER, default=Classification.INTERNAL)
    summary: Mapped[Prose | None] = field(_l("Summary"))
    papers: Mapped[Attachment | None] = field(_l("Papers"), help=_l("Study, appraisal, contract, acceptance report"))
    source: Mapped[Source | None] = field(_l("Source"), READONLY)

    screen = Screen(
        title=_l("Projects"), singular=_l("Project"), menu=CONSTRUCTION, icon="building-bridge-2",
        about=_l("Network and system projects, from preliminary review to acceptance."),
        form=(
            Section(_l("Project"), code, title, unit, system, kind, summary, purpose=_l("What is built, and by whom")),
            Section(_l("Progress"), stage, starts, acceptance, investment, purpose=_l("How far it is, and its total")),
            Section(
                _l("People and papers"), manager, administrator, classification, papers,
                purpose=_l("Who to ask, and what to read"),
            ),
        ),
        order=Order(code, descending=True),
        rules=(NotAfter(starts, acceptance), Between(investment)),
        charts=(Chart(_l("Projects by stage"), by=stage), Chart(_l("Investment by unit"), by=unit, of=investment)),
        views=(Timeline(start=starts, end=acceptance, by=unit),),
        trash=True,
        workflow=Workflow(
            stage,
            Step(_l("Pass the review"), Stage.REVIEW, Stage.FEASIBILITY, by=Role.COORDINATION),
            Step(_l("Submit for approval"), Stage.FEASIBILITY, Stage.APPROVAL, by=Role.UNIT_EDITOR),
            Step(_l("Approve"), Stage.APPROVAL, Stage.PROCUREMENT, by=Role.COORDINATION),
            Step(_l("Return…"), Stage.APPROVAL, Stage.FEASIBILITY, by=Role.COORDINATION, reason=True),
            Step(_l("Start construction"), Stage.PROCUREMENT, Stage.SUPERVISION, by=Role.UNIT_EDITOR),
            Step(_l("Accept"), Stage.SUPERVISION, Stage.ACCEPTANCE, by=Role.COORDINATION),
        ),
        grants=(
            *readers(OWN_UNIT, Role.VIEWER),
            *readers(EVERYWHERE, Role.LEADER),
            Grant(Role.UNIT_EDITOR, WRITE, OWN_UNIT),
            Grant(Role.COORDINATION, WRITE, EVERYWHERE),
        ),
    )  # fmt: skip


class FundingSource(Record):
    """Where money for the plan comes from, as the plan orders it."""

    __tablename__ = "funding_source"

    code: Mapped[Code] = field(_l("Code"), KEY, LIST, SEARCH)
    name: Mapped[Title] = field(_l("Name"), LIST, SEARCH, LABEL)
    level: Mapped[Level | None] = field(_l("Level"), LIST, FILTER, help=_l("Empty if both levels may use it"))
    covers: Mapped[Line | None] = field(_l("Covers"), LIST)
    source: Mapped[Source | None] = field(_l("Source"), READONLY)

    screen = Screen(
        title=_l("Funding sources"), singular=_l("Funding source"), menu=CONSTRUCTION, icon="coin",
        about=_l("Who pays for what, by level of government."),
        order=Order(code),
        grants=(*readers(EVERYWHERE, *EVERYONE), Grant(Role.COORDINATION, WRITE, EVERYWHERE)),
    )  # fmt: skip


class BudgetLine(Record):
    """A year's money of a project, from one source and for one purpose."""

    __tablename__ = "budget_line"

    project: Mapped[Project] = part_of(Project, _l("Project"), LIST, FILTER, LABEL)
    year: Mapped[Year] = field(_l("Year"), LIST, FILTER, LABEL)
    category: Mapped[BudgetCategory] = field(_l("Category"), LIST, FILTER, LABEL)
    level: Mapped[Level] = field(_l("Level"), LIST, FILTER, default=Level.CITY)
    source: Mapped[FundingSource] = ref(FundingSource, _l("Funding source"), LIST, FILTER)
    planned: Mapped[Money] = field(_l("Amount planned"), LIST)
    approved: Mapped[Money | None] = field(
        _l("Amount approved"), LIST, help=_l("Set by the coordination group; empty until then")
    )
    spent: Mapped[Money | None] = field(_l("Amount spent"), LIST)

    unique = Unique(project, year, source, category)
    screen = Screen(
        title=_l("Budget"), singular=_l("Budget line"), menu=CONSTRUCTION, icon="report-money",
        about=_l("Money planned, approved and spent; watch software's share of each project's total."),
        form=(
            Section(
                _l("Purpose"), project, year, category, level, source,
                purpose=_l("Which project, from which source, for what"),
            ),
            Section(_l("Amounts"), planned, approved, spent, purpose=_l("In yuan; spending stays within approval")),
        ),
        order=Order(year, descending=True),
        rules=(Between(planned), Between(approved), Between(spent, 0, approved)),
        charts=(
            Chart(_l("Approved by year"), by=year, of=approved),
            Chart(_l("Planned by category"), by=category, of=planned),
            Chart(_l("Planned by source"), by=source, of=planned),
        ),
        grants=(
            *readers(OWN_UNIT, Role.VIEWER),
            *readers(EVERYWHERE, Role.LEADER),
            # Whoever asks for money does not approve it.
            Grant(
                Role.UNIT_EDITOR, WRITE, OWN_UNIT, fields=(project, year, category, level, source, planned, spent),
            ),
            Grant(Role.COORDINATION, WRITE, EVERYWHERE),
        ),
    )  # fmt: skip


class Deployment(Record):
    """A system in service in a unit, or planned to be; the adoption curve is counted from it."""

    __tablename__ = "deployment"

    system: Mapped[System] = ref(System, _l("System"), LIST, FILTER, LABEL)
    unit: Mapped[Unit] = owner(Unit, _l("Unit"), LIST, FILTER, LABEL)
    planned: Mapped[date | None] = field(_l("Planned for"), LIST, FILTER)
    live: Mapped[date | None] = field(_l("Live since"), LIST, FILTER, help=_l("Leave empty until it is in service"))
    users: Mapped[int | None] = field(_l("Accounts opened"), LIST)
    remark: Mapped[Line | None] = field(_l("Remark"))

    unique = Unique(system, unit)
    screen = Screen(
        title=_l("Deployments"), singular=_l("Deployment"), menu=CONSTRUCTION, icon="rocket",
        about=_l("Which system is in service in which unit, and since when."),
        form=(
            Section(_l("Where"), system, unit, purpose=_l("One row for each system and unit")),
            Section(_l("When"), planned, live, users, remark, purpose=_l("The plan, and what came of it")),
        ),
        order=Order(planned),
        rules=(NotFuture(live), Between(users)),
        charts=(Chart(_l("In service by month"), by=live), Chart(_l("Deployments by system"), by=system)),
        views=(Timeline(start=planned, end=live, by=system), Calendar(planned)),
        grants=(
            *readers(OWN_UNIT, Role.VIEWER),
            *readers(EVERYWHERE, Role.LEADER),
            Grant(Role.UNIT_EDITOR, WRITE, OWN_UNIT),
            Grant(Role.COORDINATION, WRITE, EVERYWHERE),
        ),
    )  # fmt: skip


class ProjectStep(Record):
    """A stage that a project has passed: when, by whom, with what remark."""

    __tablename__ = "project_step"

    project: Mapped[Project] = part_of(Project, _l("Project"), LIST, FILTER, LABEL)
    stage: Mapped[Stage] = field(_l("Stage"), LIST, FILTER, LABEL)
    taken: Mapped[date] = field(_l("Taken on"), LIST, FILTER)
    by: Mapped[Line] = field(_l("Taken by"), LIST, SEARCH)
    remark: Mapped[Prose | None] = field(_l("Remark"), LIST)

    screen = Screen(
        title=_l("Project steps"), singular=_l("Project step"), menu=CONSTRUCTION, icon="stairs",
        about=_l("The dated steps of every project."),
        order=Order(taken, descending=True),
        rules=(NotFuture(taken),),
        grants=(
            *readers(OWN_UNIT, Role.VIEWER),
            *readers(EVERYWHERE, Role.LEADER),
            Grant(Role.UNIT_EDITOR, WRITE, OWN_UNIT),
            Grant(Role.COORDINATION, WRITE, EVERYWHERE),
        ),
    )  # fmt: skip
