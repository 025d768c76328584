"""Wrapping on a laptop: a key of its own for every wrapped secret, derived from one root key.

Wrapped bytes, format 1: the byte 1, a random salt (32 bytes), a key commitment (32 bytes), then
AES-256-GCM ciphertext with its tag. From the root key, HKDF-SHA256 derives a key per key id; from
that, with the salt, 64 bytes: the encryption key of this one message and the commitment. The nonce
is zero because no encryption key is used twice. GCM alone is not committing (bytes can be made that
open under two keys); the commitment is compared first, so only one key opens wrapped bytes, and it
tells which of several root keys that is. The context is the associated data: sorted by name, each
name and text behind its length in 4 bytes.

Change rule: another layout takes another first byte; format 1 stays readable.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Final

from mydata_hub.errors import Unopenable

KEY_BYTES: Final = 32
_FORMAT: Final = b"\x01"
_SALT_BYTES: Final = 32
_COMMITMENT_BYTES: Final = 32
_HEAD_BYTES: Final = len(_FORMAT) + _SALT_BYTES + _COMMITMENT_BYTES
_NONCE: Final = bytes(12)


def master_key(root: bytes, key_id: str) -> bytes:
    """What wraps under one key id."""
    return _derive(root, salt=b"", info=b"mydata-hub key id 1\0" + key_id.encode())


def wrap_under(master: bytes, secret: bytes, context: Mapping[str, str]) -> bytes:
    """Encrypt and authenticate, bound to `context`."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt = secrets.token_bytes(_SALT_BYTES)
    key, commitment = message_keys(master, salt)
    sealed = AESGCM(key).encrypt(_NONCE, secret, _associated_data(context))
    return _FORMAT + salt + commitment + sealed


def is_under(master: bytes, wrapped: bytes) -> bool:
    """Whether this very key wrapped these bytes, as far as their head tells."""
    salt, commitment = wrapped[1 : 1 + _SALT_BYTES], wrapped[1 + _SALT_BYTES : _HEAD_BYTES]
    expected = message_keys(master, salt)[1]
    return wrapped[:1] == _FORMAT and hmac.compare_digest(commitment, expected)


def unwrap_under(master: bytes, wrapped: bytes, context: Mapping[str, str]) -> bytes:
    """The secret. Raises Unopenable, alike for every cause."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not is_under(master, wrapped):
        raise unopenable()
    key, _ = message_keys(master, wrapped[1 : 1 + _SALT_BYTES])
    try:
        return AESGCM(key).decrypt(_NONCE, wrapped[_HEAD_BYTES:], _associated_data(context))
    except InvalidTag:
        raise unopenable() from None


def message_keys(master: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """The encryption key of one message, and its commitment."""
    size = KEY_BYTES + _COMMITMENT_BYTES
    both = _derive(master, salt=salt, info=b"mydata-hub wrap 1", size=size)
    return both[:KEY_BYTES], both[KEY_BYTES:]


def unopenable() -> Unopenable:
    """The one error, whatever is wrong."""
    return Unopenable("these bytes do not open here")


def _derive(secret: bytes, *, salt: bytes, info: bytes, size: int = KEY_BYTES) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=size, salt=salt, info=info).derive(secret)


def _associated_data(context: Mapping[str, str]) -> bytes:
    texts = [text.encode() for name in sorted(context) for text in (name, context[name])]
    return _FORMAT + b"".join(len(text).to_bytes(4, "big") + text for text in texts)
