"""The second step of signing in: the code of one's device after the password, or setting a device up where a role says.

Between the steps nobody is signed in: the page carries a signed text that says whose password was right, and no door
but this one takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from app.access import SYSTEM, Person
from app.auth import browsers
from app.auth.limits import Proof, TooMany, limits
from app.auth.people import load_person
from app.auth.picture import qr_code
from app.auth.second_factor import (
    Need,
    Overtaken,
    address_of,
    grouped,
    mark_of_password,
    need_of,
    new_salt,
    secret_of,
    set_up,
    spend,
)
from app.auth.signing import opened, serializer
from app.catalog import current
from app.declare.event import Deed, Door
from app.store.events import note
from app.store.session import act_as, db

PURPOSE = "second-step"
SECONDS = 600
"""How long one may take for the second step; then one begins anew."""
KEPT_CODES = "recovery-codes"
Finish = Callable[[Person, bool, str, str], str]
"""Signs a person in, with whether they stay so, the draft and the target; answers the address to go on to."""


class WrongCode(Exception):
    """The code is wrong, or has been used; the text says so in words for the person."""


@dataclass(frozen=True)
class Step:
    """Somebody whose password was right: what they said on the sign-in page goes with them."""

    person: Person
    remember: bool
    draft: str
    target: str
    salt: str = ""

    def sealed(self) -> str:
        """Whose step it is, for the browser to carry; with another password there is another first step."""
        mark = mark_of_password(db(), self.person.id)
        return serializer(PURPOSE).dumps([self.person.id, self.remember, self.salt, mark])


@dataclass(frozen=True)
class Device:
    """What a device that is set up takes: the picture, or the secret in groups of four."""

    picture: str
    secret: str


def device(person: Person, salt: str) -> Device:
    """The device of a salt, to be set up by this person."""
    secret = secret_of(person.id, salt)
    return Device(qr_code(address_of(secret, person.username)), grouped(secret))


def check(person: Person, typed: str) -> None:
    """Take a code of somebody's device, or a recovery code; raises WrongCode or TooMany. The trail tells."""
    attempt = limits().attempt(Proof.CODE, request.remote_addr or "", person.username, browsers.here())
    used = spend(db(), person.id, typed, limits().clock())
    who = {"account_id": person.id, "actor": person.name}
    if not used:
        note(db(), Deed.SIGN_IN_FAILED, text="second factor", who=who)
        attempt.wrong()
        raise WrongCode(_("The code is wrong or has been used. Wait for the next one that the device shows."))
    if used == "recovery":
        note(db(), Deed.RECOVERY_USED, who=who)
    attempt.right(browsers.remember())


def ask(person: Person, *, remember: bool, draft: str, target: str) -> ResponseReturnValue | None:
    """The page of the second step, for somebody whose password was right; None if they need none."""
    need = need_of(db(), person)
    if need is Need.NOTHING:
        return None
    step = Step(person, remember, draft, target)
    return _code_page(step) if need is Need.CODE else _set_up_page(replace(step, salt=new_salt()))


def check_rest(person: Person, typed: str | None) -> None:
    """The second step of REST, all in one request; raises WrongCode or TooMany."""
    need = need_of(db(), person)
    if need is Need.SET_UP:
        raise WrongCode(_("Your role requires a second factor. Sign in to the console's pages once to set it up."))
    if need is Need.CODE:
        if not typed:
            raise WrongCode(_("This account has a second factor: send its code as “code”, too."))
        _as_console()
        check(person, typed)


def route(blueprint: Blueprint, finish: Finish) -> None:
    """Add the pages of the second step; `finish` signs in whoever has passed it."""
    pages = Pages(finish)
    blueprint.add_url_rule("/login/code", "code", pages.code, methods=["POST"])
    blueprint.add_url_rule("/login/set-up", "set_up", pages.set_up, methods=["POST"])
    for path, name in (("/login/code", "code_again"), ("/login/set-up", "set_up_again")):
        blueprint.add_url_rule(path, name, _begin_anew, methods=["GET"])


class Pages:
    """The answers to the forms of the second step."""

    def __init__(self, finish: Finish) -> None:
        self._finish = finish

    def code(self) -> ResponseReturnValue:
        """Take the code that was asked for, and sign in."""
        step = _step_at_hand()
        # a device may have been set up or taken away meanwhile: then one begins anew
        if step is None or need_of(db(), step.person) is not Need.CODE:
            return _begin_anew()
        typed = request.form.get("code", "").strip() or request.form.get("recovery", "").strip()
        if not typed:
            return _code_page(step, error=_("Type the code that the device shows."), status=422)
        _as_console()
        try:
            check(step.person, typed)
        except WrongCode as wrong:
            return _code_page(step, error=str(wrong), status=401)
        except TooMany as many:
            text = _("Too many wrong codes. Try again in %(wait)s seconds.", wait=many.wait)
            return *_code_page(step, error=text, status=429), {"Retry-After": str(many.wait)}
        return redirect(self._finish(step.person, step.remember, step.draft, step.target), 303)

    def set_up(self) -> ResponseReturnValue:
        """Set the first device up, by a code that it shows, and sign in."""
        step = _step_at_hand()
        if step is None or not step.salt or need_of(db(), step.person) is not Need.SET_UP:
            return _begin_anew()
        _as_console()
        try:
            codes = set_up(db(), step.person.id, step.salt, request.form.get("code", ""), limits().clock())
        except Overtaken:
            db().rollback()
            return _begin_anew()
        if not codes:
            text = _("That is not the code that the device shows now. Check the device's clock and try the next code.")
            return _set_up_page(step, error=text, status=422)
        note(db(), Deed.FACTOR_SET_UP, who={"account_id": step.person.id, "actor": step.person.name})
        going = self._finish(step.person, step.remember, step.draft, step.target)
        return frame("login_recovery.html", codes=codes, sealed=seal_codes(step.person, codes), going=going)


def seal_codes(person: Person, codes: tuple[str, ...]) -> str:
    """Recovery codes just made, signed, so that the page that shows them can give them as a file as well."""
    return serializer(KEPT_CODES).dumps([person.id, codes])


def _begin_anew() -> ResponseReturnValue:
    """To the first step: a page that answers a form cannot be asked for by itself."""
    return redirect(url_for("auth.login"), 303)


def _step_at_hand() -> Step | None:
    """Whose second step the form is; None if it took too long, the password or whether they may sign in is another."""
    found = opened(PURPOSE, request.form.get("step", ""), SECONDS)
    if not isinstance(found, list) or len(found) != 4:
        return None
    account_id, remember, salt, mark = found
    person = load_person(db(), current(), int(account_id))
    if person is None or mark != mark_of_password(db(), person.id):
        return None
    return Step(person, bool(remember), request.form.get("draft", ""), request.form.get("next", ""), str(salt))


def _as_console() -> None:
    """Nobody is signed in yet: what is stored, the console stores."""
    act_as(db(), SYSTEM)
    db().info.update(door=Door.SIGN_IN, address=request.remote_addr)


def _code_page(step: Step, *, error: str = "", status: int = 200) -> tuple[str, int]:
    return frame("login_code.html", status, step=step, error=error)


def _set_up_page(step: Step, *, error: str = "", status: int = 200) -> tuple[str, int]:
    return frame("login_set_up.html", status, step=step, error=error, device=device(step.person, step.salt))


def frame(template: str, status: int = 200, **values: object) -> tuple[str, int]:
    """A page in the frame of the sign-in page."""
    facts = current_app.config["LOGIN_FACTS"]()
    return render_template(template, lang=get_locale().language, **facts, **values), status
