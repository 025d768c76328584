"""Where a log is read from at the command line: a hub over HTTP, or a folder."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx

from mydata_hub.cli.client import http_client
from mydata_hub.embedded.durable_files import (
    SCRATCH_PREFIX,
    make_folder,
    sync_folder,
    write_once,
)
from mydata_hub.errors import BlobMissing, NotProven

# A full bundle of the largest entries; more is not an object of any log.
MAX_OBJECT_BYTES: Final = 17 * 1024 * 1024
INCOMING: Final = "incoming"
# Checkpoints as they were mirrored, each by the instant: what "two dates" are compared by.
KEPT: Final = "checkpoints"
REFUSED: Final = "refused"
# The instant of a kept checkpoint, which sorts, and which every file system takes.
INSTANT: Final = "%Y-%m-%dT%H%M%SZ"


def log_client(url: str) -> httpx.Client:
    """A client below the log's prefix."""
    return http_client(url.rstrip("/") + "/log/")


@dataclass(frozen=True, slots=True)
class HttpSource:
    """A log as a hub serves it."""

    client: httpx.Client

    def get(self, name: str) -> bytes:
        """The object. Raises BlobMissing, httpx.HTTPError."""
        answer = self.client.get(name)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise BlobMissing(f"{name} is not there")
        answer.raise_for_status()
        if len(answer.content) > MAX_OBJECT_BYTES:
            raise NotProven(name, "larger than any object of a log")
        return answer.content

    def tile_names(self) -> None:
        """HTTP lists nothing: what the checkpoint does not name is never asked for."""


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A log as files under its own paths: `checkpoint`, `key` and `tile/...`."""

    folder: Path

    def get(self, name: str) -> bytes:
        """The file. Raises BlobMissing."""
        try:
            return (self.folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise BlobMissing(f"{name} is not there") from None

    def tile_names(self) -> Iterable[str]:
        """Every file below `tile`, by its path."""
        for path in sorted((self.folder / "tile").rglob("*")):
            if path.is_file():
                yield path.relative_to(self.folder).as_posix()


@dataclass(frozen=True, slots=True)
class MirrorFolder(FolderSource):
    """A mirror on disk: a folder that verifies, and beside it what is coming in."""

    def incoming(self, name: str) -> bytes | None:
        """What came in and is not part of the mirror."""
        try:
            return FolderSource(self.folder / INCOMING).get(name)
        except BlobMissing:
            return None

    def put_incoming(self, name: str, content: bytes) -> None:
        """Keep what came in; another content of the same name is replaced."""
        _replace(self.folder / INCOMING / name, content)

    def drop_incoming(self, name: str) -> None:
        """Forget what came in."""
        (self.folder / INCOMING / name).unlink(missing_ok=True)

    def take_in(self, names: Collection[str], note: bytes, outgrown: Collection[str]) -> None:
        """Objects first, then the checkpoint that commits to them; a crash leaves both or neither
        of what a verifier reads, and the next run goes on."""
        for name in names:
            target = self.folder / name
            make_folder(target.parent)
            (self.folder / INCOMING / name).replace(target)
        for parent in {(self.folder / name).parent for name in names}:
            sync_folder(parent)
        _replace(self.folder / "checkpoint", note)
        instant, size = datetime.now(UTC).strftime(INSTANT), int(note.split(b"\n")[1])
        make_folder(self.folder / KEPT)
        write_once(self.folder / KEPT / f"{instant}-{size:016d}", note)
        for name in outgrown:
            (self.folder / name).unlink(missing_ok=True)
        shutil.rmtree(self.folder / INCOMING, ignore_errors=True)

    def refuse(self, note: bytes) -> None:
        """Keep what contradicts the mirror."""
        _replace(self.folder / REFUSED, note)

    def pin(self, key: str) -> str:
        """The key of the mirrored log: the first one counts for good."""
        make_folder(self.folder)
        write_once(self.folder / "key", key.encode() + b"\n")
        return (self.folder / "key").read_text().strip()

    def checkpoint_at(self, instant: datetime) -> bytes:
        """The last checkpoint mirrored by then. Raises BlobMissing."""
        last = instant.astimezone(UTC).strftime(INSTANT)
        kept = sorted(path.name for path in (self.folder / KEPT).glob("[!.]*"))
        known = [name for name in kept if name.rpartition("-")[0] <= last]
        if not known:
            raise BlobMissing("no checkpoint was mirrored by then")
        return (self.folder / KEPT / known[-1]).read_bytes()


def _replace(path: Path, content: bytes) -> None:
    make_folder(path.parent)
    scratch = path.parent / f"{SCRATCH_PREFIX}{secrets.token_hex(8)}"
    with scratch.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    sync_folder(path.parent)
