"""Check what auditors read against the log that it belongs to: every opening, every noted hour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from mydata_hub.errors import BlobMissing, Damaged
from mydata_hub.transparency.openings import (
    BEGUN,
    HOURS,
    OPENINGS,
    OpeningFiles,
    file_at,
    files_of,
    spans,
)
from mydata_hub.transparency.tiles import TILE_WIDTH

# What is wrong with which object.
Problem: TypeAlias = tuple[str, str]
_NARROW: Final = ".p/"


def check_openings(files: OpeningFiles, leaves: Sequence[bytes], coming: int) -> Iterator[Problem]:
    """Hold the openings to the leaves of a log that verifies.

    `coming` is the size that a sequencer at work may be publishing, read after the leaves. A file
    that a wider one has outgrown and that a crash left there is no problem if it says the same.
    """
    size, told = len(leaves), set[str]()
    try:
        first = files.begun // TILE_WIDTH
    except Damaged as error:
        yield BEGUN, str(error)
        return
    for number in range(first, -(-size // TILE_WIDTH)):
        for name, reason in _check_file(files, leaves, number):
            if name not in told:  # a file of hours is about many files
                yield name, reason
            told.add(name)
    expected = {*files_of(size), *files_of(coming)}
    for folder in (OPENINGS, HOURS):
        for name in files.blobs.names(f"{folder}/"):
            if name not in {*expected, *told} and not _outgrown(files, name):
                yield name, "is of no log of this size"


def _check_file(files: OpeningFiles, leaves: Sequence[bytes], number: int) -> Iterator[Problem]:
    name = file_at(OPENINGS, number, len(leaves))
    try:
        opened = files.bundle(number, len(leaves))
    except (Damaged, BlobMissing) as error:
        yield name, str(error)
        return
    wrong = [one.index for one in opened if not one.opens(leaves[one.index])]
    if wrong:
        yield name, f"does not open entry {wrong[0]}"
        return
    if not opened or (number + 1) * TILE_WIDTH > len(leaves):
        return
    hours = file_at(HOURS, number // TILE_WIDTH, len(leaves) // TILE_WIDTH)
    try:
        if files.span(number, len(leaves)) != spans(opened):
            yield hours, f"notes other hours than {name} has"
    except (Damaged, BlobMissing) as error:
        yield hours, str(error)


def _outgrown(files: OpeningFiles, name: str) -> bool:
    """Whether a narrow file is the beginning of a wider one."""
    wide, narrow, _ = name.partition(_NARROW)
    if not narrow:
        return False
    content = files.blobs.get(name)
    wider = [one for one in files.blobs.names(wide) if one != name]
    return any(files.blobs.get(one).startswith(content) for one in wider)
