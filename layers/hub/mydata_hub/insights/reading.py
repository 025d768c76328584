"""One reading of profiles: what it has unpacked once it does not unpack again, until it is over.

An answer may rest on a dozen insights, a page on all of them, and each reads the same few series.
Nothing is kept for the next reading: what was in a vault stays in no process.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeVar

Read = TypeVar("Read")
_UNPACKED: Final[ContextVar[dict[Hashable, Any] | None]] = ContextVar("unpacked", default=None)


@contextmanager
def one_reading() -> Iterator[None]:
    """Everything read in this block is one reading; one within another is part of it."""
    if _UNPACKED.get() is not None:
        yield
        return
    token = _UNPACKED.set({})
    try:
        yield
    finally:
        _UNPACKED.reset(token)


def once(key: Hashable, read: Callable[[], Read]) -> Read:
    """What `read` gives, which nobody may change; read once in one reading.

    Everything that it depends on must be in the key.
    """
    unpacked = _UNPACKED.get()
    if unpacked is None:
        return read()
    if key not in unpacked:
        unpacked[key] = read()
    found: Read = unpacked[key]
    return found
