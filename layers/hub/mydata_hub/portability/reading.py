"""Reading an archive: refused unless every file is the one that its manifest lists.

An archive comes from anywhere. Names, sizes and ratios are looked at before anything is
decompressed, and no more is ever read of a file than the manifest says it has.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from mydata_hub.errors import BadInput
from mydata_hub.portability.archive import (
    MANIFEST,
    MAX_FILES,
    MAX_LINE_BYTES,
    MAX_MANIFEST_BYTES,
    ArchiveManifest,
    File,
    read_manifest,
)

MAGIC: Final = b"PK\x03\x04"
# Records compress 6 to 30 times; deflate can reach 1032 times, and then it is zeros.
MAX_RATIO: Final = 200
_SMALL_BYTES: Final = 64 * 1024
_ENCRYPTED: Final = 0x1
_CHUNK_BYTES: Final = 64 * 1024

# How many bytes of how many have been checked.
Progress = Callable[[int, int], None]


class Archive:
    """An archive whose members and manifest fit each other; `verify` holds the bytes to them.

    Everything raises BadInput: the field is the file that is wrong, the text says what is.
    """

    def __init__(self, stream: BinaryIO) -> None:
        try:
            self._zip = ZipFile(stream)
        except (BadZipFile, LargeZipFile, ValueError, EOFError, NotImplementedError):
            raise BadInput("archive", "is cut short or no ZIP file; take it anew") from None
        self._members = _members(self._zip)
        info = self._members.get(MANIFEST)
        if info is None:
            raise BadInput(
                MANIFEST, "is not in this ZIP: it is no archive of a hub, or was not finished"
            )
        if info.file_size > MAX_MANIFEST_BYTES:
            raise BadInput(MANIFEST, f"takes at most {MAX_MANIFEST_BYTES} bytes")
        self.manifest: ArchiveManifest = read_manifest(b"".join(self._chunks(info)))
        self._compare_with_members()

    def lines(self, file: File) -> Iterator[bytes]:
        """The lines of a file without their ends, some thousands of bytes at a time."""
        rest = b""
        for chunk in self._chunks(self._members[file.name]):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
            if len(rest) > MAX_LINE_BYTES:
                raise BadInput(file.name, f"has a line of over {MAX_LINE_BYTES} bytes")
        if rest:
            raise BadInput(file.name, "does not end with a line end")

    def verify(self, progress: Progress = lambda *_: None) -> None:
        """Check every file against the manifest: its bytes, its lines and its SHA-256."""
        total, done = sum(file.bytes for file in self.manifest.files), 0
        for file in self.manifest.files:
            hashed, lines = hashlib.sha256(), 0
            for chunk in self._chunks(self._members[file.name]):
                hashed.update(chunk)
                lines += chunk.count(b"\n")
                done += len(chunk)
                progress(done, total)
            if hashed.hexdigest() != file.sha256:
                raise BadInput(file.name, "has other bytes than the manifest says; take it anew")
            if lines != file.lines:
                raise BadInput(file.name, f"has {lines} lines, and the manifest says {file.lines}")

    def _compare_with_members(self) -> None:
        listed = [file.name for file in self.manifest.files]
        if len(set(listed)) < len(listed):
            raise BadInput(MANIFEST, "lists a file twice")
        for name in sorted(set(listed) - self._members.keys()):
            raise BadInput(name, "is listed and not in the archive; take it anew")
        for name in sorted(self._members.keys() - {*listed, MANIFEST}):
            raise BadInput(_told(name), "is in the archive and not listed; take the archive anew")
        for file in self.manifest.files:
            if self._members[file.name].file_size != file.bytes:
                raise BadInput(file.name, "has another size than the manifest says; take it anew")

    def _chunks(self, info: ZipInfo) -> Iterator[bytes]:
        left = info.file_size
        try:
            with self._zip.open(info) as opened:
                while chunk := opened.read(min(_CHUNK_BYTES, left + 1)):
                    left -= len(chunk)
                    if left < 0:
                        raise BadInput(info.filename, "holds more than it says; take it anew")
                    yield chunk
        except (BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError):
            raise BadInput(info.filename, "cannot be unpacked; take the archive anew") from None
        if left:
            raise BadInput(info.filename, "is cut short; take the archive anew")


def _members(opened: ZipFile) -> dict[str, ZipInfo]:
    infos = opened.infolist()
    if len(infos) > MAX_FILES + 1:
        raise BadInput("archive", f"has over {MAX_FILES} files")
    members: dict[str, ZipInfo] = {}
    for info in infos:
        name = info.orig_filename
        if info.filename in members:
            raise BadInput(_told(name), "is in the archive twice")
        if name.startswith("/") or "\\" in name or ".." in name or "\0" in name or ":" in name:
            raise BadInput(_told(name), "has a name that leads out of the archive")
        if info.is_dir() or info.flag_bits & _ENCRYPTED:
            raise BadInput(_told(name), "is a folder or locked, as no file of an archive is")
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise BadInput(_told(name), "is compressed in another way than deflate")
        unpacked = info.file_size > max(_SMALL_BYTES, MAX_RATIO * info.compress_size)
        if unpacked:
            raise BadInput(_told(name), f"would unpack to over {MAX_RATIO} times its size")
        members[info.filename] = info
    return members


def _told(name: str) -> str:
    """A name as it may be shown: what no file of ours is called could be anything."""
    return name if name.isprintable() and len(name) <= 120 else "a file"
