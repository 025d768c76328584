"""Signing of checkpoints, by the log and by a witness; what verifies them needs none of this."""

from __future__ import annotations

import base64
from datetime import datetime

from mydata_hub.ports.signer import Signer
from mydata_hub.transparency.checkpoint import Checkpoint, VerifierKey
from mydata_hub.transparency.cosignature import TIME_BYTES, cosigned_message


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """The signed note; the key's name is the origin. Raises NotProven, Busy."""
    text = checkpoint.text()
    key = VerifierKey.of(checkpoint.origin, signer.public_key())
    signature = base64.b64encode(key.key_id + signer.sign(text)).decode()
    return text + f"\n— {checkpoint.origin} {signature}\n".encode()


def cosign(text: bytes, key: VerifierKey, signer: Signer, now: datetime) -> str:
    """The signature line, with its newline, by which a witness says `now`. Raises Busy."""
    seconds = int(now.timestamp())
    signature = signer.sign(cosigned_message(text, seconds))
    stamped = key.key_id + seconds.to_bytes(TIME_BYTES, "big") + signature
    return f"— {key.name} {base64.b64encode(stamped).decode()}\n"
