"""Who a bearer token stands for: a signed one from signing in, or a personal access token with scopes of its own."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app
from flask_jwt_extended import create_access_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError
from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.orm import Session

from app.access import Person, narrow
from app.auth import sessions
from app.auth.people import OPTIONS, load_person
from app.catalog import Catalog
from app.declare.access import Verb
from app.declare.event import Deed, Door
from app.declare.record import Account
from app.store.events import note
from app.store.tables import AccessToken, SignedBy

TOKEN: Any = AccessToken.__table__
LIFE = timedelta(minutes=30)
"""How long a token from signing in holds."""
HEAD = "rnp_"
DAYS = (30, 90, 180, 365)
MOST = 50
MOST_KNOWN = 2_000
"""Signed tokens whose signature one process remembers to have checked."""
USED_EVERY = timedelta(minutes=1)
SCOPED = (Verb.READ, Verb.ADD, Verb.EDIT, Verb.DELETE)
"""The verbs that a token can carry; unmasking stays with people."""


@dataclass(frozen=True)
class Bearer:
    """Whom a token stands for, and the name under which its requests are counted."""

    person: Person
    counted_as: str


def make_signed(session: Session, person: Person, signed_by: SignedBy) -> str:
    """A token that holds for LIFE, unless its session is ended before, and may what the person may."""
    borne = sessions.make(session, person, Door.REST, signed_by, LIFE)
    claims = {"sid": borne.partition(".")[2]}
    return str(create_access_token(identity=str(person.id), expires_delta=LIFE, additional_claims=claims))


def bearer_of(session: Session, catalog: Catalog, text: str) -> Bearer | None:
    """Whom a token stands for now; None for one that is forged, expired or revoked, or whose account is not active."""
    if text.startswith(HEAD):
        return _personal(session, catalog, text)
    claims = _claims(text)
    if claims is None:
        return None
    found = sessions.find(session, catalog, f"{claims.get('sub', '')}.{claims.get('sid', '')}", Door.REST)
    return None if found is None else Bearer(found.person, f"account {found.person.id}")


def _claims(text: str) -> Mapping[str, Any] | None:
    """What a signed token says, if it is one of this console's and has not expired.

    Its signature is checked once: what holds of it afterwards the session's row says.
    """
    known: dict[str, Mapping[str, Any]] = current_app.extensions.setdefault("signed_tokens", {})
    digest = _digest(text)
    claims = known.get(digest)
    if claims is None:
        try:
            claims = decode_token(text)
        except (PyJWTError, JWTExtendedException, ValueError):
            return None
        if claims.get("type") != "access":
            return None
        if len(known) >= MOST_KNOWN:
            known.clear()
        known[digest] = claims
    return claims if claims.get("exp", 0) > datetime.now(UTC).timestamp() else None


def _personal(session: Session, catalog: Catalog, text: str) -> Bearer | None:
    now = datetime.now(UTC)
    token = session.scalars(select(AccessToken).where(AccessToken.digest == _digest(text))).first()
    if token is None or token.revoked_at is not None or token.expires_at <= now:
        return None
    person = load_person(session, catalog, token.account_id)
    if person is None:
        return None
    return Bearer(narrow(person, read_scopes(token.scopes)), f"token {token.id}")


def note_use(session: Session, counted_as: str) -> None:
    """Keep when a personal token was last used, to the minute; at the end of a request, in a transaction of its own."""
    kind, _space, number = counted_as.partition(" ")
    if kind != "token":
        return
    now = datetime.now(UTC)
    old = (TOKEN.c.used_at.is_(None)) | (TOKEN.c.used_at < now - USED_EVERY)
    session.rollback()
    if session.scalar(select(AccessToken.id).where(AccessToken.id == int(number), old)) is not None:
        session.execute(update(TOKEN).where(TOKEN.c.id == int(number)).values(used_at=now))
        session.commit()


def read_scopes(scopes: Mapping[str, Sequence[str]]) -> dict[str, Verb]:
    """The verbs by record that the stored scopes mean; a verb that no longer exists means nothing."""
    found: dict[str, Verb] = {}
    for record, names in scopes.items():
        verbs = Verb(0)
        for name in names:
            verbs |= Verb.__members__.get(name.upper(), Verb(0))
        found[record] = verbs
    return found


def _digest(text: str) -> str:
    # 256 random bits are not guessed, so a fast digest is as safe as a slow one, and is looked up by an index
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def tokens_of(session: Session, person: Person) -> Sequence[AccessToken]:
    """The person's tokens that are not revoked, newest first."""
    mine = select(AccessToken).where(AccessToken.account_id == person.id, AccessToken.revoked_at.is_(None))
    return session.scalars(mine.order_by(AccessToken.id.desc()).limit(MOST)).all()


