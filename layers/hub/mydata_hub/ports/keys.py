"""Keys: wrap and unwrap small secrets under a master key that never leaves the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from mydata_hub.errors import LimitExceeded

# The limits of AWS KMS Encrypt, kept alike by both engines.
MAX_SECRET_BYTES: Final = 4096
MAX_CONTEXT_BYTES: Final = 8192


class Keys(Protocol):
    """One master key. What holds this port can open whatever the key protects: the zones decide
    who gets it."""

    def wrap(self, secret: bytes, context: Mapping[str, str]) -> bytes:
        """Encrypt and authenticate `secret`, bound to `context`. Raises LimitExceeded, Busy."""
        ...

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Give the secret back. Raises Unopenable, alike for another key, another context and
        damaged or foreign bytes, and Busy."""
        ...

    def rewrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """The same secret under the master key as it is today, wherever it was wrapped before.

        Bytes that are so already may come back as they are. Raises as `unwrap`.
        """
        ...


def check_secret(secret: bytes, context: Mapping[str, str]) -> None:
    """Refuse what either engine would refuse: both adapters call this first.

    A context is never empty: bytes that are bound to nothing open anywhere. It appears in the
    provider's audit trail in clear, so it must not name a person. Raises LimitExceeded.
    """
    if not 0 < len(secret) <= MAX_SECRET_BYTES:
        raise LimitExceeded(f"a secret takes 1 to {MAX_SECRET_BYTES} bytes")
    if not context:
        raise LimitExceeded("a secret must be bound to a context")
    if sum(len(name.encode()) + len(text.encode()) for name, text in context.items()) > (
        MAX_CONTEXT_BYTES
    ):
        raise LimitExceeded(f"a context takes at most {MAX_CONTEXT_BYTES} bytes")
