"""Bytes as text: base64url without padding (RFC 4648 section 5), as JOSE writes them."""

from __future__ import annotations

import base64


def encode_base64url(content: bytes) -> str:
    """The bytes as text."""
    return base64.urlsafe_b64encode(content).decode("ascii").rstrip("=")


def decode_base64url(text: str) -> bytes:
    """The bytes of a text; what is outside the alphabet is passed over. Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
