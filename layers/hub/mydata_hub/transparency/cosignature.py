"""Cosignatures: a witness's word that a checkpoint continues all it has seen of a log before.

C2SP tlog-cosignature, the Ed25519 kind (`cosignature/v1`): a line of the signed note that holds an
instant and a signature over that instant and the checkpoint's text.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mydata_hub.errors import NotProven
from mydata_hub.transparency.checkpoint import VerifierKey, open_note

TIME_BYTES: Final = 8
# The end of the year 9999: what a datetime can say. The format allows more and nobody needs it.
MAX_POSIX_SECONDS: Final = 253_402_300_799


def verify_cosignature(note: bytes, key: VerifierKey) -> datetime:
    """When this witness cosigned the checkpoint in a note: the latest of its lines.

    The note's other signatures, the log's own included, are not looked at. Raises NotProven,
    naming "checkpoint".
    """
    opened = open_note(note)
    verifier = Ed25519PublicKey.from_public_bytes(key.public)
    latest = -1
    for stamped in opened.signatures_of(key):
        seconds = int.from_bytes(stamped[:TIME_BYTES], "big")
        try:
            verifier.verify(stamped[TIME_BYTES:], cosigned_message(opened.text, seconds))
        except InvalidSignature:
            raise NotProven("checkpoint", f"the cosignature of {key.name} is wrong") from None
        if seconds > MAX_POSIX_SECONDS:
            raise NotProven("checkpoint", f"the cosignature of {key.name} has no instant")
        latest = max(latest, seconds)
    if latest < 0:
        raise NotProven("checkpoint", f"not cosigned by {key.name}")
    return datetime.fromtimestamp(latest, UTC)


def cosigned_message(text: bytes, seconds: int) -> bytes:
    """What a witness signs: the instant, and the checkpoint's text."""
    return f"cosignature/v1\ntime {seconds}\n".encode() + text
