"""Video material that people ask for on demand."""

from app.declare import (
    EVERYWHERE,
    FILTER,
    KEY,
    LIST,
    OWN_UNIT,
    SEARCH,
    WRITE,
    Attachment,
    Between,
    Chart,
    Choices,
    Classification,
    Code,
    Grant,
    Mapped,
    Only,
    Order,
    Prose,
    Record,
    Screen,
    SecrecyTerm,
    Section,
    Step,
    Title,
    Tone,
    Workflow,
    Year,
    _l,
    field,
    owner,
)
from models.menus import REGISTRIES
from models.organisation import Unit
from models.roles import EVERYONE, Role, readers


class VideoColumn(Choices):
    """The kinds of material that the plan names."""

    NEWS = "news", _l("Recorded news")
    HISTORY = "history", _l("Historical documents")
    EVENTS = "events", _l("Major events")
    INTERNAL = "internal", _l("Internal material")
    FOREIGN = "foreign", _l("Material from abroad")
    PREVIEW = "preview", _l("Films for review")


class VideoState(Choices):
    """Whether a film may be watched."""

    DRAFT = "draft", _l("Draft")
    REVIEW = "review", _l("Under review"), Tone.WAIT
    RELEASED = "released", _l("Released"), Tone.GOOD


class VideoAsset(Record):
    """A film of the video library."""

    __tablename__ = "video_asset"

    code: Mapped[Code] = field(_l("Code"), KEY, LIST, SEARCH)
    title: Mapped[Title] = field(_l("Title"), LIST, SEARCH)
    column: Mapped[VideoColumn] = field(_l("Video column"), LIST, FILTER)
    unit: Mapped[Unit] = owner(Unit, _l("Kept by"), LIST, FILTER)
    state: Mapped[VideoState] = field(_l("State"), LIST, FILTER, default=VideoState.DRAFT)
    year: Mapped[Year | None] = field(_l("Year"), LIST, FILTER)
    seconds: Mapped[int | None] = field(_l("Duration"), LIST, unit=_l("seconds"))
    classification: Mapped[Classification] = field(_l("Classification"), FILTER, default=Classification.INTERNAL)
    secrecy_years: Mapped[int | None] = field(_l("Term of secrecy"), unit=_l("years"))
    summary: Mapped[Prose | None] = field(_l("Summary"))
    file: Mapped[Attachment | None] = field(_l("Film file"))
    poster: Mapped[Attachment | None] = field(_l("Poster"))

    screen = Screen(
        title=_l("Video library"), singular=_l("Film"), menu=REGISTRIES, icon="video",
        about=_l("Recorded news, historical documents, major events, and films for review."),
        form=(
            Section(_l("Film"), code, title, column, unit, year, summary, purpose=_l("What it shows; who keeps it")),
            Section(_l("Files"), file, poster, seconds, purpose=_l("The film, and the picture shown before it")),
            Section(
                _l("Release"), state, classification, secrecy_years,
                purpose=_l("Who may watch it; unreleased films are seen by their own unit only"),
            ),
        ),
        order=Order(code, descending=True),
        rules=(SecrecyTerm(classification, secrecy_years), Between(seconds, 1)),
        charts=(Chart(_l("Films by column"), by=column), Chart(_l("Films by state"), by=state)),
        workflow=Workflow(
            state,
            Step(_l("Submit"), VideoState.DRAFT, VideoState.REVIEW, by=Role.UNIT_EDITOR),
            Step(_l("Release"), VideoState.REVIEW, VideoState.RELEASED, by=Role.LEADER),
            Step(_l("Return…"), VideoState.REVIEW, VideoState.DRAFT, by=Role.LEADER, reason=True),
        ),
        grants=(
            *readers(Only(state, VideoState.RELEASED), *EVERYONE),
            *readers(OWN_UNIT, Role.VIEWER),
            *readers(EVERYWHERE, Role.LEADER),
            Grant(Role.UNIT_EDITOR, WRITE, OWN_UNIT),
        ),
    )  # fmt: skip
