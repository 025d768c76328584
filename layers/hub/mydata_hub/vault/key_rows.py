"""Key rows: how a vault's wrapped secrets are kept, and what is left of them after erasure.

A row of `keys` for each vault, format 1: `state`, `key_version` (the present one) and `versions`,
which maps each version (a decimal numeral) to `nonce`, `profile` and `records`, the last two
wrapped by the keys port; and `turned_by`, which names the act that made the present version, so
that the same act makes no second one. The tombstone of an erased vault is the same row with `state`
"erased" and `erased_at` alone; it stays, so a vault never comes back under its old name.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mydata_hub.errors import Damaged, LimitExceeded
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
# Versions that are kept side by side; giving the old ones up makes room.
MAX_VERSIONS: Final = 64


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
    values: dict[str, Value] = {
        "state": LIVE,
        "key_version": secrets.key_version,
        "versions": {str(secrets.key_version): _version_values(secrets)},
    }
    return (
        Put(key=secrets_row(vault_id), values=values, when=Absent()),
        Put(
            key=public_key_row(vault_id),
            values=public_values(secrets.key_version, public_key),
            when=Absent(),
        ),
    )


def put_next_version(
    row: Row, secrets: WrappedSecrets, by: str, also: Mapping[str, Value] = MappingProxyType({})
) -> Put:
    """The change that makes a version the present one and keeps those before it, and what else.

    Raises NotOpened, LimitExceeded after MAX_VERSIONS that were never given up, Damaged.
    """
    versions = _versions(row)
    if len(versions) >= MAX_VERSIONS:
        raise LimitExceeded(f"a vault keeps at most {MAX_VERSIONS} versions of its keys")
    values = {
        **row.values,
        "key_version": secrets.key_version,
        "versions": {**versions, str(secrets.key_version): _version_values(secrets)},
        "turned_by": by,
        **also,
    }
    return Put(key=row.key, values=values, when=VersionIs(row.version))


def put_wrapped(row: Row, again: Iterable[WrappedSecrets]) -> Put:
    """The change that keeps the same secrets, wrapped anew. Raises NotOpened, Damaged."""
    renewed = {str(one.key_version): _version_values(one) for one in again}
    values = {**row.values, "versions": {**_versions(row), **renewed}}
    return Put(key=row.key, values=values, when=VersionIs(row.version))


def put_present_alone(row: Row) -> Put | None:
    """The change that gives up every version but the present one, or None where there is no other.

    What was sealed under them opens no more. Raises NotOpened, Damaged.
    """
    present, versions = str(present_version(row)), _versions(row)
    if set(versions) == {present}:
        return None
    values = {**row.values, "versions": {present: versions[present]}}
    return Put(key=row.key, values=values, when=VersionIs(row.version))


def held_versions(row: Row | None) -> frozenset[int]:
    """The versions whose secrets are there. Raises NotOpened, Damaged."""
    return frozenset(map(int, _versions(row)))


def turned_by(row: Row | None) -> str | None:
    """The act that made the present version; None for a vault's first. Raises NotOpened."""
    by = live_values(row).get("turned_by")
    return by if isinstance(by, str) else None


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


def check_live(vault_id: VaultId, key_version: int | None = None) -> Check:
    """The condition that a vault is not erased, for every commit that writes what it holds.

    Without it, a fold that began before an erasure would leave a profile behind it. What was sealed
    under `key_version` is written while that is the present one and never after: when a version is
    given up, nothing can come to lie under it any more.
    """
    conditions = [Compare("state", "=", LIVE)]
    if key_version is not None:
        conditions.append(Compare("key_version", "=", key_version))
    return Check(secrets_row(vault_id), tuple(conditions))


def present_version(row: Row | None) -> int:
    """The version that seals today. Raises NotOpened for no vault or an erased one, Damaged."""
    found = live_values(row).get("key_version")
    if type(found) is not int or found < 1:
        raise Damaged("a row of keys is malformed")
    return found


def wrapped_secrets(row: Row | None, key_version: int) -> WrappedSecrets:
    """One version of the secrets. Raises NotOpened, Damaged."""
    values = _versions(row).get(str(key_version))
    if values is None:
        raise NotOpened(Cause.KEY_VERSION)
    held = dict(values) if isinstance(values, Mapping) else {}
    found = [held.get(name) for name in ("nonce", *Purpose)]
    nonce, profile, records = (text if isinstance(text, bytes) else b"" for text in found)
    if not (nonce and profile and records):
        raise Damaged("a row of keys is malformed")
    wrapped = {Purpose.PROFILE: profile, Purpose.RECORDS: records}
    return WrappedSecrets(key_version=key_version, nonce=nonce, wrapped=wrapped)


def _versions(row: Row | None) -> Mapping[str, Value]:
    versions = live_values(row).get("versions")
    if not isinstance(versions, Mapping) or not all(name.isdecimal() for name in versions):
        raise Damaged("a row of keys is malformed")
    return versions


def _version_values(secrets: WrappedSecrets) -> dict[str, Value]:
    wrapped = {purpose.value: secrets.wrapped[purpose] for purpose in Purpose}
    return {"nonce": secrets.nonce, **wrapped}
