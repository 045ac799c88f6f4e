"""The sign-in page, signing out, and the choice of language."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import func, update

from app.access import SYSTEM, Person
from app.auth import browsers, second_step, sessions
from app.auth.accounts import renew_hash
from app.auth.directory.errors import Down
from app.auth.directory.sign_in import Admitted, admit, directory
from app.auth.limits import Proof, TooMany, limits
from app.auth.passwords import fits, outdated
from app.auth.people import find_account, load_person
from app.auth.second_factor import has_factor
from app.auth.signing import opened, serializer
from app.catalog import current
from app.declare.event import Deed, Door
from app.declare.record import Account
from app.store.drafts import Typed, keep_draft
from app.store.events import note
from app.store.session import act_as, db
from app.store.tables import SignedBy

blueprint = Blueprint("auth", __name__)
LANGUAGES = ("zh", "en")


def tell(text: str, category: str = "info") -> None:
    """Show a message on the next page."""
    flash(text, category)


def seal(path: str, values: Typed) -> str:
    """What was typed into a form, signed, for the browser to carry through the sign-in page."""
    return serializer("draft").dumps([path, values])


def unseal(text: str) -> tuple[str, Typed] | None:
    """The path and fields of a sealed draft, or None if it was tampered with or is older than a day."""
    found = opened("draft", text, 86_400)
    if found is None:
        return None
    path, values = found
    return str(path), [(str(name), str(value)) for name, value in values]


def local_path(target: str) -> str:
    """The target if it is a path of this host, else the home page: nobody is sent elsewhere after signing in."""
    try:
        parts = urlsplit(target.replace("\\", "/"))
    except ValueError:  # a host that is none, as in //[
        return "/"
    if not target.startswith("/") or target.startswith("//") or parts.netloc or parts.scheme:
        return "/"
    return target if all(char.isprintable() for char in target) else "/"


def page(
    *, error: str = "", username: str = "", draft: str = "", target: str = "", status: int = 200
) -> tuple[str, int]:
    """The sign-in page, with what had been typed elsewhere carried along."""
    html = render_template(
        "login.html",
        next=local_path(target) if target else "",
        username=username,
        error=error,
        draft=draft,
        lang=get_locale().language,
        hours=int(current_app.config["PERMANENT_SESSION_LIFETIME"].total_seconds() // 3600),
        **current_app.config["LOGIN_FACTS"](),
    )
    return html, status


@blueprint.route("/login/", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Sign somebody in; a draft that came along waits in its form afterwards."""
    if request.method == "GET":
        if current_user.is_authenticated:
            return redirect(local_path(request.args.get("next", "/")))
        return page(target=request.args.get("next", ""))
    username = request.form.get("username", "").replace("\x00", "").strip()[:128]
    draft, next_ = request.form.get("draft", ""), request.form.get("next", "")
    try:
        person = identify(username, request.form.get("password", "")[:1024])
    except Refused as refused:
        return page(error=str(refused), username=username, draft=draft, target=next_, status=401)
    except Unavailable as unavailable:
        return page(error=str(unavailable), username=username, draft=draft, target=next_, status=503)
    except TooMany as many:
        text = _("Too many wrong passwords. Try again in %(wait)s seconds.", wait=many.wait)
        html, status = page(error=text, username=username, draft=draft, target=next_, status=429)
        return html, status, {"Retry-After": str(many.wait)}
    remember = bool(request.form.get("remember"))
    second = second_step.ask(person, remember=remember, draft=draft, target=next_)
    return second or redirect(_finish(person, remember, draft, next_), 303)


def _finish(person: Person, remember: bool, draft: str, target: str) -> str:
    """Sign in somebody who has proven to be it; answers the address to go on to."""
    sessions.begin(person, signed_by(person.username), remember=remember)
    note_sign_in(person)
    return _with_draft(person.id, draft) or local_path(target or "/")


second_step.route(blueprint, _finish)


class Refused(Exception):
    """Nobody can sign in with this name and password; the text says why, in words for the person."""


class Unavailable(Exception):
    """Nobody can be told apart now, as the directory does not answer; the text says so in words for the person."""


def identify(username: str, password: str) -> Person:
    """Who a name and a password are; raises Refused, Unavailable or TooMany.

    The same for every door, so that none is easier.
    """
    if not username:
        raise Refused(_("The account or the password is wrong."))
    attempt = limits().attempt(Proof.PASSWORD, request.remote_addr or "", username, browsers.here())
    local = signed_by(username) is SignedBy.PASSWORD
    try:
        found = (_by_password if local else _by_directory)(username, password)
    except Unavailable:
        attempt.void()
        raise
    if found.account_id is None:
        attempt.wrong()
        known, why_not = find_account(db(), username), found.why_not
        if known is None and not found.met:
            # people type passwords into the field of the name: of a name that nobody has the trail keeps a mark alone
            username, why_not = "", f"unknown name {limits().mark(username)}"
        _note(Deed.SIGN_IN_FAILED, known.id if known else None, username, why_not)
        raise Refused(_("The account or the password is wrong."))
    person = load_person(db(), current(), found.account_id)
    if person is None:
        attempt.void()
        _note(Deed.SIGN_IN_FAILED, found.account_id, username, "not active")
        raise Refused(_("This account is not active. Ask the system administrator."))
    attempt.right(browsers.remember())
    return person


