"""Key rows: how a vault's wrapped secrets are kept, and what is left of them after erasure.

A row of `keys` for each vault, format 1: `state`, `key_version` (the present one) and `versions`,
which maps each version (a decimal numeral) to `nonce`, `profile` and `records`, the last two
wrapped by the keys port. The tombstone of an erased vault is the same row with `state` "erased" and
`erased_at` alone; it stays, so a vault never comes back under its old name.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from mydata_hub.errors import Damaged
from mydata_hub.fields import VaultId
from mydata_hub.ports.tables import Absent, Check, Compare, Key, Put, Row, Value, VersionIs
from mydata_hub.vault.public_keys import (
    ERASED,
    LIVE,
    live_values,
    public_key_row,
    public_values,
)
from mydata_hub.vault.refusal import Cause, NotOpened

TABLE: Final = "keys"
NONCE_BYTES: Final = 32


class Purpose(StrEnum):
    """What a secret opens; the permissions of a function name it."""

    PROFILE = "profile"
    RECORDS = "records"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedSecrets:
    """One version of a vault's secrets, as stored."""

    key_version: int
    nonce: bytes
    wrapped: Mapping[Purpose, bytes]


def secrets_row(vault_id: VaultId) -> Key:
    """The row that holds a vault's wrapped secrets or its tombstone."""
    return Key(TABLE, vault_id)


def wrapping_context(
    vault_id: VaultId, nonce: bytes, key_version: int, purpose: Purpose
) -> dict[str, str]:
    """The encryption context, which an audit trail shows in clear: it must not name a vault.

    The vault id is hashed under a nonce that only the row of keys holds. Bytes moved to another
    vault's row do not open, and once a row is a tombstone, nobody can tell whose the trail was.
    """
    digest = hmac.digest(nonce, b"mydata-hub vault context 1\0" + vault_id.encode(), hashlib.sha256)
    return {"vault": digest.hex(), "version": str(key_version), "purpose": purpose.value}


def first_rows(vault_id: VaultId, secrets: WrappedSecrets, public_key: bytes) -> tuple[Put, Put]:
    """The changes that make a vault, unless there is or ever was one of this name."""
    wrapped = {purpose.value: secrets.wrapped[purpose] for purpose in Purpose}
    values: dict[str, Value] = {
        "state": LIVE,
        "key_version": secrets.key_version,
        "versions": {str(secrets.key_version): {"nonce": secrets.nonce, **wrapped}},
    }
    return (
        Put(key=secrets_row(vault_id), values=values, when=Absent()),
        Put(
            key=public_key_row(vault_id),
            values=public_values(secrets.key_version, public_key),
            when=Absent(),
        ),
    )


def tombstones(vault_id: VaultId, rows: Mapping[Key, Row], erased_at: datetime) -> tuple[Put, ...]:
    """The changes that make a vault inaccessible for good, for the commit of its erasure.

    `rows` are the rows of `secrets_row` and `public_key_row` just read. They need no key, and are
    none where a tombstone is already: the first instant stays.
    """
    at = erased_at.astimezone(UTC).isoformat()
    values: dict[str, Value] = {"state": ERASED, "erased_at": at}
    changes: list[Put] = []
    for key in (secrets_row(vault_id), public_key_row(vault_id)):
        row = rows.get(key)
        if row is None:
            changes.append(Put(key=key, values=values, when=Absent()))
        elif row.values.get("state") != ERASED:
            changes.append(Put(key=key, values=values, when=VersionIs(row.version)))
    return tuple(changes)


def erased_at(row: Row | None) -> datetime | None:
    """Since when a vault is erased, by its row of `secrets_row`; None where it is not."""
    if row is None or row.values.get("state") != ERASED:
        return None
    return datetime.fromisoformat(str(row.values.get("erased_at")))


def check_live(vault_id: VaultId) -> Check:
    """The condition that a vault is not erased, for every commit that writes what it holds.

    Without it, a fold that began before an erasure would leave a profile behind it.
    """
    return Check(secrets_row(vault_id), (Compare("state", "=", LIVE),))


def present_version(row: Row | None) -> int:
    """The version that seals today. Raises NotOpened for no vault or an erased one, Damaged."""
    found = live_values(row).get("key_version")
    if type(found) is not int or found < 1:
        raise Damaged("a row of keys is malformed")
    return found


def wrapped_secrets(row: Row | None, key_version: int) -> WrappedSecrets:
    """One version of the secrets. Raises NotOpened, Damaged."""
    versions = live_values(row).get("versions")
    if not isinstance(versions, Mapping):
        raise Damaged("a row of keys is malformed")
    values = versions.get(str(key_version))
    if values is None:
        raise NotOpened(Cause.KEY_VERSION)
    held = dict(values) if isinstance(values, Mapping) else {}
    found = [held.get(name) for name in ("nonce", *Purpose)]
    nonce, profile, records = (text if isinstance(text, bytes) else b"" for text in found)
    if not (nonce and profile and records):
        raise Damaged("a row of keys is malformed")
    wrapped = {Purpose.PROFILE: profile, Purpose.RECORDS: records}
    return WrappedSecrets(key_version=key_version, nonce=nonce, wrapped=wrapped)
