"""Sessions: what a browser holds after a passkey was used, and for how long it is believed.

Table `sessions`, format 1: one row per session, partition the account, sort the SHA-256 of the
token, so that whoever reads the table cannot take a session over. The token leads with its account
so that all sessions of an account are found by a read that is never behind: a removed passkey's
sessions end with it, not a moment later.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from mydata_hub.accounts.account import Account, AccountId, Passkey, PasskeyId, Role
from mydata_hub.accounts.desk import Desk, until_settled
from mydata_hub.accounts.rows import read_row, rows_of, values_of
from mydata_hub.accounts.store import fetch_account, list_passkeys
from mydata_hub.errors import (
    Busy,
    Conflict,
    NotAllowed,
    NotSignedIn,
    OutcomeUnknown,
    StepUpNeeded,
)
from mydata_hub.ports.tables import Absent, Delete, Key, Put, Row, VersionIs

TABLE: Final = "sessions"
IDLE: Final = timedelta(minutes=15)
ABSOLUTE: Final = timedelta(hours=12)
FRESH: Final = timedelta(minutes=5)
# A session is written at most this often, so its idle limit is between 14 and 15 minutes.
SLIDE: Final = timedelta(minutes=1)
MAX_SESSIONS: Final = 20
SECRET_BYTES: Final = 32
CSRF_BYTES: Final = 16
_TOKEN: Final = re.compile(r"([0-9a-f]{32})\.[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`authenticated_at` is when the passkey was used; a new use opens a new session."""

    session_id: str
    account_id: AccountId
    role: Role
    passkey_id: PasskeyId
    csrf: str
    authenticated_at: datetime
    seen_at: datetime

    @property
    def expires_at(self) -> datetime:
        return min(self.seen_at + IDLE, self.authenticated_at + ABSOLUTE)


_SESSIONS: Final = TypeAdapter(Session)


def open_session(desk: Desk, account: Account, passkey_id: PasskeyId) -> tuple[str, Session]:
    """A new session and its token, for the commit of the sign-in: see `put_session`."""
    now = desk.now()
    token = f"{account.account_id}.{desk.token(SECRET_BYTES)}"
    return token, Session(
        session_id=_hash(token),
        account_id=account.account_id,
        role=account.role,
        passkey_id=passkey_id,
        csrf=desk.token(CSRF_BYTES),
        authenticated_at=now,
        seen_at=now,
    )


def put_session(session: Session, version: int = 0) -> Put:
    """The change that keeps a session: version 0 is a new one."""
    return Put(
        key=_key(session.account_id, session.session_id),
        values=values_of(session, "session_id", "account_id"),
        when=VersionIs(version) if version else Absent(),
        expires_at=session.expires_at,
    )


def read_session(desk: Desk, token: str, *, slide: bool = True) -> Session:
    """The live session of a token; reading it puts its idle limit off, unless `slide` is False:
    the vault zone reads sessions and writes none. Raises NotSignedIn."""
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        raise NotSignedIn("sign in first")
    key = _key(parts[1], _hash(token))
    row = desk.tables.fetch_many(key).get(key)
    if row is None:
        raise NotSignedIn("the session is over; sign in again")
    session, now = _read(row), desk.now()
    if slide and now - session.seen_at >= SLIDE:
        # Not worth failing a request for: the next one slides it. A conflict means that another
        # request did, or that the session ends, and then the next request finds it gone.
        with suppress(Conflict, Busy, OutcomeUnknown):
            desk.tables.commit(put_session(replace(session, seen_at=now), row.version))
    return session


def end_session(desk: Desk, token: str) -> None:
    """Sign out; ending a session that is over is a success."""
    account_id, _, _ = token.partition(".")
    if _TOKEN.fullmatch(token):
        _end(desk, account_id, lambda session: session.session_id == _hash(token))


def end_other_sessions(desk: Desk, session: Session) -> None:
    """Sign out everywhere but here."""
    _end(desk, session.account_id, lambda other: other.session_id != session.session_id)


def sessions_of(desk: Desk, account_id: str, passkey_id: str) -> list[Delete]:
    """The changes that end a passkey's sessions, for the commit that removes the passkey."""
    return _deletes(desk, account_id, lambda session: session.passkey_id == passkey_id)


def crowded_out(desk: Desk, account_id: str) -> list[Delete]:
    """The changes that end an account's oldest sessions, so that a new one keeps the limit."""
    rows = list(rows_of(desk.tables, TABLE, account_id))
    rows.sort(key=lambda row: _read(row).authenticated_at, reverse=True)
    return [Delete(row.key, VersionIs(row.version)) for row in rows[MAX_SESSIONS - 1 :]]


def require_fresh(session: Session, now: datetime) -> None:
    """Refuse a session whose passkey was used too long ago. Raises StepUpNeeded."""
    if now - session.authenticated_at >= FRESH:
        raise StepUpNeeded("use your passkey again for this")


def check_csrf(session: Session, given: str) -> None:
    """Refuse a request that was not made by our own page. Raises NotAllowed."""
    if not hmac.compare_digest(session.csrf.encode(), given.encode(errors="replace")):
        raise NotAllowed("the page is out of date; load it again")


def own_account(desk: Desk, session: Session) -> tuple[Account, tuple[Passkey, ...]]:
    """The session's account and all its passkeys, as they are now.

    Raises NotSignedIn when the session's passkey has been removed since the session was read, so
    that an act that commits on the account's version cannot slip past the removal.
    """
    account = fetch_account(desk.tables, session.account_id)
    passkeys = list_passkeys(desk.tables, session.account_id)
    if account is None or all(held.passkey_id != session.passkey_id for held in passkeys):
        raise NotSignedIn("the session is over; sign in again")
    return account, passkeys


def _end(desk: Desk, account_id: str, ends: Callable[[Session], bool]) -> None:
    def act() -> None:
        deletes = _deletes(desk, account_id, ends)
        if deletes:
            desk.tables.commit(*deletes)

    until_settled(act)


def _deletes(desk: Desk, account_id: str, ends: Callable[[Session], bool]) -> list[Delete]:
    rows = rows_of(desk.tables, TABLE, account_id)
    return [Delete(row.key, VersionIs(row.version)) for row in rows if ends(_read(row))]


def _read(row: Row) -> Session:
    return read_row(_SESSIONS, row, account_id=row.key.partition, session_id=row.key.sort)


def _key(account_id: str, session_id: str) -> Key:
    return Key(TABLE, account_id, session_id)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
