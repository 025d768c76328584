"""Check the files of a data folder beside its database: blobs, keys and what crashes left."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from mydata_hub.embedded.disk_blobs import FOLDER_NAME as BLOBS
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.durable_files import leftovers
from mydata_hub.embedded.local_signer import open_signer_file, signer_wrapping_keys
from mydata_hub.embedded.root_key import FILE_NAME as ROOT_KEY
from mydata_hub.embedded.root_key import FORMER, SIGNERS, read_roots
from mydata_hub.embedded.sqlite_file import FILE_NAME as DATABASE
from mydata_hub.errors import BlobMissing, Busy, LimitExceeded, StoreError, Unopenable

PROGRESS_EVERY: Final = 64
FOREIGN_ACCESS: Final = stat.S_IRWXG | stat.S_IRWXO
# Called with the name of the part under way, objects done, and objects in all where known.
Progress = Callable[[str, int, int | None], None]


def check_blobs(folder: Path, progress: Progress) -> Iterator[tuple[str, str]]:
    """Read every blob against its checksum. Raises Busy."""
    root = folder / BLOBS
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        try:
            bucket = DiskBlobs(folder, path.name)
        except LimitExceeded:
            yield f"{BLOBS}/{path.name}", "is not a bucket"
            continue
        files = list(bucket.files())
        for done, (name, file) in enumerate(files):
            if done % PROGRESS_EVERY == 0:
                progress(f"blobs of {path.name}", done, len(files))
            if not bucket.is_blob(name, file):
                yield f"{file.relative_to(folder)}", "is not where a blob of any name would be"
            elif (problem := _blob_problem(bucket, name)) is not None:
                yield f"blob {name} of {path.name}", problem


def check_secret_files(folder: Path) -> Iterator[tuple[str, str]]:
    """The root key is one, it opens the signing keys, and nobody else may read any of them."""
    signers = sorted((folder / SIGNERS).glob("[!.]*"))
    former = sorted((folder / FORMER).glob("[!.]*"))
    for path in (folder / DATABASE, folder / ROOT_KEY, *former, *signers):
        if path.exists() and path.stat().st_mode & FOREIGN_ACCESS:
            yield (
                f"{path.relative_to(folder)}",
                "can be read by other users; its mode should be 600",
            )
    try:
        roots = read_roots(folder)
    except StoreError as error:
        yield ROOT_KEY, str(error)
        return
    if roots is None:
        if signers:
            yield ROOT_KEY, "is gone, while signing keys are there"
        return
    keys = signer_wrapping_keys(folder)
    for path in signers:
        try:
            open_signer_file(path, keys)
        except (StoreError, Unopenable) as error:
            yield f"{path.relative_to(folder)}", str(error)


def check_leftovers(folder: Path) -> Iterator[tuple[str, str]]:
    """Scratch files of writers that died; harmless, and `remove_leftovers` removes them."""
    for path in leftovers(folder):
        yield f"{path.relative_to(folder)}", "is what a crashed writer left"


def _blob_problem(bucket: DiskBlobs, name: str) -> str | None:
    try:
        bucket.get(name)
    except BlobMissing:
        return None  # Deleted between the listing and the reading.
    except Busy:
        raise
    except StoreError as error:
        return str(error)
    return None