def make_personal(session: Session, person: Person, name: str, scopes: Mapping[str, Sequence[str]], days: int) -> str:
    """Store a new token of the person; returns its text, which is not kept and cannot be shown again."""
    text = HEAD + secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    session.add(AccessToken(
        account_id=person.id, name=name, hint=text[:8], digest=_digest(text), scopes=dict(scopes), made_at=now,
        expires_at=now + timedelta(days=days),
    ))  # fmt: skip
    said = "; ".join(f"{record}: {'+'.join(verbs)}" for record, verbs in scopes.items())
    note(session, Deed.TOKEN_MADE, text=f"{name} ({text[:8]}…) {said}")
    session.commit()
    return text


def revoke_all(session: Session, account_id: int) -> int:
    """End every token of an account; answers how many. The caller notes it, and commits."""
    mine = update(TOKEN).where(TOKEN.c.account_id == account_id, TOKEN.c.revoked_at.is_(None))
    done: Any = session.execute(mine.values(revoked_at=datetime.now(UTC)), execution_options=OPTIONS)
    return int(done.rowcount)


def of_everyone(
    session: Session, within: ColumnElement[bool], *, account_id: int | None, before: int | None, most: int
) -> Sequence[Any]:  # fmt: skip
    """The tokens that open something, with whose they are, newest first: of accounts `within`, or of one of them."""
    found = _owned(within).where(TOKEN.c.expires_at > datetime.now(UTC))
    if account_id is not None:
        found = found.where(TOKEN.c.account_id == account_id)
    if before is not None:
        found = found.where(TOKEN.c.id < before)
    return session.execute(found.order_by(TOKEN.c.id.desc()).limit(most)).all()


def revoke_anyones(session: Session, within: ColumnElement[bool], token_id: int) -> Any:
    """End a token of an account `within`; answers the row, or None. The caller notes it, and commits."""
    row = session.execute(_owned(within).where(TOKEN.c.id == token_id)).first()
    one = update(TOKEN).where(TOKEN.c.id == token_id, TOKEN.c.revoked_at.is_(None))
    done: Any = session.execute(one.values(revoked_at=datetime.now(UTC)), execution_options=OPTIONS) if row else None
    return row if done is not None and done.rowcount else None


def _owned(within: ColumnElement[bool]) -> Select[Any]:
    owner = Account.username, Account.last_name, Account.first_name
    told = [column for column in TOKEN.c if column.name != "digest"]
    return (
        select(*told, *owner).join_from(TOKEN, Account, Account.id == TOKEN.c.account_id)
        .where(TOKEN.c.revoked_at.is_(None), within)
    )  # fmt: skip


def revoke(session: Session, person: Person, token_id: int) -> bool:
    """End a token of the person's; False if there is none of this id."""
    token = session.get(AccessToken, token_id)
    if token is None or token.account_id != person.id or token.revoked_at is not None:
        return False
    token.revoked_at = datetime.now(UTC)
    note(session, Deed.TOKEN_REVOKED, text=f"{token.name} ({token.hint}…)")
    session.commit()
    return True