def signed_by(username: str) -> SignedBy:
    """Whose password this user name signs in with: one that is kept here, or the directory's."""
    place = directory()
    # to the letter, as accounts are found: another spelling of the name may be another account
    local = place is None or username == place.settings.local
    return SignedBy.PASSWORD if local else SignedBy.DIRECTORY


def prove_again(person: Person, password: str) -> None:
    """Ask somebody who is signed in for their password; raises as identify does."""
    try:
        # in the directory the name may have become another's, who proves nothing here
        if identify(person.username, password).id != person.id:
            raise Refused(_("The account or the password is wrong."))
    finally:
        # from here on they act again, not the console
        db().rollback()
        act_as(db(), person)
        db().info.update(door=Door.FORM)


def prove_fully(person: Person, password: str, code: str) -> None:
    """The same, and for a code of their second factor where they have one; raises WrongCode, too."""
    prove_again(person, password)
    if has_factor(db(), person.id):
        second_step.check(person, code)


def _by_password(username: str, password: str) -> Admitted:
    """The account whose password is kept here."""
    found = find_account(db(), username)
    # the check of a password takes a while: nobody else waits for the database meanwhile
    db().rollback()
    if not fits(found.password if found else None, password):
        return Admitted(None)
    if outdated(found.password):
        renew_hash(db(), found.id, found.password, password)
    return Admitted(found.id)


def knows_password(person: Person, password: str) -> bool:
    """Whether somebody signed in knows the password kept here; raises TooMany, as wrong ones are counted here too."""
    attempt = limits().attempt(Proof.PASSWORD, request.remote_addr or "", person.username, browsers.here())
    found = find_account(db(), person.username)
    db().rollback()
    if fits(found.password if found else None, password):
        attempt.right(browsers.remember())
        return True
    attempt.wrong()
    note(db(), Deed.SIGN_IN_FAILED, text="password")
    db().commit()
    return False


def _by_directory(username: str, password: str) -> Admitted:
    """The account of an entry of the directory; else why there is none, which the trail alone is told."""
    db().rollback()
    try:
        return admit(
            db(), current(), current_app.config["CEILING"], request.remote_addr or "", username, password
        )  # fmt: skip
    except Down as down:
        current_app.logger.error("nobody can sign in, as the directory is down: %s", down)  # noqa: TRY400  # no fault of ours to trace
        raise Unavailable(_(
            "The directory does not answer, so nobody can sign in now. Please try again in a few minutes; "
            "people who are signed in can go on working."
        )) from None  # fmt: skip


def note_sign_in(person: Person) -> None:
    """Keep that and when somebody signed in."""
    act_as(db(), SYSTEM)
    db().execute(
        update(Account.__table__)
        .where(Account.__table__.c.id == person.id)
        .values(last_login=datetime.now(UTC).replace(tzinfo=None),
                login_count=func.coalesce(Account.__table__.c.login_count, 0) + 1)
    )  # fmt: skip
    _note(Deed.SIGNED_IN, person.id, person.name)


def _note(deed: Deed, account_id: int | None, name: str, text: str = "") -> None:
    """Write a line of the trail about somebody who is not, or no longer, signed in."""
    act_as(db(), SYSTEM)
    db().info.update(door=Door.SIGN_IN, address=request.remote_addr)
    note(db(), deed, text=text, who={"account_id": account_id, "actor": name[:200] or "—"})
    db().commit()


def _with_draft(account_id: int, draft: str) -> str:
    """The address of the form that a sealed draft belongs to, with its token; empty if there is none."""
    found = unseal(draft) if draft else None
    if found is None or not found[0].endswith(("/new", "/edit")):
        return ""
    path, typed = found
    token = keep_draft(db(), account_id, path, typed)
    return f"{local_path(path)}?{urlencode({'draft': token})}"


@blueprint.post("/logout/")
def logout() -> ResponseReturnValue:
    """Sign out."""
    person = current_user._get_current_object() if current_user.is_authenticated else None  # noqa: SLF001  # Flask-Login's proxy
    sessions.forget()
    if person is not None:
        _note(Deed.SIGNED_OUT, person.id, person.name)
    tell(_("You have signed out."), "success")
    return redirect(url_for("auth.login"), 303)


@blueprint.post("/language/<code>")
def language(code: str) -> ResponseReturnValue:
    """Choose the language of the pages."""
    if code not in LANGUAGES:
        abort(404, _("There is no language “%(code)s”. Choose one of: %(known)s.", code=code[:20], known="zh, en"))
    session["locale"] = code
    return redirect(local_path(request.form.get("next", "/")), 303)
