"""Key copies: the one copy of the wrapped keys that each backup folder holds, and how it ends.

A backup keeps wrapped keys apart from everything else and never more than the newest of them: what
a person's erasure destroys here is destroyed there by the same stroke. A folder that is away then
(a disk in a drawer) keeps its copy for KEPT_FOR at most: after that no restore takes it, and the
next backup into the folder replaces it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from mydata_hub.embedded.durable_files import (
    SCRATCH_PREFIX,
    disk_errors,
    held_alone,
    make_folder,
    replace_file,
    sync_folder,
)
from mydata_hub.embedded.fsck_files import Progress
from mydata_hub.embedded.root_key import mirror_former
from mydata_hub.embedded.row_copy import copy_rows
from mydata_hub.embedded.sqlite_file import FILE_NAME, SqliteFile
from mydata_hub.errors import Damaged, NotFound, StoreError
from mydata_hub.ports.clock import SystemClock

# Names in template.yaml. What opens, and the public halves that belong to it.
KEY_TABLES: Final = frozenset({"KeysTable", "VaultPublicTable", "LogKeysTable", "LogPublicTable"})
# As long as the point-in-time recovery of the tables of keys in an account.
KEPT_FOR: Final = timedelta(days=7)
REGISTER: Final = "backups.json"  # in the data folder: the folders that hold copies of its keys
LOCK: Final = "keys.lock"
LOCK_SECONDS: Final = 5.0
FOLDER: Final = "keys"  # in a backup folder; within it a folder named by its instant
_INSTANT: Final = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class KeyCopy:
    """A copy of the keys: a folder with a database of the hub that holds nothing else."""

    folder: Path
    copied_at: datetime

    @classmethod
    def at(cls, folder: Path, now: datetime) -> KeyCopy:
        """The copy of an instant in a backup folder."""
        return cls(folder / FOLDER / name_of(now), now)

    def usable_at(self, now: datetime) -> bool:
        """Whether a restore may still take it."""
        return now - self.copied_at < KEPT_FOR


def key_copies_until(data: Path, destroyed_at: datetime) -> datetime:
    """Until when copies of a key are there that was destroyed in this data folder at an instant.

    Folders within reach get the keys as they are now, so none is left in them. Only copies that
    the hub made are counted. Raises Damaged where the register cannot be read.
    """
    until = destroyed_at
    # Whatever instant a copy names: the destruction's commit may be later than it was dated.
    for folder, copied_at in _registered(data).items():
        try:
            copy_keys(data, Path(folder))
        except (StoreError, NotFound):
            until = max(until, copied_at + KEPT_FOR)
    return until


def old_key_copies_until(data: Path, destroyed_at: datetime) -> datetime:
    """The same without replacing any: for a key whose vault lives on under another one.

    A copy from before opens what its backup holds of that vault, and the next backup replaces both.
    """
    copies = _registered(data).values()
    return max((at + KEPT_FOR for at in copies if at <= destroyed_at), default=destroyed_at)


def copy_keys(data: Path, folder: Path, progress: Progress = lambda *_: None) -> KeyCopy:
    """Copy the keys as they are into a backup folder, register it, then remove older copies.

    Raises Busy, StoreError, NotFound where the backup folder is not there.
    """
    if not folder.is_dir():
        raise NotFound("the backup folder is not there")
    copies = folder / FOLDER
    make_folder(copies)
    # One after the other: a copy that was begun before an erasure must not replace a later one.
    with held_alone(folder / LOCK, LOCK_SECONDS):
        made = KeyCopy.at(folder, SystemClock().now())
        # What opens these keys and all that lies beside them, if the root key was renewed.
        mirror_former(data, folder)
        scratch = copies / f"{SCRATCH_PREFIX}{made.folder.name}"
        with closing(SqliteFile(data, create=False)) as file, file.reading() as source:
            copy_rows(source, scratch, KEY_TABLES.__contains__, progress)
        register_copy(data, folder, made.copied_at)
        with disk_errors():
            scratch.rename(made.folder)
        sync_folder(copies)
        for path in copies.iterdir():
            if path != made.folder:
                _remove(path)
    return made


def register_copy(data: Path, folder: Path, now: datetime) -> None:
    """Remember that a backup folder holds a copy of this folder's keys, made then."""
    folders = {**_read(data), str(folder.absolute()): now.astimezone(UTC).isoformat()}
    replace_file(data / REGISTER, json.dumps({"format": 1, "folders": folders}).encode())


def newest_copy(folder: Path) -> KeyCopy | None:
    """The copy of the keys in a backup folder. Raises Damaged."""
    copies = folder / FOLDER
    found = sorted(copies.glob("[!.]*")) if copies.is_dir() else []
    return KeyCopy(found[-1], instant_of(found[-1].name)) if found else None


def name_of(at: datetime) -> str:
    """An instant as the name of what was made then; names sort as instants do."""
    return at.astimezone(UTC).strftime(_INSTANT)


def instant_of(name: str) -> datetime:
    """The instant in a name. Raises Damaged."""
    try:
        return datetime.strptime(name, _INSTANT).replace(tzinfo=UTC)
    except ValueError:
        raise Damaged("a folder of the backup has a foreign name") from None


def _registered(data: Path) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(at) for name, at in _read(data).items()}


def _read(data: Path) -> Mapping[str, str]:
    path = data / REGISTER
    if not path.exists():
        return {}
    try:
        told: Any = json.loads(path.read_bytes())
        return {str(name): str(at) for name, at in told["folders"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Damaged(f"{REGISTER} is damaged: it names the backups that hold keys") from None


def _remove(path: Path) -> None:
    """Overwrite, then unlink: what the disk itself keeps of old blocks is not in our hands."""
    with disk_errors():
        for file in path.glob(f"{FILE_NAME}*"):
            size_bytes = file.stat().st_size
            with file.open("r+b") as stream:
                stream.write(bytes(size_bytes))
                stream.flush()
        shutil.rmtree(path)
    sync_folder(path.parent)
