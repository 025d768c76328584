"""Signer: a long-lived signing key that never leaves the engine."""

from __future__ import annotations

from typing import Final, Literal, Protocol

MAX_SIGNED_BYTES: Final = 4096  # KMS signs messages up to this size; sign a hash of longer ones
Algorithm = Literal["ES256", "EdDSA"]


class Signer(Protocol):
    """One key pair. Safe to share between threads."""

    @property
    def algorithm(self) -> Algorithm:
        """ES256 (RFC 7518 section 3.4) for tokens, EdDSA with Ed25519 (RFC 8037) for the log."""
        ...

    def public_key(self) -> bytes:
        """The public key as DER SubjectPublicKeyInfo (RFC 5280); the same at every call."""
        ...

    def sign(self, message: bytes) -> bytes:
        """A signature over `message`: 64 bytes, `r || s` for ES256 as RFC 7518 writes it.

        Raises LimitExceeded for an empty message or one over MAX_SIGNED_BYTES, and Busy.
        """
        ...
