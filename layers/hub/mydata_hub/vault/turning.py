"""Turning keys: a vault gets new secrets, or its secrets a new wrapping; nothing is lost by either.

A new version becomes the present one in the commit that also writes the public key that intake
seals to, and the manifest and profile under the new secrets (own_vault/turning.py). Versions before
it stay until they are given up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mydata_hub.fields import VaultId
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.keys import Keys
from mydata_hub.ports.tables import Key, Put, Row, Value, VersionIs
from mydata_hub.vault.erased_parts import ErasedPart, Scope, read_parts, values_with
from mydata_hub.vault.key_rows import (
    Purpose,
    held_versions,
    present_version,
    put_next_version,
    put_wrapped,
    secrets_row,
    wrapped_secrets,
)
from mydata_hub.vault.making_secrets import make_secrets, wrap_again
from mydata_hub.vault.opening import RecordsSecret, load_records_secret
from mydata_hub.vault.public_keys import live_values, public_key_row, public_values
from mydata_hub.vault.vault_keys import ProfileSecret


@dataclass(frozen=True, slots=True, kw_only=True)
class NextVersion:
    """The changes that make a version the present one, and its secrets for what lies beside."""

    changes: tuple[Put, ...]
    records: RecordsSecret
    profile: ProfileSecret


def next_version(
    keys: Keys,
    vault_id: VaultId,
    rows: Mapping[Key, Row],
    entropy: Entropy,
    by: str,
    erased: Scope | None = None,
) -> NextVersion:
    """A new version of the secrets in the rows just read; with it a part may begin to be erased.

    Raises NotOpened, LimitExceeded, Busy.
    """
    secrets, public = rows.get(secrets_row(vault_id)), rows.get(public_key_row(vault_id))
    key_version = present_version(secrets) + 1
    assert secrets is not None  # what has no row has no version
    kept = live_values(public)
    assert public is not None
    stored, plain = make_secrets(keys, vault_id, key_version, entropy)
    records = load_records_secret(plain[Purpose.RECORDS], key_version)
    also: dict[str, Value] = {}
    if erased is not None:
        part = ErasedPart(scope=erased, key_version=key_version)
        also = values_with((*read_parts(secrets), part))
    seen = Put(
        key=public.key,
        values={**kept, **public_values(key_version, records.public_key), **also},
        when=VersionIs(public.version),
    )
    return NextVersion(
        changes=(put_next_version(secrets, stored, by, also), seen),
        records=records,
        profile=ProfileSecret(key_version=key_version, key=plain[Purpose.PROFILE]),
    )


def rewrap(keys: Keys, vault_id: VaultId, row: Row) -> Put | None:
    """The change that wraps all of a vault's secrets under the master key of today, or None where
    they are. Raises NotOpened, Unopenable, Busy."""
    held = [wrapped_secrets(row, version) for version in sorted(held_versions(row))]
    again = [wrap_again(keys, vault_id, stored) for stored in held]
    return None if again == held else put_wrapped(row, again)
