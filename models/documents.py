"""Documents received and sent, step by step as the regulation on Party and government documents of 2012 has it."""

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
    Classification,
    Grant,
    Line,
    Mapped,
    NotAfter,
    NotFuture,
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
    _l,
    field,
    owner,
    ref,
)
from models.menus import DOCUMENTS
from models.organisation import Staff, Unit
from models.roles import Role, readers


class Urgency(Choices):
    """How soon a document or a letter wants attention."""

    PLAIN = "plain", _l("Ordinary")
    URGENT = "urgent", _l("Urgent"), Tone.WAIT
    EXTRA = "extra", _l("Extra urgent"), Tone.BAD


class IncomingState(Choices):
    """The step that an incoming document has reached."""

    SIGNED_FOR = "signed_for", _l("Signed for")
    REGISTERED = "registered", _l("Registered")
    SCREENED = "screened", _l("Screened"), Tone.ACCENT
    HANDLED = "handled", _l("Being handled"), Tone.ACCENT
    CIRCULATED = "circulated", _l("Circulating"), Tone.ACCENT
    URGED = "urged", _l("Urged"), Tone.WAIT
    ANSWERED = "answered", _l("Answered"), Tone.GOOD
    ARCHIVED = "archived", _l("Archived"), Tone.GOOD


class OutgoingState(Choices):
    """The step that an outgoing document has reached."""

    DRAFT = "draft", _l("Drafting")
    REVIEW = "review", _l("Under review"), Tone.WAIT
    COSIGN = "cosign", _l("Being countersigned"), Tone.WAIT
    SIGNING = "signing", _l("Awaiting signature"), Tone.WAIT
    RECHECK = "recheck", _l("Signed, being rechecked"), Tone.ACCENT
    REGISTERED = "registered", _l("Registered"), Tone.ACCENT
    PRINTED = "printed", _l("Printed"), Tone.ACCENT
    DISPATCHED = "dispatched", _l("Dispatched"), Tone.GOOD
    ARCHIVED = "archived", _l("Archived"), Tone.GOOD


class DocumentKind(Choices):
    """The fifteen kinds of official document."""

    RESOLUTION = "resolution", _l("Resolution")
    DECISION = "decision", _l("Decision")
    DECREE = "decree", _l("Decree")
    COMMUNIQUE = "communique", _l("Communiqué")
    ANNOUNCEMENT = "announcement", _l("Announcement")
    PUBLIC_NOTICE = "public_notice", _l("Public notice")
    OPINION = "opinion", _l("Opinion")
    NOTICE = "notice", _l("Notice")
    CIRCULAR = "circular", _l("Circular")
    REPORT = "report", _l("Report")
    REQUEST = "request", _l("Request for instructions")
    REPLY = "reply", _l("Official reply")
    MOTION = "motion", _l("Motion")
    LETTER = "letter", _l("Official letter")
    MINUTES = "minutes", _l("Minutes")


class IncomingDocument(Record):
    """A document that a unit has received and must deal with."""

    __tablename__ = "incoming_document"

    title: Mapped[Title] = field(_l("Title"), LIST, SEARCH)
    sender: Mapped[Line] = field(_l("Issued by"), LIST, SEARCH)
    number: Mapped[Line | None] = field(
        _l("Document number"), LIST, SEARCH, help=_l("As printed, such as 苏政办发〔2004〕52号")
    )
    unit: Mapped[Unit] = owner(Unit, _l("Receiving unit"), LIST, FILTER)
    state: Mapped[IncomingState] = field(_l("Step"), LIST, FILTER, default=IncomingState.SIGNED_FOR)
    urgency: Mapped[Urgency] = field(_l("Urgency"), LIST, FILTER, default=Urgency.PLAIN)
    received: Mapped[date] = field(_l("Received on"), LIST, FILTER)
    deadline: Mapped[date | None] = field(_l("To be dealt with by"), LIST, FILTER)
    handler: Mapped[Staff | None] = ref(Staff, _l("Handled by"), FILTER)
    classification: Mapped[Classification] = field(_l("Classification"), FILTER, default=Classification.INTERNAL)
    secrecy_years: Mapped[int | None] = field(_l("Term of secrecy"), unit=_l("years"))
    body: Mapped[Prose | None] = field(_l("Text"))
    answer: Mapped[Prose | None] = field(_l("Answer"))
    attachments: Mapped[Attachment | None] = field(_l("Attachments"))

    screen = Screen(
        title=_l("Incoming documents"), singular=_l("Incoming document"), menu=DOCUMENTS, icon="file-import",
        about=_l("Documents received, from signing for them to the archive."),
        form=(
            Section(_l("Document"), title, sender, number, received, unit, purpose=_l("What came in, and from whom")),
            Section(_l("Handling"), state, urgency, deadline, handler, answer, purpose=_l("Who deals with it by when")),
            Section(
                _l("Secrecy"), classification, secrecy_years,
                purpose=_l("At most 10 years for secret, 20 for confidential, 30 for top secret"),
            ),
            Section(_l("Contents"), body, attachments, purpose=_l("The text and the files that came with it")),
        ),
        order=Order(received, descending=True),
        rules=(NotFuture(received), NotAfter(received, deadline), SecrecyTerm(classification, secrecy_years)),
        charts=(
            Chart(_l("Documents by step"), by=state),
            Chart(_l("Documents by unit"), by=unit),
            Chart(_l("Documents by month"), by=received),
        ),
        views=(Calendar(deadline),),
        trash=True,
        workflow=Workflow(
            state,
            Step(_l("Register"), IncomingState.SIGNED_FOR, IncomingState.REGISTERED, by=Role.UNIT_EDITOR),
            Step(_l("Screen"), IncomingState.REGISTERED, IncomingState.SCREENED, by=Role.UNIT_EDITOR),
            Step(_l("Hand over"), IncomingState.SCREENED, IncomingState.HANDLED, by=(Role.UNIT_EDITOR, Role.LEADER)),
            Step(_l("Circulate"), IncomingState.HANDLED, IncomingState.CIRCULATED, by=Role.UNIT_EDITOR),
            Step(_l("Urge…"), IncomingState.CIRCULATED, IncomingState.URGED, by=Role.UNIT_EDITOR, reason=True),
            Step(_l("Answer"), IncomingState.CIRCULATED, IncomingState.ANSWERED, by=Role.UNIT_EDITOR),
            Step(_l("Answer"), IncomingState.URGED, IncomingState.ANSWERED, by=Role.UNIT_EDITOR),
            Step(_l("Archive"), IncomingState.ANSWERED, IncomingState.ARCHIVED, by=Role.UNIT_EDITOR),
        ),
        grants=(
            *readers(OWN_UNIT, Role.VIEWER),
            *readers(EVERYWHERE, Role.LEADER),
            Grant(Role.UNIT_EDITOR, WRITE, OWN_UNIT),
        ),
    )  # fmt: skip


