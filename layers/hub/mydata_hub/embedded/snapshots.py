"""Snapshots: a consistent copy of a data folder that is in use, cheap to take again.

A backup folder, format 1:

    backup.json                    which hub it is of
    snapshots/<instant>/           every row but the keys (hub.sqlite3), and manifest.json
    keys/<instant>/                the newest keys, and only those (key_copies.py)
    blobs/                         blobs as they lie in the data folder, shared by all snapshots
    signers/                       signing keys, wrapped under the root key
    roots/                         former root keys, wrapped under the present one
    secrets.json                   the root key under a passphrase, where the operator wanted it

The backup API of SQLite would carry the keys along before they could be taken out again, so rows
are copied out of a read transaction instead; the hub goes on writing meanwhile. Change rule:
another layout takes the next format; `mydata restore` reads n and n - 1.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from mydata_hub.embedded.disk_blobs import FOLDER_NAME as BLOBS
from mydata_hub.embedded.durable_files import (
    PRIVATE_FILE,
    SCRATCH_PREFIX,
    disk_errors,
    make_folder,
    replace_file,
    sync_folder,
)
from mydata_hub.embedded.fsck_files import Progress
from mydata_hub.embedded.key_copies import KEY_TABLES, copy_keys, instant_of, name_of
from mydata_hub.embedded.root_key import SIGNERS, fingerprint, read_root_key
from mydata_hub.embedded.row_copy import copy_rows
from mydata_hub.embedded.sqlite_file import FILE_NAME, SqliteFile
from mydata_hub.errors import Damaged, FormatUnknown, NotAllowed, NotFound

FORMAT: Final = 1
ABOUT: Final = "backup.json"
MANIFEST: Final = "manifest.json"
SNAPSHOTS: Final = "snapshots"
HUB: Final = "hub_id"  # in the data folder: by which a backup knows its own
KEPT: Final = 60
PROGRESS_EVERY: Final = 64
CHUNK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a snapshot says of itself."""

    format: int
    taken_at: datetime
    sha256: str
    rows: Mapping[str, int]
    # Tells the right root key from a wrong one; None where the hub had none yet.
    root_key: str | None

    def encode(self) -> bytes:
        """As it lies in the snapshot."""
        told = {**asdict(self), "taken_at": self.taken_at.isoformat()}
        return json.dumps({"object": "mydata-hub snapshot", **told}, indent=1).encode()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A folder with a database of the hub, without keys, as it was at an instant."""

    folder: Path
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a backup did: counts, and how much of it was new."""

    snapshot: Snapshot
    rows: int
    new_blobs: int
    blobs: int
    pruned: int


def take_backup(
    data: Path, folder: Path, now: datetime, progress: Progress, *, kept: int = KEPT
) -> Taken:
    """Copy a data folder as it is at one instant, while its hub may be at work.

    Raises NotFound for no data folder, NotAllowed for a folder that holds another hub's backups or
    lies in the data folder itself, Busy, StoreError.
    """
    if not (data / FILE_NAME).exists():
        raise NotFound("there is no hub in this folder")
    if folder.absolute().is_relative_to(data.absolute()):
        raise NotAllowed("a backup inside the data folder is lost with it; name another folder")
    make_folder(folder / SNAPSHOTS)
    _claim(data, folder)
    counts = _link_blobs(data, folder, progress)
    made = folder / SNAPSHOTS / name_of(now)
    scratch = made.with_name(f"{SCRATCH_PREFIX}{made.name}")
    with ExitStack() as stack:
        file = stack.enter_context(closing(SqliteFile(data, create=False)))
        with file.writing():
            source = stack.enter_context(file.reading())
            source.execute("SELECT count(*) FROM stream").fetchone()  # from here on it is pinned
            # Blobs are deleted after the commit that makes them needless, so none goes while no
            # commit can be made: what the pinned rows name is here now, or was copied above.
            more = _link_blobs(data, folder, progress)
        rows = copy_rows(source, scratch, lambda name: name not in KEY_TABLES, progress)
    _copy_signers(data, folder)
    manifest = Manifest(
        format=FORMAT,
        taken_at=now,
        sha256=sha256_of(scratch / FILE_NAME),
        rows=rows,
        root_key=fingerprint(read_root_key(data)),
    )
    replace_file(scratch / MANIFEST, manifest.encode())
    with disk_errors():
        scratch.rename(made)
    sync_folder(made.parent)
    # After the rows: whatever vault they hold has its keys in the copy.
    copy_keys(data, folder, progress)
    return Taken(
        snapshot=Snapshot(made, now),
        rows=sum(rows.values()),
        new_blobs=counts[0] + more[0],
        blobs=more[1],
        pruned=_prune(folder, kept),
    )


