"""Accounts and passkeys as rows: written once, over the table port.

Table `accounts`, format 1. Partition of an account: sort "account" and one "passkey#<id>" each.
Beside it one row per credential id, so that no passkey opens two accounts, and one per recovery
code (see recovery.py). Whatever adds or removes a passkey writes the account's row too, so that
two such acts never both go through on what they read.
"""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter

from mydata_hub.accounts.account import Account, Occurrence, Passkey, Role
from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.rows import read_row, rows_of, values_of
from mydata_hub.fields import EventId, PartyId, SubjectId
from mydata_hub.ports.tables import Absent, Delete, Key, Put, Row, Tables, VersionIs
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import AuditFacts, record
from mydata_hub.transparency.house import staff_name

TABLE: Final = "accounts"
_PASSKEY: Final = "passkey#"
_ACCOUNTS: Final = TypeAdapter(Account)
_PASSKEYS: Final = TypeAdapter(Passkey)


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
    return tuple(map(read_passkey, rows_of(tables, TABLE, account_id, prefix=_PASSKEY)))


def put_account(account: Account) -> Put:
    """Write an account: version 0 is a new one, otherwise the row must still be at `version`."""
    return Put(
        key=account_key(account.account_id),
        values=values_of(account, "account_id", "version"),
        when=_when(account.version),
    )


def put_change(desk: Desk, account: Account, kind: Occurrence) -> tuple[Put, Put]:
    """Write an account, and record why in the log, in one commit."""
    row = account_key(account.account_id), account.version + 1
    return put_account(account), account_event(desk, account, kind, row)


def account_event(desk: Desk, account: Account, kind: Occurrence, row: tuple[Key, int]) -> Put:
    """The event of an account, for the commit that writes `row`, at the version that it gets."""
    event = Event(
        event_id=EventId(desk.new_id()),
        kind=kind,
        subject=SubjectId(account.account_id),
        actor=PartyId(account.account_id),
        occurred_at=desk.now(),
        row=row[0],
        row_version=row[1],
        payload=b"",
    )
    staff = None if account.role is Role.PERSON else staff_name(account.account_id)
    return record(event, desk.entropy, AuditFacts(staff=staff))


def put_passkey(account_id: str, passkey: Passkey) -> Put:
    """Write a passkey: version 0 is a new one."""
    return Put(
        key=passkey_key(account_id, passkey.passkey_id),
        values=values_of(passkey, "passkey_id", "version"),
        when=_when(passkey.version),
    )


def add_passkey(account_id: str, passkey: Passkey) -> tuple[Put, Put]:
    """Write a new passkey and claim its credential id for this account."""
    key = claim_key(passkey.passkey_id)
    claim = Put(key=key, values={"account_id": account_id}, when=Absent())
    return put_passkey(account_id, passkey), claim


def drop_passkey(account_id: str, passkey: Passkey) -> tuple[Delete, Delete]:
    """Remove a passkey and free its credential id."""
    return (
        Delete(passkey_key(account_id, passkey.passkey_id), VersionIs(passkey.version)),
        Delete(claim_key(passkey.passkey_id), VersionIs(1)),
    )


def read_account(row: Row) -> Account:
    """The account in a row. Raises Damaged."""
    return read_row(_ACCOUNTS, row, account_id=row.key.partition, version=row.version)


def read_passkey(row: Row) -> Passkey:
    """The passkey in a row. Raises Damaged."""
    passkey_id = row.key.sort.removeprefix(_PASSKEY)
    return read_row(_PASSKEYS, row, passkey_id=passkey_id, version=row.version)


def _when(version: int) -> Absent | VersionIs:
    return VersionIs(version) if version else Absent()
