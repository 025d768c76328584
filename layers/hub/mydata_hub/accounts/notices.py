"""Notices: what every passkey's holder is told about the account, wherever they sign in.

An act sends one message in its own commit; the courier turns it into one notice per passkey. A
message names ids only. Table `notices`, format 1: partition the account, sort
"<passkey>#<instant>-<message>".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final, cast

from pydantic import TypeAdapter

from mydata_hub.accounts.account import Account, Occurrence, Passkey, PasskeyId
from mydata_hub.accounts.desk import Desk, is_plain, until_settled
from mydata_hub.accounts.rows import read_row, rows_of
from mydata_hub.accounts.sessions import Session
from mydata_hub.accounts.store import put_change
from mydata_hub.errors import Conflict, Damaged, NotFound
from mydata_hub.ports.messages import Message, send, settle
from mydata_hub.ports.tables import Absent, Key, Put, Row, Tables, VersionIs

TABLE: Final = "notices"
TOPIC: Final = "account_notice"
# Long enough to be seen by somebody who signs in twice a year.
KEPT: Final = timedelta(days=365)
MAX_LISTED: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice to the holder of one passkey."""

    notice_id: str
    kind: Occurrence
    at: datetime
    passkey_id: PasskeyId
    acknowledged_at: datetime | None = None

    @property
    def acknowledged(self) -> bool:
        return self.acknowledged_at is not None


_NOTICES: Final = TypeAdapter(Notice)


def change_and_tell(
    desk: Desk, account: Account, kind: Occurrence, told: tuple[Passkey, ...]
) -> tuple[Put, ...]:
    """Write an account, record why in the log, and tell these passkeys of it."""
    message = message_to(account, kind, told, desk.new_id(), desk.now())
    return *put_change(desk, account, kind), send(message)


def message_to(
    account: Account,
    kind: Occurrence,
    told: tuple[Passkey, ...],
    message_id: str,
    due_at: datetime,
) -> Message:
    """The message that tells passkeys of something when it is due."""
    return Message(
        message_id=message_id,
        topic=TOPIC,
        body={
            "account_id": account.account_id,
            "kind": str(kind),
            "passkey_ids": [str(passkey.passkey_id) for passkey in told],
        },
        due_at=due_at,
    )


def deliver_notices(tables: Tables, message: Message, now: datetime) -> bool:
    """Write a message's notices and settle it in one commit; False if that was done before.

    Raises Damaged for a message that is none of ours, Busy, OutcomeUnknown (safe to repeat).
    """
    try:
        body = cast("Mapping[str, Any]", message.body)
        account_id, kind = body["account_id"], Occurrence(body["kind"])
        notice_id = f"{message.due_at.astimezone(UTC):%Y%m%dT%H%M%S%f}-{message.message_id}"
        puts = [
            Put(
                key=_key(account_id, passkey_id, notice_id),
                values={"kind": str(kind), "at": message.due_at.isoformat()},
                when=Absent(),
                expires_at=now + KEPT,
            )
            for passkey_id in body["passkey_ids"]
        ]
    except (KeyError, TypeError, ValueError):
        raise Damaged("a message does not say whom to tell what") from None
    settled = settle(message)
    try:
        tables.commit(settled, *puts)
    except Conflict:
        # Settled or taken back by somebody else; whatever else it could be must not pass silently.
        if settled.key in tables.fetch_many(settled.key):
            raise
        return False
    return True


def list_notices(desk: Desk, session: Session) -> tuple[Notice, ...]:
    """What the session's passkey was told, newest first, at most MAX_LISTED."""
    rows = rows_of(
        desk.tables,
        TABLE,
        session.account_id,
        prefix=f"{session.passkey_id}#",
        newest_first=True,
    )
    return tuple(_read(row) for row in islice(rows, MAX_LISTED))


def acknowledge_notice(desk: Desk, session: Session, notice_id: str) -> None:
    """Mark a notice of the session's passkey as seen; the first time counts. Raises NotFound."""
    if not is_plain(notice_id):
        raise NotFound("there is no such notice")
    key = _key(session.account_id, session.passkey_id, notice_id)

    def act() -> None:
        row = desk.tables.fetch_many(key).get(key)
        if row is None:
            raise NotFound("there is no such notice")
        if _read(row).acknowledged:
            return
        values = {**row.values, "acknowledged_at": desk.now().isoformat()}
        when = VersionIs(row.version)
        desk.tables.commit(Put(key=key, values=values, when=when, expires_at=row.expires_at))

    until_settled(act)


def _read(row: Row) -> Notice:
    passkey_id, _, notice_id = row.key.sort.partition("#")
    return read_row(_NOTICES, row, passkey_id=passkey_id, notice_id=notice_id)


def _key(account_id: str, passkey_id: str, notice_id: str) -> Key:
    return Key(TABLE, account_id, f"{passkey_id}#{notice_id}")
