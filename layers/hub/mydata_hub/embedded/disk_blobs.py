"""Blobs as files: the embedded engine's adapter of the blob port.

Format 1 of a blob file: the line "mydata-blob-1", 32 bytes of SHA-256, the content. The hash runs
over the length of the name in 4 bytes (big-endian), the name and the content, so it finds altered
bytes and files that were moved. Change rule: another layout takes another first line; readers
accept it one release before writers write it.

Where a blob lies: each part of its name but the last becomes a folder with "=" behind it, so that
"a" and "a/b" can both exist; a capital letter becomes "," and the small one, for disks that do not
tell them apart; a part longer than a file name may be is cut by folders with "~" behind them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mydata_hub.embedded.durable_files import (
    SCRATCH_PREFIX,
    disk_errors,
    make_folder,
    settle_folder,
    sync_folder,
    write_once,
)
from mydata_hub.errors import BlobMissing, Damaged, LimitExceeded, Taken
from mydata_hub.ports.blobs import check_blob

FOLDER_NAME: Final = "blobs"
MAX_PART_BYTES: Final = 200
_MAGIC: Final = b"mydata-blob-1\n"
_HASH_BYTES: Final = 32
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}")


class DiskBlobs:
    """The blob port on `<folder>/blobs/<bucket>`. Safe for many threads and many processes."""

    def __init__(self, folder: Path, bucket: str) -> None:
        """Touches no disk. Raises LimitExceeded for a bucket's name that S3 would refuse."""
        if not _BUCKET.fullmatch(bucket):
            raise LimitExceeded("a bucket's name is not made of the allowed letters")
        self._root = folder / FOLDER_NAME / bucket
        self._durable: set[Path] = set()

    def put_if_absent(self, name: str, content: bytes) -> None:
        """Store, durable on return; the same bytes again are a success.

        Raises Taken, LimitExceeded, Busy (nothing stored), OutcomeUnknown (put it again),
        Damaged when the name holds bytes that nobody put.
        """
        check_blob(name, len(content))
        path = self._path(name)
        self._make_durable(path.parent)
        if not path.exists() and write_once(path, _seal(name, content)):
            return
        if self.get(name) != content:
            raise Taken("other bytes have this name")
        # Another process may have linked the file and not yet made the link durable.
        settle_folder(path.parent)

    def get(self, name: str) -> bytes:
        """The bytes as they were put. Raises BlobMissing, Damaged, LimitExceeded, Busy."""
        check_blob(name)
        with disk_errors():
            try:
                stored = self._path(name).read_bytes()
            except FileNotFoundError:
                raise BlobMissing("no blob has this name") from None
        head = len(_MAGIC) + _HASH_BYTES
        content = stored[head:]
        if stored[:head] != _MAGIC + _hash(name, content):
            raise Damaged("a blob is not what was put")
        return content

    def delete(self, name: str) -> None:
        """Remove the blob, durable on return; an absent one is a success.

        Raises Busy (nothing removed), OutcomeUnknown (remove it again).
        """
        check_blob(name)
        path = self._path(name)
        with disk_errors():
            path.unlink(missing_ok=True)
        # Also for an absent one: the try before this one may have ended as unknown.
        if path.parent.is_dir():
            settle_folder(path.parent)

    def names(self, prefix: str) -> Iterator[str]:
        """Names that start with `prefix`, in order of their bytes. Raises Busy."""
        yield from sorted(name for name, path in self.files(prefix) if self.is_blob(name, path))

    def files(self, prefix: str = "") -> Iterator[tuple[str, Path]]:
        """What lies in the bucket's folder, whoever put it there: (name it would have, path)."""
        if self._root.is_dir():
            for escaped, path in self._walk(self._root, "", _escape(prefix)):
                yield _unescape(escaped), path

    def is_blob(self, name: str, path: Path) -> bool:
        """Whether a file that `files` gave is where a blob of that name belongs."""
        return path == self._path_or_none(name)

    def _walk(self, folder: Path, so_far: str, prefix: str) -> Iterator[tuple[str, Path]]:
        with disk_errors():
            paths = sorted(folder.iterdir())
        for path in paths:
            if path.name.startswith(SCRATCH_PREFIX):
                continue
            if path.is_dir():
                deeper = so_far + _joined(path.name)
                if deeper.startswith(prefix) or prefix.startswith(deeper):
                    yield from self._walk(path, deeper, prefix)
            elif (so_far + path.name).startswith(prefix):
                yield so_far + path.name, path

    def _path_or_none(self, name: str) -> Path | None:
        try:
            check_blob(name)
        except LimitExceeded:
            return None
        return self._path(name)

    def _path(self, name: str) -> Path:
        *folders, last = _escape(name).split("/")
        parts = [piece for part in folders for piece in _cut(part, "=")]
        return self._root.joinpath(*parts, *_cut(last, ""))

    def _make_durable(self, folder: Path) -> None:
        # A folder that another process has just made is not yet durable for us.
        if folder in self._durable:
            return
        make_folder(folder)
        for path in (folder, *folder.parents):
            sync_folder(path.parent)
            if path == self._root:
                break
        self._durable.add(folder)


def _seal(name: str, content: bytes) -> bytes:
    return _MAGIC + _hash(name, content) + content


def _hash(name: str, content: bytes) -> bytes:
    encoded = name.encode()
    digest = hashlib.sha256(len(encoded).to_bytes(4, "big") + encoded)
    digest.update(content)
    return digest.digest()


def _cut(part: str, ending: str) -> Iterator[str]:
    while len(part) > MAX_PART_BYTES:
        yield part[:MAX_PART_BYTES] + "~"
        part = part[MAX_PART_BYTES:]
    yield part + ending


def _joined(folder_name: str) -> str:
    return folder_name[:-1] + ("/" if folder_name.endswith("=") else "")


def _escape(text: str) -> str:
    return re.sub("[A-Z]", lambda found: "," + found[0].lower(), text)


def _unescape(text: str) -> str:
    return re.sub(",(.)", lambda found: found[1].upper(), text)
