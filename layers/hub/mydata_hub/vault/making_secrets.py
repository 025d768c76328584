"""Making secrets: one version of a vault's two secrets, and how they are wrapped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from mydata_hub.fields import VaultId
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.keys import Keys
from mydata_hub.vault.committing import KEY_BYTES
from mydata_hub.vault.key_rows import NONCE_BYTES, Purpose, WrappedSecrets, wrapping_context
from mydata_hub.vault.opening import RECORDS_SECRET_BYTES

Plain: TypeAlias = Mapping[Purpose, bytes]


def make_secrets(
    keys: Keys, vault_id: VaultId, key_version: int, entropy: Entropy
) -> tuple[WrappedSecrets, Plain]:
    """New secrets of a version, as they are stored and as they are. Raises Busy."""
    nonce = entropy.token(NONCE_BYTES)
    plain = {
        Purpose.PROFILE: entropy.token(KEY_BYTES),
        Purpose.RECORDS: entropy.token(RECORDS_SECRET_BYTES),
    }
    wrapped = {
        purpose: keys.wrap(secret, wrapping_context(vault_id, nonce, key_version, purpose))
        for purpose, secret in plain.items()
    }
    return WrappedSecrets(key_version=key_version, nonce=nonce, wrapped=wrapped), plain


def wrap_again(keys: Keys, vault_id: VaultId, stored: WrappedSecrets) -> WrappedSecrets:
    """The same secrets under the master key of today. Raises Unopenable, Busy."""
    wrapped = {
        purpose: keys.rewrap(
            stored.wrapped[purpose],
            wrapping_context(vault_id, stored.nonce, stored.key_version, purpose),
        )
        for purpose in Purpose
    }
    return WrappedSecrets(key_version=stored.key_version, nonce=stored.nonce, wrapped=wrapped)