def snapshots_of(folder: Path) -> tuple[Snapshot, ...]:
    """The snapshots of a backup folder, oldest first. Raises NotFound, Damaged."""
    if not (folder / ABOUT).exists():
        raise NotFound("there is no backup of a hub in this folder")
    found = sorted((folder / SNAPSHOTS).glob("[!.]*"))
    return tuple(Snapshot(path, instant_of(path.name)) for path in found)


def read_manifest(snapshot: Snapshot) -> Manifest:
    """A snapshot's manifest, once its database is found to be the one. Raises Damaged,
    FormatUnknown."""
    name = snapshot.folder.name
    try:
        told: Any = json.loads((snapshot.folder / MANIFEST).read_bytes())
        manifest = Manifest(
            format=int(told["format"]),
            taken_at=datetime.fromisoformat(told["taken_at"]),
            sha256=str(told["sha256"]),
            rows={str(table): int(count) for table, count in told["rows"].items()},
            root_key=told["root_key"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise Damaged(f"{MANIFEST} of the snapshot {name} is damaged") from None
    if manifest.format > FORMAT:
        raise FormatUnknown(f"the snapshot {name} has a format newer than {FORMAT}")
    if not (snapshot.folder / FILE_NAME).exists():
        raise Damaged(f"{FILE_NAME} of the snapshot {name} is gone")
    if sha256_of(snapshot.folder / FILE_NAME) != manifest.sha256:
        raise Damaged(f"{FILE_NAME} of the snapshot {name} is not what was backed up")
    return manifest


def hub_of(folder: Path) -> str:
    """The id of the hub whose backups a folder holds. Raises NotFound, Damaged, FormatUnknown."""
    path = folder / ABOUT
    if not path.exists():
        raise NotFound("there is no backup of a hub in this folder")
    try:
        told = json.loads(path.read_bytes())
        if told["format"] > FORMAT:
            raise FormatUnknown(f"the backup has a format newer than {FORMAT}")
        return str(told["hub"])
    except (ValueError, KeyError, TypeError):
        raise Damaged(f"{ABOUT} is damaged") from None


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with disk_errors(), path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def files_below(root: Path) -> Iterator[Path]:
    """Every file below a folder by its path in there, without what is only being written."""
    for place, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            if not name.startswith(SCRATCH_PREFIX):
                yield Path(place, name).relative_to(root)


def link_or_copy(source: Path, target: Path) -> bool:
    """Give a file that never changes a second name, or a copy on another disk; False where there
    is one. A source that was deleted meanwhile is left out."""
    if target.exists():
        return False
    make_folder(target.parent)
    scratch = target.with_name(f"{SCRATCH_PREFIX}{secrets.token_hex(8)}")
    with disk_errors(), suppress(FileNotFoundError):
        try:
            os.link(source, scratch)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copyfile(source, scratch)
            scratch.chmod(PRIVATE_FILE)
            with scratch.open("rb+") as stream:
                os.fsync(stream.fileno())
        scratch.replace(target)
        return True
    return False


def _link_blobs(data: Path, folder: Path, progress: Progress) -> tuple[int, int]:
    root, new, seen = data / BLOBS, 0, 0
    folders = set()
    for path in files_below(root):
        if seen % PROGRESS_EVERY == 0:
            progress("blobs", seen, None)
        seen += 1
        if link_or_copy(root / path, folder / BLOBS / path):
            new += 1
            folders.add((folder / BLOBS / path).parent)
    for changed in folders:
        sync_folder(changed)
    progress("blobs", seen, seen)
    return new, seen


def _copy_signers(data: Path, folder: Path) -> None:
    make_folder(folder / SIGNERS)
    for path in sorted((data / SIGNERS).glob("[!.]*")):
        # Copied anew and not linked: a key that was wrapped again is another file of one name.
        target, content = folder / SIGNERS / path.name, path.read_bytes()
        if not target.exists() or target.read_bytes() != content:
            replace_file(target, content)


def _claim(data: Path, folder: Path) -> None:
    """Bind folder and hub to each other, so that two hubs never share one."""
    if not (data / HUB).exists():
        replace_file(data / HUB, secrets.token_hex(16).encode())
    own = (data / HUB).read_text()
    if not (folder / ABOUT).exists():
        about = {"object": "mydata-hub backup", "format": FORMAT, "hub": own}
        replace_file(folder / ABOUT, json.dumps(about).encode())
    elif hub_of(folder) != own:
        raise NotAllowed("this folder holds the backups of another hub; name another folder")


def _prune(folder: Path, kept: int) -> int:
    old = snapshots_of(folder)[:-kept]
    for snapshot in old:
        with disk_errors():
            shutil.rmtree(snapshot.folder)
    return len(old)
