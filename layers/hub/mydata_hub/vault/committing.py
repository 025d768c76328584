"""Committing AEAD: AES-256-GCM under a key used once, with a commitment to that key.

GCM alone is not committing: a ciphertext that opens under two keys takes milliseconds to make. So
HKDF-SHA256 gives, from one secret, the key of one message and 32 bytes that only that secret, salt
and header give; the 32 bytes stand before the ciphertext and are compared before anything else.
The header goes into that derivation and is the associated data besides. The nonce is zero, because
a key seals one message only: callers give a fresh secret or a fresh salt each time.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mydata_hub.vault.framing import frame
from mydata_hub.vault.refusal import Cause, NotOpened

KEY_BYTES: Final = 32
COMMITMENT_BYTES: Final = 32
TAG_BYTES: Final = 16
OVERHEAD_BYTES: Final = COMMITMENT_BYTES + TAG_BYTES
NONCE: Final = bytes(12)


def seal_committed(
    secret: bytes, *, salt: bytes, label: bytes, header: bytes, content: bytes, prefix: bytes = b""
) -> bytearray:
    """Commitment, ciphertext and tag, behind `prefix`, in a buffer of the caller's own.

    `secret` and `salt` together serve this one message.
    """
    key, commitment = _message_keys(secret, salt, label, header)
    return gcm_seal(key, content, header, prefix=prefix + commitment)


def open_committed(
    secret: bytes, *, salt: bytes, label: bytes, header: bytes, sealed: bytes | memoryview
) -> bytes:
    """The content. Raises NotOpened, alike for whatever does not fit."""
    key, commitment = _message_keys(secret, salt, label, header)
    if not hmac.compare_digest(sealed[:COMMITMENT_BYTES], commitment):
        raise NotOpened(Cause.SEALED)
    return gcm_open(key, memoryview(sealed)[COMMITMENT_BYTES:], header)


def derive(secret: bytes, *, salt: bytes, info: bytes, size_bytes: int) -> bytes:
    """HKDF-SHA256 (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=size_bytes, salt=salt, info=info).derive(secret)


def gcm_seal(
    key: bytes, content: bytes, header: bytes, nonce: bytes = NONCE, prefix: bytes = b""
) -> bytearray:
    """AES-GCM (NIST SP 800-38D): ciphertext and tag, behind `prefix`."""
    # Written where it is wanted: joining a megabyte takes ten times as long as encrypting it.
    sealed = bytearray(len(prefix) + len(content) + TAG_BYTES)
    sealed[: len(prefix)] = prefix
    AESGCM(key).encrypt_into(nonce, content, header, memoryview(sealed)[len(prefix) :])
    return sealed


def gcm_open(key: bytes, sealed: bytes | memoryview, header: bytes, nonce: bytes = NONCE) -> bytes:
    """The content. Raises NotOpened."""
    try:
        return AESGCM(key).decrypt(nonce, sealed, header)
    except InvalidTag:
        raise NotOpened(Cause.SEALED) from None


def _message_keys(secret: bytes, salt: bytes, label: bytes, header: bytes) -> tuple[bytes, bytes]:
    info = frame(label, hashlib.sha256(header).digest())
    both = derive(secret, salt=salt, info=info, size_bytes=KEY_BYTES + COMMITMENT_BYTES)
    return both[:KEY_BYTES], both[KEY_BYTES:]
