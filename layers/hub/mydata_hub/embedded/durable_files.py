"""Files that exist whole or not at all, and are on the disk when we say so."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from mydata_hub.errors import Busy, OutcomeUnknown, StoreError

# What a crash may leave behind starts like this; no blob name, key or database begins with a dot.
SCRATCH_PREFIX: Final = ".new-"
PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700
_LOOK_SECONDS: Final = 0.02
_PASSING: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE})


def write_once(path: Path, content: bytes) -> bool:
    """Create `path` with `content`, readable by this user only; False when the name is taken.

    On return True the file is whole and durable. A crash on the way leaves at most a scratch file
    that no reader looks at. Of several processes that create one name, exactly one gets True.
    Raises Busy when the disk is full or fails (nothing was created), OutcomeUnknown when it fails
    at the very end, StoreError.
    """
    scratch = path.parent / f"{SCRATCH_PREFIX}{secrets.token_hex(8)}"
    with disk_errors(), _scratch_file(scratch, content):
        try:
            # A link, not a rename: a rename would silently replace what another process put there.
            os.link(scratch, path)
        except FileExistsError:
            return False
    settle_folder(path.parent)
    return True


def replace_file(path: Path, content: bytes) -> None:
    """Write `path` whole, over what was there, durable on return. Raises as `write_once` does."""
    scratch = path.parent / f"{SCRATCH_PREFIX}{secrets.token_hex(8)}"
    with disk_errors(), _scratch_file(scratch, content):
        scratch.replace(path)
    settle_folder(path.parent)


@contextmanager
def held_alone(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock of a file, which dies with its process. Raises Busy after some seconds."""
    with disk_errors():
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE_FILE)
    try:
        until = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise Busy("another process is at work there") from None
            time.sleep(_LOOK_SECONDS)
        yield
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Create `folder` with its missing parents, for this user only, durable on return."""
    with disk_errors():
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        for path in reversed(missing):
            path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: fsync of a file does not cover its name."""
    with disk_errors():
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def settle_folder(folder: Path) -> None:
    """Make a change of names durable that has already been made. Raises OutcomeUnknown."""
    try:
        sync_folder(folder)
    except StoreError:
        raise OutcomeUnknown("the disk failed while a file was made durable") from None


def leftovers(folder: Path) -> Iterator[Path]:
    """Scratch files below `folder` whose writer is dead, in order of their paths."""
    for path in sorted(folder.rglob(f"{SCRATCH_PREFIX}*")):
        if path.is_file() and not _has_writer(path):
            yield path


def remove_leftovers(folder: Path) -> int:
    """Remove what crashed writers left below `folder`; gives how many files that were."""
    removed = 0
    with disk_errors():
        for path in leftovers(folder):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


@contextmanager
def disk_errors() -> Iterator[None]:
    """Tell errors of the disk as errors of the store, without paths or contents."""
    try:
        yield
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "unknown")
        if error.errno in _PASSING:
            raise Busy(f"the disk did not take or give a file ({name})") from None
        raise StoreError(f"a file of the data folder cannot be used ({name})") from None


@contextmanager
def _scratch_file(scratch: Path, content: bytes) -> Iterator[None]:
    descriptor = os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
    try:
        # The lock dies with its process, so a check can tell a leftover from a write under way.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.fsync(descriptor)
        yield
    finally:
        with suppress(FileNotFoundError):
            scratch.unlink()
        os.close(descriptor)


def _has_writer(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
