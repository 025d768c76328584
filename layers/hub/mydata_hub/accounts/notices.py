"""Notices: what every passkey's holder is told about the account, wherever they sign in.

An act sends one message in its own commit; the courier turns it into one notice per passkey. A
message names ids only. Table `notices`, format 1: partition the account, sort
"<passkey>#<instant>-<message>". Change rule: members may be added; readers accept n - 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final, cast

from mydata_hub.accounts.account import Occurrence, Passkey, PasskeyId, Recovery
from mydata_hub.accounts.desk import Desk, is_plain, until_settled
from mydata_hub.accounts.sessions import Session
from mydata_hub.accounts.store import rows_of
from mydata_hub.errors import Conflict, Damaged, NotFound
from mydata_hub.ports.messages import Message, send, settle
from mydata_hub.ports.tables import Absent, Delete, Key, Put, Row, Tables, VersionIs

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


def tell(desk: Desk, account_id: str, kind: Occurrence, passkeys: tuple[Passkey, ...]) -> Put:
    """The change that tells these passkeys now, for the commit of what is told."""
    return send(_message(desk.new_id(), account_id, kind, passkeys, desk.now()))


def tell_matured(account_id: str, recovery: Recovery, passkeys: tuple[Passkey, ...]) -> Put:
    """The change that tells these passkeys when the recovery matures, unless it is cancelled."""
    return send(
        _message(
            recovery.recovery_id,
            account_id,
            Occurrence.RECOVERY_MATURED,
            passkeys,
            recovery.matures_at,
        )
    )


def keep_untold(account_id: str, recovery: Recovery) -> Delete:
    """The change that takes `tell_matured` back; it conflicts when the notice went out."""
    kind = Occurrence.RECOVERY_MATURED
    return settle(_message(recovery.recovery_id, account_id, kind, (), recovery.matures_at))


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


def _message(
    message_id: str,
    account_id: str,
    kind: Occurrence,
    passkeys: tuple[Passkey, ...],
    due_at: datetime,
) -> Message:
    return Message(
        message_id=message_id,
        topic=TOPIC,
        body={
            "account_id": account_id,
            "kind": str(kind),
            "passkey_ids": [str(passkey.passkey_id) for passkey in passkeys],
        },
        due_at=due_at,
    )


def _read(row: Row) -> Notice:
    try:
        values = cast("Mapping[str, Any]", row.values)
        passkey_id, _, notice_id = row.key.sort.partition("#")
        seen_at = values.get("acknowledged_at")
        return Notice(
            notice_id=notice_id,
            kind=Occurrence(values["kind"]),
            at=datetime.fromisoformat(values["at"]),
            passkey_id=PasskeyId(passkey_id),
            acknowledged_at=seen_at and datetime.fromisoformat(seen_at),
        )
    except (KeyError, TypeError, ValueError):
        raise Damaged("a notice row does not hold a notice") from None


def _key(account_id: str, passkey_id: str, notice_id: str) -> Key:
    return Key(TABLE, account_id, f"{passkey_id}#{notice_id}")
