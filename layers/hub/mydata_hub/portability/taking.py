"""Taking out: the parts of an export, asked for one after the other and written as one archive."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, BinaryIO, Final

from mydata_hub.errors import Busy
from mydata_hub.portability.archive import HISTORY, RECORDS
from mydata_hub.portability.parts import MAX_ASKED, Ask
from mydata_hub.portability.writing import ArchiveWriter

LISTED_AT_ONCE: Final = 10_000
# How many of the vault's segments are through, of how many.
Progress = Callable[[int, int], None]


def take_out(
    begun: Mapping[str, Any],
    ask: Ask,
    end: Callable[[], Mapping[str, Any]],
    stream: BinaryIO,
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """Write the archive of an export that has begun; gives its manifest.

    Raises what `ask` and `end` raise; then what was written is no archive, as it has no manifest.
    """
    writer = ArchiveWriter(stream, datetime.fromisoformat(begun["made_at"]))
    writer.add("sources", (_line(source) for source in begun["sources"]))
    taken = _Records(begun["segments"], ask, writer, progress)
    taken.take()
    writer.add("segments", ())
    # A vault consists of at most 64,000 segments, of which these are 250 bytes each.
    for at in range(0, len(taken.segments), LISTED_AT_ONCE):
        writer.add("segments", map(_line, taken.segments[at : at + LISTED_AT_ONCE]))
    for kind in HISTORY:
        writer.add(kind, ())
        for lines in _history(ask, kind):
            writer.add(kind, lines)
    ended = dict(end())
    log = ended.pop("log")
    return writer.close(
        {
            **{name: begun[name] for name in ("hub", "export_id", "made_at", "account")},
            "vault": {
                "manifest_version": begun["manifest_version"],
                "segments": len(begun["segments"]),
                "records": taken.records,
                "at_end": ended,
            },
            "missing": taken.missing,
            "log": log,
        }
    )


class _Records:
    """The records of all segments, each dataset in files of its own."""

    def __init__(
        self,
        segments: Sequence[Sequence[str]],
        ask: Ask,
        writer: ArchiveWriter,
        progress: Progress,
    ) -> None:
        self._listed = segments
        self._ask = ask
        self._writer = writer
        self._progress = progress
        self._through = 0
        self.records = 0
        self.segments: list[Mapping[str, Any]] = []
        self.missing: list[Mapping[str, Any]] = []

    def take(self) -> None:
        self._progress(0, len(self._listed))
        for dataset, listed in groupby(self._listed, lambda one: one[1]):
            self._take(dataset, [segment_id for segment_id, _ in listed])

    def _take(self, dataset: str, waiting: list[str]) -> None:
        skip, at = 0, 0
        while at < len(waiting):
            part = self._ask("records", {"segments": waiting[at : at + MAX_ASKED], "skip": skip})
            head = part.head
            lost = {one["segment_id"] for one in head["missing"]}
            if (skip and waiting[at] in lost) or not (head["done"] or part.lines):
                # Half of it stands in a file already.
                raise Busy("a segment changed while it was taken; begin the export again")
            self._writer.add(RECORDS + dataset, part.lines)
            self.records += len(part.lines)
            self.segments += head["segments"]
            self.missing += [{**one, "dataset": dataset} for one in head["missing"]]
            at, skip = at + head["done"], head["skip"]
            self._through += head["done"]
            self._progress(self._through, len(self._listed))


def _history(ask: Ask, kind: str) -> Iterator[Sequence[bytes]]:
    after: str | None = None
    while True:
        # What the log says of a person is opened by the log zone.
        own = kind == "entries"
        part = (
            ask("entries", {"after": after})
            if own
            else ask("history", {"kind": kind, "after": after})
        )
        yield part.lines
        after = part.head["after"]
        if after is None:
            return


def _line(members: Mapping[str, Any]) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
