"""The vault: sealing and opening beside raw AES-256-GCM of the same bytes, in microseconds too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from mydata_hub.ports.clock import SystemEntropy
from mydata_hub.vault.committing import open_committed, seal_committed
from mydata_hub.vault.opening import load_records_secret
from mydata_hub.vault.sealing import CARRIED_SEED_BYTES, KEY_LABEL, seal

from tests.bench.ratio import Ratio, interleaved

NAME = "vault"
SIZES = {"1 KB": 1024, "64 KB": 64 * 1024, "1 MB": 1024 * 1024}
HEADER = b"h" * 420  # about the header of a real segment
SEED = bytes(32)
MEGABYTE = 1_000_000


def run() -> Sequence[Ratio]:
    """Seal and open packed contents of three sizes: HPKE, key derivation, commitment and AES-GCM.

    Raw is AES-GCM alone under a key that is there already. What a segment costs besides (zlib,
    SHA-256 and signature of the envelope) is not in it.
    """
    secret = load_records_secret(SystemEntropy().token(64), 1)
    return [
        ratio
        for name, size_bytes in SIZES.items()
        for ratio in _of_size(
            name, SystemEntropy().token(size_bytes), secret.public_key, secret.open
        )
    ]


def _of_size(
    name: str, content: bytes, public_key: bytes, open_sealed: Callable[..., bytes]
) -> list[Ratio]:
    raw_key, nonce = AESGCM(bytes(32)), bytes(12)
    raw = raw_key.encrypt(nonce, content, HEADER)
    sealed = bytes(seal(public_key, header=HEADER, salt=b"s", content=content, seed=SEED))
    body = memoryview(sealed)[CARRIED_SEED_BYTES:]

    def seal_it() -> None:
        seal(public_key, header=HEADER, salt=b"s", content=content, seed=SEED)

    def open_it() -> None:
        assert len(open_sealed(sealed, header=HEADER, salt=b"s")) == len(content)

    def commit_it() -> None:
        seal_committed(SEED, salt=b"s", label=KEY_LABEL, header=HEADER, content=content)

    def uncommit_it() -> None:
        open_committed(SEED, salt=b"s", label=KEY_LABEL, header=HEADER, sealed=body)

    def encrypt() -> None:
        raw_key.encrypt(nonce, content, HEADER)

    def decrypt() -> None:
        raw_key.decrypt(nonce, raw, HEADER)

    rounds: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
        "seal": (seal_it, encrypt),
        "open": (open_it, decrypt),
        "seal, seed carried already,": (commit_it, encrypt),
        "open, seed carried already,": (uncommit_it, decrypt),
    }
    found: list[Ratio] = []
    for act, (ours, theirs) in rounds.items():
        rates = interleaved(ours, theirs, rounds=7, each=100)
        microseconds = [1_000_000 / rate for rate in rates]
        print(f"{act} {name}: {microseconds[0]:.0f} us, raw AES-GCM {microseconds[1]:.0f} us")
        speeds = [rate * len(content) / MEGABYTE for rate in rates]
        found.append(
            Ratio(
                what=f"{act} {name} for a vault",
                ours=speeds[0],
                peer="AES-256-GCM alone",
                theirs=speeds[1],
                unit="MB/s",
            )
        )
    return found
