"""Mail between the people of the network, and who has read them."""

from datetime import UTC, datetime

from app.declare import (
    ADD,
    FILTER,
    FIXED,
    LABEL,
    LIST,
    READ,
    READONLY,
    SEARCH,
    Attachment,
    Calendar,
    Chart,
    Mapped,
    Mine,
    Order,
    Prose,
    Record,
    Screen,
    Section,
    Title,
    Unique,
    _l,
    field,
    part_of,
    ref,
    refs,
)
from models.documents import Urgency
from models.menus import DOCUMENTS
from models.organisation import Staff
from models.roles import EVERYONE, each, readers


def now() -> datetime:
    """The moment a message is sent."""
    return datetime.now(UTC)


class Mail(Record):
    """A message: saved is sent, so there is nothing for its readers to see before, and nothing to change after."""

    __tablename__ = "mail"

    sender: Mapped[Staff] = ref(Staff, _l("Sender"), LIST, FILTER, FIXED)
    to: Mapped[list[Staff]] = refs(Staff, _l("Recipients"), LIST, FILTER)
    cc: Mapped[list[Staff]] = refs(Staff, _l("Cc"))
    subject: Mapped[Title] = field(_l("Subject"), LIST, SEARCH)
    urgency: Mapped[Urgency] = field(_l("Urgency"), LIST, FILTER, default=Urgency.PLAIN)
    sent: Mapped[datetime] = field(_l("Sent at"), LIST, FILTER, READONLY, default=now)
    body: Mapped[Prose] = field(_l("Text"))
    attachments: Mapped[Attachment | None] = field(_l("Attachments"))

    screen = Screen(
        title=_l("Mail"), singular=_l("Mail message"), menu=DOCUMENTS, icon="mail",
        about=_l("Mail you sent or received; nobody else sees it."),
        form=(
            Section(_l("Mail message"), sender, to, cc, urgency, purpose=_l("From whom, to whom, and how urgent")),
            Section(_l("Contents"), subject, body, attachments, purpose=_l("Saving sends it")),
        ),
        order=Order(sent, descending=True),
        charts=(Chart(_l("Mail by urgency"), by=urgency),),
        views=(Calendar(sent),),
        grants=(
            *each(READ | ADD, Mine(sender), *EVERYONE),
            *readers(Mine(to, cc), *EVERYONE),
        ),
    )  # fmt: skip


class MailReading(Record):
    """That a person has read a message, and when."""

    __tablename__ = "mail_reading"

    mail: Mapped[Mail] = part_of(Mail, _l("Mail message"), LIST, FILTER, LABEL)
    # The message's sender once more, since a grant looks at the row itself.
    sender: Mapped[Staff | None] = ref(Staff, _l("Sender"), READONLY)
    reader: Mapped[Staff] = ref(Staff, _l("Read by"), LIST, FILTER, LABEL)
    read: Mapped[datetime] = field(_l("Read at"), LIST, FILTER, default=now)

    unique = Unique(mail, reader)
    screen = Screen(
        title=_l("Read receipts"), singular=_l("Read receipt"), menu=DOCUMENTS, icon="mail-opened",
        about=_l("Who has read which mail, and when; kept by the console."),
        order=Order(read, descending=True),
        grants=readers(Mine(sender, reader), *EVERYONE),
    )  # fmt: skip
