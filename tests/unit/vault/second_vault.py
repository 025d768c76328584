"""A second implementation of docs/vault-format.md, written from that page and from the RFCs.

It shares no code with the hub: framing, HKDF, GCM, X-Wing's combiner and HPKE's key schedule are
spelt out over AES blocks, ML-KEM, X25519 and hashes. It is slow, and checks nobody's signature.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import zlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


class RefusedError(Exception):
    """It does not open."""


# Section 1: notation


def framed(*parts: bytes) -> bytes:
    out = b""
    for part in parts:
        out += len(part).to_bytes(4, "big") + part
    return out


def u64(value: int) -> bytes:
    return value.to_bytes(8, "big")


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, "sha256").digest()


# RFC 5869


def extract(salt: bytes, ikm: bytes) -> bytes:
    return mac(salt or bytes(32), ikm)


def expand(prk: bytes, info: bytes, length: int) -> bytes:
    block, out = b"", b""
    while len(out) < length:
        block = mac(prk, block + info + bytes([len(out) // 32 + 1]))
        out += block
    return out[:length]


# NIST SP 800-38D with a nonce of 96 bits


def aes(key: bytes, block: bytes) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return cipher.update(block)


def times(x: int, y: int) -> int:
    """The product in GF(2^128), the leftmost bit of a block being the coefficient of 1."""
    product = 0
    for bit in range(127, -1, -1):
        if y >> bit & 1:
            product ^= x
        x = x >> 1 ^ (0xE1 << 120 if x & 1 else 0)
    return product


def ghash(h: int, header: bytes, text: bytes) -> int:
    lengths = u64(8 * len(header)) + u64(8 * len(text))
    padded = [part + bytes(-len(part) % 16) for part in (header, text)]
    data = b"".join(padded) + lengths
    y = 0
    for at in range(0, len(data), 16):
        y = times(y ^ int.from_bytes(data[at : at + 16], "big"), h)
    return y


def key_stream(key: bytes, nonce: bytes, text: bytes) -> bytes:
    blocks = range(2, 2 + (len(text) + 15) // 16)
    stream = b"".join(aes(key, nonce + counter.to_bytes(4, "big")) for counter in blocks)
    return bytes(a ^ b for a, b in zip(text, stream, strict=False))


def gcm_tag(key: bytes, nonce: bytes, header: bytes, text: bytes) -> bytes:
    hashed = ghash(int.from_bytes(aes(key, bytes(16)), "big"), header, text)
    mask = int.from_bytes(aes(key, nonce + b"\0\0\0\1"), "big")
    return (hashed ^ mask).to_bytes(16, "big")


def gcm_encrypt(key: bytes, nonce: bytes, header: bytes, plain: bytes) -> bytes:
    text = key_stream(key, nonce, plain)
    return text + gcm_tag(key, nonce, header, text)


def gcm_decrypt(key: bytes, nonce: bytes, header: bytes, sealed: bytes) -> bytes:
    text, tag = sealed[:-16], sealed[-16:]
    if gcm_tag(key, nonce, header, text) != tag:
        raise RefusedError
    return key_stream(key, nonce, text)


# X-Wing and HPKE in base mode


def private_keys(records_secret: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    expanded = hashlib.shake_256(records_secret[:32]).digest(96)
    return (
        MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
        X25519PrivateKey.from_private_bytes(expanded[64:]),
    )


def public_key(records_secret: bytes) -> bytes:
    ml, x = private_keys(records_secret)
    return ml.public_key().public_bytes_raw() + x.public_key().public_bytes_raw()


def combine(ml_shared: bytes, x_shared: bytes, x_cipher: bytes, x_public: bytes) -> bytes:
    return hashlib.sha3_256(
        ml_shared + x_shared + x_cipher + x_public + bytes.fromhex("5c2e2f2f5e5c")
    ).digest()


SUITE_ID = b"HPKE" + bytes.fromhex("647a00010002")


def key_schedule(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Key and nonce of the first message, RFC 9180 section 5.1, mode 0."""

    def labeled_extract(salt: bytes, label: bytes, ikm: bytes) -> bytes:
        return extract(salt, b"HPKE-v1" + SUITE_ID + label + ikm)

    def labeled_expand(prk: bytes, label: bytes, context: bytes, length: int) -> bytes:
        labeled = length.to_bytes(2, "big") + b"HPKE-v1" + SUITE_ID + label + context
        return expand(prk, labeled, length)

    context = b"\0" + labeled_extract(b"", b"psk_id_hash", b"")
    context += labeled_extract(b"", b"info_hash", info)
    secret = labeled_extract(shared, b"secret", b"")
    return labeled_expand(secret, b"key", context, 32), labeled_expand(
        secret, b"base_nonce", context, 12
    )


def hpke_open(records_secret: bytes, carried: bytes, info: bytes) -> bytes:
    ml, x = private_keys(records_secret)
    ml_cipher, x_cipher, sealed = carried[:1088], carried[1088:1120], carried[1120:]
    x_shared = x.exchange(X25519PublicKey.from_public_bytes(x_cipher))
    x_public = x.public_key().public_bytes_raw()
    shared = combine(ml.decapsulate(ml_cipher), x_shared, x_cipher, x_public)
    key, nonce = key_schedule(shared, info)
    return gcm_decrypt(key, nonce, b"", sealed)