class OutgoingDocument(Record):
    """A document that a unit drafts, has signed and sends."""

    __tablename__ = "outgoing_document"

    title: Mapped[Title] = field(_l("Title"), LIST, SEARCH)
    kind: Mapped[DocumentKind] = field(_l("Kind of document"), LIST, FILTER, default=DocumentKind.NOTICE)
    number: Mapped[Line | None] = field(
        _l("Document number"), LIST, SEARCH, help=_l("Given when it is registered, such as 连政办发〔2004〕52号")
    )
    unit: Mapped[Unit] = owner(Unit, _l("Drafting unit"), LIST, FILTER)
    state: Mapped[OutgoingState] = field(_l("Step"), LIST, FILTER, default=OutgoingState.DRAFT)
    urgency: Mapped[Urgency] = field(_l("Urgency"), FILTER, default=Urgency.PLAIN)
    to: Mapped[Line] = field(_l("Addressed to"), LIST, SEARCH)
    copies: Mapped[Line | None] = field(_l("Copies to"), SEARCH)
    drafted: Mapped[date] = field(_l("Drafted on"), LIST, FILTER)
    drafter: Mapped[Staff | None] = ref(Staff, _l("Drafted by"))
    signer: Mapped[Staff | None] = ref(Staff, _l("Signed by"), LIST, FILTER)
    signed: Mapped[date | None] = field(_l("Signed on"), FILTER)
    classification: Mapped[Classification] = field(_l("Classification"), FILTER, default=Classification.INTERNAL)
    secrecy_years: Mapped[int | None] = field(_l("Term of secrecy"), unit=_l("years"))
    body: Mapped[Prose | None] = field(_l("Text"))
    attachments: Mapped[Attachment | None] = field(_l("Attachments"))

    screen = Screen(
        title=_l("Outgoing documents"), singular=_l("Outgoing document"), menu=DOCUMENTS, icon="file-export",
        about=_l("Documents sent, from the draft to the archive."),
        form=(
            Section(_l("Document"), title, kind, number, unit, to, copies, purpose=_l("What goes out, and to whom")),
            Section(
                _l("Drafting and signature"), state, urgency, drafted, drafter, signer, signed,
                purpose=_l("Who wrote it, and who signs it"),
            ),
            Section(
                _l("Secrecy"), classification, secrecy_years,
                purpose=_l("At most 10 years for secret, 20 for confidential, 30 for top secret"),
            ),
            Section(_l("Contents"), body, attachments, purpose=_l("The text and the files that go with it")),
        ),
        order=Order(drafted, descending=True),
        rules=(NotFuture(signed), NotAfter(drafted, signed), SecrecyTerm(classification, secrecy_years)),
        charts=(
            Chart(_l("Documents by step"), by=state),
            Chart(_l("Documents by kind"), by=kind),
            Chart(_l("Documents by unit"), by=unit),
        ),
        views=(Calendar(drafted),),
        trash=True,
        workflow=Workflow(
            state,
            Step(_l("Send for review"), OutgoingState.DRAFT, OutgoingState.REVIEW, by=Role.UNIT_EDITOR),
            Step(_l("Send for countersignature"), OutgoingState.REVIEW, OutgoingState.COSIGN, by=Role.UNIT_EDITOR),
            Step(_l("Send for signature"), OutgoingState.COSIGN, OutgoingState.SIGNING, by=Role.UNIT_EDITOR),
            Step(_l("Sign"), OutgoingState.SIGNING, OutgoingState.RECHECK, by=Role.LEADER),
            Step(_l("Return…"), OutgoingState.SIGNING, OutgoingState.DRAFT, by=Role.LEADER, reason=True),
            Step(_l("Register"), OutgoingState.RECHECK, OutgoingState.REGISTERED, by=Role.UNIT_EDITOR),
            Step(_l("Have printed"), OutgoingState.REGISTERED, OutgoingState.PRINTED, by=Role.UNIT_EDITOR),
            Step(_l("Dispatch"), OutgoingState.PRINTED, OutgoingState.DISPATCHED, by=Role.UNIT_EDITOR),
            Step(_l("Archive"), OutgoingState.DISPATCHED, OutgoingState.ARCHIVED, by=Role.UNIT_EDITOR),
        ),
        grants=(
            *readers(OWN_UNIT, Role.VIEWER),
            *readers(EVERYWHERE, Role.LEADER),
            Grant(Role.UNIT_EDITOR, WRITE, OWN_UNIT),
        ),
    )  # fmt: skip
