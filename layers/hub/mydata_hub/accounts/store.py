"""Accounts and passkeys as rows: written once, over the table port.

Table `accounts`, format 1. Partition of an account: sort "account" and one "passkey#<id>" each.
Beside it one row per credential id, so that no passkey opens two accounts, and one per recovery
code, by which a code finds its account. Change rule: members may be added; readers accept n - 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

from mydata_hub.accounts.account import (
    Account,
    AccountId,
    Locale,
    Passkey,
    PasskeyId,
    Recovery,
    RecoveryCode,
    Role,
)
from mydata_hub.errors import Damaged
from mydata_hub.ports.tables import Absent, Delete, Key, Put, Row, Tables, Value, VersionIs

TABLE: Final = "accounts"
_PASSKEY: Final = "passkey#"


def account_key(account_id: str) -> Key:
    """The row of an account."""
    return Key(TABLE, account_id, "account")


def passkey_key(account_id: str, passkey_id: str) -> Key:
    """The row of one passkey of an account."""
    return Key(TABLE, account_id, _PASSKEY + passkey_id)


def code_key(code_id: str) -> Key:
    """The row by which a recovery code finds its account."""
    return Key(TABLE, f"code#{code_id}")


def fetch_account(tables: Tables, account_id: str) -> Account | None:
    """The account, or None. Raises Damaged, Busy."""
    key = account_key(account_id)
    row = tables.fetch_many(key).get(key)
    return None if row is None else read_account(row)


def list_passkeys(tables: Tables, account_id: str) -> tuple[Passkey, ...]:
    """All passkeys of an account, pending ones too. Raises Damaged, Busy."""
    found: list[Passkey] = []
    after: str | None = None
    while True:
        page = tables.query(TABLE, account_id, prefix=_PASSKEY, after=after)
        found.extend(read_passkey(row) for row in page.rows)
        after = page.after
        if after is None:
            return tuple(found)


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
            "secret_hash": account.code.secret_hash,
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
    claim = Put(
        key=_claim_key(passkey.passkey_id), values={"account_id": account_id}, when=Absent()
    )
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
        Delete(_claim_key(passkey.passkey_id), VersionIs(1)),
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
            locale=cast("Locale", values["locale"]),
            joined_at=datetime.fromisoformat(values["joined_at"]),
            code=code
            and RecoveryCode(
                code_id=code["code_id"],
                secret_hash=code["secret_hash"],
                issued_at=datetime.fromisoformat(code["issued_at"]),
            ),
            recovery=recovery
            and Recovery(
                recovery_id=recovery["recovery_id"],
                passkey_id=PasskeyId(recovery["passkey_id"]),
                started_at=datetime.fromisoformat(recovery["started_at"]),
                matures_at=datetime.fromisoformat(recovery["matures_at"]),
            ),
        )
    except (KeyError, TypeError, ValueError):
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


def _claim_key(passkey_id: str) -> Key:
    return Key(TABLE, f"credential#{passkey_id}")


def _when(version: int) -> Absent | VersionIs:
    return VersionIs(version) if version else Absent()