def hpke_seal(public: bytes, plain: bytes, info: bytes) -> bytes:
    ml_shared, ml_cipher = MLKEM768PublicKey.from_public_bytes(public[:1184]).encapsulate()
    ephemeral = X25519PrivateKey.generate()
    x_cipher = ephemeral.public_key().public_bytes_raw()
    x_shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public[1184:]))
    key, nonce = key_schedule(combine(ml_shared, x_shared, x_cipher, public[1184:]), info)
    return ml_cipher + x_cipher + gcm_encrypt(key, nonce, b"", plain)


# Section 3: committing AEAD


def committed(secret: bytes, salt: bytes, label: bytes, header: bytes) -> tuple[bytes, bytes]:
    both = expand(extract(salt, secret), framed(label, sha(header)), 64)
    return both[:32], both[32:]


def commit_seal(secret: bytes, salt: bytes, label: bytes, header: bytes, plain: bytes) -> bytes:
    key, commitment = committed(secret, salt, label, header)
    return commitment + gcm_encrypt(key, bytes(12), header, plain)


def commit_open(secret: bytes, salt: bytes, label: bytes, header: bytes, sealed: bytes) -> bytes:
    key, commitment = committed(secret, salt, label, header)
    if sealed[:32] != commitment:
        raise RefusedError
    return gcm_decrypt(key, bytes(12), header, sealed[32:])


# Section 4: content


def unpack_content(packed: bytes) -> bytes:
    length = int.from_bytes(packed[1:5], "big")
    encoded, padding = packed[5 : 5 + length], packed[5 + length :]
    if len(packed) not in [1024 << k for k in range(12)] or padding.strip(b"\0"):
        raise RefusedError
    return {0: bytes, 1: zlib.decompress, 2: zstd.decompress}[packed[0]](encoded)


def pack_plainly(content: bytes) -> bytes:
    """Encoding 0, which every reader must know as well."""
    packed = b"\0" + len(content).to_bytes(4, "big") + content
    return packed + bytes(
        next(1024 << k for k in range(12) if 1024 << k >= len(packed)) - len(packed)
    )


# Section 6: segments


def segment_header(
    vault_id: str, key_version: int, segment: dict[str, Any], signer: bytes
) -> bytes:
    return framed(
        b"mydata-hub segment",
        b"\x01",
        b"\x00\x01",
        vault_id.encode(),
        segment["dataset"].encode(),
        segment["segment_id"].encode(),
        u64(segment["version"]),
        bytes.fromhex(segment["schema_hash"]),
        u64(key_version),
        u64(segment["count"]),
        whence(segment),
        signer,
    )


def whence(segment: dict[str, Any]) -> bytes:
    return framed(
        *(segment[name].encode() for name in ("provider_id", "connection_id", "grant_id"))
    )


def signed_bytes(header: bytes, sealed: bytes) -> bytes:
    return framed(b"mydata-hub segment signature 1", header, sha(sealed))


def open_sealed(
    records_secret: bytes, segment_id: str, header: bytes, sealed: bytes
) -> list[bytes]:
    if sealed[:3] != b"\x01\x00\x01":
        raise RefusedError
    at = 3
    for _ in range(3):
        at += 4 + int.from_bytes(sealed[at : at + 4], "big")
    body = sealed[at + 32 :]
    info = framed(b"mydata-hub segment seed 1", sha(header))
    seed = hpke_open(records_secret, body[:1168], info)
    packed = commit_open(
        seed, segment_id.encode(), b"mydata-hub segment key 1", header, body[1168:]
    )
    return unpack_content(packed).split(b"\n")


def seal_records(
    public: bytes, seed: bytes, segment: dict[str, Any], header: bytes, records: list[bytes]
) -> bytes:
    """`sealed` of a segment; the header ends with the signer."""
    carried = hpke_seal(public, seed, framed(b"mydata-hub segment seed 1", sha(header)))
    body = commit_seal(
        seed,
        segment["segment_id"].encode(),
        b"mydata-hub segment key 1",
        header,
        pack_plainly(b"\n".join(records)),
    )
    return b"\x01\x00\x01" + whence(segment) + header[-32:] + carried + body


# Section 7: manifest


def manifest_bytes(
    vault_id: str, version: int, key_version: int, count: int, pages: bytes
) -> bytes:
    return framed(
        b"mydata-hub manifest",
        b"\x01",
        vault_id.encode(),
        u64(version),
        u64(key_version),
        u64(count),
        pages,
    )


def page_hash(vault_id: str, page: int, entries: bytes) -> bytes:
    json.loads(entries)
    return sha(framed(b"mydata-hub manifest page", b"\x01", vault_id.encode(), u64(page), entries))


# Section 8: profile


def open_profile(
    secret: bytes, vault_id: str, version: int, key_version: int, manifest: bytes, sealed: bytes
) -> bytes:
    head, salt, body = sealed[:3], sealed[3:35], sealed[35:]
    if head != b"\x01\x00\x02":
        raise RefusedError
    header = framed(
        b"mydata-hub profile",
        head,
        vault_id.encode(),
        u64(version),
        u64(key_version),
        sha(manifest),
    )
    return unpack_content(commit_open(secret, salt, b"mydata-hub profile key 1", header, body))
