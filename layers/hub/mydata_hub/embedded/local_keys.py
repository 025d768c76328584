"""Keys on a laptop: whatever a data folder wraps opens with its root key, and with no other.

The layout of wrapped bytes is local_wrapping.py's, the files are root_key.py's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mydata_hub.embedded.durable_files import disk_errors
from mydata_hub.embedded.local_wrapping import (
    is_under,
    master_key,
    unopenable,
    unwrap_under,
    wrap_under,
)
from mydata_hub.embedded.root_key import FILE_NAME, Roots, make_root_key, read_roots
from mydata_hub.ports.keys import check_secret


@dataclass(frozen=True, slots=True)
class _Masters:
    """What wraps today and what did before, and the file that they were read from."""

    stamp: tuple[int, int] | None
    present: bytes = field(repr=False)
    former: tuple[bytes, ...] = field(repr=False)


class LocalKeys:
    """The keys port on `<folder>/root.key`. Whoever can read that file can open everything.

    A key that was renewed by another process counts from the next call on. Safe between threads.
    """

    def __init__(self, folder: Path, key_id: str) -> None:
        """Create the root key where there is none yet. Raises Damaged, Busy, StoreError."""
        self._folder = folder
        self._key_id = key_id
        self._masters = self._read(read_roots(folder) or make_root_key(folder))

    def wrap(self, secret: bytes, context: Mapping[str, str]) -> bytes:
        """Encrypt and authenticate, bound to `context`. Raises LimitExceeded."""
        check_secret(secret, context)
        return wrap_under(self._newest().present, secret, context)

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Give the secret back. Raises Unopenable, alike for every cause."""
        masters = self._newest()
        for master in (masters.present, *masters.former):
            if is_under(master, wrapped):
                return unwrap_under(master, wrapped, context)
        raise unopenable()

    def rewrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """See the port; what is under the present root key comes back as it is."""
        secret = self.unwrap(wrapped, context)
        present = self._newest().present
        return wrapped if is_under(present, wrapped) else wrap_under(present, secret, context)

    def _newest(self) -> _Masters:
        stamp = self._stamp()
        # A file that is gone for a moment or for good is no reason to forget what opens.
        if stamp is not None and stamp != self._masters.stamp:
            roots = read_roots(self._folder)
            if roots is not None:
                self._masters = self._read(roots, stamp)
        return self._masters

    def _read(self, roots: Roots, stamp: tuple[int, int] | None = None) -> _Masters:
        return _Masters(
            # Of before the file was read: whatever is put there since is seen at the next call.
            stamp,
            master_key(roots.present, self._key_id),
            tuple(master_key(one, self._key_id) for one in roots.former),
        )

    def _stamp(self) -> tuple[int, int] | None:
        with disk_errors():
            try:
                found = (self._folder / FILE_NAME).stat()
            except FileNotFoundError:
                return None
        return found.st_ino, found.st_mtime_ns
