"""Framing: several byte strings as one, so that no two lists of parts give the same bytes."""

from __future__ import annotations

from typing import Final

from mydata_hub.vault.refusal import Cause, NotOpened

_LENGTH_BYTES: Final = 4
_NUMBER_BYTES: Final = 8


def frame(*parts: bytes) -> bytes:
    """Each part behind its length in 4 bytes, most significant first."""
    return b"".join(len(part).to_bytes(_LENGTH_BYTES, "big") + part for part in parts)


def number(value: int) -> bytes:
    """A count or version in 8 bytes, most significant first."""
    return value.to_bytes(_NUMBER_BYTES, "big")


def unframe(framed: bytes, at: int, parts: int, maximum_bytes: int) -> tuple[list[bytes], int]:
    """`parts` framed parts from the offset `at` on, and the offset behind them.

    Raises NotOpened for a part that is empty, over `maximum_bytes` or not all there.
    """
    found: list[bytes] = []
    for _ in range(parts):
        begin = at + _LENGTH_BYTES
        size_bytes = int.from_bytes(framed[at:begin], "big")
        if not 0 < size_bytes <= min(maximum_bytes, len(framed) - begin):
            raise NotOpened(Cause.MALFORMED)
        at = begin + size_bytes
        found.append(framed[begin:at])
    return found, at
