"""The strongroom: the ports with which the vault zone opens, folds and seals again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mydata_hub.fields import VaultId
from mydata_hub.insights.advance import new_profile
from mydata_hub.insights.profile import Profile
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.tables import Key, Row, Tables
from mydata_hub.vault.key_rows import secrets_row
from mydata_hub.vault.manifest import Manifest, read_manifest, vault_row
from mydata_hub.vault.profiles import open_profile
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.segment_opening import Trusted
from mydata_hub.vault.vault_keys import VaultKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Strongroom:
    """`trusted` are the keys whose segments are believed, each for its own provenance."""

    tables: Tables
    blobs: Blobs
    keys: VaultKeys
    trusted: Mapping[bytes, Trusted]
    clock: Clock
    entropy: Entropy


def open_own_profile(
    keys: VaultKeys, vault_id: VaultId, manifest: Manifest, rows: Mapping[Key, Row]
) -> Profile:
    """The profile in the rows just read, the empty one before the first. Raises NotOpened."""
    secret = keys.profile_secret(vault_id, row=rows.get(secrets_row(vault_id)))
    opened = open_profile(manifest, rows[vault_row(vault_id)], secret)
    return new_profile(vault_id) if opened is None else Profile.decode(opened)


def see_profile(tables: Tables, keys: VaultKeys, vault_id: VaultId) -> Profile | None:
    """What the folds know of a person, or None where there is no vault (yet, or any more).

    Raises NotOpened for a vault that is there and does not open, Busy, Damaged.
    """
    vault = vault_row(vault_id)
    rows = tables.fetch_many(vault, secrets_row(vault_id))
    try:
        manifest = read_manifest(vault_id, rows.get(vault))
        return open_own_profile(keys, vault_id, manifest, rows)
    except NotOpened as refusal:
        if refusal.cause in (Cause.NO_VAULT, Cause.ERASED) or not rows:
            return None
        raise
