"""Writing an archive: lines stream into a ZIP (APPNOTE 6.3, deflate), hashed on their way.

One file is open at a time and nothing of it is kept, so memory does not grow with the archive.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import IO, Any, BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from mydata_hub.errors import LimitExceeded
from mydata_hub.portability.archive import (
    FILE_BYTES,
    FORMAT,
    MANIFEST,
    MAX_FILES,
    OBJECT,
    README,
    file_name,
)
from mydata_hub.portability.readme import README_TEXT

_READ_WRITE: Final = 0o600 << 16


class ArchiveWriter:
    """Families are written one after the other; `close` writes the manifest, last."""

    def __init__(self, stream: BinaryIO, made_at: datetime) -> None:
        self._zip = ZipFile(stream, "w", ZIP_DEFLATED)
        self._date = made_at.timetuple()[:6]
        self._family = ""
        self._numbers: dict[str, int] = {}
        self._open: IO[bytes] | None = None
        self._hash = hashlib.sha256()
        self._files: list[dict[str, Any]] = []
        self._begin(README)
        self._write([README_TEXT.rstrip("\n").encode()])
        self._files[-1]["lines"] = README_TEXT.count("\n")

    @property
    def lines(self) -> Mapping[str, int]:
        """Lines so far, by file."""
        return {one["name"]: one["lines"] for one in self._files}

    def add(self, family: str, lines: Iterable[bytes]) -> None:
        """Add lines to a family, in its next file where the last one is full or another began."""
        if family != self._family or self._files[-1]["bytes"] >= FILE_BYTES:
            self._family = family
            number = self._numbers[family] = self._numbers.get(family, 0) + 1
            self._begin(file_name(family, number))
        self._write(lines)

    def close(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """Write the manifest; `about` is what it says beside its files. Gives the whole."""
        self._end()
        manifest = {"object": OBJECT, "format": FORMAT, **about, "files": self._files}
        encoded = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        with self._zip.open(self._info(MANIFEST), "w") as opened:
            opened.write(encoded)
        self._zip.close()
        return manifest

    def _begin(self, name: str) -> None:
        self._end()
        if len(self._files) >= MAX_FILES:
            raise LimitExceeded(f"an archive takes at most {MAX_FILES} files")
        # A file may be of any size here: where it is written, its length is not known yet.
        self._open = self._zip.open(self._info(name), "w", force_zip64=True)
        self._hash = hashlib.sha256()
        self._files.append({"name": name, "lines": 0, "bytes": 0, "sha256": ""})

    def _write(self, lines: Iterable[bytes]) -> None:
        assert self._open is not None
        file = self._files[-1]
        for line in lines:
            written = line + b"\n"
            self._hash.update(written)
            self._open.write(written)
            file["lines"] += 1
            file["bytes"] += len(written)

    def _end(self) -> None:
        if self._open is not None:
            self._open.close()
            self._files[-1]["sha256"] = self._hash.hexdigest()
            self._open = None

    def _info(self, name: str) -> ZipInfo:
        info = ZipInfo(name, self._date)
        info.compress_type = ZIP_DEFLATED
        info.external_attr = _READ_WRITE
        return info
