"""Unfinished: a mark that keeps a data folder from being served while it is being restored."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mydata_hub.embedded.durable_files import disk_errors, replace_file, sync_folder
from mydata_hub.errors import NotAllowed

NAME: Final = "restore.unfinished"


def begin_restore(folder: Path, kind: str) -> None:
    """From now on nobody serves the folder, however this process ends."""
    replace_file(folder / NAME, kind.encode())


def end_restore(folder: Path) -> None:
    """The folder is whole: erasures are applied and everything was checked."""
    with disk_errors():
        (folder / NAME).unlink()
    sync_folder(folder)


def is_restoring(folder: Path, kind: str) -> bool:
    """Whether a restore of that kind was begun and not ended."""
    path = folder / NAME
    return path.exists() and path.read_text() == kind


def require_restored(folder: Path) -> None:
    """Refuse a folder whose restore was not ended. Raises NotAllowed."""
    if (folder / NAME).exists():
        raise NotAllowed("a restore of this folder was not finished; run the same command again")
