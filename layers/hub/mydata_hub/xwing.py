"""X-Wing keys (draft-connolly-cfrg-xwing-kem): the hybrid KEM of everything that is sealed here.

ML-KEM-768 and X25519, of which either half may fall. A public key is the ML-KEM key, then the
X25519 key; a private key is a seed of 32 bytes, expanded as section 5.2 of the draft says.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from mydata_hub.errors import Damaged

# MLKEM768_X25519 (0x647A), HKDF-SHA256 (0x0001), AES-256-GCM (0x0002) of RFC 9180.
SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
SEED_BYTES: Final = 32
PUBLIC_KEY_BYTES: Final = 1216
_EXPANDED_BYTES: Final = 96
_MLKEM_SEED_BYTES: Final = 64
_MLKEM_PUBLIC_BYTES: Final = 1184


# A sixth of a seal is reading the key, and most seal again and again with the same one.
@lru_cache(maxsize=64)
def load_public_key(public_key: bytes) -> MLKEM768X25519PublicKey:
    """The key to seal with. Raises Damaged for bytes that are no such key."""
    try:
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(public_key[:_MLKEM_PUBLIC_BYTES]),
            X25519PublicKey.from_public_bytes(public_key[_MLKEM_PUBLIC_BYTES:]),
        )
    except ValueError:
        # Of another length, or not reduced (FIPS 203).
        raise Damaged("a public key is not one") from None


def load_private_key(seed: bytes) -> tuple[MLKEM768X25519PrivateKey, bytes]:
    """The key that opens, and its public half as bytes. Raises Damaged for another length."""
    if len(seed) != SEED_BYTES:
        raise Damaged("a private key has another length")
    expanded = hashlib.shake_256(seed).digest(_EXPANDED_BYTES)
    mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED_BYTES])
    x25519 = X25519PrivateKey.from_private_bytes(expanded[_MLKEM_SEED_BYTES:])
    public_key = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
    return MLKEM768X25519PrivateKey(mlkem, x25519), public_key
