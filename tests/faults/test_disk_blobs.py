"""Blobs on a disk: names that file systems would mix up, altered bytes, and a disk that fails."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.errors import Busy, Damaged, LimitExceeded, OutcomeUnknown, StoreError, Taken

LONG = "L" * 250
NAMES = ["a", "a/b", "a/b/c", "A", "A/b", "a.p/1", "a-b", f"x/{LONG}/{LONG}", f"{'q' * 200}/r"]
# Change rule: this is format 1 of a blob file, and it can be read for as long as the hub exists.
FILE = (
    b"mydata-blob-1\n"
    + bytes.fromhex("c9052635eeb079d427bd360725ce94906853976dd559516ca781fd02030645ec")
    + b"hashes"
)


@pytest.fixture
def blobs(folder: Path) -> DiskBlobs:
    return DiskBlobs(folder, "tiles")


def test_format_one_of_a_blob_file_is_frozen(blobs: DiskBlobs, folder: Path) -> None:
    blobs.put_if_absent("Tile/0/x001", b"hashes")
    path = folder / "blobs/tiles/,tile=/0=/x001"
    assert path.read_bytes() == FILE
    assert path.stat().st_mode & 0o777 == 0o600


def test_names_that_a_disk_would_mix_up_are_kept_apart(blobs: DiskBlobs, folder: Path) -> None:
    for name in NAMES:
        blobs.put_if_absent(name, name.encode())
    assert [blobs.get(name) for name in NAMES] == [name.encode() for name in NAMES]
    assert list(blobs.names("")) == sorted(NAMES)
    assert list(blobs.names("a/")) == ["a/b", "a/b/c"]
    assert list(blobs.names("x/LL")) == [NAMES[7]]
    paths = [os.fspath(path.relative_to(folder)).lower() for _, path in blobs.files()]
    assert len(set(paths)) == len(NAMES)
    for name in NAMES:
        blobs.delete(name)
    assert list(blobs.names("")) == []


def test_every_altered_byte_is_damage(blobs: DiskBlobs, folder: Path) -> None:
    blobs.put_if_absent("name", b"content")
    path = folder / "blobs/tiles/name"
    whole = path.read_bytes()
    for position in range(len(whole)):
        altered = bytearray(whole)
        altered[position] ^= 1
        path.write_bytes(altered)
        with pytest.raises(Damaged):
            blobs.get("name")
        path.write_bytes(whole[:position])
        with pytest.raises(Damaged):
            blobs.get("name")


def test_a_damaged_blob_is_neither_confirmed_nor_replaced(blobs: DiskBlobs, folder: Path) -> None:
    blobs.put_if_absent("name", b"content")
    (folder / "blobs/tiles/name").write_bytes(b"garbage")
    with pytest.raises(Damaged):
        blobs.put_if_absent("name", b"content")


def test_other_bytes_under_a_name_are_refused(blobs: DiskBlobs) -> None:
    blobs.put_if_absent("name", b"first")
    blobs.put_if_absent("name", b"first")
    with pytest.raises(Taken):
        blobs.put_if_absent("name", b"second")
    assert blobs.get("name") == b"first"


@pytest.mark.parametrize("bucket", ["", ".", "..", "a/b", ".hidden", "a" * 64])
def test_a_bucket_cannot_leave_its_folder(folder: Path, bucket: str) -> None:
    with pytest.raises(LimitExceeded):
        DiskBlobs(folder, bucket)


@pytest.mark.parametrize(
    ("number", "error"), [(errno.ENOSPC, Busy), (errno.EIO, Busy), (errno.EROFS, StoreError)]
)
def test_a_disk_that_fails_before_the_link_stores_nothing(
    blobs: DiskBlobs, monkeypatch: pytest.MonkeyPatch, number: int, error: type[StoreError]
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, "the disk")

    blobs.put_if_absent("other", b"")
    with monkeypatch.context() as patched:
        patched.setattr(os, "link", fail)
        with pytest.raises(error):
            blobs.put_if_absent("name", b"content")
    assert list(blobs.names("")) == ["other"]
    blobs.put_if_absent("name", b"content")


def test_a_disk_that_fails_after_the_link_leaves_the_outcome_unknown(
    blobs: DiskBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs.put_if_absent("other", b"")
    synced: list[int] = []
    fsync = os.fsync

    def fail_second(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 2:
            raise OSError(errno.EIO, "the disk")
        fsync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail_second)
        with pytest.raises(OutcomeUnknown):
            blobs.put_if_absent("name", b"content")
    blobs.put_if_absent("name", b"content")
    assert blobs.get("name") == b"content"
