"""Accounts and passkeys as rows: written once, over the table port.

Table `accounts`, format 1. Partition of an account: sort "account" and one "passkey#<id>" each.
Beside it one row per credential id, so that no passkey opens two accounts, and one per recovery
code (see recovery.py). Whatever adds or removes a passkey writes the account's row too, so that
two such acts never both go through on what they read. Change rule: members may be added; readers
accept n - 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, cast

from mydata_hub.accounts.account import (
    Account,
    AccountId,
    Occurrence,
    Passkey,
    PasskeyId,
    Recovery,
    RecoveryCode,
    Role,
    check_locale,
)
from mydata_hub.accounts.desk import Desk
from mydata_hub.errors import BadInput, Damaged
from mydata_hub.fields import EventId, PartyId, SubjectId
from mydata_hub.ports.tables import Absent, Delete, Key, Put, Row, Tables, Value, VersionIs
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import record

TABLE: Final = "accounts"
_PASSKEY: Final = "passkey#"


def account_key(account_id: str) -> Key:
    """The row of an account."""
    return Key(TABLE, account_id, "account")


def passkey_key(account_id: str, passkey_id: str) -> Key:
    """The row of one passkey of an account."""
    return Key(TABLE, account_id, _PASSKEY + passkey_id)


def claim_key(passkey_id: str) -> Key:
    """The row that says which account a credential id belongs to."""
    return Key(TABLE, f"credential#{passkey_id}")


def fetch_account(tables: Tables, account_id: str) -> Account | None:
    """The account, or None. Raises Damaged, Busy."""
    key = account_key(account_id)
    row = tables.fetch_many(key).get(key)
    return None if row is None else read_account(row)


def list_passkeys(tables: Tables, account_id: str) -> tuple[Passkey, ...]:
    """All passkeys of an account, pending ones too. Raises Damaged, Busy."""
    rows = rows_of(tables, TABLE, account_id, prefix=_PASSKEY)
    return tuple(read_passkey(row) for row in rows)


def rows_of(
    tables: Tables, table: str, partition: str, *, prefix: str = "", newest_first: bool = False
) -> Iterator[Row]:
    """The rows of a partition, page by page as they are asked for."""
    after: str | None = None
    while True:
        page = tables.query(table, partition, prefix=prefix, after=after, newest_first=newest_first)
        yield from page.rows
        after = page.after
        if after is None:
            return


def put_change(desk: Desk, account: Account, kind: Occurrence) -> tuple[Put, Put]:
    """Write an account, and record why in the log, in one commit."""
    key = account_key(account.account_id)
    event = Event(
        event_id=EventId(desk.new_id()),
        kind=kind,
        subject=SubjectId(account.account_id),
        actor=PartyId(account.account_id),
        occurred_at=desk.now(),
        row=key,
        row_version=account.version + 1,
        payload=b"",
    )
    return put_account(account), record(event, desk.entropy)


def put_account(account: Account) -> Put:
    """Write an account: version 0 is a new one, otherwise the row must still be at `version`."""
    values: dict[str, Value] = {
        "role": str(account.role),
        "name": account.name,
        "locale": account.locale,
        "joined_at": account.joined_at.isoformat(),
    }
    if account.code:
        values["code"] = {
            "code_id": account.code.code_id,
            "issued_at": account.code.issued_at.isoformat(),
        }
    if account.recovery:
        values["recovery"] = {
            "recovery_id": account.recovery.recovery_id,
            "passkey_id": account.recovery.passkey_id,
            "started_at": account.recovery.started_at.isoformat(),
            "matures_at": account.recovery.matures_at.isoformat(),
        }
    return Put(key=account_key(account.account_id), values=values, when=_when(account.version))


def add_passkey(account_id: str, passkey: Passkey) -> tuple[Put, Put]:
    """Write a new passkey and claim its credential id for this account."""
    claim = Put(key=claim_key(passkey.passkey_id), values={"account_id": account_id}, when=Absent())
    return put_passkey(account_id, passkey), claim


def put_passkey(account_id: str, passkey: Passkey) -> Put:
    """Write a passkey: version 0 is a new one."""
    values: dict[str, Value] = {
        "name": passkey.name,
        "credential": passkey.credential,
        "counter": passkey.counter,
        "synced": passkey.synced,
        "software": passkey.software,
        "added_at": passkey.added_at.isoformat(),
        "usable_from": passkey.usable_from.isoformat(),
    }
    if passkey.last_used_at:
        values["last_used_at"] = passkey.last_used_at.isoformat()
    return Put(
        key=passkey_key(account_id, passkey.passkey_id),
        values=values,
        when=_when(passkey.version),
    )


def drop_passkey(account_id: str, passkey: Passkey) -> tuple[Delete, Delete]:
    """Remove a passkey and free its credential id."""
    return (
        Delete(passkey_key(account_id, passkey.passkey_id), VersionIs(passkey.version)),
        Delete(claim_key(passkey.passkey_id), VersionIs(1)),
    )


def read_account(row: Row) -> Account:
    """The account in a row. Raises Damaged."""
    try:
        values = cast("Mapping[str, Any]", row.values)
        code, recovery = values.get("code"), values.get("recovery")
        return Account(
            account_id=AccountId(row.key.partition),
            version=row.version,
            role=Role(values["role"]),
            name=values["name"],
            locale=check_locale(values["locale"]),
            joined_at=datetime.fromisoformat(values["joined_at"]),
            code=None
            if code is None
            else RecoveryCode(
                code_id=code["code_id"], issued_at=datetime.fromisoformat(code["issued_at"])
            ),
            recovery=None
            if recovery is None
            else Recovery(
                recovery_id=recovery["recovery_id"],
                passkey_id=PasskeyId(recovery["passkey_id"]),
                started_at=datetime.fromisoformat(recovery["started_at"]),
                matures_at=datetime.fromisoformat(recovery["matures_at"]),
            ),
        )
    except (KeyError, TypeError, ValueError, BadInput):
        raise Damaged("an account row does not hold an account") from None


def read_passkey(row: Row) -> Passkey:
    """The passkey in a row. Raises Damaged."""
    try:
        values = cast("Mapping[str, Any]", row.values)
        last_used_at = values.get("last_used_at")
        return Passkey(
            passkey_id=PasskeyId(row.key.sort.removeprefix(_PASSKEY)),
            version=row.version,
            name=values["name"],
            credential=values["credential"],
            counter=values["counter"],
            synced=values["synced"],
            software=values["software"],
            added_at=datetime.fromisoformat(values["added_at"]),
            usable_from=datetime.fromisoformat(values["usable_from"]),
            last_used_at=last_used_at and datetime.fromisoformat(last_used_at),
        )
    except (KeyError, TypeError, ValueError):
        raise Damaged("a passkey row does not hold a passkey") from None


def _when(version: int) -> Absent | VersionIs:
    return VersionIs(version) if version else Absent()
