"""Opening: the vault's half of sealing. Nothing outside the vault zone imports this module."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from mydata_hub.errors import Damaged
from mydata_hub.vault.committing import OVERHEAD_BYTES, open_committed
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.sealing import CARRIED_SEED_BYTES, KEY_LABEL, hpke_info
from mydata_hub.xwing import SEED_BYTES, SUITE, load_private_key

PRIVATE_SEED_BYTES: Final = SEED_BYTES
MANIFEST_KEY_BYTES: Final = 32
RECORDS_SECRET_BYTES: Final = PRIVATE_SEED_BYTES + MANIFEST_KEY_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsSecret:
    """What opens a vault's segments and authenticates its manifest, in one version."""

    key_version: int
    manifest_key: bytes = field(repr=False)
    private_key: MLKEM768X25519PrivateKey = field(repr=False, compare=False)
    # Of X-Wing, as intake gets it: the ML-KEM key, then the X25519 key.
    public_key: bytes = field(repr=False)

    def open(self, sealed: bytes, *, header: bytes, salt: bytes) -> bytes:
        """What `sealing.seal` was given as content. Raises NotOpened, alike for every cause."""
        if len(sealed) < CARRIED_SEED_BYTES + OVERHEAD_BYTES:
            raise NotOpened(Cause.SEALED)
        parts = memoryview(sealed)
        carried, rest = parts[:CARRIED_SEED_BYTES], parts[CARRIED_SEED_BYTES:]
        try:
            seed = SUITE.decrypt(carried, self.private_key, hpke_info(header))
        except (InvalidTag, ValueError):
            # A ValueError is an X25519 share of small order: also just bytes that do not open.
            raise NotOpened(Cause.SEALED) from None
        return open_committed(seed, salt=salt, label=KEY_LABEL, header=header, sealed=rest)


def load_records_secret(secret: bytes, key_version: int) -> RecordsSecret:
    """The records secret in its 64 bytes: the X-Wing decapsulation seed, then the manifest key.

    Raises Damaged for another length.
    """
    if len(secret) != RECORDS_SECRET_BYTES:
        raise Damaged("a records secret has another length")
    private_key, public_key = load_private_key(secret[:PRIVATE_SEED_BYTES])
    return RecordsSecret(
        key_version=key_version,
        manifest_key=secret[PRIVATE_SEED_BYTES:],
        private_key=private_key,
        public_key=public_key,
    )
