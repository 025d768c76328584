"""Signing keys on a laptop: made once, kept wrapped under the root key.

A key's file is JSON with format 1, key id, algorithm and the wrapped PKCS#8 bytes in base64; the
key id and the algorithm are also the context of the wrapping, so neither can be changed. Change
rule: another layout takes another format number; readers accept it one release before writers.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from mydata_hub.embedded.durable_files import disk_errors, make_folder, replace_file, write_once
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.root_key import SIGNERS
from mydata_hub.errors import Damaged, FormatUnknown, LimitExceeded, StoreError, Unopenable
from mydata_hub.ports.signer import MAX_SIGNED_BYTES, Algorithm

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    PrivateKey: TypeAlias = EllipticCurvePrivateKey | Ed25519PrivateKey

_FORMAT: Final = 1
_WRAPPING_KEY_ID: Final = "mydata-hub signers"
_COORDINATE_BYTES: Final = 32  # of P-256; RFC 7518 section 3.4 writes r and s in so many each


class LocalSigner:
    """The signer port on `<folder>/signers`; a key id has one key for each algorithm."""

    def __init__(self, folder: Path, key_id: str, algorithm: Algorithm) -> None:
        """Create the key pair where there is none yet.

        Raises Unopenable when the stored key is damaged or another root key wrapped it, and
        Damaged, Busy and StoreError as LocalKeys does.
        """
        self._algorithm: Algorithm = algorithm
        path = folder / SIGNERS / _file_name(key_id, algorithm)
        keys = signer_wrapping_keys(folder)
        if not path.exists():
            make_folder(path.parent)
            wrapped = keys.wrap(_new_private_key(algorithm), _context(key_id, algorithm))
            write_once(path, _encode_file(key_id, algorithm, wrapped))
        self._key = open_signer_file(path, keys)

    @property
    def algorithm(self) -> Algorithm:
        """ES256 or EdDSA, as it was made."""
        return self._algorithm

    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo (RFC 5280)."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        """64 bytes: RFC 8032 for EdDSA, `r || s` (RFC 7518 section 3.4) for ES256.

        Raises LimitExceeded.
        """
        from cryptography.hazmat.primitives.asymmetric import ec, utils
        from cryptography.hazmat.primitives.hashes import SHA256

        if not 0 < len(message) <= MAX_SIGNED_BYTES:
            raise LimitExceeded(f"a signed message takes 1 to {MAX_SIGNED_BYTES} bytes")
        if not isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(message)
        numbers = utils.decode_dss_signature(self._key.sign(message, ec.ECDSA(SHA256())))
        return b"".join(number.to_bytes(_COORDINATE_BYTES, "big") for number in numbers)


def rewrap_signers(folder: Path) -> int:
    """Wrap every signing key of a folder under the present root key; gives how many were not.

    The keys themselves stay, and whoever holds one goes on. Raises Damaged, Unopenable, Busy,
    StoreError.
    """
    keys, changed = signer_wrapping_keys(folder), 0
    for path in sorted((folder / SIGNERS).glob("[!.]*")):
        key_id, algorithm, wrapped = _read_file(path)
        again = keys.rewrap(wrapped, _context(key_id, algorithm))
        if again != wrapped:
            replace_file(path, _encode_file(key_id, algorithm, again))
            changed += 1
    return changed


def open_signer_file(path: Path, keys: LocalKeys) -> PrivateKey:
    """The private key in a file. Raises Damaged, Unopenable, StoreError."""
    key_id, algorithm, wrapped = _read_file(path)
    return _load(keys.unwrap(wrapped, _context(key_id, algorithm)), algorithm)


def stored_public_keys(folder: Path) -> list[bytes]:
    """The raw Ed25519 public keys among a folder's signing keys; what does not open is left out."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    keys, found = signer_wrapping_keys(folder), []
    for path in sorted((folder / SIGNERS).glob("[!.]*")):
        with suppress(StoreError, Unopenable):
            key = open_signer_file(path, keys)
            if isinstance(key, Ed25519PrivateKey):
                found.append(key.public_key().public_bytes_raw())
    return found


def signer_wrapping_keys(folder: Path) -> LocalKeys:
    """The keys that open the files of `<folder>/signers`."""
    return LocalKeys(folder, _WRAPPING_KEY_ID)


def _read_file(path: Path) -> tuple[str, Algorithm, bytes]:
    with disk_errors():
        stored = path.read_bytes()
    try:
        content = json.loads(stored)
        key_id, algorithm = str(content["key_id"]), content["algorithm"]
        wrapped = b64decode(content["wrapped"], validate=True)
        known = content["format"] == _FORMAT
    except (KeyError, TypeError, ValueError):
        raise Damaged("the file of a signing key cannot be read") from None
    if not known:
        raise FormatUnknown("a newer release wrote the file of a signing key")
    if path.name != _file_name(key_id, algorithm):
        raise Damaged("the file of a signing key is under another key's name")
    return key_id, algorithm, wrapped


def _context(key_id: str, algorithm: str) -> dict[str, str]:
    return {"purpose": "signing", "key_id": key_id, "algorithm": algorithm}


def _encode_file(key_id: str, algorithm: Algorithm, wrapped: bytes) -> bytes:
    content = {
        "format": _FORMAT,
        "key_id": key_id,
        "algorithm": algorithm,
        "wrapped": b64encode(wrapped).decode(),
    }
    return json.dumps(content, indent=1).encode() + b"\n"


def _file_name(key_id: str, algorithm: str) -> str:
    # A key id may hold letters that a file name may not.
    digest = hashlib.sha256(key_id.encode()).hexdigest()
    return f"{digest[:32]}.{algorithm.lower()}"


def _new_private_key(algorithm: Algorithm) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = (
        ec.generate_private_key(ec.SECP256R1())
        if algorithm == "ES256"
        else ed25519.Ed25519PrivateKey.generate()
    )
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _load(encoded: bytes, algorithm: Algorithm) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    key = load_der_private_key(encoded, password=None)
    if algorithm == "ES256" and isinstance(key, ec.EllipticCurvePrivateKey):
        return key
    if algorithm == "EdDSA" and isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    raise Unopenable("the stored signing key is of another kind")
