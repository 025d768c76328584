"""The strongroom: the ports with which the vault zone opens, folds and seals again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mydata_hub.collection.record import Provenance
from mydata_hub.fields import VaultId
from mydata_hub.insights.advance import new_profile
from mydata_hub.insights.profile import Profile
from mydata_hub.own_vault.after_fold import AfterFold, nothing_after
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.signer import Signer
from mydata_hub.ports.tables import Key, Row, Tables
from mydata_hub.vault.key_rows import present_version, secrets_row
from mydata_hub.vault.manifest import Manifest, authenticate, read_manifest, vault_row
from mydata_hub.vault.profiles import open_profile
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.segment_opening import Trusted, trust
from mydata_hub.vault.vault_keys import VaultKeys
from mydata_hub.vault.vault_rows import fetch_vault

# Each signer, and the one provenance that its segments may claim.
_BELIEVED: Final = {
    "collector": Provenance.COLLECTED,
    "self_supplied": Provenance.SELF_SUPPLIED,
    "review": Provenance.REVIEWED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Strongroom:
    """`trusted` are the keys whose segments are believed, each for its own provenance.

    `resealers` is the vault zone's own key, which seals again what a vault holds already. It is
    believed of a segment that the manifest lists and never of an announced one: whoever got hold of
    that key could bring nothing into a vault.
    """

    tables: Tables
    blobs: Blobs
    keys: VaultKeys
    trusted: Mapping[bytes, Trusted]
    clock: Clock
    entropy: Entropy
    resealers: Mapping[bytes, Trusted] = field(default_factory=dict)
    after_fold: AfterFold = nothing_after

    @property
    def listed_trust(self) -> Mapping[bytes, Trusted]:
        """Whose segments are believed once the manifest lists them."""
        return {**self.trusted, **self.resealers}


def believe(signers: Mapping[str, Signer]) -> Mapping[bytes, Trusted]:
    """Whose segments are taken up: by the names `collector`, `self_supplied` and `review`."""
    return trust([(signers[name].public_key(), whose) for name, whose in _BELIEVED.items()])


def own_manifest(keys: VaultKeys, vault_id: VaultId, rows: Mapping[Key, Row]) -> Manifest:
    """The manifest in the rows of `fetch_vault`, under the version that its head names.

    Raises NotOpened, Damaged, Busy.
    """
    head = rows.get(vault_row(vault_id))
    secrets = rows.get(secrets_row(vault_id))
    present_version(secrets)  # an erased vault is told as one, whatever is left beside
    version = read_manifest(vault_id, head).key_version
    secret = keys.records_secret(vault_id, row=secrets, key_version=version)
    return authenticate(vault_id, head, secret)


def open_own_profile(
    keys: VaultKeys, vault_id: VaultId, manifest: Manifest, rows: Mapping[Key, Row]
) -> Profile:
    """The profile in the rows just read, the empty one before the first. Raises NotOpened.

    It lies under the version that the head beside it names; what is written next takes the present
    one, which is another after the vault was put back to a time before its keys were turned.
    """
    version = manifest.key_version
    secret = keys.profile_secret(vault_id, row=rows.get(secrets_row(vault_id)), key_version=version)
    opened = open_profile(manifest, rows[vault_row(vault_id)], secret)
    return new_profile(vault_id) if opened is None else Profile.decode(opened)


def see_profile(tables: Tables, keys: VaultKeys, vault_id: VaultId) -> Profile | None:
    """What the folds know of a person, or None where there is no vault (yet, or any more).

    Raises NotOpened for a vault that is there and does not open, Busy, Damaged.
    """
    rows = fetch_vault(tables, vault_id)
    try:
        present_version(rows.get(secrets_row(vault_id)))
        manifest = read_manifest(vault_id, rows.get(vault_row(vault_id)))
        return open_own_profile(keys, vault_id, manifest, rows)
    except NotOpened as refusal:
        if refusal.cause in (Cause.NO_VAULT, Cause.ERASED) or not rows:
            return None
        raise
