"""The vault: sealing and opening beside raw AES-256-GCM and beside `aws-encryption-sdk`.

Raw is AES-GCM alone under a key that is there already. What a segment costs besides (compression,
SHA-256 and signature of the envelope) is not in it; the SDK writes a message of its format under
a local wrapping key, with its key commitment and without its signature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.identifiers import (
    AlgorithmSuite,
    EncryptionKeyType,
    WrappingAlgorithm,
)
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from mydata_hub.ports.clock import SystemEntropy
from mydata_hub.vault.committing import gcm_open, gcm_seal, open_committed, seal_committed
from mydata_hub.vault.opening import load_records_secret
from mydata_hub.vault.sealing import CARRIED_SEED_BYTES, KEY_LABEL, seal

from tests.bench.ratio import Ratio, interleaved

NAME = "vault"
SIZES = {"1 KB": 1024, "64 KB": 64 * 1024, "1 MB": 1024 * 1024}
HEADER = b"h" * 420  # about the header of a real segment
SEED = bytes(32)
MEGABYTE = 1_000_000
RAW = "AES-256-GCM alone"
SDK = "aws-encryption-sdk"
# The goal holds with the key set up already at 64 KB, and with setting it up at 1 MB.
GOALS = {
    ("the cipher's part", "64 KB"): ">= 0.8",
    ("the cipher's part", "1 MB"): ">= 0.8",
    ("all of it", "1 MB"): ">= 0.8",
}

Act = Callable[[], object]


class _LocalKeys(RawMasterKeyProvider):  # type: ignore[misc]
    """One wrapping key in memory: the least that the SDK can be asked to do."""

    provider_id = "bench"

    def _get_raw_key(self, key_id: bytes) -> WrappingKey:
        return WrappingKey(
            wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
            wrapping_key=SEED,
            wrapping_key_type=EncryptionKeyType.SYMMETRIC,
        )


def run() -> Sequence[Ratio]:
    """Seal and open packed contents of three sizes, part by part."""
    ratios: list[Ratio] = []
    for size, size_bytes in SIZES.items():
        content = SystemEntropy().token(size_bytes)
        raw = {
            "seal": partial(AESGCM(SEED).encrypt, bytes(12), content, HEADER),
            "open": partial(
                AESGCM(SEED).decrypt,
                bytes(12),
                AESGCM(SEED).encrypt(bytes(12), content, HEADER),
                HEADER,
            ),
        }
        for part, act, ours in _parts(content):
            goal = GOALS.get((part, size), "reported")
            ratios.append(_beside(f"{act} {size}, {part}", ours, RAW, raw[act], content, goal))
        for act, theirs in _sdk(content).items():
            (ours,) = [one for part, name, one in _parts(content) if (part, name) == (WHOLE, act)]
            goal = ">= 20" if size == "64 KB" else "reported"
            ratios.append(_beside(f"{act} {size}, {WHOLE}", ours, SDK, theirs, content, goal))
    return ratios


WHOLE = "all of it"


def _parts(content: bytes) -> Iterator[tuple[str, str, Act]]:
    """What sealing is made of: the cipher under a key; the key and its commitment; the seed."""
    secret = load_records_secret(SystemEntropy().token(64), 1)
    key: dict[str, Any] = {"header": HEADER, "salt": b"s"}
    sealed = bytes(seal(secret.public_key, content=content, seed=SEED, **key))
    body = memoryview(sealed)[CARRIED_SEED_BYTES:]
    ciphered = bytes(gcm_seal(SEED, content, HEADER))
    yield "the cipher's part", "seal", partial(gcm_seal, SEED, content, HEADER)
    yield "the cipher's part", "open", partial(gcm_open, SEED, ciphered, HEADER)
    committed = partial(seal_committed, SEED, label=KEY_LABEL, content=content, **key)
    yield "key and commitment too", "seal", committed
    uncommitted = partial(open_committed, SEED, label=KEY_LABEL, sealed=body, **key)
    yield "key and commitment too", "open", uncommitted
    yield WHOLE, "seal", partial(seal, secret.public_key, content=content, seed=SEED, **key)
    yield WHOLE, "open", partial(secret.open, sealed, **key)


def _sdk(content: bytes) -> dict[str, Act]:
    client = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    keys = _LocalKeys()
    keys.add_master_key("bench")
    context = {"header": HEADER.decode()}
    suite = AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
    encrypt = partial(
        client.encrypt,
        source=content,
        key_provider=keys,
        encryption_context=context,
        algorithm=suite,
    )
    message, _ = encrypt()
    return {
        "seal": encrypt,
        "open": partial(client.decrypt, source=message, key_provider=keys),
    }


def _beside(what: str, ours: Act, peer: str, theirs: Act, content: bytes, goal: str) -> Ratio:
    each = 20 if peer == SDK else 100
    rates = interleaved(ours, theirs, rounds=9, each=each)
    microseconds = [1_000_000 / rate for rate in rates]
    print(f"{what}: {microseconds[0]:.0f} us, {peer} {microseconds[1]:.0f} us")
    speeds = [rate * len(content) / MEGABYTE for rate in rates]
    return Ratio(what=what, ours=speeds[0], peer=peer, theirs=speeds[1], unit="MB/s", goal=goal)
