"""A ciphertext made to open under two keys: GCM lets it, the commitment does not."""

from __future__ import annotations

import hashlib

from mydata_hub.vault.committing import (
    derive,
    gcm_open,
    open_committed,
    seal_committed,
)
from mydata_hub.vault.framing import frame
from mydata_hub.vault.refusal import Cause
from mydata_hub.vault.sealing import KEY_LABEL, hpke_info
from mydata_hub.xwing import SUITE

from tests.unit.vault.second_vault import aes, ghash, times
from tests.unit.vault.vault_world import World, refused

NONCE = bytes(12)
SALT = b"segment-1"
HEADER = b"associated data of both"
ONE = 1 << 127  # of GF(2^128) in GCM's order of bits


def power(x: int, exponent: int) -> int:
    result = ONE
    while exponent:
        if exponent & 1:
            result = times(result, x)
        x = times(x, x)
        exponent >>= 1
    return result


def two_key_ciphertext(key_a: bytes, key_b: bytes) -> bytes:
    """Ciphertext and tag that AES-256-GCM accepts under both keys, with HEADER and NONCE.

    The tag is linear in each ciphertext block, so one free block makes the two tags equal.
    """
    hash_a, hash_b = (int.from_bytes(aes(key, bytes(16)), "big") for key in (key_a, key_b))
    mask_a, mask_b = (
        int.from_bytes(aes(key, NONCE + b"\0\0\0\1"), "big") for key in (key_a, key_b)
    )
    fixed = bytes(16 * 3)  # and a free block behind it, which is multiplied by H^2
    gap = ghash(hash_a, HEADER, fixed + bytes(16)) ^ mask_a
    gap ^= ghash(hash_b, HEADER, fixed + bytes(16)) ^ mask_b
    slope = power(hash_a, 2) ^ power(hash_b, 2)
    free = times(gap, power(slope, 2**128 - 2))
    text = fixed + free.to_bytes(16, "big")
    return text + (ghash(hash_a, HEADER, text) ^ mask_a).to_bytes(16, "big")


def message_keys(seed: bytes) -> tuple[bytes, bytes]:
    info = frame(KEY_LABEL, hashlib.sha256(HEADER).digest())
    both = derive(seed, salt=SALT, info=info, size_bytes=64)
    return both[:32], both[32:]


def test_gcm_alone_opens_one_ciphertext_under_two_keys():
    (key_a, _), (key_b, _) = message_keys(b"\1" * 32), message_keys(b"\2" * 32)
    sealed = two_key_ciphertext(key_a, key_b)
    opened = {gcm_open(key, sealed, HEADER) for key in (key_a, key_b)}
    assert len(opened) == 2


def test_with_the_commitment_only_one_of_the_two_keys_opens_it():
    seeds = (b"\1" * 32, b"\2" * 32)
    sealed = two_key_ciphertext(*(message_keys(seed)[0] for seed in seeds))

    def opened(seed: bytes, commitment: bytes) -> bytes:
        return open_committed(
            seed, salt=SALT, label=KEY_LABEL, header=HEADER, sealed=commitment + sealed
        )

    commitments = [message_keys(seed)[1] for seed in seeds]
    for mine, other in ((0, 1), (1, 0)):
        assert len(opened(seeds[mine], commitments[mine])) == 64
        refused(Cause.SEALED, lambda m=mine, o=other: opened(seeds[m], commitments[o]))


def test_a_two_key_segment_opens_for_one_person_only(world: World):
    """Carried to two people with two seeds, the same body opens for whom it commits to."""
    seeds = {"vault-1": b"\1" * 32, "vault-2": b"\2" * 32}
    sealed = two_key_ciphertext(*(message_keys(seed)[0] for seed in seeds.values()))
    body = message_keys(seeds["vault-1"])[1] + sealed
    secrets = {vault: world.vault_keys.records_secret(vault) for vault in seeds}
    carried = {
        vault: SUITE.encrypt(
            seeds[vault], secrets[vault].private_key.public_key(), hpke_info(HEADER)
        )
        for vault in seeds
    }
    assert secrets["vault-1"].open(carried["vault-1"] + body, header=HEADER, salt=SALT)
    refused(
        Cause.SEALED,
        lambda: secrets["vault-2"].open(carried["vault-2"] + body, header=HEADER, salt=SALT),
    )


def test_another_secret_salt_label_or_header_gives_another_commitment():
    plain = {"salt": SALT, "label": KEY_LABEL, "header": HEADER}
    sealed = seal_committed(b"\1" * 32, content=b"content", **plain)
    assert open_committed(b"\1" * 32, sealed=sealed, **plain) == b"content"
    for name in plain:
        other = {**plain, name: b"other"}
        refused(Cause.SEALED, lambda o=other: open_committed(b"\1" * 32, sealed=sealed, **o))
        assert sealed[:32] != seal_committed(b"\1" * 32, content=b"content", **other)[:32]
    refused(Cause.SEALED, lambda: open_committed(b"\2" * 32, sealed=sealed, **plain))
