"""Sealing: what anyone with a vault's public key can do, and nobody without its secret can undo.

HPKE (RFC 9180) in base mode carries a fresh seed of 32 bytes to the vault; from the seed come the
key and the commitment of one message. Suite 1: KEM MLKEM768_X25519 (X-Wing, 0x647A, a hybrid that
holds while either half does), HKDF-SHA256 (0x0001), AES-256-GCM (0x0002). Base mode proves nobody's
authorship: that is what a segment's signature is for. This module cannot open.
"""

from __future__ import annotations

import hashlib
from typing import Final

from mydata_hub.errors import Damaged
from mydata_hub.vault.committing import OVERHEAD_BYTES, seal_committed
from mydata_hub.vault.framing import frame
from mydata_hub.xwing import SUITE as HPKE
from mydata_hub.xwing import load_public_key

FORMAT: Final = 1
SUITE: Final = 1
SEED_BYTES: Final = 32
PUBLIC_KEY_BYTES: Final = 1216
# What HPKE makes of a seed: the encapsulated key (1120), the seed (32) and its tag (16).
CARRIED_SEED_BYTES: Final = 1168
SEALING_OVERHEAD_BYTES: Final = CARRIED_SEED_BYTES + OVERHEAD_BYTES
SEED_LABEL: Final = b"mydata-hub segment seed 1"
KEY_LABEL: Final = b"mydata-hub segment key 1"


def seal(
    public_key: bytes,
    *,
    header: bytes,
    salt: bytes,
    content: bytes,
    seed: bytes,
    prefix: bytes = b"",
) -> bytearray:
    """The carried seed, the commitment, the ciphertext and the tag of `content`, behind `prefix`.

    `header` is bound to all of them; `seed` is 32 fresh random bytes; `salt` names the message.
    Raises Damaged for a public key that is none.
    """
    try:
        carried = HPKE.encrypt(seed, load_public_key(public_key), hpke_info(header))
    except (ValueError, Damaged):
        # None at all, or with an X25519 point of small order.
        raise Damaged("a vault's public key is not one") from None
    return seal_committed(
        seed,
        salt=salt,
        label=KEY_LABEL,
        header=header,
        content=content,
        prefix=prefix + carried,
    )


def hpke_info(header: bytes) -> bytes:
    """The `info` of HPKE: pyca's HPKE takes no associated data, so the header's hash is here."""
    return frame(SEED_LABEL, hashlib.sha256(header).digest())
