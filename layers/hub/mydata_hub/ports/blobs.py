"""Blobs: immutable bytes under a name, written once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Protocol

from mydata_hub.errors import LimitExceeded

MAX_BLOB_BYTES: Final = 64 * 1024 * 1024
MAX_NAME_BYTES: Final = 512
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


class Blobs(Protocol):
    """The blob port. Safe to share between threads. Every method may raise Busy."""

    def put_if_absent(self, name: str, content: bytes) -> None:
        """Store `content` under `name`, whole and durable on return; never overwrites.

        The same bytes again are a success, so a retry after a lost answer is safe. Raises Taken
        when other bytes have the name, LimitExceeded, OutcomeUnknown (safe to retry).
        """
        ...

    def get(self, name: str) -> bytes:
        """The bytes as they were put. Raises BlobMissing, Damaged."""
        ...

    def delete(self, name: str) -> None:
        """Remove the blob; removing an absent one is a success. For erasure and expiry only."""
        ...

    def names(self, prefix: str) -> Iterator[str]:
        """Names that start with `prefix`, in order; a name put or deleted meanwhile may or may
        not be among them."""
        ...


def check_blob(name: str, size_bytes: int = 0) -> None:
    """Refuse what either engine would refuse: both adapters call this first.

    Names are slash-separated parts of letters, digits, ".", "_" and "-" that do not begin with
    a dot, so no name can leave the folder it is kept in. Raises LimitExceeded.
    """
    if len(name) > MAX_NAME_BYTES or not _NAME.fullmatch(name):
        raise LimitExceeded("a blob name is not made of the allowed letters, or is too long")
    if size_bytes > MAX_BLOB_BYTES:
        raise LimitExceeded(f"a blob of {size_bytes} bytes; at most {MAX_BLOB_BYTES}")
