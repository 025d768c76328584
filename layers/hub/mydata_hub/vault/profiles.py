"""Profiles under seal: small, inline in the vault's row, and bound to the manifest they came from.

The associated data names the profile's version and the hash of the manifest beside it, so a profile
of yesterday does not open in today's row, and a manifest that was changed does not pass beside
today's profile: the release gate sees that without the key that authenticates manifests.
"""

from __future__ import annotations

from typing import Final

from mydata_hub.errors import BadInput, Damaged, LimitExceeded
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.tables import Put, Row, VersionIs
from mydata_hub.vault.committing import open_committed, seal_committed
from mydata_hub.vault.content import pack, unpack
from mydata_hub.vault.framing import frame, number
from mydata_hub.vault.manifest import Manifest, read_manifest
from mydata_hub.vault.opening import RecordsSecret
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.sealing import FORMAT
from mydata_hub.vault.vault_keys import ProfileSecret

SUITE: Final = 2  # HKDF-SHA256 and AES-256-GCM with a key commitment, under a secret of the vault
MAX_SEALED_BYTES: Final = 128 * 1024 + 256
SALT_BYTES: Final = 32
LABEL: Final = b"mydata-hub profile"
KEY_LABEL: Final = b"mydata-hub profile key 1"
_HEAD: Final = bytes([FORMAT]) + SUITE.to_bytes(2, "big")
_BODY_AT: Final = len(_HEAD) + SALT_BYTES


def seal_profile(
    profile: bytes, version: int, manifest: Manifest, secret: ProfileSecret, entropy: Entropy
) -> bytes:
    """Seal a profile's canonical bytes as of a manifest. Raises LimitExceeded."""
    salt = entropy.token(SALT_BYTES)
    sealed = seal_committed(
        secret.key,
        salt=salt,
        label=KEY_LABEL,
        header=_header(manifest, version, secret.key_version),
        content=pack(profile),
        prefix=_HEAD + salt,
    )
    if len(sealed) > MAX_SEALED_BYTES:
        raise LimitExceeded(f"a sealed profile takes at most {MAX_SEALED_BYTES} bytes")
    return bytes(sealed)


def open_profile(manifest: Manifest, row: Row, secret: ProfileSecret) -> bytes | None:
    """The profile in the vault's row that `manifest` was read from, or None before the first.

    Raises NotOpened: damaged, another vault's, an older one, or beside another manifest.
    """
    version, sealed = row.values.get("profile_version"), row.values.get("profile")
    if type(version) is not int:
        raise Damaged("the row of a vault is malformed")
    if version == 0 and manifest.version == 0 and sealed is None:
        return None
    if not isinstance(sealed, bytes):
        raise NotOpened(Cause.MISSING)
    if sealed[: len(_HEAD)] != _HEAD:
        raise NotOpened(Cause.SUITE)
    packed = open_committed(
        secret.key,
        salt=sealed[len(_HEAD) : _BODY_AT],
        label=KEY_LABEL,
        header=_header(manifest, version, secret.key_version),
        sealed=sealed[_BODY_AT:],
    )
    return unpack(packed)


def write_vault(
    row: Row, manifest: Manifest, secret: RecordsSecret, version: int, sealed: bytes
) -> Put:
    """The change that writes manifest head and profile together, over the row they came from.

    Raises BadInput for anything but the next version of the profile: it never goes back.
    """
    before, present = read_manifest(manifest.vault_id, row), row.values.get("profile_version")
    if present != version - 1 or manifest.version < before.version:
        raise BadInput("version", "takes the version after the present one")
    values = {**manifest.values(secret), "profile_version": version, "profile": sealed}
    return Put(key=row.key, values=values, when=VersionIs(row.version))


def _header(manifest: Manifest, version: int, key_version: int) -> bytes:
    return frame(
        LABEL,
        _HEAD,
        manifest.vault_id.encode(),
        number(version),
        number(key_version),
        manifest.digest(),
    )
