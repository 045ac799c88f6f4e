"""News of the shared information system, in the plan's six columns."""

from datetime import date

from app.declare import (
    EVERYWHERE,
    FILTER,
    LIST,
    OWN_UNIT,
    SEARCH,
    WRITE,
    Attachment,
    Calendar,
    Chart,
    Choices,
    Grant,
    Line,
    Mapped,
    NotFuture,
    Only,
    Order,
    Prose,
    Record,
    Screen,
    Section,
    Step,
    Title,
    Tone,
    Workflow,
    _l,
    field,
    owner,
)
from models.menus import DOCUMENTS
from models.organisation import Unit
from models.roles import EVERYONE, Role, readers


class NewsColumn(Choices):
    """The six columns that the plan names."""

    TODAY = "today", _l("News of the day")
    WORLD = "world", _l("Home and abroad")
    SOCIETY = "society", _l("Society")
    DEPARTMENTS = "departments", _l("Departments")
    TRADES = "trades", _l("Trades")
    REGIONS = "regions", _l("Regions")


class NewsState(Choices):
    """Whether a piece of news is out."""

    DRAFT = "draft", _l("Draft"), Tone.WAIT
    PUBLISHED = "published", _l("Published"), Tone.GOOD


class NewsItem(Record):
    """A piece of news that a unit writes for the whole network."""

    __tablename__ = "news_item"

    title: Mapped[Title] = field(_l("Title"), LIST, SEARCH)
    column: Mapped[NewsColumn] = field(_l("News column"), LIST, FILTER)
    unit: Mapped[Unit] = owner(Unit, _l("Contributed by"), LIST, FILTER)
    state: Mapped[NewsState] = field(_l("State"), LIST, FILTER, default=NewsState.DRAFT)
    published: Mapped[date | None] = field(_l("Published on"), LIST, FILTER)
    author: Mapped[Line | None] = field(_l("Author"), SEARCH)
    body: Mapped[Prose | None] = field(_l("Text"))
    pictures: Mapped[Attachment | None] = field(_l("Pictures"))

    screen = Screen(
        title=_l("News"), singular=_l("News item"), menu=DOCUMENTS, icon="news",
        about=_l("What happens in the city, the departments and the counties."),
        form=(
            Section(_l("News item"), title, column, unit, author, purpose=_l("Where it stands, and who wrote it")),
            Section(_l("Publication"), state, published, purpose=_l("Drafts are seen by their own unit only")),
            Section(_l("Contents"), body, pictures, purpose=_l("The text and its pictures")),
        ),
        order=Order(published, descending=True),
        rules=(NotFuture(published),),
        charts=(Chart(_l("News by column"), by=column), Chart(_l("News by unit"), by=unit)),
        views=(Calendar(published),),
        trash=True,
        workflow=Workflow(
            state,
            Step(_l("Publish"), NewsState.DRAFT, NewsState.PUBLISHED, by=Role.UNIT_EDITOR),
            Step(_l("Withdraw…"), NewsState.PUBLISHED, NewsState.DRAFT, by=Role.UNIT_EDITOR, reason=True),
        ),
        grants=(
            *readers(Only(state, NewsState.PUBLISHED), *EVERYONE),
            *readers(OWN_UNIT, Role.VIEWER),
            *readers(EVERYWHERE, Role.LEADER),
            Grant(Role.UNIT_EDITOR, WRITE, OWN_UNIT),
        ),
    )  # fmt: skip
