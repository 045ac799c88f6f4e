"""Training: courses, and who attended them with what result."""

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
    Between,
    Calendar,
    Chart,
    Choices,
    Code,
    Grant,
    Line,
    Mapped,
    NotAfter,
    NotFuture,
    Order,
    Prose,
    Record,
    Screen,
    Section,
    Source,
    Timeline,
    Title,
    Unique,
    _l,
    field,
    owner,
    ref,
)
from models.menus import TRAINING
from models.organisation import Staff, Unit
from models.roles import EVERYONE, Role, readers


class Audience(Choices):
    """Whom a course is for; the plan says who trains whom (plan, three, 5)."""

    LEADERS = "leaders", _l("Leaders in charge")
    ADMINISTRATORS = "administrators", _l("System administrators")
    OTHERS = "others", _l("Other staff")


class TrainingCourse(Record):
    """A course that is held for one of the three audiences."""

    __tablename__ = "training_course"

    code: Mapped[Code] = field(_l("Code"), KEY, LIST, SEARCH)
    title: Mapped[Title] = field(_l("Name"), LIST, SEARCH)
    audience: Mapped[Audience] = field(_l("Audience"), LIST, FILTER)
    organiser: Mapped[Unit | None] = ref(
        Unit, _l("Organiser"), LIST, FILTER,
        help=_l("The information industry bureau for leaders and administrators, the personnel bureau for the rest"),
    )  # fmt: skip
    hours: Mapped[int | None] = field(_l("Length"), LIST, unit=_l("hours"))
    starts: Mapped[date | None] = field(_l("Begins"), LIST, FILTER)
    ends: Mapped[date | None] = field(_l("Ends"), LIST)
    seats: Mapped[int | None] = field(_l("Seats"), LIST)
    place: Mapped[Line | None] = field(_l("Venue"))
    outline: Mapped[Prose | None] = field(_l("Outline"))
    source: Mapped[Source | None] = field(_l("Source"), READONLY)

    screen = Screen(
        title=_l("Courses"), singular=_l("Course"), menu=TRAINING, icon="book",
        about=_l("Courses for leaders, system administrators and other staff."),
        form=(
            Section(_l("Course"), code, title, audience, organiser, outline, purpose=_l("What is taught, and to whom")),
            Section(_l("Time and place"), starts, ends, hours, seats, place, purpose=_l("When and where it is held")),
        ),
        order=Order(starts, descending=True),
        rules=(NotAfter(starts, ends), Between(hours, 1), Between(seats, 1)),
        charts=(Chart(_l("Courses by audience"), by=audience), Chart(_l("Seats by organiser"), by=organiser, of=seats)),
        views=(Timeline(start=starts, end=ends, by=organiser), Calendar(starts)),
        grants=(*readers(EVERYWHERE, *EVERYONE), Grant(Role.TRAINER, WRITE, EVERYWHERE)),
    )  # fmt: skip


class TrainingRecord(Record):
    """A person's attendance of a course, and its result."""

    __tablename__ = "training_record"

    staff: Mapped[Staff] = ref(Staff, _l("Person"), LIST, FILTER, LABEL)
    course: Mapped[TrainingCourse] = ref(
        TrainingCourse, _l("Course"), LIST, FILTER, LABEL, help=_l("Not in the list? Create it here")
    )
    unit: Mapped[Unit] = owner(Unit, _l("Unit"), LIST, FILTER, help=_l("The unit that the person works in"))
    finished: Mapped[date | None] = field(_l("Finished on"), LIST, FILTER)
    score: Mapped[int | None] = field(_l("Score"), LIST, help=_l("Out of 100; 60 and more is a pass"))
    passed: Mapped[bool] = field(_l("Passed"), LIST, FILTER, default=False)
    certificate: Mapped[Line | None] = field(_l("Certificate number"), LIST, SEARCH)

    unique = Unique(staff, course)
    screen = Screen(
        title=_l("Training records"), singular=_l("Training record"), menu=TRAINING, icon="certificate",
        about=_l("Who attended which course, and with what result."),
        form=(
            Section(_l("Who and what"), staff, course, unit, purpose=_l("One row for each person and course")),
            Section(_l("Result"), finished, score, passed, certificate, purpose=_l("Empty until the course has ended")),
        ),
        order=Order(finished, descending=True),
        rules=(NotFuture(finished), Between(score, 0, 100)),
        charts=(Chart(_l("Passed by unit"), by=unit), Chart(_l("Records by course"), by=course)),
        views=(Calendar(finished),),
        grants=(
            *readers(OWN_UNIT, Role.UNIT_EDITOR, Role.VIEWER),
            *readers(EVERYWHERE, Role.COORDINATION, Role.LEADER),
            Grant(Role.TRAINER, WRITE, EVERYWHERE),
        ),
    )  # fmt: skip
