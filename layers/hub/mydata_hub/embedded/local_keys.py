"""Keys on a laptop: one root key file, and a key of its own for every wrapped secret.

Wrapped bytes, format 1: the byte 1, a random salt (32 bytes), a key commitment (32 bytes), then
AES-256-GCM ciphertext with its tag. From the root key, HKDF-SHA256 derives a key per key id; from
that, with the salt, 64 bytes: the encryption key of this one message and the commitment. The nonce
is zero because no encryption key is used twice. GCM alone is not committing (bytes can be made that
open under two keys); the commitment is compared first, so only one key opens wrapped bytes. The
context is the associated data: sorted by name, each name and text behind its length in 4 bytes.

Change rule: another layout takes another first byte; format 1 stays readable.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mydata_hub.embedded.durable_files import disk_errors, make_folder, write_once
from mydata_hub.errors import Damaged, Unopenable
from mydata_hub.ports.keys import check_secret

FILE_NAME: Final = "root.key"
SIGNERS: Final = "signers"  # the folder of what local_signer keeps under this root key
_FORMAT: Final = b"\x01"
_SALT_BYTES: Final = 32
_COMMITMENT_BYTES: Final = 32
_KEY_BYTES: Final = 32
_HEAD_BYTES: Final = len(_FORMAT) + _SALT_BYTES + _COMMITMENT_BYTES
_NONCE: Final = bytes(12)
# Three lines: the format of the file, the key in hexadecimal digits, and the first digits of its
# SHA-256, so that a damaged file is told at the start and not by whatever it does not open.
_FILE_HEAD: Final = "mydata-root-key-1\n"


class LocalKeys:
    """The keys port on `<folder>/root.key`. Whoever can read that file can open everything."""

    def __init__(self, folder: Path, key_id: str) -> None:
        """Create the root key where there is none yet. Raises Damaged, Busy, StoreError."""
        root = read_root_key(folder) or _create_root_key(folder)
        self._key = _derive(root, salt=b"", info=b"mydata-hub key id 1\0" + key_id.encode())

    def wrap(self, secret: bytes, context: Mapping[str, str]) -> bytes:
        """Encrypt and authenticate, bound to `context`. Raises LimitExceeded."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        check_secret(secret, context)
        salt = secrets.token_bytes(_SALT_BYTES)
        key, commitment = self._message_keys(salt)
        sealed = AESGCM(key).encrypt(_NONCE, secret, _associated_data(context))
        return _FORMAT + salt + commitment + sealed

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Give the secret back. Raises Unopenable, alike for every cause."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        salt, commitment = wrapped[1 : 1 + _SALT_BYTES], wrapped[1 + _SALT_BYTES : _HEAD_BYTES]
        key, expected = self._message_keys(salt)
        if wrapped[:1] != _FORMAT or not hmac.compare_digest(commitment, expected):
            raise _unopenable()
        try:
            return AESGCM(key).decrypt(_NONCE, wrapped[_HEAD_BYTES:], _associated_data(context))
        except InvalidTag:
            raise _unopenable() from None

    def _message_keys(self, salt: bytes) -> tuple[bytes, bytes]:
        both = _derive(
            self._key, salt=salt, info=b"mydata-hub wrap 1", size=_KEY_BYTES + _COMMITMENT_BYTES
        )
        return both[:_KEY_BYTES], both[_KEY_BYTES:]


def read_root_key(folder: Path) -> bytes | None:
    """The root key of a data folder, or None where none was made. Raises Damaged, StoreError."""
    with disk_errors():
        try:
            text = (folder / FILE_NAME).read_bytes().decode("ascii", "replace")
        except FileNotFoundError:
            return None
    digits = text.removeprefix(_FILE_HEAD)[: 2 * _KEY_BYTES]
    try:
        root = bytes.fromhex(digits)
    except ValueError:
        root = b""
    if len(root) != _KEY_BYTES or text != _file_text(root):
        raise Damaged(f"{FILE_NAME} is not a root key; restore it from a backup")
    return root


def _file_text(root: bytes) -> str:
    return f"{_FILE_HEAD}{root.hex()}\n{hashlib.sha256(root).hexdigest()[:8]}\n"


def _create_root_key(folder: Path) -> bytes:
    make_folder(folder)
    # A new root key would leave everything that the lost one protects shut for ever, unnoticed.
    # The order matters: whoever made a signing key made the root key before it.
    if any((folder / SIGNERS).glob("*")) and read_root_key(folder) is None:
        raise Damaged(f"{FILE_NAME} is gone while signing keys are there; restore it")
    content = _file_text(secrets.token_bytes(_KEY_BYTES))
    # Of several processes that start at once one is first; all of them read what is there then.
    write_once(folder / FILE_NAME, content.encode())
    root = read_root_key(folder)
    if root is None:
        raise Damaged(f"{FILE_NAME} was removed while it was made")
    return root


def _derive(secret: bytes, *, salt: bytes, info: bytes, size: int = _KEY_BYTES) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=size, salt=salt, info=info).derive(secret)


def _associated_data(context: Mapping[str, str]) -> bytes:
    texts = [text.encode() for name in sorted(context) for text in (name, context[name])]
    return _FORMAT + b"".join(len(text).to_bytes(4, "big") + text for text in texts)


def _unopenable() -> Unopenable:
    return Unopenable("these bytes do not open here")
